//! A pseudo-terminal as the controlling terminal of a session.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::io::Errno;

use super::process::{check, last_errno};

/// A session's pseudo-terminal, as its leader holds it.
#[derive(Debug)]
pub struct SessionTerminal {
    /// The master side; closing it hangs up the session.
    pub master: OwnedFd,
    /// The slave side. When the session leader closes its last descriptor for it, NetBSD detaches it from the session,
    /// and `/dev/tty` is `ENXIO` from then on; FreeBSD and OpenBSD are said to do the same.
    pub terminal: OwnedFd,
}

/// Creates a session with a new pseudo-terminal as its controlling terminal and the caller's group in the foreground;
/// output of a background group stops it (`TOSTOP`).
///
/// # Errors
/// `EPERM` for a process group leader; those of `posix_openpt` and of opening the terminal; `ENOTSUP` if a controlling
/// terminal cannot be requested.
pub fn new_session() -> Result<SessionTerminal, Errno> {
    super::process::new_session()?;
    let (master, terminal) = pair()?;
    stop_background_output(&terminal)?;
    // The last step that may fail: once the terminal controls the session, closing the master would kill the caller.
    take_control(&terminal)?;
    Ok(SessionTerminal { master, terminal })
}

/// Sets `TOSTOP`.
///
/// Not with rustix, which prefers Linux's `TCGETS2`: qemu-user does not know it.
fn stop_background_output(terminal: &OwnedFd) -> Result<(), Errno> {
    let mut modes = std::mem::MaybeUninit::<libc::termios>::zeroed();
    // SAFETY: an open descriptor of ours, and a buffer that is a struct termios.
    check(unsafe { libc::tcgetattr(terminal.as_raw_fd(), modes.as_mut_ptr()) })?;
    // SAFETY: all its fields are numbers, zeroed or written.
    let mut modes = unsafe { modes.assume_init() };
    modes.c_lflag |= libc::TOSTOP;
    // SAFETY: as above.
    check(unsafe { libc::tcsetattr(terminal.as_raw_fd(), libc::TCSANOW, &raw const modes) })
}

/// Both sides of a new pseudo-terminal: the master and the terminal, close-on-exec.
///
/// # Errors
/// Those of `posix_openpt` and of opening the terminal.
pub fn pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    let opened = |fd: i32| {
        // SAFETY: a descriptor that was just opened, and is ours alone.
        if fd < 0 { Err(last_errno()) } else { Ok(unsafe { OwnedFd::from_raw_fd(fd) }) }
    };
    // SAFETY: a number only.
    let master = opened(unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY) })?;
    // SAFETY: an open descriptor of ours.
    check(unsafe { libc::grantpt(master.as_raw_fd()) })?;
    // SAFETY: as above.
    check(unsafe { libc::unlockpt(master.as_raw_fd()) })?;
    // SAFETY: as above; the result is a C string or null.
    let name = unsafe { libc::ptsname(master.as_raw_fd()) };
    if name.is_null() {
        return Err(last_errno());
    }
    // SAFETY: a C string, which no other thread overwrites: a process that calls this has only the calling thread.
    let name = unsafe { CStr::from_ptr(name) };
    // SAFETY: a C string.
    let slave = opened(unsafe { libc::open(name.as_ptr(), libc::O_RDWR | libc::O_NOCTTY) })?;
    for side in [&master, &slave] {
        rustix::io::fcntl_setfd(side, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok((master, slave))
}

/// Makes a terminal the controlling terminal of the session that this process leads.
///
/// # Errors
/// Those of the system; `ENOTSUP` if a controlling terminal cannot be requested.
#[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
pub fn take_control(slave: &OwnedFd) -> Result<(), Errno> {
    // SAFETY: the request takes a number.
    check(unsafe { libc::ioctl(slave.as_raw_fd(), libc::TIOCSCTTY as _, 0) })
}

/// Not supported on this system.
///
/// # Errors
/// `ENOTSUP`.
#[cfg(any(target_os = "illumos", target_os = "solaris"))]
pub fn take_control(_: &OwnedFd) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

/// The controlling terminal of this process, for reading and writing.
///
/// # Errors
/// `ENXIO` or `ENOENT` if there is none.
pub fn controlling() -> Result<OwnedFd, Errno> {
    use rustix::fs::{Mode, OFlags};
    rustix::fs::open(c"/dev/tty", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
}

/// `tcsetpgrp`: puts a group in the foreground.
///
/// # Errors
/// Those of the system (`EPERM` for a group of another session); a background caller gets `SIGTTOU` first.
pub fn set_foreground(terminal: BorrowedFd<'_>, group: i32) -> Result<(), Errno> {
    // SAFETY: numbers only.
    check(unsafe { libc::tcsetpgrp(terminal.as_raw_fd(), group) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::tests::TestChild;
    use rustix::event::{PollFd, PollFlags, Timespec};

    /// Whether no process has the terminal open any more.
    fn is_hung_up(master: &OwnedFd) -> bool {
        let mut polled = [PollFd::new(master, PollFlags::IN)];
        let polls = rustix::event::poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        polls.is_err() || polled[0].revents().contains(PollFlags::HUP)
    }

    #[test]
    fn the_leader_holds_its_controlling_terminal() {
        let leader = TestChild::running(|| {
            let Ok(held) = new_session() else { return 1 };
            if controlling().is_err() {
                return 2;
            }
            if is_hung_up(&held.master) {
                return 3;
            }
            // As the leader's last close shows.
            drop(held.terminal);
            let lost = is_hung_up(&held.master);
            // Closing it would send SIGHUP to this process.
            std::mem::forget(held.master);
            if lost { 0 } else { 4 }
        });
        assert_eq!(leader.end(), 0);
    }

    /// The error of [`new_session`] if a terminal request fails, or the negated signal that killed the caller.
    #[cfg(target_os = "linux")]
    fn without(request: &str) -> i32 {
        let denied = crate::sys::sandbox::Denied::Errno(libc::ENOSYS);
        let child = TestChild::running(|| {
            match crate::sys::sandbox::deny(request, denied).and_then(|()| new_session()) {
                // Closing it would hang up the session.
                Ok(held) => {
                    std::mem::forget(held);
                    0
                }
                Err(error) => error.raw_os_error(),
            }
        });
        child.end()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_terminal_whose_modes_cannot_be_set_is_refused_and_kills_nobody() {
        let missing = Errno::NOSYS.raw_os_error();
        assert_eq!(without("tcgets"), missing);
        // As under qemu-user.
        assert_eq!(without("tcgets2"), 0);
    }
}
