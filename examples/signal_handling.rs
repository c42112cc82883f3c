//! Signals: kill a child, and decode its status.
//!
//! `cargo run --example signal_handling [MILLISECONDS_PER_SECOND]`

mod shared;

use shared::{seconds, spawn};
use std::error::Error;
use waitspec::sys::process;
use waitspec::wait::{Event, Signal, Target, WaitOptions, WaitStatus, retrying, wait4};

fn main() -> Result<(), Box<dyn Error>> {
    let child = spawn(|| {
        std::thread::sleep(seconds(5.0));
        0
    })?;
    println!("child: {child}");

    std::thread::sleep(seconds(1.0));
    println!("sending SIGTERM");
    // Until it is reaped, the pid belongs to the child, dead or alive: the signal cannot reach another process.
    process::kill(child.as_raw_pid(), Signal::TERM.number())?;

    // WUNTRACED reports stops too. This child does not stop, unless you stop it (`kill -STOP`).
    loop {
        let options = WaitOptions::UNTRACED;
        let done = retrying(|| wait4(Target::Pid(child), options))?.expect("WNOHANG is not set");
        println!("{}: {}", done.pid, meaning(done.status));
        if !done.status.is_stopped() {
            return Ok(());
        }
    }
}

/// The meaning of a status. In C, exactly one of the macros holds; here, they are the variants of an enum.
fn meaning(status: WaitStatus) -> String {
    match status.event() {
        // WIFEXITED, WEXITSTATUS
        Event::Exited { code } => format!("exited with code {code}"),
        // WIFSIGNALED, WTERMSIG, WCOREDUMP
        Event::Signaled { signal, core } => {
            format!("killed by {signal}{}", if core { ", core dumped" } else { "" })
        }
        // WIFSTOPPED, WSTOPSIG
        Event::Stopped { signal, .. } => format!("stopped by {signal}"),
        other => other.to_string(),
    }
}
