//! What children do: steps, the child program, and the library of named scenarios.
//!
//! A *scenario* is a list of [`Step`]s, each one protocol line. A child performs its initial steps; if connected to a
//! warden it then reads further ones from there, one at a time, until one terminates it. A *held* child is one whose
//! scenario does not terminate by itself: [`Scenario::held`] has no steps at all.
//!
//! ```
//! use waitspec::scenario::{Scenario, Step, parse_script};
//!
//! let scenario = Scenario::of([Step::BurnUser { us: 20_000 }, Step::exit(7).reported()]);
//! assert_eq!(scenario.lines(), ["burn-user us=20000", "exit code=7 report=yes"]);
//! assert!(!scenario.is_held());
//!
//! // What `waitspec child` accepts: library names and step lines, in any mixture.
//! assert_eq!(parse_script(&["burn-user us=20000", "exit-0"]).unwrap().len(), 2);
//! assert_eq!(
//!     parse_script(&["stopp"]).unwrap_err().to_string(),
//!     "unknown step or scenario 'stopp'; did you mean 'stop'?"
//! );
//! ```
//!
//! [`step`] documents each step, [`child`] what a child writes, [`library`] holds the named scenarios.

pub mod child;
pub mod library;
mod self_report;
pub mod step;

mod connection;
mod error;
mod format;
mod grammar;
mod handlers;
mod options;
mod parse;
mod script;
mod threads;
mod work;

pub use error::StepError;
pub use grammar::{FORMS, Form};
pub use options::{ArgsError, ChildOptions};
pub use script::{Scenario, parse_script};
pub use step::{Death, Offspring, Step, TerminalUse, Then};
