//! The input and output of the oracle.

use crate::spec::clause::{Clause, Profile};
use crate::sys::call::abi::Usage;
use crate::trial::{Abort, Got, Seen};
use crate::wait::System;
use std::fmt;
use std::time::Instant;

/// The rules for the subject of a history.
#[derive(Copy, Clone, Debug)]
pub struct Rules {
    /// The system whose clauses apply.
    pub profile: Profile,
    /// The system it runs on, by its numbers.
    pub system: System,
    /// The user id of the children, if known.
    pub uid: Option<i64>,
    /// Whether the agent starts without any usage of children: one forked for the trial does.
    pub fresh: bool,
    /// Whether the subject restarts a call interrupted by a signal.
    pub retries: bool,
}

/// The outcome of a call.
#[derive(Clone, Debug)]
pub enum CallOutcome {
    /// It returned, provably never will, or the agent died in it.
    Ended(Seen),
    /// It is asleep.
    Asleep,
    /// The subject cannot express it.
    NotOffered,
}

/// The observation of one operation.
#[derive(Clone, Debug)]
pub enum Observed {
    /// It was performed.
    Done,
    /// A child was created, with this pid.
    Born(i64),
    /// The usage of the agent's reaped children.
    Usage(Usage),
    /// The outcome of a call.
    Call(CallOutcome),
    /// The outcome of a call during which a child with this pid exited.
    Raced(i64, CallOutcome),
}

/// Whether a call must return.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Expects {
    /// It must.
    Return,
    /// It must block.
    Sleep,
    /// Either.
    Either,
}

/// A violated clause.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The clause.
    pub clause: &'static Clause,
    /// What was expected.
    pub expected: String,
    /// What was observed.
    pub got: String,
    /// What was observed, typed, if a deviation may match it.
    pub(crate) typed: Got,
    /// How close the observation came: of several readings the closest is reported.
    pub(crate) nearness: u8,
}

impl Violation {
    pub(crate) fn new(
        clause: &'static Clause,
        expected: impl Into<String>,
        got: impl Into<String>,
        nearness: u8,
    ) -> Violation {
        Violation { clause, expected: expected.into(), got: got.into(), typed: Got::Other, nearness }
    }

    /// The same, with the observation typed.
    pub(crate) fn typed(self, typed: Got) -> Violation {
        Violation { typed, ..self }
    }
}

/// A failure outside the calls of the history (a child that vanished, a stop that did not occur) is the subject's fault, too.
impl TryFrom<Abort> for Violation {
    type Error = Abort;

    fn try_from(stop: Abort) -> Result<Violation, Abort> {
        match stop {
            Abort::Fail(failure) | Abort::Hang(failure) | Abort::Crash(failure) => {
                Ok(Violation::new(failure.clause, failure.expected, failure.got, 0))
            }
            other => Err(other),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.clause.id, self.expected, self.got)
    }
}

/// What is known about a child besides its state.
#[derive(Clone, Debug)]
pub struct KnownChild {
    /// Its pid.
    pub pid: i64,
    /// A time before it existed; `None` if unknown.
    pub before: Option<Instant>,
    /// Its usage as last reported.
    pub spent: Option<Usage>,
}
