//! Signals: kill a child, and decode its status.
//!
//! `cargo run --example signal_handling [MILLISECONDS_PER_SECOND]`

mod shared;

use shared::{seconds, sleeper};
use std::error::Error;
use waitspec::wait::{Event, Signal, WaitStatus};

fn main() -> Result<(), Box<dyn Error>> {
    let mut child = sleeper(5.0, 0)?;
    println!("child: {}", child.pid().ok_or("it was not reaped")?);

    std::thread::sleep(seconds(1.0));
    println!("sending SIGTERM");
    // Until it is waited for, the pid is the child's, dead or alive: the signal cannot reach another process. `ChildProcess` sends none
    // after that. (`ChildProcess::terminate` does this with a grace period, after which it kills.)
    child.signal(Signal::TERM)?;
    let done = child.wait()?;
    println!("{}: {}", done.pid, meaning(done.status));
    Ok(())
}

/// The meaning of a status. In C, exactly one of the macros is true; here, they are the variants of an enum.
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
