//! The executable specification of the Unix wait family.
//!
//! `waitspec` runs child *scenarios* against every call of the family (`wait`, `waitpid`, `wait3`, `wait4`, `wait6`,
//! `waitid`, waits for pidfds) of a *subject* (a kernel, an emulator, a C library, a crate, a language runtime), and
//! checks the results against *clauses* that cite their source.
//!
//! # Uses
//!
//! - **Wait for children** in any program: [`wait`] is the family as a safe API with resource usage, bounded waits, and
//!   the status words of seven systems. It needs no features: `waitspec = { ..., default-features = false }`.
//! - **Test your own implementation**: implement [`subject::Subject`], whose one method makes one call, and pass it to
//!   `testing::main` (feature `libtest`); each trial is a test of `cargo test`.
//! - **Test one in another language**: write an agent that speaks the [`protocol`].
//! - **Test a system**: use the program `waitspec` (feature `cli`), described in the README of the repository.
//!
//! ```
//! use waitspec::wait::{Pid, Target, WaitOptions, WaitStatus, retrying, wait4};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let child = Pid::from_child(&std::process::Command::new("sh").args(["-c", "exit 7"]).spawn()?);
//! let done = retrying(|| wait4(Target::Pid(child), WaitOptions::NONE))?.expect("NOHANG is not set");
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
//! agent       hosts one subject; fresh for every trial; the only parent of the children
//!   |
//! children    each connected to the warden, and driven step by step
//! ```
//!
//! An agent has the children of its trial and no others, so waiting for *any* child is safe and trials run in parallel.
//! Nothing is ordered by sleeping: the warden observes when a child is a zombie or stopped, and when a call sleeps. A call
//! that sleeps although a child is ready for it is a proven hang.
//!
//! # Modules
//!
//! From the lowest to the highest; a module uses only those above it in this table.
//!
//! | module | contents |
//! |---|---|
//! | [`sys`] | the only `unsafe` code: raw calls, the process table, signals, the differences between systems |
//! | [`wait`] | the wait family as a typed, safe API with resource usage |
//! | [`protocol`] | the lines that driver, warden, agents and children exchange |
//! | [`spec`] | clauses and known deviations |
//! | [`scenario`] | what children do: steps, the child program, the library of named scenarios |
//! | [`subject`], [`mutants`] | the implementations under test, and those with a known bug |
//! | [`agent`], [`warden`] | the two processes between the driver and the children |
//! | [`trial`] | the interface of a case: children, calls, expectations |
//! | [`catalogue`] | the conformance cases, a file per theme |
//! | [`runner`] | settings, selection, plan, runs and their events |
//! | [`model`] | histories, the oracle that judges them, randomized testing |
//! | `report` | reports for people and for programs (feature `cli`) |
//! | `selftest` | mutation testing of the catalogue (feature `cli`) |
//! | `testing` | trials as tests of `cargo test` (feature `libtest`) |
//! | `cli` | the command line (feature `cli`) |
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(unix))]
compile_error!("waitspec tests the Unix wait family; it needs a Unix system");

pub mod agent;
pub mod catalogue;
pub mod model;
pub mod mutants;
pub mod protocol;
pub mod runner;
pub mod scenario;
pub mod spec;
pub mod subject;
#[allow(unsafe_code, reason = "the one room for unsafe code; every block says why it is sound")]
pub mod sys;
pub mod trial;
pub mod wait;
pub mod warden;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod report;
#[cfg(feature = "cli")]
pub mod selftest;
#[cfg(feature = "libtest")]
pub mod testing;

/// The Rust code in the pages of the repository, compiled as documentation tests.
#[cfg(all(doctest, feature = "libtest"))]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../CONTRIBUTING.md")]
    struct Contributing;
}
