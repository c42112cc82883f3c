//! The events of a run: one stream feeds every reporter.

pub use crate::trial::subject::SubjectInfo;
pub use crate::trial::verdict::{ClauseOutcome, Failure, Verdict};

use crate::spec::clause::Clause;
use std::time::Duration;

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// The run starts.
    Begin(RunHeader),
    /// A trial finished.
    Trial(Box<TrialReport>),
    /// Some seconds have passed.
    Waiting(Standing),
    /// The run is over or was interrupted.
    End(Summary),
}

/// The progress of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The number of trials that have finished.
    pub finished: usize,
    /// The trial that has been running the longest, and for how long.
    pub longest: Option<(String, Duration)>,
}

/// What is known before the first trial.
#[derive(Debug, Clone, Default)]
pub struct RunHeader {
    /// The number of selected trials.
    pub trials: usize,
    /// The version of this crate.
    pub version: String,
    /// The subjects, each with name, version, issue tracker and profile.
    pub subjects: Vec<SubjectInfo>,
    /// The operating system and its release, e.g. `Linux 6.18.44`.
    pub kernel: String,
    /// The machine, e.g. `x86_64`.
    pub machine: String,
    /// How processes are observed, e.g. `pidfd`, `/proc/PID/stat`.
    pub observation: Vec<String>,
    /// What the environment lacks, or what was normalized, e.g. `SIGCHLD was ignored`.
    pub surroundings: Vec<String>,
    /// The seed, if the trials were shuffled.
    pub seed: Option<u64>,
    /// The number of wardens.
    pub jobs: usize,
}

/// Everything about one finished trial.
#[derive(Debug, Clone)]
pub struct TrialReport {
    /// `case@call`.
    pub id: String,
    /// The subject, as given to `--subject`.
    pub subject: String,
    /// The agent's name and version, if they say more than the subject.
    pub agent: String,
    /// The outcome.
    pub verdict: Verdict,
    /// The clauses checked, in order of their first check, each once with its worst outcome.
    pub clauses: Vec<(&'static Clause, ClauseOutcome)>,
    /// What was violated, for a fail, hang, crash, deviation or warning.
    pub failure: Option<Failure>,
    /// Violated SHOULD clauses.
    pub warnings: Vec<Failure>,
    /// The steps of the trial in order, e.g. `spawn A (held)`, `wait4(any, WNOHANG)`.
    pub steps: Vec<String>,
    /// The final state of each child, e.g. `A running, pid 4711`.
    pub children: Vec<String>,
    /// Implementation-defined values: name and value.
    pub recorded: Vec<(String, String)>,
    /// Why clauses were not observed, and other remarks.
    pub notes: Vec<String>,
    /// What the agent wrote to standard error.
    pub stderr: String,
    /// The protocol trace, if requested or if the trial did not pass.
    pub trace: Vec<String>,
    /// The number of processes the trial created, including the agent.
    pub processes: u32,
    /// The wall-clock time it took.
    pub duration: Duration,
}

/// A command longer than this is replaced by the name that its agent gave.
const SHORT: usize = 32;

impl TrialReport {
    /// The subject as shown to users: as given, or for a long command the name from the agent's hello.
    pub fn shown_subject(&self) -> String {
        match self.subject.split_once(':') {
            Some((kind, command)) if command.chars().count() > SHORT && !self.agent.trim().is_empty() => {
                format!("{kind}:{}", self.agent.trim())
            }
            _ => self.subject.clone(),
        }
    }
}

/// The count of each verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    counts: [usize; Verdict::NAMES.len()],
    /// The number of processes created by all trials.
    pub processes: u64,
    /// Whether the run was cut short.
    pub interrupted: bool,
    /// The number of selected trials that did not run.
    pub not_run: usize,
    /// The wall-clock time of the run.
    pub duration: Duration,
}

impl Summary {
    /// Counts one more trial.
    pub fn add(&mut self, report: &TrialReport) {
        self.counts[index(report.verdict.name())] += 1;
        self.processes += u64::from(report.processes);
    }

    /// The count of the named verdict.
    pub fn count(&self, name: &str) -> usize {
        self.counts[index(name)]
    }

    /// All counts, with the names of their verdicts.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        Verdict::NAMES.into_iter().zip(self.counts)
    }

    /// The number of trials that finished.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The exit code: 1 for any bad verdict, 3 for a broken trial, else 0.
    pub fn exit_code(&self) -> u8 {
        let any = |names: &[&str]| names.iter().any(|n| self.count(n) > 0);
        if any(&["fail", "hang", "crash", "leak", "xpass"]) {
            1
        } else if any(&["broken"]) {
            3
        } else {
            0
        }
    }
}

fn index(name: &str) -> usize {
    Verdict::NAMES.iter().position(|n| *n == name).unwrap_or(Verdict::NAMES.len() - 1)
}
