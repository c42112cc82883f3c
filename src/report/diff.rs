//! Compares two reports: regressions, fixes and other changes.

use super::machine::read::Report;
use super::machine::record::TrialRecord;
use crate::sorted::{Map, Set, sort_by_key};
use serde::Serialize;

/// How a trial changed.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Kind {
    /// It did not fail before and fails now.
    Regression,
    /// It failed and now passes.
    Fix,
    /// Its verdict, its reason or the clause it violates has changed.
    Changed,
    /// A value that the implementation is free to choose has changed.
    Recorded,
    /// It takes much longer.
    Slower,
    /// It is only in the new report.
    New,
    /// It is only in the old report.
    Gone,
}

impl Kind {
    /// Every kind, in the order of reports, with its heading.
    pub const ALL: [(Kind, &'static str); 7] = [
        (Kind::Regression, "regressions"),
        (Kind::Fix, "fixes"),
        (Kind::Changed, "changed verdicts"),
        (Kind::Recorded, "changed values"),
        (Kind::Slower, "slower trials"),
        (Kind::New, "new trials"),
        (Kind::Gone, "removed trials"),
    ];
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// How it changed.
    pub kind: Kind,
    /// `case@call`.
    pub id: String,
    /// The subject.
    pub subject: String,
    /// Before: the verdict with the reason or the violated clause, or the recorded value; empty if new.
    pub old: String,
    /// After; empty if gone.
    pub new: String,
}

/// The differences, by kind and then by trial.
pub fn compare(old: &Report, new: &Report) -> Vec<Change> {
    let (old, new) = (by_trial(old), by_trial(new));
    let keys: Set<_> = old.keys().chain(new.keys()).copied().collect();
    let mut changes = Vec::new();
    for (id, subject) in keys {
        let mut change = |kind, old: String, new: String| {
            changes.push(Change { kind, id: id.to_owned(), subject: subject.to_owned(), old, new });
        };
        match (old.get(&(id, subject)), new.get(&(id, subject))) {
            (Some(was), Some(is)) => {
                let kind = match (fails(was), fails(is)) {
                    (false, true) => Some(Kind::Regression),
                    (true, false) if passes(is) => Some(Kind::Fix),
                    _ if describe(was) != describe(is) => Some(Kind::Changed),
                    _ => None,
                };
                if let Some(kind) = kind {
                    change(kind, describe(was), describe(is));
                }
                // A trial that failed early has recorded less, which is not a separate change.
                for (name, value) in &is.recorded {
                    if let Some(before) = was.recorded.get(name).filter(|before| *before != value) {
                        change(Kind::Recorded, format!("{name} = {before}"), format!("{name} = {value}"));
                    }
                }
            }
            // A new trial that fails matters as much as an old one that fails now.
            (None, Some(is)) if fails(is) => change(Kind::Regression, "new".to_owned(), describe(is)),
            (None, Some(is)) => change(Kind::New, String::new(), describe(is)),
            (Some(was), None) => change(Kind::Gone, describe(was), String::new()),
            (None, None) => {}
        }
    }
    sort_by_key(&mut changes, |change| change.kind);
    changes
}

/// Each trial once, with its worst outcome if it ran several times.
fn by_trial(report: &Report) -> Map<(&str, &str), &TrialRecord> {
    let mut trials: Map<(&str, &str), &TrialRecord> = Map::new();
    for trial in &report.trials {
        let kept = trials.entry((&trial.id, &trial.subject)).or_insert(trial);
        if fails(trial) && !fails(kept) || passes(kept) && !passes(trial) {
            *kept = trial;
        }
    }
    trials
}

/// Whether the subject was wrong, excused by a baseline or not.
fn fails(trial: &TrialRecord) -> bool {
    ["fail", "hang", "crash", "leak", "xfail"].contains(&trial.verdict.as_str())
}

/// Whether the subject was right.
fn passes(trial: &TrialRecord) -> bool {
    ["pass", "xpass", "recorded"].contains(&trial.verdict.as_str())
}

/// A verdict as text. The baseline makes no difference: `xpass` is a pass, `xfail` a failure.
fn describe(trial: &TrialRecord) -> String {
    let verdict = trial.verdict.strip_prefix('x').unwrap_or(&trial.verdict);
    match trial.reason.as_ref().or(trial.failed_clause.as_ref()) {
        Some(why) => format!("{verdict} ({why})"),
        None => verdict.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::machine::record::RunRecord;

    fn trial(id: &str, verdict: &str) -> TrialRecord {
        TrialRecord {
            id: id.to_owned(),
            subject: "libc".to_owned(),
            verdict: verdict.to_owned(),
            ..TrialRecord::default()
        }
    }

    fn changes(old: &[TrialRecord], new: &[TrialRecord]) -> Vec<(Kind, String)> {
        let report = |trials: &[TrialRecord]| Report {
            run: RunRecord::default(),
            trials: trials.to_vec(),
            summary: None,
        };
        compare(&report(old), &report(new)).into_iter().map(|c| (c.kind, c.id)).collect()
    }

    fn kind(old: &str, new: &str) -> Option<Kind> {
        changes(&[trial("a", old)], &[trial("a", new)]).first().map(|(kind, _)| *kind)
    }

    #[test]
    fn kinds() {
        for (old, new, expected) in [
            ("pass", "pass", None),
            ("pass", "fail", Some(Kind::Regression)),
            ("skip", "hang", Some(Kind::Regression)),
            ("pass", "xfail", Some(Kind::Regression)),
            ("broken", "fail", Some(Kind::Regression)),
            ("fail", "pass", Some(Kind::Fix)),
            ("xfail", "xpass", Some(Kind::Fix)),
            ("fail", "xfail", None),
            ("pass", "xpass", None),
            ("fail", "hang", Some(Kind::Changed)),
            ("fail", "skip", Some(Kind::Changed)),
            ("pass", "skip", Some(Kind::Changed)),
            ("pass", "deviates", Some(Kind::Changed)),
        ] {
            assert_eq!(kind(old, new), expected, "{old} {new}");
        }
    }

    #[test]
    fn changed_values_and_new_and_removed_trials() {
        let with = |value: &str| {
            let mut trial = trial("v", "recorded");
            trial.recorded.insert("si_uid".to_owned(), value.to_owned());
            trial
        };
        let old = [with("0"), trial("a", "pass"), trial("b", "fail")];
        let new = [with("1"), trial("b", "fail"), trial("c", "fail"), trial("d", "pass")];
        // A new trial that fails is listed with the regressions.
        let expected = [(Kind::Regression, "c"), (Kind::Recorded, "v"), (Kind::New, "d"), (Kind::Gone, "a")];
        assert_eq!(changes(&old, &new), expected.map(|(k, id)| (k, id.to_owned())));
    }

    #[test]
    fn the_worst_of_repeated_trials_counts() {
        let old = [trial("a", "pass"), trial("a", "pass")];
        let new = [trial("a", "pass"), trial("a", "fail"), trial("a", "pass")];
        assert_eq!(changes(&old, &new), [(Kind::Regression, "a".to_owned())]);
        assert_eq!(changes(&new, &new), []);
    }
}
