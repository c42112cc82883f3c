//! How long after its child's release the call of a race starts: such that about half of the calls find the child dead, and the
//! other half sleep. Races are aimed at that moment, when a wake-up can be lost.

use std::sync::atomic::{AtomicI64, Ordering};

/// Nanoseconds after the release; each race moves it closer to the machine's crossover.
static OFFSET: AtomicI64 = AtomicI64::new(FIRST);
/// The next step: up if positive, since the last call slept.
static STEP: AtomicI64 = AtomicI64::new(32_000);
const FIRST: i64 = 100_000;
const FINEST: i64 = 400;
const COARSEST: i64 = 64_000;
/// By then the child is long dead.
const LATEST: i64 = 2_000_000;

/// The offset of the next race, in nanoseconds.
pub(super) fn next() -> u64 {
    OFFSET.load(Ordering::Relaxed).unsigned_abs()
}

/// Records whether a call slept, that is, started too early.
pub(super) fn note(slept: bool) {
    let last = STEP.load(Ordering::Relaxed);
    // Smaller steps with each change of direction, larger ones in the same direction.
    let size = if slept == (last > 0) { last.abs() * 5 / 4 } else { last.abs() / 2 };
    let size = size.clamp(FINEST, COARSEST);
    let step = if slept { size } else { -size };
    STEP.store(step, Ordering::Relaxed);
    // Concurrent races of several agents only blur it. Calls that never sleep, or always do, have no crossover: they try every
    // offset in turn.
    let next = OFFSET.load(Ordering::Relaxed) + step;
    let next = if (0..=LATEST).contains(&next) { next } else { FIRST };
    OFFSET.store(next, Ordering::Relaxed);
}
