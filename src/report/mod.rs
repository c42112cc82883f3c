//! Reports on a run, for people and for programs. Each is written from the stream of events of [`crate::runner::event`].
//!
//! | module | what it holds |
//! |---|---|
//! | [`human`] | text for people: the report on a terminal, the text of one failure, the progress bar |
//! | [`machine`] | JSON lines (fields, schema, writer, reader), TAP, JUnit |
//! | [`matrix`] | reports of several subjects side by side: text, Markdown, an HTML page |
//! | [`diff`], [`slower`], [`runs`] | comparing two reports; slower trials; comparing one report with several |
//! | [`baseline`] | comparing a run with its known failures |
//! | [`renames`] | old ids and the new ones |

#[cfg(feature = "cli")]
pub mod baseline;
#[cfg(feature = "cli")]
pub mod diff;
pub mod human;
#[cfg(feature = "cli")]
pub mod machine;
#[cfg(feature = "full")]
pub mod matrix;
#[cfg(feature = "cli")]
pub mod renames;
#[cfg(feature = "cli")]
pub mod runs;
#[cfg(feature = "cli")]
pub mod slower;

use crate::runner::event::RunEvent;
use std::io;

/// Receives the events of a run as they happen.
pub trait Reporter {
    /// Handles an event and writes as much of the report as is known so far.
    ///
    /// # Errors
    /// The error of a write.
    fn event(&mut self, event: &RunEvent) -> io::Result<()>;
}

#[cfg(all(test, feature = "cli"))]
pub(crate) mod sample {
    //! Events for the reporters' tests.

    use crate::runner::event::{
        ClauseOutcome, Failure, RunEvent, RunHeader, SubjectInfo, Summary, TrialReport, Verdict,
    };
    use crate::spec::posix;
    use std::time::Duration;

    pub(crate) fn header() -> RunHeader {
        RunHeader {
            trials: 3,
            version: "0.1.0".to_owned(),
            subjects: vec![SubjectInfo {
                spec: "agent:./mywait".to_owned(),
                name: "mywait".to_owned(),
                version: "0.3".to_owned(),
                os: "linux".to_owned(),
                libc: "glibc 2.36".to_owned(),
                arch: "x86_64".to_owned(),
                release: String::new(),
                profile: "linux".to_owned(),
                calls: vec!["waitpid".to_owned(), "wait4".to_owned()],
                ..SubjectInfo::default()
            }],
            kernel: "Linux 6.18.44".to_owned(),
            machine: "x86_64".to_owned(),
            observation: vec!["pidfd".to_owned(), "/proc/PID/stat".to_owned()],
            surroundings: vec!["SIGCHLD was ignored".to_owned()],
            seed: Some(7),
            jobs: 2,
        }
    }

    pub(crate) fn trial(id: &str, verdict: Verdict) -> TrialReport {
        TrialReport {
            id: id.to_owned(),
            subject: "agent:./mywait".to_owned(),
            agent: "0.3".to_owned(),
            verdict,
            clauses: vec![(&posix::WAITPID_NOHANG_ZERO, ClauseOutcome::Pass)],
            failure: None,
            warnings: Vec::new(),
            steps: vec!["spawn A (held)".to_owned(), "wait4(any, WNOHANG)".to_owned()],
            children: vec!["A running, pid 4711".to_owned()],
            recorded: Vec::new(),
            notes: Vec::new(),
            stderr: String::new(),
            trace: Vec::new(),
            processes: 3,
            duration: Duration::from_millis(12),
        }
    }

    pub(crate) fn failing() -> TrialReport {
        TrialReport {
            clauses: vec![(&posix::WAITPID_NOHANG_ZERO, ClauseOutcome::Fail)],
            failure: Some(Failure {
                clause: &posix::WAITPID_NOHANG_ZERO,
                expected: "0".to_owned(),
                got: "-1 ECHILD".to_owned(),
            }),
            ..trial("nohang.running-child@wait4", Verdict::Fail)
        }
    }

    /// A run with one pass, one failure and one skip.
    pub(crate) fn run() -> Vec<RunEvent> {
        let trials = [
            trial("exit.code@wait4", Verdict::Pass),
            failing(),
            trial("exit.code@wait6", Verdict::Skip("wait6 is not on this system".to_owned())),
        ];
        let mut summary = Summary::default();
        summary.duration = Duration::from_millis(1500);
        trials.iter().for_each(|t| summary.add(t));
        let mut events = vec![RunEvent::Begin(header())];
        events.extend(trials.into_iter().map(|t| RunEvent::Trial(Box::new(t))));
        events.push(RunEvent::End(summary));
        events
    }

    /// What a reporter writes for these events.
    pub(crate) fn written<R: super::Reporter>(
        events: &[RunEvent],
        reporter: impl FnOnce(Vec<u8>) -> R,
        out: impl FnOnce(R) -> Vec<u8>,
    ) -> String {
        let mut reporter = reporter(Vec::new());
        events.iter().for_each(|e| reporter.event(e).unwrap());
        String::from_utf8(out(reporter)).unwrap()
    }
}
