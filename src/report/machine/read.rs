//! Reads a JSON report.
//!
//! Reports of earlier versions are accepted, too: ids that have been renamed since are updated.

use super::record::{FORMAT, Record, RunRecord, SummaryRecord, TrialRecord};
use crate::report::renames;
use crate::runner::event::Verdict;
use std::path::Path;

/// A report, complete or cut off.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The header.
    pub run: RunRecord,
    /// The trials, in the order in which they finished.
    pub trials: Vec<TrialRecord>,
    /// The footer; `None` if the run did not finish.
    pub summary: Option<SummaryRecord>,
}

impl Report {
    /// Whether the run finished without an interruption.
    pub fn is_complete(&self) -> bool {
        self.summary.as_ref().is_some_and(|s| !s.interrupted)
    }
}

/// Reads a report.
///
/// # Errors
/// One line that names the file and, if the text is invalid, the number of the line.
pub fn read(path: &Path) -> Result<Report, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    parse(&bytes).map_err(|e| format!("{}, {e}", path.display()))
}

/// Parses the text of a report.
///
/// An incomplete last line (without a newline) is ignored.
///
/// # Errors
/// The number of the first invalid line, and what is wrong with it.
pub fn parse(bytes: &[u8]) -> Result<Report, String> {
    let mut run = None;
    let mut trials = Vec::new();
    let mut summary = None;
    let mut lines = bytes.split_inclusive(|b| *b == b'\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let at = |why: String| format!("line {}: {why}", index + 1);
        let record = match serde_json::from_slice::<Record>(line) {
            Ok(record) => record,
            Err(_) if run.is_some() && lines.peek().is_none() && !line.ends_with(b"\n") => break,
            Err(e) if run.is_none() => return Err(at(format!("not a waitspec JSON report ({e})"))),
            Err(e) => return Err(at(e.to_string())),
        };
        match record {
            Record::Run(_) if run.is_some() => return Err(at("a second header".to_owned())),
            Record::Run(header) if header.format > FORMAT => {
                return Err(at(format!(
                    "format {} is newer than this waitspec, which reads {FORMAT}",
                    header.format
                )));
            }
            Record::Run(header) => run = Some(header),
            _ if run.is_none() => return Err(at("the header is missing".to_owned())),
            _ if summary.is_some() => return Err(at("a line after the summary".to_owned())),
            Record::Trial(trial) if !Verdict::NAMES.contains(&trial.verdict.as_str()) => {
                return Err(at(format!("unknown verdict `{}`", trial.verdict)));
            }
            Record::Trial(trial) if trial.id.is_empty() || trial.subject.is_empty() => {
                return Err(at("a trial without an id or a subject".to_owned()));
            }
            Record::Trial(trial) => trials.push(up_to_date(trial)),
            Record::Summary(footer) => summary = Some(footer),
        }
    }
    match run {
        Some(run) => Ok(Report { run, trials, summary }),
        None => Err("line 1: not a waitspec JSON report (it is empty)".to_owned()),
    }
}

/// A trial with current ids and words.
fn up_to_date(mut trial: TrialRecord) -> TrialRecord {
    trial.id = renames::trial(&trial.id).into_owned();
    trial.subject = renames::subject(&trial.subject).into_owned();
    for clause in &mut trial.clauses {
        clause.id = renames::clause(&clause.id).into_owned();
        if clause.outcome == "not observed" {
            clause.outcome = "not_observed".to_owned();
        }
    }
    if let Some(clause) = &mut trial.failed_clause {
        *clause = renames::clause(clause).into_owned();
    }
    for warning in &mut trial.warnings {
        warning.clause = renames::clause(&warning.clause).into_owned();
    }
    trial
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::machine::json::Json;
    use crate::report::{Reporter, sample};

    fn text() -> Vec<u8> {
        let mut out = Vec::new();
        let mut json = Json::new(&mut out, Vec::new());
        sample::run().iter().for_each(|e| json.event(e).unwrap());
        out
    }

    #[test]
    fn written_reports_are_read_back() {
        let report = parse(&text()).unwrap();
        assert!(report.is_complete());
        assert_eq!(report.trials[1], TrialRecord::with_reproducer(&sample::failing(), &[]));
        assert_eq!(report.run, (&sample::header()).into());
    }

    #[test]
    fn a_report_may_be_cut_off_anywhere_after_its_header() {
        let text = text();
        let header = text.iter().position(|b| *b == b'\n').unwrap();
        for end in header..text.len() - 1 {
            let report = parse(&text[..end]).unwrap_or_else(|e| panic!("cut at {end}: {e}"));
            let whole_lines = text[..end].iter().filter(|b| **b == b'\n').count();
            // A line that lacks only its newline is complete.
            assert!(report.trials.len() + 1 + usize::from(report.summary.is_some()) >= whole_lines);
        }
        assert!(parse(&text[..header - 1]).unwrap_err().starts_with("line 1: "));
        assert!(parse(b"").unwrap_err().starts_with("line 1: "));
    }

    #[test]
    fn an_old_report_is_updated() {
        let text = concat!(
            r#"{"type":"run"}"#,
            "\n",
            r#"{"type":"trial","id":"any-child.is-waitpid@wait","subject":"libc","verdict":"fail","#,
            r#""clauses":[{"id":"posix/waitpid/echild","outcome":"not observed"}],"did":["wait()"]}"#,
            "\n"
        );
        let report = parse(text.as_bytes()).unwrap();
        let trial = &report.trials[0];
        assert_eq!(trial.id, "any-child.matches-waitpid@wait");
        assert_eq!(trial.steps, ["wait()"]);
        assert_eq!(trial.clauses[0].outcome, "not_observed");
    }

    #[test]
    fn a_newer_format_is_rejected_and_an_older_one_read() {
        let header =
            |format: &str| format!("{{\"type\":\"run\"{format},\"version\":\"9\",\"subjects\":[]}}\n");
        assert!(parse(header(",\"format\":2").as_bytes()).unwrap_err().contains("format 2 is newer"));
        assert_eq!(parse(header("").as_bytes()).unwrap().run.format, 0);
        let trial =
            r#"{"type":"trial","id":"a@wait","subject":"libc","verdict":"pass","did":["spawn A (held)"]}"#;
        let old = parse((header("") + trial + "\n").as_bytes()).unwrap();
        assert_eq!(old.trials[0].steps, ["spawn A (held)"]);
    }

    #[test]
    fn an_invalid_line_is_named_by_its_number() {
        let text = String::from_utf8(text()).unwrap();
        let with = |line: &str| {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.insert(2, line);
            parse((lines.join("\n") + "\n").as_bytes()).unwrap_err()
        };
        for garbage in [
            "{",
            "",
            "[]",
            r#"{"type":"other"}"#,
            r#"{"type":"trial","verdict":"great"}"#,
            r#"{"type":"trial","verdict":"pass"}"#,
        ] {
            assert!(with(garbage).starts_with("line 3: "), "{garbage}");
        }
        assert_eq!(with(text.lines().next().unwrap()), "line 3: a second header");
        assert!(
            parse(text.split_once('\n').unwrap().1.as_bytes()).unwrap_err().contains("header is missing")
        );
    }
}
