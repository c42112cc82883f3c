//! JUnit XML, as CI services read it: a test suite per subject, a test case per trial.

use crate::report::Reporter;
use crate::report::human::failure::text;
use crate::report::human::lines::WIDTH;
use crate::runner::event::{RunEvent, Summary, TrialReport, Verdict};
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::time::Duration;

/// Writes the document when the run is over.
#[derive(Debug)]
pub struct Junit<W> {
    out: W,
    suites: Vec<Suite>,
    options: Vec<String>,
}

/// The trials of one subject.
#[derive(Debug, Default)]
struct Suite {
    subject: String,
    /// The elements of its test cases.
    cases: String,
    tests: u32,
    failures: u32,
    errors: u32,
    skipped: u32,
}

impl<W: Write> Junit<W> {
    /// Writes to `out`; `options` are the options of the run that are needed to reproduce one of its trials.
    pub fn new(out: W, options: Vec<String>) -> Junit<W> {
        Junit { out, suites: Vec::new(), options }
    }

    fn trial(&mut self, trial: &TrialReport) {
        let place = self.suites.iter().position(|suite| suite.subject == trial.subject);
        let place = place.unwrap_or_else(|| {
            self.suites.push(Suite { subject: trial.subject.clone(), ..Suite::default() });
            self.suites.len() - 1
        });
        let details = if trial.verdict.is_bad() || matches!(trial.verdict, Verdict::Broken(_)) {
            anstream::adapter::strip_str(&text(trial, &self.options, false, WIDTH)).to_string()
        } else {
            String::new()
        };
        self.suites[place].add(trial, &details);
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let sum = |count: fn(&Suite) -> u32| self.suites.iter().map(count).sum::<u32>();
        writeln!(self.out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(
            self.out,
            r#"<testsuites name="waitspec" tests="{}" failures="{}" errors="{}" time="{}">"#,
            sum(|suite| suite.tests),
            sum(|suite| suite.failures),
            sum(|suite| suite.errors),
            Seconds(summary.duration)
        )?;
        for Suite { subject, cases, tests, failures, errors, skipped } in &self.suites {
            let subject = Escaped(subject);
            writeln!(
                self.out,
                r#"    <testsuite name="{subject}" tests="{tests}" skipped="{skipped}" errors="{errors}" failures="{failures}">"#
            )?;
            writeln!(self.out, "{cases}    </testsuite>")?;
        }
        writeln!(self.out, "</testsuites>")?;
        self.out.flush()
    }
}

impl Suite {
    fn add(&mut self, trial: &TrialReport, details: &str) {
        let theme = trial.id.split(['.', '@']).next().unwrap_or(&trial.id);
        let (id, theme, time) = (Escaped(&trial.id), Escaped(theme), Seconds(trial.duration));
        // Writing to a string does not fail.
        let _ = writeln!(self.cases, r#"        <testcase name="{id}" classname="{theme}" time="{time}">"#);
        self.tests += 1;
        let (element, count) = match &trial.verdict {
            Verdict::Skip(_) | Verdict::Xfail => (Some("skipped"), &mut self.skipped),
            Verdict::Crash | Verdict::Broken(_) => (Some("error"), &mut self.errors),
            verdict if verdict.is_bad() => (Some("failure"), &mut self.failures),
            _ => (None, &mut 0),
        };
        *count += 1;
        if let Some(element) = element {
            let message = match &trial.failure {
                Some(failure) => {
                    format!("{}: expected {}, got {}", failure.clause.id, failure.expected, failure.got)
                }
                None => trial.verdict.reason().unwrap_or(trial.verdict.name()).to_owned(),
            };
            let (message, kind, details) = (Escaped(&message), trial.verdict.name(), Escaped(details));
            let _ = writeln!(
                self.cases,
                r#"            <{element} message="{message}" type="{kind}">{details}</{element}>"#
            );
        }
        // The schema that CI services check against has no properties of a test case.
        let recorded: Vec<String> =
            trial.recorded.iter().map(|(name, value)| format!("recorded {name} = {value}")).collect();
        if !recorded.is_empty() {
            let recorded = recorded.join("\n");
            let _ = writeln!(self.cases, "            <system-out>{}</system-out>", Escaped(&recorded));
        }
        let _ = writeln!(self.cases, "        </testcase>");
    }
}

/// A duration in seconds.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0.as_secs_f64())
    }
}

/// Text in an attribute or an element. A character that XML 1.0 does not have becomes U+FFFD.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\n' | '\t' => f.write_char(char)?,
                '\r' => f.write_str("&#13;")?,
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => f.write_char(char::REPLACEMENT_CHARACTER)?,
                _ => f.write_char(char)?,
            }
        }
        Ok(())
    }
}

impl<W: Write> Reporter for Junit<W> {
    fn event(&mut self, event: &RunEvent) -> io::Result<()> {
        match event {
            RunEvent::Begin(_) | RunEvent::Waiting(_) => {}
            RunEvent::Trial(trial) => self.trial(trial),
            RunEvent::End(summary) => self.end(summary)?,
        }
        Ok(())
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
    #[test]
    fn characters_that_xml_lacks_are_replaced() {
        let text = "a < b && \"c\" > d\u{7}\n\r\u{ffff}\u{1f600}";
        let escaped = "a &lt; b &amp;&amp; &quot;c&quot; &gt; d\u{fffd}\n&#13;\u{fffd}\u{1f600}";
        assert_eq!(Escaped(text).to_string(), escaped);
        assert_eq!(Seconds(Duration::from_micros(1_234_567)).to_string(), "1.235");
    }
}
