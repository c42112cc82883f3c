//! A history with concurrent calls from several threads of the agent, performed and judged as a whole.

use super::executor::Executor;
use super::played::{Performed, Played, Stage};
use crate::model::linearize::{Call, Log, Moment};
use crate::model::op::{Op, Slot, Wait};
use crate::model::oracle::Rules;
use crate::model::state::{Phase, State};
use crate::trial::Seen;
use crate::trial::{Abort, Pending, Trial};
use crate::wait::Signal;
use std::time::{Duration, Instant};

/// The time limit for a caller to wake up: the same as for a sleeping one before it counts as hung.
const WOKEN: Duration = Duration::from_millis(200);

/// Performs it on an agent that has just started.
///
/// Children are created, and moved to groups, before the first call of a thread; from then on they stop, continue and
/// exit. At the end all are killed, so that every call must return.
///
/// # Errors
/// As [`super::perform::play`].
pub fn play(trial: &mut Trial<'_>, stage: Stage, ops: &[Op]) -> Result<Played, Abort> {
    let rules = stage.rules(trial);
    let mut crowd = Concurrent {
        executor: Executor::new(trial, stage),
        log: Log { calls: Vec::new(), events: Vec::new(), pids: Vec::new() },
        world: State::default(),
        rules,
        outstanding: Vec::new(),
        steps: Vec::new(),
    };
    let performed = crowd.all(ops);
    let Concurrent { log, mut steps, .. } = crowd;
    let violation = match performed {
        Ok(()) => log.check(rules).err().map(|(violation, _)| violation),
        Err(stop) => Some(stop.try_into()?),
    };
    // Each call is shown where it was started.
    let calls = steps.iter_mut().filter(|step| matches!(step.op, Op::Wait(_)));
    for (step, call) in calls.zip(&log.calls) {
        step.outcome = call.ended.as_ref().map_or_else(|| "never returns".to_owned(), Seen::outcome);
    }
    Ok(Played { steps, violation, deviations: Vec::new() })
}

struct Concurrent<'t, 'a> {
    executor: Executor<'t, 'a>,
    log: Log,
    /// What was done to the children; what calls have reaped is not tracked.
    world: State,
    rules: Rules,
    /// The indices of the calls that have not returned.
    outstanding: Vec<(usize, Wait, Pending)>,
    steps: Vec<Performed>,
}

impl Concurrent<'_, '_> {
    fn all(&mut self, ops: &[Op]) -> Result<(), Abort> {
        for (at, op) in ops.iter().enumerate() {
            self.perform(op, &ops[at + 1..])?;
        }
        for slot in self.living() {
            self.perform(&Op::Kill { slot, signal: Signal::KILL }, &[])?;
        }
        self.look()
    }

    fn living(&self) -> Vec<Slot> {
        let living =
            self.world.children.iter().filter(|k| matches!(k.phase, Phase::Running | Phase::Stopped));
        living.map(|child| child.slot).collect()
    }

    fn perform(&mut self, op: &Op, later: &[Op]) -> Result<(), Abort> {
        let begun = !self.log.calls.is_empty();
        let slot_lives = |slot: Slot| self.living().contains(&slot);
        let sensible = self.world.allows(op)
            && match *op {
                // Which child was reaped is not known before the end.
                Op::Spawn { slot, .. } => !begun && self.world.last(slot).is_none(),
                Op::Group { .. } => !begun,
                Op::Exit { slot, .. } | Op::Kill { slot, .. } | Op::Stop { slot, .. } | Op::Cont { slot } => {
                    slot_lives(slot)
                }
                Op::Wait(wait) => {
                    wait.thread > 0 && self.outstanding.iter().all(|(_, w, _)| w.thread != wait.thread)
                }
                Op::Sigchld(_) | Op::Usage | Op::Interrupt { .. } | Op::Race { .. } => false,
            };
        if !sensible {
            return Ok(());
        }
        if let Op::Wait(wait) = op {
            let Some(request) = self.executor.request(wait)? else { return Ok(()) };
            let pending = self.executor.trial.begin_request(request)?;
            let number = self.log.calls.len();
            self.log.calls.push(Call { wait: *wait, ended: None });
            self.log.events.push(Moment::Begin(number));
            self.outstanding.push((number, *wait, pending));
            self.steps.push(Performed { op: *op, outcome: String::new() });
            return Ok(());
        }
        self.steps.push(Performed { op: *op, outcome: String::new() });
        self.world.act(op);
        match op {
            Op::Spawn { slot, exits } => {
                let pid = self.executor.spawn(*slot, *exits, later, false)?;
                self.log.pids.push(pid);
            }
            // Living children can be signalled.
            _ => drop(self.executor.act(op)?),
        }
        let phase = op.slot().and_then(|slot| Some(self.world.children[self.world.last(slot)?].phase));
        self.executor.settle(op, phase)?;
        self.log.events.push(Moment::Act(*op));
        if begun { self.look() } else { Ok(()) }
    }

    /// Checks which calls have returned and which sleep, while nothing else happens.
    ///
    /// A caller wakes up slightly after the event is visible: one that sleeps although no order explains it is checked
    /// again for a while.
    fn look(&mut self) -> Result<(), Abort> {
        let (began, patience) = (Instant::now(), self.executor.trial.scaled(WOKEN));
        loop {
            for (number, wait, pending) in std::mem::take(&mut self.outstanding) {
                match self.executor.trial.watch(pending) {
                    Ok(Ok(seen)) => {
                        self.log.calls[number].ended = Some(seen);
                        self.log.events.push(Moment::End(number));
                    }
                    Ok(Err(pending)) => self.outstanding.push((number, wait, pending)),
                    // The subject cannot express it: it was never made.
                    Err(Abort::Skip(_)) => self.log.events.retain(|event| *event != Moment::Begin(number)),
                    Err(other) => return Err(other),
                }
            }
            let mark = self.log.events.len();
            self.log.events.extend(self.outstanding.iter().map(|(number, ..)| Moment::Asleep(*number)));
            if mark == self.log.events.len()
                || began.elapsed() >= patience
                || self.log.check(self.rules).is_ok()
            {
                return Ok(());
            }
            self.log.events.truncate(mark);
        }
    }
}
