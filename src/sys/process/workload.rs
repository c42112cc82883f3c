//! Operations of children only: memory, page faults, exits of single threads, `vfork`.
//!
//! [`crate::scenario`] builds steps from these. Unsupported operations return `ENOTSUP`.

use std::ffi::{CString, c_int};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use rustix::io::Errno;

use super::control::{check, last_errno};

/// The page size, in bytes.
pub fn page_size() -> usize {
    // SAFETY: sysconf takes any name and reads no memory of ours.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}

/// Pages that stay mapped until this value is dropped.
#[derive(Debug)]
pub struct Mapping {
    start: *mut u8,
    len: usize,
    page: usize,
}

// SAFETY: the pages belong to this value alone, and to no thread.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Zeroed private memory of at least `len` bytes, none of its pages touched yet.
    ///
    /// # Errors
    /// Those of `mmap`; `EINVAL` for a length of 0.
    pub fn anonymous(len: usize) -> Result<Mapping, Errno> {
        Mapping::map(len, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON, -1)
    }

    /// The first `len` bytes of a file, shared and read-only, without read-ahead where it can be disabled.
    ///
    /// # Errors
    /// Those of `mmap`; `EINVAL` for a length of 0.
    pub fn of_file(file: BorrowedFd<'_>, len: usize) -> Result<Mapping, Errno> {
        let mapping = Mapping::map(len, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd())?;
        // SAFETY: the range is the mapping that was just made. Advice does not change its contents, and a refusal costs
        // nothing but read-ahead.
        unsafe { libc::madvise(mapping.start.cast(), mapping.len, libc::MADV_RANDOM) };
        Ok(mapping)
    }

    /// At least one page that can be neither read nor written.
    ///
    /// # Errors
    /// Those of `mmap`; `EINVAL` for a length of 0.
    pub fn forbidden(len: usize) -> Result<Mapping, Errno> {
        Mapping::map(len, libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANON, -1)
    }

    fn map(len: usize, protection: c_int, flags: c_int, fd: c_int) -> Result<Mapping, Errno> {
        let page = page_size();
        let len = len.checked_next_multiple_of(page).ok_or(Errno::NOMEM)?;
        // SAFETY: no address is requested, so no existing mapping is replaced.
        let start = unsafe { libc::mmap(ptr::null_mut(), len, protection, flags, fd, 0) };
        if start == libc::MAP_FAILED {
            return Err(last_errno());
        }
        Ok(Mapping { start: start.cast(), len, page })
    }

    /// Writes one byte to every page. Only for [`Mapping::anonymous`].
    pub fn write_pages(&mut self) {
        for offset in (0..self.len).step_by(self.page) {
            // SAFETY: the offset is within the mapping, which is writable as the caller promises by taking an anonymous one;
            // `&mut self` keeps others out.
            unsafe { self.start.add(offset).write_volatile(1) };
        }
    }

    /// Reads one byte of every page. Raises a signal if the file of [`Mapping::of_file`] has been truncated, or the
    /// mapping is [`Mapping::forbidden`].
    pub fn read_pages(&self) {
        for offset in (0..self.len).step_by(self.page) {
            // SAFETY: the offset is within the mapping; if it may not be read, that is a fault, not an access.
            unsafe { self.start.add(offset).read_volatile() };
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by this value and nothing else refers to it.
        unsafe { libc::munmap(self.start.cast(), self.len) };
    }
}

/// Asks the system to drop the cached clean pages of a file, so that the next read needs I/O.
///
/// # Errors
/// Those of `posix_fadvise`; `ENOTSUP` if the system has no such call, or libc 0.2 does not declare it (NetBSD).
pub fn drop_cached_pages(file: BorrowedFd<'_>) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    {
        // SAFETY: the descriptor is open for as long as it is borrowed; no memory is passed.
        match unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) } {
            0 => Ok(()),
            error => Err(Errno::from_raw_os_error(error)),
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    {
        let _ = file;
        Err(Errno::NOTSUP)
    }
}

/// Whether the first thread of a process can exit alone, visibly in the process table
/// ([`crate::sys::process::exit_thread`]).
pub const A_LEADER_CAN_EXIT: bool =
    cfg!(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "netbsd"));

/// `seteuid(uid)`: the real user ID stays the same.
///
/// # Errors
/// Those of `seteuid`.
pub fn seteuid(uid: u32) -> Result<(), Errno> {
    // SAFETY: it takes a number and touches no memory of the caller.
    check(unsafe { libc::seteuid(uid) })
}

/// Whether the process is in a FreeBSD jail, which cannot see its own ID.
pub fn is_jailed() -> bool {
    #[cfg(target_os = "freebsd")]
    {
        let (mut jailed, mut size) = (0 as libc::c_int, size_of::<libc::c_int>());
        let name = c"security.jail.jailed".as_ptr();
        // SAFETY: the name is a string, and the buffer an integer of that size; nothing is set.
        let returned =
            unsafe { libc::sysctlbyname(name, (&raw mut jailed).cast(), &mut size, ptr::null(), 0) };
        returned == 0 && jailed != 0
    }
    #[cfg(not(target_os = "freebsd"))]
    false
}

/// `setegid(gid)`: the real group ID stays the same.
///
/// # Errors
/// Those of `setegid`.
pub fn setegid(gid: u32) -> Result<(), Errno> {
    // SAFETY: it takes a number and touches no memory of the caller.
    check(unsafe { libc::setegid(gid) })
}

/// `setuid(uid)`.
///
/// # Errors
/// Those of `setuid`.
pub fn setuid(uid: u32) -> Result<(), Errno> {
    // SAFETY: passes a number only.
    check(unsafe { libc::setuid(uid) })
}

/// Makes a system call that the kernel may have been built without: NetBSD then sends `SIGSYS` and fails with `ENOSYS`
/// (sys/kern/kern_stub.c, `sys_nosys`).
pub(super) fn ignoring_sigsys<T>(call: impl FnOnce() -> T) -> T {
    // SAFETY: all zeroes is a valid `sigaction`: no flags, an empty mask.
    let [mut ignore, mut before]: [libc::sigaction; 2] = unsafe { std::mem::zeroed() };
    ignore.sa_sigaction = libc::SIG_IGN;
    // SAFETY: reads one structure and writes the other, both ours.
    let changed = unsafe { libc::sigaction(libc::SIGSYS, &raw const ignore, &raw mut before) } == 0;
    let result = call();
    if changed {
        // SAFETY: the action is the one that the system gave.
        unsafe { libc::sigaction(libc::SIGSYS, &raw const before, ptr::null_mut()) };
    }
    result
}

/// `ptrace(PTRACE_TRACEME)`: makes the parent the tracer of the caller.
///
/// # Errors
/// Those of `ptrace`, `ENOSYS` if the kernel was built without it; `ENOTSUP` if there is no such request.
pub fn trace_me() -> Result<(), Errno> {
    ignoring_sigsys(request_trace)
}

fn request_trace() -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the request takes no other argument and touches no memory.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, ptr::null_mut::<u8>(), ptr::null_mut::<u8>()) };
    #[cfg(any(
        target_vendor = "apple",
        target_os = "freebsd",
        target_os = "dragonfly",
        target_os = "netbsd",
        target_os = "openbsd"
    ))]
    // SAFETY: the request takes no other argument and touches no memory.
    let result = unsafe { libc::ptrace(libc::PT_TRACE_ME, 0, ptr::null_mut(), 0) };
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple",
        target_os = "freebsd",
        target_os = "dragonfly",
        target_os = "netbsd",
        target_os = "openbsd"
    ))]
    return if result == -1 { Err(last_errno()) } else { Ok(()) };
    #[allow(unreachable_code, reason = "reached where there is no such request")]
    Err(Errno::NOTSUP)
}

/// The CPU affinity of a thread, restored when this value is dropped.
#[derive(Debug)]
pub struct OneProcessor {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    before: rustix::thread::CpuSet,
}

impl OneProcessor {
    /// Pins the calling thread, and the threads it starts from here on, to its current CPU.
    ///
    /// # Errors
    /// Those of `sched_setaffinity`; `ENOTSUP` if the system has no such call.
    pub fn take() -> Result<OneProcessor, Errno> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            let before = rustix::thread::sched_getaffinity(None)?;
            let mut one = rustix::thread::CpuSet::new();
            one.set(rustix::thread::sched_getcpu());
            rustix::thread::sched_setaffinity(None, &one)?;
            Ok(OneProcessor { before })
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        Err(Errno::NOTSUP)
    }
}

impl Drop for OneProcessor {
    fn drop(&mut self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = rustix::thread::sched_setaffinity(None, &self.before);
    }
}

/// Yields to another runnable thread, in a way that counts as an *involuntary* switch. Linux counts `sched_yield` as
/// one, since the caller stays runnable; where it counts as voluntary this does nothing.
pub fn be_preempted() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::thread::sched_yield();
}

/// The action of a vforked process.
#[derive(Copy, Clone, Debug)]
pub enum Vforked<'a> {
    /// `_exit` with this code.
    Exit(c_int),
    /// `execv` with this argument vector.
    Exec(&'a [CString]),
}

/// Creates a process that shares the caller's memory until it exits or execs, while the caller is suspended; returns
/// the pid.
///
/// Uses `clone(CLONE_VM | CLONE_VFORK)` with a separate stack, since `vfork` itself returns twice on one stack, which
/// no Rust function may.
///
/// # Errors
/// Those of `clone`, and of `execv`, after which the new process has exited and must be reaped by the caller. `ENOTSUP`
/// except on Linux.
pub fn vfork(what: Vforked<'_>) -> Result<i32, Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return linux::vfork(what);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = what;
        Err(Errno::NOTSUP)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use super::*;
    use crate::sys::process::control::pointers;
    use std::ffi::{c_char, c_void};
    use std::sync::atomic::{AtomicI32, Ordering};

    /// What the new process accesses in the caller's memory.
    struct Shared {
        code: c_int,
        exec: Option<(*const c_char, *const *const c_char)>,
        error: AtomicI32,
    }

    /// Runs in the new process, on its own stack: makes system calls only.
    extern "C" fn start(shared: *mut c_void) -> c_int {
        // SAFETY: `shared` is the `Shared` of the caller, which sleeps until this process has exited or exec'ed.
        let shared = unsafe { &*shared.cast::<Shared>() };
        if let Some((program, arguments)) = shared.exec {
            // SAFETY: both are C strings, the list ends with a null pointer, and all live in the sleeping caller.
            unsafe { libc::execv(program, arguments) };
            // SAFETY: reads the errno of the only running thread of this memory.
            shared.error.store(unsafe { *libc::__errno_location() }, Ordering::Relaxed);
        }
        // SAFETY: ends the new process without running any handler of the caller.
        unsafe { libc::_exit(shared.code) }
    }

    pub(crate) fn vfork(what: Vforked<'_>) -> Result<i32, Errno> {
        const STACK: usize = 64 * 1024;
        let arguments;
        let mut shared = Shared { code: 127, exec: None, error: AtomicI32::new(0) };
        match what {
            Vforked::Exit(code) => shared.code = code,
            Vforked::Exec(argv) => {
                let program = argv.first().ok_or(Errno::INVAL)?.as_ptr();
                arguments = pointers(argv);
                shared.exec = Some((program, arguments.as_ptr()));
            }
        }
        let stack = Mapping::anonymous(STACK)?;
        // SAFETY: the end of the stack's mapping, page-aligned. Every Linux that Rust knows grows its stacks downwards.
        let top = unsafe { stack.start.add(stack.len) };
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: `start` has the right type, the stack and `shared` outlive the new process's use of them, since CLONE_VFORK
        // keeps this thread asleep until it has exited or exec'ed.
        let pid = unsafe { libc::clone(start, top.cast(), flags, (&raw mut shared).cast()) };
        if pid == -1 {
            return Err(last_errno());
        }
        match shared.error.load(Ordering::Relaxed) {
            0 => Ok(pid),
            error => Err(Errno::from_raw_os_error(error)),
        }
    }
}
