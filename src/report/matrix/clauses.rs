//! The rows of clauses: for each subject, the worst outcome of the trials that checked the clause.

use super::cases::CaseRow;
use super::column::{Column, place};
use super::mark::Mark;
use super::source::Source;
use crate::sorted::{Map, sort_by};
use crate::spec::{self, Clause};

/// A clause and its outcome for every subject.
#[derive(Debug)]
pub struct ClauseRow {
    /// `book/theme/meaning`.
    pub id: String,
    /// The clause; `None` if it is from another release.
    pub clause: Option<&'static Clause>,
    /// The cases that check it.
    pub cases: Vec<String>,
    /// An outcome for each column.
    pub marks: Vec<Mark>,
    /// Whether subjects differ here.
    pub differs: bool,
}

impl ClauseRow {
    /// The part of the id before the first slash.
    pub fn book(&self) -> &str {
        self.id.split('/').next().unwrap_or_default()
    }

    /// The part between the first two slashes.
    pub fn theme(&self) -> &str {
        self.id.split('/').nth(1).unwrap_or_default()
    }
}

/// The clauses that cases of these reports cite, by book and theme, those that differ first.
pub fn rows(sources: &[Source], columns: &[Column], cases: &[CaseRow]) -> Vec<ClauseRow> {
    let mut rows: Map<&str, ClauseRow> = Map::new();
    for case in cases {
        for id in &case.clauses {
            let row = rows.entry(id).or_insert_with(|| ClauseRow {
                id: id.clone(),
                clause: spec::clause(id),
                cases: Vec::new(),
                marks: vec![Mark::Absent; columns.len()],
                differs: false,
            });
            row.cases.push(case.id.clone());
        }
    }
    for (source, Source { report, .. }) in sources.iter().enumerate() {
        for trial in &report.trials {
            let Some(column) = place(columns, source, &trial.subject) else { continue };
            for checked in &trial.clauses {
                if let Some(row) = rows.get_mut(checked.id.as_str()) {
                    row.marks[column] = row.marks[column].max(Mark::of_outcome(&checked.outcome));
                }
            }
        }
    }
    // No trial says anything about a clause that binds none of the subjects.
    rows.retain(|_, row| row.marks.iter().any(|mark| *mark != Mark::Absent));
    let mut rows: Vec<ClauseRow> = rows.into_values().collect();
    for row in &mut rows {
        row.differs = Mark::differ(&row.marks) || columns.len() == 1 && row.marks[0] == Mark::Warn;
    }
    // The books in the order of the specification, then unknown ones.
    let books: Vec<&str> = spec::Profile::ALL.iter().map(|profile| profile.name()).collect();
    let rank = |row: &ClauseRow| books.iter().position(|b| *b == row.book()).unwrap_or(books.len());
    sort_by(&mut rows, |a, b| {
        let key = |row: &ClauseRow| (rank(row), row.book().to_owned(), row.theme().to_owned(), !row.differs);
        key(a).cmp(&key(b))
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::matrix::sample;
    use crate::spec::posix;

    #[test]
    fn a_clause_shows_its_worst_outcome_and_the_cases_that_check_it() {
        let matrix = sample::matrix();
        let [row] = matrix.clauses.as_slice() else { panic!("{:?}", matrix.clauses) };
        assert_eq!(row.id, posix::WAITPID_NOHANG_ZERO.id);
        assert_eq!((row.book(), row.theme()), ("posix", "waitpid"));
        assert_eq!(row.marks, [Mark::Pass, Mark::Fail]);
        assert_eq!(row.cases, ["exit.code", "info.uid", "nohang.running-child"]);
        assert!(row.differs);
    }
}
