//! State of the calling process and thread that a wait has no business with.

use rustix::io::Errno;
use std::hint::black_box;
use std::mem::MaybeUninit;

use crate::sys::process::check;

#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "posix_timers_linux.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "posix_timers_unknown.rs")]
mod posix_timers;

mod attributes;

pub use attributes::{attributes, limits, nice, umask};
pub use posix_timers::{arm_posix_timers, running_posix_timers};

/// The interval timers.
#[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
const TIMERS: [(&str, i32); 3] = [
    ("real", libc::ITIMER_REAL as i32),
    ("virtual", libc::ITIMER_VIRTUAL as i32),
    ("prof", libc::ITIMER_PROF as i32),
];

/// More seconds than a trial takes.
const ARMED: i32 = 1000;

/// Starts the interval timers.
///
/// # Errors
/// `EINVAL` or `ENOSYS` if the system lacks one.
pub fn arm_timers() -> Result<(), Errno> {
    for (_, which) in TIMERS {
        let once = libc::itimerval {
            it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 },
            it_value: libc::timeval { tv_sec: ARMED.into(), tv_usec: 0 },
        };
        // SAFETY: a filled structure; the old value is not requested.
        check(unsafe { libc::setitimer(which as _, &raw const once, std::ptr::null_mut()) })?;
    }
    Ok(())
}

/// The interval timers that run.
pub fn running_timers() -> Vec<&'static str> {
    let runs = |which: i32| {
        let mut now = MaybeUninit::<libc::itimerval>::zeroed();
        // SAFETY: room for the structure, for which zero is a value.
        let now = unsafe {
            libc::getitimer(which as _, now.as_mut_ptr());
            now.assume_init()
        };
        (now.it_value.tv_sec, now.it_value.tv_usec) != (0, 0)
    };
    TIMERS.into_iter().filter(|(_, which)| runs(*which)).map(|(name, _)| name).collect()
}

/// The calling thread's x87 control word: precision, rounding and exceptions of `long double`.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub fn x87_control() -> Option<u16> {
    let mut word: u16 = 0;
    // SAFETY: stores the control word in two bytes of ours, and changes nothing.
    unsafe {
        std::arch::asm!("fnstcw word ptr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags))
    };
    Some(word)
}

/// There is none.
#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
pub fn x87_control() -> Option<u16> {
    None
}

/// The calling thread's rounding mode, which the result of an inexact sum shows.
pub fn rounding() -> &'static str {
    let (one, little) = (black_box(1.0_f64), black_box(1e-30_f64));
    match (one + little > 1.0, one - little < 1.0, -one - little < -1.0) {
        (false, false, _) => "nearest",
        (true, ..) => "up",
        (_, _, true) => "down",
        _ => "zero",
    }
}

/// Whether the calling thread's subnormal numbers are kept or flushed to zero.
pub fn subnormals() -> &'static str {
    if black_box(f64::MIN_POSITIVE) / black_box(2.0) > 0.0 { "kept" } else { "flushed" }
}

/// Whether the calling thread has an alternate signal stack.
pub fn has_alternate_stack() -> bool {
    let mut stack = MaybeUninit::<libc::stack_t>::zeroed();
    // SAFETY: room for the structure, for which zero is a value; nothing is changed.
    let stack = unsafe {
        if libc::sigaltstack(std::ptr::null(), stack.as_mut_ptr()) != 0 {
            return false;
        }
        stack.assume_init()
    };
    stack.ss_flags & libc::SS_DISABLE == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_starts_in_the_usual_modes() {
        assert_eq!((rounding(), subnormals()), ("nearest", "kept"));
        assert!([None, Some(0x37f), Some(0x27f)].contains(&x87_control()));
        assert!(has_alternate_stack(), "a thread of the standard library has one, to find overflows");
    }
}
