//! Basic wait: start a child, block until it exits, and print all that `wait4` returns.
//!
//! `cargo run --example basic_wait [MILLISECONDS_PER_SECOND]`

mod shared;

use shared::{seconds, spawn};
use std::error::Error;
use waitspec::wait::{Target, WaitOptions, retrying, wait4};

fn main() -> Result<(), Box<dyn Error>> {
    let child = spawn(|| {
        println!("child {}: working for 2 s", std::process::id());
        std::thread::sleep(seconds(2.0));
        0
    })?;
    println!("parent: waiting for child {child}");

    // A signal to the parent may interrupt the wait with EINTR; `retrying` then waits again. Without options, a call that
    // succeeds always reports a child.
    let done = retrying(|| wait4(Target::Pid(child), WaitOptions::NONE))?.expect("WNOHANG is not set");

    println!("pid: {}", done.pid);
    println!("status: {:#06x} ({})", done.status.as_raw(), done.status);
    println!("user time: {:.6} s", done.rusage.user_time().as_secs_f64());
    println!("system time: {:.6} s", done.rusage.system_time().as_secs_f64());
    println!("max RSS: {} bytes", done.rusage.max_rss_bytes());
    Ok(())
}
