//! JUnit XML, as CI services read it: a test suite per subject, a test case per trial.

use crate::report::Reporter;
use crate::report::human::failure::text;
use crate::runner::event::{Event, TrialReport, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::io::{self, Write};

/// Writes the document when the run is over.
#[derive(Debug)]
pub struct Junit<W> {
    out: W,
    report: Report,
    options: Vec<String>,
}

impl<W: Write> Junit<W> {
    /// Writes to `out`; `options` are the options of the run that reproducing one of its trials needs.
    pub fn new(out: W, options: Vec<String>) -> Junit<W> {
        Junit { out, report: Report::new("waitspec"), options }
    }

    fn trial(&mut self, trial: &TrialReport) {
        let mut status = match &trial.verdict {
            Verdict::Skip(_) | Verdict::Xfail => TestCaseStatus::skipped(),
            Verdict::Crash | Verdict::Broken(_) => TestCaseStatus::non_success(NonSuccessKind::Error),
            verdict if verdict.is_bad() => TestCaseStatus::non_success(NonSuccessKind::Failure),
            _ => TestCaseStatus::success(),
        };
        if trial.verdict.is_bad() || matches!(trial.verdict, Verdict::Broken(_)) {
            let full = text(trial, &self.options, false);
            status.set_description(anstream::adapter::strip_str(&full).to_string());
        }
        let message = match &trial.failure {
            Some(failure) => {
                format!("{}: expected {}, got {}", failure.clause.id, failure.expected, failure.got)
            }
            None => trial.verdict.reason().unwrap_or(trial.verdict.name()).to_owned(),
        };
        status.set_message(message).set_type(trial.verdict.name());
        let theme = trial.id.split(['.', '@']).next().unwrap_or(&trial.id);
        let mut test = TestCase::new(trial.id.as_str(), status);
        test.set_classname(theme).set_time(trial.duration);
        // Properties of a test case are unknown to the schema that CI services check against.
        let recorded: Vec<String> =
            trial.recorded.iter().map(|(name, value)| format!("recorded {name} = {value}")).collect();
        if !recorded.is_empty() {
            test.set_system_out(recorded.join("\n"));
        }
        let suites = &mut self.report.test_suites;
        let index = suites.iter().position(|s| s.name.as_str() == trial.subject).unwrap_or_else(|| {
            suites.push(TestSuite::new(trial.subject.as_str()));
            suites.len() - 1
        });
        suites[index].add_test_case(test);
    }

    fn end(&mut self) -> io::Result<()> {
        // The report counts a suite when it is added.
        for suite in std::mem::take(&mut self.report.test_suites) {
            self.report.add_test_suite(suite);
        }
        let document = without_skipped(&self.report.to_string().map_err(io::Error::other)?);
        self.out.write_all(document.as_bytes())?;
        self.out.flush()
    }
}

/// The document without the count of skipped tests of all suites, which the schema has for each suite only.
fn without_skipped(document: &str) -> String {
    let root = document.find("<testsuites").unwrap_or(0);
    let end = document[root..].find('>').map_or(root, |at| root + at);
    let attribute = document[root..end].find(" skipped=\"").map(|at| root + at);
    let after = attribute.and_then(|at| document[at + 10..end].find('"').map(|quote| at + 10 + quote + 1));
    match (attribute, after) {
        (Some(at), Some(after)) => document[..at].to_owned() + &document[after..],
        _ => document.to_owned(),
    }
}

impl<W: Write> Reporter for Junit<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Begin(_) | Event::Waiting(_) => Ok(()),
            Event::Trial(trial) => {
                self.trial(trial);
                Ok(())
            }
            Event::End(summary) => {
                self.report.set_time(summary.duration);
                self.end()
            }
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
        assert!(text.contains(r#"<testsuites name="waitspec" tests="3" failures="1" errors="0""#), "{text}");
        assert!(text.contains(r#"<testsuite name="agent:./mywait" tests="3""#), "{text}");
        assert!(
            text.contains(r#"message="posix/waitpid/nohang-zero: expected 0, got -1 ECHILD" type="fail""#),
            "{text}"
        );
        assert!(text.contains(r#"<skipped message="wait6 is not on this system""#), "{text}");
        assert!(!text.contains('\u{1b}'), "no colours");
    }
}
