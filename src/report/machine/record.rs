//! The lines of the JSON report: one object each, distinguished by `type`.
//!
//! A header (`run`), a `trial` for each trial in the order in which they finished, and a footer (`summary`). Empty fields
//! are omitted; readers ignore unknown fields.

use crate::report::human::failure::reproduce;
use crate::runner::event::{ClauseOutcome, RunHeader, SubjectInfo, Summary, TrialReport, Verdict};
use crate::sorted::Map;
use crate::spec::verified;
use crate::trial::InterfaceName;
use serde::{Deserialize, Serialize};

/// The number of this format, in every header. It is incremented when a reader of the old format would misread the new one.
pub const FORMAT: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[allow(
    clippy::large_enum_variant,
    reason = "only one exists at a time, and it is written or destructured at once"
)]
pub enum Record {
    /// The first line.
    Run(RunRecord),
    /// A finished trial.
    Trial(TrialRecord),
    /// The last line, if the run finished.
    Summary(SummaryRecord),
}

/// The environment of the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunRecord {
    /// The number of the format. Reports from before the first release have none, which is read as 0.
    #[cfg_attr(feature = "schema", schemars(extend("const" = FORMAT)))]
    pub format: u32,
    /// The version of this crate.
    pub version: String,
    /// The subjects.
    pub subjects: Vec<SubjectRecord>,
    /// The operating system of the driver, such as `Linux`.
    pub os: String,
    /// Its release, such as `6.18.44`.
    pub kernel: String,
    /// The C library, as named by the first subject that knows it.
    pub libc: String,
    /// The machine, such as `x86_64`.
    pub machine: String,
    /// The methods by which processes are observed.
    pub observation: Vec<String>,
    /// What the environment lacks, and what had to be normalized. Earlier reports call it `surroundings`.
    #[serde(alias = "surroundings", skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    /// The seed of the order, if the trials were shuffled.
    pub seed: Option<u64>,
    /// The number of trials selected.
    pub trials: usize,
    /// The number of wardens.
    pub jobs: usize,
}

/// A subject.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SubjectRecord {
    /// The name as `--subject` takes it; trials refer to it.
    pub subject: String,
    /// The name that the agent gave.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where to report bugs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub issues: String,
    /// What is being tested: `calls`, `handle` or `program`.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["calls", "handle", "program"])))]
    #[serde(default = "calls")]
    pub interface: String,
    /// Why this has not been run on a real system, as for a subject that simulates a kernel from its source; empty if it has.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unverified: String,
    /// The operating system that it sees.
    pub os: String,
    /// Its C library.
    pub libc: String,
    /// The machine that it sees.
    pub arch: String,
    /// The profile whose clauses apply.
    pub profile: String,
    /// The calls it offers.
    pub calls: Vec<String>,
}

/// A finished trial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrialRecord {
    /// `case@call`.
    pub id: String,
    /// The subject as `--subject` takes it.
    pub subject: String,
    /// The agent's name and version, where they say more than the subject.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// The name of a verdict.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = Verdict::NAMES)))]
    pub verdict: String,
    /// The reason of a skip or of a broken trial, or the source of a deviation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Each clause checked, with its outcome.
    pub clauses: Vec<ClauseRecord>,
    /// The clause that was broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_clause: Option<String>,
    /// What the clause requires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub got: Option<String>,
    /// The steps, in order. Earlier reports call them `did`.
    #[serde(alias = "did")]
    pub steps: Vec<String>,
    /// The state of each child at the end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<String>,
    /// The values chosen by the implementation where it is free to choose.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, String>"))]
    pub recorded: Map<String, String>,
    /// Violated SHOULD clauses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<WarningRecord>,
    /// Why a clause was not observed, and other notes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What the agent wrote on its standard error.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stderr: String,
    /// The protocol lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<String>,
    /// The command that reproduces it, if it did not pass.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reproduce: String,
    /// Why the deviation has not been confirmed by a run; empty if it has.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unverified: String,
    /// The number of processes it created, including the agent.
    pub processes: u32,
    /// How long it took, in microseconds.
    pub duration_us: u64,
}

/// A clause and its outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClauseRecord {
    /// The clause's id.
    pub id: String,
    /// The name of an outcome, in snake case: `pass`, `not_observed`.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ClauseOutcome::ALL.map(outcome_word))))]
    pub outcome: String,
}

/// A violated SHOULD clause.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WarningRecord {
    /// The clause's id.
    pub clause: String,
    /// What the clause requires.
    pub expected: String,
    /// What was observed.
    pub got: String,
}

/// The footer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SummaryRecord {
    /// Whether the run was cut short by a signal.
    pub interrupted: bool,
    /// The number of processes created in all trials.
    pub processes: u64,
    /// How long the run took, in microseconds.
    pub duration_us: u64,
    /// The count of each verdict, under its name.
    #[serde(flatten)]
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, u64>"))]
    pub counts: Map<String, u64>,
}

/// The name of an outcome, in snake case.
pub fn outcome_word(outcome: ClauseOutcome) -> String {
    outcome.name().replace(' ', "_")
}

/// The interface of subjects that do not name one.
fn calls() -> String {
    InterfaceName::Calls.name().to_owned()
}

impl From<&RunHeader> for RunRecord {
    fn from(header: &RunHeader) -> RunRecord {
        let (os, kernel) = header.kernel.split_once(' ').unwrap_or((&header.kernel, ""));
        let libc = header.subjects.iter().map(|s| &s.libc).find(|l| !l.is_empty());
        RunRecord {
            format: FORMAT,
            version: header.version.clone(),
            subjects: header.subjects.iter().map(SubjectRecord::from).collect(),
            os: os.to_owned(),
            kernel: kernel.to_owned(),
            libc: libc.cloned().unwrap_or_default(),
            machine: header.machine.clone(),
            observation: header.observation.clone(),
            environment: header.surroundings.clone(),
            seed: header.seed,
            trials: header.trials,
            jobs: header.jobs,
        }
    }
}

impl From<&SubjectInfo> for SubjectRecord {
    fn from(subject: &SubjectInfo) -> SubjectRecord {
        SubjectRecord {
            subject: subject.spec.clone(),
            name: subject.name.clone(),
            version: subject.version.clone(),
            issues: subject.issues.clone(),
            interface: subject.interface.name().to_owned(),
            unverified: String::new(),
            os: subject.os.clone(),
            libc: subject.libc.clone(),
            arch: subject.arch.clone(),
            profile: subject.profile.clone(),
            calls: subject.calls.clone(),
        }
    }
}

impl From<&TrialReport> for TrialRecord {
    fn from(trial: &TrialReport) -> TrialRecord {
        let failure = trial.failure.as_ref();
        let unverified = match (&trial.verdict, failure) {
            (Verdict::Deviates(source), Some(failure)) => verified::of_deviation(failure.clause, source),
            _ => "",
        };
        TrialRecord {
            id: trial.id.clone(),
            subject: trial.subject.clone(),
            agent: trial.agent.clone(),
            verdict: trial.verdict.name().to_owned(),
            reason: trial.verdict.reason().map(str::to_owned),
            clauses: trial
                .clauses
                .iter()
                .map(|(clause, outcome)| ClauseRecord {
                    id: clause.id.to_owned(),
                    outcome: outcome_word(*outcome),
                })
                .collect(),
            failed_clause: failure.map(|f| f.clause.id.to_owned()),
            expected: failure.map(|f| f.expected.clone()),
            got: failure.map(|f| f.got.clone()),
            steps: trial.steps.clone(),
            children: trial.children.clone(),
            recorded: trial.recorded.iter().cloned().collect(),
            warnings: trial
                .warnings
                .iter()
                .map(|w| WarningRecord {
                    clause: w.clause.id.to_owned(),
                    expected: w.expected.clone(),
                    got: w.got.clone(),
                })
                .collect(),
            notes: trial.notes.clone(),
            stderr: trial.stderr.clone(),
            trace: trial.trace.clone(),
            reproduce: String::new(),
            unverified: unverified.to_owned(),
            processes: trial.processes,
            duration_us: u64::try_from(trial.duration.as_micros()).unwrap_or(u64::MAX),
        }
    }
}

impl TrialRecord {
    /// The record of a trial, with the command that reproduces it if it did not pass.
    ///
    /// `options` are the options of the run that are needed to reproduce the trial.
    pub fn with_reproducer(trial: &TrialReport, options: &[String]) -> TrialRecord {
        let mut record = TrialRecord::from(trial);
        if trial.failure.is_some() || trial.verdict.is_bad() || matches!(trial.verdict, Verdict::Broken(_)) {
            record.reproduce = reproduce(trial, options);
        }
        record
    }
}

impl From<&Summary> for SummaryRecord {
    fn from(summary: &Summary) -> SummaryRecord {
        SummaryRecord {
            interrupted: summary.interrupted,
            processes: summary.processes,
            duration_us: u64::try_from(summary.duration.as_micros()).unwrap_or(u64::MAX),
            counts: summary.counts().map(|(name, n)| (name.to_owned(), n as u64)).collect(),
        }
    }
}
