//! Fork, exec, exit, signals and reaping. Errors are the system's; nothing here blocks, [`reap`] included.

use crate::sys::call::room::Roomy;
use crate::sys::process_table;
use libc::{c_char, c_int};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use std::ffi::{CStr, CString};

/// The error of the C function that just failed.
pub(crate) fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// 0 is success, -1 the last error.
pub(crate) fn check(returned: c_int) -> Result<(), Errno> {
    if returned == -1 { Err(last_errno()) } else { Ok(()) }
}

/// `getpid()`.
pub fn pid() -> i32 {
    // SAFETY: no arguments, and no failure.
    unsafe { libc::getpid() }
}

/// `getppid()`; 0 if the parent is outside our PID namespace.
pub fn parent_pid() -> i32 {
    // SAFETY: no arguments, and no failure. rustix's pid cannot be 0.
    unsafe { libc::getppid() }
}

/// `getpgrp()`; 0 if the group leader is outside our PID namespace.
///
/// (`rustix::process::getpgrp` cannot represent 0, which is the group of a process started into a container from
/// outside that has not created a group.)
pub fn group() -> i32 {
    // SAFETY: getpgrp takes nothing and cannot fail.
    unsafe { libc::getpgrp() }
}

/// The process group of a process, 0 for this one; 0 if its leader is outside our PID namespace, like [`group`].
pub fn group_of(pid: i32) -> Result<i32, Errno> {
    // SAFETY: getpgid takes a number.
    let group = unsafe { libc::getpgid(pid) };
    check(group).map(|()| group)
}

/// The session of a process, 0 for this one; 0 if its leader is outside our PID namespace, like [`group`].
pub fn session_of(pid: i32) -> Result<i32, Errno> {
    // SAFETY: getsid takes a number.
    let session = unsafe { libc::getsid(pid) };
    if session == -1 { Err(last_errno()) } else { Ok(session) }
}

/// `setsid()`: becomes the leader of a new session and process group.
///
/// (`rustix::process::setsid` requires a pid in return; older releases of gVisor return 0.)
///
/// # Errors
/// `EPERM` for the leader of a process group.
pub fn new_session() -> Result<(), Errno> {
    // SAFETY: no arguments.
    check(unsafe { libc::setsid() })
}

/// The two sides of a [`fork`].
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Forked {
    /// The parent, with the pid of the child.
    Parent(i32),
    /// The child.
    Child,
}

/// `fork()`.
///
/// The child has only the thread that called it. A child of a single-threaded process (warden, agents, plain children)
/// is unrestricted. With several threads, a lock held by another one stays locked, the allocator's included: the child
/// may then call only async-signal-safe functions (POSIX `fork`) and must end in [`exec`] or [`exit_now`]. Descriptors,
/// dispositions, the signal mask and the process group are inherited; pending signals, timers and the parent-death
/// signal are not.
///
/// # Errors
/// `EAGAIN` at the process limit, `ENOMEM`.
pub fn fork() -> Result<Forked, Errno> {
    // SAFETY: the child is a copy of this process; what it may do is said above, and breaking it can deadlock or
    // fail, not break memory: std's and the C library's locks are in a consistent or a locked state.
    match unsafe { libc::fork() } {
        -1 => Err(last_errno()),
        0 => Ok(Forked::Child),
        pid => Ok(Forked::Parent(pid)),
    }
}

/// [`fork`] with a child that runs `body` and exits with its result, or 101 if it panics. Returns the child's pid.
///
/// # Errors
/// As [`fork`].
pub fn spawn(body: impl FnOnce() -> i32) -> Result<i32, Errno> {
    match fork()? {
        Forked::Child => {
            let body = std::panic::AssertUnwindSafe(body);
            exit_now(std::panic::catch_unwind(body).unwrap_or(101))
        }
        Forked::Parent(pid) => Ok(pid),
    }
}

/// `_exit(code)`: terminates the process at once, without handlers, flushing or destructors.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: no memory is involved and it does not return.
    unsafe { libc::_exit(code) }
}

/// Terminates the calling thread, and the process only if it is the last.
///
/// Returns only if the system cannot do this for the first thread of a process (`ENOSYS`). Nothing is unwound or freed.
pub fn exit_thread(code: i32) -> Errno {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the thread's stack and its locals stay mapped and are never used again.
    unsafe {
        libc::syscall(libc::SYS_exit, code);
    }
    #[cfg(target_os = "freebsd")]
    {
        unsafe extern "C" {
            // sys/thr.h; libc 0.2 does not declare it.
            fn thr_exit(state: *mut libc::c_long);
        }
        // SAFETY: as above; a null pointer means that no thread is woken.
        unsafe { thr_exit(std::ptr::null_mut()) };
    }
    #[cfg(target_os = "netbsd")]
    {
        unsafe extern "C" {
            // lwp.h; libc 0.2 does not declare it.
            fn _lwp_exit() -> c_int;
        }
        // SAFETY: as above.
        unsafe { _lwp_exit() };
    }
    let _ = code;
    Errno::NOSYS
}

/// `pause()`: sleeps until a signal handler returns.
pub fn pause() {
    // SAFETY: no arguments.
    unsafe { libc::pause() };
}

/// The pointer vector for `exec`.
pub(crate) fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
}

/// `execvp`: replaces this program by `argv[0]`, searched in `PATH` if it has no slash. Returns only on failure.
pub fn exec(argv: &[CString]) -> Errno {
    let Some(program) = argv.first() else { return Errno::INVAL };
    let argv = pointers(argv);
    // SAFETY: a C string and a null-terminated vector of C strings, all alive for the call.
    unsafe { libc::execvp(program.as_ptr(), argv.as_ptr()) };
    last_errno()
}

#[cfg(not(target_os = "macos"))]
pub(crate) fn environ() -> *mut *const *const c_char {
    unsafe extern "C" {
        // POSIX, Base Definitions 8.1: every program has it.
        static mut environ: *const *const c_char;
    }
    &raw mut environ
}

#[cfg(target_os = "macos")]
pub(crate) fn environ() -> *mut *const *const c_char {
    // SAFETY: no arguments; the pointer is valid as long as the process.
    unsafe { libc::_NSGetEnviron().cast() }
}

/// [`exec`] with a modified environment: `NAME=VALUE` sets a variable, `NAME` removes it.
///
/// Single-threaded processes only: no other thread may access the environment in the meantime.
pub fn exec_with(argv: &[CString], changes: &[CString]) -> Errno {
    fn name(entry: &CStr) -> &[u8] {
        let bytes = entry.to_bytes();
        bytes.iter().position(|&b| b == b'=').map_or(bytes, |end| &bytes[..end])
    }
    let location = environ();
    let mut entries = Vec::new();
    // SAFETY: the environment is a null-terminated vector of C strings or null, and nothing changes it in the meantime.
    let inherited = unsafe {
        let mut entry = *location;
        while !entry.is_null() && !(*entry).is_null() {
            let current = CStr::from_ptr(*entry);
            if !changes.iter().any(|change| name(change) == name(current)) {
                entries.push(*entry);
            }
            entry = entry.add(1);
        }
        *location
    };
    entries.extend(changes.iter().filter(|c| c.to_bytes().contains(&b'=')).map(|c| c.as_ptr()));
    entries.push(std::ptr::null());
    // SAFETY: the new vector outlives its use: it is taken back before it is dropped.
    unsafe { *location = entries.as_ptr() };
    let error = exec(argv);
    // SAFETY: restores the previous environment.
    unsafe { *location = inherited };
    error
}

/// Requests `signal` on the death of the parent *thread* that forked this process; `None` cancels it. Best effort.
///
/// Linux (`PR_SET_PDEATHSIG`), FreeBSD and DragonFly (`PROC_PDEATHSIG_CTL`), a no-op elsewhere. A parent that died
/// before the call goes unnoticed: compare [`parent_pid`] afterwards. Cleared by an exec of a set-user-ID program and
/// by fork.
pub fn die_with_parent(signal: Option<i32>) {
    #[allow(unused_mut, unused_variables, reason = "not every system has such a call")]
    let mut signal: c_int = signal.unwrap_or(0);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the argument is a number.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, signal as libc::c_ulong);
    }
    #[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
    // SAFETY: the argument points to an int; id 0 is this process.
    unsafe {
        libc::procctl(libc::P_PID, 0, libc::PROC_PDEATHSIG_CTL, (&raw mut signal).cast());
    }
}

/// Sleeps until `parent`, which has forked this process, ends, and ends with it.
///
/// Without a parent-death signal ([`die_with_parent`]) it sleeps on: the parent kills it.
pub fn sleep_until_parent_ends(parent: i32) -> ! {
    die_with_parent(Some(libc::SIGKILL));
    // It may have ended before that call.
    while parent_pid() == parent {
        pause();
    }
    exit_now(0)
}

/// Makes this process the new parent of orphaned descendants, or ends that.
///
/// Linux `PR_SET_CHILD_SUBREAPER`; FreeBSD and DragonFly `PROC_REAP_ACQUIRE` and `PROC_REAP_RELEASE`.
///
/// # Errors
/// `ENOSYS` without subreapers; otherwise those of the system (gVisor: `EINVAL`).
pub fn set_subreaper(on: bool) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the argument is a number.
    return check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, libc::c_ulong::from(on)) });
    #[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
    {
        let command = if on { libc::PROC_REAP_ACQUIRE } else { libc::PROC_REAP_RELEASE };
        // SAFETY: these two commands take no data; the process is this one.
        return check(unsafe { libc::procctl(libc::P_PID, pid() as _, command, std::ptr::null_mut()) });
    }
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "dragonfly"
    )))]
    {
        let _ = on;
        Err(Errno::NOSYS)
    }
}

/// The id of the calling thread in the process table; the pid where threads have no visible id.
pub fn thread_id() -> i32 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: no arguments. A system without threads has no such call.
    return match unsafe { libc::syscall(libc::SYS_gettid) } {
        -1 => pid(),
        tid => tid as i32,
    };
    #[cfg(target_os = "freebsd")]
    // SAFETY: no arguments.
    return unsafe { libc::pthread_getthreadid_np() };
    #[cfg(target_os = "netbsd")]
    // SAFETY: no arguments.
    return unsafe { libc::_lwp_self() };
    #[cfg(target_os = "openbsd")]
    // SAFETY: no arguments.
    return unsafe { libc::getthrid() };
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd"
    )))]
    return pid();
}

/// `pidfd_open(2)`, Linux 5.3, with these flags.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn pidfd_open(pid: i32, flags: c_int) -> Result<OwnedFd, Errno> {
    use rustix::fd::{FromRawFd, RawFd};
    // SAFETY: numbers only. The kernel sets close-on-exec.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags) };
    // SAFETY: a descriptor that was just opened, for us.
    if fd < 0 { Err(last_errno()) } else { Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) }) }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn pidfd_open(_: i32, _: c_int) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}

/// `pidfd_send_signal(2)`, Linux 5.1.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn signal_pidfd(fd: BorrowedFd<'_>, signal: i32) -> Result<(), Errno> {
    use rustix::fd::AsRawFd;
    let info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: a null siginfo means that of kill(2). rustix would reject the numbers that the C library reserves.
    match unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd.as_raw_fd(), signal, info, 0) } {
        -1 => Err(last_errno()),
        _ => Ok(()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn signal_pidfd(_: BorrowedFd<'_>, _: i32) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

/// `kill(pid, signal)` for one process. Signal 0 only probes; any number is passed on.
///
/// # Errors
/// `ESRCH`, `EPERM`; `EINVAL` for an unknown signal, and for a `pid` below 1, which would address a group or everyone.
pub fn kill(pid: i32, signal: i32) -> Result<(), Errno> {
    if pid < 1 {
        return Err(Errno::INVAL);
    }
    // SAFETY: numbers only.
    let sent = check(unsafe { libc::kill(pid, signal) });
    match sent {
        Err(errno @ (Errno::NOSYS | Errno::PERM)) => {
            let by_pidfd = pidfd_open(pid, 0).and_then(|fd| signal_pidfd(fd.as_fd(), signal));
            by_pidfd.map_err(|_| errno)
        }
        sent => sent,
    }
}

/// The result of [`reap`].
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Reaped {
    /// The child was reaped; its raw status.
    Gone(i32),
    /// Not waitable yet, according to the system.
    NotYet,
    /// The call failed: `ECHILD` if it is not (or no longer) our child; `EIO` for an impossible result.
    Failed(Errno),
}

/// One `waitpid(pid, WNOHANG)`, for cleaning up. It never blocks, and no verdict may depend on its result: the system's
/// wait is what is under test.
pub fn reap(pid: i32) -> Reaped {
    if pid < 1 {
        return Reaped::Failed(Errno::INVAL);
    }
    // Whatever its exit signal: a faulty system keeps that of a clone's orphan.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const ANY_KIND: c_int = libc::__WALL;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const ANY_KIND: c_int = 0;
    let mut status = Roomy::new(0);
    // SAFETY: the status is an int of ours.
    let mut poll = |options| unsafe { libc::waitpid(pid, status.pointer(), libc::WNOHANG | options) };
    let polled = match poll(ANY_KIND) {
        // An emulator may not know that option.
        -1 if last_errno() == Errno::INVAL => poll(0),
        polled => polled,
    };
    match polled {
        0 => Reaped::NotYet,
        -1 => Reaped::Failed(last_errno()),
        n if n == pid => Reaped::Gone(status.value()),
        _ => Reaped::Failed(Errno::IO),
    }
}

/// Kills a child of ours and reaps it; `None` if it did not die within ten seconds, or if the system's wait ignores a
/// zombie that the process table shows.
pub fn kill_and_reap(pid: i32) -> Option<i32> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    // A child that is already dead is not an error.
    let _ = kill(pid, libc::SIGKILL);
    loop {
        match reap(pid) {
            Reaped::Gone(status) => return Some(status),
            Reaped::NotYet if process_table::is_zombie(pid) => {
                return match reap(pid) {
                    Reaped::Gone(status) => Some(status),
                    _ => None,
                };
            }
            Reaped::NotYet if std::time::Instant::now() < deadline => std::thread::yield_now(),
            _ => return None,
        }
    }
}

/// The number of threads of this process, if known; under an emulator this includes the emulator's.
pub fn thread_count() -> Option<usize> {
    if process_table::is_emulated() {
        return None;
    }
    process_table::read(pid()).ok().flatten()?.threads.map(|n| n as usize)
}
