//! What a run tells: one stream of events feeds every reporter.

use crate::spec::Clause;
use std::fmt;
use std::time::Duration;

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run begins.
    Begin(RunHeader),
    /// A trial finished.
    Trial(Box<TrialReport>),
    /// The run is over, or was interrupted.
    End(Summary),
}

/// What is known before the first trial.
#[derive(Debug, Clone, Default)]
pub struct RunHeader {
    /// The number of trials that were selected.
    pub trials: usize,
    /// The version of this crate.
    pub version: String,
    /// The subjects, each with its name, version, issues address and profile.
    pub subjects: Vec<SubjectInfo>,
    /// The operating system and its release, as `Linux 6.18.44`.
    pub kernel: String,
    /// The machine, as `x86_64`.
    pub machine: String,
    /// The methods by which processes are observed, as `pidfd`, `/proc/PID/stat`.
    pub observation: Vec<String>,
    /// What the surroundings take away or had to be normalised, as `SIGCHLD was ignored`.
    pub surroundings: Vec<String>,
    /// The seed of the order of trials, if they were shuffled.
    pub seed: Option<u64>,
    /// The number of wardens at work.
    pub jobs: usize,
}

/// Who is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectInfo {
    /// The name as `--subject` takes it.
    pub spec: String,
    /// The name that the agent gave.
    pub name: String,
    /// The version that the agent gave.
    pub version: String,
    /// Where to report what was found.
    pub issues: String,
    /// The operating system that the agent sees.
    pub os: String,
    /// The C library that the agent named.
    pub libc: String,
    /// The machine that the agent sees.
    pub arch: String,
    /// The profile whose clauses apply.
    pub profile: String,
    /// The calls offered.
    pub calls: Vec<String>,
    /// Whether calls can be made on several threads.
    pub threads: bool,
    /// Whether the calls are the kernel's own, with no C library between.
    pub raw: bool,
    /// Whether a call that a signal ended is made again.
    pub retries_eintr: bool,
}

/// The outcome of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every expectation held.
    Pass,
    /// The subject broke a clause.
    Fail,
    /// A call slept (or span) although it had to return.
    Hang,
    /// The agent died in a call.
    Crash,
    /// The trial left processes behind that it had not made.
    Leak,
    /// It could not be asked here, for this reason.
    Skip(String),
    /// Nothing was judged; the values are recorded.
    Recorded,
    /// The subject departs from a clause exactly as is known of its system; the source.
    Deviates(String),
    /// The harness or the surroundings went wrong, for this reason.
    Broken(String),
    /// Failed as the baseline says.
    Xfail,
    /// Passed although the baseline says that it fails.
    Xpass,
}

impl Verdict {
    /// Every verdict's word, in the order of summaries.
    pub const NAMES: [&'static str; 11] =
        ["pass", "fail", "hang", "crash", "leak", "skip", "recorded", "deviates", "broken", "xfail", "xpass"];

    /// The word that reports use.
    pub const fn name(&self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Hang => "hang",
            Verdict::Crash => "crash",
            Verdict::Leak => "leak",
            Verdict::Skip(_) => "skip",
            Verdict::Recorded => "recorded",
            Verdict::Deviates(_) => "deviates",
            Verdict::Broken(_) => "broken",
            Verdict::Xfail => "xfail",
            Verdict::Xpass => "xpass",
        }
    }

    /// The reason of a skip or of a broken trial, or the source of a deviation.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Verdict::Skip(r) | Verdict::Broken(r) | Verdict::Deviates(r) => Some(r),
            _ => None,
        }
    }

    /// Whether the verdict counts against the subject (exit code 1).
    pub const fn is_bad(&self) -> bool {
        matches!(self, Verdict::Fail | Verdict::Hang | Verdict::Crash | Verdict::Leak | Verdict::Xpass)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.reason() {
            Some(reason) => write!(f, " ({reason})"),
            None => Ok(()),
        }
    }
}

/// What became of one clause in one trial.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Checked, and it held.
    Pass,
    /// Checked, and it did not.
    Fail,
    /// Checked, and it did not, as is known of the system.
    Deviates,
    /// A SHOULD that did not hold.
    Warn,
    /// The subject could not show it.
    NotObserved,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 5] =
        [Outcome::Pass, Outcome::Fail, Outcome::Deviates, Outcome::Warn, Outcome::NotObserved];

    /// The word that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Deviates => "deviates",
            Outcome::Warn => "warn",
            Outcome::NotObserved => "not observed",
        }
    }
}

/// An expectation that did not hold, in words.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The clause that was broken.
    pub clause: &'static Clause,
    /// What was expected.
    pub expected: String,
    /// What came back.
    pub got: String,
}

/// Everything about one finished trial.
#[derive(Debug, Clone)]
pub struct TrialReport {
    /// `case@call`.
    pub id: String,
    /// The subject as `--subject` takes it.
    pub subject: String,
    /// The agent's name and version, where they say more than the subject.
    pub agent: String,
    /// The outcome.
    pub verdict: Verdict,
    /// The clauses that were checked, in the order in which they were first checked, each once with its worst outcome.
    pub clauses: Vec<(&'static Clause, Outcome)>,
    /// What was broken, for a fail, a hang, a crash, a deviation or a warning.
    pub failure: Option<Failure>,
    /// SHOULD clauses that did not hold.
    pub warnings: Vec<Failure>,
    /// The steps of the trial in order, as `spawn A (held)`, `wait4(any, WNOHANG)`.
    pub did: Vec<String>,
    /// The state of each child at the end, as `A running, pid 4711`.
    pub children: Vec<String>,
    /// Values that the implementation is free to choose: name and value.
    pub recorded: Vec<(String, String)>,
    /// Why clauses were not observed, and other remarks.
    pub notes: Vec<String>,
    /// What the agent wrote on its standard error.
    pub stderr: String,
    /// The protocol lines of the trial, if they were asked for or the trial did not pass.
    pub trace: Vec<String>,
    /// How many processes the trial made, the agent included.
    pub processes: u32,
    /// How long it took.
    pub duration: Duration,
}

/// The count of each verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    counts: [usize; Verdict::NAMES.len()],
    /// Processes made, over all trials.
    pub processes: u64,
    /// Whether the run was cut short.
    pub interrupted: bool,
    /// Trials that were selected and did not run.
    pub not_run: usize,
    /// How long the run took.
    pub duration: Duration,
}

impl Summary {
    /// Counts one more trial.
    pub fn add(&mut self, report: &TrialReport) {
        self.counts[index(report.verdict.name())] += 1;
        self.processes += u64::from(report.processes);
    }

    /// The count of the verdict of that name.
    pub fn count(&self, name: &str) -> usize {
        self.counts[index(name)]
    }

    /// All counts, with their names.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        Verdict::NAMES.into_iter().zip(self.counts)
    }

    /// The number of trials that finished.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The exit code that the counts ask for: 1 something is bad, 3 something is broken, 0 otherwise.
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
