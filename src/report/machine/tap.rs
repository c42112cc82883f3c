//! The Test Anything Protocol. No feature of version 14 is used, and many consumers only know version 13.

use crate::report::Reporter;
use crate::runner::event::{RunEvent, TrialReport, Verdict};
use std::io::{self, Write};

/// Writes a test point per trial, and the plan at the end.
#[derive(Debug)]
pub struct Tap<W> {
    out: W,
    count: usize,
    /// Use the dialect of the Linux kernel: no directives except SKIP, and diagnostics in comments before the result.
    kernel: bool,
    /// The counts of KTAP's summary: pass, fail, skip, xfail.
    totals: [usize; 4],
}

impl<W: Write> Tap<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Tap<W> {
        Tap { out, count: 0, kernel: false, totals: [0; 4] }
    }

    /// The same in KTAP version 1, with totals at the end as in kselftest.
    pub fn of_the_kernel(out: W) -> Tap<W> {
        Tap { kernel: true, ..Tap::new(out) }
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
        let name =
            format!("{} {}", trial.id, trial.shown_subject()).replace('\\', "\\\\").replace('#', "\\#");
        let sort = match &trial.verdict {
            Verdict::Skip(_) => 2,
            Verdict::Xfail => 3,
            _ => usize::from(!ok),
        };
        self.totals[sort] += 1;
        if self.kernel {
            if !ok {
                for (name, value) in diagnostics(trial) {
                    writeln!(self.out, "# {name}: {}", one_line(&value))?;
                }
            }
            // A known failure is not a failure there.
            let (not, directive) = match &trial.verdict {
                Verdict::Xfail => ("", " # XFAIL known to fail".to_owned()),
                _ => (not, directive),
            };
            return writeln!(self.out, "{not}ok {} {name}{directive}", self.count);
        }
        writeln!(self.out, "{not}ok {} - {name}{directive}", self.count)?;
        if ok {
            return Ok(());
        }
        writeln!(self.out, "  ---")?;
        for (name, value) in diagnostics(trial) {
            // A JSON string is a YAML string.
            writeln!(self.out, "  {name}: {}", serde_json::Value::from(value))?;
        }
        writeln!(self.out, "  ...")
    }
}

/// The diagnostics of a trial that did not pass.
fn diagnostics(trial: &TrialReport) -> Vec<(&'static str, String)> {
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
    fields
}

/// A reason without line breaks, which would end the test point.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl<W: Write> Reporter for Tap<W> {
    fn event(&mut self, event: &RunEvent) -> io::Result<()> {
        match event {
            RunEvent::Begin(header) if self.kernel => {
                writeln!(self.out, "KTAP version 1")?;
                // The plan comes first there.
                writeln!(self.out, "1..{}", header.trials)?;
            }
            RunEvent::Begin(_) => writeln!(self.out, "TAP version 13")?,
            RunEvent::Trial(trial) => self.trial(trial)?,
            RunEvent::Waiting(_) => {}
            RunEvent::End(summary) if summary.interrupted => writeln!(self.out, "Bail out! Interrupted")?,
            RunEvent::End(_) if self.kernel => {
                let [pass, fail, skip, xfail] = self.totals;
                writeln!(
                    self.out,
                    "# Totals: pass:{pass} fail:{fail} xfail:{xfail} xpass:0 skip:{skip} error:0"
                )?;
            }
            RunEvent::End(_) => writeln!(self.out, "1..{}", self.count)?,
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_dialect_of_the_kernel() {
        let text = sample::written(&sample::run(), Tap::of_the_kernel, |tap| tap.out);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], ["KTAP version 1", "1..3", "ok 1 exit.code@wait4 agent:./mywait"]);
        assert!(lines.contains(&"# clause: posix/waitpid/nohang-zero"), "{text}");
        assert!(lines.contains(&"not ok 2 nohang.running-child@wait4 agent:./mywait"));
        assert!(lines.contains(&"ok 3 exit.code@wait6 agent:./mywait # SKIP wait6 is not on this system"));
        assert_eq!(lines.last(), Some(&"# Totals: pass:1 fail:1 xfail:0 xpass:0 skip:1 error:0"));
    }

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
