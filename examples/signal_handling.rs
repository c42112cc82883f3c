//! Signals: end a child by one, and tell from its status what became of it.
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
    // Until it was waited for, the pid is the child's, dead or alive: the signal hits nobody else.
    process::kill(child.as_raw_pid(), Signal::TERM.number())?;

    // WUNTRACED reports stops too. Nobody stops this child, unless you do it (`kill -STOP`).
    loop {
        let options = WaitOptions::UNTRACED;
        let done = retrying(|| wait4(Target::Pid(child), options))?.expect("there was no WNOHANG");
        println!("{}: {}", done.pid, told(done.status));
        if !done.status.is_stopped() {
            return Ok(());
        }
    }
}

/// What a status says. Of a C program's macros exactly one holds; here they are the variants of an enum.
fn told(status: WaitStatus) -> String {
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
