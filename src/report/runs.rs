//! One report compared with several others: what changed, and in which of them.

use super::diff::{Change, Kind, compare};
use super::machine::read::Report;
use super::machine::record::FORMAT;
use super::slower::slower;
use crate::sorted::sort_by;
use serde::Serialize;

/// A difference, and the runs that show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Found {
    /// What changed.
    #[serde(flatten)]
    pub change: Change,
    /// The names of the new reports that show it.
    pub runs: Vec<String>,
}

/// Everything that `diff` reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// The number of the format.
    pub format: u32,
    /// The name of the report compared against.
    pub old: String,
    /// The names of the others.
    pub new: Vec<String>,
    /// The number of differences of each kind.
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<Kind, usize>"))]
    pub counts: crate::sorted::Map<Kind, usize>,
    /// Notes on the reports: which are partial, and which runs were slower as a whole.
    pub notes: Vec<String>,
    /// The differences, by kind and then by trial.
    pub changes: Vec<Found>,
    /// The number of trials in the new reports.
    pub trials: usize,
}

impl Comparison {
    /// Compares the reports; `factor` is by how much a trial must be slower to be listed.
    pub fn of(old: (&str, &Report), new: &[(&str, &Report)], factor: f64) -> Comparison {
        let mut notes = Vec::new();
        for (name, report) in std::iter::once(&old).chain(new) {
            if !report.is_complete() {
                notes.push(format!("{name} is partial: {} trials", report.trials.len()));
            }
        }
        let mut changes: Vec<Found> = Vec::new();
        for (name, report) in new {
            let slower = slower(old.1, report, factor);
            if !(0.5..2.0).contains(&slower.pace) {
                notes.push(format!("{name} as a whole took {:.1} times as long", slower.pace));
            }
            for change in compare(old.1, report).into_iter().chain(slower.changes) {
                // No two runs are equally slow: the first is shown.
                let same = |found: &&mut Found| {
                    let (a, b) = (&found.change, &change);
                    let alike = a.kind == Kind::Slower || (&a.old, &a.new) == (&b.old, &b.new);
                    (a.kind, &a.id, &a.subject) == (b.kind, &b.id, &b.subject) && alike
                };
                match changes.iter_mut().find(same) {
                    Some(found) => found.runs.push((*name).to_owned()),
                    None => changes.push(Found { change, runs: vec![(*name).to_owned()] }),
                }
            }
        }
        sort_by(&mut changes, |a, b| {
            let key =
                |found: &Found| (found.change.kind, found.change.id.clone(), found.change.subject.clone());
            if a.change.kind == Kind::Slower && b.change.kind == Kind::Slower {
                std::cmp::Ordering::Equal
            } else {
                key(a).cmp(&key(b))
            }
        });
        let count = |kind: &Kind| changes.iter().filter(|found| found.change.kind == *kind).count();
        Comparison {
            format: FORMAT,
            old: old.0.to_owned(),
            new: new.iter().map(|(name, _)| (*name).to_owned()).collect(),
            counts: Kind::ALL.iter().map(|(kind, _)| (*kind, count(kind))).collect(),
            notes,
            trials: new.iter().map(|(_, report)| report.trials.len()).sum(),
            changes,
        }
    }

    /// The number of differences of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// The differences of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Found> {
        self.changes.iter().filter(move |found| found.change.kind == kind)
    }

    /// Which of several runs show a difference; empty if there is only one run.
    pub fn where_seen(&self, found: &Found) -> String {
        match (found.runs.len(), self.new.len()) {
            (_, 1) => String::new(),
            (some, all) if some == all => format!("in all {all}"),
            _ => format!("in {}", found.runs.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::machine::record::{RunRecord, TrialRecord};

    fn report(verdicts: &[(&str, &str)]) -> Report {
        let trial = |(id, verdict): &(&str, &str)| TrialRecord {
            id: (*id).to_owned(),
            subject: "libc".to_owned(),
            verdict: (*verdict).to_owned(),
            ..TrialRecord::default()
        };
        Report { run: RunRecord::default(), trials: verdicts.iter().map(trial).collect(), summary: None }
    }

    #[test]
    fn a_change_in_several_runs_is_shown_once() {
        let old = report(&[("a", "pass"), ("b", "pass"), ("c", "fail")]);
        let one = report(&[("a", "fail"), ("b", "fail"), ("c", "fail")]);
        let two = report(&[("a", "fail"), ("b", "pass"), ("c", "pass")]);
        let found = Comparison::of(("old", &old), &[("one", &one), ("two", &two)], 3.0);
        let shown: Vec<_> = found
            .changes
            .iter()
            .map(|f| (f.change.kind, f.change.id.as_str(), found.where_seen(f)))
            .collect();
        assert_eq!(
            shown,
            [
                (Kind::Regression, "a", "in all 2".to_owned()),
                (Kind::Regression, "b", "in one".to_owned()),
                (Kind::Fix, "c", "in two".to_owned()),
            ]
        );
        assert_eq!((found.count(Kind::Regression), found.count(Kind::Slower)), (2, 0));
        assert_eq!(found.notes.len(), 3, "all of them are partial: {:?}", found.notes);
    }
}
