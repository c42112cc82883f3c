//! Known failures: a text file with a trial per line, as `case@call subject verdict # reason`.
//!
//! The subject may contain spaces: the id is the first word of a line, the verdict the last before the reason. A line that
//! begins with `#` is a comment. Ids that were renamed are updated. An update keeps reasons, links, comments and
//! the order of lines.

use super::machine::read::Report;
use super::renames;
use crate::runner::event::{TrialReport, Verdict};
use crate::sorted::Map;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// The verdicts that a baseline can hold.
pub const KNOWN: [&str; 4] = ["fail", "hang", "crash", "leak"];

/// A trial: id and subject.
type Key = (String, String);

/// The trials that are known to fail, how each of them fails, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The file, line by line.
    lines: Vec<Line>,
    /// The index of each trial's line.
    at: Map<Key, usize>,
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// A comment, or an empty line.
    Text(String),
    /// A trial that is known to fail.
    Entry(Entry),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    key: Key,
    verdict: String,
    /// The reason, with links; may be empty.
    reason: String,
}

/// The first line of a file that `update` creates.
const HEADING: &str =
    "# Known failures: case@call subject verdict # reason. Maintained by `waitspec baseline update`.";

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
        self.at.keys().map(|(id, _)| id.as_str())
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Why a trial is known to fail, if the file says so.
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

    /// The verdict of a trial, given the baseline.
    ///
    /// A known failure becomes `xfail`, one that fails differently keeps its verdict, and one that passes becomes `xpass`.
    pub fn judge(&self, trial: &TrialReport) -> Verdict {
        let known =
            self.entry(&(trial.id.clone(), trial.subject.clone())).map(|entry| entry.verdict.as_str());
        match (known, &trial.verdict) {
            (Some(_), Verdict::Pass) => Verdict::Xpass,
            (Some(known), verdict) if known == verdict.name() => Verdict::Xfail,
            (_, verdict) => verdict.clone(),
        }
    }

    /// Replaces the entries of the trials in a report; the entries of other trials stay.
    ///
    /// An `xfail` keeps its entry. If a trial ran several times, a failure wins. Reasons and comments stay; a comment
    /// is removed with the last entry below it. New entries are appended.
    ///
    /// # Errors
    /// An `xfail` without an entry: the report was made with a different baseline and does not say how the trial failed.
    pub fn update(&mut self, report: &Report) -> Result<(), String> {
        let mut found: Map<Key, String> = Map::new();
        for trial in &report.trials {
            let key = (trial.id.clone(), trial.subject.clone());
            if KNOWN.contains(&trial.verdict.as_str()) {
                found.insert(key, trial.verdict.clone());
            } else if trial.verdict == "xfail" {
                let Some(known) = self.entry(&key) else {
                    return Err(format!(
                        "{} {} is an xfail of another baseline: update that baseline, or run without one",
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

    /// Removes entries, and comments that no longer precede any.
    fn drop_lines(&mut self, mut gone: Vec<bool>) {
        let mut at = 0;
        while at < self.lines.len() {
            let is_comment = |line: &Line| matches!(line, Line::Text(text) if text.starts_with('#'));
            let run = |from: usize, of: &dyn Fn(&Line) -> bool| {
                from + self.lines[from..].iter().take_while(|line| of(line)).count()
            };
            let entries = run(at, &is_comment);
            let end = run(entries, &|line| matches!(line, Line::Entry(_)));
            if entries > at && end > entries && (entries..end).all(|line| gone[line]) {
                // The heading belongs to the whole file.
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

/// Whether this is that trial, and it failed, excused or not.
fn fails(trial: &super::machine::record::TrialRecord, key: &Key) -> bool {
    let is_it = trial.id == key.0 && trial.subject == key.1;
    is_it && (KNOWN.contains(&trial.verdict.as_str()) || trial.verdict == "xfail")
}

/// Parses an entry. The reason begins after the first ` # ` that follows a complete entry: a subject may contain one.
fn entry(line: &str) -> Result<Entry, String> {
    let mut error = "expected `case@call subject verdict`".to_owned();
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
                key: (renames::trial(id).into_owned(), renames::subject(subject.trim()).into_owned()),
                verdict: verdict.to_owned(),
                reason: line[reason..].trim().to_owned(),
            });
        }
        error = format!("unknown verdict `{verdict}`: expected {}", KNOWN.join(", "));
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
            if baseline.at.insert(entry.key.clone(), baseline.lines.len()).is_some() {
                return Err(at("duplicate entry for this trial"));
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
    use crate::report::machine::record::{RunRecord, TrialRecord};
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
