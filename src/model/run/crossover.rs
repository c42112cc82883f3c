//! How long after its child's release the call of a race begins: about so long that half of the calls find the child dead, and
//! the other half sleep. Races are aimed at that moment, in which a wake-up can be lost.

use std::sync::atomic::{AtomicI64, Ordering};

/// Nanoseconds after the release; where the machine's crossover is, is learnt from race to race.
static OFFSET: AtomicI64 = AtomicI64::new(100_000);
/// The next step: up if positive, since the last call slept.
static STEP: AtomicI64 = AtomicI64::new(32_000);
const FINEST: i64 = 400;
const COARSEST: i64 = 64_000;
/// By then the child is long dead.
const LATEST: i64 = 2_000_000;

/// The offset of the next race, in nanoseconds.
pub(super) fn next() -> u64 {
    OFFSET.load(Ordering::Relaxed).unsigned_abs()
}

/// A call slept, and so began too early; or it did not.
pub(super) fn note(slept: bool) {
    let last = STEP.load(Ordering::Relaxed);
    // Finer with each turn, coarser as long as it goes one way.
    let size = if slept == (last > 0) { last.abs() * 5 / 4 } else { last.abs() / 2 };
    let size = size.clamp(FINEST, COARSEST);
    let step = if slept { size } else { -size };
    STEP.store(step, Ordering::Relaxed);
    // Races of several agents only blur it.
    let next = OFFSET.load(Ordering::Relaxed) + step;
    OFFSET.store(next.clamp(0, LATEST), Ordering::Relaxed);
}
