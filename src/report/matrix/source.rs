//! The input of a matrix: reports, and what the catalogue knows about their cases.

use crate::report::machine::read::Report;
use crate::report::machine::record::TrialRecord;
use crate::sorted::sort_by;

/// A report, and the name of its file.
#[derive(Debug, Clone)]
pub struct Source {
    /// As the command line names it.
    pub name: String,
    /// Its contents.
    pub report: Report,
}

/// Facts about a case that a report does not contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFacts {
    /// Its title.
    pub title: &'static str,
    /// The ids of the clauses that it cites.
    pub clauses: Vec<&'static str>,
}

/// Looks up a case by its id; cases of other releases are not found.
pub type Lookup = fn(&str) -> Option<CaseFacts>;

/// The trials sorted by id, so that the table does not depend on the order in which they finished.
pub fn in_order(report: &Report) -> Vec<&TrialRecord> {
    let mut trials: Vec<&TrialRecord> = report.trials.iter().collect();
    sort_by(&mut trials, |a, b| a.id.cmp(&b.id));
    trials
}
