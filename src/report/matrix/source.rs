//! What a matrix is made of: reports, and what the catalogue knows of their cases.

use crate::report::machine::read::Report;
use crate::report::machine::record::TrialRecord;

/// A report, and the name of its file.
#[derive(Debug, Clone)]
pub struct Source {
    /// As the command line names it.
    pub name: String,
    /// What is in it.
    pub report: Report,
}

/// What a report does not say of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFacts {
    /// What holds, in one line.
    pub title: &'static str,
    /// The ids of the clauses that it cites.
    pub clauses: Vec<&'static str>,
}

/// Looks up a case by its id; cases of other releases are not found.
pub type Lookup = fn(&str) -> Option<CaseFacts>;

/// The trials sorted by id, so that the table does not depend on the order in which they finished.
pub fn in_order(report: &Report) -> Vec<&TrialRecord> {
    let mut trials: Vec<&TrialRecord> = report.trials.iter().collect();
    trials.sort_by(|a, b| a.id.cmp(&b.id));
    trials
}
