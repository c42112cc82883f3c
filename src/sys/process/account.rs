//! What the system says of this process and of itself: usage, times, user, limits, names. Nothing here blocks.

use crate::sys::call::abi::Usage;
use libc::c_int;
use std::ffi::CStr;

/// Whose resource usage to get.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Who {
    /// All threads of this process.
    SelfProcess,
    /// Its terminated and reaped children, and theirs.
    Children,
    /// The calling thread (Linux, FreeBSD, OpenBSD).
    Thread,
}

/// `getrusage`. All fields are present, or none if the system does not support this `who`.
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

/// `times`: elapsed clock, and the user and system time of this process and its reaped children, all in microseconds.
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

/// Whether the effective user is the superuser.
pub fn is_root() -> bool {
    // SAFETY: no arguments, and no failure.
    unsafe { libc::geteuid() == 0 }
}

/// Lets the owner access what this process creates: clears the owner's bits in the umask.
pub fn allow_owner() {
    // SAFETY: numbers only. Without the call, there is no umask either.
    unsafe { libc::umask(libc::umask(libc::S_IRWXU) & !libc::S_IRWXU) };
}

/// The name of the system, its release, and the machine, as `uname` has them; empty where it is not known.
pub fn system_names() -> [String; 3] {
    let mut raw = std::mem::MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: the buffer is a struct utsname, whose fields are zero-terminated strings, zeroed or written.
    let raw = unsafe {
        libc::uname(raw.as_mut_ptr());
        raw.assume_init()
    };
    [&raw.sysname, &raw.release, &raw.machine].map(|field| {
        // SAFETY: as above.
        let text = unsafe { CStr::from_ptr(field.as_ptr()) };
        text.to_string_lossy().into_owned()
    })
}

/// The soft limit on open files; `None` if there is none or it is unknown.
pub fn open_files() -> Option<u64> {
    limits(libc::RLIMIT_NOFILE as _).map(|(soft, _)| soft).filter(|&soft| soft != u64::MAX)
}

/// Whether the hard limit on core files is not 0, as far as is known.
pub fn may_dump_core() -> bool {
    limits(libc::RLIMIT_CORE as _).is_none_or(|(_, hard)| hard != 0)
}

/// The soft and the hard limit of a resource.
fn limits(resource: c_int) -> Option<(u64, u64)> {
    let mut limits = std::mem::MaybeUninit::<libc::rlimit>::zeroed();
    // SAFETY: the buffer is a struct rlimit, whose fields are numbers.
    let limits = unsafe {
        if libc::getrlimit(resource as _, limits.as_mut_ptr()) != 0 {
            return None;
        }
        limits.assume_init()
    };
    #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
    Some((limits.rlim_cur as u64, limits.rlim_max as u64))
}
