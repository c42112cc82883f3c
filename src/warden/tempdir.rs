//! The run's temporary folder: sockets and the working folders of wardens.

use rustix::fs::Mode;
use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// The longest path that a Unix socket can have on every system, less what is added to the folder's.
const ROOM: usize = 104 - "/w000/s ".len();

/// Makes a folder that only this user can enter, below `TMPDIR` (or `/tmp`, if that is too long a path for a socket).
///
/// The last warden removes it. Errors: one line that names the folder.
pub fn make() -> Result<PathBuf, String> {
    let wanted = std::env::temp_dir();
    let wanted = std::path::absolute(&wanted).unwrap_or(wanted);
    let base = if wanted.as_os_str().len() + 24 > ROOM { Path::new("/tmp") } else { wanted.as_path() };
    let pid = rustix::process::getpid();
    // A mask that takes from the owner would lock us out of our own folders, and children out of their core files.
    let mask = rustix::process::umask(Mode::RWXU);
    rustix::process::umask(mask - Mode::RWXU);
    for attempt in 0..100 {
        let folder = base.join(format!("waitspec-{pid}-{attempt}"));
        match rustix::fs::mkdir(&folder, Mode::RWXU) {
            Ok(()) => return Ok(folder),
            Err(Errno::EXIST) => {}
            Err(e) => return Err(format!("cannot make a temporary folder in {}: {e}", base.display())),
        }
    }
    Err(format!("cannot make a temporary folder in {}: too many are left there", base.display()))
}
