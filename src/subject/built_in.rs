//! The subjects that are part of this crate.

use super::api::Subject;
#[cfg(target_os = "linux")]
use super::syscall;
use super::{libc, rustix, waitspec};

/// The built-in subjects of this system.
pub fn built_in() -> Vec<Box<dyn Subject>> {
    vec![
        Box::new(waitspec::Waitspec),
        Box::new(libc::Libc),
        Box::new(rustix::Rustix),
        #[cfg(target_os = "linux")]
        Box::new(syscall::Syscall),
    ]
}

/// The subjects of a run by default.
pub fn default_names() -> Vec<String> {
    built_in().iter().map(|s| s.name()).collect()
}
