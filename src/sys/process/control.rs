//! Fork, exec, exit, signal, measure and reap. Errors are the system's own; no function here waits, [`reap`] included.

use crate::sys::call::abi::Usage;
use crate::sys::process_table;
use libc::{c_char, c_int};
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

/// This process's id.
pub fn pid() -> i32 {
    rustix::process::getpid().as_raw_pid()
}

/// The parent's process id; 0 when it is outside of our PID namespace.
pub fn parent_pid() -> i32 {
    rustix::process::getppid().map_or(0, |pid| pid.as_raw_pid())
}

/// This process's group; 0 when its leader is outside of our PID namespace.
///
/// (`rustix::process::getpgrp` cannot say 0, and this is the group of whatever was started from outside into a
/// container and made no group of its own.)
pub fn group() -> i32 {
    // SAFETY: getpgrp takes nothing and cannot fail.
    unsafe { libc::getpgrp() }
}

/// The session of a process, 0 for this one; 0 when its leader is outside of our PID namespace, like [`group`].
pub fn session_of(pid: i32) -> Result<i32, Errno> {
    // SAFETY: getsid takes a number.
    let session = unsafe { libc::getsid(pid) };
    if session == -1 { Err(last_errno()) } else { Ok(session) }
}

/// Which side of a [`fork`] this is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Forked {
    /// The parent, with the pid of the child.
    Parent(i32),
    /// The child.
    Child,
}

/// `fork()`.
///
/// In the child only the thread that called it exists. Of a process with one thread (warden, agents, plain children)
/// the child may go on as it likes. Of a process with several, a lock that another thread held stays held, the memory
/// allocator's among them: the child may then call nothing but async-signal-safe functions (POSIX `fork`) and ends in
/// [`exec`] or [`exit_now`]. Descriptors, dispositions, the signal mask and the process group are inherited, pending
/// signals, timers and the parent-death signal are not.
///
/// # Errors
/// `EAGAIN` at the limit of processes, `ENOMEM`.
pub fn fork() -> Result<Forked, Errno> {
    // SAFETY: the child is a copy of this process; what it may do is said above, and breaking it can deadlock or
    // fail, not break memory: std's and the C library's locks are in a consistent or a locked state.
    match unsafe { libc::fork() } {
        -1 => Err(last_errno()),
        0 => Ok(Forked::Child),
        pid => Ok(Forked::Parent(pid)),
    }
}

/// [`fork`] with a child that runs `body` and exits with what it returned, 101 if it panicked. The child's pid.
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

/// `_exit(code)`: ends the process at once, without handlers, buffers or destructors.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: no memory is involved and it does not return.
    unsafe { libc::_exit(code) }
}

/// Ends the calling thread, and the process with it only if it was the last.
///
/// Returns only where the system has no such call for the first thread of a process (`ENOSYS`). Nothing of the thread
/// is unwound or freed.
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
        // SAFETY: as above; a null pointer asks that nobody be woken.
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

/// `pause()`: sleeps until a signal handler returned.
pub fn pause() {
    // SAFETY: no arguments.
    unsafe { libc::pause() };
}

/// The vector of pointers that `exec` takes.
pub(crate) fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
}

/// `execvp`: replaces this program by `argv[0]`, sought in `PATH` if it holds no slash. Returns only when it failed.
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

/// [`exec`] with a changed environment: each `NAME=VALUE` is added or replaces what it names, each `NAME` is taken out.
///
/// For a process with one thread only: another one must not look at the environment meanwhile.
pub fn exec_with(argv: &[CString], changes: &[CString]) -> Errno {
    fn name(entry: &CStr) -> &[u8] {
        let bytes = entry.to_bytes();
        bytes.iter().position(|&b| b == b'=').map_or(bytes, |end| &bytes[..end])
    }
    let location = environ();
    let mut entries = Vec::new();
    // SAFETY: the environment is a null-terminated vector of C strings or null, and nobody changes it meanwhile.
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
    // SAFETY: what was there before.
    unsafe { *location = inherited };
    error
}

/// Asks for `signal` when the parent *thread* that forked this process ends; `None` takes that back. Best effort.
///
/// Linux (`PR_SET_PDEATHSIG`), FreeBSD and DragonFly (`PROC_PDEATHSIG_CTL`), nothing elsewhere. A parent that ended
/// before the call is not noticed: compare [`parent_pid`] with what it should be afterwards. An exec of a set-id
/// program and a fork clear it.
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

/// Makes this process the new parent of descendants whose own parents end, or takes that back.
///
/// Linux `PR_SET_CHILD_SUBREAPER`; FreeBSD and DragonFly `PROC_REAP_ACQUIRE` and `PROC_REAP_RELEASE`.
///
/// # Errors
/// `ENOSYS` where the system has no subreapers; else what it said (gVisor: `EINVAL`).
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

/// Whose resource usage.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Who {
    /// All threads of this process.
    SelfProcess,
    /// Its children that ended and were waited for, and theirs.
    Children,
    /// The calling thread (Linux, FreeBSD, OpenBSD).
    Thread,
}

/// `getrusage`. Every field is there, or none where the system does not know such a `who`.
pub fn usage(who: Who) -> Usage {
    let who = match who {
        Who::SelfProcess => libc::RUSAGE_SELF,
        Who::Children => libc::RUSAGE_CHILDREN,
        #[cfg(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd"))]
        Who::Thread => libc::RUSAGE_THREAD,
        #[cfg(not(any(target_os = "linux", target_os = "freebsd", target_os = "openbsd")))]
        Who::Thread => return Usage::default(),
    };
    let mut raw = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the buffer is a struct rusage.
    if unsafe { libc::getrusage(who, raw.as_mut_ptr()) } != 0 {
        return Usage::default();
    }
    // SAFETY: all its fields are numbers, zeroed or written.
    let raw = unsafe { raw.assume_init() };
    crate::sys::call::memory::usage_of(&raw)
}

/// `times`: a clock tick, and the user and system time of this process and of its reaped children, all in microseconds.
pub fn times() -> (i64, [i64; 4]) {
    // SAFETY: sysconf takes any name and reads no memory of ours.
    let hertz = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    let mut raw = std::mem::MaybeUninit::<libc::tms>::zeroed();
    // SAFETY: the buffer is a struct tms, whose fields are numbers.
    let raw = unsafe {
        libc::times(raw.as_mut_ptr());
        raw.assume_init()
    };
    #[allow(clippy::unnecessary_cast, reason = "the widths differ between systems")]
    let tick = 1_000_000 / (hertz as i64).max(1);
    #[allow(clippy::unnecessary_cast, reason = "the widths differ between systems")]
    let ticks = [raw.tms_utime, raw.tms_stime, raw.tms_cutime, raw.tms_cstime].map(|n| n as i64);
    (tick, ticks.map(|n| n * tick))
}

/// The id by which the process table knows the calling thread; the pid where threads have none that can be asked for.
pub fn thread_id() -> i32 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return rustix::thread::gettid().as_raw_pid();
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

/// `kill(pid, signal)` of one process. Signal 0 only asks; any number is passed on.
///
/// # Errors
/// `ESRCH`, `EPERM`; `EINVAL` for an unknown signal, and for a `pid` below 1, which would mean a group or everybody.
pub fn kill(pid: i32, signal: i32) -> Result<(), Errno> {
    if pid < 1 {
        return Err(Errno::INVAL);
    }
    // SAFETY: numbers only.
    check(unsafe { libc::kill(pid, signal) })
}

/// What [`reap`] found.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Reaped {
    /// The child is gone; its raw status.
    Gone(i32),
    /// It cannot be waited for yet, or so the system says.
    NotYet,
    /// The call failed: `ECHILD` when it is no child of ours (any more); `EIO` when it returned what it never may.
    Failed(Errno),
}

/// One `waitpid(pid, WNOHANG)`, to keep the table clean. It never blocks, and no verdict may rest on its answer: the
/// wait of this system is what is judged.
pub fn reap(pid: i32) -> Reaped {
    if pid < 1 {
        return Reaped::Failed(Errno::INVAL);
    }
    // Whatever its exit signal: a faulty system keeps that of an orphan which somebody else had cloned.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const ANY_KIND: c_int = libc::__WALL;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const ANY_KIND: c_int = 0;
    let mut status = 0;
    // SAFETY: the status is an int of ours.
    match unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG | ANY_KIND) } {
        0 => Reaped::NotYet,
        -1 => Reaped::Failed(last_errno()),
        n if n == pid => Reaped::Gone(status),
        _ => Reaped::Failed(Errno::IO),
    }
}

/// Kills a child of ours and reaps it; `None` when it did not die within ten seconds, or when the system's wait does not
/// know of a zombie that the process table shows.
pub fn kill_and_reap(pid: i32) -> Option<i32> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    // A child that ended already is no error.
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

/// The number of threads of this process, where the system tells; that of an emulator which runs it counts its own.
pub fn thread_count() -> Option<usize> {
    if process_table::is_emulated() {
        return None;
    }
    process_table::read(pid()).ok().flatten()?.threads.map(|n| n as usize)
}
