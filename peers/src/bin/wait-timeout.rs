//! An agent for the crate wait-timeout, which adds a wait with a timeout to `std::process::Child`.

use std::io;
use std::process::{Child, ExitStatus};
use std::time::Duration;
use wait_timeout::ChildExt;
use waitspec_peers::{Handle, command, handles};

/// Longer than any trial.
const LONG: Duration = Duration::from_secs(3600);

struct WaitTimeout(Child);

impl Handle for WaitTimeout {
    const CRATE: [&str; 3] = ["wait-timeout", "0.2.1", "https://github.com/alexcrichton/wait-timeout/issues"];

    const PROMISES: &[(&str, &str)] = &[
        ("exit-code", "doc.rust-lang.org/std/process/struct.ExitStatus.html"),
        ("signal", "doc.rust-lang.org/std/os/unix/process/trait.ExitStatusExt.html"),
        ("core", "doc.rust-lang.org/std/os/unix/process/trait.ExitStatusExt.html"),
        ("never-invented", "doc.rust-lang.org/std/process/struct.Child.html#method.wait"),
        ("stable", "doc.rust-lang.org/std/process/struct.Child.html#method.wait"),
        ("wait-blocks", "doc.rust-lang.org/std/process/struct.Child.html#method.wait"),
        ("wait-returns", "doc.rust-lang.org/std/process/struct.Child.html#method.wait"),
        ("poll-running", "doc.rust-lang.org/std/process/struct.Child.html#method.try_wait"),
        ("poll-at-once", "doc.rust-lang.org/std/process/struct.Child.html#method.try_wait"),
        ("no-zombie", "doc.rust-lang.org/std/process/struct.Child.html#warning"),
        ("drop-keeps", "doc.rust-lang.org/std/process/struct.Child.html#warning"),
        ("exec-fails", "doc.rust-lang.org/std/process/struct.Command.html#method.spawn"),
    ];

    fn spawn(argv: &[String]) -> io::Result<WaitTimeout> {
        command(argv).spawn().map(WaitTimeout)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.0.wait_timeout(LONG)? {
                return Ok(status);
            }
        }
    }

    fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.wait_timeout(Duration::ZERO)
    }
}

fn main() {
    handles::<WaitTimeout>();
}
