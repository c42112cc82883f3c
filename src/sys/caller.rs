//! State of the calling process and thread that a wait has no business with.

use rustix::io::Errno;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::ffi::c_void;
use std::hint::black_box;
use std::mem::MaybeUninit;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::process::check;

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

/// The timers of `timer_create` that are armed: one signals the process, the other the calling thread.
#[cfg(any(target_os = "linux", target_os = "android"))]
const POSIX_TIMERS: [(&str, i32); 2] = [("process", libc::SIGEV_SIGNAL), ("thread", libc::SIGEV_THREAD_ID)];

/// Those timers, once they are armed.
#[cfg(any(target_os = "linux", target_os = "android"))]
static ARMED_TIMERS: [AtomicPtr<c_void>; 2] = [const { AtomicPtr::new(std::ptr::null_mut()) }; 2];
/// Whether they are: the number of the first is 0.
#[cfg(any(target_os = "linux", target_os = "android"))]
static ARE_ARMED: AtomicBool = AtomicBool::new(false);

/// Creates and starts timers of `timer_create` (XSI timers are those of [`arm_timers`]).
///
/// # Errors
/// `ENOSYS` if the system lacks them.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn arm_posix_timers() -> Result<(), Errno> {
    if ARE_ARMED.load(Ordering::Relaxed) {
        return Ok(());
    }
    for ((_, notify), place) in POSIX_TIMERS.into_iter().zip(&ARMED_TIMERS) {
        let mut timer: libc::timer_t = std::ptr::null_mut();
        // SAFETY: zero is a value of each field; the structures are read, the timer's number is written.
        unsafe {
            let mut event: libc::sigevent = std::mem::zeroed();
            event.sigev_notify = notify;
            event.sigev_signo = libc::SIGALRM;
            event.sigev_notify_thread_id = super::process::thread_id();
            check(libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer))?;
            let mut once: libc::itimerspec = std::mem::zeroed();
            once.it_value.tv_sec = ARMED.into();
            check(libc::timer_settime(timer, 0, &raw const once, std::ptr::null_mut()))?;
        }
        place.store(timer, Ordering::Relaxed);
    }
    ARE_ARMED.store(true, Ordering::Relaxed);
    Ok(())
}

/// The timers of `timer_create` that run; `None` if none was armed.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn running_posix_timers() -> Option<Vec<&'static str>> {
    let runs = |timer: libc::timer_t| {
        // SAFETY: zero is a value of the structure, which is written.
        unsafe {
            let mut now: libc::itimerspec = std::mem::zeroed();
            libc::timer_gettime(timer, &raw mut now) == 0
                && (now.it_value.tv_sec, now.it_value.tv_nsec) != (0, 0)
        }
    };
    let armed = POSIX_TIMERS.into_iter().zip(&ARMED_TIMERS);
    ARE_ARMED.load(Ordering::Relaxed).then(|| {
        armed.filter(|(_, timer)| runs(timer.load(Ordering::Relaxed))).map(|((name, _), _)| name).collect()
    })
}

/// Only Linux's timers are armed.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn arm_posix_timers() -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

/// Only Linux's timers are armed.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn running_posix_timers() -> Option<Vec<&'static str>> {
    None
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

    #[cfg(target_os = "linux")]
    #[test]
    fn posix_timers_run_once_armed() {
        arm_posix_timers().unwrap();
        assert_eq!(running_posix_timers(), Some(vec!["process", "thread"]));
    }

    #[test]
    fn a_thread_starts_in_the_usual_modes() {
        assert_eq!((rounding(), subnormals()), ("nearest", "kept"));
        assert!([None, Some(0x37f), Some(0x27f)].contains(&x87_control()));
        assert!(has_alternate_stack(), "a thread of the standard library has one, to find overflows");
    }
}
