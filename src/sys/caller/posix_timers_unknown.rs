//! Systems on which no timers of `timer_create` are armed.

use rustix::io::Errno;

/// `ENOSYS`.
pub fn arm_posix_timers() -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

/// None.
pub fn running_posix_timers() -> Option<Vec<&'static str>> {
    None
}
