//! What the six programs share: a second that need not be one, and a fork.

use std::time::Duration;
use waitspec::sys::process;
use waitspec::wait::{Errno, Pid};

/// So many seconds, in the second of this run: 100 ms, or as many as the first argument says (`1000` is a real one).
pub fn seconds(count: f64) -> Duration {
    let given = std::env::args().nth(1).and_then(|argument| argument.parse().ok());
    Duration::from_millis(given.unwrap_or(100)).mul_f64(count)
}

/// Forks a child that runs `body` and exits with what that returns.
///
/// The child goes on as a copy of this program, which is sound as long as the program has one thread.
pub fn spawn(body: impl FnOnce() -> i32) -> Result<Pid, Errno> {
    let pid = process::spawn(body)?;
    Ok(Pid::from_raw(pid).expect("fork tells the parent a pid"))
}
