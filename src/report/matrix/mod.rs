//! Reports of several subjects as one table: what differs, what is wrong, and how to repeat it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`column`] | the subjects: the columns |
//! | [`cases`], [`clauses`], [`values`] | the rows, by theme, by book, by recorded value |
//! | [`mark`] | what a cell says |
//! | [`text`] | a failure, from what its report keeps |
//! | [`terminal`], [`markdown`], [`html`] | the table as text, for a code host, as a page |
//! | [`reporter`] | the same of one run, as it happens |

pub mod cases;
pub mod clauses;
pub mod column;
pub mod html;
pub mod mark;
pub mod markdown;
pub mod reporter;
pub mod terminal;
pub mod text;
pub mod values;

use super::read::Report;
use super::record::TrialRecord;
use cases::CaseRow;
use clauses::ClauseRow;
use column::Column;
use std::collections::BTreeSet;
use values::ValueRow;

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

/// Looks a case up by its id; cases of other releases are not found.
pub type Lookup = fn(&str) -> Option<CaseFacts>;

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
    /// What is to be known of the reports: which are partial, what their surroundings took away.
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

    /// Whether a clause has a row: one that no trial says anything of has none.
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

    /// The columns of a set of rows: the subjects that any of them has a result of.
    pub fn columns_of<'a>(&self, rows: impl Iterator<Item = &'a [mark::Mark]> + Clone) -> Vec<usize> {
        let said = |index: &usize| rows.clone().any(|marks| marks[*index] != mark::Mark::Absent);
        (0..self.columns.len()).filter(said).collect()
    }
}

/// The place of a trial's subject among the columns.
fn place(columns: &[Column], source: usize, subject: &str) -> Option<usize> {
    columns.iter().position(|c| c.source == source && c.subject.subject == subject)
}

/// The trials by id: two runs of the same make the same table, in whatever order their trials finished.
fn in_order(report: &Report) -> Vec<&TrialRecord> {
    let mut trials: Vec<&TrialRecord> = report.trials.iter().collect();
    trials.sort_by(|a, b| a.id.cmp(&b.id));
    trials
}

fn notes(sources: &[Source]) -> Vec<String> {
    let mut notes = Vec::new();
    for source in sources {
        if !source.report.is_complete() {
            let (ran, all) = (source.report.trials.len(), source.report.run.trials);
            notes.push(format!("{} is partial: {ran} of {all} trials", source.name));
        }
        for note in &source.report.run.surroundings {
            notes.push(format!("{}: {note}", source.name));
        }
    }
    notes
}

#[cfg(test)]
pub(crate) mod sample {
    //! Two reports whose subjects differ in every way that is shown.

    use super::{CaseFacts, Matrix, Source};
    use crate::harness::event::{RunHeader, SubjectInfo, Verdict};
    use crate::report::read::Report;
    use crate::report::record::{SummaryRecord, TrialRecord, WarningRecord};
    use crate::report::sample;
    use crate::spec::posix;

    pub(crate) fn facts(id: &str) -> Option<CaseFacts> {
        let title = match id {
            "nohang.running-child" => "WNOHANG returns 0 while the only child still runs",
            "exit.code" => "an exit code is reported",
            _ => return None,
        };
        Some(CaseFacts { title, clauses: vec![posix::WAITPID_NOHANG_ZERO.id] })
    }

    fn report(name: &str, mut change: impl FnMut(usize, &mut TrialRecord)) -> Report {
        let subject = SubjectInfo { spec: name.to_owned(), name: name.to_owned(), ..SubjectInfo::default() };
        let header = RunHeader { subjects: vec![subject], ..sample::header() };
        let trials = [
            sample::trial("nohang.running-child@wait4", Verdict::Pass),
            sample::trial("nohang.running-child@waitpid", Verdict::Pass),
            sample::trial("exit.code@wait4", Verdict::Pass),
            sample::trial("info.uid@waitid", Verdict::Recorded),
        ];
        let mut trials: Vec<TrialRecord> = trials.iter().map(TrialRecord::from).collect();
        for (index, trial) in trials.iter_mut().enumerate() {
            trial.subject = name.to_owned();
            trial.agent.clear();
            change(index, trial);
        }
        let run = (&header).into();
        Report { run, trials, summary: Some(SummaryRecord::default()) }
    }

    pub(crate) fn sources() -> Vec<Source> {
        let right = report("right", |index, trial| {
            if index == 3 {
                trial.recorded.insert("si_uid".to_owned(), "real".to_owned());
            }
        });
        let wrong = report("wrong <b>", |index, trial| match index {
            0 => {
                *trial = TrialRecord {
                    subject: trial.subject.clone(),
                    ..TrialRecord::with_reproducer(&sample::failing(), &[])
                };
            }
            2 => {
                "skip".clone_into(&mut trial.verdict);
                trial.reason = Some("no wait4 & no more".to_owned());
                trial.clauses.clear();
                trial.warnings.push(WarningRecord {
                    clause: posix::WAITPID_ECHILD.id.to_owned(),
                    expected: "one".to_owned(),
                    got: "two".to_owned(),
                });
            }
            3 => {
                trial.recorded.insert("si_uid".to_owned(), "effective".to_owned());
                "seen on no machine".clone_into(&mut trial.unverified);
            }
            _ => {}
        });
        let source = |name: &str, report| Source { name: name.to_owned(), report };
        vec![source("right.jsonl", right), source("wrong.jsonl", wrong)]
    }

    pub(crate) fn matrix() -> Matrix {
        Matrix::of(&sources(), facts)
    }
}
