//! A specific process: of three children, wait for the second first, whichever ends first.
//!
//! `cargo run --example specific_process [MILLISECONDS_PER_SECOND]`

mod shared;

use shared::{seconds, spawn};
use std::error::Error;
use waitspec::wait::{Pid, Target, WaitOptions, retrying, wait4};

fn main() -> Result<(), Box<dyn Error>> {
    let mut children: Vec<Pid> = Vec::new();
    for number in 0..3 {
        let child = spawn(|| {
            std::thread::sleep(seconds(f64::from(number) + 1.0));
            number
        })?;
        println!("child {number}: {child}");
        children.push(child);
    }

    // The first has ended by then, and stays a zombie until somebody waits for it.
    let second = children.remove(1);
    wait_for(second)?;

    // A program that has children waits for all of them: a zombie keeps its place in the process table.
    for child in children {
        wait_for(child)?;
    }
    println!("no zombie is left");
    Ok(())
}

fn wait_for(child: Pid) -> Result<(), Box<dyn Error>> {
    let done = retrying(|| wait4(Target::Pid(child), WaitOptions::NONE))?.expect("there was no WNOHANG");
    println!("reaped {}: exit code {}", done.pid, done.status.to_exit_code()?);
    Ok(())
}
