//! A history in which several threads of the agent wait at the same time, performed and judged as a whole.

use super::actor::Actor;
use super::played::{Performed, Played, Stage};
use crate::model::linearize::{Call, Event, Log};
use crate::model::op::{Op, Slot, Wait};
use crate::model::oracle::Rules;
use crate::model::state::{Phase, World};
use crate::trial::Seen;
use crate::trial::{Abort, Pending, Trial};
use crate::wait::Signal;
use std::time::{Duration, Instant};

/// How long a caller may take to be woken for what has happened: as long as one that sleeps is given before it hangs.
const WOKEN: Duration = Duration::from_millis(200);

/// Performs it on an agent that has just been started.
///
/// Children are made, and moved to groups, before the first call of a thread; from then on they stop, go on and end. At the end all
/// of them are killed, so that every call has to come back.
///
/// # Errors
/// As [`super::perform::play`].
pub fn play(trial: &mut Trial<'_>, stage: Stage, ops: &[Op]) -> Result<Played, Abort> {
    let rules = stage.rules(trial);
    let mut crowd = Crowd {
        actor: Actor::new(trial, stage),
        log: Log { calls: Vec::new(), events: Vec::new(), pids: Vec::new() },
        world: World::default(),
        rules,
        outstanding: Vec::new(),
        steps: Vec::new(),
    };
    for (at, op) in ops.iter().enumerate() {
        crowd.perform(op, &ops[at + 1..])?;
    }
    for slot in crowd.living() {
        crowd.perform(&Op::Kill { slot, signal: Signal::KILL }, &[])?;
    }
    crowd.look()?;
    let Crowd { log, mut steps, .. } = crowd;
    let violation = match log.check(rules) {
        Ok(()) => None,
        Err((violation, _)) => Some(violation),
    };
    // Each call is told where it was begun.
    let calls = steps.iter_mut().filter(|step| matches!(step.op, Op::Wait(_)));
    for (step, call) in calls.zip(&log.calls) {
        step.told = call.ended.as_ref().map_or_else(|| "sleeps for ever".to_owned(), Seen::outcome);
    }
    Ok(Played { steps, violation, deviations: Vec::new() })
}

struct Crowd<'t, 'a> {
    actor: Actor<'t, 'a>,
    log: Log,
    /// What was done to the children; what calls have taken is not looked at.
    world: World,
    rules: Rules,
    /// The calls that have not come back, by their numbers.
    outstanding: Vec<(usize, Wait, Pending)>,
    steps: Vec<Performed>,
}

impl Crowd<'_, '_> {
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
                // Who was taken is not known before the end.
                Op::Spawn { slot, .. } => !begun && self.world.last(slot).is_none(),
                Op::Group { .. } => !begun,
                Op::Exit { slot, .. } | Op::Kill { slot, .. } | Op::Stop { slot, .. } | Op::Cont { slot } => {
                    slot_lives(slot)
                }
                Op::Wait(wait) => {
                    wait.thread > 0 && self.outstanding.iter().all(|(_, w, _)| w.thread != wait.thread)
                }
                Op::Sigchld(_) | Op::Usage | Op::Interrupt { .. } => false,
            };
        if !sensible {
            return Ok(());
        }
        if let Op::Wait(wait) = op {
            let Some(request) = self.actor.request(wait)? else { return Ok(()) };
            let pending = self.actor.trial.begin_request(request)?;
            let number = self.log.calls.len();
            self.log.calls.push(Call { wait: *wait, ended: None });
            self.log.events.push(Event::Begin(number));
            self.outstanding.push((number, *wait, pending));
            self.steps.push(Performed { op: *op, told: String::new() });
            return Ok(());
        }
        self.steps.push(Performed { op: *op, told: String::new() });
        self.world.act(op);
        match op {
            Op::Spawn { slot, exits } => {
                let pid = self.actor.spawn(*slot, *exits, later, false)?;
                self.log.pids.push(pid);
            }
            // Living children can be signalled.
            _ => drop(self.actor.act(op)?),
        }
        let phase = op.slot().and_then(|slot| Some(self.world.children[self.world.last(slot)?].phase));
        self.actor.settle(op, phase)?;
        self.log.events.push(Event::Act(*op));
        if begun { self.look() } else { Ok(()) }
    }

    /// Looks which calls have come back and which sleep, while nothing else goes on.
    ///
    /// A caller is woken a moment after what it is woken for can be seen: one that sleeps although no order explains it is
    /// looked at again for a while.
    fn look(&mut self) -> Result<(), Abort> {
        let (began, patience) = (Instant::now(), self.actor.trial.scaled(WOKEN));
        loop {
            for (number, wait, pending) in std::mem::take(&mut self.outstanding) {
                match self.actor.trial.watch(pending) {
                    Ok(Ok(seen)) => {
                        self.log.calls[number].ended = Some(seen);
                        self.log.events.push(Event::End(number));
                    }
                    Ok(Err(pending)) => self.outstanding.push((number, wait, pending)),
                    // The subject cannot express it: it was never made.
                    Err(Abort::Skip(_)) => self.log.events.retain(|event| *event != Event::Begin(number)),
                    Err(other) => return Err(other),
                }
            }
            let mark = self.log.events.len();
            self.log.events.extend(self.outstanding.iter().map(|(number, ..)| Event::Asleep(*number)));
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
