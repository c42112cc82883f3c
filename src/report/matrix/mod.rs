//! Reports of several subjects as one table: what differs, what fails, and how to reproduce it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`source`] | the reports, and what the catalogue knows about their cases |
//! | [`column`] | the subjects: the columns |
//! | [`cases`], [`clauses`], [`values`] | the rows, by theme, by book, by recorded value |
//! | [`mark`] | the content of a cell |
//! | [`table`] | columns and rows together |
//! | [`text`] | the text of a failure, from its record |
//! | [`terminal`], [`markdown`], [`html`] | the table as text, as Markdown, as a page |
//! | [`reporter`] | the table of one run, written when it finishes |

pub mod cases;
pub mod clauses;
pub mod column;
pub mod html;
pub mod mark;
pub mod markdown;
pub mod reporter;
pub mod source;
pub mod table;
pub mod terminal;
pub mod text;
pub mod values;

pub use source::{CaseFacts, Lookup, Source};
pub use table::Matrix;

#[cfg(test)]
pub(crate) mod sample {
    //! Two reports whose subjects differ in every way that can be shown.

    use super::{CaseFacts, Matrix, Source};
    use crate::report::machine::read::Report;
    use crate::report::machine::record::{SummaryRecord, TrialRecord, WarningRecord};
    use crate::report::sample;
    use crate::runner::event::{RunHeader, SubjectInfo, Verdict};
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
