//! The implementations that can be judged.
//!
//! To test an implementation of your own, implement [`Subject`]: one method that performs one call. Everything else
//! (children, schedules, deadlines, verdicts) is up to the harness.

mod api;
pub mod external;
pub mod handle;
pub mod libc;
mod registry;
pub mod rustix;
#[cfg(target_os = "linux")]
pub mod syscall;
pub mod waitspec;
pub(crate) mod wrapper;

pub use api::{Decoded, NotOffered, Subject};
pub use handle::{Handle, Handles, OWN_HANDLE};
pub use registry::Registry;
pub use wrapper::OWN_WRAPPER;

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
