//! Tools that the tests need.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Says why a test is skipped. Where CI sets `WAITSPEC_NO_SKIPS`, everything is there, and that is a failure.
pub fn skip(why: &str) {
    assert!(std::env::var_os("WAITSPEC_NO_SKIPS").is_none(), "skipped, against WAITSPEC_NO_SKIPS: {why}");
    eprintln!("skipped: {why}");
}

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
