//! Shared by the six programs: a scaled second, and fork.

use std::time::Duration;
use waitspec::sys::process;
use waitspec::wait::{Errno, Pid};

/// `count` seconds, each of 100 ms, or of as many milliseconds as the first argument says (1000 for real seconds).
pub fn seconds(count: f64) -> Duration {
    let given = std::env::args().nth(1).and_then(|argument| argument.parse().ok());
    Duration::from_millis(given.unwrap_or(100)).mul_f64(count)
}

/// Forks a child that runs `body` and exits with the code it returns.
///
/// The child is a copy of this program, which is sound while the program has one thread.
pub fn spawn(body: impl FnOnce() -> i32) -> Result<Pid, Errno> {
    let pid = process::spawn(body)?;
    Ok(Pid::from_raw(pid).expect("fork returns a pid to the parent"))
}
