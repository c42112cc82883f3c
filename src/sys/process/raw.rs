//! System calls of an agent, with any number a request may contain.
//!
//! rustix has them too, but its types reject invalid numbers, which are what is needed here.

use super::control::check;
use libc::c_int;
use rustix::fd::OwnedFd;
use rustix::io::Errno;

/// `setpgid(pid, pgid)`
///
/// # Errors
/// Those of the system (POSIX: `EACCES`, `EINVAL`, `EPERM`, `ESRCH`).
pub fn setpgid(pid: c_int, pgid: c_int) -> Result<(), Errno> {
    // SAFETY: numbers only.
    check(unsafe { libc::setpgid(pid, pgid) })
}

/// `pidfd_open(pid, flags)` of Linux 5.3, with `PIDFD_NONBLOCK` (5.10) on request.
///
/// # Errors
/// Those of the system (`EINVAL`, `ESRCH`, `ENOSYS` on an old kernel); `ENOSYS` elsewhere.
pub fn pidfd_open(pid: c_int, nonblock: bool) -> Result<OwnedFd, Errno> {
    // PIDFD_NONBLOCK is defined as this.
    super::control::pidfd_open(pid, if nonblock { libc::O_NONBLOCK } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_numbers_reach_the_system() {
        assert_eq!(setpgid(0, -1), Err(Errno::INVAL));
        assert!(pidfd_open(-1, false).is_err());
    }
}
