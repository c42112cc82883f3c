//! Non-blocking wait: check whether a child has terminated, and do something else until it has.
//!
//! `cargo run --example non_blocking [MILLISECONDS_PER_SECOND]`

mod shared;

use shared::{seconds, sleeper};
use std::error::Error;
use waitspec::wait::{WaitOptions, retrying, try_wait4};

fn main() -> Result<(), Box<dyn Error>> {
    let child = sleeper(3.0, 42)?.pid().ok_or("it was not reaped")?;
    println!("child: {child}");

    // With WNOHANG, the call returns at once. If there is nothing to report, it returns 0 in C and (0, 0, 0) in Python;
    // here it returns `None`.
    let done = loop {
        match retrying(|| try_wait4(child, WaitOptions::NONE))? {
            Some(done) => break done,
            None => println!("not yet: (0, 0, 0)"),
        }
        // A program does its own work here. If there is none, `wait4_timeout` is better than a loop.
        std::thread::sleep(seconds(0.5));
    };

    println!("pid: {}", done.pid);
    println!("status >> 8: {}", done.status.as_raw() >> 8);
    println!("exit code: {}", done.status.to_exit_code().ok_or("it did not terminate")?);
    Ok(())
}
