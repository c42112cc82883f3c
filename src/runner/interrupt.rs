//! The signals that interrupt a run.

use crate::sys::signal;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// The signal that arrived, or 0.
static INTERRUPT: AtomicI32 = AtomicI32::new(0);
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Installs handlers that record the interrupting signals, so that waits for a warden end early.
pub(crate) fn catch() {
    let flags = signal::Flags::default();
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // A signal that was ignored on entry (nohup) stays ignored.
        if signal::is_ignored(signal) != Some(true) {
            let _ = signal::set_action(signal, signal::Action::Hook(note), flags);
        }
    }
}

fn note(signal: i32) {
    INTERRUPT.store(signal, Ordering::Relaxed);
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// Whether a signal arrived.
pub(super) fn is_pending() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// The same, as a flag to poll.
pub(super) fn flag() -> &'static AtomicBool {
    &INTERRUPTED
}

/// Terminates the process by the signal that interrupted the run, as its parent expects.
pub fn die() -> ! {
    let signal = match INTERRUPT.load(Ordering::Relaxed) {
        0 => libc::SIGINT,
        signal => signal,
    };
    let _ = signal::set_action(signal, signal::Action::Default, signal::Flags::default());
    let _ = signal::raise(signal);
    crate::sys::process::exit_now(130)
}
