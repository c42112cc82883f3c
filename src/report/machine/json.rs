//! JSON lines: readable up to the last line written, even if the run was cut off.

use super::record::{Record, TrialRecord};
use crate::report::Reporter;
use crate::runner::event::RunEvent;
use std::io::{self, Write};

/// Writes each event as a line, immediately.
#[derive(Debug)]
pub struct Json<W> {
    out: W,
    options: Vec<String>,
}

impl<W: Write> Json<W> {
    /// Writes to `out`, which should not buffer lines; `options` are the options of the run that are needed to reproduce one
    /// of its trials.
    pub fn new(out: W, options: Vec<String>) -> Json<W> {
        Json { out, options }
    }
}

impl<W: Write> Reporter for Json<W> {
    fn event(&mut self, event: &RunEvent) -> io::Result<()> {
        let record = match event {
            RunEvent::Begin(header) => Record::Run(header.into()),
            RunEvent::Trial(trial) => Record::Trial(TrialRecord::with_reproducer(trial, &self.options)),
            RunEvent::Waiting(_) => return Ok(()),
            RunEvent::End(summary) => Record::Summary(summary.into()),
        };
        let mut line = serde_json::to_vec(&record)?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn one_object_a_line() {
        let text = sample::written(&sample::run(), |out| Json::new(out, Vec::new()), |json| json.out);
        let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[0]["type"], "run");
        assert_eq!(lines[0]["format"], 1);
        assert_eq!((&lines[0]["os"], &lines[0]["kernel"]), (&"Linux".into(), &"6.18.44".into()));
        assert_eq!(lines[0]["libc"], "glibc 2.36");
        assert_eq!(lines[0]["subjects"][0]["subject"], "agent:./mywait");
        assert_eq!(lines[2]["type"], "trial");
        assert_eq!(lines[2]["id"], "nohang.running-child@wait4");
        assert_eq!(lines[2]["failed_clause"], "posix/waitpid/nohang-zero");
        assert_eq!(lines[2]["clauses"][0]["outcome"], "fail");
        assert_eq!(lines[2]["got"], "-1 ECHILD");
        assert_eq!(lines[2]["steps"][0], "spawn A (held)");
        assert_eq!(
            lines[2]["reproduce"],
            "waitspec run nohang.running-child@wait4 --subject agent:./mywait --trace"
        );
        assert_eq!(lines[1].get("reproduce"), None, "a pass needs none");
        assert_eq!(lines[2]["duration_us"], 12_000);
        assert_eq!(lines[3]["reason"], "wait6 is not on this system");
        assert_eq!(lines[4]["type"], "summary");
        assert_eq!(
            (&lines[4]["pass"], &lines[4]["fail"], &lines[4]["hang"]),
            (&1.into(), &1.into(), &0.into())
        );
    }
}
