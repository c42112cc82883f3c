//! The outcome of a trial, of a clause, and what a failure says.

use crate::spec::clause::Clause;
use std::fmt;

/// The outcome of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every expectation held.
    Pass,
    /// The subject broke a clause.
    Fail,
    /// A call slept (or spun) although it had to return.
    Hang,
    /// The agent died in a call.
    Crash,
    /// The trial left processes behind that it had not created.
    Leak,
    /// It could not be tested here, for this reason.
    Skip(String),
    /// Nothing was judged; the values are recorded.
    Recorded,
    /// The subject deviates from a clause exactly as is known of its system; the source.
    Deviates(String),
    /// The harness or the environment failed, for this reason.
    Broken(String),
    /// Failed, as the baseline says.
    Xfail,
    /// Passed, although the baseline says that it fails.
    Xpass,
}

impl Verdict {
    /// The words for all verdicts, in the order used by summaries.
    pub const NAMES: [&'static str; 11] =
        ["pass", "fail", "hang", "crash", "leak", "skip", "recorded", "deviates", "broken", "xfail", "xpass"];

    /// The word that reports use.
    pub const fn name(&self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Hang => "hang",
            Verdict::Crash => "crash",
            Verdict::Leak => "leak",
            Verdict::Skip(_) => "skip",
            Verdict::Recorded => "recorded",
            Verdict::Deviates(_) => "deviates",
            Verdict::Broken(_) => "broken",
            Verdict::Xfail => "xfail",
            Verdict::Xpass => "xpass",
        }
    }

    /// The reason of a skip or of a broken trial, or the source of a deviation.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Verdict::Skip(r) | Verdict::Broken(r) | Verdict::Deviates(r) => Some(r),
            _ => None,
        }
    }

    /// Whether the verdict counts against the subject (exit code 1).
    pub const fn is_bad(&self) -> bool {
        matches!(self, Verdict::Fail | Verdict::Hang | Verdict::Crash | Verdict::Leak | Verdict::Xpass)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.reason() {
            Some(reason) => write!(f, " ({reason})"),
            None => Ok(()),
        }
    }
}

/// The outcome of one clause in one trial.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClauseOutcome {
    /// Checked, and it held.
    Pass,
    /// Checked, and it did not hold.
    Fail,
    /// Checked, and it did not hold, as is known of the system.
    Deviates,
    /// A SHOULD that did not hold.
    Warn,
    /// The subject could not show it.
    NotObserved,
}

impl ClauseOutcome {
    /// Every outcome.
    pub const ALL: [ClauseOutcome; 5] = [
        ClauseOutcome::Pass,
        ClauseOutcome::Fail,
        ClauseOutcome::Deviates,
        ClauseOutcome::Warn,
        ClauseOutcome::NotObserved,
    ];

    /// The word that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            ClauseOutcome::Pass => "pass",
            ClauseOutcome::Fail => "fail",
            ClauseOutcome::Deviates => "deviates",
            ClauseOutcome::Warn => "warn",
            ClauseOutcome::NotObserved => "not observed",
        }
    }
}

/// An expectation that did not hold, as text.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The clause that was broken.
    pub clause: &'static Clause,
    /// What was expected.
    pub expected: String,
    /// What came back.
    pub got: String,
}
