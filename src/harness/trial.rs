//! One trial: a case, with one call, on one subject. What a case sees.
//!
//! A case reads *spawn, act, observe*. `?` ends it: [`Stop`] separates what the subject did wrong from what could not be
//! asked or judged.

use super::event::{Failure, Outcome as ClauseOutcome, SubjectInfo};
use super::expect::Expect;
use super::link::{Link, LinkError};
use crate::spec::deviations::Release;
use crate::spec::{Clause, Deviation, Profile};
use crate::wait::Layout;
use std::time::Duration;

pub use super::agent_ops::{Caught, Signals};
pub use super::case::{Calls, Case, Need, Needs, Options, here};
pub use super::further_ops::Traced;
pub use super::seen::{Change, Seen, together};
pub use crate::protocol::request::WaitRequest;
pub use crate::sys::family::{Call, Pointer};

/// How a case ends.
pub type Outcome = Result<(), Stop>;

/// Why a case goes no further.
#[derive(Debug, Clone)]
pub enum Stop {
    /// The subject broke a clause.
    Fail(Failure),
    /// A call did not return although it had to.
    Hang(Failure),
    /// The agent died in a call.
    Crash(Failure),
    /// It cannot be asked here, for this reason.
    Skip(String),
    /// The harness or the surroundings went wrong.
    Broken(String),
    /// The agent broke the protocol.
    Protocol(String),
    /// The run is being interrupted.
    Interrupted,
}

impl From<LinkError> for Stop {
    fn from(error: LinkError) -> Stop {
        match error {
            LinkError::WardenGone => Stop::Broken("the warden has died".into()),
            LinkError::Unfit(why) => Stop::Broken(why),
            LinkError::Late(what) => Stop::Broken(format!("{what} did not come in time")),
            LinkError::AgentGone => Stop::Broken("the agent died between two calls".into()),
            LinkError::Protocol(what) => Stop::Protocol(what),
            LinkError::Interrupted => Stop::Interrupted,
        }
    }
}

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
    Id(&'c str, i64),
}

/// A call that was begun and has not been finished.
#[derive(Debug)]
#[must_use = "a call that was begun is finished, or nothing is known of it"]
pub struct Pending {
    pub(super) id: u64,
    pub(super) request: WaitRequest,
    pub(super) shown: String,
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

/// How long a request may take that the harness itself is answered by: an answer is a matter of microseconds, so what misses
/// this is dead.
pub(super) const PROMPT: Duration = Duration::from_secs(10);

/// A child and what the harness knows of it.
pub(super) struct Known {
    pub(super) child: Child,
    /// The warden knows it; one without a connection must be adopted first.
    pub(super) adopted: bool,
}

/// A running trial.
pub struct Trial<'a> {
    pub(super) link: &'a mut Link,
    pub(super) case: &'static Case,
    pub(super) call: Call,
    pub(super) common: &'a Common,
    pub(super) profile: Profile,
    pub(super) layout: Layout,
    info: &'a SubjectInfo,
    pub(super) agent: Opened,
    pub(super) children: Vec<Known>,
    /// How many names were given to children.
    pub(super) named: usize,
    pub(super) did: Vec<String>,
    pub(super) clauses: Vec<(&'static Clause, ClauseOutcome)>,
    pub(super) deviations: Vec<(&'static Deviation, Failure)>,
    pub(super) warnings: Vec<Failure>,
    pub(super) recorded: Vec<(String, String)>,
    pub(super) notes: Vec<String>,
    pub(super) processes: u32,
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
    pub(super) fn new(
        link: &'a mut Link,
        case: &'static Case,
        call: Call,
        common: &'a Common,
        info: &'a SubjectInfo,
        agent: Opened,
    ) -> Trial<'a> {
        let system = Profile::from_name(&info.os);
        Trial {
            link,
            case,
            call,
            common,
            profile: common.profile.or(system).unwrap_or(Profile::Posix),
            layout: Layout::from_os_name(&info.os).unwrap_or(Layout::HOST),
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
    pub(crate) fn system(&self) -> (Profile, Option<Release>) {
        (self.profile, self.common.release)
    }

    /// The layout of status words on the agent's system.
    pub fn layout(&self) -> Layout {
        self.layout
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

    /// Begins an expectation of that clause.
    pub fn expect(&mut self, clause: &'static Clause) -> Expect<'_, 'a> {
        Expect::new(self, clause)
    }

    /// The same where `waitid` has a requirement of its own beside that of the calls that return a status word.
    pub fn expect_of(&mut self, waitpid: &'static Clause, waitid: &'static Clause) -> Expect<'_, 'a> {
        let clause = if self.call == Call::Waitid { waitid } else { waitpid };
        self.expect(clause)
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

    /// The state of each child in words, for the report; of many, the first few.
    pub(super) fn describe_children(&mut self) -> Vec<String> {
        let children: Vec<Child> = self.children().take(8).cloned().collect();
        children
            .iter()
            .map(|child| {
                let state = self.state(child).unwrap_or_else(|_| "unknown".into());
                format!("{} {state}, pid {}", child.name, child.pid)
            })
            .collect()
    }
}
