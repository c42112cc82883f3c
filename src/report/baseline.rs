//! What is known to fail: a text file with one trial a line, as `case@call subject verdict # why`.
//!
//! The subject may hold spaces: the id is the first word of a line, the verdict the last before the reason. A line that
//! begins with `#` is a remark. Reasons, links, remarks and the order of lines are their author's: an update keeps them.

use super::read::Report;
use crate::harness::event::{TrialReport, Verdict};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// The verdicts that a baseline can hold.
pub const KNOWN: [&str; 4] = ["fail", "hang", "crash", "leak"];

/// A trial: id and subject.
type Key = (String, String);

/// The trials that are known to fail, each with how and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The file, line by line.
    lines: Vec<Line>,
    /// Where in it each trial is.
    at: BTreeMap<Key, usize>,
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// A remark, or an empty line.
    Text(String),
    /// A trial that is known to fail.
    Entry(Entry),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    key: Key,
    verdict: String,
    /// Why, with links; empty if nobody said.
    reason: String,
}

/// The first line of a file that `update` makes.
const HEADING: &str =
    "# Trials that are known to fail: case@call subject verdict # why. Kept by `waitspec baseline update`.";

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// One line that names the file, and the line that is at fault.
    pub fn read(path: &Path) -> Result<Baseline, String> {
        let text =
            std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        text.parse().map_err(|e| format!("{}, {e}", path.display()))
    }

    /// The `case@call` of every entry.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.at.keys().map(|(id, _)| id.as_str())
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether nothing is known to fail.
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Why a trial is known to fail, if the file says.
    pub fn reason(&self, id: &str, subject: &str) -> Option<&str> {
        let entry = self.entry(&(id.to_owned(), subject.to_owned()))?;
        Some(entry.reason.as_str()).filter(|reason| !reason.is_empty())
    }

    fn entry(&self, key: &Key) -> Option<&Entry> {
        match self.lines.get(*self.at.get(key)?) {
            Some(Line::Entry(entry)) => Some(entry),
            _ => None,
        }
    }

    /// The verdict of a trial in the light of the baseline.
    ///
    /// A trial that fails exactly as it is known to is `xfail`; one that fails otherwise keeps its verdict; one that
    /// passes is `xpass`.
    pub fn judge(&self, trial: &TrialReport) -> Verdict {
        let known =
            self.entry(&(trial.id.clone(), trial.subject.clone())).map(|entry| entry.verdict.as_str());
        match (known, &trial.verdict) {
            (Some(_), Verdict::Pass) => Verdict::Xpass,
            (Some(known), verdict) if known == verdict.name() => Verdict::Xfail,
            (_, verdict) => verdict.clone(),
        }
    }

    /// Takes over what a report says of the trials in it; entries of other trials stay.
    ///
    /// An `xfail` keeps its entry. Of a trial that ran several times the failure counts. Reasons and remarks stay; a
    /// remark goes with the last entry below it. New entries come last.
    ///
    /// # Errors
    /// An `xfail` without an entry: the report was made with another baseline, and no longer tells how it failed.
    pub fn update(&mut self, report: &Report) -> Result<(), String> {
        let mut found: BTreeMap<Key, String> = BTreeMap::new();
        for trial in &report.trials {
            let key = (trial.id.clone(), trial.subject.clone());
            if KNOWN.contains(&trial.verdict.as_str()) {
                found.insert(key, trial.verdict.clone());
            } else if trial.verdict == "xfail" {
                let Some(known) = self.entry(&key) else {
                    return Err(format!(
                        "{} {} is an xfail of another baseline: update that one, or run without",
                        key.0, key.1
                    ));
                };
                found.entry(key).or_insert_with(|| known.verdict.clone());
            }
        }
        let mut gone = vec![false; self.lines.len()];
        for trial in &report.trials {
            let key = (trial.id.clone(), trial.subject.clone());
            let Some(at) = self.at.get(&key) else { continue };
            match (found.remove(&key), &mut self.lines[*at]) {
                (Some(verdict), Line::Entry(entry)) => {
                    entry.verdict = verdict;
                    gone[*at] = false;
                }
                (None, Line::Entry(entry)) => gone[*at] = !report.trials.iter().any(|t| fails(t, &entry.key)),
                (_, Line::Text(_)) => {}
            }
        }
        self.drop_lines(gone);
        if !matches!(self.lines.first(), Some(Line::Text(text)) if text.starts_with('#')) {
            self.lines.insert(0, Line::Text(HEADING.to_owned()));
        }
        for (key, verdict) in found {
            self.lines.push(Line::Entry(Entry { key, verdict, reason: String::new() }));
        }
        self.index();
        Ok(())
    }

    /// Removes entries, and remarks that then stand above none.
    fn drop_lines(&mut self, mut gone: Vec<bool>) {
        let mut at = 0;
        while at < self.lines.len() {
            let is_remark = |line: &Line| matches!(line, Line::Text(text) if text.starts_with('#'));
            let run = |from: usize, of: &dyn Fn(&Line) -> bool| {
                from + self.lines[from..].iter().take_while(|line| of(line)).count()
            };
            let entries = run(at, &is_remark);
            let end = run(entries, &|line| matches!(line, Line::Entry(_)));
            if entries > at && end > entries && (entries..end).all(|line| gone[line]) {
                // The heading is of the whole file.
                let first = at + usize::from(self.lines[at] == Line::Text(HEADING.to_owned()));
                gone[first..entries].fill(true);
            }
            at = end.max(at + 1);
        }
        let mut gone = gone.into_iter();
        self.lines.retain(|_| !gone.next().unwrap_or(false));
    }

    fn index(&mut self) {
        let entries = self.lines.iter().enumerate().filter_map(|(at, line)| match line {
            Line::Entry(entry) => Some((entry.key.clone(), at)),
            Line::Text(_) => None,
        });
        self.at = entries.collect();
    }
}

/// Whether a trial is of that name and failed, with or without a baseline's leave.
fn fails(trial: &super::record::TrialRecord, key: &Key) -> bool {
    let is_it = trial.id == key.0 && trial.subject == key.1;
    is_it && (KNOWN.contains(&trial.verdict.as_str()) || trial.verdict == "xfail")
}

/// An entry, or why the line is none. The reason begins behind the first ` # ` that leaves a whole entry before it: a
/// subject may hold one.
fn entry(line: &str) -> Result<Entry, String> {
    let mut error = "not `case@call subject verdict`".to_owned();
    let ends = line.match_indices(" # ").map(|(at, mark)| (at, at + mark.len()));
    for (end, reason) in ends.chain([(line.len(), line.len())]) {
        let parts = line[..end].trim().split_once(' ');
        let Some((id, (subject, verdict))) =
            parts.and_then(|(id, rest)| Some((id, rest.trim().rsplit_once(' ')?)))
        else {
            continue;
        };
        if KNOWN.contains(&verdict) {
            return Ok(Entry {
                key: (id.to_owned(), subject.trim().to_owned()),
                verdict: verdict.to_owned(),
                reason: line[reason..].trim().to_owned(),
            });
        }
        error = format!("`{verdict}` is none of {}", KNOWN.join(", "));
    }
    Err(error)
}

impl FromStr for Baseline {
    type Err = String;

    fn from_str(text: &str) -> Result<Baseline, String> {
        let mut baseline = Baseline::default();
        for (index, line) in text.lines().enumerate() {
            let at = |why: &str| format!("line {}: {why}", index + 1);
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                baseline.lines.push(Line::Text(line.to_owned()));
                continue;
            }
            let entry = entry(line).map_err(|why| at(&why))?;
            if baseline.at.insert(entry.key.clone(), index).is_some() {
                return Err(at("a second entry for this trial"));
            }
            baseline.lines.push(Line::Entry(entry));
        }
        Ok(baseline)
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            match line {
                Line::Text(text) => writeln!(f, "{text}")?,
                Line::Entry(Entry { key: (id, subject), verdict, reason }) if reason.is_empty() => {
                    writeln!(f, "{id} {subject} {verdict}")?;
                }
                Line::Entry(Entry { key: (id, subject), verdict, reason }) => {
                    writeln!(f, "{id} {subject} {verdict} # {reason}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::record::{RunRecord, TrialRecord};
    use crate::report::sample;

    const TEXT: &str = "# known\n\na@wait4 agent:python3 a.py --x fail\nb@wait libc  hang\n";

    #[test]
    fn lines() {
        let baseline: Baseline = TEXT.parse().unwrap();
        assert_eq!(baseline.ids().collect::<Vec<_>>(), ["a@wait4", "b@wait"]);
        assert_eq!(
            baseline.to_string(),
            "# known\n\na@wait4 agent:python3 a.py --x fail\nb@wait libc hang\n"
        );
        assert_eq!(baseline.to_string().parse::<Baseline>().unwrap(), baseline);
        for (bad, why) in
            [("a@wait4", "not `case"), ("a@wait4 libc", "not `case"), ("a@w libc pass", "none of")]
        {
            let error = format!("#\n{bad}\n").parse::<Baseline>().unwrap_err();
            assert!(error.starts_with("line 2: ") && error.contains(why), "{error}");
        }
        assert!("a@w l fail\na@w l hang".parse::<Baseline>().unwrap_err().contains("second"));
    }

    #[test]
    fn only_the_known_failure_is_excused() {
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
        let expected = format!("{HEADING}\nb@w libc hang\nc@w libc fail\nd@w libc hang\ne@w libc crash\n");
        assert_eq!(baseline.to_string(), expected);
        assert!(
            baseline.update(&report(vec![trial("z@w", "xfail")])).unwrap_err().contains("another baseline")
        );
    }

    #[test]
    fn reasons_links_and_remarks_stay() {
        let text = "# ours\n\n# kernel bug, see https://example.org/1#c2\na@w libc fail # lost: https://example.org/3\n\
                    a@v libc hang\n\n# gone soon\nb@w libc fail # why\nc@w agent:x # y fail # both\n";
        let mut baseline: Baseline = text.parse().unwrap();
        assert_eq!(baseline.to_string(), text);
        assert_eq!(baseline.reason("a@w", "libc"), Some("lost: https://example.org/3"));
        assert_eq!(baseline.reason("a@v", "libc"), None);
        assert_eq!(baseline.reason("c@w", "agent:x # y"), Some("both"));
        let trial = |id: &str, subject: &str, verdict: &str| TrialRecord {
            id: id.to_owned(),
            subject: subject.to_owned(),
            verdict: verdict.to_owned(),
            ..TrialRecord::default()
        };
        let trials = vec![
            trial("a@w", "libc", "hang"),
            trial("a@v", "libc", "pass"),
            trial("b@w", "libc", "pass"),
            trial("c@w", "agent:x # y", "pass"),
            trial("d@w", "libc", "fail"),
        ];
        baseline.update(&Report { run: RunRecord::default(), trials, summary: None }).unwrap();
        let expected = "# ours\n\n# kernel bug, see https://example.org/1#c2\n\
                        a@w libc hang # lost: https://example.org/3\n\nd@w libc fail\n";
        assert_eq!(baseline.to_string(), expected);
    }

    #[test]
    fn of_trials_that_ran_several_times_the_failure_counts() {
        let mut baseline: Baseline = "a@w libc fail # why\n".parse().unwrap();
        let run = |verdict: &str| TrialRecord {
            id: "a@w".to_owned(),
            subject: "libc".to_owned(),
            verdict: verdict.to_owned(),
            ..TrialRecord::default()
        };
        let trials = vec![run("pass"), run("hang"), run("pass")];
        baseline.update(&Report { run: RunRecord::default(), trials, summary: None }).unwrap();
        assert_eq!(baseline.to_string(), format!("{HEADING}\na@w libc hang # why\n"));
    }
}
