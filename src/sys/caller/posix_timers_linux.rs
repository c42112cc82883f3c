//! The timers of `timer_create` on Linux.

use rustix::io::Errno;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::ARMED;
use crate::sys::process::check;

/// The timers of `timer_create` that are armed: one signals the process, the other the calling thread.
const POSIX_TIMERS: [(&str, i32); 2] = [("process", libc::SIGEV_SIGNAL), ("thread", libc::SIGEV_THREAD_ID)];

/// Those timers, once they are armed.
static ARMED_TIMERS: [AtomicPtr<c_void>; 2] = [const { AtomicPtr::new(std::ptr::null_mut()) }; 2];
/// Whether they are: the number of the first is 0.
static ARE_ARMED: AtomicBool = AtomicBool::new(false);

/// Creates and starts timers of `timer_create` (XSI timers are those of [`arm_timers`]).
///
/// # Errors
/// `ENOSYS` if the system lacks them.
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
            event.sigev_notify_thread_id = crate::sys::process::thread_id();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posix_timers_run_once_armed() {
        arm_posix_timers().unwrap();
        assert_eq!(running_posix_timers(), Some(vec!["process", "thread"]));
    }
}
