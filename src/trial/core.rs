//! A running trial: the state that its case works on. The other files of this folder add what a case can do with it.

use super::link::Link;
use super::subject::SubjectInfo;
use super::uses::Uses;
use super::verdict::{Failure, Outcome as ClauseOutcome};
use crate::protocol::wait::{IdType, WaitRequest};
use crate::spec::clause::{Clause, Profile};
use crate::spec::deviations::{Deviation, Release, release_of};
use crate::sys::call::abi::Call;
use crate::wait::{Signal, System};
use std::time::Duration;

/// A child of the trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Its name in reports: `A`, `B`, ...
    pub name: String,
    /// Its pid, as the agent was told it by fork.
    pub pid: i64,
}

/// Whom a call waits for.
#[derive(Debug, Clone, Copy)]
pub enum Target<'c> {
    /// Any child.
    Any,
    /// That child, by its pid.
    Child(&'c Child),
    /// Any child of the caller's process group.
    OwnGroup,
    /// Any child of the process group that this child leads.
    Group(&'c Child),
    /// The child behind a pidfd of the agent: `waitid` and `P_PIDFD` only.
    Pidfd(i64),
    /// This number: the first argument of `waitpid` and `wait4`; of `waitid` and `wait6` the id of `P_PID`.
    Pid(i64),
    /// This `idtype` and `id`: `waitid` and `wait6` only.
    Id(IdType, i64),
}

/// A call that was begun and has not been finished.
#[derive(Debug)]
#[must_use = "a call that was begun is finished, or nothing is known of it"]
pub struct Pending {
    pub(crate) id: u64,
    pub(crate) request: WaitRequest,
    pub(crate) shown: String,
}

/// What is the same for all trials of a run.
#[derive(Debug, Clone)]
pub struct Common {
    /// The profile of each trial's subject, if the user set one.
    pub profile: Option<Profile>,
    /// The program that is a child.
    pub child: Option<Vec<String>>,
    /// Whether a SHOULD that does not hold fails.
    pub strict: bool,
    /// The release of the kernel that the wardens run on.
    pub release: Option<Release>,
}

/// A child and what the harness knows of it.
pub(crate) struct Known {
    pub(crate) child: Child,
    /// The warden knows it; one without a connection must be adopted first.
    pub(crate) adopted: bool,
}

/// A running trial.
pub struct Trial<'a> {
    pub(crate) link: &'a mut Link,
    /// The clauses that the case cites.
    pub(crate) cited: &'static [&'static Clause],
    /// What the case may ask the trial's call for; `None`: anything.
    pub(crate) uses: Option<Uses>,
    pub(crate) call: Call,
    pub(crate) common: &'a Common,
    pub(crate) profile: Profile,
    pub(crate) system: System,
    info: &'a SubjectInfo,
    pub(crate) agent: Opened,
    pub(crate) children: Vec<Known>,
    /// How many names were given to children.
    pub(crate) named: usize,
    pub(crate) did: Vec<String>,
    pub(crate) clauses: Vec<(&'static Clause, ClauseOutcome)>,
    pub(crate) deviations: Vec<(&'static Deviation, Failure)>,
    pub(crate) warnings: Vec<Failure>,
    pub(crate) recorded: Vec<(String, String)>,
    pub(crate) notes: Vec<String>,
    pub(crate) processes: u32,
    /// A call returned without a report, and its buffers are looked at: what it waited for may be written there later.
    pub(crate) unreported: bool,
    /// Every change of a child is awaited before the next call: none happens by itself.
    pub(crate) settled: bool,
}

/// The agent of a trial, as the warden started it.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The process that the warden forked, which leads the agent's process group.
    pub pid: i64,
    /// What the tokens of this trial's children begin with.
    pub nonce: String,
    /// Where children connect.
    pub socket: String,
    /// The command that is a child.
    pub child: Vec<String>,
}

impl<'a> Trial<'a> {
    /// A trial whose agent has said hello.
    pub(crate) fn new(
        link: &'a mut Link,
        (cited, uses): (&'static [&'static Clause], Option<Uses>),
        call: Call,
        common: &'a Common,
        info: &'a SubjectInfo,
        agent: Opened,
    ) -> Trial<'a> {
        let profile = common.profile.or(Profile::from_name(&info.os));
        Trial {
            link,
            cited,
            uses,
            call,
            common,
            profile: profile.unwrap_or(Profile::Posix),
            system: System::from_names(&info.os, &info.arch).unwrap_or(System::HOST),
            info,
            agent,
            children: Vec::new(),
            named: 0,
            did: Vec::new(),
            clauses: Vec::new(),
            deviations: Vec::new(),
            warnings: Vec::new(),
            recorded: Vec::new(),
            notes: Vec::new(),
            processes: 1,
            unreported: false,
            settled: false,
        }
    }

    /// The call that this trial is about.
    pub fn call(&self) -> Call {
        self.call
    }

    /// The system whose clauses apply.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The system whose clauses apply, and its release.
    pub(crate) fn judged_as(&self) -> (Profile, Option<Release>) {
        (self.profile, release_of(&self.info.release).or(self.common.release))
    }

    /// The system that the agent runs on, by its numbers.
    pub fn system(&self) -> System {
        self.system
    }

    /// The number of a signal on the agent's system; -1 if it has no such signal.
    pub fn number(&self, signal: Signal) -> i32 {
        signal.number_on(self.system).unwrap_or(-1)
    }

    /// Whether the subject's calls are the kernel's own, with no C library between: only there a bad pointer is defined.
    pub fn is_raw(&self) -> bool {
        self.info.raw
    }

    /// Whether the subject makes a call again that a signal ended, so that nobody sees `EINTR`.
    pub fn retries_eintr(&self) -> bool {
        self.info.retries_eintr
    }

    /// Whether the subject's calls can ask for any child.
    pub(super) fn selects_any(&self) -> bool {
        self.info.selects_any
    }

    /// The agent's pid, which is that of its process group too.
    pub fn agent_pid(&self) -> i64 {
        self.agent.pid
    }

    /// The children so far, in the order in which they were made.
    pub fn children(&self) -> impl Iterator<Item = &Child> {
        self.children.iter().map(|k| &k.child)
    }

    /// That long, on a machine as slow as this one.
    pub(crate) fn scaled(&self, time: Duration) -> Duration {
        self.link.scaled(time)
    }

    /// Records a value that the implementation is free to choose.
    pub fn record(&mut self, name: &str, value: impl Into<String>) {
        self.recorded.push((name.to_owned(), value.into()));
    }

    /// A remark for the report.
    pub fn note(&mut self, text: &str) {
        if !self.notes.iter().any(|n| n == text) {
            self.notes.push(text.to_owned());
        }
    }
}
