//! Tools that the tests need.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whether a command exists and succeeds.
pub fn works(command: &[&str]) -> bool {
    let mut started = Command::new(command[0]);
    started.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    started.status().is_ok_and(|status| status.success())
}

/// A file of this repository.
pub fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
