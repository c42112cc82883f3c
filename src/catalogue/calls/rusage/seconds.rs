//! Usage of more than a second: only then do the microseconds carry over.

use super::bounds::{field_within, wait_usage};
use crate::catalogue::calls::lifecycle::orphans::grandchild;
use crate::scenario::{Scenario, Step};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{Calls, Change, Needs, Options, Outcome, Target, Trial};

cases! { "rusage-seconds";

    /// in a usage of more than a second, and in the sum over reaped children, the microseconds carry over into the seconds
    carry(ANY) in Calls::only(&[Call::Wait4]).few(), needs Needs::NOTHING.burning()
        => [posix::RUSAGE_TIMEVAL_NORMALIZED, linux::RUSAGE_DESCENDANTS];
}

/// The total CPU time burned, in microseconds; each of two grandchildren burns half of it.
const BURN: u64 = 1_100_000;
/// The number of steps in which a grandchild burns its half.
const PIECES: u64 = 10;

fn carry(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let burning = [grandchild(t, &child, false)?, grandchild(t, &child, false)?];
    for _ in 0..PIECES {
        let us = BURN / PIECES / 2;
        let steps = [
            t.begin_step(&burning[0], Step::BurnUser { us })?,
            t.begin_step(&burning[1], Step::BurnUser { us })?,
        ];
        for (grandchild, step) in burning.iter().zip(steps) {
            t.await_step(grandchild, step)?;
        }
    }
    for grandchild in &burning {
        t.tell(grandchild, Step::exit(8))?;
        t.tell(&child, Step::Wait { pid: grandchild.pid as i32 })?;
    }
    t.tell(&child, Step::exit(7))?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(&posix::RUSAGE_TIMEVAL_NORMALIZED).reports(&seen, &child, Change::Exited(7))?;
    let least = BURN.cast_signed();
    field_within(t, &linux::RUSAGE_DESCENDANTS, &seen, ("ru_utime (us)", |u| u.utime_us), (least, i64::MAX))?;
    let of_children = t.usage_of_children()?;
    for usage in [seen.usage().unwrap_or_default(), of_children] {
        t.expect(&posix::RUSAGE_TIMEVAL_NORMALIZED).equal_if_seen(
            "unnormalized times",
            usage.irregular.as_ref(),
            &0,
        )?;
    }
    Ok(())
}
