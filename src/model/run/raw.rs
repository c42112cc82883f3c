//! Performs hostile calls on a subject, judges them, and checks what still works afterwards.

use super::executor::Executor;
use super::explore::{Explored, History, on_all};
use super::played::{HISTORY, Stage};
use crate::model::op::{Op, Slot};
use crate::model::oracle::report_check;
use crate::model::oracle::violated_clause::blame;
use crate::model::oracle::{CallOutcome, KnownChild, Rules, Violation};
use crate::model::raw::predict::{Allowed, Numbers, allowed, wait_of};
use crate::model::raw::random::{Menu, history, simpler};
use crate::model::raw::{Number, RawCall, RawOp, bits};
use crate::model::state::{Permitted, Phase, State};
use crate::runner::pool::Pool;
use crate::spec::{Deviation, Profile, deviations, posix};
use crate::sys::call::abi::{Call, Pointer};
use crate::trial::{Abort, End, Errno, Seen, Trial};
use std::time::{Duration, Instant};

/// The time limit to shrink a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pointers that may also be passed to a C library function.
const TAME: [Pointer; 1] = [Pointer::Null];
const HOSTILE: [Pointer; 7] = [
    Pointer::Null,
    Pointer::Bad,
    Pointer::Kernel,
    Pointer::ReadOnly,
    Pointer::Misaligned,
    Pointer::PageEnd,
    Pointer::Across,
];

/// A history of hostile calls that was performed.
#[derive(Clone, Debug, Default)]
pub struct RawPlayed {
    /// What was done, in order.
    pub ops: Vec<RawOp>,
    /// The same in words, with the answers.
    pub told: Vec<String>,
    /// The clause that the last of them violated.
    pub violation: Option<Violation>,
    deviations: Vec<&'static Deviation>,
}

impl History for RawPlayed {
    fn operations(&self) -> usize {
        self.ops.len()
    }

    fn deviations(&self) -> &[&'static Deviation] {
        &self.deviations
    }

    fn fails(&self) -> bool {
        self.violation.is_some()
    }
}

/// The parameters of an exploration.
#[derive(Copy, Clone, Debug)]
pub struct RawExploration {
    /// The number of operations in a history.
    pub ops: usize,
    /// The maximum number of children at a time.
    pub children: u8,
    /// The number of histories.
    pub runs: u64,
    /// The seed of the first history; each next one is one higher.
    pub seed: u64,
    /// The user id of the children, if known.
    pub uid: Option<i64>,
}

/// Performs histories of hostile calls until one violates a clause or all are done.
///
/// # Errors
/// [`Abort`] if the harness, its environment or the agent's protocol failed. A kernel that does not survive a call looks like
/// this, too: the message names the call.
pub fn explore(
    pool: &Pool,
    subject: &str,
    exploration: &RawExploration,
    progress: &(dyn Fn(&RawPlayed) + Sync),
) -> Result<(Explored, Option<(u64, RawPlayed)>), Abort> {
    let menu = menu(pool, subject, exploration)?;
    let stage = super::explore::stage(pool, subject, exploration.uid);
    let perform = |ops: &[RawOp]| {
        let mut played = RawPlayed::default();
        let reaps = menu.calls.contains(&Call::Wait4);
        match pool.visit(subject, &HISTORY, |trial| play(trial, stage, ops, reaps, &mut played)) {
            Ok(violation) => Ok(RawPlayed { violation, ..played }),
            Err(Abort::Broken(why)) => Err(Abort::Broken(match played.told.last() {
                Some(last) => format!("{why}; the last operation was: {last}"),
                None => why,
            })),
            Err(other) => Err(other),
        }
    };
    let run = |run: u64| Some(perform(&history(&menu, exploration.seed.wrapping_add(run))));
    let (explored, failed) = on_all(pool, exploration.runs, &run, progress)?;
    let failed = failed.map(|(run, played)| {
        let began = Instant::now();
        let fails = |ops: &[RawOp]| {
            let tried = (began.elapsed() < PATIENCE).then(|| perform(ops).ok()).flatten();
            tried.filter(RawPlayed::fails)
        };
        (run, shrunk(played, &fails))
    });
    Ok((explored, failed))
}

/// What the histories for a subject may contain.
fn menu(pool: &Pool, subject: &str, exploration: &RawExploration) -> Result<Menu, Abort> {
    let info = pool.subjects().iter().find(|info| info.spec == subject);
    let Some(info) = info.filter(|info| info.profile == Profile::Linux.name()) else {
        return Err(Abort::Broken("hostile calls can be judged for Linux only".into()));
    };
    let has = |call: &Call| info.calls.iter().any(|name| name == call.name());
    let calls: Vec<Call> = [Call::Wait4, Call::Waitid].into_iter().filter(has).collect();
    if calls.is_empty() {
        return Err(Abort::Broken("hostile calls need wait4 or waitid, and the subject has neither".into()));
    }
    let pointers = if info.raw && info.hostile_pointers { HOSTILE.to_vec() } else { TAME.to_vec() };
    Ok(Menu { calls, pointers, fifth: info.raw, ops: exploration.ops, children: exploration.children })
}

/// The shortest and plainest history that still fails.
fn shrunk(mut played: RawPlayed, fails: &dyn Fn(&[RawOp]) -> Option<RawPlayed>) -> RawPlayed {
    let mut at = 0;
    while at + 1 < played.ops.len() {
        let mut ops = played.ops.clone();
        ops.remove(at);
        match fails(&ops) {
            Some(shorter) => played = shorter,
            None => at += 1,
        }
    }
    while let Some(RawOp::Call(call)) = played.ops.last().copied() {
        let plainer = simpler(&call).into_iter().find_map(|call| {
            let mut ops = played.ops.clone();
            ops.pop();
            ops.push(RawOp::Call(call));
            fails(&ops)
        });
        match plainer {
            Some(plainer) => played = plainer,
            None => break,
        }
    }
    played
}

/// Performs one history on an agent that has just started.
fn play(
    trial: &mut Trial<'_>,
    stage: Stage,
    ops: &[RawOp],
    reaps: bool,
    played: &mut RawPlayed,
) -> Result<Option<Violation>, Abort> {
    let (rules, caller) = (stage.rules(trial), trial.agent_pid());
    let executor = Executor::new(trial, stage);
    let mut player =
        Player { executor, rules, caller, worlds: vec![State::default()], known: Vec::new(), played };
    for op in ops {
        let violation = match op {
            RawOp::Child(op) => player.child(op)?,
            RawOp::Call(call) => player.call(call)?,
        };
        if violation.is_some() {
            return Ok(violation);
        }
    }
    player.survives(reaps)
}

struct Player<'p, 't, 'a> {
    executor: Executor<'t, 'a>,
    rules: Rules,
    caller: i64,
    worlds: Vec<State>,
    known: Vec<KnownChild>,
    played: &'p mut RawPlayed,
}

/// The slot of the child that is reaped at the end.
const LAST: Slot = Slot(Slot::MOST - 1);
const LAST_CODE: i32 = 77;

impl Player<'_, '_, '_> {
    /// Checks that process and system still work: a child is created, exits, and is reaped if there is a `wait4`.
    fn survives(&mut self, reaps: bool) -> Result<Option<Violation>, Abort> {
        let plain = RawCall {
            call: Call::Wait4,
            idtype: 0,
            who: Number::Child(LAST),
            options: 0,
            status: Pointer::Buffer,
            rusage: Pointer::Null,
            info: Pointer::Null,
        };
        let born = self.child(&Op::Spawn { slot: LAST, exits: Some(LAST_CODE) })?;
        if born.is_some() || !reaps { Ok(born) } else { self.call(&plain) }
    }

    fn child(&mut self, op: &Op) -> Result<Option<Violation>, Abort> {
        if !self.worlds.iter().all(|world| world.allows(op)) {
            return Ok(None);
        }
        self.note(RawOp::Child(*op), String::new());
        match op {
            Op::Spawn { slot, exits } => {
                let pid = self.executor.spawn(*slot, *exits, &[], false)?;
                self.known.push(KnownChild { pid, before: None, spent: None });
            }
            _ => {
                if let Some(errno) = self.executor.act(op)? {
                    let clause = &posix::STATUS_CONSUMED_ONCE;
                    return Ok(Some(Violation::new(
                        clause,
                        "the child can be signalled",
                        errno.to_string(),
                        0,
                    )));
                }
            }
        }
        for world in &mut self.worlds {
            world.act(op);
        }
        let phase = op.slot().and_then(|slot| {
            let world = self.worlds.first()?;
            world.last(slot).map(|child| world.children[child].phase)
        });
        if phase == Some(Phase::Running) && matches!(op, Op::Kill { .. }) {
            return Ok(None);
        }
        self.executor.settle(op, phase).map(|()| None)
    }

    fn note(&mut self, op: RawOp, answer: String) {
        let told = if answer.is_empty() { op.to_string() } else { format!("{op} = {answer}") };
        self.played.ops.push(op);
        self.played.told.push(told);
    }

    fn call(&mut self, call: &RawCall) -> Result<Option<Violation>, Abort> {
        let pids: Vec<i64> = self.known.iter().map(|known| known.pid).collect();
        let numbers = Numbers { pids: &pids, caller: self.caller };
        let choices = |call: &RawCall| -> Vec<(usize, Allowed)> {
            let of = |(world, state)| allowed(call, state, &numbers).into_iter().map(move |one| (world, one));
            self.worlds.iter().enumerate().flat_map(of).collect()
        };
        let mut call = *call;
        let mut choices_now = choices(&call);
        if choices_now.iter().any(|(_, one)| one.answer == Permitted::Sleep) {
            call.options |= bits::NOHANG;
            choices_now = choices(&call);
        }
        let request = call.request(|number| numbers.of(&self.worlds[0], number));
        self.note(RawOp::Call(call), String::new());
        let seen = match self.executor.trial.perform(request) {
            Ok(seen) => seen,
            Err(Abort::Skip(_)) => return Ok(None),
            Err(other) => return Err(other),
        };
        if let Some(last) = self.played.told.last_mut() {
            *last = format!("{call} = {}", seen.outcome());
        }
        let mut after: Vec<State> = Vec::new();
        let mut nearest: Option<Violation> = None;
        for (world, one) in &choices_now {
            match self.fits(&call, &self.worlds[*world], one, &seen) {
                Ok(deviation) => {
                    self.played.deviations.extend(deviation);
                    if !after.contains(&one.next) {
                        after.push(one.next.clone());
                    }
                }
                Err(violation) if nearest.as_ref().is_none_or(|n| n.nearness < violation.nearness) => {
                    nearest = Some(violation);
                }
                Err(_) => {}
            }
        }
        if after.is_empty() {
            let mut words: Vec<String> = choices_now.iter().map(|(_, one)| self.told(one)).collect();
            words.dedup();
            let nearest = nearest.map(|violation| match violation.nearness {
                0 => Violation { expected: words.join(", or "), ..violation },
                _ => violation,
            });
            return Ok(nearest);
        }
        self.worlds = after;
        Ok(None)
    }

    fn told(&self, one: &Allowed) -> String {
        match one.answer {
            Permitted::Report(child, change) => {
                let slot = self.worlds[0].children.get(child).map_or(Slot(0), |child| child.slot);
                format!("{slot} {change}")
            }
            Permitted::Nothing => "0, nothing to report".to_owned(),
            Permitted::Error(error) => format!("-1 {error}"),
            Permitted::Sleep => "to sleep".to_owned(),
        }
    }

    /// Whether an answer is the allowed one; with a known deviation if it deviates as known for the system.
    fn fits(
        &self,
        call: &RawCall,
        world: &State,
        one: &Allowed,
        seen: &Seen,
    ) -> Result<Option<&'static Deviation>, Violation> {
        let wait = wait_of(call);
        let returned = matches!(seen.end, End::Returned(_));
        let same = returned
            && match one.answer {
                Permitted::Report(child, _) => self.reports(call, seen, self.known[child].pid),
                Permitted::Nothing => seen.is_nothing(),
                Permitted::Error(error) => seen.errno() == Some(error),
                Permitted::Sleep => false,
            };
        let violation = if !same {
            let outcome = CallOutcome::Ended(seen.clone());
            let clause =
                one.clause.unwrap_or_else(|| blame(world, &self.known, &wait, one.answer, &outcome, false));
            Violation::new(clause, String::new(), seen.outcome(), 0).typed(seen.got(None))
        } else if one.answer == Permitted::Error(Errno::FAULT) {
            // What was stored before the fault is unspecified.
            return Ok(None);
        } else if one.answer == Permitted::Nothing
            && call.call == Call::Waitid
            && call.info != Pointer::Buffer
        {
            // The cleared siginfo is not visible.
            return Ok(None);
        } else {
            match report_check::check(&self.rules, &self.known, world, &wait, one.answer, seen) {
                Ok(()) => return Ok(None),
                Err(violation) => violation,
            }
        };
        let known = deviations::find(self.rules.profile, violation.clause, &violation.typed);
        match known.filter(|_| same) {
            Some(known) => Ok(Some(known)),
            None => Err(violation),
        }
    }

    /// Whether a call reports that child; without a siginfo buffer, `waitid` does not say which one.
    fn reports(&self, call: &RawCall, seen: &Seen, pid: i64) -> bool {
        let ret = seen.reply().and_then(|reply| reply.ret.as_ref().ok().copied());
        match call.call {
            // With a null pointer, older kernels return the pid.
            Call::Waitid if call.info == Pointer::Null => ret == Some(0) || ret == Some(pid),
            Call::Waitid if call.info != Pointer::Buffer => ret == Some(0),
            _ => seen.is_report() && seen.pid() == Some(pid),
        }
    }
}
