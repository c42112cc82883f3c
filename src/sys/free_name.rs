//! Names of temporary files and directories.

use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// Creates something in a directory under the first free one of the names `STEM-PID-0`, `STEM-PID-1`, and so on: a process of this
/// pid in another PID namespace, or an earlier one that was killed, may have left some of them.
///
/// # Errors
/// Those of `create`; `EEXIST` if the first 10,000 names are taken.
pub fn create<T>(
    directory: &Path,
    stem: &str,
    create: impl Fn(&Path) -> Result<T, Errno>,
) -> Result<(PathBuf, T), Errno> {
    let pid = super::process::pid();
    for attempt in 0..10_000 {
        let path = directory.join(format!("{stem}-{pid}-{attempt}"));
        match create(&path) {
            Err(Errno::EXIST) => {}
            made => return made.map(|made| (path, made)),
        }
    }
    Err(Errno::EXIST)
}
