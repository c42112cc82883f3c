//! The content of a cell of the matrix.

use crate::report::machine::record::TrialRecord;
use anstyle::{AnsiColor, Style};

/// The result of a case or a clause for one subject: the worst of its trials.
///
/// In order: of two results, the later one is shown.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// The subject has no such trial.
    Absent,
    /// It was not run.
    Skip,
    /// It was run, but the subject could not show it.
    NotObserved,
    /// Nothing was judged.
    Recorded,
    /// It held.
    Pass,
    /// A SHOULD was violated.
    Warn,
    /// It deviates in the way known for its system.
    Deviates,
    /// It fails as the baseline says.
    Xfail,
    /// The suite or the environment failed.
    Broken,
    /// It passed although the baseline says that it fails.
    Xpass,
    /// It left processes behind.
    Leak,
    /// The agent died.
    Crash,
    /// A call did not return.
    Hang,
    /// A clause was violated.
    Fail,
}

impl Mark {
    /// Every mark that a cell can show, in the order of legends.
    pub const ALL: [Mark; 13] = [
        Mark::Fail,
        Mark::Hang,
        Mark::Crash,
        Mark::Leak,
        Mark::Xpass,
        Mark::Broken,
        Mark::Xfail,
        Mark::Deviates,
        Mark::Warn,
        Mark::Pass,
        Mark::Recorded,
        Mark::NotObserved,
        Mark::Skip,
    ];

    /// The word that the report uses.
    pub const fn name(self) -> &'static str {
        match self {
            Mark::Absent => "",
            Mark::Skip => "skip",
            Mark::NotObserved => "not observed",
            Mark::Recorded => "recorded",
            Mark::Pass => "pass",
            Mark::Warn => "warn",
            Mark::Deviates => "deviates",
            Mark::Xfail => "xfail",
            Mark::Broken => "broken",
            Mark::Xpass => "xpass",
            Mark::Leak => "leak",
            Mark::Crash => "crash",
            Mark::Hang => "hang",
            Mark::Fail => "fail",
        }
    }

    /// What the word means, in one line.
    pub const fn meaning(self) -> &'static str {
        match self {
            Mark::Absent => "the report has no such trial",
            Mark::Skip => "not run, for the reason given",
            Mark::NotObserved => "the subject cannot show it",
            Mark::Recorded => "the implementation is free to choose: the value is recorded",
            Mark::Pass => "every expectation held",
            Mark::Warn => "a SHOULD was violated",
            Mark::Deviates => "deviates from a MUST in exactly the way known for its system",
            Mark::Xfail => "a known failure, excused by the baseline",
            Mark::Broken => "could not be judged",
            Mark::Xpass => "passes, but the baseline lists it as a failure",
            Mark::Leak => "left processes behind",
            Mark::Crash => "the agent died",
            Mark::Hang => "a call did not return although it should have",
            Mark::Fail => "violated a clause",
        }
    }

    /// The CSS class of its cells: short, because there are many.
    pub const fn class(self) -> &'static str {
        match self {
            Mark::Absent => "o",
            Mark::Skip => "s",
            Mark::NotObserved => "n",
            Mark::Recorded => "r",
            Mark::Pass => "p",
            Mark::Warn => "w",
            Mark::Deviates => "d",
            Mark::Xfail => "x",
            Mark::Broken => "b",
            Mark::Xpass | Mark::Leak | Mark::Crash | Mark::Hang | Mark::Fail => "f",
        }
    }

    /// One letter for tables on a terminal.
    pub const fn letter(self) -> char {
        match self {
            Mark::Absent => ' ',
            Mark::Skip => '-',
            Mark::NotObserved => '?',
            Mark::Recorded => 'r',
            Mark::Pass => '.',
            Mark::Warn => 'w',
            Mark::Deviates => 'd',
            Mark::Xfail => 'x',
            Mark::Broken => 'B',
            Mark::Xpass => 'X',
            Mark::Leak => 'L',
            Mark::Crash => 'C',
            Mark::Hang => 'H',
            Mark::Fail => 'F',
        }
    }

    /// Its colour on a terminal: the same as for the verdict in a run.
    pub const fn style(self) -> Style {
        let colour = match self {
            Mark::Absent | Mark::Skip | Mark::NotObserved => return Style::new().dimmed(),
            Mark::Recorded | Mark::Pass => return AnsiColor::Green.on_default(),
            Mark::Warn | Mark::Deviates | Mark::Xfail => AnsiColor::Yellow,
            Mark::Broken => AnsiColor::Magenta,
            Mark::Xpass | Mark::Leak | Mark::Crash | Mark::Hang | Mark::Fail => AnsiColor::Red,
        };
        colour.on_default().bold()
    }

    /// Whether it counts against the subject, or prevented a judgement.
    pub const fn is_bad(self) -> bool {
        matches!(
            self,
            Mark::Broken | Mark::Xpass | Mark::Leak | Mark::Crash | Mark::Hang | Mark::Fail | Mark::Xfail
        )
    }

    /// Whether the subject was judged at all.
    pub const fn is_judged(self) -> bool {
        !matches!(self, Mark::Absent | Mark::Skip | Mark::NotObserved | Mark::Recorded)
    }

    /// The mark of one trial.
    pub fn of(trial: &TrialRecord) -> Mark {
        let named = Mark::ALL.into_iter().find(|mark| mark.name() == trial.verdict);
        match named {
            Some(Mark::Pass) if !trial.warnings.is_empty() => Mark::Warn,
            Some(mark) => mark,
            None => Mark::Broken,
        }
    }

    /// The mark of a clause's outcome in one trial.
    pub fn of_outcome(outcome: &str) -> Mark {
        Mark::ALL.into_iter().find(|mark| mark.name().replace(' ', "_") == outcome).unwrap_or(Mark::Absent)
    }

    /// Whether subjects with these marks disagree: one of them is bad, or those that were judged differ.
    pub fn differ(marks: &[Mark]) -> bool {
        let mut judged = marks.iter().filter(|mark| mark.is_judged());
        let first = judged.next();
        marks.iter().any(|mark| mark.is_bad()) || judged.any(|mark| Some(mark) != first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::machine::record::outcome_word;
    use crate::runner::event::{ClauseOutcome, Verdict};

    #[test]
    fn every_word_of_a_report_has_its_mark() {
        for verdict in Verdict::NAMES {
            let trial = TrialRecord { verdict: verdict.to_owned(), ..TrialRecord::default() };
            assert_eq!(Mark::of(&trial).name(), verdict);
        }
        for outcome in ClauseOutcome::ALL {
            assert_eq!(Mark::of_outcome(&outcome_word(outcome)).name(), outcome.name());
        }
    }

    #[test]
    fn skips_and_absent_trials_are_not_differences() {
        use Mark::{Absent, Broken, Deviates, Fail, Pass, Skip};
        assert!(!Mark::differ(&[Pass, Skip, Absent, Pass]));
        assert!(!Mark::differ(&[Deviates, Deviates, Skip]));
        assert!(Mark::differ(&[Pass, Deviates]));
        assert!(Mark::differ(&[Fail, Fail]));
        assert!(Mark::differ(&[Broken]));
        assert!(!Mark::differ(&[]));
    }
}
