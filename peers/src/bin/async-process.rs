//! An agent for the crate async-process.

use async_process::{Child, Command};
use futures_lite::future::block_on;
use std::io;
use std::process::{ExitStatus, Stdio};
use waitspec_peers::{Handle, command, handles};

struct AsyncProcess(Child);

impl Handle for AsyncProcess {
    const CRATE: [&str; 3] = ["async-process", "2.5.0", "https://github.com/smol-rs/async-process/issues"];

    const PROMISES: &[(&str, &str)] = &[
        ("exit-code", "doc.rust-lang.org/std/process/struct.ExitStatus.html"),
        ("signal", "doc.rust-lang.org/std/os/unix/process/trait.ExitStatusExt.html"),
        ("core", "doc.rust-lang.org/std/os/unix/process/trait.ExitStatusExt.html"),
        ("never-invented", "docs.rs/async-process/2/async_process/struct.Child.html#method.status"),
        ("stable", "docs.rs/async-process/2/async_process/struct.Child.html#method.status"),
        ("wait-blocks", "docs.rs/async-process/2/async_process/struct.Child.html#method.status"),
        ("wait-returns", "docs.rs/async-process/2/async_process/struct.Child.html#method.status"),
        ("poll-running", "docs.rs/async-process/2/async_process/struct.Child.html#method.try_status"),
        ("poll-at-once", "docs.rs/async-process/2/async_process/struct.Child.html#method.try_status"),
        ("no-zombie", "docs.rs/async-process/2/async_process/struct.Child.html"),
        ("drop-keeps", "docs.rs/async-process/2/async_process/struct.Child.html"),
        ("drop-reaps", "docs.rs/async-process/2/async_process/struct.Command.html#method.reap_on_drop"),
        ("exec-fails", "docs.rs/async-process/2/async_process/struct.Command.html#method.spawn"),
    ];

    fn spawn(argv: &[String]) -> io::Result<AsyncProcess> {
        // What the command says of the streams is not taken over.
        let mut command = Command::from(command(argv));
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map(AsyncProcess)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn wait(&mut self) -> io::Result<ExitStatus> {
        block_on(self.0.status())
    }

    fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_status()
    }
}

fn main() {
    handles::<AsyncProcess>();
}
