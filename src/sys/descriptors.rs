//! The descriptors of this process: creating, moving and closing them, and who is at the other end.

use super::process::{check, last_errno};
use rustix::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use rustix::io::Errno;

/// Whether a descriptor is open.
pub fn fd_is_open(fd: RawFd) -> bool {
    // SAFETY: any number may be asked about.
    unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
}

/// Opens `/dev/null` on each closed standard descriptor, lest the next file opened becomes one of them.
///
/// # Errors
/// Those of opening `/dev/null`.
pub fn ensure_standard_fds() -> Result<(), Errno> {
    while let Some(fd) = (0..3).find(|&fd| !fd_is_open(fd)) {
        // SAFETY: a C string; the descriptor is owned by nobody, on purpose: it is a standard stream from now on.
        let opened = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
        check(opened)?;
        if opened != fd {
            // open always returns the lowest free one, so another thread is opening files at the same time: give up.
            // SAFETY: it was opened right here.
            unsafe { libc::close(opened) };
            return Err(Errno::AGAIN);
        }
    }
    Ok(())
}

/// Takes a descriptor that this program inherited and that nothing in it owns; it is then close-on-exec.
///
/// # Errors
/// `EBADF` if it is not open.
pub fn adopt(fd: RawFd) -> Result<OwnedFd, Errno> {
    if fd < 3 || !fd_is_open(fd) {
        return Err(Errno::BADF);
    }
    // SAFETY: it is open, and no standard stream; what was inherited has no owner but the caller.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    Ok(fd)
}

/// Closes every descriptor from `first` on. For a forked child: no owner may use what this closes.
pub fn close_from(first: RawFd) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: numbers only; see above for the owners.
    if unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) } == 0 {
        return;
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
    {
        // The limit can be in the millions; nobody here opens that many files.
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let end = limit.unwrap_or(u64::MAX).min(65_536) as RawFd;
        for fd in first..end {
            // SAFETY: as above; a closed one is an error without effect.
            unsafe { libc::close(fd) };
        }
    }
}

/// A close-on-exec pipe.
pub fn pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    return rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC);
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    {
        let (read, write) = rustix::pipe::pipe()?;
        rustix::io::fcntl_setfd(&read, rustix::io::FdFlags::CLOEXEC)?;
        rustix::io::fcntl_setfd(&write, rustix::io::FdFlags::CLOEXEC)?;
        Ok((read, write))
    }
}

/// Accepts a connection, close-on-exec and without blocking.
pub fn accept_for_us(listener: &OwnedFd) -> Result<OwnedFd, Errno> {
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    return rustix::net::accept_with(
        listener,
        rustix::net::SocketFlags::CLOEXEC | rustix::net::SocketFlags::NONBLOCK,
    );
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    {
        let socket = rustix::net::accept(listener)?;
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(&socket, true)?;
        Ok(socket)
    }
}

/// The process at the other end of a Unix socket, as a pid of our namespace, if the system reports it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn peer_pid(socket: BorrowedFd<'_>) -> Option<i32> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    let into = (&raw mut peer).cast();
    // SAFETY: the kernel writes no more than `size` bytes to a structure of that size. rustix's pid cannot be 0, which is
    // what the kernel says of a process outside of our PID namespace.
    let returned =
        unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, into, &mut size) };
    (returned == 0 && peer.pid > 0).then_some(peer.pid)
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
    // SAFETY: numbers only. Who owned the old descriptor of that number is a process that is forked for this and uses none
    // of what it inherited.
    if unsafe { libc::dup2(fd.as_raw_fd(), number) } < 0 {
        return Err(last_errno());
    }
    // SAFETY: just made, and owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::tests::Child;

    #[test]
    fn standard_descriptors_are_filled_and_others_closed() {
        let child = Child::running(|| {
            close_from(0);
            let closed = (0..64).all(|fd| !fd_is_open(fd));
            let filled = ensure_standard_fds().is_ok();
            i32::from(!(closed && filled && (0..3).all(fd_is_open) && !fd_is_open(3)))
        });
        assert_eq!(child.end(), 0);
    }
}
