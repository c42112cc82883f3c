//! The wait calls: the C library's functions, and the raw system calls of Linux.
//!
//! The functions here are the thinnest safe form. A call with nothing to report (`WNOHANG`) returns a pid of 0.
//! Anything that the system left unwritten reads as zero, except the usage of `wait3` and `wait4` on Linux.
//! [`crate::wait`] adds types.

use std::mem::MaybeUninit;

use libc::{c_int, pid_t};
use rustix::io::Errno;

#[cfg(target_os = "linux")]
use super::abi::NotOffered;
use super::memory;
use super::room::Roomy;

/// Functions of C libraries that the `libc` crate does not declare.
pub(crate) mod missing {
    use libc::{c_int, pid_t};

    #[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
    pub use libc::wait4;

    unsafe extern "C" {
        /// <https://illumos.org/man/3C/wait4>
        #[cfg(any(target_os = "illumos", target_os = "solaris"))]
        pub fn wait4(pid: pid_t, status: *mut c_int, options: c_int, rusage: *mut libc::rusage) -> pid_t;

        /// <https://man.netbsd.org/wait.2>: NetBSD 6 widened `time_t`; the function has had a new symbol since then.
        #[cfg_attr(target_os = "netbsd", link_name = "__wait350")]
        pub fn wait3(status: *mut c_int, options: c_int, rusage: *mut libc::rusage) -> pid_t;

        /// <https://man.freebsd.org/cgi/man.cgi?wait6>, <https://man.netbsd.org/wait.2>,
        /// <https://man.dragonflybsd.org/?command=wait6&section=2>
        #[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
        pub fn wait6(
            idtype: libc::idtype_t,
            id: libc::id_t,
            status: *mut c_int,
            options: c_int,
            usage: *mut crate::sys::call::memory::WRusage,
            info: *mut libc::siginfo_t,
        ) -> pid_t;
    }
}

/// Whether `wait3` of this C library fills the `libc` crate's `struct rusage`.
///
/// On 32-bit Linux with a 64-bit `time_t` the function has another symbol, only in some versions.
pub(crate) const WAIT3_FITS: bool =
    !cfg!(target_os = "linux") || size_of::<libc::timeval>() == 2 * size_of::<libc::c_long>();

/// The calling thread's `errno`.
pub(crate) fn errno() -> *mut c_int {
    // SAFETY: these functions take nothing, and return a pointer that is valid as long as the calling thread lives.
    unsafe {
        #[cfg(any(target_os = "linux", target_os = "dragonfly"))]
        return libc::__errno_location();
        #[cfg(any(target_os = "freebsd", target_os = "macos", target_os = "ios"))]
        return libc::__error();
        #[cfg(any(target_os = "netbsd", target_os = "openbsd", target_os = "android"))]
        return libc::__errno();
        #[cfg(any(target_os = "illumos", target_os = "solaris"))]
        return libc::___errno();
    }
}

/// A non-negative result. `EPROTO` for a negative one other than -1, which no system may return.
///
/// # Errors
/// As above; for -1, the calling thread's `errno`.
#[inline]
pub fn checked(ret: c_int) -> Result<c_int, Errno> {
    match ret {
        0.. => Ok(ret),
        // SAFETY: the pointer is this thread's own and valid.
        -1 => Err(Errno::from_raw_os_error(unsafe { *errno() })),
        _ => Err(Errno::PROTO),
    }
}

#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
fn no_usage() -> libc::rusage {
    // SAFETY: the structure is all numbers; zero is a value of each.
    unsafe { std::mem::zeroed() }
}

fn no_info() -> libc::siginfo_t {
    // SAFETY: the structure is all numbers and raw pointers; zero is a value of each.
    unsafe { std::mem::zeroed() }
}

/// What a call returned, for [`checked`], and the status word.
pub type Returned = (c_int, c_int);

/// The usage in a report, as the system wrote it: converting all of it costs more than the call.
#[derive(Copy, Clone, Debug)]
#[repr(transparent)]
pub struct UsageBuffer(MaybeUninit<libc::rusage>);

impl UsageBuffer {
    /// A usage of zeros.
    pub const ZERO: UsageBuffer = UsageBuffer(MaybeUninit::zeroed());

    /// The buffer for a call.
    ///
    /// Linux fills all of it whenever it reports a child. Others may report a stop or a continue without filling it.
    #[inline]
    const fn for_report() -> UsageBuffer {
        if cfg!(any(target_os = "linux", target_os = "android")) {
            UsageBuffer(MaybeUninit::uninit())
        } else {
            UsageBuffer::ZERO
        }
    }

    /// A usage that a call has filled.
    #[inline]
    pub const fn filled(usage: libc::rusage) -> UsageBuffer {
        UsageBuffer(MaybeUninit::new(usage))
    }

    /// What was written. May be read only if the call has reported a child.
    #[inline]
    pub const fn get(&self) -> &libc::rusage {
        // SAFETY: the structure is all numbers. It began as zeros, or a system that fills all of it has reported a child.
        unsafe { self.0.assume_init_ref() }
    }
}

/// `wait(&status)`
///
/// # Errors
/// Those of the system: `ECHILD`, `EINTR`.
#[inline]
pub fn wait() -> Result<(pid_t, c_int), Errno> {
    let mut status = Roomy::new(0);
    // SAFETY: the pointer is to a live integer.
    let pid = checked(unsafe { libc::wait(status.pointer()) })?;
    Ok((pid, status.value()))
}

/// `waitpid(pid, &status, options)`
///
/// The errors are those of the system: `ECHILD`, `EINTR`, `EINVAL`, `ESRCH`.
#[inline]
pub fn waitpid(pid: pid_t, options: c_int) -> Returned {
    let mut status = Roomy::new(0);
    // SAFETY: the pointer is to a live integer.
    let ret = unsafe { libc::waitpid(pid, status.pointer(), options) };
    (ret, status.value())
}

/// `wait4(pid, &status, options, &rusage)`
///
/// The errors are those of the system: `ECHILD`, `EINTR`, `EINVAL`, `ESRCH`.
#[inline]
pub fn wait4(pid: pid_t, options: c_int) -> (Returned, UsageBuffer) {
    let (mut status, mut usage) = (Roomy::new(0), Roomy::new(UsageBuffer::for_report()));
    // SAFETY: both pointers are to live values of the types that the function fills.
    let ret = unsafe { missing::wait4(pid, status.pointer(), options, usage.pointer().cast()) };
    ((ret, status.value()), usage.value())
}

/// `wait3(&status, options, &rusage)`
///
/// The errors are those of the system: `ECHILD`, `EINTR`, `EINVAL`; `ENOSYS` on 32-bit Linux with a 64-bit `time_t`.
#[inline]
pub fn wait3(options: c_int) -> (Returned, UsageBuffer) {
    let (mut status, mut usage) = (Roomy::new(0), Roomy::new(UsageBuffer::for_report()));
    if !WAIT3_FITS {
        // SAFETY: the pointer is this thread's own and valid.
        unsafe { *errno() = libc::ENOSYS };
        return ((-1, 0), UsageBuffer::ZERO);
    }
    // SAFETY: both pointers are to live values of the types that the function fills.
    let ret = unsafe { missing::wait3(status.pointer(), options, usage.pointer().cast()) };
    ((ret, status.value()), usage.value())
}

/// The fields of a `siginfo_t` filled by the wait family, with the host's values.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct RawInfo {
    /// `si_signo`
    pub signo: c_int,
    /// `si_code`
    pub code: c_int,
    /// `si_pid`
    pub pid: pid_t,
    /// `si_uid`
    pub uid: libc::uid_t,
    /// `si_status`
    pub status: c_int,
}

impl RawInfo {
    fn of(info: &libc::siginfo_t) -> RawInfo {
        let (pid, uid, status) = memory::child_of(info);
        RawInfo { signo: info.si_signo, code: info.si_code, pid, uid, status }
    }
}

/// `waitid(idtype, id, &info, options)`
///
/// # Errors
/// Those of the system: `ECHILD`, `EINTR`, `EINVAL`, and for a pidfd `EBADF` and `EAGAIN`.
#[inline]
pub fn waitid(idtype: libc::idtype_t, id: libc::id_t, options: c_int) -> Result<RawInfo, Errno> {
    let mut info = Roomy::new(no_info());
    // SAFETY: the pointer is to a live value of the type that the function fills.
    checked(unsafe { libc::waitid(idtype, id, info.pointer(), options) })?;
    Ok(RawInfo::of(&info.value()))
}

/// The raw Linux system call `waitid`, with its fifth argument.
///
/// # Errors
/// Those of the system, as for [`waitid`].
#[cfg(target_os = "linux")]
pub fn waitid_usage(
    idtype: libc::idtype_t,
    id: libc::id_t,
    options: c_int,
) -> Result<(RawInfo, libc::rusage), Errno> {
    let mut info = Roomy::new(no_info());
    // SAFETY: the structure is all numbers; zero is a value of each.
    let mut usage: Roomy<memory::KernelRusage> = Roomy::new(unsafe { std::mem::zeroed() });
    let (info_at, usage_at) = (info.pointer(), usage.pointer());
    // SAFETY: both pointers are to live values of the types that the system call fills.
    checked(unsafe { raw_waitid(i64::from(idtype), i64::from(id), info_at, options, usage_at) } as c_int)?;
    Ok((RawInfo::of(&info.value()), memory::host_rusage(&usage.value())))
}

/// The raw system call: `siginfo_t` is the same in the kernel and every Linux C library, `rusage` is not.
///
/// # Safety
/// Each pointer is null, or writable for its type, or one the kernel can tell is neither.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn raw_waitid(
    idtype: i64,
    id: i64,
    info: *mut libc::siginfo_t,
    options: c_int,
    usage: *mut memory::KernelRusage,
) -> libc::c_long {
    #[allow(clippy::unnecessary_cast, reason = "a long has 32 bits on some machines")]
    let (idtype, id) = (idtype as libc::c_long, id as libc::c_long);
    // SAFETY: the caller's promise; the kernel writes through no other pointer.
    unsafe { libc::syscall(libc::SYS_waitid, idtype, id, info, libc::c_long::from(options), usage) }
}

/// The raw system call. 32-bit RISC-V has none.
///
/// # Safety
/// Each pointer is null, or writable for its type, or one the kernel can tell is neither.
#[cfg(all(target_os = "linux", not(target_arch = "riscv32")))]
pub(crate) unsafe fn raw_wait4(
    pid: pid_t,
    status: *mut c_int,
    options: c_int,
    usage: *mut memory::KernelRusage,
) -> libc::c_long {
    let (pid, options) = (libc::c_long::from(pid), libc::c_long::from(options));
    // SAFETY: the caller's promise; the kernel writes through no other pointer.
    unsafe { libc::syscall(libc::SYS_wait4, pid, status, options, usage) }
}

/// A report of `wait6`.
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
#[derive(Copy, Clone, Debug)]
pub struct RawWaited6 {
    /// The child, or 0.
    pub pid: pid_t,
    /// Its status word.
    pub status: c_int,
    /// Its own usage.
    pub own: libc::rusage,
    /// The usage of its reaped children.
    pub children: libc::rusage,
    /// The siginfo.
    pub info: RawInfo,
}

/// `wait6(idtype, id, &status, options, &wrusage, &info)`
///
/// # Errors
/// Those of the system: `ECHILD`, `EINTR`, `EINVAL`.
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
pub fn wait6(idtype: libc::idtype_t, id: libc::id_t, options: c_int) -> Result<RawWaited6, Errno> {
    let (mut status, mut info) = (0, no_info());
    let mut usage = memory::WRusage { own: no_usage(), children: no_usage() };
    // SAFETY: the pointers are to live values of the types that the function fills.
    let pid = checked(unsafe { missing::wait6(idtype, id, &mut status, options, &mut usage, &mut info) })?;
    Ok(RawWaited6 { pid, status, own: usage.own, children: usage.children, info: RawInfo::of(&info) })
}

/// A borrowed descriptor of this number, for the duration of one call.
///
/// # Errors
/// A negative number is not a descriptor in Rust's types.
#[cfg(target_os = "linux")]
pub(crate) fn lend<'a>(fd: c_int) -> Result<rustix::fd::BorrowedFd<'a>, NotOffered> {
    if fd < 0 {
        return Err(NotOffered("a negative descriptor cannot be typed"));
    }
    // SAFETY: the number is not -1. A case may well pass a number that is not open, to see EBADF: nothing is read from
    // or written to the descriptor, and it is not kept.
    Ok(unsafe { rustix::fd::BorrowedFd::borrow_raw(fd) })
}

/// The page size in bytes.
pub fn page_size() -> u64 {
    super::hostile::page_size() as u64
}
