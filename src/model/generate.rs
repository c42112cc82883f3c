//! Randomized histories, generated and shrunk by `proptest`.

use super::op::{Destination, Op, Selector, Sigchld, Slot, Wait};
use crate::sys::call::abi::Call;
use crate::trial::Options;
use crate::wait::Signal;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

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

/// A history that can be shrunk.
pub struct Candidate(Box<dyn ValueTree<Value = Vec<Op>>>);

impl Candidate {
    /// The history of a run; the same seed, run and shape give the same history.
    ///
    /// `None` if nothing can be generated, which no shape causes.
    pub fn of_run(seed: u64, run: u64, shape: &Shape) -> Option<Candidate> {
        let mut bytes = [0_u8; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&run.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        // No fork, no timeout, no file: proptest must not create children or files on its own.
        let config = Config { failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        let histories = if shape.waiters == 0 { histories(shape) } else { concurrent(shape) };
        histories.new_tree(&mut runner).ok().map(|tree| Candidate(Box::new(tree)))
    }

    /// The current history.
    pub fn ops(&self) -> Vec<Op> {
        self.0.current()
    }

    /// Shrinks it while `fails` reports a failure, in at most this many attempts; returns the last failing one.
    pub fn shrink<F>(mut self, tries: usize, mut fails: impl FnMut(&[Op]) -> Option<F>) -> Option<F> {
        let mut simplest = None;
        for _ in 0..tries {
            let better = match fails(&self.ops()) {
                Some(failure) => {
                    simplest = Some(failure);
                    self.0.simplify()
                }
                None => self.0.complicate(),
            };
            if !better {
                break;
            }
        }
        simplest
    }
}

/// Whether a history fails: what was performed of it, and how it failed.
pub type Fails<'f, F> = dyn FnMut(&[Op]) -> Option<(Vec<Op>, F)> + 'f;

/// Shrinks a failing history to as few operations as possible, in at most this many attempts, and renames its children
/// in order of creation. `failing` is the result of `fails` for `ops`.
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

/// The strategy for histories of a shape.
fn histories(shape: &Shape) -> BoxedStrategy<Vec<Op>> {
    let born = vec(exits(), 1..=usize::from(shape.children)).prop_map(|born| {
        let slots = (0..).map(Slot);
        born.into_iter().zip(slots).map(|(exits, slot)| Op::Spawn { slot, exits }).collect::<Vec<_>>()
    });
    let later = vec(op(shape), 1..=shape.ops);
    // An action that holds for a whole history is rarely set by an operation in its midst.
    let first = prop_oneof![
        5 => Just(None),
        // Only at the beginning: later, the SIGCHLD of an earlier change might interrupt.
        2 => Just(Some(Sigchld::Interrupt)),
        3 => action().prop_map(Some),
    ];
    (first, born, later)
        .prop_map(|(first, born, later)| {
            let first = first.map(Op::Sigchld);
            first.into_iter().chain(born).chain(later).collect()
        })
        .boxed()
}

/// The strategy for histories with concurrent calls from several threads, while children change.
fn concurrent(shape: &Shape) -> BoxedStrategy<Vec<Op>> {
    let born =
        vec((exits(), proptest::bool::weighted(0.3)), 1..=usize::from(shape.children)).prop_map(|born| {
            let mut ops = Vec::new();
            for (slot, (exits, leads)) in (0..).map(Slot).zip(born) {
                ops.push(Op::Spawn { slot, exits });
                if leads {
                    ops.push(Op::Group { slot, to: Destination::Own });
                }
            }
            ops
        });
    let waiters = shape.waiters;
    let call =
        (wait(shape), 1..=waiters, proptest::bool::weighted(0.25)).prop_map(|(wait, thread, nohang)| {
            // At the end of the history every call must return.
            let kept =
                [Options::UNTRACED, Options::CONTINUED, Options::NOWAIT].into_iter().filter(|o| wait.has(*o));
            let options = kept.chain((nohang && wait.call != Call::Wait).then_some(Options::NOHANG));
            let options = options.fold(Options::NONE, |all, one| all.with(one));
            let selector = match wait.selector {
                Selector::Pidfd(slot) => Selector::Child(slot),
                other => other,
            };
            Op::Wait(Wait { selector, options, unknown: false, thread, ..wait })
        });
    let act = prop_oneof![
        3 => (slot(shape), code()).prop_map(|(slot, code)| Op::Exit { slot, code }),
        3 => slot(shape).prop_map(|slot| Op::Kill { slot, signal: Signal::KILL }),
        4 => slot(shape).prop_map(|slot| Op::Stop { slot, signal: Signal::STOP }),
        4 => slot(shape).prop_map(|slot| Op::Cont { slot }),
    ];
    let later = vec(prop_oneof![3 => call, 2 => act], 1..=shape.ops);
    (born, later).prop_map(|(born, later)| born.into_iter().chain(later).collect()).boxed()
}

fn exits() -> impl Strategy<Value = Option<i32>> {
    prop_oneof![3 => Just(None), 1 => code().prop_map(Some)]
}

fn code() -> impl Strategy<Value = i32> {
    prop_oneof![4 => 0..8_i32, 2 => 0..256_i32, 1 => select(vec![-1, 256, 0x1234, i32::MAX, i32::MIN])]
}

fn slot(shape: &Shape) -> impl Strategy<Value = Slot> + use<> {
    (0..shape.children).prop_map(Slot)
}

fn op(shape: &Shape) -> BoxedStrategy<Op> {
    let realtime = Signal::realtime_range()
        .filter(|_| shape.realtime)
        .map(|range| Signal::from_number(range.start() + 8));
    let deadly: Vec<Signal> = [Signal::KILL, Signal::TERM, Signal::HUP, Signal::USR1].to_vec();
    let deadly = select(deadly.into_iter().chain(realtime).collect::<Vec<_>>());
    let stopping = prop_oneof![3 => Just(Signal::STOP), 1 => Just(Signal::TSTP)];
    let to = prop_oneof![
        2 => Just(Destination::Own),
        1 => Just(Destination::Agent),
        2 => slot(shape).prop_map(Destination::Of),
    ];
    prop_oneof![
        4 => (slot(shape), exits()).prop_map(|(slot, exits)| Op::Spawn { slot, exits }),
        3 => (slot(shape), code()).prop_map(|(slot, code)| Op::Exit { slot, code }),
        4 => (slot(shape), deadly).prop_map(|(slot, signal)| Op::Kill { slot, signal }),
        6 => (slot(shape), stopping).prop_map(|(slot, signal)| Op::Stop { slot, signal }),
        5 => slot(shape).prop_map(|slot| Op::Cont { slot }),
        3 => (slot(shape), to).prop_map(|(slot, to)| Op::Group { slot, to }),
        1 => action().prop_map(Op::Sigchld),
        2 => Just(Op::Usage),
        2 => proptest::bool::weighted(0.4).prop_map(|restart| Op::Interrupt { restart }),
        22 => wait(shape).prop_map(Op::Wait),
        2 => (slot(shape), code(), wait(shape)).prop_map(race),
    ]
    .boxed()
}

/// An action that may be set at any time.
fn action() -> impl Strategy<Value = Sigchld> {
    select(vec![
        Sigchld::Default,
        Sigchld::Ignore,
        Sigchld::Count,
        Sigchld::NoCldWait,
        Sigchld::NoCldStop,
        Sigchld::Blocked,
    ])
}

/// A call of any kind, but mostly one that sleeps until the child of the race exits.
fn race((slot, code, wait): (Slot, i32, Wait)) -> Op {
    let kept = [Options::UNTRACED, Options::CONTINUED, Options::NOWAIT].into_iter().filter(|o| wait.has(*o));
    let options = kept.fold(Options::NONE, |all, one| all.with(one));
    let selector = match wait.selector {
        Selector::Pidfd(_) | Selector::Caller | Selector::Group(_) => Selector::Any,
        Selector::Child(_) => Selector::Child(slot),
        other => other,
    };
    Op::Race { slot, code, wait: Wait { selector, options, unknown: false, ..wait } }
}

/// Each option separately, so that each can be shrunk away.
fn wait(shape: &Shape) -> impl Strategy<Value = Wait> + use<> {
    let pidfd = if shape.pidfd { 2 } else { 0 };
    let selector = prop_oneof![
        8 => Just(Selector::Any),
        8 => slot(shape).prop_map(Selector::Child),
        3 => Just(Selector::OwnGroup),
        3 => slot(shape).prop_map(Selector::Group),
        pidfd => slot(shape).prop_map(Selector::Pidfd),
        1 => Just(Selector::Caller),
    ];
    let chance = proptest::bool::weighted;
    let bits = (chance(0.8), chance(0.4), chance(0.4), chance(0.3), chance(0.2), chance(0.03));
    let without_exits_by_pid = shape.without_exits_by_pid;
    (select(shape.calls.clone()), selector, bits).prop_map(move |(call, selector, mut bits)| {
        bits.4 &= without_exits_by_pid || !matches!(selector, Selector::Child(_) | Selector::Pidfd(_));
        worded(call, selector, bits)
    })
}

/// The call, with what it can express of a target and options.
fn worded(
    call: Call,
    selector: Selector,
    (nohang, untraced, continued, nowait, not_exited, unknown): (bool, bool, bool, bool, bool, bool),
) -> Wait {
    let by_event = matches!(call, Call::Waitid | Call::Wait6);
    let plain = call == Call::Wait;
    let selector = match selector {
        _ if matches!(call, Call::Wait | Call::Wait3) => Selector::Any,
        Selector::Pidfd(slot) if call != Call::Waitid => Selector::Child(slot),
        other => other,
    };
    let some_event = untraced || continued;
    let given = [
        (nohang, Options::NOHANG),
        (untraced, Options::UNTRACED),
        (continued, Options::CONTINUED),
        (nowait && by_event, Options::NOWAIT),
        (not_exited && by_event && some_event, Options::NOT_EXITED),
    ];
    let options = given.into_iter().filter(|(on, _)| *on && !plain);
    let options = options.fold(Options::NONE, |all, (_, option)| all.with(option));
    Wait { call, selector, options, unknown: unknown && !plain, thread: 0 }
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
        let histories = shape();
        let of = |seed, run| Candidate::of_run(seed, run, &histories).unwrap().ops();
        assert_eq!(of(1, 2), of(1, 2));
        assert_ne!(of(1, 2), of(1, 3));
        assert_ne!(of(1, 2), of(2, 2));
    }

    #[test]
    fn every_history_can_be_written_and_read_back() {
        let histories = shape();
        for run in 0..200 {
            let ops = Candidate::of_run(7, run, &histories).unwrap().ops();
            assert!(ops.iter().all(|op| !matches!(op, Op::Wait(wait) if !wait.is_valid())), "{ops:?}");
            assert_eq!(parse(&script(&ops)).unwrap(), ops);
        }
    }

    #[test]
    fn what_freezes_a_machine_is_not_asked_for_there() {
        let freezes = |os| {
            let histories = Shape::new(30, 6, Call::ALL.to_vec(), os);
            (0..200).flat_map(|run| Candidate::of_run(7, run, &histories).unwrap().ops()).any(|op| {
                matches!(op, Op::Wait(wait) if !wait.wants_end() && matches!(wait.selector, Selector::Child(_)))
            })
        };
        assert!(freezes("freebsd"));
        assert!(!freezes("netbsd"));
    }

    #[test]
    fn a_failure_shrinks_to_a_minimal_reproducer() {
        let histories = shape();
        let stops = |ops: &[Op]| {
            let fails = ops.iter().any(|op| matches!(op, Op::Stop { .. }));
            fails.then(|| ops.to_vec())
        };
        let first = (0..).find_map(|run| {
            let candidate = Candidate::of_run(3, run, &histories)?;
            stops(&candidate.ops()).map(|_| candidate)
        });
        let simplest = first.unwrap().shrink(10_000, stops).unwrap();
        assert!(simplest.len() <= 2, "{}", script(&simplest));
    }
}
