//! The socket to which a held child connects.

use super::session::Session;
use crate::sys::free_name;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The socket to which a held child connects, in a directory of its own.
pub(super) struct Meeting {
    directory: PathBuf,
    listener: UnixListener,
}

impl Meeting {
    pub(super) fn new() -> std::io::Result<Meeting> {
        Meeting::below(&std::env::temp_dir())
    }

    fn below(base: &Path) -> std::io::Result<Meeting> {
        let (directory, ()) = free_name::create(base, "waitspec", crate::sys::makeshift::make_directory)?;
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

    /// The child's connection; the child says hello on it, which only shows that it runs.
    pub(super) fn accept(&self, session: &Session) -> Option<UnixStream> {
        let connected = session.readable_in_time(&self.listener, Instant::now()).ok()?;
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

#[cfg(test)]
mod tests {
    use super::Meeting;

    #[test]
    fn a_directory_that_another_process_left_is_passed_over() {
        let base = tempfile::tempdir().expect("a directory");
        let of = |attempt| base.path().join(format!("waitspec-{}-{attempt}", std::process::id()));
        std::fs::create_dir(of(0)).expect("a directory");
        let meeting = Meeting::below(base.path()).expect("a socket");
        assert!(meeting.path().starts_with(of(1)), "{}", meeting.path().display());
    }
}
