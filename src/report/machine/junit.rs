//! JUnit XML, as CI services read it: a test suite per subject, a test case per trial.

use crate::report::Reporter;
use crate::report::human::failure::text;
use crate::runner::event::{Event, TrialReport, Verdict};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

/// What a trial counts as.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
enum Kind {
    Success,
    Skipped,
    Failure,
    Error,
}

impl Kind {
    fn of(verdict: &Verdict) -> Kind {
        match verdict {
            Verdict::Skip(_) | Verdict::Xfail => Kind::Skipped,
            Verdict::Crash | Verdict::Broken(_) => Kind::Error,
            verdict if verdict.is_bad() => Kind::Failure,
            _ => Kind::Success,
        }
    }

    /// The element inside the test case.
    fn element(self) -> Option<&'static str> {
        match self {
            Kind::Success => None,
            Kind::Skipped => Some("skipped"),
            Kind::Failure => Some("failure"),
            Kind::Error => Some("error"),
        }
    }
}

/// The test cases of one subject.
#[derive(Debug)]
struct Suite {
    subject: String,
    kinds: Vec<Kind>,
    /// The elements of its test cases.
    body: String,
}

/// The counts, as attributes.
fn counts<'a>(kinds: impl Iterator<Item = &'a Kind> + Clone) -> String {
    let count = |kind| kinds.clone().filter(|k| **k == kind).count();
    format!(
        r#"tests="{}" skipped="{}" failures="{}" errors="{}""#,
        kinds.clone().count(),
        count(Kind::Skipped),
        count(Kind::Failure),
        count(Kind::Error)
    )
}

/// Text as an attribute's value or an element's content. What XML cannot hold at all becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// As content, where line breaks stay readable.
fn content(text: &str) -> String {
    escaped(text).replace("&#10;", "\n")
}

/// Writes the document when the run is over.
#[derive(Debug)]
pub struct Junit<W> {
    out: W,
    suites: Vec<Suite>,
    options: Vec<String>,
}

impl<W: Write> Junit<W> {
    /// Writes to `out`; `options` are the options of the run that reproducing one of its trials needs.
    pub fn new(out: W, options: Vec<String>) -> Junit<W> {
        Junit { out, suites: Vec::new(), options }
    }

    fn trial(&mut self, trial: &TrialReport) {
        let kind = Kind::of(&trial.verdict);
        let element = self.element(trial, kind);
        let index = self.suites.iter().position(|s| s.subject == trial.subject).unwrap_or_else(|| {
            let subject = trial.subject.clone();
            self.suites.push(Suite { subject, kinds: Vec::new(), body: String::new() });
            self.suites.len() - 1
        });
        let suite = &mut self.suites[index];
        suite.kinds.push(kind);
        suite.body.push_str(&element);
    }

    /// The `testcase` of a trial.
    fn element(&self, trial: &TrialReport, kind: Kind) -> String {
        let (case, call) = trial.id.split_once('@').unwrap_or((&trial.id, ""));
        let theme = case.split('.').next().unwrap_or(case);
        let mut out = format!(
            "    <testcase name=\"{}\" classname=\"{}\" time=\"{:.3}\">\n      <properties>\n",
            escaped(&trial.id),
            escaped(theme),
            trial.duration.as_secs_f64()
        );
        let recorded =
            trial.recorded.iter().map(|(name, value)| (format!("recorded.{name}"), value.as_str()));
        for (name, value) in [("call".to_owned(), call)].into_iter().chain(recorded) {
            let (name, value) = (escaped(&name), escaped(value));
            let _ = writeln!(out, "        <property name=\"{name}\" value=\"{value}\"/>");
        }
        out.push_str("      </properties>\n");
        if let Some(element) = kind.element() {
            let message = match &trial.failure {
                Some(failure) => {
                    format!("{}: expected {}, got {}", failure.clause.id, failure.expected, failure.got)
                }
                None => trial.verdict.reason().unwrap_or(trial.verdict.name()).to_owned(),
            };
            let (message, verdict) = (escaped(&message), trial.verdict.name());
            let _ = write!(out, "      <{element} message=\"{message}\" type=\"{verdict}\">");
            if kind != Kind::Skipped {
                let full = text(trial, &self.options, false);
                out.push_str(&content(&anstream::adapter::strip_str(&full).to_string()));
            }
            let _ = writeln!(out, "</{element}>");
        }
        out.push_str("    </testcase>\n");
        out
    }

    fn end(&mut self, duration: Duration) -> io::Result<()> {
        let all = counts(self.suites.iter().flat_map(|suite| &suite.kinds));
        writeln!(self.out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(self.out, r#"<testsuites name="waitspec" {all} time="{:.3}">"#, duration.as_secs_f64())?;
        for suite in &self.suites {
            let (name, counts) = (escaped(&suite.subject), counts(suite.kinds.iter()));
            writeln!(self.out, "  <testsuite name=\"{name}\" {counts}>\n{}  </testsuite>", suite.body)?;
        }
        writeln!(self.out, "</testsuites>")?;
        self.out.flush()
    }
}

impl<W: Write> Reporter for Junit<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Begin(_) => Ok(()),
            Event::Trial(trial) => {
                self.trial(trial);
                Ok(())
            }
            Event::End(summary) => self.end(summary.duration),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_suite_for_each_subject() {
        let text = sample::written(&sample::run(), |out| Junit::new(out, Vec::new()), |junit| junit.out);
        assert!(
            text.contains(r#"<testsuites name="waitspec" tests="3" skipped="1" failures="1" errors="0""#),
            "{text}"
        );
        assert!(text.contains(r#"<testsuite name="agent:./mywait" tests="3""#), "{text}");
        assert!(
            text.contains(r#"message="posix/waitpid/nohang-zero: expected 0, got -1 ECHILD" type="fail""#),
            "{text}"
        );
        assert!(text.contains(r#"<skipped message="wait6 is not on this system""#), "{text}");
        assert!(!text.contains('\u{1b}'), "no colours");
    }

    #[test]
    fn what_xml_cannot_hold_is_escaped() {
        assert_eq!(escaped("a<b> & \"c\"\u{1b}\n"), "a&lt;b&gt; &amp; &quot;c&quot;\u{fffd}&#10;");
        assert_eq!(content("two\nlines"), "two\nlines");
    }
}
