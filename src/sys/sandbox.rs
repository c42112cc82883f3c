//! Restricting the calling process: system calls, users, descriptors, core files.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit};

/// The effect of a denied system call.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Denied {
    /// It fails with this `errno`.
    Errno(i32),
    /// The process dies of `SIGSYS`.
    Death,
}

/// Denies a system call in the calling thread and its future children: `pidfd_open`, `getppid`, `ptrace`, `unshare`,
/// `clone3` or `close_range`; `clone-into-namespaces`, `waitid-pidfd`, `subreaper`, `close_range-unsigned`, `close-many`,
/// `tcgets` and `tcgets2` deny only `clone` with a namespace flag, `waitid` with `P_PIDFD`, `prctl` with
/// `PR_SET_CHILD_SUBREAPER`, `close_range` up to `UINT_MAX`, `close` from number 1024 on, and `ioctl` with `TCGETS` or
/// `TCGETS2`.
///
/// # Errors
/// `EINVAL` for another name; those of `prctl` (`EINVAL` on a kernel without seccomp); `ENOTSUP` except on Linux.
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
    use libc::{BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

    /// The flags of `clone` that create a namespace.
    const NEW_NAMESPACES: libc::c_int = libc::CLONE_NEWNS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET;

    /// On some architectures the flags of `clone` are its second argument.
    const FLAGS_OF_CLONE: usize = if cfg!(target_arch = "s390x") { 1 } else { 0 };

    /// The offset of the lower half of argument `n` in the filter's data.
    fn argument(n: usize) -> u32 {
        let half = if cfg!(target_endian = "big") { 4 } else { 0 };
        (std::mem::offset_of!(libc::seccomp_data, args) + 8 * n + half) as u32
    }

    pub(crate) fn deny(call: &str, denied: Denied) -> Result<(), Errno> {
        // Argument index, comparison and operand; without them the call is denied regardless of its arguments.
        let (number, only) = match call {
            "pidfd_open" => (libc::SYS_pidfd_open, None),
            "getppid" => (libc::SYS_getppid, None),
            "ptrace" => (libc::SYS_ptrace, None),
            "unshare" => (libc::SYS_unshare, None),
            "clone3" => (libc::SYS_clone3, None),
            "close_range" => (libc::SYS_close_range, None),
            "close_range-unsigned" => (libc::SYS_close_range, Some((1, BPF_JEQ, u32::MAX))),
            "close-many" => (libc::SYS_close, Some((0, BPF_JGE, 1024))),
            "clone-into-namespaces" => {
                (libc::SYS_clone, Some((FLAGS_OF_CLONE, BPF_JSET, NEW_NAMESPACES.cast_unsigned())))
            }
            "subreaper" => {
                (libc::SYS_prctl, Some((0, BPF_JEQ, libc::PR_SET_CHILD_SUBREAPER.cast_unsigned())))
            }
            "tcgets" => (libc::SYS_ioctl, Some((1, BPF_JEQ, libc::TCGETS as u32))),
            "tcgets2" => (libc::SYS_ioctl, Some((1, BPF_JEQ, libc::TCGETS2 as u32))),
            "waitid-pidfd" => (libc::SYS_waitid, Some((0, BPF_JEQ, libc::P_PIDFD))),
            _ => return Err(Errno::INVAL),
        };
        let number = u32::try_from(number).map_err(|_| Errno::INVAL)?;
        let verdict = match denied {
            Denied::Errno(errno) => libc::SECCOMP_RET_ERRNO | errno.cast_unsigned() & 0xffff,
            Denied::Death => libc::SECCOMP_RET_KILL_PROCESS,
        };
        let code = |parts: u32| parts as u16;
        let go = |code, k| sock_filter { code, jt: 0, jf: 0, k };
        // Loads a word, and skips this many instructions if the comparison fails.
        let load_and_test = |at, how, k, jf| {
            [
                go(code(BPF_LD | BPF_W | BPF_ABS), at),
                sock_filter { code: code(BPF_JMP | how | BPF_K), jt: 0, jf, k },
            ]
        };
        // The system call number is the first word of a filter's data.
        let [load, test] = load_and_test(0, BPF_JEQ, number, if only.is_some() { 3 } else { 1 });
        let deny = go(code(BPF_RET | BPF_K), verdict);
        let allow = go(code(BPF_RET | BPF_K), libc::SECCOMP_RET_ALLOW);
        let (mut with_argument, mut plain);
        // Without allocating: a test denies calls in a fork of a multithreaded process.
        let filter: &mut [sock_filter] = match only {
            Some((n, how, k)) => {
                let [load_argument, test_argument] = load_and_test(argument(n), how, k, 1);
                with_argument = [load, test, load_argument, test_argument, deny, allow];
                &mut with_argument
            }
            None => {
                plain = [load, test, deny, allow];
                &mut plain
            }
        };
        let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
        let zero = 0 as libc::c_ulong;
        // SAFETY: numbers only. Without it, an unprivileged user may not install a filter.
        check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1 as libc::c_ulong, zero, zero, zero) })?;
        let mode = libc::SECCOMP_MODE_FILTER as libc::c_ulong;
        // SAFETY: the kernel reads the program, which is of the length that it says, and keeps a copy.
        check(unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) })
    }
}

/// Enters a new user namespace without mappings: every user, including its own, appears there as the overflow uid.
///
/// # Errors
/// Those of `unshare` (`EINVAL` for a multithreaded process, `EPERM` if not permitted); `ENOTSUP` except on Linux.
pub fn unshare_users() -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: a number only.
    return super::process::check(unsafe { libc::unshare(libc::CLONE_NEWUSER) });
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    Err(Errno::NOTSUP)
}

/// Sets whether the process may dump core and be inspected: `PR_SET_DUMPABLE`.
///
/// # Errors
/// Those of `prctl`; `ENOTSUP` except on Linux.
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

/// Sets the soft limit; leaves the hard one alone.
///
/// # Errors
/// Those of `setrlimit`.
pub fn limit(resource: Resource, soft: u64) -> Result<(), Errno> {
    let maximum = rustix::process::getrlimit(resource).maximum;
    rustix::process::setrlimit(resource, Rlimit { current: Some(soft), maximum })
}
