//! What a case sees of a run of a program: how it terminated, what it wrote and used.

use crate::protocol::Change;
use crate::trial::core::Child;
use crate::trial::shown::{NoAnswer, Shown, Shows};
use std::time::Duration;

/// How a run ended.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum ProgramOutcome {
    /// It terminated, with this change of state.
    Ended(Change),
    /// It had not exited in time.
    Hung,
}

impl ProgramOutcome {
    /// The exit code, if it exited.
    pub fn code(self) -> Option<i32> {
        match self {
            ProgramOutcome::Ended(Change::Exited(code)) => Some(code),
            _ => None,
        }
    }
}

/// The exit of the program represents that of the child.
impl Shown for ProgramOutcome {
    fn unanswered(&self) -> Option<NoAnswer> {
        (*self == ProgramOutcome::Hung).then_some(NoAnswer::Hung)
    }

    fn change_of(&self, _: &Child) -> Shows<Change> {
        match self {
            ProgramOutcome::Ended(change) => Shows::Yes(*change),
            ProgramOutcome::Hung => Shows::No,
        }
    }

    fn outcome(&self) -> String {
        match self {
            ProgramOutcome::Ended(change) => format!("the program {change}"),
            ProgramOutcome::Hung => "the program has not exited".into(),
        }
    }
}

/// What a program has written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// To standard output.
    pub out: String,
    /// To standard error.
    pub err: String,
}

/// What the process table shows of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Its CPU time.
    pub cpu: Duration,
    /// How many times it gave up the CPU.
    pub switches: u64,
    /// Its resident memory, in bytes.
    pub resident: i64,
    /// The number of its descriptors, if that is visible.
    pub descriptors: Option<i64>,
}

/// A child for the program to run by way of a script or a configuration file.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// The command, quoted for a shell.
    pub command: String,
}
