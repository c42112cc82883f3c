//! The executable specification of the Unix wait family.
//!
//! `waitspec` drives child *scenarios* through every front end of the family (`wait`, `waitpid`, `wait3`, `wait4`,
//! `wait6`, `waitid`, pidfd waits) of any *subject* (a kernel, an emulator, a C library, a crate, a language runtime)
//! and judges what came back against *clauses* that cite their source.
//!
//! # What it is used for
//!
//! - **To wait for children**, in any program: [`wait`] has the family as a safe API with resource usage, bounded
//!   waits, and the status words of seven systems. It needs no feature:
//!   `waitspec = { ..., default-features = false }`.
//! - **To judge a wait of your own**: implement [`subject::Subject`], one method that performs one call, and hand it
//!   to `harness::testing::main` (feature `libtest`): each trial is a test of `cargo test`.
//! - **To judge one in another language**: write an agent that speaks the [`protocol`].
//! - **To judge a system**: the program `waitspec` (feature `cli`). The README of the repository shows its verbs.
//!
//! ```
//! use waitspec::wait::{Pid, Target, WaitOptions, WaitStatus, retrying, wait4};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let child = Pid::from_child(&std::process::Command::new("sh").args(["-c", "exit 7"]).spawn()?);
//! let done = retrying(|| wait4(Target::Pid(child), WaitOptions::NONE))?.expect("there was no NOHANG");
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
//! warden      one for each job: starts the agent, sends signals, watches the process table, kills what is left
//!   |
//! agent       hosts one subject; fresh for every trial; the only parent of the children
//!   |
//! children    each connected to the warden, told step by step what to do
//! ```
//!
//! An agent has exactly the children of its trial, so waiting for *any* child is safe and trials run beside each
//! other. No sleep orders anything: the warden tells when a child is a zombie, is stopped, or when a call sleeps. A
//! call that sleeps although something is ready for it is a proved hang.
//!
//! # The folders are the architecture
//!
//! | module | what it holds |
//! |---|---|
//! | [`wait`] | the wait family as a typed, safe Rust API with resource usage; of use to any program |
//! | [`sys`] | the only `unsafe` code: raw calls, the process table, signals, one file per system |
//! | [`scenario`] | what children do: steps, the child program, the library of named scenarios |
//! | [`protocol`] | the one language that driver, warden, agents and children speak |
//! | [`warden`], [`agent`] | the two processes between the driver and the children |
//! | [`subject`] | the implementations that can be judged, broken ones included |
//! | [`spec`] | clauses and known deviations |
//! | [`catalogue`] | the conformance cases, one file per theme |
//! | [`runner`] | trials, expectations, plans, runs and their events |
//! | [`model`] | histories, and the oracle that judges them |
//! | `selftest` | mutants through the catalogue: whether the suite catches what it claims (feature `cli`) |
//! | `report`, `cli` | what a run tells, and the command line (feature `cli`) |
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

/// What the pages of the repository show as Rust is compiled with the documentation's tests.
#[cfg(all(doctest, feature = "libtest"))]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../CONTRIBUTING.md")]
    struct Contributing;
}
