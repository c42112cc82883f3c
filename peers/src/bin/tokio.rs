//! An agent for `tokio::process::Child`, on a runtime of one thread.

use std::cell::OnceCell;
use std::io;
use std::process::ExitStatus;
use tokio::process::{Child, Command};
use tokio::runtime::{Builder, Runtime};
use waitspec_peers::{Handle, command, handles};

struct Tokio(Child);

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// Does something on the runtime.
fn on_runtime<T>(task: impl Future<Output = T>) -> T {
    RUNTIME.with(|cell| {
        let runtime = cell.get_or_init(|| {
            Builder::new_current_thread().enable_io().build().expect("a runtime can be made")
        });
        runtime.block_on(task)
    })
}

impl Handle for Tokio {
    const CRATE: [&str; 3] = ["tokio", "1.54.1", "https://github.com/tokio-rs/tokio/issues"];

    const PROMISES: &[(&str, &str)] = &[
        ("exit-code", "doc.rust-lang.org/std/process/struct.ExitStatus.html"),
        ("signal", "doc.rust-lang.org/std/os/unix/process/trait.ExitStatusExt.html"),
        ("core", "doc.rust-lang.org/std/os/unix/process/trait.ExitStatusExt.html"),
        ("never-invented", "docs.rs/tokio/1/tokio/process/struct.Child.html#method.wait"),
        ("stable", "docs.rs/tokio/1/tokio/process/struct.Child.html#method.wait"),
        ("wait-blocks", "docs.rs/tokio/1/tokio/process/struct.Child.html#method.wait"),
        ("wait-returns", "docs.rs/tokio/1/tokio/process/struct.Child.html#method.wait"),
        ("poll-running", "docs.rs/tokio/1/tokio/process/struct.Child.html#method.try_wait"),
        ("poll-at-once", "docs.rs/tokio/1/tokio/process/struct.Child.html#method.try_wait"),
        ("no-zombie", "docs.rs/tokio/1/tokio/process/struct.Child.html#caveats"),
        ("drop-keeps", "docs.rs/tokio/1/tokio/process/index.html#caveats"),
        ("exec-fails", "docs.rs/tokio/1/tokio/process/struct.Command.html#method.spawn"),
    ];

    fn spawn(argv: &[String]) -> io::Result<Tokio> {
        on_runtime(async { Command::from(command(argv)).spawn().map(Tokio) })
    }

    fn pid(&self) -> u32 {
        self.0.id().expect("it is not reaped yet")
    }

    fn wait(&mut self) -> io::Result<ExitStatus> {
        on_runtime(self.0.wait())
    }

    fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        on_runtime(async { self.0.try_wait() })
    }
}

fn main() {
    handles::<Tokio>();
}
