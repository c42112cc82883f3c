//! What children do: steps, the child program, and the library of named scenarios.
//!
//! A *scenario* is a list of [`Step`]s, each one line of the protocol. A child does the steps that it was started with; if it is
//! connected to a warden it then takes further ones from there, one at a time, until one ends it. So a *held* child is one
//! whose scenario does not end by itself: [`Scenario::held`] has no step at all.
//!
//! ```
//! use waitspec::scenario::{Scenario, Step, parse_script};
//!
//! let scenario = Scenario::of([Step::BurnUser { us: 20_000 }, Step::exit(7).reported()]);
//! assert_eq!(scenario.lines(), ["burn-user us=20000", "exit code=7 report=yes"]);
//! assert!(!scenario.is_held());
//!
//! // What `waitspec child` takes: names of the library and step lines, in any mixture.
//! assert_eq!(parse_script(&["burn-user us=20000", "exit-0"]).unwrap().len(), 2);
//! assert_eq!(
//!     parse_script(&["stopp"]).unwrap_err().to_string(),
//!     "there is no step or scenario 'stopp'; did you mean 'stop'?"
//! );
//! ```
//!
//! [`step`] says what each step does, [`child`] what is written when, [`library`] holds the named scenarios.

pub mod child;
pub mod library;
pub mod step;

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
