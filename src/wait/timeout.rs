//! Waits with an end.
//!
//! No system has one. For the termination of one child there is something to sleep on (a pidfd on Linux, a kqueue on the
//! BSDs and macOS). For any child, a group, stops and continues, and where a pidfd cannot be had (`ENOSYS`, `EPERM`,
//! `EMFILE`), these functions look with WNOHANG, again and again, with growing pauses of at most 10 ms.
//!
//! They retry where a signal interrupts, and they look once more after the deadline: a child that was ready by then
//! is reported.

use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::Pid;

use super::call::{Waited, waitid, waitpid};
use super::call::{WaitedUsage, wait4};
use super::options::{IdOptions, WaitOptions};
use super::siginfo::ChildInfo;
use super::target::{IdTarget, Target};
use crate::sys::process::exit_watch::ExitWatch;

/// A moment by which something has to have happened.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// A deadline that never comes.
    pub const NEVER: Deadline = Deadline(None);

    /// The moment after that time from now; never, if the clock cannot hold it.
    pub fn after(time: Duration) -> Deadline {
        Deadline(Instant::now().checked_add(time))
    }

    /// The time until then: zero once it has passed, `Duration::MAX` if it never comes.
    pub fn remaining(self) -> Duration {
        match self.0 {
            None => Duration::MAX,
            Some(end) => end.saturating_duration_since(Instant::now()),
        }
    }

    /// Whether it has come.
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

/// The first pause between two looks, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_micros(50), Duration::from_millis(10));

/// Looks until there is something, or the deadline has passed; sleeps on the end of `only` between.
fn bounded<T>(
    deadline: Deadline,
    only: Option<Pid>,
    mut look: impl FnMut() -> Result<Option<T>, Errno>,
) -> Result<Option<T>, Errno> {
    let (mut pause, longest) = PAUSES;
    // The watch begins after a look that found the child alive: until then its pid could be anybody's.
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
            // Time is over, or a signal came: look, and sleep on.
            Some(Ok(false)) => {}
            // It has ended and may not be waitable yet, or not at all if somebody else is: look with pauses.
            Some(Ok(true) | Err(_)) => watch = None,
            None => {
                std::thread::sleep(pause.min(deadline.remaining()));
                pause = (pause * 2).min(longest);
            }
        }
    }
}

/// The one child whose termination is all that is waited for.
fn only_end_of(target: Target, options: WaitOptions) -> Option<Pid> {
    let more = WaitOptions::UNTRACED.bits() | WaitOptions::CONTINUED.bits();
    match target {
        Target::Pid(pid) if options.bits() & more == 0 => Some(pid),
        _ => None,
    }
}

/// [`waitpid()`] until a deadline (a [`Duration`] from now, or an [`Instant`]); `None` says that it passed.
///
/// # Errors
/// As [`waitpid()`], but never `EINTR`.
pub fn waitpid_timeout(
    target: Target,
    options: WaitOptions,
    deadline: impl Into<Deadline>,
) -> Result<Option<Waited>, Errno> {
    bounded(deadline.into(), only_end_of(target, options), || waitpid(target, options | WaitOptions::NOHANG))
}

/// [`wait4()`] until a deadline (a [`Duration`] from now, or an [`Instant`]); `None` says that it passed.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use waitspec::wait::{Pid, Target, WaitOptions, wait4_timeout};
/// let mut child = std::process::Command::new("sleep").arg("60").spawn()?;
/// let target = Target::Pid(Pid::from_child(&child));
/// assert_eq!(wait4_timeout(target, WaitOptions::NONE, Duration::from_millis(5))?, None);
/// child.kill()?;
/// let done = wait4_timeout(target, WaitOptions::NONE, Duration::from_secs(30))?;
/// assert!(done.expect("it is dead").status.is_signaled());
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`wait4()`], but never `EINTR`.
pub fn wait4_timeout(
    target: Target,
    options: WaitOptions,
    deadline: impl Into<Deadline>,
) -> Result<Option<WaitedUsage>, Errno> {
    bounded(deadline.into(), only_end_of(target, options), || wait4(target, options | WaitOptions::NOHANG))
}

/// [`waitid()`] until a deadline (a [`Duration`] from now, or an [`Instant`]); `None` says that it passed.
///
/// # Errors
/// As [`waitid()`], but never `EINTR`.
pub fn waitid_timeout<'fd>(
    target: impl Into<IdTarget<'fd>>,
    options: IdOptions,
    deadline: impl Into<Deadline>,
) -> Result<Option<ChildInfo>, Errno> {
    let target = target.into();
    let more = IdOptions::STOPPED.bits() | IdOptions::CONTINUED.bits();
    let only = match target {
        IdTarget::Child(Target::Pid(pid)) if options.bits() & more == 0 => Some(pid),
        _ => None,
    };
    bounded(deadline.into(), only, || waitid(target, options | IdOptions::NOHANG))
}
