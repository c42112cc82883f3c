//! Restoring the default dispositions, with as few calls as possible: every agent and every child starts with this.

use super::{Action, Flags, LAST, empty, set_action, set_mask};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether [`CHANGED`] holds every signal whose disposition is not the default.
static KNOWN: AtomicBool = AtomicBool::new(false);
/// The signals whose disposition may not be the default.
static CHANGED: [AtomicBool; LAST as usize + 1] = [const { AtomicBool::new(false) }; LAST as usize + 1];

/// Records that a disposition is set.
pub(super) fn note(signal: i32, changed: bool) {
    if let Some(noted) = usize::try_from(signal).ok().and_then(|signal| CHANGED.get(signal)) {
        noted.store(changed, Ordering::Relaxed);
    }
}

/// Determines which dispositions are not the default, so that this process and its forks need to reset only those. From
/// now on [`set_action`] keeps track of them.
pub fn know_dispositions() {
    let Some(changed) = changed_ones() else { return };
    for signal in 1..=LAST {
        note(signal, changed >> (signal - 1) & 1 == 1);
    }
    KNOWN.store(true, Ordering::Relaxed);
}

/// From now on other code, such as a subject's, may change dispositions.
pub fn others_may_change() {
    KNOWN.store(false, Ordering::Relaxed);
}

/// Resets every disposition to the default and unblocks everything: the start of an agent or a child, whatever it
/// inherited.
///
/// Pending signals are delivered. On Linux this includes the numbers the C library reserves (32 and 33): glibc's
/// `posix_spawn` starts every program with both ignored, and a fork of a multithreaded program inherits a handler.
/// Threads started later set up what they need again.
pub fn reset_all() {
    if !KNOWN.load(Ordering::Relaxed) {
        know_dispositions();
    }
    let known = KNOWN.load(Ordering::Relaxed);
    for signal in 1..=LAST {
        // The flags of SIGCHLD matter even with its default action, and nothing lists them.
        let changed = signal == libc::SIGCHLD || CHANGED[signal as usize].load(Ordering::Relaxed);
        if (changed || !known) && set_action(signal, Action::Default, Flags::default()).is_err() {
            reset_hidden(signal);
            note(signal, false);
        }
    }
    KNOWN.store(true, Ordering::Relaxed);
    if unblock_hidden().is_none() {
        // Cannot fail for a valid `how`.
        let _ = set_mask(libc::SIG_SETMASK, &empty());
    }
}

/// The size of the kernel's signal set, as passed to its system calls.
#[cfg(any(target_os = "linux", target_os = "android"))]
const KERNEL_SET: usize = (LAST as usize + 1) / 8;

#[cfg(any(target_os = "linux", target_os = "android"))]
fn reset_hidden(signal: i32) {
    // A kernel sigaction is at most two words, a pointer and a set; all zeros, in any order, is the default.
    let action = [0u64; 8];
    // SAFETY: more than the kernel reads, and nothing is written. SIGKILL and SIGSTOP are rejected.
    unsafe {
        let old = std::ptr::null_mut::<u64>();
        libc::syscall(libc::SYS_rt_sigaction, signal, action.as_ptr(), old, KERNEL_SET)
    };
}

/// Unblocks every signal, including those that the C library reserves; `None` if the system has no such call.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn unblock_hidden() -> Option<()> {
    let set = [0u64; 2];
    // SAFETY: more than the kernel reads, and nothing is written.
    let done = unsafe {
        let old = std::ptr::null_mut::<u64>();
        libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, set.as_ptr(), old, KERNEL_SET)
    };
    (done == 0).then_some(())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn reset_hidden(_: i32) {}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn unblock_hidden() -> Option<()> {
    None
}

/// The set of signals that are ignored or caught, as shown by the process table; `None` if it does not show them.
///
/// Allocates nothing: every child does this right after the fork, when it would have to copy pages of the agent's heap.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn changed_ones() -> Option<u128> {
    // Under an emulator, the table shows the emulator's own dispositions.
    if crate::sys::process_table::is_emulated() {
        return None;
    }
    let mut buffer = [0; 4096];
    listed(crate::sys::platform::system::own_status(&mut buffer)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn changed_ones() -> Option<u128> {
    None
}

/// The set of signals in the fields `SigIgn` and `SigCgt` of a status file.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn listed(text: &[u8]) -> Option<u128> {
    let field = |name: &str| {
        let line = text.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(name.as_bytes()))?;
        u128::from_str_radix(std::str::from_utf8(line).ok()?.trim(), 16).ok()
    };
    Some(field("SigIgn:")? | field("SigCgt:")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::tests::TestChild;
    use crate::sys::signal::is_ignored;

    /// How many signals are ignored in a child that was re-executed after `before`.
    fn ignored_after(before: impl Fn()) -> i32 {
        let child = TestChild::running(|| {
            before();
            reset_all();
            (1..=LAST).filter(|&signal| is_ignored(signal) == Some(true)).count() as i32
        });
        child.end()
    }

    fn ignore(signal: i32) {
        let _ = set_action(signal, Action::Ignore, Flags::default());
    }

    #[test]
    fn what_others_changed_is_reset_too() {
        /// Bypassing [`set_action`], as a subject's code might.
        fn ignore_unseen(signal: i32) {
            // SAFETY: a valid disposition.
            unsafe { libc::signal(signal, libc::SIG_IGN) };
        }
        assert_eq!(ignored_after(|| [libc::SIGTERM, LAST].into_iter().for_each(ignore_unseen)), 0);
        let unseen = || {
            reset_all();
            others_may_change();
            [libc::SIGCHLD, libc::SIGPIPE, libc::SIGTERM, LAST].into_iter().for_each(ignore_unseen);
        };
        assert_eq!(ignored_after(unseen), 0);
        // A change that was not announced is not looked for.
        let unheard = || {
            reset_all();
            ignore_unseen(libc::SIGTERM);
        };
        let expected = i32::from(cfg!(any(target_os = "linux", target_os = "android")));
        if changed_ones().is_some() {
            assert_eq!(ignored_after(unheard), expected);
        }
    }

    #[test]
    fn what_was_changed_is_reset_without_a_list() {
        let without = || {
            reset_all();
            [libc::SIGCHLD, libc::SIGPIPE, libc::SIGTERM, LAST].into_iter().for_each(ignore);
        };
        assert_eq!(ignored_after(without), 0);
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn a_list_is_read() {
        let text =
            b"Name:\tx\nSigBlk:\t00000000ffffffff\nSigIgn:\t0000000000001000\nSigCgt:\t8000000000000001\n";
        assert_eq!(listed(text), Some(1 << 0 | 1 << 12 | 1 << 63));
        // gVisor's file has no such lines.
        assert_eq!(listed(b"Name:\tx\nState:\tR (running)\n"), None);
    }
}
