//! Shared by the six programs: a scaled second, and children.

use std::io;
use std::process::Command;
use std::time::Duration;
use waitspec::wait::Child;

/// `count` seconds, each of 100 ms, or of as many milliseconds as the first argument says (1000 for real seconds).
pub fn seconds(count: f64) -> Duration {
    let given = std::env::args().nth(1).and_then(|argument| argument.parse().ok());
    Duration::from_millis(given.unwrap_or(100)).mul_f64(count)
}

/// Starts a shell that sleeps so many of these seconds and exits with a code.
#[allow(dead_code, reason = "one of the programs has another child")]
pub fn sleeper(count: f64, code: i32) -> io::Result<Child> {
    let script = format!("sleep {}; exit {code}", seconds(count).as_secs_f64());
    Child::spawn(Command::new("sh").args(["-c", &script]))
}
