//! Waits with a deadline.
//!
//! No system has such a call. For the termination of one child these functions sleep on a pidfd (Linux) or a kqueue
//! (BSDs and macOS). For any child, a group, stops and continues, and if no pidfd can be had (`ENOSYS`, `EPERM`,
//! `EMFILE`), they poll with WNOHANG, with growing pauses of at most 10 ms.
//!
//! They retry after a signal, and poll once more after the deadline: a child that was ready by then is reported.

use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::Pid;

use super::call::{Waited, try_wait4, try_waitid};
use super::options::{IdOptions, WaitOptions};
use super::siginfo::ChildInfo;
use super::target::{IdTarget, WaitTarget};
use crate::sys::process::exit_watch::ExitWatch;

/// A point in time by which something must happen.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No deadline.
    pub const NEVER: Deadline = Deadline(None);

    /// A deadline this far from now; none if the clock cannot represent it.
    pub fn after(time: Duration) -> Deadline {
        Deadline(Instant::now().checked_add(time))
    }

    /// The remaining time: zero once it has passed, `Duration::MAX` without a deadline.
    pub fn remaining(self) -> Duration {
        match self.0 {
            None => Duration::MAX,
            Some(end) => end.saturating_duration_since(Instant::now()),
        }
    }

    /// Whether the deadline has passed.
    pub fn has_passed(self) -> bool {
        self.remaining().is_zero()
    }
}

impl From<Duration> for Deadline {
    fn from(time: Duration) -> Deadline {
        Deadline::after(time)
    }
}

impl From<Instant> for Deadline {
    fn from(end: Instant) -> Deadline {
        Deadline(Some(end))
    }
}

/// The first pause between two polls, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_micros(50), Duration::from_millis(10));

/// Polls until there is a report or the deadline has passed; between polls, sleeps until `only` exits.
fn bounded<T>(
    deadline: Deadline,
    only: Option<Pid>,
    mut look: impl FnMut() -> Result<Option<T>, Errno>,
) -> Result<Option<T>, Errno> {
    let (mut pause, longest) = PAUSES;
    // The watch starts after a poll that found the child alive: before that, its pid could have been reused.
    let mut watch = None;
    let mut may_watch = only;
    loop {
        let late = deadline.has_passed();
        match look() {
            Ok(None) | Err(Errno::INTR) if late => return Ok(None),
            Ok(None) | Err(Errno::INTR) => {}
            outcome => return outcome,
        }
        if let Some(pid) = may_watch.take() {
            watch = ExitWatch::open(pid).ok();
        }
        match watch.as_ref().map(|watch| watch.sleep(deadline.remaining())) {
            // Out of time, or interrupted by a signal: poll, then go on sleeping.
            Some(Ok(false)) => {}
            // Terminated but not waitable yet, or reaped by someone else: poll with pauses.
            Some(Ok(true) | Err(_)) => watch = None,
            None => {
                std::thread::sleep(pause.min(deadline.remaining()));
                pause = (pause * 2).min(longest);
            }
        }
    }
}

/// The child, if only its termination is being waited for.
fn only_end_of(target: WaitTarget, options: WaitOptions) -> Option<Pid> {
    let more = WaitOptions::UNTRACED | WaitOptions::CONTINUED;
    match target {
        WaitTarget::Pid(pid) if !options.intersects(more) => Some(pid),
        _ => None,
    }
}

/// [`wait4()`](super::wait4()) for at most this long; `None` means that there was nothing to report by then.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use waitspec::wait::{Pid, WaitOptions, wait4_timeout};
/// let mut child = std::process::Command::new("sleep").arg("60").spawn()?;
/// let pid = Pid::from_child(&child);
/// assert_eq!(wait4_timeout(pid, WaitOptions::NONE, Duration::from_millis(5))?, None);
/// child.kill()?;
/// let done = wait4_timeout(pid, WaitOptions::NONE, Duration::from_secs(30))?;
/// assert!(done.expect("it is dead").status.is_signaled());
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`wait4()`](super::wait4()), but never `EINTR`.
pub fn wait4_timeout(
    target: impl Into<WaitTarget>,
    options: WaitOptions,
    timeout: Duration,
) -> Result<Option<Waited>, Errno> {
    let target = target.into();
    bounded(Deadline::after(timeout), only_end_of(target, options), || try_wait4(target, options))
}

/// [`waitid()`](super::waitid()) for at most this long; `None` means that there was nothing to report by then.
///
/// # Errors
/// As [`waitid()`](super::waitid()), but never `EINTR`.
pub fn waitid_timeout<'fd>(
    target: impl Into<IdTarget<'fd>>,
    options: IdOptions,
    timeout: Duration,
) -> Result<Option<ChildInfo>, Errno> {
    let target = target.into();
    let more = IdOptions::STOPPED | IdOptions::CONTINUED;
    let only = match target {
        IdTarget::Child(WaitTarget::Pid(pid)) if !options.intersects(more) => Some(pid),
        _ => None,
    };
    bounded(Deadline::after(timeout), only, || try_waitid(target, options))
}
