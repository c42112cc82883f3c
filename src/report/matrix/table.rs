//! The matrix itself: columns and rows, in the order in which they are shown.

use super::cases::{self, CaseRow};
use super::clauses::{self, ClauseRow};
use super::column::{self, Column};
use super::mark::Mark;
use super::source::{Lookup, Source};
use super::values::{self, ValueRow};
use crate::sorted::Set;

/// The number of reports named that share a note.
const NAMED: usize = 3;

/// Everything shown for a set of reports.
#[derive(Debug)]
pub struct Matrix {
    /// The subjects.
    pub columns: Vec<Column>,
    /// The cases, by interface and theme; in each theme, those in which subjects differ come first.
    pub cases: Vec<CaseRow>,
    /// The clauses, by book and theme, likewise.
    pub clauses: Vec<ClauseRow>,
    /// The recorded values, those that differ first.
    pub values: Vec<ValueRow>,
    /// The ids of the clauses.
    clause_ids: Set<String>,
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
    let mut partial = Vec::new();
    let mut notes: Vec<(&str, Vec<&str>)> = Vec::new();
    for Source { name, report } in sources {
        if !report.is_complete() {
            partial.push(format!(
                "{name} is partial: {} of {} trials",
                report.trials.len(),
                report.run.trials
            ));
        }
        for note in &report.run.environment {
            match notes.iter_mut().find(|(known, _)| known == note) {
                Some((_, of)) => of.push(name),
                None => notes.push((note, vec![name])),
            }
        }
    }
    // A note of all reports needs no names, and a long list of names is less useful than their number.
    let named = |(note, of): (&str, Vec<&str>)| match of.len() {
        n if n == sources.len() && n > 1 => note.to_owned(),
        n if n > NAMED => format!("{n} reports: {note}"),
        _ => format!("{}: {note}", of.join(", ")),
    };
    partial.into_iter().chain(notes.into_iter().map(named)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::matrix::sample;

    fn noted(notes: [&[&str]; 6], of: usize) -> Vec<String> {
        let sources: Vec<Source> = notes[..of]
            .iter()
            .enumerate()
            .map(|(index, notes)| {
                let mut source = sample::sources().remove(0);
                source.name = format!("{index}.jsonl");
                source.report.run.environment = notes.iter().map(|note| (*note).to_owned()).collect();
                source.report.run.trials = source.report.trials.len();
                source
            })
            .collect();
        super::notes(&sources)
    }

    #[test]
    fn a_note_shared_by_reports_is_shown_once() {
        let all: [&[&str]; 6] = [&["a", "b"], &["a"], &["a", "c"], &["a", "c"], &["a", "c"], &["a", "c"]];
        assert_eq!(noted(all, 6), ["a", "0.jsonl: b", "4 reports: c"]);
        assert_eq!(noted(all, 4), ["a", "0.jsonl: b", "2.jsonl, 3.jsonl: c"]);
        assert_eq!(noted(all, 1), ["0.jsonl: a", "0.jsonl: b"]);
    }
}
