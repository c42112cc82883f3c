//! Process creation other than `fork`: `clone`, `clone3`, `posix_spawn`.

use std::ffi::{CString, c_int};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;

use super::control::{Forked, pointers};

/// How a clone differs from a fork.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Clone {
    /// The signal sent to the parent on termination; 0 for none.
    pub exit_signal: c_int,
    /// `CLONE_PARENT`: a sibling of its creator, with the creator's exit signal.
    pub sibling: bool,
    /// `CLONE_PIDFD`: also returns a pidfd.
    pub pidfd: bool,
    /// `CLONE_NEWPID`: process 1 of a new PID namespace.
    pub new_pids: bool,
    /// `CLONE_NEWUSER`: in a new user namespace, which lets an ordinary user create the other one.
    pub new_users: bool,
    /// `CLONE_NEWNS`: in a mount namespace of its own.
    pub new_mounts: bool,
    /// With the system call `clone3` instead of `clone`.
    pub clone3: bool,
    /// `set_tid` (Linux 5.5), with `clone3`: the pid in the caller's PID namespace; 0 for any.
    pub pid: c_int,
    /// `CLONE_AUTOREAP` (Linux 7.1): it need not and cannot be reaped. With `clone3` only.
    pub autoreap: bool,
    /// `CLONE_PIDFD_AUTOKILL` (Linux 7.1): the last close of the pidfd kills it. With `clone3` only.
    pub autokill: bool,
}

/// Creates a process with a copy of this one's memory; for what the child may do see [`crate::sys::process::fork`]. The
/// parent also gets the pidfd, if requested.
///
/// # Errors
/// Those of `clone` (`EPERM` if namespaces are not allowed, `EINVAL` for what the kernel does not support); `ENOTSUP`
/// except on Linux.
pub fn clone(how: Clone) -> Result<(Forked, Option<OwnedFd>), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return linux::clone(how);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = how;
        Err(Errno::NOTSUP)
    }
}

/// Creates a process that runs `child` and exits with the code it returns: as [`clone`] does, or on NetBSD by
/// `__clone`, which supports only an exit signal. Returns its pid, and the pidfd if requested.
///
/// # Errors
/// As [`clone`]; `ENOTSUP` except on Linux and NetBSD.
pub fn start(how: Clone, child: impl FnOnce() -> c_int) -> Result<(i32, Option<OwnedFd>), Errno> {
    #[cfg(target_os = "netbsd")]
    return netbsd::start(how, child);
    #[cfg(not(target_os = "netbsd"))]
    match clone(how)? {
        (Forked::Parent(pid), pidfd) => Ok((pid, pidfd)),
        (Forked::Child, _) => super::exit_now(child()),
    }
}

#[cfg(target_os = "netbsd")]
mod netbsd {
    use super::*;
    use crate::sys::process::control::last_errno;
    use crate::sys::process::workload;
    use std::ffi::c_void;

    unsafe extern "C" {
        fn __clone(
            run: extern "C" fn(*mut c_void) -> c_int,
            stack: *mut c_void,
            flags: c_int,
            argument: *mut c_void,
        ) -> c_int;
        fn _lwp_ctl(features: c_int, address: *mut *mut c_void) -> c_int;
    }

    /// From `<sys/lwpctl.h>`; libc 0.2 does not have it.
    const LWPCTL_FEATURE_CURCPU: c_int = 1;

    /// The stack that a child needs until it execs or exits, in words of the stack's alignment.
    const STACK: usize = (1 << 20) / size_of::<u128>();

    /// What a child begins with.
    struct Start<F> {
        child: Option<F>,
        /// The page in which the kernel tells the thread library on which CPU the caller runs; null if there is none.
        cpu: *mut c_void,
        page: usize,
    }

    extern "C" fn enter<F: FnOnce() -> c_int>(argument: *mut c_void) -> c_int {
        // SAFETY: that of `start`, in this process's own copy of the memory.
        let Some(start) = (unsafe { argument.cast::<Start<F>>().as_mut() }) else { return 1 };
        if !start.cpu.is_null() {
            // A child does not inherit that page, which malloc reads. `fork` gets a new one, and `__clone` none: put zeros there.
            let (protection, flags) =
                (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_ANON | libc::MAP_PRIVATE | libc::MAP_FIXED);
            // SAFETY: nothing is mapped there in this process.
            unsafe { libc::mmap(start.cpu, start.page, protection, flags, -1, 0) };
        }
        start.child.take().map_or(1, |child| child())
    }

    /// The page that the kernel shares with the thread library about this thread, and the size of a page.
    fn cpu_page() -> (*mut c_void, usize) {
        let page = workload::page_size();
        let mut at: *mut c_void = std::ptr::null_mut();
        // SAFETY: a pointer to a pointer. The thread library has already called it, which makes this a query.
        if unsafe { _lwp_ctl(LWPCTL_FEATURE_CURCPU, &raw mut at) } != 0 {
            at = std::ptr::null_mut();
        }
        (at.map_addr(|address| address & !(page - 1)), page)
    }

    pub(crate) fn start<F: FnOnce() -> c_int>(how: Clone, child: F) -> Result<(i32, Option<OwnedFd>), Errno> {
        let Clone { exit_signal, .. } = how;
        if how != (Clone { exit_signal, ..Clone::default() }) {
            return Err(Errno::NOTSUP);
        }
        let mut stack = vec![0_u128; STACK];
        let (cpu, page) = cpu_page();
        let mut start = Start { child: Some(child), cpu, page };
        // The stack grows downwards.
        let top = stack.as_mut_ptr_range().end;
        // SAFETY: without CLONE_VM the child has copies of the stack and of the closure, and never returns to this frame; the
        // low byte of the flags is the exit signal.
        let pid = unsafe { __clone(enter::<F>, top.cast(), exit_signal, (&raw mut start).cast()) };
        if pid == -1 { Err(last_errno()) } else { Ok((pid, None)) }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use super::*;
    use crate::sys::process::control::last_errno;
    use std::os::fd::FromRawFd;

    /// `struct clone_args` of Linux 5.3: `flags`, `pidfd`, `child_tid`, `parent_tid`, `exit_signal`, `stack`,
    /// `stack_size`, `tls`; with Linux 5.5 `set_tid` and `set_tid_size`.
    type Arguments = [u64; 10];
    /// The size of those of Linux 5.3.
    const FIRST: usize = size_of::<[u64; 8]>();

    // From `<linux/sched.h>` of Linux 7.1; libc 0.2 has none of them.
    const CLONE_AUTOREAP: u64 = 1 << 34;
    const CLONE_NNP: u64 = 1 << 35;
    const CLONE_PIDFD_AUTOKILL: u64 = 1 << 36;

    pub(crate) fn clone(how: Clone) -> Result<(Forked, Option<OwnedFd>), Errno> {
        let flags = [
            (how.sibling, libc::CLONE_PARENT),
            (how.pidfd, libc::CLONE_PIDFD),
            (how.new_pids, libc::CLONE_NEWPID),
            (how.new_users, libc::CLONE_NEWUSER),
            (how.new_mounts, libc::CLONE_NEWNS),
        ];
        let flags = flags.iter().filter(|(on, _)| *on).fold(0, |bits, (_, flag)| bits | flag);
        let mut pidfd: c_int = -1;
        let pid = if how.clone3 {
            let mut arguments: Arguments = [0; 10];
            let mut size = FIRST;
            if how.pid != 0 {
                arguments[8] = (&raw const how.pid).addr() as u64;
                arguments[9] = 1;
                size = size_of::<Arguments>();
            }
            // An unprivileged caller may use autokill only with a process that gains no privileges.
            let far = [(how.autoreap, CLONE_AUTOREAP), (how.autokill, CLONE_PIDFD_AUTOKILL | CLONE_NNP)];
            let far = far.iter().filter(|(on, _)| *on).fold(0, |bits, (_, flag)| bits | flag);
            arguments[0] = u64::from(flags.cast_unsigned()) | far;
            arguments[1] = (&raw mut pidfd).addr() as u64;
            arguments[4] = i64::from(how.exit_signal).cast_unsigned();
            // SAFETY: a structure of at least the size that is passed; the kernel reads the one pid, which outlives the
            // call, and writes to `pidfd` only. Without CLONE_VM the new process has a copy of this stack and continues
            // there, as after a fork.
            unsafe { libc::syscall(libc::SYS_clone3, arguments.as_mut_ptr(), size) }
        } else {
            let flags = libc::c_long::from(flags | how.exit_signal);
            let none = 0 as libc::c_long;
            let pidfd = &raw mut pidfd;
            // The kernel takes flags and stack in this order, except on s390.
            #[cfg(target_arch = "s390x")]
            let (first, second) = (none, flags);
            #[cfg(not(target_arch = "s390x"))]
            let (first, second) = (flags, none);
            // SAFETY: as above; the third argument is where a pidfd is stored, the others are not used with these
            // flags.
            unsafe { libc::syscall(libc::SYS_clone, first, second, pidfd, none, none) }
        };
        match pid {
            -1 => Err(last_errno()),
            0 => Ok((Forked::Child, None)),
            pid => {
                // SAFETY: a descriptor that the kernel just made for us.
                let pidfd = (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
                Ok((Forked::Parent(pid as i32), pidfd))
            }
        }
    }
}

/// `posix_spawnp` with this argument vector, environment and descriptors; returns the pid.
///
/// # Errors
/// Those of `posix_spawnp`.
pub fn posix_spawn(argv: &[CString]) -> Result<i32, Errno> {
    // SAFETY: no file actions.
    unsafe { spawn_with(argv, std::ptr::null()) }
}

/// The same with `stream` as standard input and output. Unlike a fork, it may be used in a multithreaded process.
///
/// # Errors
/// Those of `posix_spawnp`.
pub fn posix_spawn_on(argv: &[CString], stream: BorrowedFd<'_>) -> Result<i32, Errno> {
    let check = |error| if error == 0 { Ok(()) } else { Err(Errno::from_raw_os_error(error)) };
    let mut actions = std::mem::MaybeUninit::uninit();
    // SAFETY: the call initializes the actions; they are destroyed below, whatever happens in between.
    check(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
    let fd = stream.as_raw_fd();
    let added = [0, 1].iter().try_for_each(|&number| {
        // SAFETY: initialized actions, and numbers.
        check(unsafe { libc::posix_spawn_file_actions_adddup2(actions.as_mut_ptr(), fd, number) })
    });
    // SAFETY: the actions are initialized and live until the call returns.
    let spawned = added.and_then(|()| unsafe { spawn_with(argv, actions.as_ptr()) });
    // SAFETY: initialized above, and not used again.
    unsafe { libc::posix_spawn_file_actions_destroy(actions.as_mut_ptr()) };
    spawned
}

/// # Safety
/// `actions` is null or points to initialized file actions.
unsafe fn spawn_with(
    argv: &[CString],
    actions: *const libc::posix_spawn_file_actions_t,
) -> Result<i32, Errno> {
    let program = argv.first().ok_or(Errno::INVAL)?;
    let argv = pointers(argv);
    let mut pid = 0;
    // SAFETY: a C string, a null-terminated vector of C strings and the environment, all alive for the call, and file
    // actions as the caller says.
    let error = unsafe {
        let environment = *super::environ();
        libc::posix_spawnp(
            &mut pid,
            program.as_ptr(),
            actions,
            std::ptr::null(),
            argv.as_ptr().cast(),
            environment.cast(),
        )
    };
    if error == 0 { Ok(pid) } else { Err(Errno::from_raw_os_error(error)) }
}
