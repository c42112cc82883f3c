//! The Test Anything Protocol. Nothing of version 14 is used, and many consumers know none but 13.

use crate::report::Reporter;
use crate::runner::event::{Event, TrialReport, Verdict};
use std::io::{self, Write};

/// Writes a test point per trial, and the plan at the end.
#[derive(Debug)]
pub struct Tap<W> {
    out: W,
    count: usize,
}

impl<W: Write> Tap<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Tap<W> {
        Tap { out, count: 0 }
    }

    fn trial(&mut self, trial: &TrialReport) -> io::Result<()> {
        self.count += 1;
        let ok = !trial.verdict.is_bad() && !matches!(trial.verdict, Verdict::Broken(_) | Verdict::Xfail);
        let directive = match &trial.verdict {
            Verdict::Skip(reason) => format!(" # SKIP {}", one_line(reason)),
            Verdict::Xfail => " # TODO known to fail".to_owned(),
            _ => String::new(),
        };
        let not = if ok { "" } else { "not " };
        let name = format!("{} {}", trial.id, trial.subject).replace('\\', "\\\\").replace('#', "\\#");
        writeln!(self.out, "{not}ok {} - {name}{directive}", self.count)?;
        if ok {
            return Ok(());
        }
        let mut fields = vec![("verdict", trial.verdict.name().to_owned())];
        if let Some(reason) = trial.verdict.reason() {
            fields.push(("reason", reason.to_owned()));
        }
        if let Some(failure) = &trial.failure {
            fields.push(("clause", failure.clause.id.to_owned()));
            fields.push(("must", failure.clause.text.to_owned()));
            fields.push(("expected", failure.expected.clone()));
            fields.push(("got", failure.got.clone()));
        }
        fields.push(("steps", trial.steps.join("; ")));
        writeln!(self.out, "  ---")?;
        for (name, value) in fields {
            // A JSON string is a YAML string.
            writeln!(self.out, "  {name}: {}", serde_json::Value::from(value))?;
        }
        writeln!(self.out, "  ...")
    }
}

/// A reason without line breaks, which would end the test point.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl<W: Write> Reporter for Tap<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Begin(_) => writeln!(self.out, "TAP version 13")?,
            Event::Trial(trial) => self.trial(trial)?,
            Event::Waiting(_) => {}
            Event::End(summary) if summary.interrupted => writeln!(self.out, "Bail out! Interrupted")?,
            Event::End(_) => writeln!(self.out, "1..{}", self.count)?,
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn points_directives_and_plan() {
        let text = sample::written(&sample::run(), Tap::new, |tap| tap.out);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..3],
            [
                "TAP version 13",
                "ok 1 - exit.code@wait4 agent:./mywait",
                "not ok 2 - nohang.running-child@wait4 agent:./mywait"
            ]
        );
        assert!(lines.contains(&"  clause: \"posix/waitpid/nohang-zero\""));
        assert!(lines.contains(&"ok 3 - exit.code@wait6 agent:./mywait # SKIP wait6 is not on this system"));
        assert_eq!(lines.last(), Some(&"1..3"));
    }
}
