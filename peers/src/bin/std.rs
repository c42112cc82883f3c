//! An agent for `std::process::Child`.

use std::io;
use std::process::{Child, ExitStatus};
use waitspec_peers::{Handle, command, handles};

struct Std(Child);

impl Handle for Std {
    const CRATE: [&str; 3] = ["std", env!("RUST_VERSION"), "https://github.com/rust-lang/rust/issues"];

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
