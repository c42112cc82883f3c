//! Shared by the six programs: a scaled second, and children.

use std::io;
use std::process::Command;
use std::time::Duration;
use waitspec::wait::ChildProcess;

/// `count` seconds of 100 ms each, or of the number of milliseconds given by the first argument (1000 for real seconds).
pub fn seconds(count: f64) -> Duration {
    let given = std::env::args().nth(1).and_then(|argument| argument.parse().ok());
    Duration::from_millis(given.unwrap_or(100)).mul_f64(count)
}

/// Starts a shell that sleeps for that many of these seconds and exits with a code.
#[allow(dead_code, reason = "one of the programs has another child")]
pub fn sleeper(count: f64, code: i32) -> io::Result<ChildProcess> {
    let script = format!("sleep {}; exit {code}", seconds(count).as_secs_f64());
    ChildProcess::spawn(Command::new("sh").args(["-c", &script]))
}
