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
