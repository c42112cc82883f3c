//! The wait family as a typed, safe Rust API, with resource usage. Of use to any program; it knows nothing of the
//! harness.
//!
//! | call | whom | what it tells | where |
//! |---|---|---|---|
//! | [`wait()`] | any child | [`WaitStatus`] | everywhere |
//! | [`waitpid()`] | a [`Target`] | [`WaitStatus`] | everywhere |
//! | [`wait3()`], [`wait4()`] | any child, a [`Target`] | [`WaitStatus`], [`Rusage`] | everywhere |
//! | [`waitid()`] | an [`IdTarget`], pidfds too | [`ChildInfo`] | everywhere |
//! | `waitid_usage` | an [`IdTarget`] | [`ChildInfo`], [`Rusage`] | Linux |
//! | `wait6` | a [`Target`] | all of it | FreeBSD, NetBSD |
//! | [`waitpid_timeout()`], [`wait4_timeout()`], [`waitid_timeout()`] | | as without `_timeout` | as without |
//!
//! The plain calls return what the system says, `EINTR` included; [`retrying()`] makes one again. They cost what the C
//! functions cost.
//!
//! # Ten practices
//!
//! **A pid is a loan.** From the wait that reports a child's end its pid is free, and may be another process's at once:
//! never signal or wait for it again. Until that wait a dead child keeps its pid. To look without freeing it, ask
//! [`waitid()`] with [`IdOptions::NOWAIT`]; on Linux a pidfd stays with its process whatever becomes of the number
//! (`IdTarget::PidFd`).
//!
//! **Zombies: always wait.** A child that ended and was not waited for stays in the process table. A loop of
//! [`reap()`] after each SIGCHLD clears all that are ready: signals of many children merge into one.
//!
//! **Signals interrupt waits.** A blocking call may fail with [`Errno::INTR`], and then has consumed nothing.
//! `retrying(|| wait4(target, options))` makes it again; leave it out where a signal shall end the wait.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use waitspec::wait::{Pid, Target, WaitOptions, WaitStatus, retrying, waitpid};
//! let child = Pid::from_child(&std::process::Command::new("true").spawn()?);
//! let done = retrying(|| waitpid(Target::Pid(child), WaitOptions::NONE))?.expect("there was no NOHANG");
//! assert_eq!(done.status, WaitStatus::exited(0));
//! # Ok(()) }
//! ```
//!
//! **Privileges.** A parent may wait for its own children, whoever they run as (a set-user-id child too), and for nobody
//! else: not for grandchildren, siblings or strangers, not even as root. The answer to the rest is [`Errno::CHILD`],
//! never `EPERM`. (On Linux a tracer may also wait for whom it traces.)
//!
//! **Systems differ.** The numbers of options, signals and idtypes do, the status word does ([`Layout`]), the unit of
//! `ru_maxrss` does ([`MaxRssUnit`]). What only some systems have exists here only there, so that it fails at
//! compile time and not at run time.
//!
//! **Handle errors.** [`Errno::CHILD`] is an answer (nobody to wait for), [`Errno::INTR`] a question (again?),
//! [`Errno::INVAL`] a bug in the call. Nothing here panics, and no status that cannot be understood loses its pid:
//! it is [`Event::Unknown`] with [`WaitStatus::as_raw`].
//!
//! **Measure.** [`wait4()`] gives each child's [`Rusage`], in units that its methods name. Take
//! [`Rusage::cpu_time`] for comparisons: the split in user and system time is an estimate.
//!
//! **Ask for signals.** An exit code alone hides a crash. [`WaitStatus::term_signal`] tells which signal killed a child,
//! [`WaitStatus::to_exit_code`] makes it a negative number, and a `match` on [`WaitStatus::event`] forgets none.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use waitspec::wait::{Event, Pid, Signal, Target, WaitOptions, waitpid};
//! let child = Pid::from_child(&std::process::Command::new("sh").args(["-c", "kill -TERM $$"]).spawn()?);
//! let done = waitpid(Target::Pid(child), WaitOptions::NONE)?.expect("there was no NOHANG");
//! match done.status.event() {
//!     Event::Exited { code } => panic!("exited {code}"),
//!     Event::Signaled { signal, .. } => assert_eq!(signal, Signal::TERM),
//!     other => panic!("not ended: {other}"),
//! }
//! # Ok(()) }
//! ```
//!
//! **Keep track of your children.** [`Target::Any`] takes the children of every library in the process too, and theirs
//! then fail with [`Errno::CHILD`]. Wait by pid, or put your children in a group and wait for [`Target::Group`].
//!
//! **Bound your waits.** [`wait4_timeout()`] and its kin take a `Duration` or an `Instant`, sleep on a pidfd or kqueue
//! where one helps, and miss no child that was ready at the deadline ([`timeout`] says how).

pub mod names;
pub mod timeout;

mod call;
mod options;
mod rusage;
mod siginfo;
mod signal;
mod status;
mod target;

pub use rustix::io::Errno;
pub use rustix::process::Pid;

#[cfg(target_os = "linux")]
pub use call::waitid_usage;
pub use call::{Waited, WaitedUsage, reap, retrying, wait, wait3, wait4, waitid, waitpid};
#[cfg(any(target_os = "freebsd", target_os = "netbsd"))]
pub use call::{Waited6, wait6};
pub use options::{IdOptions, WaitOptions};
pub use rusage::{MaxRssUnit, Rusage};
pub use siginfo::ChildInfo;
pub use signal::Signal;
pub use status::{Event, Layout, NoExitCode, WaitStatus};
pub use target::{IdTarget, Target};
pub use timeout::{Deadline, wait4_timeout, waitid_timeout, waitpid_timeout};
