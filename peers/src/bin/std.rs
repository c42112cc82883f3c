//! An agent for `std::process::Child`.

use std::io;
use std::process::{Child, ExitStatus};
use waitspec_peers::{Handle, command, handles};

struct Std(Child);

impl Handle for Std {
    const CRATE: [&str; 3] = ["std", env!("RUST_VERSION"), "https://github.com/rust-lang/rust/issues"];

    fn spawn(argv: &[String]) -> io::Result<Std> {
        command(argv).spawn().map(Std)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn wait(&mut self) -> io::Result<ExitStatus> {
        self.0.wait()
    }

    fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }
}

fn main() {
    handles::<Std>();
}
