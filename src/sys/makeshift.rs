//! Substitutes for calls that a system lacks: kernels that implement the Linux ABI only in part are tested, too.
//!
//! Each function first tries the usual way. An error other than "no such call" is final.

use super::process::{check, last_errno};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use rustix::io::Errno;
use std::time::Duration;

/// Whether a call does not exist, or a filter makes it look that way.
fn lacking(errno: Errno) -> bool {
    [Errno::NOSYS, Errno::PERM, Errno::NOTSUP, Errno::OPNOTSUPP].contains(&errno)
}

/// The first result, unless that call does not exist here: then the second, or if that fails as well, the first error.
pub(crate) fn or<T>(first: Result<T, Errno>, second: impl FnOnce() -> Result<T, Errno>) -> Result<T, Errno> {
    match first {
        Err(errno) if lacking(errno) => second().map_err(|_| errno),
        answer => answer,
    }
}

/// Which of these descriptors are readable or at end of file, within that time; `None` waits forever. A timeout is not
/// an error.
///
/// # Errors
/// Those of `poll`, `EINTR` among them.
pub fn readable(fds: &[BorrowedFd<'_>], within: Option<Duration>) -> Result<Vec<bool>, Errno> {
    ready(fds, None, within)
}

/// The same, and, last in the result, whether there is room to write to another.
///
/// # Errors
/// As [`readable`].
pub fn ready(
    readable: &[BorrowedFd<'_>],
    writable: Option<BorrowedFd<'_>>,
    within: Option<Duration>,
) -> Result<Vec<bool>, Errno> {
    let readable = readable.iter().map(|fd| (*fd, libc::POLLIN));
    polled(readable.chain(writable.map(|fd| (fd, libc::POLLOUT))), within)
}

/// Sleeps until the other end of one of these descriptors is closed; if there are none, until a signal arrives.
///
/// # Errors
/// As [`readable`].
pub fn sleep_until_closed(fds: &[BorrowedFd<'_>]) -> Result<(), Errno> {
    // A hangup is reported whatever events are requested, except by NetBSD for a socket (`sopoll`), which is readable then.
    let events = if cfg!(target_os = "netbsd") { libc::POLLIN } else { 0 };
    loop {
        let ready = polled(fds.iter().map(|fd| (*fd, events)), None)?;
        let is_empty = |fd: &BorrowedFd<'_>| rustix::io::ioctl_fionread(fd).is_ok_and(|left| left == 0);
        let mut ready = fds.iter().zip(ready).filter(|(_, ready)| *ready).map(|(fd, _)| fd);
        if events == 0 || fds.is_empty() || ready.any(is_empty) {
            return Ok(());
        }
        // What has not been read hides it.
        pause(Duration::from_millis(10));
    }
}

/// Sleeps for this long: the standard library panics if `clock_nanosleep` fails.
pub fn pause(time: Duration) {
    let _ = polled(std::iter::empty(), Some(time));
}

fn polled<'a>(
    fds: impl Iterator<Item = (BorrowedFd<'a>, i16)>,
    within: Option<Duration>,
) -> Result<Vec<bool>, Errno> {
    let asked = |(fd, events): (BorrowedFd<'_>, i16)| libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    let mut fds: Vec<libc::pollfd> = fds.map(asked).collect();
    let length = fds.len() as libc::nfds_t;
    let fine = ppoll(&mut fds, within);
    or(fine, || {
        // Milliseconds, rounded up, so that a short pause does not become none.
        let ms = within.map_or(-1, |time| i32::try_from(time.as_micros().div_ceil(1000)).unwrap_or(i32::MAX));
        // SAFETY: an array of that length.
        check(unsafe { libc::poll(fds.as_mut_ptr(), length, ms) })
    })?;
    Ok(fds.iter().map(|fd| fd.revents != 0).collect())
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "openbsd"))]
fn ppoll(fds: &mut [libc::pollfd], within: Option<Duration>) -> Result<(), Errno> {
    // SAFETY: a structure of numbers, for all of which zero is a value.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    if let Some(within) = within {
        time.tv_sec = within.as_secs().min(i32::MAX as u64) as _;
        time.tv_nsec = within.subsec_nanos() as _;
    }
    let time = if within.is_some() { &raw const time } else { std::ptr::null() };
    // SAFETY: an array of that length, a time or null, and no signal mask.
    check(unsafe { libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, time, std::ptr::null()) })
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "openbsd")))]
fn ppoll(_: &mut [libc::pollfd], _: Option<Duration>) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

/// A duplicate of a descriptor, with the lowest free number from `least` up, close-on-exec.
///
/// # Errors
/// Those of `fcntl`, or of `dup`.
pub fn duplicate_from(fd: impl AsFd, least: RawFd) -> Result<OwnedFd, Errno> {
    or(rustix::io::fcntl_dupfd_cloexec(&fd, least), || {
        // Occupy the lower numbers until one is high enough.
        let mut low = Vec::new();
        loop {
            let copy = rustix::io::dup(&fd)?;
            if copy.as_raw_fd() >= least {
                close_on_exec(&copy)?;
                return Ok(copy);
            }
            low.push(copy);
        }
    })
}

/// A duplicate of a descriptor, close-on-exec.
///
/// # Errors
/// As [`duplicate_from`].
pub fn duplicate(fd: impl AsFd) -> Result<OwnedFd, Errno> {
    duplicate_from(fd, 0)
}

/// Duplicates a descriptor onto this number, closing whatever was open there.
///
/// # Errors
/// Those of `dup2`.
pub(crate) fn onto(fd: RawFd, number: RawFd) -> Result<(), Errno> {
    // SAFETY: numbers only.
    let first = check(unsafe { libc::dup2(fd, number) });
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: numbers only.
    return or(first, || check(unsafe { libc::dup3(fd, number, 0) }));
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    first
}

/// Duplicates a descriptor onto a standard stream: 0, 1 or 2.
///
/// # Errors
/// Those of `dup2`.
pub fn as_standard(fd: impl AsFd, number: RawFd) -> Result<(), Errno> {
    onto(fd.as_fd().as_raw_fd(), number)
}

/// Makes a descriptor close-on-exec.
///
/// # Errors
/// Those of `fcntl`.
pub fn close_on_exec(fd: impl AsFd) -> Result<(), Errno> {
    let first = rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC);
    // SAFETY: the request has no argument.
    or(first, || check(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::FIOCLEX) }))
}

/// Makes a descriptor nonblocking.
///
/// # Errors
/// Those of `fcntl`.
pub fn nonblocking(fd: impl AsFd) -> Result<(), Errno> {
    or(rustix::io::ioctl_fionbio(&fd, true), || {
        let flags = rustix::fs::fcntl_getfl(&fd)?;
        rustix::fs::fcntl_setfl(&fd, flags | rustix::fs::OFlags::NONBLOCK)
    })
}

/// A close-on-exec pipe.
///
/// # Errors
/// Those of `pipe`.
pub fn pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    let first = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC);
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    let first = Err(Errno::NOSYS);
    or(first, || {
        let mut ends = [-1; 2];
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        // SAFETY: an array of two. The C library's own asks for pipe2, too.
        let made = unsafe { libc::syscall(libc::SYS_pipe, ends.as_mut_ptr()) as libc::c_int };
        #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
        // SAFETY: an array of two.
        let made = unsafe { libc::pipe(ends.as_mut_ptr()) };
        check(made)?;
        // SAFETY: just created, with no other owner.
        let [read, write] = ends.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
        close_on_exec(&read)?;
        close_on_exec(&write)?;
        Ok((read, write))
    })
}

/// Creates a directory that only its owner can access.
///
/// # Errors
/// Those of `mkdir`.
pub fn make_directory(path: &std::path::Path) -> Result<(), Errno> {
    or(rustix::fs::mkdir(path, rustix::fs::Mode::RWXU), || {
        let path = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| Errno::INVAL)?;
        // SAFETY: a C string, alive for the call.
        check(unsafe { libc::mkdir(path.as_ptr(), 0o700) })
    })
}

/// Accepts a connection, close-on-exec and nonblocking.
///
/// # Errors
/// Those of `accept`.
pub fn accept(listener: &OwnedFd) -> Result<OwnedFd, Errno> {
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    let first = rustix::net::accept_with(
        listener,
        rustix::net::SocketFlags::CLOEXEC | rustix::net::SocketFlags::NONBLOCK,
    );
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    let first = Err(Errno::NOSYS);
    or(first, || {
        let null = std::ptr::null_mut();
        // SAFETY: the peer's address is not requested.
        let socket = unsafe { libc::accept(listener.as_raw_fd(), null, null.cast()) };
        if socket < 0 {
            return Err(last_errno());
        }
        // SAFETY: just created, with no other owner.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        close_on_exec(&socket)?;
        nonblocking(&socket)?;
        Ok(socket)
    })
}

/// A pair of connected local sockets, close-on-exec.
///
/// # Errors
/// Those of `socketpair`.
pub fn socket_pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None)?;
    close_on_exec(&ours)?;
    close_on_exec(&theirs)?;
    Ok((ours, theirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_exists_gives_the_answer() {
        assert_eq!(or(Err::<(), _>(Errno::MFILE), || Ok(())), Err(Errno::MFILE));
        assert_eq!(or(Err(Errno::NOSYS), || Ok(7)), Ok(7));
        assert_eq!(or(Err::<(), _>(Errno::NOSYS), || Err(Errno::BADF)), Err(Errno::NOSYS));
        assert_eq!(or(Ok(1), || Ok(2)), Ok(1));
    }

    #[test]
    fn what_can_be_read_is_seen() {
        let (read, write) = pipe().expect("a pipe");
        let (other, _held) = pipe().expect("a pipe");
        let look = |within| readable(&[read.as_fd(), other.as_fd()], within).expect("an answer");
        assert_eq!(look(Some(Duration::ZERO)), [false, false]);
        assert_eq!(look(Some(Duration::from_micros(50))), [false, false]);
        rustix::io::write(&write, b"x").expect("room");
        assert_eq!(look(None), [true, false]);
        let high = duplicate_from(&write, 100).expect("a copy");
        assert!(high.as_raw_fd() >= 100);
        drop((write, high));
        if cfg!(target_os = "netbsd") {
            rustix::io::read(&read, &mut [0; 1]).expect("what hides it");
        }
        sleep_until_closed(&[read.as_fd()]).expect("the other end is closed");
    }
}
