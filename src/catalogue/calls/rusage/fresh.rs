//! The usage of a process starts at zero, whatever earlier processes used.

use super::bounds::{EXIT_COUNT, FIELDS, REPORTING, field_within, spawn_busy, wait_usage};
use crate::scenario::{Scenario, Step};
use crate::spec::linux;
use crate::sys::call::abi::Usage;
use crate::trial::cases;
use crate::trial::{Change, Needs, Options, Outcome, Target, Trial};
use std::time::Instant;

cases! { "rusage-fresh";

    /// an idle child's usage is the same after a busy child was reaped as before, field by field
    after_a_busy_sibling(ANY) in REPORTING.few(), needs Needs::NOTHING.burning()
        => [linux::RUSAGE_BEGINS_AT_NOTHING];
}

/// What the busy child does: far more than an idle one.
const FAULTS: u64 = 3_000;
const SWITCHES: u64 = 300;
const BURN: u64 = 60_000;
const LARGE: u64 = 12 << 20;

fn after_a_busy_sibling(t: &mut Trial) -> Outcome {
    let clause = &linux::RUSAGE_BEGINS_AT_NOTHING;
    t.spawn(Scenario::exits(6))?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(clause).returns(&seen)?;
    let Some(idle) = seen.usage() else {
        return t.expect(clause).not_observed("the subject does not show it");
    };
    let busy = spawn_busy(t)?;
    t.tell(&busy, Step::Allocate { bytes: LARGE })?;
    t.tell(&busy, Step::MinorFaults { count: FAULTS })?;
    t.tell(&busy, Step::VoluntarySwitches { count: SWITCHES })?;
    t.tell(&busy, Step::BurnUser { us: BURN })?;
    t.tell(&busy, Step::exit(7))?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, &busy, Change::Exited(7))?;
    let began = Instant::now();
    let child = t.spawn(Scenario::exits(8))?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    let lived = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX / 2);
    t.expect(clause).reports(&seen, &child, Change::Exited(8))?;
    for (what, field, most) in FIELDS {
        // Half of what the busy one did; the machine may add any amount.
        let room = match what {
            "ru_maxrss (KiB)" => (LARGE / 2048).cast_signed(),
            "ru_minflt" => (FAULTS / 2).cast_signed(),
            "ru_nvcsw" => (SWITCHES / 2).cast_signed(),
            _ => most.unwrap_or(i64::MAX / 2),
        };
        let most = field(&idle).unwrap_or(0).saturating_add(room.max(EXIT_COUNT));
        field_within(t, clause, &seen, (what, field), (0, most))?;
    }
    // A single-threaded process cannot use more CPU time than its lifetime.
    let slack = (BURN / 2).cast_signed();
    field_within(t, clause, &seen, ("ru_utime and ru_stime (us)", Usage::cpu_us), (0, lived + slack))
}
