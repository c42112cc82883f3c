//! A history performed by an agent, and judged step by step.

use super::executor::Executor;
use super::played::{Performed, Played, Stage};
use crate::model::op::{Op, Slot, Wait};
use crate::model::oracle::{CallOutcome, Expects, Observed, Oracle, Violation};
use crate::model::state::Phase;
use crate::spec::posix;
use crate::trial::{Abort, Pending, Trial};
use crate::trial::{Errno, Seen};
use crate::wait::Signal;

/// Performs a history whose calls are all made on the agent's first thread, and judges each answer.
///
/// # Errors
/// As [`super::perform::play`].
pub(crate) fn play(trial: &mut Trial<'_>, stage: Stage, ops: &[Op]) -> Result<Played, Abort> {
    let oracle = Oracle::new(stage.rules(trial));
    let mut player =
        Sequential { executor: Executor::new(trial, stage), oracle, pending: None, steps: Vec::new() };
    let violation = match player.all(ops) {
        Ok(()) => None,
        Err(End::Broke(violation)) => Some(*violation),
        Err(End::Stop(stop)) => Some(stop.try_into()?),
    };
    Ok(Played { steps: player.steps, violation, deviations: player.oracle.deviations })
}

/// Why a history stops.
enum End {
    Broke(Box<Violation>),
    Stop(Abort),
}

impl From<Abort> for End {
    fn from(stop: Abort) -> End {
        End::Stop(stop)
    }
}

impl From<Violation> for End {
    fn from(violation: Violation) -> End {
        End::Broke(Box::new(violation))
    }
}

struct Sequential<'t, 'a> {
    executor: Executor<'t, 'a>,
    oracle: Oracle,
    pending: Option<Pending>,
    steps: Vec<Performed>,
}

impl Sequential<'_, '_> {
    fn all(&mut self, ops: &[Op]) -> Result<(), End> {
        self.executor.catch(ops)?;
        for (at, op) in ops.iter().enumerate() {
            if self.oracle.allows(op) {
                match self.perform(op, &ops[at + 1..]) {
                    // The agent lacks this request: it is left out, like an invalid operation.
                    Err(End::Stop(Abort::Skip(_))) => drop(self.steps.pop()),
                    other => other?,
                }
            }
        }
        self.awaken()
    }

    /// Ends the call the agent still blocks in: its children are killed one by one.
    fn awaken(&mut self) -> Result<(), End> {
        if let Some(pending) = self.pending.take() {
            // A call that returned without a cause is detected here at the latest.
            match self.executor.trial.watch(pending)? {
                Ok(seen) => self.wake(CallOutcome::Ended(seen))?,
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
        self.steps.push(Performed { op: *op, outcome: String::new() });
        if matches!(op, Op::Interrupt { .. })
            && let Some(pending) = self.pending.take()
        {
            // An earlier signal has been handled once the agent is asleep again.
            match self.executor.trial.watch(pending)? {
                Ok(seen) => return self.wake(CallOutcome::Ended(seen)),
                Err(pending) => self.pending = Some(pending),
            }
        }
        let seen = match op {
            Op::Wait(wait) => return self.call(op, wait),
            Op::Race { slot, code, wait } => return self.race(op, (*slot, *code), wait),
            Op::Spawn { slot, exits } => {
                let vanishes = self.oracle.worlds().iter().any(|world| world.sigchld.reaps());
                Observed::Born(self.executor.spawn(*slot, *exits, later, vanishes)?)
            }
            Op::Usage => Observed::Usage(self.executor.trial.usage_of_children()?),
            _ => match self.executor.act(op)? {
                None => Observed::Done,
                Some(errno) => return Err(self.lost(op, errno).into()),
            },
        };
        self.oracle.step(op, &seen)?;
        let settled = self.executor.settle(op, op.slot().and_then(|slot| self.oracle.phase(slot)));
        settled.map_err(|stop| match stop {
            // The operation was performed, but without a process table its completion cannot be observed.
            Abort::Skip(why) => Abort::Broken(why),
            other => other,
        })?;
        if let Some(wait) = self.oracle.asleep() {
            let came = self.pending.as_ref().is_some_and(|pending| self.executor.trial.has_come(pending));
            match self.oracle.expects(&wait) {
                Expects::Sleep if !came && !self.oracle.may_return() => {}
                Expects::Sleep | Expects::Either if !came => {
                    if let Some(pending) = self.pending.take() {
                        match self.executor.trial.watch(pending)? {
                            Ok(seen) => self.wake(CallOutcome::Ended(seen))?,
                            Err(pending) => self.pending = Some(pending),
                        }
                    }
                }
                _ => {
                    if let Some(pending) = self.pending.take() {
                        let seen = self.executor.trial.finish(pending)?;
                        self.wake(CallOutcome::Ended(seen))?;
                    }
                }
            }
        }
        match self.oracle.due_signals() {
            Some(due) if !self.executor.catch_up(due)? => {
                let expected = format!("{due} SIGCHLD so far, one for each change of a child");
                Err(Violation::new(&posix::SIGCHLD_ON_EXIT, expected, "fewer", 0).into())
            }
            _ => Ok(()),
        }
    }

    /// A child that must exist cannot be signalled.
    fn lost(&self, op: &Op, errno: Errno) -> Violation {
        let slot = op.slot().unwrap_or(Slot(0));
        let child = self.oracle.worlds().first().and_then(|world| Some(&world.children[world.last(slot)?]));
        let clause = match child {
            Some(child) if child.peeked => &posix::WAITID_NOWAIT_EXIT,
            Some(child) if child.phase == Phase::Zombie => &posix::ZOMBIE_UNTIL_REAPED,
            _ => &posix::STATUS_CONSUMED_ONCE,
        };
        Violation::new(clause, format!("{slot} exists and can be signalled"), errno.to_string(), 0)
    }

    fn call(&mut self, op: &Op, wait: &Wait) -> Result<(), End> {
        let Some(request) = self.executor.request(wait)? else {
            return self.judged(op, wait, CallOutcome::NotOffered);
        };
        let came: Result<Result<Seen, Pending>, Abort> = match self.oracle.expects(wait) {
            Expects::Return => self.executor.trial.perform(request).map(Ok),
            Expects::Sleep | Expects::Either => {
                let pending = self.executor.trial.begin_request(request)?;
                self.executor.trial.watch(pending)
            }
        };
        let outcome = match came {
            Ok(Ok(seen)) => CallOutcome::Ended(seen),
            Ok(Err(pending)) => {
                self.pending = Some(pending);
                CallOutcome::Asleep
            }
            Err(Abort::Skip(_)) => CallOutcome::NotOffered,
            Err(other) => return Err(other.into()),
        };
        self.judged(op, wait, outcome)
    }

    /// A call during which a child exits.
    fn race(&mut self, op: &Op, (slot, code): (Slot, i32), wait: &Wait) -> Result<(), End> {
        let pid = self.executor.race(slot, code)?;
        let Some(request) = self.executor.request(wait)? else {
            return Err(Abort::Broken(format!("{op}: a call by a pidfd")).into());
        };
        let expects = self.oracle.expects_of_race(slot, code, wait);
        let pending = self.executor.trial.begin_request(request)?;
        self.executor.settle(op, Some(Phase::Zombie))?;
        let came = match expects {
            Expects::Return => self.executor.trial.finish(pending).map(Ok),
            Expects::Sleep | Expects::Either => self.executor.trial.watch(pending),
        };
        let outcome = match came {
            Ok(Ok(seen)) => {
                let returned = seen.reply().is_some();
                let outcome = CallOutcome::Ended(seen);
                if returned {
                    self.executor.note_race()?;
                }
                outcome
            }
            Ok(Err(pending)) => {
                self.pending = Some(pending);
                CallOutcome::Asleep
            }
            Err(Abort::Skip(_)) => CallOutcome::NotOffered,
            Err(other) => return Err(other.into()),
        };
        let seen = Observed::Raced(pid, outcome);
        let judged = self.oracle.step(op, &seen);
        if let (Observed::Raced(_, outcome), Some(step)) = (&seen, self.steps.last_mut()) {
            step.outcome = self.oracle.describe(wait, outcome);
        }
        Ok(judged?)
    }

    fn judged(&mut self, op: &Op, wait: &Wait, outcome: CallOutcome) -> Result<(), End> {
        let text = self.oracle.describe(wait, &outcome);
        if let Some(step) = self.steps.last_mut() {
            step.outcome = text;
        }
        Ok(self.oracle.step(op, &Observed::Call(outcome))?)
    }

    fn wake(&mut self, outcome: CallOutcome) -> Result<(), End> {
        if let (Some(wait), Some(step)) = (self.oracle.asleep(), self.steps.last_mut()) {
            step.outcome = format!("{wait} returns: {}", self.oracle.describe(&wait, &outcome));
        }
        Ok(self.oracle.wake(&outcome)?)
    }
}
