//! A specific process: of three children, wait for the second one first, whichever exits first.
//!
//! `cargo run --example specific_process [MILLISECONDS_PER_SECOND]`

mod shared;

use shared::sleeper;
use std::error::Error;
use waitspec::wait::{Pid, WaitOptions, retrying, wait4};

fn main() -> Result<(), Box<dyn Error>> {
    let mut children: Vec<Pid> = Vec::new();
    for number in 0..3 {
        let child = sleeper(f64::from(number) + 1.0, number)?.pid().ok_or("it was not reaped")?;
        println!("child {number}: {child}");
        children.push(child);
    }

    // The first one has exited by then, and stays a zombie until it is reaped.
    let second = children.remove(1);
    wait_for(second)?;

    // Wait for all children: a zombie occupies an entry in the process table.
    for child in children {
        wait_for(child)?;
    }
    println!("no zombie is left");
    Ok(())
}

fn wait_for(child: Pid) -> Result<(), Box<dyn Error>> {
    let done = retrying(|| wait4(child, WaitOptions::NONE))?;
    let code = done.status.to_exit_code().ok_or("it did not terminate")?;
    println!("reaped {}: exit code {code}", done.pid);
    Ok(())
}
