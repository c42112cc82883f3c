//! Reading a JSON report back.

use super::record::{FORMAT, Record, RunRecord, SummaryRecord, TrialRecord};
use crate::harness::event::Verdict;
use std::path::Path;

/// A report, as far as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The header.
    pub run: RunRecord,
    /// The trials, in the order in which they finished.
    pub trials: Vec<TrialRecord>,
    /// The footer; `None` if the run did not come to its end.
    pub summary: Option<SummaryRecord>,
}

impl Report {
    /// Whether every trial that was to run is in the report.
    pub fn is_complete(&self) -> bool {
        self.summary.as_ref().is_some_and(|s| !s.interrupted)
    }
}

/// Reads a report.
///
/// # Errors
/// One line that names the file and, where the text is at fault, the number of the line.
pub fn read(path: &Path) -> Result<Report, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    parse(&bytes).map_err(|e| format!("{}, {e}", path.display()))
}

/// Understands the text of a report.
///
/// A last line that was cut off (no newline, not whole) is left out.
///
/// # Errors
/// The number of the first line that is no line of a report, and why.
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
            Err(e) if run.is_none() => return Err(at(format!("not a JSON report of waitspec ({e})"))),
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
            _ if summary.is_some() => return Err(at("a line behind the summary".to_owned())),
            Record::Trial(trial) if !Verdict::NAMES.contains(&trial.verdict.as_str()) => {
                return Err(at(format!("unknown verdict `{}`", trial.verdict)));
            }
            Record::Trial(trial) if trial.id.is_empty() || trial.subject.is_empty() => {
                return Err(at("a trial without an id or a subject".to_owned()));
            }
            Record::Trial(trial) => trials.push(trial),
            Record::Summary(footer) => summary = Some(footer),
        }
    }
    match run {
        Some(run) => Ok(Report { run, trials, summary }),
        None => Err("line 1: not a JSON report of waitspec (it is empty)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Reporter, json::Json, sample};

    fn text() -> Vec<u8> {
        let mut out = Vec::new();
        let mut json = Json::new(&mut out, Vec::new());
        sample::run().iter().for_each(|e| json.event(e).unwrap());
        out
    }

    #[test]
    fn what_was_written_is_read() {
        let report = parse(&text()).unwrap();
        assert!(report.is_complete());
        assert_eq!(report.trials[1], TrialRecord::with_reproducer(&sample::failing(), &[]));
        assert_eq!(report.run, (&sample::header()).into());
    }

    #[test]
    fn a_report_may_end_anywhere_behind_its_header() {
        let text = text();
        let header = text.iter().position(|b| *b == b'\n').unwrap();
        for end in header..text.len() - 1 {
            let report = parse(&text[..end]).unwrap_or_else(|e| panic!("cut at {end}: {e}"));
            let whole_lines = text[..end].iter().filter(|b| **b == b'\n').count();
            // A line that lacks only its newline is whole.
            assert!(report.trials.len() + 1 + usize::from(report.summary.is_some()) >= whole_lines);
        }
        assert!(parse(&text[..header - 1]).unwrap_err().starts_with("line 1: "));
        assert!(parse(b"").unwrap_err().starts_with("line 1: "));
    }

    #[test]
    fn a_newer_format_is_refused_and_an_older_one_read() {
        let header =
            |format: &str| format!("{{\"type\":\"run\"{format},\"version\":\"9\",\"subjects\":[]}}\n");
        assert!(parse(header(",\"format\":2").as_bytes()).unwrap_err().contains("format 2 is newer"));
        assert_eq!(parse(header("").as_bytes()).unwrap().run.format, 0);
        let trial =
            r#"{"type":"trial","id":"a@wait","subject":"libc","verdict":"pass","did":["spawn A (held)"]}"#;
        let old = parse((header("") + trial + "\n").as_bytes()).unwrap();
        assert_eq!(old.trials[0].did, ["spawn A (held)"]);
    }

    #[test]
    fn garbage_is_named_by_its_line() {
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
