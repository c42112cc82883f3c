//! The executable specification of the Unix wait family.
//!
//! `waitspec` runs child *scenarios* against every call of the family (`wait`, `waitpid`, `wait3`, `wait4`, `wait6`,
//! `waitid`, waits for pidfds) of a *subject* (a kernel, an emulator, a C library, a crate, a language runtime), and
//! checks the results against *clauses* that cite their source.
//!
//! # Uses
//!
//! - **Wait for children** in any program: [`wait`] is the family as a safe API with resource usage, waits with timeouts, and
//!   the status words of seven systems. It needs no features: `waitspec = { ..., default-features = false }`.
//! - **Test your own implementation**: implement [`subject::Subject`], which has one method that makes calls, and pass it to
//!   `testing::main` (feature `testing`); each trial is a test under `cargo test`.
//! - **Test one in another language**: write an agent that speaks the protocol of `src/protocol/mod.rs`.
//! - **Test a system**: use the `waitspec` program (feature `cli`), described in the README of the repository.
//!
//! ```
//! use waitspec::wait::{Pid, WaitOptions, WaitStatus, retrying, wait4};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let child = Pid::from_child(&std::process::Command::new("sh").args(["-c", "exit 7"]).spawn()?);
//! let done = retrying(|| wait4(child, WaitOptions::NONE))?;
//! assert_eq!(done.status, WaitStatus::exited(7));
//! println!("{:?} of CPU time, {} bytes at most", done.rusage.cpu_time(), done.rusage.max_rss_bytes());
//! # Ok(()) }
//! ```
//!
//! # How a trial runs
//!
//! ```text
//! driver      threads; schedules, judges, reports. Never waits for a process of a trial.
//!   |  lines
//! warden      one per job: starts the agent, sends signals, watches the process table, kills what is left
//!   |
//! agent       hosts one subject; a new one for every trial; the only parent of the children
//!   |
//! children    each connected to the warden, and driven step by step
//! ```
//!
//! An agent has the children of its trial and no others, so waiting for *any* child is safe and trials run in parallel.
//! Nothing is ordered by sleeping: the warden observes when a child is a zombie or stopped, and when a call sleeps. A call
//! that sleeps although a child is ready for it is a proven hang.
//!
//! # What is public
//!
//! | module | contents |
//! |---|---|
//! | [`wait`] | the wait family as a typed, safe API with resource usage, for any program |
//! | [`subject`] | the interface of an implementation under test |
//! | `testing` | trials as tests under `cargo test`, and the settings of a run (feature `testing`) |
//! | [`serve`] | a subject as an agent of its own, on two streams |
//!
//! `docs/public-api.txt` in the repository lists every item. The rest is private, and `docs/architecture.md` describes it.
//! The feature `internals` makes every module visible to this crate's own tests; it is unstable, and no version
//! promises anything about it.
#![deny(missing_docs)]
#![cfg_attr(
    not(all(feature = "full", feature = "testing", feature = "internals")),
    allow(dead_code, unused_imports, reason = "some of it serves only the command line or the tests")
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(unix))]
compile_error!("waitspec tests the Unix wait family; it needs a Unix system");

pub mod subject;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wait;

// Every other module is private. The feature `internals` makes it visible to this crate's own tests and fuzz targets.
#[cfg(not(feature = "internals"))]
mod agent;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod agent;
#[cfg(all(feature = "full", not(feature = "internals")))]
mod bench;
#[cfg(all(feature = "full", feature = "internals"))]
pub mod bench;
#[cfg(not(feature = "internals"))]
mod catalogue;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod catalogue;
#[cfg(all(feature = "cli", not(feature = "internals")))]
mod cli;
#[cfg(all(feature = "cli", feature = "internals"))]
#[doc(hidden)]
pub mod cli;
#[cfg(all(feature = "full", not(feature = "internals")))]
mod model;
#[cfg(all(feature = "full", feature = "internals"))]
#[doc(hidden)]
pub mod model;
#[cfg(not(feature = "internals"))]
mod mutants;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod mutants;
#[cfg(not(feature = "internals"))]
mod protocol;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod protocol;
#[cfg(all(any(feature = "cli", feature = "testing"), not(feature = "internals")))]
mod report;
#[cfg(all(any(feature = "cli", feature = "testing"), feature = "internals"))]
#[doc(hidden)]
pub mod report;
#[cfg(not(feature = "internals"))]
mod runner;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod runner;
#[cfg(not(feature = "internals"))]
mod scenario;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod scenario;
#[cfg(all(feature = "full", not(feature = "internals")))]
mod selftest;
#[cfg(all(feature = "full", feature = "internals"))]
#[doc(hidden)]
pub mod selftest;
#[cfg_attr(not(feature = "full"), allow(dead_code, reason = "the rest of the interface of a collection"))]
#[cfg(not(feature = "internals"))]
mod sorted;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod sorted;
#[cfg(not(feature = "internals"))]
mod spec;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod spec;
#[allow(unsafe_code, reason = "the one room for unsafe code; every block says why it is sound")]
#[cfg(not(feature = "internals"))]
mod sys;
#[allow(unsafe_code, reason = "the one room for unsafe code; every block says why it is sound")]
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod sys;
#[cfg(not(feature = "internals"))]
mod trial;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod trial;
#[cfg(not(feature = "internals"))]
mod warden;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod warden;

pub use agent::serve;

/// The `waitspec` program: parses the command line, runs the verb, returns the exit code.
#[cfg(feature = "cli")]
#[doc(hidden)]
pub fn main() -> std::process::ExitCode {
    cli::main()
}

/// The Rust code in the pages of the repository, compiled as documentation tests.
#[cfg(all(doctest, feature = "testing"))]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../CONTRIBUTING.md")]
    struct Contributing;
}
