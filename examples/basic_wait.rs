//! Basic wait: start a child, block until it exits, and print everything that `wait4` returns.
//!
//! `cargo run --example basic_wait [MILLISECONDS_PER_SECOND]`

mod shared;

use shared::seconds;
use std::error::Error;
use std::process::Command;
use waitspec::wait::{Pid, WaitOptions, retrying, wait4};

fn main() -> Result<(), Box<dyn Error>> {
    let script = format!("echo child $$: working for 2 s; sleep {}", seconds(2.0).as_secs_f64());
    let child = Pid::from_child(&Command::new("sh").args(["-c", &script]).spawn()?);
    println!("parent: waiting for child {child}");

    // A signal to the parent would interrupt the wait with EINTR; `retrying` then waits again. `ChildProcess` does all of this
    // on its own: here it is shown step by step.
    let done = retrying(|| wait4(child, WaitOptions::NONE))?;

    println!("pid: {}", done.pid);
    println!("status: {:#06x} ({})", done.status.as_raw(), done.status);
    println!("user time: {:.6} s", done.rusage.user_time().as_secs_f64());
    println!("system time: {:.6} s", done.rusage.system_time().as_secs_f64());
    println!("max RSS: {} bytes", done.rusage.max_rss_bytes());
    Ok(())
}
