//! A running trial: what every trial has (the *core*), and what it judges (the *interface*).
//!
//! The core is the children, the warden, the process table and the log; `children` and `states` add what a case can do
//! with them. Each interface is a separate folder or file: `calls`, `handle`, `program`.

use super::abort::Abort;
use super::due::{Unseen, Visibility};
use super::link::connection::Link;
use super::making::{Begun, Making, Suspicion};
use super::subject::SubjectInfo;
use super::verdict::{ClauseOutcome, Failure};
use crate::protocol::Line;
use crate::spec::clause::{Clause, Profile};
use crate::spec::deviations::{Deviation, Place, Release, is_compat, release_of};
use crate::wait::{Signal, System};
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// A child of the trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Its name in reports: `A`, `B`, ...
    pub name: String,
    /// Its pid, as fork returned it to the agent.
    pub pid: i64,
}

/// What is the same for all trials of a run.
#[derive(Debug, Clone, Default)]
pub struct Common {
    /// The profile of each trial's subject, if the user set one.
    pub profile: Option<Profile>,
    /// The command that runs a child.
    pub child: Option<Vec<String>>,
    /// Whether a violated SHOULD fails the trial.
    pub strict: bool,
    /// The release of the kernel that the wardens run on.
    pub release: Option<Release>,
    /// The machine of that kernel, as `uname` names it.
    pub machine: String,
    /// What can be seen of processes there.
    pub observation: Visibility,
    /// How many children can connect, if they use pipes that were created beforehand.
    pub pipes: Option<i64>,
}

/// A child and what the harness knows about it.
pub(crate) struct Known {
    pub(crate) child: Child,
    /// The warden knows it; a child without a connection must be adopted first.
    pub(crate) adopted: bool,
    /// It has a connection of its own, and answers steps.
    pub(crate) connects: bool,
    pub(crate) making: Making,
}

/// What every trial has, whatever is judged: children, warden, process table, log.
pub struct Core<'a> {
    pub(crate) link: &'a mut Link,
    /// The clauses that the case cites.
    pub(crate) cited: &'static [&'static Clause],
    pub(crate) common: &'a Common,
    pub(crate) profile: Profile,
    pub(crate) system: System,
    pub(crate) info: &'a SubjectInfo,
    pub(crate) agent: Opened,
    pub(crate) children: Vec<Known>,
    /// The number of names given to children.
    pub(crate) named: usize,
    pub(crate) steps: Vec<String>,
    pub(crate) clauses: Vec<(&'static Clause, ClauseOutcome)>,
    pub(crate) deviations: Vec<(&'static Deviation, Failure)>,
    pub(crate) warnings: Vec<Failure>,
    pub(crate) recorded: Vec<(String, String)>,
    pub(crate) notes: Vec<String>,
    pub(crate) processes: u32,
    /// A call returned without a report, and its buffers are watched: a late report may still be written to them.
    pub(crate) unreported: bool,
    pub(crate) unseen: Unseen,
    /// An exit was reported that no step asked for: the child itself may have failed.
    pub(crate) suspicion: Option<Suspicion>,
    /// A call is being made to find out what the subject lacks.
    pub(crate) probing: bool,
    /// Steps whose replies have not been asked for.
    pub(crate) begun: Vec<Begun>,
    /// Children that are due to stop or die, with the signal that they were sent.
    pub(crate) stops_due: Vec<(String, Signal)>,
    /// Every change of a child is awaited before the next call: none happens in the background.
    pub(crate) settled: bool,
}

/// The agent of a trial, as the warden started it.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The process that the warden forked, which leads the agent's process group.
    pub pid: i64,
    /// The prefix of the tokens of this trial's children.
    pub nonce: String,
    /// Where children connect.
    pub socket: String,
    /// The command that runs a child.
    pub child: Vec<String>,
    /// For the interface `program`, the command of the program itself.
    pub program: Vec<String>,
    /// The folder that the program is started in.
    pub folder: String,
}

impl<'a> Core<'a> {
    /// The core of a trial whose agent has said hello.
    pub(crate) fn new(
        link: &'a mut Link,
        cited: &'static [&'static Clause],
        common: &'a Common,
        info: &'a SubjectInfo,
        agent: Opened,
    ) -> Core<'a> {
        let profile = common.profile.or(Profile::from_name(&info.os));
        Core {
            link,
            cited,
            common,
            profile: profile.unwrap_or(Profile::Posix),
            system: System::from_names(&info.os, &info.arch).unwrap_or(System::HOST),
            info,
            agent,
            children: Vec::new(),
            named: 0,
            steps: Vec::new(),
            clauses: Vec::new(),
            deviations: Vec::new(),
            warnings: Vec::new(),
            recorded: Vec::new(),
            notes: Vec::new(),
            processes: 1,
            unreported: false,
            unseen: Unseen::default(),
            suspicion: None,
            probing: false,
            begun: Vec::new(),
            stops_due: Vec::new(),
            settled: false,
        }
    }

    /// The system whose clauses apply.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The system whose clauses apply, with what known deviations depend on.
    pub(crate) fn judged_as(&self) -> Place {
        Place {
            profile: self.profile,
            release: release_of(&self.info.release).or(self.common.release),
            compat: is_compat(&self.info.arch, &self.common.machine),
        }
    }

    /// The system that the agent runs on, as far as numbers go.
    pub fn system(&self) -> System {
        self.system
    }

    /// The number of a signal on the agent's system; -1 if it has no such signal.
    pub fn number(&self, signal: Signal) -> i32 {
        signal.number_on(self.system).unwrap_or(-1)
    }

    /// The agent's pid, which is also that of its process group.
    pub fn agent_pid(&self) -> i64 {
        self.agent.pid
    }

    /// The children so far, in the order of their creation.
    pub fn children(&self) -> impl Iterator<Item = &Child> {
        self.children.iter().map(|k| &k.child)
    }

    /// A time, scaled for a machine as slow as this one.
    pub(crate) fn scaled(&self, time: Duration) -> Duration {
        self.link.scaled(time)
    }

    /// What binds the subject to a clause; `None` for a promise that it did not make.
    pub(crate) fn source_of(&self, clause: &'static Clause) -> Option<&str> {
        self.info.source_of(clause)
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

/// A child that was requested.
pub struct Birth {
    pub(crate) name: String,
    pub(crate) id: u64,
    /// The request to an agent.
    pub(crate) request: Line,
    /// The command that runs the child.
    pub(crate) argv: Vec<String>,
    pub(crate) connects: bool,
    /// It is held after its initial steps, and the trial waits for these to be done.
    pub(crate) awaited: bool,
    pub(crate) making: Making,
}

/// A child that was created, with its pid.
pub enum Started {
    /// The process that forked it reported the pid.
    Forked(i64),
    /// The child itself reported the pid.
    Greeted(i64),
}

/// What is judged: how a trial creates its children, and what else its case can do.
pub trait Interface {
    /// Creates a child that runs what is requested.
    fn start(&mut self, core: &mut Core<'_>, birth: &Birth) -> Result<Started, Abort>;
}

/// A running trial of one interface; derefs to its core.
pub struct Trial<'a, I> {
    pub(crate) core: Core<'a>,
    /// What is judged.
    pub(crate) with: I,
}

impl<'a, I> Deref for Trial<'a, I> {
    type Target = Core<'a>;

    fn deref(&self) -> &Core<'a> {
        &self.core
    }
}

impl<'a, I> DerefMut for Trial<'a, I> {
    fn deref_mut(&mut self) -> &mut Core<'a> {
        &mut self.core
    }
}
