//! The run's temporary directory: sockets and the working directories of wardens.

use rustix::fs::Mode;
use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// The maximum length of a Unix socket path on every system, less what is appended to the directory.
const ROOM: usize = 104 - "/w000/s ".len();

/// Creates a private directory below `TMPDIR` (or `/tmp`, if that path is too long for a socket).
///
/// The last warden removes it. Errors: one line that names the directory.
pub fn make() -> Result<PathBuf, String> {
    let wanted = std::env::temp_dir();
    let wanted = std::path::absolute(&wanted).unwrap_or(wanted);
    let base = if wanted.as_os_str().len() + 24 > ROOM { Path::new("/tmp") } else { wanted.as_path() };
    let pid = rustix::process::getpid();
    // A umask that denies the owner would lock us out of our own directories and prevent core files.
    let mask = rustix::process::umask(Mode::RWXU);
    rustix::process::umask(mask - Mode::RWXU);
    for attempt in 0..100 {
        let folder = base.join(format!("waitspec-{pid}-{attempt}"));
        match rustix::fs::mkdir(&folder, Mode::RWXU) {
            Ok(()) => return Ok(folder),
            Err(Errno::EXIST) => {}
            Err(e) => return Err(format!("cannot create a temporary directory in {}: {e}", base.display())),
        }
    }
    Err(format!("cannot create a temporary directory in {}: too many exist already", base.display()))
}
