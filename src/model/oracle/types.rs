//! What the oracle is told and what it says.

use crate::spec::clause::{Clause, Profile};
use crate::sys::call::abi::Usage;
use crate::trial::Seen;
use crate::wait::Layout;
use std::fmt;
use std::time::Instant;

/// What holds for the subject of a history.
#[derive(Copy, Clone, Debug)]
pub struct Rules {
    /// The system whose clauses apply.
    pub profile: Profile,
    /// The layout of its status words.
    pub layout: Layout,
    /// The user of the children, where it is known.
    pub uid: Option<i64>,
    /// Whether the agent begins without any usage of children: one that is forked for it does.
    pub fresh: bool,
    /// Whether the subject makes a call again that a signal ended.
    pub retries: bool,
}

/// How a call came out.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It returned, or it was proved that it never will, or the agent died in it.
    Ended(Seen),
    /// It sleeps.
    Asleep,
    /// The subject cannot express it.
    NotOffered,
}

/// What was observed of one operation.
#[derive(Clone, Debug)]
pub enum Observation {
    /// It was done.
    Done,
    /// A child was made, with that pid.
    Born(i64),
    /// The usage of the agent's taken children.
    Usage(Usage),
    /// A call.
    Call(Outcome),
}

/// Whether a call is to come back.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Expects {
    /// It has to.
    Return,
    /// It has to sleep.
    Sleep,
    /// Either.
    Either,
}

/// A clause that was broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub clause: &'static Clause,
    /// What had to be.
    pub expected: String,
    /// What was.
    pub got: String,
    /// How near the observation came: of several readings the nearest is the one that is told.
    pub(crate) nearness: u8,
}

impl Violation {
    pub(crate) fn new(
        clause: &'static Clause,
        expected: impl Into<String>,
        got: impl Into<String>,
        nearness: u8,
    ) -> Violation {
        Violation { clause, expected: expected.into(), got: got.into(), nearness }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.clause.id, self.expected, self.got)
    }
}

/// What is known of a child besides its state.
#[derive(Clone, Debug)]
pub struct KnownChild {
    /// Its pid.
    pub pid: i64,
    /// When it was not there yet; `None` where nobody noted it.
    pub before: Option<Instant>,
    /// Its usage as it was last reported.
    pub spent: Option<Usage>,
}
