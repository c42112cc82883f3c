//! The wait family as a typed, safe Rust API, with resource usage. Usable by any program; it does not depend on the
//! harness.
//!
//! | call | waits for | returns | systems |
//! |---|---|---|---|
//! | [`wait()`] | any child | [`Pid`], [`WaitStatus`] | all |
//! | [`waitpid()`] | a [`WaitTarget`] | [`Pid`], [`WaitStatus`] | all |
//! | [`wait3()`], [`wait4()`] | any child, a [`WaitTarget`] | [`Waited`]: these and [`Rusage`] | all |
//! | [`waitid()`] | an [`IdTarget`], pidfds too | [`ChildInfo`] | all |
//! | `waitid_usage` | an [`IdTarget`] | [`ChildInfo`], [`Rusage`] | Linux |
//! | `wait6` | a [`WaitTarget`] | all of these | FreeBSD, NetBSD |
//! | [`try_waitpid()`], [`try_wait4()`], ... | | as without `try_`, or nothing: `WNOHANG` | as without |
//! | [`wait4_timeout()`], [`waitid_timeout()`] | | as without `_timeout`, or nothing | as without |
//! | [`ChildProcess`] | one child, owned | [`Waited`] | all |
//!
//! The plain calls return the system's result, `EINTR` included; [`retrying()`] restarts one. They cost as much as the
//! C functions. A blocking call always returns a report.
//!
//! # Ten practices
//!
//! **A pid is a loan.** Once a wait reports a child's termination, its pid is free and may be reused at once: never
//! signal or wait for it again. Until then a dead child keeps its pid. To look without freeing it, call [`waitid()`]
//! with [`IdOptions::NOWAIT`]; on Linux a pidfd refers to its process even after the pid is reused (`IdTarget::PidFd`).
//! [`ChildProcess`] takes care of this: it takes a `std::process::Child` by value, and never signals a pid that it has reaped.
//!
//! **Zombies: always wait.** A terminated child stays in the process table until it is waited for. A loop over
//! [`reap()`] after each SIGCHLD reaps all that are ready: signals of several children merge into one.
//!
//! **Signals interrupt waits.** A blocking call may fail with [`Errno::INTR`], and has then consumed nothing.
//! `retrying(|| wait4(target, options))` restarts it; leave that out where a signal should end the wait.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use waitspec::wait::{Pid, WaitOptions, WaitStatus, retrying, waitpid};
//! let child = Pid::from_child(&std::process::Command::new("true").spawn()?);
//! let (pid, status) = retrying(|| waitpid(child, WaitOptions::NONE))?;
//! assert_eq!((pid, status), (child, WaitStatus::exited(0)));
//! # Ok(()) }
//! ```
//!
//! **Privileges.** A parent may wait for its own children, whatever user they run as (set-user-ID children too), and
//! for no other process: not for grandchildren, siblings or unrelated processes, not even as root. The error is
//! [`Errno::CHILD`], never `EPERM`. (On Linux a tracer may also wait for its tracees.)
//!
//! **Systems differ** in the numbers of options, signals and idtypes, in the status word ([`System`]) and in the unit
//! of `ru_maxrss` ([`Rusage::max_rss_bytes`] converts). What only some systems offer is defined only there, so that
//! using it elsewhere fails at compile time.
//!
//! **Handle errors.** [`Errno::CHILD`] means no child to wait for, [`Errno::INTR`] an interruption, [`Errno::INVAL`] a
//! bug in the caller. Nothing here panics, and no status that cannot be decoded loses its pid: it is [`Event::Unknown`]
//! with [`WaitStatus::as_raw`].
//!
//! **Measure.** [`wait4()`] returns each child's [`Rusage`], with units in the method names. Compare
//! [`Rusage::cpu_time`]: the split into user and system time is an estimate.
//!
//! **Check for signals.** An exit code alone hides a crash. [`WaitStatus::term_signal`] returns the fatal signal,
//! [`WaitStatus::to_exit_code`] makes it a negative number, [`WaitStatus::to_shell_code`] 128 plus its number, and a `match` on [`WaitStatus::event`] covers every event.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use waitspec::wait::{ChildProcess, Event, Signal};
//! let done = ChildProcess::run(std::process::Command::new("sh").args(["-c", "kill -TERM $$"]))?;
//! match done.status.event() {
//!     Event::Exited { code } => panic!("exited {code}"),
//!     Event::Signaled { signal, .. } => assert_eq!(signal, Signal::TERM),
//!     other => panic!("not terminated: {other}"),
//! }
//! # Ok(()) }
//! ```
//!
//! **Keep track of your children.** [`WaitTarget::Any`] also reaps the children of every library in the process, whose own
//! waits then fail with [`Errno::CHILD`]. Wait by pid, or put your children in a group and wait for [`WaitTarget::Group`].
//!
//! **Bound your waits.** [`wait4_timeout()`] and [`waitid_timeout()`] sleep on a pidfd or kqueue where possible, and report
//! a child that was ready when the time was up.
//!
//! No system has a bounded wait. For the termination of one child these functions sleep on a pidfd (Linux) or a kqueue
//! (BSDs and macOS). For any child, a group, stops and continues, and if no pidfd can be had (`ENOSYS`, `EPERM`,
//! `EMFILE`), they poll with WNOHANG, with growing pauses of at most 10 ms. They retry after a signal.

#[cfg(not(feature = "internals"))]
pub(crate) mod errno;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod errno;
#[cfg(not(feature = "internals"))]
pub(crate) mod names;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod names;

mod call;
mod child;
mod options;
mod rusage;
mod siginfo;
mod signal;
mod status;
mod system;
mod target;
mod timeout;

pub use rustix::io::Errno;
pub use rustix::process::Pid;

pub use call::{
    Waited, reap, retrying, try_wait3, try_wait4, try_waitid, try_waitpid, wait, wait3, wait4, waitid,
    waitpid,
};
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
pub use call::{Waited6, try_wait6, wait6};
#[cfg(target_os = "linux")]
pub use call::{try_waitid_usage, waitid_usage};
pub use child::ChildProcess;
pub use options::{IdOptions, WaitOptions};
#[cfg(not(feature = "internals"))]
pub(crate) use rusage::MaxRssUnit;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub use rusage::MaxRssUnit;
pub use rusage::Rusage;
pub use siginfo::ChildInfo;
#[cfg(not(feature = "internals"))]
pub(crate) use siginfo::SiCode;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub use siginfo::SiCode;
pub use signal::Signal;
pub use status::{Event, WaitStatus};
pub use system::System;
#[cfg(not(feature = "internals"))]
pub(crate) use system::{Layout, Machine};
#[cfg(feature = "internals")]
#[doc(hidden)]
pub use system::{Layout, Machine};
pub use target::{IdTarget, WaitTarget};
#[cfg(not(feature = "internals"))]
pub(crate) use timeout::Deadline;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub use timeout::Deadline;
pub use timeout::{wait4_timeout, waitid_timeout};
