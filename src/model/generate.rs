//! Randomized histories, and how they are shrunk.

use super::chance::Chance;
use super::op::{Destination, Op, Selector, Sigchld, Slot, Wait};
use crate::sys::call::abi::Call;
use crate::trial::Options;
use crate::wait::Signal;

/// The parameters of generated histories.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The maximum number of operations, not counting the initial children.
    pub ops: usize,
    /// The maximum number of concurrent children, from 1 to [`Slot::MOST`].
    pub children: u8,
    /// The subject's calls; not empty.
    pub calls: Vec<Call>,
    /// Whether calls may name a child by a pidfd.
    pub pidfd: bool,
    /// Whether real-time signals may be sent.
    pub realtime: bool,
    /// Whether a call for one child may ask for stops and continues only. By its source, the kernel of NetBSD never returns from such a
    /// call for a zombie that other children follow in its list, and the machine has to be reset.
    pub without_exits_by_pid: bool,
    /// The number of threads that call concurrently; 0: calls are sequential, and each is judged before the next.
    pub waiters: u8,
}

impl Shape {
    /// Histories of up to this many operations and children, for a subject with these calls on this system.
    pub fn new(ops: usize, children: u8, calls: Vec<Call>, os: &str) -> Shape {
        let children = children.clamp(1, Slot::MOST);
        let linux = os == "linux";
        let without_exits_by_pid = os != "netbsd";
        Shape {
            ops: ops.max(1),
            children,
            calls,
            pidfd: linux,
            realtime: linux,
            without_exits_by_pid,
            waiters: 0,
        }
    }
}

/// The history of a run; the same seed, run and shape give the same history.
pub fn history(seed: u64, run: u64, shape: &Shape) -> Vec<Op> {
    let chance = &mut Chance::of_run(seed, run);
    let mut ops = Vec::new();
    // An action that holds for a whole history is rarely set by an operation in its midst.
    if shape.waiters == 0 {
        match chance.below(10) {
            0..5 => {}
            // Only at the beginning: later, the SIGCHLD of an earlier change might interrupt.
            5 | 6 => ops.push(Op::Sigchld(Sigchld::Interrupt)),
            _ => ops.push(Op::Sigchld(action(chance))),
        }
    }
    for slot in (0..=chance.below(usize::from(shape.children)) as u8).map(Slot) {
        ops.push(Op::Spawn { slot, exits: exits(chance) });
        if shape.waiters > 0 && chance.percent(30) {
            ops.push(Op::Group { slot, to: Destination::Own });
        }
    }
    let next = if shape.waiters == 0 { op } else { concurrent };
    ops.extend((0..=chance.below(shape.ops)).map(|_| next(shape, chance)));
    ops
}

/// Whether a history fails: what was performed of it, and how it failed.
pub type Fails<'f, F> = dyn FnMut(&[Op]) -> Option<(Vec<Op>, F)> + 'f;

/// Shrinks a failing history to as few and as simple operations as possible, in at most this many attempts, and renames its
/// children in order of creation. `failing` is the result of `fails` for `ops`.
pub fn shorten<F>(mut ops: Vec<Op>, mut failing: F, mut tries: usize, fails: &mut Fails<'_, F>) -> F {
    let mut at = ops.len();
    let mut shorter = false;
    while tries > 0 && at > 0 {
        at -= 1;
        let mut without = ops.clone();
        without.remove(at.min(without.len() - 1));
        tries -= 1;
        if let Some((performed, failure)) = fails(&without).filter(|_| !without.is_empty()) {
            // Fewer operations may have been performed than requested.
            ops = if performed.len() <= without.len() { performed } else { without };
            failing = failure;
            at = at.min(ops.len());
            shorter = true;
        }
        if at == 0 && shorter {
            (at, shorter) = (ops.len(), false);
        }
    }
    // A creation and its reap are removed in pairs.
    for (i, j) in (0..ops.len()).flat_map(|i| (i + 1..ops.len()).map(move |j| (i, j))).take(tries.max(60)) {
        let kept = ops.iter().enumerate().filter(|(at, _)| *at != i && *at != j).map(|(_, op)| *op);
        let without: Vec<Op> = kept.collect();
        if let Some((performed, failure)) = fails(&without).filter(|_| !without.is_empty()) {
            let ops = if performed.len() <= without.len() { performed } else { without };
            return shorten(ops, failure, tries, fails);
        }
    }
    let mut at = 0;
    while at < ops.len() {
        let simplified = simpler(&ops[at]).into_iter().take(tries).find_map(|op| {
            tries -= 1;
            let mut simplified = ops.clone();
            simplified[at] = op;
            fails(&simplified).map(|(_, failure)| (simplified, failure))
        });
        match simplified {
            Some((simplified, failure)) => (ops, failing) = (simplified, failure),
            None => at += 1,
        }
    }
    let renamed = renamed(&ops);
    if renamed != ops
        && let Some((_, failure)) = fails(&renamed)
    {
        failing = failure;
    }
    failing
}

/// The same history with its slots renamed in order of appearance.
fn renamed(ops: &[Op]) -> Vec<Op> {
    let mut seen: Vec<Slot> = Vec::new();
    let mut name = |slot: Slot| {
        let known = seen.iter().position(|s| *s == slot).unwrap_or_else(|| {
            seen.push(slot);
            seen.len() - 1
        });
        Slot(known as u8)
    };
    ops.iter().map(|op| op.with_slots(&mut name)).collect()
}

/// The same operation without one of its peculiarities, the most peculiar first.
fn simpler(op: &Op) -> Vec<Op> {
    let of_call = |wait: &Wait| -> Vec<Wait> {
        let without = |option| Wait { options: wait.options.without(option), ..*wait };
        let options =
            [Options::NOT_EXITED, Options::NOWAIT, Options::CONTINUED, Options::UNTRACED, Options::NOHANG];
        let fewer = options.into_iter().filter(|option| wait.has(*option)).map(without);
        let known = wait.unknown.then_some(Wait { unknown: false, ..*wait });
        known.into_iter().chain(fewer).filter(Wait::is_valid).collect()
    };
    match *op {
        Op::Spawn { slot, exits: Some(code) } => {
            let zero = (code != 0).then_some(Op::Spawn { slot, exits: Some(0) });
            [Op::Spawn { slot, exits: None }].into_iter().chain(zero).collect()
        }
        Op::Exit { slot, code } if code != 0 => vec![Op::Exit { slot, code: 0 }],
        Op::Kill { slot, signal } if signal != Signal::KILL => vec![Op::Kill { slot, signal: Signal::KILL }],
        Op::Stop { slot, signal } if signal != Signal::STOP => vec![Op::Stop { slot, signal: Signal::STOP }],
        Op::Wait(wait) => of_call(&wait).into_iter().map(Op::Wait).collect(),
        Op::Race { slot, code, wait } => {
            let zero = (code != 0).then_some(Op::Race { slot, code: 0, wait });
            let calls = of_call(&wait).into_iter().map(|wait| Op::Race { slot, code, wait });
            zero.into_iter().chain(calls).collect()
        }
        _ => Vec::new(),
    }
}

/// An operation of a history with concurrent calls from several threads, while children change.
fn concurrent(shape: &Shape, chance: &mut Chance) -> Op {
    let slot = slot(shape, chance);
    match chance.below(70) {
        0..42 => {
            let wait = wait(shape, chance);
            // At the end of the history every call must return.
            let nohang = chance.percent(25) && wait.call != Call::Wait;
            let selector = match wait.selector {
                Selector::Pidfd(slot) => Selector::Child(slot),
                other => other,
            };
            let options = if nohang { sleeping(&wait).with(Options::NOHANG) } else { sleeping(&wait) };
            let thread = 1 + chance.below(usize::from(shape.waiters)) as u8;
            Op::Wait(Wait { selector, options, unknown: false, thread, ..wait })
        }
        42..48 => Op::Exit { slot, code: code(chance) },
        48..54 => Op::Kill { slot, signal: Signal::KILL },
        54..62 => Op::Stop { slot, signal: Signal::STOP },
        _ => Op::Cont { slot },
    }
}

/// The options of a call that sleeps until a child terminates, if nothing else happens.
fn sleeping(wait: &Wait) -> Options {
    let kept = [Options::UNTRACED, Options::CONTINUED, Options::NOWAIT].into_iter().filter(|o| wait.has(*o));
    kept.fold(Options::NONE, |all, one| all.with(one))
}

fn exits(chance: &mut Chance) -> Option<i32> {
    chance.once_in(4).then(|| code(chance))
}

fn code(chance: &mut Chance) -> i32 {
    match chance.below(7) {
        0..4 => chance.below(8) as i32,
        4 | 5 => chance.below(256) as i32,
        _ => chance.of(&[-1, 256, 0x1234, i32::MAX, i32::MIN]),
    }
}

fn slot(shape: &Shape, chance: &mut Chance) -> Slot {
    Slot(chance.below(usize::from(shape.children)) as u8)
}

/// An operation of a history of sequential calls.
fn op(shape: &Shape, chance: &mut Chance) -> Op {
    let slot = slot(shape, chance);
    match chance.below(54) {
        0..4 => Op::Spawn { slot, exits: exits(chance) },
        4..7 => Op::Exit { slot, code: code(chance) },
        7..11 => Op::Kill { slot, signal: deadly(shape, chance) },
        11..17 => Op::Stop { slot, signal: if chance.once_in(4) { Signal::TSTP } else { Signal::STOP } },
        17..22 => Op::Cont { slot },
        22..25 => Op::Group { slot, to: destination(shape, chance) },
        25 => Op::Sigchld(action(chance)),
        26 | 27 => Op::Usage,
        28 | 29 => Op::Interrupt { restart: chance.percent(40) },
        30 | 31 => race(slot, shape, chance),
        _ => Op::Wait(wait(shape, chance)),
    }
}

fn deadly(shape: &Shape, chance: &mut Chance) -> Signal {
    let realtime = Signal::realtime_range().filter(|_| shape.realtime);
    match (chance.below(if realtime.is_some() { 5 } else { 4 }), realtime) {
        (4, Some(range)) => Signal::from_number(range.start() + 8),
        (at, _) => [Signal::TERM, Signal::HUP, Signal::USR1].get(at).copied().unwrap_or(Signal::KILL),
    }
}

fn destination(shape: &Shape, chance: &mut Chance) -> Destination {
    match chance.below(5) {
        0 | 1 => Destination::Own,
        2 => Destination::Agent,
        _ => Destination::Of(slot(shape, chance)),
    }
}

/// An action that may be set at any time.
fn action(chance: &mut Chance) -> Sigchld {
    chance.of(&[
        Sigchld::Default,
        Sigchld::Ignore,
        Sigchld::Count,
        Sigchld::NoCldWait,
        Sigchld::NoCldStop,
        Sigchld::Blocked,
    ])
}

/// A call of any kind, but mostly one that sleeps until the child of the race exits.
fn race(slot: Slot, shape: &Shape, chance: &mut Chance) -> Op {
    let wait = wait(shape, chance);
    let selector = match wait.selector {
        Selector::Pidfd(_) | Selector::Caller | Selector::Group(_) => Selector::Any,
        Selector::Child(_) => Selector::Child(slot),
        other => other,
    };
    let wait = Wait { selector, options: sleeping(&wait), unknown: false, ..wait };
    Op::Race { slot, code: code(chance), wait }
}

/// A call, with what it can express of a random target and random options.
fn wait(shape: &Shape, chance: &mut Chance) -> Wait {
    let call = chance.of(&shape.calls);
    let slot = slot(shape, chance);
    let selector = match chance.below(if shape.pidfd { 25 } else { 23 }) {
        0..8 => Selector::Any,
        8..16 => Selector::Child(slot),
        16..19 => Selector::OwnGroup,
        19..22 => Selector::Group(slot),
        22 => Selector::Caller,
        _ => Selector::Pidfd(slot),
    };
    let may_exclude_exits =
        shape.without_exits_by_pid || !matches!(selector, Selector::Child(_) | Selector::Pidfd(_));
    let by_event = matches!(call, Call::Waitid | Call::Wait6);
    let plain = call == Call::Wait;
    let selector = match selector {
        _ if matches!(call, Call::Wait | Call::Wait3) => Selector::Any,
        Selector::Pidfd(slot) if call != Call::Waitid => Selector::Child(slot),
        other => other,
    };
    let (untraced, continued) = (chance.percent(40), chance.percent(40));
    let given = [
        (chance.percent(80), Options::NOHANG),
        (untraced, Options::UNTRACED),
        (continued, Options::CONTINUED),
        (chance.percent(30) && by_event, Options::NOWAIT),
        (chance.percent(20) && by_event && (untraced || continued) && may_exclude_exits, Options::NOT_EXITED),
    ];
    let options = given.into_iter().filter(|(on, _)| *on && !plain);
    let options = options.fold(Options::NONE, |all, (_, option)| all.with(option));
    Wait { call, selector, options, unknown: chance.percent(3) && !plain, thread: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::script::{parse, script};

    fn shape() -> Shape {
        Shape::new(30, 6, Call::ALL.to_vec(), "linux")
    }

    #[test]
    fn a_seed_gives_the_same_histories_again() {
        let of = |seed, run| history(seed, run, &shape());
        assert_eq!(of(1, 2), of(1, 2));
        assert_ne!(of(1, 2), of(1, 3));
        assert_ne!(of(1, 2), of(2, 2));
    }

    #[test]
    fn every_history_can_be_written_and_read_back() {
        for waiters in [0, 3] {
            let shape = Shape { waiters, ..shape() };
            for run in 0..200 {
                let ops = history(7, run, &shape);
                assert!(ops.iter().all(|op| !matches!(op, Op::Wait(wait) if !wait.is_valid())), "{ops:?}");
                assert_eq!(parse(&script(&ops)).unwrap(), ops);
            }
        }
    }

    #[test]
    fn what_freezes_a_machine_is_not_asked_for_there() {
        let freezes = |os| {
            let shape = Shape::new(30, 6, Call::ALL.to_vec(), os);
            (0..200).flat_map(|run| history(7, run, &shape)).any(|op| {
                matches!(op, Op::Wait(wait) if !wait.wants_end() && matches!(wait.selector, Selector::Child(_)))
            })
        };
        assert!(freezes("freebsd"));
        assert!(!freezes("netbsd"));
    }

    #[test]
    fn a_failure_shrinks_to_a_minimal_reproducer() {
        let mut reports_a_stop = |ops: &[Op]| {
            let stopped = ops.iter().position(|op| matches!(op, Op::Stop { .. }))?;
            let asks = |op: &Op| matches!(op, Op::Wait(wait) if wait.has(Options::UNTRACED));
            let at = stopped + ops[stopped..].iter().position(asks)?;
            Some((ops[..=at].to_vec(), ops[..=at].to_vec()))
        };
        let first = (0..).map(|run| history(3, run, &shape())).find(|ops| reports_a_stop(ops).is_some());
        let simplest = shorten(first.clone().unwrap(), first.unwrap(), 10_000, &mut reports_a_stop);
        let [Op::Stop { slot: Slot(0), signal: Signal::STOP }, Op::Wait(wait)] = simplest[..] else {
            panic!("{}", script(&simplest));
        };
        assert_eq!((wait.options, wait.unknown), (Options::UNTRACED, false));
    }
}
