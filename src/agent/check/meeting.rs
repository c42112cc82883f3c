//! The socket to which a held child connects.

use super::session::{Session, readable};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The socket to which a held child connects, in a directory of its own.
pub(super) struct Meeting {
    directory: PathBuf,
    listener: UnixListener,
}

impl Meeting {
    pub(super) fn new() -> std::io::Result<Meeting> {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let name = format!("waitspec-{}-{}", std::process::id(), SERIAL.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory)?;
        match UnixListener::bind(socket_in(&directory)) {
            Ok(listener) => Ok(Meeting { directory, listener }),
            Err(error) => {
                let _ = std::fs::remove_dir(&directory);
                Err(error)
            }
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        socket_in(&self.directory)
    }

    /// The child's connection; it says hello there, which tells no more than that it runs.
    pub(super) fn accept(&self, session: &Session) -> Option<UnixStream> {
        let connected = readable(&self.listener, session.deadline()).ok()?;
        if connected { self.listener.accept().ok().map(|(stream, _)| stream) } else { None }
    }
}

impl Drop for Meeting {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.path());
        let _ = std::fs::remove_dir(&self.directory);
    }
}

fn socket_in(directory: &Path) -> PathBuf {
    directory.join("child")
}
