//! The judge of a history: every state that is possible so far, and one step for each operation.
//!
//! Which child a call for any child reports is open, and a binding may not even tell; so the oracle keeps a *set* of states.
//! A call may come back with whatever one of them allows, and only those that do stay. When none does, a clause is broken.

pub mod report_check;
mod types;
pub mod violated_clause;

pub use self::types::{Expects, KnownChild, Observation, Outcome, Rules, Violation};

use self::violated_clause::blame;
use super::op::{Op, Slot, Wait};
use super::state::{Answer, Phase, World};
use crate::spec::{Deviation, Profile, deviations};
use crate::sys::call::abi::{Call, Usage};
use crate::trial::Options;
use crate::trial::{Change, End, Seen};
use std::time::Instant;

/// The usage of taken children, as it has to be.
#[derive(Clone, Debug, Default)]
struct Ledger {
    /// What `getrusage` said last.
    last: Option<Usage>,
    /// The usages of children taken since.
    taken: Vec<Usage>,
    /// How many were taken since.
    takes: usize,
    /// Some were peeked at, some left no zombie, something else was reported.
    peeked: bool,
    vanished: bool,
    reported: bool,
}

/// The judge of one history.
#[derive(Clone, Debug)]
pub struct Oracle {
    pub(crate) rules: Rules,
    /// Before any child was made.
    began: Instant,
    worlds: Vec<World>,
    known: Vec<KnownChild>,
    ledger: Ledger,
    /// The known departures that were met.
    pub deviations: Vec<&'static Deviation>,
}

impl Oracle {
    /// The judge of a history that begins: no child, the default action for `SIGCHLD`.
    pub fn new(rules: Rules) -> Oracle {
        let last = rules.fresh.then(report_check::no_usage);
        let ledger = Ledger { last, ..Ledger::default() };
        Oracle {
            rules,
            began: Instant::now(),
            worlds: vec![World::default()],
            known: Vec::new(),
            ledger,
            deviations: Vec::new(),
        }
    }

    /// The judge for someone who keeps the states himself: these, of these children.
    pub(crate) fn of(rules: Rules, worlds: Vec<World>, pids: &[i64]) -> Oracle {
        let known = pids.iter().map(|pid| KnownChild { pid: *pid, before: None, spent: None }).collect();
        Oracle { worlds, known, ..Oracle::new(rules) }
    }

    /// The states that are possible.
    pub fn worlds(&self) -> &[World] {
        &self.worlds
    }

    /// What is known of the children besides their states.
    pub(crate) fn known(&self) -> &[KnownChild] {
        &self.known
    }

    /// Whether an operation has a meaning whichever of the states is the case; what has none is left out of a history.
    pub fn allows(&self, op: &Op) -> bool {
        self.worlds.iter().all(|world| world.allows(op))
    }

    /// The call in which the agent sleeps.
    pub fn asleep(&self) -> Option<Wait> {
        self.worlds.first().and_then(|world| world.asleep)
    }

    /// Whether a call is to come back, if it were made now; with the one in which the agent sleeps: whether it has to now.
    pub fn expects(&self, wait: &Wait) -> Expects {
        let answers = self.worlds.iter().flat_map(|world| world.answers(wait, self.rules.profile));
        let (sleep, back): (Vec<Answer>, Vec<Answer>) = answers.partition(|a| *a == Answer::Sleep);
        match (sleep.is_empty(), back.is_empty()) {
            (true, _) => Expects::Return,
            (_, true) => Expects::Sleep,
            _ => Expects::Either,
        }
    }

    /// The slots whose child may still end by an operation, in the order of their births.
    pub fn living(&self) -> Vec<Slot> {
        let Some(world) = self.worlds.first() else { return Vec::new() };
        let living =
            world.children.iter().filter(|child| matches!(child.phase, Phase::Running | Phase::Stopped));
        living.map(|child| child.slot).collect()
    }

    /// What the last child of a slot is doing, if all states agree.
    pub fn phase(&self, slot: Slot) -> Option<Phase> {
        let mut phases = self.worlds.iter().map(|w| w.last(slot).map(|child| w.children[child].phase));
        let first = phases.next()??;
        phases.all(|p| p == Some(first)).then_some(first)
    }

    /// Judges one operation that was performed.
    ///
    /// # Errors
    /// The clause that is broken; the history is over then.
    pub fn step(&mut self, op: &Op, seen: &Observation) -> Result<(), Violation> {
        if let (Op::Wait(wait), Observation::Call(outcome)) = (op, seen) {
            return self.judge(wait, outcome, false);
        }
        if let Observation::Born(pid) = seen {
            self.known.push(KnownChild { pid: *pid, before: Some(self.began), spent: None });
        }
        if let Observation::Usage(usage) = seen {
            self.audit(usage)?;
        }
        let again = Op::Interrupt { restart: true };
        let op = if matches!(op, Op::Interrupt { .. }) && self.rules.retries { &again } else { op };
        for world in &mut self.worlds {
            let before = world.children.iter().filter(|child| child.phase == Phase::Gone).count();
            world.act(op);
            self.ledger.vanished |=
                world.children.iter().filter(|child| child.phase == Phase::Gone).count() > before;
        }
        Ok(())
    }

    /// Judges what came of the call in which the agent slept.
    ///
    /// # Errors
    /// As [`Oracle::step`].
    pub fn wake(&mut self, outcome: &Outcome) -> Result<(), Violation> {
        match self.asleep() {
            Some(wait) => self.judge(&wait, outcome, true),
            None => Ok(()),
        }
    }

    fn judge(&mut self, wait: &Wait, outcome: &Outcome, woken: bool) -> Result<(), Violation> {
        if matches!(outcome, Outcome::NotOffered) {
            return Ok(());
        }
        let mut after: Vec<World> = Vec::new();
        let mut nearest: Option<Violation> = None;
        let mut reported = None;
        for world in &self.worlds {
            for answer in world.answers(wait, self.rules.profile) {
                match self.fits(world, wait, answer, outcome, woken) {
                    Ok(()) => {
                        let next = world.after(wait, answer);
                        if !after.contains(&next) {
                            after.push(next);
                        }
                        if let Answer::Report(child, change) = answer {
                            reported = Some((child, change));
                        }
                    }
                    Err(violation) => {
                        if nearest.as_ref().is_none_or(|n| n.nearness < violation.nearness) {
                            nearest = Some(violation);
                        }
                    }
                }
            }
        }
        if after.is_empty()
            && let Some(mut violation) = nearest
        {
            // What was mended in some release is none of what histories show.
            let system = (self.rules.profile, None);
            if let Some(known) = deviations::find(system, violation.clause, &violation.got) {
                self.deviations.push(known);
                return Ok(());
            }
            if violation.nearness == 0 {
                violation.expected = self.expected(wait);
            }
            return Err(violation);
        }
        // What a binding does not tell leaves open who it was.
        let known = after.len() == 1;
        self.worlds = after;
        if let (Some((child, change)), Outcome::Ended(seen)) = (reported, outcome) {
            self.enter(wait, seen, change, known.then_some(child))?;
        }
        Ok(())
    }

    /// Whether an outcome is that answer.
    pub(crate) fn fits(
        &self,
        world: &World,
        wait: &Wait,
        answer: Answer,
        outcome: &Outcome,
        woken: bool,
    ) -> Result<(), Violation> {
        let seen = match (outcome, answer) {
            (Outcome::Asleep, Answer::Sleep) => return Ok(()),
            (Outcome::Ended(seen), _) => Some(seen),
            _ => None,
        };
        let same = seen.is_some_and(|seen| match answer {
            Answer::Report(child, _) => {
                seen.is_report() && seen.pid().is_none_or(|pid| pid == self.known[child].pid)
            }
            Answer::Nothing => seen.is_nothing(),
            Answer::Error(error) => seen.errno() == Some(error),
            Answer::Sleep => false,
        });
        match seen {
            Some(seen) if same => report_check::check(&self.rules, &self.known, world, wait, answer, seen),
            _ => {
                let clause = blame(world, &self.known, wait, answer, outcome, woken);
                Err(Violation::new(clause, self.name_of(answer), self.told(wait, outcome), 0))
            }
        }
    }

    /// Keeps account of what was reported.
    fn enter(
        &mut self,
        wait: &Wait,
        seen: &Seen,
        change: Change,
        child: Option<usize>,
    ) -> Result<(), Violation> {
        let usage = seen.usage();
        if let (Some(child), Some(usage)) = (child, &usage) {
            let known = &mut self.known[child];
            report_check::usage_grows(known.spent.as_ref(), usage)?;
            known.spent = Some(*usage);
        }
        let ended = matches!(change, Change::Exited(_) | Change::Killed(..));
        if wait.has(Options::NOWAIT) {
            self.ledger.peeked = true;
        } else if ended {
            self.ledger.takes += 1;
            self.ledger.taken.extend(usage);
        } else {
            self.ledger.reported = true;
        }
        Ok(())
    }

    /// Judges the usage of the children that were taken.
    fn audit(&mut self, usage: &Usage) -> Result<(), Violation> {
        let ledger = std::mem::take(&mut self.ledger);
        self.ledger.last = Some(*usage);
        let Some(last) = &ledger.last else { return Ok(()) };
        if ledger.takes == 0 {
            let why = if ledger.vanished {
                report_check::Untaken::Vanished
            } else if ledger.peeked {
                report_check::Untaken::Peeked
            } else if ledger.reported {
                report_check::Untaken::Reported
            } else {
                report_check::Untaken::Nothing
            };
            return report_check::usage_stays(last, usage, why);
        }
        let whole = ledger.takes == ledger.taken.len() && self.rules.profile == Profile::Linux;
        report_check::usage_adds_up(last, usage, &ledger.taken, whole)
    }

    /// Everything that a call may come back with, in words.
    pub fn expected(&self, wait: &Wait) -> String {
        let answers = self.worlds.iter().flat_map(|world| world.answers(wait, self.rules.profile));
        let mut words: Vec<String> = answers.map(|answer| self.name_of(answer)).collect();
        words.sort();
        words.dedup();
        words.join(", or ")
    }

    fn name_of(&self, answer: Answer) -> String {
        match answer {
            Answer::Report(child, change) => format!("{} {change}", self.slot(child)),
            Answer::Nothing => "0, nothing to report".to_owned(),
            Answer::Error(error) => format!("-1 {error}"),
            Answer::Sleep => "to sleep".to_owned(),
        }
    }

    fn slot(&self, child: usize) -> Slot {
        self.worlds.first().and_then(|w| w.children.get(child)).map_or(Slot(0), |child| child.slot)
    }

    /// What came of a call, in words: children by the names of their slots.
    pub fn told(&self, wait: &Wait, outcome: &Outcome) -> String {
        let seen = match outcome {
            Outcome::Asleep => return "it sleeps".to_owned(),
            Outcome::NotOffered => return "not offered".to_owned(),
            Outcome::Ended(seen) => seen,
        };
        let Some(pid) = seen.pid().filter(|_| matches!(seen.end, End::Returned(_))) else {
            return seen.outcome();
        };
        let child = self.known.iter().rposition(|p| p.pid == pid);
        let who = child.map_or_else(|| format!("process {pid}"), |child| self.slot(child).to_string());
        let what = seen.change().map_or_else(|| "(no status)".to_owned(), |change| change.to_string());
        let raw = seen.status().map_or_else(String::new, |raw| format!(", status {raw:#06x}"));
        let code = seen.info().and_then(|i| i.code.clone()).filter(|_| wait.call == Call::Waitid);
        let code = code.map_or_else(String::new, |code| format!(", {code}"));
        format!("{who} {what}{raw}{code}")
    }
}

#[cfg(test)]
mod tests;
