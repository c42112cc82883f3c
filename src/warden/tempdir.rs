//! The run's temporary directory: sockets and the working directories of wardens.

use crate::sys::free_name;
use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// The maximum length of a Unix socket path on any system, less what is appended to the directory.
const ROOM: usize = 104 - "/w000/s ".len();

/// Creates a private directory below `TMPDIR` (or `/tmp`, if that path is too long for a socket).
///
/// The last warden removes it. Errors: one line that names the directory.
pub fn make() -> Result<PathBuf, String> {
    let wanted = std::env::temp_dir();
    let wanted = std::path::absolute(&wanted).unwrap_or(wanted);
    let base = if wanted.as_os_str().len() + 24 > ROOM { Path::new("/tmp") } else { wanted.as_path() };
    // A umask that denies the owner would lock us out of our own directories, and prevent core files.
    crate::sys::process::allow_owner();
    let made = free_name::create(base, "waitspec", crate::sys::makeshift::make_directory);
    made.map(|(folder, ())| folder).map_err(|errno| {
        let why = match errno {
            Errno::EXIST => "too many exist already".to_owned(),
            errno => crate::wait::names::errno_text(errno.raw_os_error()),
        };
        format!("cannot create a temporary directory in {}: {why}", base.display())
    })
}
