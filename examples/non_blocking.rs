//! Non-blocking wait: look whether a child has ended, and do something else while it has not.
//!
//! `cargo run --example non_blocking [MILLISECONDS_PER_SECOND]`

mod shared;

use shared::{seconds, spawn};
use std::error::Error;
use waitspec::wait::{Target, WaitOptions, retrying, wait4};

fn main() -> Result<(), Box<dyn Error>> {
    let child = spawn(|| {
        std::thread::sleep(seconds(3.0));
        42
    })?;
    println!("child: {child}");

    // With WNOHANG, the call returns at once. If there is nothing to report, it returns 0 in C and (0, 0, 0) in Python;
    // here it returns `None`.
    let done = loop {
        match retrying(|| wait4(Target::Pid(child), WaitOptions::NOHANG))? {
            Some(done) => break done,
            None => println!("not yet: (0, 0, 0)"),
        }
        // A program does its own work here. If there is none, `wait4_timeout` is better than a loop.
        std::thread::sleep(seconds(0.5));
    };

    println!("pid: {}", done.pid);
    println!("status >> 8: {}", done.status.as_raw() >> 8);
    println!("exit code: {}", done.status.to_exit_code()?);
    Ok(())
}
