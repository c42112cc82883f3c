//! Many histories on one subject, on all wardens in parallel, until one violates a clause.

use super::perform::play;
use super::played::{HISTORY, Played, Stage};
use crate::model::exhaustive;
use crate::model::generate::{Shape, history, shorten};
use crate::model::op::Op;
use crate::runner::pool::Pool;
use crate::sorted::Map;
use crate::spec::{Deviation, Profile};
use crate::sys::call::abi::Call;
use crate::trial::Abort;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The maximum number of attempts to shrink a failing history.
const SHRINKING: usize = 200;
/// And their time limit: a call that hangs is proved to hang within fractions of a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// The parameters of an exploration.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// The maximum number of operations per history.
    pub ops: usize,
    /// The maximum number of concurrent children.
    pub children: u8,
    /// The number of histories.
    pub runs: u64,
    /// The seed.
    pub seed: u64,
    /// The user id of the children, if known.
    pub uid: Option<i64>,
    /// The number of threads that call concurrently; 0: calls are sequential.
    pub waiters: u8,
}

/// A history that violates a clause.
#[derive(Clone, Debug)]
pub struct Found {
    /// The run that found it.
    pub run: u64,
    /// The number of operations performed until then.
    pub operations: u64,
    /// The history as performed, shrunk.
    pub played: Played,
}

/// The result of an exploration.
#[derive(Clone, Debug, Default)]
pub struct Explored {
    /// The number of histories performed.
    pub runs: u64,
    /// The number of operations in them.
    pub operations: u64,
    /// How many times each known deviation was encountered, by its clause.
    pub deviations: Map<&'static str, u64>,
    /// The first history, by its number, that violates a clause.
    pub found: Option<Found>,
}

/// The figures of a performed history.
pub(crate) trait History {
    /// How many operations were performed.
    fn operations(&self) -> usize;
    /// The known deviations encountered.
    fn deviations(&self) -> &[&'static Deviation];
    /// Whether a clause was violated.
    fn fails(&self) -> bool;
}

impl History for Played {
    fn operations(&self) -> usize {
        self.steps.len()
    }

    fn deviations(&self) -> &[&'static Deviation] {
        &self.deviations
    }

    fn fails(&self) -> bool {
        self.violation.is_some()
    }
}

impl Explored {
    fn add(&mut self, played: &impl History) {
        self.runs += 1;
        self.operations += played.operations() as u64;
        for deviation in played.deviations() {
            *self.deviations.entry(deviation.clause.id).or_default() += 1;
        }
    }
}

/// The stage for a subject of the pool.
pub fn stage(pool: &Pool, subject: &str, uid: Option<i64>) -> Stage {
    Stage { hosted: pool.is_hosted(subject), uid }
}

/// Performs one history on a fresh agent.
///
/// # Errors
/// As [`play`].
pub fn perform(pool: &Pool, subject: &str, stage: Stage, ops: &[Op]) -> Result<Played, Abort> {
    pool.visit(subject, &HISTORY, |trial| play(trial, stage, ops))
}

/// The shape of histories for a subject of the pool.
fn shape(pool: &Pool, subject: &str, exploration: &Exploration) -> Shape {
    let info = pool.subjects().iter().find(|info| info.spec == subject);
    let calls: Vec<Call> =
        info.map(|i| i.calls.iter().filter_map(|name| Call::from_name(name)).collect()).unwrap_or_default();
    let calls = if calls.is_empty() { Call::ALL.to_vec() } else { calls };
    let shape = Shape::new(exploration.ops, exploration.children, calls, info.map_or("", |i| i.os.as_str()));
    Shape { waiters: exploration.waiters, ..shape }
}

/// Performs histories until one violates a clause or all are done; `progress` is called after each.
///
/// # Errors
/// [`Abort`] if the harness, its environment or the agent's protocol failed.
pub fn explore(
    pool: &Pool,
    subject: &str,
    exploration: &Exploration,
    progress: &(dyn Fn(&Played) + Sync),
) -> Result<Explored, Abort> {
    let stage = stage(pool, subject, exploration.uid);
    let histories = shape(pool, subject, exploration);
    let perform = |run| Some(perform(pool, subject, stage, &history(exploration.seed, run, &histories)));
    let (mut explored, failed) = on_all(pool, exploration.runs, &perform, progress)?;
    if let Some((run, played)) = failed {
        let began = Instant::now();
        let fails = |ops: &[Op]| {
            let tried = || self::perform(pool, subject, stage, ops).ok();
            let tried = (began.elapsed() < PATIENCE).then(tried).flatten();
            tried.filter(|played| played.violation.is_some())
        };
        let shortest =
            |from: Played| shorten(from.ops(), from, SHRINKING, &mut |ops| fails(ops).map(|p| (p.ops(), p)));
        let played = shortest(played);
        // Most of what a race finds needs none, and without it the trace fails each time.
        let played = fails(&without_races(&played.ops())).map_or(played, shortest);
        let operations = explored.operations;
        explored.found = Some(Found { run, operations, played });
    }
    Ok(explored)
}

/// The history with every child dead before the call that it raced with.
fn without_races(ops: &[Op]) -> Vec<Op> {
    let one_by_one = |op: &Op| match *op {
        Op::Race { slot, code, wait } => {
            vec![Op::Spawn { slot, exits: Some(code) }, Op::Wait(wait)]
        }
        other => vec![other],
    };
    ops.iter().flat_map(one_by_one).collect()
}

/// The result of performing every history up to a length.
#[derive(Clone, Debug)]
pub struct Exhausted {
    /// The number of distinct histories; each is performed as a whole or as a prefix of another.
    pub distinct: u64,
    /// The result for those performed; the failure is not shrunk.
    pub explored: Explored,
}

/// Performs every history of up to `length` operations on two children.
///
/// # Errors
/// As [`explore`].
pub fn exhaust(
    pool: &Pool,
    subject: &str,
    length: usize,
    uid: Option<i64>,
    begin: &dyn Fn(u64),
    progress: &(dyn Fn(&Played) + Sync),
) -> Result<Exhausted, Abort> {
    let info = pool.subjects().iter().find(|info| info.spec == subject);
    let calls: Vec<Call> =
        info.map(|i| i.calls.iter().filter_map(|name| Call::from_name(name)).collect()).unwrap_or_default();
    let profile = info.and_then(|i| Profile::from_name(&i.profile)).unwrap_or(Profile::Posix);
    let (distinct, whole) = exhaustive::histories(length, &calls, profile);
    begin(whole.len() as u64);
    let stage = stage(pool, subject, uid);
    let perform = |run: u64| {
        let ops = usize::try_from(run).ok().and_then(|run| whole.get(run));
        ops.map(|ops| perform(pool, subject, stage, ops))
    };
    let (mut explored, failed) = on_all(pool, whole.len() as u64, &perform, progress)?;
    if let Some((run, played)) = failed {
        explored.found = Some(Found { run, operations: explored.operations, played });
    }
    Ok(Exhausted { distinct, explored })
}

/// Performs the histories numbered below `count` on all wardens; returns the lowest-numbered one that violates a
/// clause.
pub(crate) fn on_all<H: History + Send>(
    pool: &Pool,
    count: u64,
    perform: &(dyn Fn(u64) -> Option<Result<H, Abort>> + Sync),
    progress: &(dyn Fn(&H) + Sync),
) -> Result<(Explored, Option<(u64, H)>), Abort> {
    let next = AtomicU64::new(0);
    let over = AtomicBool::new(false);
    let state = Mutex::new((Explored::default(), None::<(u64, H)>, None::<Abort>));
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        while !over.load(Ordering::Relaxed) {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= count {
                break;
            }
            let played = match perform(run) {
                Some(Ok(played)) => played,
                Some(Err(stop)) => {
                    lock().2.get_or_insert(stop);
                    over.store(true, Ordering::Relaxed);
                    break;
                }
                None => continue,
            };
            progress(&played);
            let mut state = lock();
            state.0.add(&played);
            if played.fails() {
                over.store(true, Ordering::Relaxed);
                if state.1.as_ref().is_none_or(|(earlier, _)| run < *earlier) {
                    state.1 = Some((run, played));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let mut started = 0;
        for _ in 1..pool.width() {
            started += usize::from(std::thread::Builder::new().spawn_scoped(scope, work).is_ok());
        }
        // This thread is one of them; if no other can be started it does all the work.
        let _ = started;
        work();
    });
    let (explored, failed, stop) = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    match stop {
        // A finding takes precedence over a failure elsewhere.
        Some(stop) if failed.is_none() => Err(stop),
        _ => Ok((explored, failed)),
    }
}

/// How the model detected a broken subject.
#[derive(Clone, Debug)]
pub struct Caught {
    /// The number of histories it took.
    pub runs: u64,
    /// The number of operations in all of them.
    pub operations: u64,
    /// The history that detected it, not shrunk.
    pub played: Played,
}

/// Whether the model detects a subject of the pool within `budget` histories of 30 operations on 6 children: for the
/// table of `selftest`.
///
/// # Errors
/// As [`explore`].
pub fn catches(pool: &Pool, subject: &str, budget: u64, seed: u64) -> Result<Option<Caught>, Abort> {
    let uid = Some(rustix::process::getuid().as_raw().into());
    let exploration = Exploration { ops: 30, children: 6, runs: budget, seed, uid, waiters: 0 };
    let stage = stage(pool, subject, uid);
    let shape = shape(pool, subject, &exploration);
    let perform = |run| Some(perform(pool, subject, stage, &history(seed, run, &shape)));
    let (explored, failed) = on_all(pool, budget, &perform, &|_| {})?;
    Ok(failed.map(|(_, played)| Caught { runs: explored.runs, operations: explored.operations, played }))
}
