//! Known failures: a text file with a trial per line, as `case@call subject verdict`.
//!
//! The subject may contain spaces: the id is the first word of a line, the verdict the last. A line that begins with `#` is a
//! comment. Ids that were renamed are brought up to date.

use super::machine::read::Report;
use super::renames;
use crate::runner::event::{TrialReport, Verdict};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// The verdicts that a baseline can hold.
pub const KNOWN: [&str; 4] = ["fail", "hang", "crash", "leak"];

/// The trials that are known to fail, and how each of them does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Id and subject, and the verdict.
    entries: BTreeMap<(String, String), String>,
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// One line that names the file and the line at fault.
    pub fn read(path: &Path) -> Result<Baseline, String> {
        let text =
            std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        text.parse().map_err(|e| format!("{}, {e}", path.display()))
    }

    /// The `case@call` of every entry.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(|(id, _)| id.as_str())
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The verdict of a trial in the light of the baseline.
    ///
    /// A known failure is `xfail`, one that fails in another way keeps its verdict, one that passes is `xpass`.
    pub fn judge(&self, trial: &TrialReport) -> Verdict {
        let known = self.entries.get(&(trial.id.clone(), trial.subject.clone()));
        match (known, &trial.verdict) {
            (Some(_), Verdict::Pass) => Verdict::Xpass,
            (Some(known), verdict) if known == verdict.name() => Verdict::Xfail,
            (_, verdict) => verdict.clone(),
        }
    }

    /// Replaces the entries of the trials in a report; the entries of other trials stay.
    ///
    /// An `xfail` keeps its entry. If a trial ran several times, a failure counts.
    ///
    /// # Errors
    /// An `xfail` without an entry: the report was made with another baseline and does not say how the trial failed.
    pub fn update(&mut self, report: &Report) -> Result<(), String> {
        let mut found: BTreeMap<(String, String), String> = BTreeMap::new();
        for trial in &report.trials {
            let key = (trial.id.clone(), trial.subject.clone());
            if KNOWN.contains(&trial.verdict.as_str()) {
                found.insert(key, trial.verdict.clone());
            } else if trial.verdict == "xfail" {
                let Some(known) = self.entries.get(&key) else {
                    return Err(format!(
                        "{} {} is an xfail of another baseline: update that one, or run without a baseline",
                        key.0, key.1
                    ));
                };
                found.entry(key).or_insert_with(|| known.clone());
            }
        }
        for trial in &report.trials {
            self.entries.remove(&(trial.id.clone(), trial.subject.clone()));
        }
        self.entries.extend(found);
        Ok(())
    }
}

impl FromStr for Baseline {
    type Err = String;

    fn from_str(text: &str) -> Result<Baseline, String> {
        let mut baseline = Baseline::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let at = |why: &str| format!("line {}: {why}", index + 1);
            let parts = line.split_once(' ').and_then(|(id, rest)| Some((id, rest.trim().rsplit_once(' ')?)));
            let Some((id, (subject, verdict))) = parts else {
                return Err(at("expected `case@call subject verdict`"));
            };
            if !KNOWN.contains(&verdict) {
                return Err(at(&format!("unknown verdict `{verdict}`: expected {}", KNOWN.join(", "))));
            }
            let key = (renames::trial(id).into_owned(), renames::subject(subject.trim()).into_owned());
            if baseline.entries.insert(key, verdict.to_owned()).is_some() {
                return Err(at("duplicate entry for this trial"));
            }
        }
        Ok(baseline)
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# Known failures: case@call subject verdict. Maintained by `waitspec baseline update`."
        )?;
        for ((id, subject), verdict) in &self.entries {
            writeln!(f, "{id} {subject} {verdict}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::machine::record::{RunRecord, TrialRecord};
    use crate::report::sample;

    const TEXT: &str = "# known\n\na@wait4 agent:python3 a.py --x fail\nb@wait libc  hang\n";

    #[test]
    fn lines() {
        let baseline: Baseline = TEXT.parse().unwrap();
        assert_eq!(baseline.ids().collect::<Vec<_>>(), ["a@wait4", "b@wait"]);
        assert!(baseline.to_string().ends_with("\na@wait4 agent:python3 a.py --x fail\nb@wait libc hang\n"));
        assert_eq!(baseline.to_string().parse::<Baseline>().unwrap(), baseline);
        for (bad, why) in [
            ("a@wait4", "expected `case"),
            ("a@wait4 libc", "expected `case"),
            ("a@w libc pass", "unknown verdict"),
        ] {
            let error = format!("#\n{bad}\n").parse::<Baseline>().unwrap_err();
            assert!(error.starts_with("line 2: ") && error.contains(why), "{error}");
        }
        assert!("a@w l fail\na@w l hang".parse::<Baseline>().unwrap_err().contains("duplicate"));
    }

    #[test]
    fn renamed_ids_are_brought_up_to_date() {
        let baseline: Baseline = "any-child.is-waitpid@wait libc fail\n".parse().unwrap();
        assert_eq!(baseline.ids().collect::<Vec<_>>(), ["any-child.matches-waitpid@wait"]);
    }

    #[test]
    fn only_a_known_failure_is_excused() {
        let baseline: Baseline = "a@wait agent:./mywait fail\n".parse().unwrap();
        let judged = |id, verdict| baseline.judge(&sample::trial(id, verdict));
        assert_eq!(judged("a@wait", Verdict::Fail), Verdict::Xfail);
        assert_eq!(judged("a@wait", Verdict::Hang), Verdict::Hang);
        assert_eq!(judged("a@wait", Verdict::Pass), Verdict::Xpass);
        assert_eq!(judged("a@wait", Verdict::Skip("why".into())), Verdict::Skip("why".into()));
        assert_eq!(judged("b@wait", Verdict::Fail), Verdict::Fail);
        assert_eq!(judged("b@wait", Verdict::Pass), Verdict::Pass);
    }

    #[test]
    fn updating() {
        let trial = |id: &str, verdict: &str| TrialRecord {
            id: id.to_owned(),
            subject: "libc".to_owned(),
            verdict: verdict.to_owned(),
            ..TrialRecord::default()
        };
        let mut baseline: Baseline =
            "a@w libc fail\nb@w libc hang\nc@w libc fail\nd@w libc fail".parse().unwrap();
        let report = |trials| Report { run: RunRecord::default(), trials, summary: None };
        let trials =
            vec![trial("a@w", "xpass"), trial("b@w", "xfail"), trial("d@w", "hang"), trial("e@w", "crash")];
        baseline.update(&report(trials)).unwrap();
        let expected =
            "b@w libc hang\nc@w libc fail\nd@w libc hang\ne@w libc crash".parse::<Baseline>().unwrap();
        assert_eq!(baseline, expected);
        assert!(
            baseline.update(&report(vec![trial("z@w", "xfail")])).unwrap_err().contains("another baseline")
        );
    }
}
