//! What takes something away from the calling process: system calls, users, descriptors, core files.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit};

/// What becomes of a system call that is not allowed.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Denied {
    /// It fails with this `errno`.
    Errno(i32),
    /// The process dies of `SIGSYS`.
    Death,
}

/// From here on the system call of that name is not allowed in this process and what it forks: `pidfd_open` or `getppid`.
///
/// # Errors
/// `EINVAL` for another name; those of `prctl` (`EINVAL` in a kernel without seccomp); `ENOTSUP` but on Linux.
pub fn deny(call: &str, denied: Denied) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return linux::deny(call, denied);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (call, denied);
        Err(Errno::NOTSUP)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use super::*;
    use crate::sys::process::check;
    use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

    pub(super) fn deny(call: &str, denied: Denied) -> Result<(), Errno> {
        let number = match call {
            "pidfd_open" => libc::SYS_pidfd_open,
            "getppid" => libc::SYS_getppid,
            _ => return Err(Errno::INVAL),
        };
        let number = u32::try_from(number).map_err(|_| Errno::INVAL)?;
        let verdict = match denied {
            Denied::Errno(errno) => libc::SECCOMP_RET_ERRNO | errno.cast_unsigned() & 0xffff,
            Denied::Death => libc::SECCOMP_RET_KILL_PROCESS,
        };
        let code = |parts: u32| parts as u16;
        let go = |code, k| sock_filter { code, jt: 0, jf: 0, k };
        // The number of the call is the first word of the data that a filter sees.
        let mut filter = [
            go(code(BPF_LD | BPF_W | BPF_ABS), 0),
            sock_filter { code: code(BPF_JMP | BPF_JEQ | BPF_K), jt: 0, jf: 1, k: number },
            go(code(BPF_RET | BPF_K), verdict),
            go(code(BPF_RET | BPF_K), libc::SECCOMP_RET_ALLOW),
        ];
        let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
        let zero = 0 as libc::c_ulong;
        // SAFETY: numbers only. Without it an ordinary user may install no filter.
        check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1 as libc::c_ulong, zero, zero, zero) })?;
        let mode = libc::SECCOMP_MODE_FILTER as libc::c_ulong;
        // SAFETY: the kernel reads the program, which is of the length that it says, and keeps a copy.
        check(unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) })
    }
}

/// Goes into a new user namespace in which no user is mapped: everybody, this process too, looks like the overflow user there.
///
/// # Errors
/// Those of `unshare` (`EINVAL` for a process with several threads, `EPERM` where it is not allowed); `ENOTSUP` but on
/// Linux.
pub fn unshare_users() -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: a number only.
    return super::process::check(unsafe { libc::unshare(libc::CLONE_NEWUSER) });
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    Err(Errno::NOTSUP)
}

/// The next process of this PID namespace gets the number after that one, if it is free: written to `ns_last_pid`.
///
/// # Errors
/// `EACCES`, `EPERM` or `EROFS` for who may not; `ENOENT` but on Linux.
pub fn set_last_pid(pid: i32) -> Result<(), Errno> {
    std::fs::write("/proc/sys/kernel/ns_last_pid", pid.to_string())
        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

/// Whether the process may dump core and be looked into: `PR_SET_DUMPABLE`.
///
/// # Errors
/// Those of `prctl`; `ENOTSUP` but on Linux.
pub fn set_dumpable(on: bool) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: numbers only.
    return super::process::check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, libc::c_ulong::from(on)) });
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = on;
        Err(Errno::NOTSUP)
    }
}

/// Sets the soft limit; the hard one stays.
///
/// # Errors
/// Those of `setrlimit`.
pub fn limit(resource: Resource, soft: u64) -> Result<(), Errno> {
    let maximum = rustix::process::getrlimit(resource).maximum;
    rustix::process::setrlimit(resource, Rlimit { current: Some(soft), maximum })
}
