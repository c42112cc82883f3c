//! Performs the operations of a history on an agent and its children, judged or not.

use super::crossover;
use super::played::Stage;
use crate::model::op::{Destination, Op, Selector, Sigchld, Slot, UNKNOWN_BIT, Wait};
use crate::model::state::Phase;
use crate::scenario::{Scenario, Step};
use crate::sorted::Map;
use crate::trial::{
    Abort, AgentRequest, Child, Disposition, Errno, MaskChange, SigactionFlags, Target, Trial, WaitRequest,
};
use crate::wait::Signal;

/// An agent and its children.
pub(crate) struct Executor<'t, 'a> {
    pub(crate) trial: &'t mut Trial<'a>,
    stage: Stage,
    children: Map<Slot, Child>,
    pidfds: Map<Slot, i64>,
    /// The signals the agent cannot catch.
    uncaught: Vec<Signal>,
    /// How many signals its handlers have caught so far.
    caught: i64,
    sigchld_blocked: bool,
}

/// The signals the agent catches, without and with `SA_RESTART`: ignored by default, so that a child that has not reset
/// its signals yet is unaffected by them.
fn interrupting(restart: bool) -> Signal {
    if restart { Signal::URG } else { Signal::WINCH }
}

impl<'t, 'a> Executor<'t, 'a> {
    /// For an agent that has just started.
    pub(crate) fn new(trial: &'t mut Trial<'a>, stage: Stage) -> Executor<'t, 'a> {
        trial.settled = true;
        Executor {
            trial,
            stage,
            children: Map::new(),
            pidfds: Map::new(),
            uncaught: Vec::new(),
            caught: 0,
            sigchld_blocked: false,
        }
    }

    /// Makes the agent catch the signals with which this history interrupts it.
    pub(crate) fn catch(&mut self, ops: &[Op]) -> Result<(), Abort> {
        for restart in [false, true] {
            if ops.contains(&Op::Interrupt { restart }) {
                let flags = if restart { SigactionFlags::RESTART } else { SigactionFlags::NONE };
                match self.trial.sigaction(interrupting(restart), Disposition::Count, flags) {
                    Err(Abort::Skip(_)) => self.uncaught.push(interrupting(restart)),
                    other => other?,
                }
            }
        }
        Ok(())
    }

    fn child(&self, slot: Slot) -> Result<Child, Abort> {
        let known = self.children.get(&slot).cloned();
        known.ok_or_else(|| Abort::Broken(format!("the history has no child {slot} yet")))
    }

    /// Spawns a child and returns its pid. `later` are the following operations, `vanishes` means that it leaves no
    /// zombie.
    ///
    /// A child is connected only if it needs commands: without a connection it costs a third.
    pub(crate) fn spawn(
        &mut self,
        slot: Slot,
        exits: Option<i32>,
        later: &[Op],
        vanishes: bool,
    ) -> Result<i64, Abort> {
        let awaited = later.iter().any(|op| match op {
            Op::Exit { slot: s, .. } => *s == slot,
            // After an exec the parent may no longer do this for the child.
            Op::Group { slot: s, .. } => *s == slot && !self.stage.hosted,
            _ => false,
        });
        // A child that may vanish before it is seen exits on command instead.
        let connected = awaited || exits.is_some() && vanishes;
        let scenario = match exits {
            _ if connected => Scenario::held(),
            Some(code) => Scenario::exits(code),
            None => Scenario::of([Step::Pause]),
        };
        let child = self.trial.spawn(scenario)?;
        let pid = child.pid;
        self.pidfds.remove(&slot);
        if later.iter().any(|op| matches!(op, Op::Wait(w) if w.selector == Selector::Pidfd(slot))) {
            match self.trial.pidfd_open(&child, false) {
                Ok(fd) => drop(self.pidfds.insert(slot, fd)),
                Err(Abort::Skip(_)) => {}
                Err(other) => return Err(other),
            }
        }
        if let (Some(code), true) = (exits, connected) {
            self.trial.tell(&child, Step::exit(code))?;
        }
        self.children.insert(slot, child);
        Ok(pid)
    }

    /// Creates a child that exits around the time when the next call goes to sleep. Returns its pid.
    pub(crate) fn race(&mut self, slot: Slot, code: i32) -> Result<i64, Abort> {
        let (child, _) = self.trial.gated(code)?;
        let pid = child.pid;
        self.pidfds.remove(&slot);
        self.children.insert(slot, child);
        self.trial.request(&AgentRequest::ThroughGate { ns: crossover::next() })?;
        Ok(pid)
    }

    /// Notes whether the call of a race slept before it returned.
    pub(crate) fn note_race(&mut self) -> Result<(), Abort> {
        crossover::note(self.trial.request(&AgentRequest::Slept {})?.flag("slept"));
        Ok(())
    }

    /// Performs an operation other than a call; returns the error if a child cannot be signalled.
    pub(crate) fn act(&mut self, op: &Op) -> Result<Option<Errno>, Abort> {
        match *op {
            Op::Exit { slot, code } => {
                let child = self.child(slot)?;
                self.trial.tell(&child, Step::exit(code))?;
            }
            Op::Kill { slot, signal } | Op::Stop { slot, signal } => return self.signal(slot, signal),
            Op::Cont { slot } => return self.signal(slot, Signal::CONT),
            Op::Group { slot, to } => {
                let pgid = match to {
                    Destination::Own => 0,
                    Destination::Agent => self.trial.agent_pid(),
                    Destination::Of(leader) => self.child(leader)?.pid,
                };
                let child = self.child(slot)?;
                if self.stage.hosted {
                    self.trial.setpgid(Some(&child), pgid)?;
                } else {
                    let pgid = i32::try_from(pgid).map_err(|e| Abort::Broken(e.to_string()))?;
                    self.trial.tell(&child, Step::Setpgid { pgid })?;
                }
            }
            Op::Sigchld(action) => {
                let (what, flags) = match action {
                    Sigchld::Default => (Disposition::Default, SigactionFlags::NONE),
                    Sigchld::Ignore => (Disposition::Ignore, SigactionFlags::NONE),
                    Sigchld::Count => (Disposition::Count, SigactionFlags::RESTART),
                    Sigchld::NoCldWait => (Disposition::Count, SigactionFlags::NOCLDWAIT),
                    Sigchld::NoCldStop => (Disposition::Count, SigactionFlags::NOCLDSTOP),
                    Sigchld::Blocked => (Disposition::Default, SigactionFlags::NONE),
                    Sigchld::Interrupt => (Disposition::Count, SigactionFlags::NONE),
                };
                self.trial.sigaction(Signal::CHLD, what, flags)?;
                let blocks = action == Sigchld::Blocked;
                if blocks != std::mem::replace(&mut self.sigchld_blocked, blocks) {
                    let how = if blocks { MaskChange::Block } else { MaskChange::Unblock };
                    // What calls report does not depend on it: an agent without a mask takes part, too.
                    match self.trial.sigprocmask(how, Signal::CHLD) {
                        Err(Abort::Skip(_)) => {}
                        other => other?,
                    }
                }
            }
            Op::Interrupt { restart } if self.uncaught.contains(&interrupting(restart)) => {
                return Err(Abort::Skip("the agent does not catch such a signal".into()));
            }
            Op::Interrupt { restart } => self.trial.signal_agent(interrupting(restart))?,
            Op::Spawn { .. } | Op::Usage | Op::Wait(_) | Op::Race { .. } => {}
        }
        Ok(None)
    }

    fn signal(&mut self, slot: Slot, signal: Signal) -> Result<Option<Errno>, Abort> {
        let child = self.child(slot)?;
        self.trial.try_signal(&child, signal)
    }

    /// Waits until the process table shows the effect of an operation: `phase` is the child's phase then.
    pub(crate) fn settle(&mut self, op: &Op, phase: Option<Phase>) -> Result<(), Abort> {
        let slot = match *op {
            Op::Spawn { slot, exits: Some(_) }
            | Op::Race { slot, .. }
            | Op::Exit { slot, .. }
            | Op::Kill { slot, .. }
            | Op::Stop { slot, .. }
            | Op::Cont { slot } => slot,
            _ => return Ok(()),
        };
        let child = self.child(slot)?;
        match phase {
            Some(Phase::Zombie | Phase::Gone) => self.trial.await_ended(&child)?,
            Some(Phase::Stopped) => self.trial.await_stopped(&child)?,
            Some(Phase::Running) | None => {}
        }
        Ok(())
    }

    /// Waits until the agent's handlers have caught that many signals since it started. Returns whether they have.
    pub(crate) fn catch_up(&mut self, due: u32) -> Result<bool, Abort> {
        let missing = i64::from(due) - self.caught;
        if missing > 0 {
            self.caught += self.trial.await_signals(missing)?.count;
        }
        Ok(self.caught >= i64::from(due))
    }

    /// The request for a call; `None` if it needs a pidfd that is not available.
    pub(crate) fn request(&self, wait: &Wait) -> Result<Option<WaitRequest>, Abort> {
        let led;
        let target = match wait.selector {
            Selector::Any => Target::Any,
            Selector::Child(slot) => Target::Pid(self.child(slot)?.pid),
            Selector::OwnGroup => Target::OwnGroup,
            Selector::Group(slot) => {
                led = self.child(slot)?;
                Target::Group(&led)
            }
            Selector::Pidfd(slot) => match self.pidfds.get(&slot) {
                Some(fd) => Target::Pidfd(*fd),
                None => return Ok(None),
            },
            Selector::Caller => Target::Pid(self.trial.agent_pid()),
        };
        let mut request = self.trial.ask_by(wait.call, target, wait.options);
        if wait.unknown {
            request.options.raw = UNKNOWN_BIT;
        }
        request.thread = wait.thread.into();
        Ok(Some(request))
    }
}
