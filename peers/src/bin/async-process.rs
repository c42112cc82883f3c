//! An agent for the crate async-process.

use async_process::{Child, Command};
use futures_lite::future::block_on;
use std::io;
use std::process::ExitStatus;
use waitspec_peers::{Handle, command, handles};

struct AsyncProcess(Child);

impl Handle for AsyncProcess {
    const CRATE: [&str; 3] = ["async-process", "2.5.0", "https://github.com/smol-rs/async-process/issues"];

    fn spawn(argv: &[String]) -> io::Result<AsyncProcess> {
        Command::from(command(argv)).spawn().map(AsyncProcess)
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
