//! A pseudo-terminal as the controlling terminal of a session.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::io::Errno;

use super::process::{check, last_errno};

/// Creates a session with a new pseudo-terminal as its controlling terminal and the caller's group in the foreground;
/// output of a background group stops it (`TOSTOP`). Returns the master side; closing it hangs up the session.
///
/// # Errors
/// `EPERM` for a process group leader; those of `posix_openpt` and of opening the terminal; `ENOTSUP` if a controlling
/// terminal cannot be requested.
pub fn new_session() -> Result<OwnedFd, Errno> {
    super::process::new_session()?;
    let (master, slave) = pair()?;
    take_control(&slave)?;
    let mut modes = rustix::termios::tcgetattr(&slave)?;
    modes.local_modes |= rustix::termios::LocalModes::TOSTOP;
    rustix::termios::tcsetattr(&slave, rustix::termios::OptionalActions::Now, &modes)?;
    Ok(master)
}

/// Both sides of a new pseudo-terminal.
fn pair() -> Result<(OwnedFd, OwnedFd), Errno> {
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
    // SAFETY: as above; what is given is a C string or null.
    let name = unsafe { libc::ptsname(master.as_raw_fd()) };
    if name.is_null() {
        return Err(last_errno());
    }
    // SAFETY: a C string, which no other thread replaces: a process that does this has only the caller's.
    let name = unsafe { CStr::from_ptr(name) };
    // SAFETY: a C string.
    let slave = opened(unsafe { libc::open(name.as_ptr(), libc::O_RDWR | libc::O_NOCTTY) })?;
    rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC)?;
    Ok((master, slave))
}

#[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
fn take_control(slave: &OwnedFd) -> Result<(), Errno> {
    // SAFETY: the request takes a number.
    check(unsafe { libc::ioctl(slave.as_raw_fd(), libc::TIOCSCTTY as _, 0) })
}

#[cfg(any(target_os = "illumos", target_os = "solaris"))]
fn take_control(_: &OwnedFd) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

/// The controlling terminal of this process, for reading and writing.
///
/// # Errors
/// `ENXIO` or `ENOENT` where there is none.
pub fn controlling() -> Result<OwnedFd, Errno> {
    use rustix::fs::{Mode, OFlags};
    rustix::fs::open(c"/dev/tty", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
}

/// `tcsetpgrp`: makes a group the foreground one.
///
/// # Errors
/// Those of the system (`EPERM` for a group of another session); a background caller gets `SIGTTOU` first.
pub fn set_foreground(terminal: BorrowedFd<'_>, group: i32) -> Result<(), Errno> {
    // SAFETY: numbers only.
    check(unsafe { libc::tcsetpgrp(terminal.as_raw_fd(), group) })
}
