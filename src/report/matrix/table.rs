//! The matrix itself: columns and rows, in the order in which they are shown.

use super::cases::{self, CaseRow};
use super::clauses::{self, ClauseRow};
use super::column::{self, Column};
use super::mark::Mark;
use super::source::{Lookup, Source};
use super::values::{self, ValueRow};
use std::collections::BTreeSet;

/// Everything that is shown of a set of reports.
#[derive(Debug)]
pub struct Matrix {
    /// The subjects.
    pub columns: Vec<Column>,
    /// The cases, by interface and theme; in each theme those first in which subjects differ.
    pub cases: Vec<CaseRow>,
    /// The clauses, by book and theme, likewise.
    pub clauses: Vec<ClauseRow>,
    /// The recorded values, those that differ first.
    pub values: Vec<ValueRow>,
    /// The ids of the clauses.
    clause_ids: BTreeSet<String>,
    /// Notes on the reports: which are partial, what their environment lacked.
    pub notes: Vec<String>,
}

impl Matrix {
    /// The table of some reports.
    pub fn of(sources: &[Source], lookup: Lookup) -> Matrix {
        let columns = column::columns(sources);
        let cases = cases::rows(sources, &columns, lookup);
        let clauses = clauses::rows(sources, &columns, &cases);
        let values = values::rows(sources, &columns);
        let clause_ids = clauses.iter().map(|row| row.id.clone()).collect();
        Matrix { columns, cases, clauses, values, clause_ids, notes: notes(sources) }
    }

    /// Whether a clause has a row: one that no trial checked has none.
    pub fn has_clause(&self, id: &str) -> bool {
        self.clause_ids.contains(id)
    }

    /// Whether there is anything to compare.
    pub fn is_comparison(&self) -> bool {
        self.columns.len() > 1
    }

    /// The number of trials of all subjects.
    pub fn trials(&self) -> usize {
        self.columns.iter().flat_map(|column| column.counts.values()).sum()
    }

    /// The columns that have a result in any of these rows.
    pub fn columns_of<'a>(&self, rows: impl Iterator<Item = &'a [Mark]> + Clone) -> Vec<usize> {
        let said = |index: &usize| rows.clone().any(|marks| marks[*index] != Mark::Absent);
        (0..self.columns.len()).filter(said).collect()
    }
}

fn notes(sources: &[Source]) -> Vec<String> {
    let mut notes = Vec::new();
    for source in sources {
        if !source.report.is_complete() {
            let (ran, all) = (source.report.trials.len(), source.report.run.trials);
            notes.push(format!("{} is partial: {ran} of {all} trials", source.name));
        }
        for note in &source.report.run.environment {
            notes.push(format!("{}: {note}", source.name));
        }
    }
    notes
}
