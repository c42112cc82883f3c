//! The descriptors of this process: creating, moving and closing them, and who is at the other end.

use super::process::check;
use rustix::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use rustix::io::Errno;

/// Whether a descriptor is open.
pub fn fd_is_open(fd: RawFd) -> bool {
    // SAFETY: any number may be asked about.
    let asked = check(unsafe { libc::fcntl(fd, libc::F_GETFD) });
    // If that cannot be determined, it is assumed to be open.
    asked != Err(Errno::BADF)
}

/// Opens `/dev/null` on each closed standard descriptor, so that no file opened later becomes one of them.
///
/// # Errors
/// Those of opening `/dev/null`.
pub fn ensure_standard_fds() -> Result<(), Errno> {
    while let Some(fd) = (0..3).find(|&fd| !fd_is_open(fd)) {
        // SAFETY: a C string; the descriptor deliberately has no owner: it is a standard stream from now on.
        let opened = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
        check(opened)?;
        if opened != fd {
            // open always returns the lowest free descriptor, so another thread must be opening files at the same time:
            // give up. SAFETY: it was opened right here.
            unsafe { libc::close(opened) };
            return Err(Errno::AGAIN);
        }
    }
    Ok(())
}

/// The descriptors from 3 up that an exec would not close: those that this process has inherited itself, unless something in it
/// has opened one in the same way.
pub fn inheritable() -> Vec<RawFd> {
    /// Those that a process is given are low.
    const MOST: RawFd = 256;
    // SAFETY: any number may be asked about.
    let flags = |fd: RawFd| unsafe { libc::fcntl(fd, libc::F_GETFD) };
    (3..MOST).filter(|&fd| flags(fd) >= 0 && flags(fd) & libc::FD_CLOEXEC == 0).collect()
}

/// Takes ownership of a descriptor that this program inherited and that nothing in it owns; makes it close-on-exec.
///
/// # Errors
/// `EBADF` if it is not open.
pub fn adopt(fd: RawFd) -> Result<OwnedFd, Errno> {
    if fd < 3 || !fd_is_open(fd) {
        return Err(Errno::BADF);
    }
    // SAFETY: it is open, and not a standard stream; nothing but the caller owns what was inherited.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    Ok(fd)
}

/// Closes every descriptor from `first` up. For a forked child: no owner may use the descriptors that this closes.
///
/// If there is no call to close a range, only open descriptors are closed: the limit can be in the millions, and in an
/// emulator or a sandbox every attempt is expensive.
pub fn close_from(first: RawFd) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    for last in [u32::MAX, RawFd::MAX.cast_unsigned()] {
        // Older releases of gVisor reject a last descriptor that is not an int.
        // SAFETY: numbers only; see above for the owners.
        if unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } == 0 {
            return;
        }
    }
    #[cfg(any(target_os = "freebsd", target_os = "dragonfly", target_os = "netbsd", target_os = "openbsd"))]
    // SAFETY: as above.
    unsafe {
        libc::closefrom(first);
    }
    #[cfg(not(any(
        target_os = "freebsd",
        target_os = "dragonfly",
        target_os = "netbsd",
        target_os = "openbsd"
    )))]
    if close_listed(first).is_none() {
        close_polled(first);
    }
}

/// Closes the descriptors that the system lists as open; `None` if it has no such list.
#[cfg(not(any(
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd"
)))]
fn close_listed(first: RawFd) -> Option<()> {
    use rustix::fs::{Dir, Mode, OFlags, open};
    let list =
        if cfg!(any(target_os = "linux", target_os = "android")) { c"/proc/self/fd" } else { c"/dev/fd" };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut entries = Dir::new(open(list, flags, Mode::empty()).ok()?).ok()?;
    let own = entries.fd().ok()?.as_raw_fd();
    let mut listed = Vec::new();
    let mut complete = false;
    for entry in &mut entries {
        let number: Option<RawFd> = entry.ok()?.file_name().to_str().ok().and_then(|name| name.parse().ok());
        complete |= number == Some(own);
        listed.extend(number.filter(|&fd| fd >= first && fd != own));
    }
    drop(entries);
    // A list of another process shows none of ours.
    complete.then_some(())?;
    for fd in listed {
        // SAFETY: a number only; see `close_from` for the owners.
        unsafe { libc::close(fd) };
    }
    Some(())
}

/// Asks about the descriptors up to the limit, a thousand at a time, and closes those that are open.
#[cfg(not(any(
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd"
)))]
fn close_polled(first: RawFd) {
    /// No process here opens more files than this.
    const MOST: u64 = 65_536;
    /// How many are polled at a time; `poll` takes no more than the limit.
    const AT_ONCE: usize = 1024;
    let limit = super::process::open_files().unwrap_or(MOST);
    let at_once = AT_ONCE.min(usize::try_from(limit).unwrap_or(AT_ONCE)).max(1);
    let numbers: Vec<RawFd> = (first..limit.min(MOST) as RawFd).collect();
    for numbers in numbers.chunks(at_once) {
        let mut asked: Vec<libc::pollfd> =
            numbers.iter().map(|&fd| libc::pollfd { fd, events: 0, revents: 0 }).collect();
        // SAFETY: an array of that length; nothing is awaited.
        let answered = unsafe { libc::poll(asked.as_mut_ptr(), asked.len() as libc::nfds_t, 0) } >= 0;
        for one in asked.iter().filter(|one| !answered || one.revents & libc::POLLNVAL == 0) {
            // SAFETY: a number only; see `close_from` for the owners.
            unsafe { libc::close(one.fd) };
        }
    }
}

/// Writes one byte to a descriptor by its number, ignoring errors. May be called in a signal handler.
pub fn write_byte(fd: RawFd) {
    // SAFETY: one byte of this frame; a number that is not open is an error without effect.
    unsafe { libc::write(fd, [0_u8].as_ptr().cast(), 1) };
}

/// The process at the other end of a Unix socket, as a pid of our namespace, if the system reports it; 0 for a process
/// outside of it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn peer_pid(socket: BorrowedFd<'_>) -> Option<i32> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    let into = (&raw mut peer).cast();
    // SAFETY: the kernel writes no more than `size` bytes to a structure of that size. rustix's pid cannot be 0, which
    // is what the kernel reports for a process outside our PID namespace.
    let returned =
        unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, into, &mut size) };
    (returned == 0 && peer.pid >= 0).then_some(peer.pid)
}

/// The process at the other end of a Unix socket, as a pid of our namespace, if the system reports it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn peer_pid(_: BorrowedFd<'_>) -> Option<i32> {
    None
}

/// Moves a descriptor to this number, closing whatever was open there.
///
/// # Errors
/// Those of `dup2`.
pub fn move_to(fd: OwnedFd, number: RawFd) -> Result<OwnedFd, Errno> {
    if fd.as_raw_fd() == number {
        return Ok(fd);
    }
    // The old descriptor of that number belongs to a process that was forked for this and uses nothing that it
    // inherited.
    super::makeshift::onto(fd.as_raw_fd(), number)?;
    // SAFETY: just created, with no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::tests::TestChild;

    #[test]
    fn standard_descriptors_are_filled_and_others_closed() {
        let child = TestChild::running(|| {
            close_from(0);
            let closed = (0..64).all(|fd| !fd_is_open(fd));
            let filled = ensure_standard_fds().is_ok();
            i32::from(!(closed && filled && (0..3).all(fd_is_open) && !fd_is_open(3)))
        });
        assert_eq!(child.end(), 0);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    mod on_linux {
        use super::*;
        use crate::sys::sandbox::{Denied, deny, limit};
        use rustix::process::Resource;

        /// Checks that once these calls fail, open descriptors are closed and nothing else is tried: an attempt to
        /// close a number from 1024 up is fatal.
        fn closes_what_is_open(denied: &[&str], close: impl Fn()) -> i32 {
            let child = TestChild::running(|| {
                // Other tests of this process may have some open.
                close_from(1024);
                let limited =
                    rustix::process::getrlimit(Resource::Nofile).maximum.is_none_or(|most| most >= 65_536);
                // SAFETY: /dev/null, and two numbers that nothing in this process owns.
                let opened = unsafe { libc::dup2(libc::open(c"/dev/null".as_ptr(), libc::O_RDWR), 700) };
                if limited && limit(Resource::Nofile, 65_536).is_err() || opened != 700 {
                    return 1;
                }
                let filtered = denied.iter().all(|call| deny(call, Denied::Errno(libc::EINVAL)).is_ok());
                if !filtered || deny("close-many", Denied::Death).is_err() {
                    return 2;
                }
                close();
                i32::from((3..1024).any(fd_is_open)) * 3
            });
            child.end()
        }

        #[test]
        fn only_what_is_open_is_closed() {
            assert_eq!(closes_what_is_open(&[], || close_from(3)), 0);
            assert_eq!(closes_what_is_open(&["close_range-unsigned"], || close_from(3)), 0);
            assert_eq!(closes_what_is_open(&["close_range"], || close_from(3)), 0);
            assert_eq!(closes_what_is_open(&["close_range"], || close_polled(3)), 0);
        }
    }
}
