//! An agent's pidfd operations, other than opening one and waiting on it. Linux only: `ENOSYS` elsewhere.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;

/// The result of `PIDFD_GET_INFO`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Info {
    /// The pid, if returned.
    pub pid: Option<i32>,
    /// The status word of a reaped process, if returned.
    pub status: Option<i32>,
}

/// Why no wait on a pidfd is possible here: the error that precedes any examination of the descriptor, if there is one.
/// A seccomp filter returns `EPERM` or `ENOSYS`, a kernel before Linux 5.4 `EINVAL`.
pub fn waits_refused() -> Option<Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return linux::waits_refused();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    Some(Errno::NOSYS)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use super::*;
    use crate::sys::process::control::{check, last_errno};

    /// The first version of `struct pidfd_info` in `<linux/pidfd.h>` (Linux 6.13, 64 bytes); libc 0.2 has none.
    #[repr(C)]
    #[derive(Default)]
    struct Raw {
        mask: u64,
        cgroup: u64,
        pid: u32,
        tgid: u32,
        ppid: u32,
        users_and_groups: [u32; 8],
        exit_code: i32,
    }
    const _: () = assert!(size_of::<Raw>() == 64);

    /// `PIDFD_INFO_PID`, `PIDFD_INFO_EXIT` of the same header.
    const WANT_PID: u64 = 1;
    const WANT_EXIT: u64 = 1 << 3;

    /// `PIDFD_GET_INFO`: `_IOWR(0xFF, 11, struct pidfd_info)`.
    const GET_INFO: rustix::ioctl::Opcode = rustix::ioctl::opcode::read_write::<Raw>(0xFF, 11);

    pub(crate) fn waits_refused() -> Option<Errno> {
        use rustix::process::{PidfdFlags, getpid, pidfd_open};
        // An open descriptor that is not a pidfd gives EBADF, and nothing is reaped.
        let (pipe, _) = rustix::pipe::pipe().ok()?;
        let fd = pipe.as_raw_fd().cast_unsigned();
        let options = libc::WEXITED | libc::WNOHANG;
        // SAFETY: numbers, and a null pointer where no result is wanted. The return value is only compared: it may be
        // wrong.
        let returned = unsafe { libc::waitid(libc::P_PIDFD, fd, std::ptr::null_mut(), options) };
        let refused = (returned == -1).then(last_errno)?;
        let never_had_any = || pidfd_open(getpid(), PidfdFlags::empty()).err() == Some(Errno::NOSYS);
        match refused {
            Errno::PERM | Errno::NOSYS => Some(refused),
            Errno::INVAL if never_had_any() => Some(refused),
            _ => None,
        }
    }

    pub(crate) fn info(fd: BorrowedFd<'_>) -> Result<Info, Errno> {
        let mut raw = Raw { mask: WANT_PID | WANT_EXIT, ..Raw::default() };
        // SAFETY: the request's size is that of the structure, which is all numbers.
        check(unsafe { libc::ioctl(fd.as_raw_fd(), GET_INFO as _, &raw mut raw) })?;
        let field = |bit, value| (raw.mask & bit != 0).then_some(value);
        Ok(Info { pid: field(WANT_PID, raw.pid.cast_signed()), status: field(WANT_EXIT, raw.exit_code) })
    }

    pub(crate) fn watched(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
        use rustix::event::epoll;
        let watcher = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&watcher, fd, epoll::EventData::new_u64(0), epoll::EventFlags::IN)?;
        Ok(watcher)
    }

    pub(crate) fn steal(from: BorrowedFd<'_>, number: i32) -> Result<OwnedFd, Errno> {
        rustix::process::pidfd_getfd(from, number, rustix::process::PidfdGetfdFlags::empty())
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod linux {
    use super::*;

    pub(crate) fn info(fd: BorrowedFd<'_>) -> Result<Info, Errno> {
        let _ = fd.as_raw_fd();
        Err(Errno::NOSYS)
    }

    pub(crate) fn watched(_: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
        Err(Errno::NOSYS)
    }

    pub(crate) fn steal(_: BorrowedFd<'_>, _: i32) -> Result<OwnedFd, Errno> {
        Err(Errno::NOSYS)
    }
}

/// `PIDFD_GET_INFO` with `PIDFD_INFO_EXIT`.
///
/// # Errors
/// `ENOTTY` or `EINVAL` on a kernel without it, `ESRCH` for a reaped process on one that does not keep its exit
/// information.
pub fn info(fd: BorrowedFd<'_>) -> Result<Info, Errno> {
    linux::info(fd)
}

/// `pidfd_send_signal`, including signal 0.
///
/// # Errors
/// `ESRCH` for a reaped process; `EBADF` for a descriptor that is not a pidfd.
pub fn signal(fd: BorrowedFd<'_>, signal: i32) -> Result<(), Errno> {
    super::control::signal_pidfd(fd, signal)
}

/// `pidfd_open` with `PIDFD_THREAD` (Linux 6.9).
///
/// # Errors
/// `EINVAL` on an older kernel, `ESRCH`.
pub fn open_thread(tid: i32) -> Result<OwnedFd, Errno> {
    // PIDFD_THREAD is defined as O_EXCL.
    super::control::pidfd_open(tid, libc::O_EXCL)
}

/// An epoll instance that watches a descriptor for input: readable only if the descriptor becomes ready afterwards.
/// This shows that sleepers are woken, which poll does not require, since it checks the state first.
///
/// # Errors
/// Those of `epoll_create1` and `epoll_ctl`.
pub fn watched(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    linux::watched(fd)
}

/// A duplicate of a descriptor of the process a pidfd refers to: `pidfd_getfd`.
///
/// # Errors
/// `EPERM` without permission to trace the process, `EBADF`; `ENOSYS` on an old kernel.
pub fn steal(from: BorrowedFd<'_>, number: i32) -> Result<OwnedFd, Errno> {
    linux::steal(from, number)
}
