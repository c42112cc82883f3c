//! Random histories of hostile calls.

use super::{Number, RawCall, RawOp, bits};
use crate::model::chance::Chance;
use crate::model::op::{Op, Slot};
use crate::sys::call::abi::{Call, Pointer};
use crate::wait::Signal;

/// What a history may contain.
#[derive(Clone, Debug)]
pub struct Menu {
    /// The calls, of `wait4` and `waitid`.
    pub calls: Vec<Call>,
    /// The pointers; the agent's own buffer is chosen as often as all others together.
    pub pointers: Vec<Pointer>,
    /// Whether `waitid` takes a fifth argument.
    pub fifth: bool,
    /// The number of operations.
    pub ops: usize,
    /// The maximum number of children at a time.
    pub children: u8,
}

/// The history for a seed. The player omits operations that are impossible when they are reached.
pub fn history(menu: &Menu, seed: u64) -> Vec<RawOp> {
    let mut chance = Chance::new(seed);
    (0..menu.ops)
        .map(|_| match chance.below(3) {
            0 => RawOp::Child(child(menu, &mut chance)),
            _ => RawOp::Call(call(menu, &mut chance)),
        })
        .collect()
}

fn slot(menu: &Menu, chance: &mut Chance) -> Slot {
    Slot(chance.below(usize::from(menu.children)) as u8)
}

fn child(menu: &Menu, chance: &mut Chance) -> Op {
    let slot = slot(menu, chance);
    match chance.below(6) {
        0 | 1 => Op::Spawn { slot, exits: chance.once_in(2).then_some(chance.below(256) as i32) },
        2 => Op::Stop { slot, signal: Signal::STOP },
        3 => Op::Cont { slot },
        4 => Op::Kill { slot, signal: Signal::KILL },
        _ => Op::Kill { slot, signal: Signal::TERM },
    }
}

fn number(menu: &Menu, chance: &mut Chance) -> Number {
    let slot = slot(menu, chance);
    match chance.below(12) {
        0..3 => Number::Child(slot),
        3 => Number::MinusChild(slot),
        4 => Number::Caller,
        5 => Number::MinusCaller,
        6 | 7 => Number::Of(-1),
        8 => Number::Of(0),
        9 => {
            Number::Of(chance.of(&[1, -2, i64::from(i32::MAX), i64::from(i32::MIN), i64::from(i32::MIN) + 1]))
        }
        10 => Number::Of(far(chance)),
        _ => Number::Of(-far(chance)),
    }
}

/// A number beyond any pid that a system assigns: not accidentally that of a process.
fn far(chance: &mut Chance) -> i64 {
    i64::from(chance.number() as u32 & 0x3fff_ffff) | 0x4000_0000
}

fn options(chance: &mut Chance) -> u32 {
    let known = bits::NAMES.map(|(bit, _)| bit);
    let mut options = if chance.once_in(8) { 0 } else { bits::NOHANG };
    for _ in 0..chance.below(4) {
        options |= chance.of(&known);
    }
    match chance.below(8) {
        0 => options | 1 << chance.below(32),
        1 => chance.number() as u32,
        2 => options | bits::EXITED | bits::STOPPED | bits::CONTINUED,
        3 => options | bits::EXITED,
        _ => options,
    }
}

fn pointer(menu: &Menu, chance: &mut Chance) -> Pointer {
    if chance.once_in(2) { Pointer::Buffer } else { chance.of(&menu.pointers) }
}

fn call(menu: &Menu, chance: &mut Chance) -> RawCall {
    let call = chance.of(&menu.calls);
    let (mut idtype, mut who) = (0, number(menu, chance));
    if call == Call::Waitid {
        idtype = match chance.below(8) {
            0 | 1 => 0,
            2 | 3 => 1,
            4 => 2,
            5 => 3,
            6 => chance.of(&[4, 5, 7, -1, i64::from(i32::MAX), i64::from(i32::MIN)]),
            // The kernel reads the lower half of the register.
            _ if menu.fifth => chance.of(&[1 << 32, (1 << 32) | 1, (1 << 40) | 2, -(1 << 32)]),
            _ => 1,
        };
        if idtype as i32 == 3 {
            // Never one that may be open: neither the control stream nor a pidfd.
            who = Number::Of(chance.of(&[-1, i64::from(i32::MIN), 1_000_000, i64::from(i32::MAX)]));
        }
    }
    let options = options(chance);
    let rusage = if call == Call::Waitid && !menu.fifth { Pointer::Null } else { pointer(menu, chance) };
    let (status, info) = match call {
        Call::Waitid => (Pointer::Null, pointer(menu, chance)),
        _ => (pointer(menu, chance), Pointer::Null),
    };
    RawCall { call, idtype, who, options, status, rusage, info }
}

/// The same call without one of its peculiarities, the most peculiar first.
pub fn simpler(call: &RawCall) -> Vec<RawCall> {
    let mut simpler = Vec::new();
    if call.rusage != Pointer::Null {
        simpler.push(RawCall { rusage: Pointer::Null, ..*call });
    }
    if call.status != Pointer::Buffer && call.call != Call::Waitid {
        simpler.push(RawCall { status: Pointer::Buffer, ..*call });
    }
    if call.info != Pointer::Buffer && call.call == Call::Waitid {
        simpler.push(RawCall { info: Pointer::Buffer, ..*call });
    }
    let set = (0..32).map(|bit| 1_u32 << bit).filter(|bit| call.options & bit != 0);
    simpler.extend(set.map(|bit| RawCall { options: call.options & !bit, ..*call }));
    if call.who != Number::Of(-1) && call.call != Call::Waitid {
        simpler.push(RawCall { who: Number::Of(-1), ..*call });
    }
    simpler
}
