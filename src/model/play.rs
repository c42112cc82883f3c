//! A history performed by an agent, and judged as it goes.

use super::op::{Join, Op, Slot, Wait, Whom};
use super::oracle::{Expects, Observation, Oracle, Outcome, Rules, Violation};
use super::world::Phase;
use crate::harness::case::{Calls, Case, Needs, here};
use crate::harness::seen::Seen;
use crate::harness::trial::{Child, Pending, Stop, Target, Trial};
use crate::scenario::{Scenario, Step};
use crate::spec::{Deviation, posix};
use crate::wait::Signal;
use std::collections::BTreeMap;

/// A history is a trial of no case of the catalogue.
pub static HISTORY: Case = Case {
    id: "model.history",
    title: "a history of children and calls is as the model allows",
    clauses: &[],
    calls: Calls::ALL,
    needs: Needs::NOTHING,
    at: here(),
    run: |_| Ok(()),
};

/// What is known of the subject before its agent is started.
#[derive(Copy, Clone, Debug)]
pub struct Stage {
    /// Agent and children are forks of the warden: the agent may move its children between groups, and begins without usage.
    pub hosted: bool,
    /// The user of the children, where it is known.
    pub uid: Option<i64>,
}

/// One operation that was performed.
#[derive(Clone, Debug)]
pub struct Performed {
    /// The operation.
    pub op: Op,
    /// What came of it, in words; empty where there is nothing to say.
    pub told: String,
}

/// A history that was performed.
#[derive(Clone, Debug)]
pub struct Played {
    /// The operations that had a meaning, in order, with those that ended a call that slept to the last.
    pub steps: Vec<Performed>,
    /// The clause that the last of them broke.
    pub violation: Option<Violation>,
    /// The known departures that were met.
    pub deviations: Vec<&'static Deviation>,
}

impl Played {
    /// The operations.
    pub fn ops(&self) -> Vec<Op> {
        self.steps.iter().map(|step| step.op).collect()
    }
}

/// Performs a history on an agent that has just been started.
///
/// # Errors
/// [`Stop`] when the harness, the surroundings or the agent's protocol went wrong; a broken clause is no error.
pub fn play(trial: &mut Trial<'_>, stage: Stage, ops: &[Op]) -> Result<Played, Stop> {
    let rules = Rules {
        profile: trial.profile(),
        layout: trial.layout(),
        uid: stage.uid,
        fresh: stage.hosted,
        retries: trial.retries_eintr(),
    };
    trial.settled = true;
    let mut player = Player {
        trial,
        stage,
        oracle: Oracle::new(rules),
        children: BTreeMap::new(),
        pidfds: BTreeMap::new(),
        pending: None,
        steps: Vec::new(),
    };
    let violation = match player.all(ops) {
        Ok(()) => None,
        Err(End::Broke(violation)) => Some(*violation),
        Err(End::Stop(stop)) => return Err(stop),
    };
    Ok(Played { steps: player.steps, violation, deviations: player.oracle.deviations })
}

/// Why a history goes no further.
enum End {
    Broke(Box<Violation>),
    Stop(Stop),
}

impl From<Stop> for End {
    fn from(stop: Stop) -> End {
        End::Stop(stop)
    }
}

impl From<Violation> for End {
    fn from(violation: Violation) -> End {
        End::Broke(Box::new(violation))
    }
}

/// The signals that the agent catches, without and with `SA_RESTART`: ignored by default, so that a child which has not put its
/// signals back yet is not meant by any that it is sent.
fn interrupting(restart: bool) -> Signal {
    if restart { Signal::URG } else { Signal::WINCH }
}

struct Player<'t, 'a> {
    trial: &'t mut Trial<'a>,
    stage: Stage,
    oracle: Oracle,
    children: BTreeMap<Slot, (Child, bool)>,
    pidfds: BTreeMap<Slot, i64>,
    pending: Option<Pending>,
    steps: Vec<Performed>,
}

impl Player<'_, '_> {
    fn all(&mut self, ops: &[Op]) -> Result<(), End> {
        for restart in [false, true] {
            if ops.contains(&Op::Interrupt { restart }) {
                let flags: &[&str] = if restart { &["restart"] } else { &[] };
                self.trial.sigaction(interrupting(restart), "count", flags)?;
            }
        }
        for (at, op) in ops.iter().enumerate() {
            if self.oracle.allows(op) {
                self.perform(op, &ops[at + 1..])?;
            }
        }
        self.awaken()
    }

    /// Ends the call in which the agent still sleeps: its children die one by one.
    fn awaken(&mut self) -> Result<(), End> {
        if let Some(pending) = self.pending.take() {
            // A call that returned without a cause is found out here at the latest.
            match self.trial.watch(pending)? {
                Ok(seen) => self.wake(Outcome::Ended(seen))?,
                Err(pending) => self.pending = Some(pending),
            }
        }
        for slot in self.oracle.living() {
            if self.pending.is_none() {
                break;
            }
            self.perform(&Op::Kill { slot, signal: Signal::KILL }, &[])?;
        }
        Ok(())
    }

    fn perform(&mut self, op: &Op, later: &[Op]) -> Result<(), End> {
        self.steps.push(Performed { op: *op, told: String::new() });
        let seen = match op {
            Op::Wait(wait) => return self.call(op, wait),
            Op::Spawn { slot, exits } => Observation::Born(self.spawn(*slot, *exits, later)?),
            Op::Usage => Observation::Usage(self.trial.usage_of_children()?),
            _ => {
                self.act(op)?;
                Observation::Done
            }
        };
        self.oracle.step(op, &seen)?;
        self.settle(op)?;
        if let Some(wait) = self.oracle.asleep() {
            let came = self.pending.as_ref().is_some_and(|pending| self.trial.has_come(pending));
            match self.oracle.expects(&wait) {
                Expects::Sleep if !came => {}
                Expects::Either if !came => {
                    if let Some(pending) = self.pending.take() {
                        match self.trial.watch(pending)? {
                            Ok(seen) => self.wake(Outcome::Ended(seen))?,
                            Err(pending) => self.pending = Some(pending),
                        }
                    }
                }
                _ => {
                    if let Some(pending) = self.pending.take() {
                        let seen = self.trial.finish(pending)?;
                        self.wake(Outcome::Ended(seen))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn child(&self, slot: Slot) -> Result<Child, Stop> {
        let known = self.children.get(&slot).map(|(child, _)| child.clone());
        known.ok_or_else(|| Stop::Broken(format!("the history has no child {slot} yet")))
    }

    /// A child is connected only if it has to be told something: without, it costs a third.
    fn spawn(&mut self, slot: Slot, exits: Option<i32>, later: &[Op]) -> Result<i64, Stop> {
        let vanishes = self.oracle.worlds().iter().any(|world| world.sigchld.reaps());
        let told = later.iter().any(|op| match op {
            Op::Exit { slot: s, .. } => *s == slot,
            // What a child that has exec'ed does itself its parent may not do.
            Op::Group { slot: s, .. } => *s == slot && !self.stage.hosted,
            _ => false,
        });
        // One that may be gone before it was ever seen is told to exit, too.
        let connected = told || exits.is_some() && vanishes;
        let scenario = match exits {
            _ if connected => Scenario::held(),
            Some(code) => Scenario::exits(code),
            None => Scenario::of([Step::Pause]),
        };
        let child = self.trial.spawn(scenario)?;
        let pid = child.pid;
        self.pidfds.remove(&slot);
        if later.iter().any(|op| matches!(op, Op::Wait(w) if w.whom == Whom::Pidfd(slot))) {
            match self.trial.pidfd_open(&child, false) {
                Ok(fd) => drop(self.pidfds.insert(slot, fd)),
                Err(Stop::Skip(_)) => {}
                Err(other) => return Err(other),
            }
        }
        if let (Some(code), true) = (exits, connected) {
            self.trial.tell(&child, Step::exit(code))?;
        }
        self.children.insert(slot, (child, connected));
        Ok(pid)
    }

    fn act(&mut self, op: &Op) -> Result<(), End> {
        match *op {
            Op::Exit { slot, code } => self.trial.tell(&self.child(slot)?, Step::exit(code))?,
            Op::Kill { slot, signal } | Op::Stop { slot, signal } => self.signal(slot, signal)?,
            Op::Cont { slot } => self.signal(slot, Signal::CONT)?,
            Op::Group { slot, to } => {
                let pgid = match to {
                    Join::Own => 0,
                    Join::Agent => self.trial.agent_pid(),
                    Join::Of(leader) => self.child(leader)?.pid,
                };
                let child = self.child(slot)?;
                if self.stage.hosted {
                    self.trial.setpgid(Some(&child), pgid)?;
                } else {
                    let pgid = i32::try_from(pgid).map_err(|e| Stop::Broken(e.to_string()))?;
                    self.trial.tell(&child, Step::Setpgid { pgid })?;
                }
            }
            Op::Sigchld(action) => {
                let (what, flags): (&str, &[&str]) = match action {
                    super::op::Sigchld::Default => ("default", &[]),
                    super::op::Sigchld::Ignore => ("ignore", &[]),
                    super::op::Sigchld::Count => ("count", &["restart"]),
                    super::op::Sigchld::NoCldWait => ("count", &["restart", "nocldwait"]),
                };
                self.trial.sigaction(Signal::CHLD, what, flags)?;
            }
            Op::Interrupt { restart } => self.trial.signal_agent(interrupting(restart))?,
            Op::Spawn { .. } | Op::Usage | Op::Wait(_) => {}
        }
        Ok(())
    }

    fn signal(&mut self, slot: Slot, signal: Signal) -> Result<(), End> {
        let child = self.child(slot)?;
        match self.trial.try_signal(&child, signal)? {
            None => Ok(()),
            Some(errno) => {
                let zombie = self.oracle.phase(slot) == Some(Phase::Zombie);
                let clause = if zombie { &posix::ZOMBIE_UNTIL_TAKEN } else { &posix::STATUS_CONSUMED_ONCE };
                let expected = format!("{slot} is there, and can be signalled");
                Err(Violation::new(clause, expected, errno, 0).into())
            }
        }
    }

    /// Waits until the process table shows what an operation has done.
    fn settle(&mut self, op: &Op) -> Result<(), End> {
        let slot = match *op {
            Op::Spawn { slot, exits: Some(_) }
            | Op::Exit { slot, .. }
            | Op::Kill { slot, .. }
            | Op::Stop { slot, .. }
            | Op::Cont { slot } => slot,
            _ => return Ok(()),
        };
        let child = self.child(slot)?;
        match self.oracle.phase(slot) {
            Some(Phase::Zombie | Phase::Gone) => self.trial.await_ended(&child)?,
            Some(Phase::Stopped) => self.trial.await_stopped(&child)?,
            Some(Phase::Running) | None => {}
        }
        Ok(())
    }

    fn call(&mut self, op: &Op, wait: &Wait) -> Result<(), End> {
        let led;
        let target = match wait.whom {
            Whom::Any => Target::Any,
            Whom::Child(slot) => Target::Pid(self.child(slot)?.pid),
            Whom::OwnGroup => Target::OwnGroup,
            Whom::Group(slot) => {
                led = self.child(slot)?;
                Target::Group(&led)
            }
            Whom::Pidfd(slot) => match self.pidfds.get(&slot) {
                Some(fd) => Target::Pidfd(*fd),
                None => return self.judged(op, wait, Outcome::NotOffered),
            },
            Whom::Caller => Target::Pid(self.trial.agent_pid()),
        };
        let mut request = self.trial.ask_by(wait.call, target, wait.options);
        if wait.unknown {
            request.options.raw = super::op::UNKNOWN_BIT;
        }
        let came: Result<Result<Seen, Pending>, Stop> = match self.oracle.expects(wait) {
            Expects::Return => self.trial.perform(request).map(Ok),
            Expects::Sleep | Expects::Either => {
                let pending = self.trial.begin_request(request)?;
                self.trial.watch(pending)
            }
        };
        let outcome = match came {
            Ok(Ok(seen)) => Outcome::Ended(seen),
            Ok(Err(pending)) => {
                self.pending = Some(pending);
                Outcome::Asleep
            }
            Err(Stop::Skip(_)) => Outcome::NotOffered,
            Err(other) => return Err(other.into()),
        };
        self.judged(op, wait, outcome)
    }

    fn judged(&mut self, op: &Op, wait: &Wait, outcome: Outcome) -> Result<(), End> {
        let told = self.oracle.told(wait, &outcome);
        if let Some(step) = self.steps.last_mut() {
            step.told = told;
        }
        Ok(self.oracle.step(op, &Observation::Call(outcome))?)
    }

    fn wake(&mut self, outcome: Outcome) -> Result<(), End> {
        if let (Some(wait), Some(step)) = (self.oracle.asleep(), self.steps.last_mut()) {
            step.told = format!("{wait} ends: {}", self.oracle.told(&wait, &outcome));
        }
        Ok(self.oracle.wake(&outcome)?)
    }
}
