//! The judge of a history: every state possible so far, and one step per operation.
//!
//! Which child a wait for any child reports is unspecified, and a binding may not even return its pid; so the oracle keeps a
//! *set* of states. A call may return what any of them allows, and only the states that allow it remain. If none does, a clause
//! is violated.

pub mod report_check;
mod types;
pub mod violated_clause;

pub use self::types::{CallOutcome, Expects, KnownChild, Observed, Rules, Violation};

use self::violated_clause::blame;
use super::op::{Op, Sigchld, Slot, Wait};
use super::state::{Permitted, Phase, State};
use crate::sorted::sort;
use crate::spec::{Deviation, Profile, deviations, posix};
use crate::sys::call::abi::{Call, Usage};
use crate::trial::Options;
use crate::trial::{Change, End, Got, Seen};
use std::time::Instant;

/// The expected usage of reaped children.
#[derive(Clone, Debug, Default)]
struct Ledger {
    /// The last result of `getrusage`.
    last: Option<Usage>,
    /// The usages of children reaped since.
    taken: Vec<Usage>,
    /// The number of children reaped since.
    takes: usize,
    /// Whether some were peeked at, left no zombie, or reported something else.
    peeked: bool,
    vanished: bool,
    reported: bool,
}

/// The judge of one history.
#[derive(Clone, Debug)]
pub struct Oracle {
    pub(crate) rules: Rules,
    /// Before any child was created.
    began: Instant,
    worlds: Vec<State>,
    /// The states that a sleeping call may have seen during the last operation, and that operation.
    midway: Option<(Op, Vec<State>)>,
    known: Vec<KnownChild>,
    ledger: Ledger,
    /// The known deviations encountered.
    pub deviations: Vec<&'static Deviation>,
}

impl Oracle {
    /// The judge of a new history: no child, the default action for `SIGCHLD`.
    pub fn new(rules: Rules) -> Oracle {
        let last = rules.fresh.then(report_check::no_usage);
        let ledger = Ledger { last, ..Ledger::default() };
        Oracle {
            rules,
            began: Instant::now(),
            worlds: vec![State::default()],
            midway: None,
            known: Vec::new(),
            ledger,
            deviations: Vec::new(),
        }
    }

    /// A judge for a caller that tracks states itself: these states, of these children.
    pub(crate) fn of(rules: Rules, worlds: Vec<State>, pids: &[i64]) -> Oracle {
        let known = pids.iter().map(|pid| KnownChild { pid: *pid, before: None, spent: None }).collect();
        Oracle { worlds, known, ..Oracle::new(rules) }
    }

    /// The possible states.
    pub fn worlds(&self) -> &[State] {
        &self.worlds
    }

    /// What is known about the children besides their states.
    pub(crate) fn known(&self) -> &[KnownChild] {
        &self.known
    }

    /// Whether an operation is valid in every possible state; others are omitted from a history.
    pub fn allows(&self, op: &Op) -> bool {
        self.worlds.iter().all(|world| world.allows(op))
    }

    /// The call the agent blocks in.
    pub fn asleep(&self) -> Option<Wait> {
        self.worlds.first().and_then(|world| world.asleep)
    }

    /// Whether a call would return if made now; for the call the agent blocks in: whether it must now.
    pub fn expects(&self, wait: &Wait) -> Expects {
        let answers = self.worlds.iter().flat_map(|world| world.answers(wait, self.rules.profile));
        let (sleep, back): (Vec<Permitted>, Vec<Permitted>) = answers.partition(|a| *a == Permitted::Sleep);
        match (sleep.is_empty(), back.is_empty()) {
            (true, _) => Expects::Return,
            (_, true) => Expects::Sleep,
            _ => Expects::Either,
        }
    }

    /// How many SIGCHLDs handlers without `SA_RESTART` must have caught before anything else happens, so that none is late:
    /// `None` if the history has no such handler, or the system need not send one for each change.
    pub fn due_signals(&self) -> Option<u32> {
        let world = self.worlds.first()?;
        let due = world.sigchld == Sigchld::Interrupt && world.asleep.is_none();
        (due && self.rules.profile == Profile::Linux).then_some(world.changes)
    }

    /// The slots whose child can still be terminated by an operation, in order of creation.
    pub fn living(&self) -> Vec<Slot> {
        let Some(world) = self.worlds.first() else { return Vec::new() };
        let living =
            world.children.iter().filter(|child| matches!(child.phase, Phase::Running | Phase::Stopped));
        living.map(|child| child.slot).collect()
    }

    /// The phase of the last child in a slot, if all states agree.
    pub fn phase(&self, slot: Slot) -> Option<Phase> {
        let mut phases = self.worlds.iter().map(|w| w.last(slot).map(|child| w.children[child].phase));
        let first = phases.next()??;
        phases.all(|p| p == Some(first)).then_some(first)
    }

    /// Judges one operation that was performed.
    ///
    /// # Errors
    /// The violated clause; the history is then over.
    pub fn step(&mut self, op: &Op, seen: &Observed) -> Result<(), Violation> {
        self.midway = None;
        if let (Op::Wait(wait), Observed::Call(outcome)) = (op, seen) {
            return self.judge(wait, outcome, false);
        }
        if let (Op::Race { slot, code, wait }, Observed::Raced(pid, outcome)) = (op, seen) {
            self.known.push(KnownChild { pid: *pid, before: Some(self.began), spent: None });
            return self.judge_race((*slot, *code), wait, outcome);
        }
        if let Observed::Born(pid) = seen {
            self.known.push(KnownChild { pid: *pid, before: Some(self.began), spent: None });
        }
        if let Observed::Usage(usage) = seen {
            self.audit(usage)?;
        }
        let op = &match op {
            Op::Interrupt { .. } if self.rules.retries => Op::Interrupt { restart: true },
            Op::Sigchld(Sigchld::Interrupt) if self.rules.retries => Op::Sigchld(Sigchld::Count),
            _ => *op,
        };
        let dies = |world: &State| op.slot().is_some_and(|slot| world.dies_once_continued(slot));
        if matches!(op, Op::Cont { .. }) && self.asleep().is_some() && self.worlds.iter().any(dies) {
            let mut midway = self.worlds.clone();
            midway.iter_mut().for_each(|world| world.begin_end(op));
            self.midway = Some((*op, midway));
        }
        for world in &mut self.worlds {
            let before = world.children.iter().filter(|child| child.phase == Phase::Gone).count();
            world.act(op);
            self.ledger.vanished |=
                world.children.iter().filter(|child| child.phase == Phase::Gone).count() > before;
        }
        Ok(())
    }

    /// Judges the result of the call the agent blocked in.
    ///
    /// # Errors
    /// As [`Oracle::step`].
    pub fn wake(&mut self, outcome: &CallOutcome) -> Result<(), Violation> {
        let Some(wait) = self.asleep() else { return Ok(()) };
        let Some((op, midway)) = self.midway.take() else { return self.judge(&wait, outcome, true) };
        let before = self.clone();
        let Err(violation) = self.judge(&wait, outcome, true) else { return Ok(()) };
        // It was woken by the continue, and checked before the child had died.
        *self = Oracle { worlds: midway, ..before };
        if self.judge(&wait, outcome, true).is_err() {
            return Err(violation);
        }
        self.worlds.iter_mut().for_each(|world| world.act(&op));
        Ok(())
    }

    /// Whether the call the agent blocks in may return although it need not, because of what it saw during the last operation.
    pub fn may_return(&self) -> bool {
        self.midway.is_some()
    }

    /// Whether the call of a race must return, whenever its child exits.
    pub fn expects_of_race(&self, slot: Slot, code: i32, wait: &Wait) -> Expects {
        self.at_end_of_race(slot, code).expects(wait)
    }

    fn at_end_of_race(&self, slot: Slot, code: i32) -> Oracle {
        let worlds = self.worlds.iter().map(|world| {
            let [_, exited] = world.during_race(slot, code);
            exited
        });
        Oracle { worlds: worlds.collect(), ..self.clone() }
    }

    /// Judges the call of a race: it may have checked before or after the child exited, but it may sleep only if both allow it.
    fn judge_race(
        &mut self,
        (slot, code): (Slot, i32),
        wait: &Wait,
        outcome: &CallOutcome,
    ) -> Result<(), Violation> {
        let mut during: Vec<State> = Vec::new();
        let end = self.at_end_of_race(slot, code);
        for world in &self.worlds {
            let [running, exited] = world.during_race(slot, code);
            // A call that found the child running, and sleeps, is woken.
            if !matches!(outcome, CallOutcome::Asleep) {
                during.push(running);
            }
            during.push(exited);
        }
        self.worlds = during;
        self.judge(wait, outcome, false).map_err(|violation| match outcome {
            CallOutcome::Ended(seen) if matches!(seen.end, End::Hung(_)) => {
                let expected = end.expected(wait);
                Violation { clause: &posix::WAITPID_NO_LOST_WAKE_UP, expected, ..violation }
            }
            _ => violation,
        })?;
        let mut after: Vec<State> = Vec::new();
        for mut world in std::mem::take(&mut self.worlds) {
            world.end_race(slot, code);
            if !after.contains(&world) {
                after.push(world);
            }
        }
        self.worlds = after;
        Ok(())
    }

    fn judge(&mut self, wait: &Wait, outcome: &CallOutcome, woken: bool) -> Result<(), Violation> {
        if matches!(outcome, CallOutcome::NotOffered) {
            return Ok(());
        }
        let mut after: Vec<State> = Vec::new();
        let mut nearest: Option<Violation> = None;
        let mut reported = None;
        let mut deviation = None;
        for world in &self.worlds {
            for answer in world.answers(wait, self.rules.profile) {
                match self.accepts(world, wait, answer, outcome, woken) {
                    Ok(known) => {
                        deviation = deviation.or(known);
                        let next = world.after(wait, answer);
                        if !after.contains(&next) {
                            after.push(next);
                        }
                        if let Permitted::Report(child, change) = answer {
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
            if let Some(known) = self.known_deviation(&violation) {
                self.deviations.push(known);
                return Ok(());
            }
            if violation.nearness == 0 {
                violation.expected = self.expected(wait);
            }
            return Err(violation);
        }
        self.deviations.extend(deviation);
        // If a binding does not return the pid, it may have been any of several children.
        let known = after.len() == 1;
        self.worlds = after;
        if let (Some((child, change)), CallOutcome::Ended(seen)) = (reported, outcome) {
            self.enter(wait, seen, change, known.then_some(child))?;
        }
        Ok(())
    }

    /// The known deviation that a violation matches.
    fn known_deviation(&self, violation: &Violation) -> Option<&'static Deviation> {
        // Histories do not cover deviations that some release has fixed.
        deviations::find(self.rules.profile, violation.clause, &violation.typed)
    }

    /// As [`Oracle::fits`]; an outcome that only deviates as known for the system, with the right child and kind of answer, is
    /// accepted with the deviation.
    pub(in crate::model) fn accepts(
        &self,
        world: &State,
        wait: &Wait,
        answer: Permitted,
        outcome: &CallOutcome,
        woken: bool,
    ) -> Result<Option<&'static Deviation>, Violation> {
        let Err(violation) = self.fits(world, wait, answer, outcome, woken) else { return Ok(None) };
        let known = self.known_deviation(&violation).filter(|_| violation.nearness > 0);
        known.map(Some).ok_or(violation)
    }

    /// Whether an outcome matches an answer.
    pub(crate) fn fits(
        &self,
        world: &State,
        wait: &Wait,
        answer: Permitted,
        outcome: &CallOutcome,
        woken: bool,
    ) -> Result<(), Violation> {
        let seen = match (outcome, answer) {
            (CallOutcome::Asleep, Permitted::Sleep) => return Ok(()),
            (CallOutcome::Ended(seen), _) => Some(seen),
            _ => None,
        };
        let same = seen.is_some_and(|seen| match answer {
            Permitted::Report(child, _) => {
                seen.is_report() && seen.pid().is_none_or(|pid| pid == self.known[child].pid)
            }
            Permitted::Nothing => seen.is_nothing(),
            Permitted::Error(error) => seen.errno() == Some(error),
            Permitted::Sleep => false,
        });
        match seen {
            Some(seen) if same => report_check::check(&self.rules, &self.known, world, wait, answer, seen),
            _ => {
                let clause = blame(world, &self.known, wait, answer, outcome, woken);
                let typed = match outcome {
                    CallOutcome::Asleep => Got::Asleep,
                    CallOutcome::NotOffered => Got::Other,
                    CallOutcome::Ended(seen) => seen.got(None),
                };
                Err(Violation::new(clause, self.name_of(answer), self.describe(wait, outcome), 0)
                    .typed(typed))
            }
        }
    }

    /// Keeps track of what was reported.
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

    /// Judges the usage of the reaped children.
    fn audit(&mut self, usage: &Usage) -> Result<(), Violation> {
        let ledger = std::mem::take(&mut self.ledger);
        self.ledger.last = Some(*usage);
        let Some(last) = &ledger.last else { return Ok(()) };
        if ledger.takes == 0 {
            let why = if ledger.vanished {
                report_check::WithoutReap::Vanished
            } else if ledger.peeked {
                report_check::WithoutReap::Peeked
            } else if ledger.reported {
                report_check::WithoutReap::Reported
            } else {
                report_check::WithoutReap::Nothing
            };
            return report_check::usage_stays(last, usage, why);
        }
        let whole = ledger.takes == ledger.taken.len() && self.rules.profile == Profile::Linux;
        report_check::usage_adds_up(last, usage, &ledger.taken, whole)
    }

    /// Every allowed result of a call, in words.
    pub fn expected(&self, wait: &Wait) -> String {
        let answers = self.worlds.iter().flat_map(|world| world.answers(wait, self.rules.profile));
        let mut words: Vec<String> = answers.map(|answer| self.name_of(answer)).collect();
        sort(&mut words);
        words.dedup();
        words.join(", or ")
    }

    fn name_of(&self, answer: Permitted) -> String {
        match answer {
            Permitted::Report(child, change) => format!("{} {change}", self.slot(child)),
            Permitted::Nothing => "0, nothing to report".to_owned(),
            Permitted::Error(error) => format!("-1 {error}"),
            Permitted::Sleep => "to sleep".to_owned(),
        }
    }

    fn slot(&self, child: usize) -> Slot {
        self.worlds.first().and_then(|w| w.children.get(child)).map_or(Slot(0), |child| child.slot)
    }

    /// The result of a call, in words: children by their slots.
    pub fn describe(&self, wait: &Wait, outcome: &CallOutcome) -> String {
        let seen = match outcome {
            CallOutcome::Asleep => return "it sleeps".to_owned(),
            CallOutcome::NotOffered => return "not offered".to_owned(),
            CallOutcome::Ended(seen) => seen,
        };
        let Some(pid) = seen.pid().filter(|_| matches!(seen.end, End::Returned(_))) else {
            return seen.outcome();
        };
        let child = self.known.iter().rposition(|p| p.pid == pid);
        let who = child.map_or_else(|| format!("process {pid}"), |child| self.slot(child).to_string());
        let what = seen.change().map_or_else(|| "(no status)".to_owned(), |change| change.to_string());
        let raw = seen.status().map_or_else(String::new, |raw| format!(", status {raw:#06x}"));
        let code = seen.info().and_then(|i| i.code).filter(|_| wait.call == Call::Waitid);
        let code = code.map_or_else(String::new, |code| format!(", {code}"));
        format!("{who} {what}{raw}{code}")
    }
}

#[cfg(test)]
mod tests;
