//! The counts in a child's usage: memory, page faults, context switches, blocks.
//!
//! The child keeps working until its own getrusage shows the count; what it then reports about itself is a lower bound.

use super::bounds::{EXIT_COUNT, REPORTING, at_least_own, field_within, grown_as_reported, reap, wait_usage};
use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, linux, macos};
use crate::sys::call::abi::Usage;
use crate::trial::cases;
use crate::trial::{Needs, Options, Outcome, Target, Trial};

cases! { "rusage-counts";

    /// ru_maxrss is at least what the child touched, in the system's unit
    max_rss_unit(ANY) in REPORTING => [linux::RUSAGE_MAXRSS_KILOBYTES, macos::RUSAGE_MAXRSS_BYTES];

    /// ru_maxrss still includes memory that the child unmapped before it exited
    max_rss_is_peak(ANY) in REPORTING.few() => [linux::RUSAGE_MAXRSS_PEAK];

    /// whether a child's ru_maxrss starts at the peak of the process that created it is recorded
    max_rss_floor(ANY) in REPORTING.few() => [linux::RUSAGE_MAXRSS_FLOOR];

    /// ru_minflt counts the fresh pages that the child touched
    minor_faults(ANY) in REPORTING
        => [linux::RUSAGE_MINOR_FAULTS, linux::RUSAGE_LOWER_BOUND, linux::RUSAGE_CHILDREN_DELTA];

    /// ru_majflt counts the faults for which the child had to read from a file
    major_faults(ANY) in REPORTING.few() => [linux::RUSAGE_LOWER_BOUND, linux::RUSAGE_CHILDREN_DELTA];

    /// ru_nvcsw counts the child's voluntary context switches
    voluntary_switches(ANY) in REPORTING.few()
        => [linux::RUSAGE_VOLUNTARY_SWITCHES, linux::RUSAGE_LOWER_BOUND, linux::RUSAGE_CHILDREN_DELTA];

    /// ru_nivcsw counts the child's involuntary context switches
    involuntary_switches(ANY) in REPORTING.few(), needs Needs::NOTHING.burning()
        => [linux::RUSAGE_LOWER_BOUND, linux::RUSAGE_CHILDREN_DELTA];

    /// ru_oublock counts the blocks that the child wrote to disk
    blocks_written(ANY) in REPORTING.few()
        => [linux::RUSAGE_BLOCKS_OUT, linux::RUSAGE_LOWER_BOUND, linux::RUSAGE_CHILDREN_DELTA];
}

fn max_rss_unit(t: &mut Trial) -> Outcome {
    const TOUCHED: i64 = 12 << 20;
    let plain = t.spawn(Scenario::of([Step::exit(7).reported()]))?;
    let (_, own) = reap(t, &plain, &linux::RUSAGE_MAXRSS_KILOBYTES)?;
    let touch = Step::Allocate { bytes: TOUCHED.cast_unsigned() };
    let large = t.spawn(Scenario::of([touch, Step::exit(7).reported()]))?;
    let (seen, _) = reap(t, &large, &linux::RUSAGE_MAXRSS_KILOBYTES)?;
    // The size of a child without the memory comes on top; allow one eighth for counts that have not been summed yet.
    let floor = own.maxrss.unwrap_or(0);
    let bounds = |unit: i64| (TOUCHED / unit / 8 * 7, 2 * TOUCHED / unit + floor);
    field_within(t, &linux::RUSAGE_MAXRSS_KILOBYTES, &seen, ("ru_maxrss", |u| u.maxrss), bounds(1024))?;
    field_within(t, &macos::RUSAGE_MAXRSS_BYTES, &seen, ("ru_maxrss", |u| u.maxrss), bounds(1))
}

fn max_rss_is_peak(t: &mut Trial) -> Outcome {
    const TOUCHED: u64 = 12 << 20;
    let steps = [Step::Allocate { bytes: TOUCHED }, Step::Release, Step::exit(7).reported()];
    let child = t.spawn(Scenario::of(steps))?;
    let (seen, own) = reap(t, &child, &linux::RUSAGE_MAXRSS_PEAK)?;
    let least = own.maxrss.unwrap_or(0).max(TOUCHED.cast_signed() / 1024 / 8 * 7);
    field_within(t, &linux::RUSAGE_MAXRSS_PEAK, &seen, ("ru_maxrss (KiB)", |u| u.maxrss), (least, i64::MAX))
}

fn max_rss_floor(t: &mut Trial) -> Outcome {
    const TOUCHED: u64 = 12 << 20;
    t.subreaper(true)?;
    for (what, fresh) in [("fork", false), ("vfork and exec", true)] {
        let spawner = t.spawn(Scenario::held())?;
        t.tell(&spawner, Step::Allocate { bytes: TOUCHED })?;
        t.tell(&spawner, Step::Release)?;
        let descendant = crate::catalogue::calls::lifecycle::orphans::grandchild(t, &spawner, fresh)?;
        t.tell(&spawner, Step::exit(7))?;
        let seen = wait_usage(t, Target::Any, Options::NONE)?;
        t.expect(&linux::RUSAGE_MAXRSS_FLOOR).returns(&seen)?;
        t.tell(&descendant, Step::exit(8))?;
        let seen = wait_usage(t, Target::Any, Options::NONE)?;
        t.expect(&linux::RUSAGE_MAXRSS_FLOOR).returns(&seen)?;
        let maxrss = seen.usage().and_then(|u| u.maxrss);
        let inherited = maxrss.is_some_and(|kib| kib.unsigned_abs() >= TOUCHED / 1024 / 8 * 7);
        let value = match maxrss {
            None => "not visible",
            Some(_) if inherited => "the spawner's peak",
            Some(_) => "its own",
        };
        t.record(&format!("ru_maxrss after {what}"), value);
    }
    Ok(())
}

/// A child performs the step and exits; its usage shows at least that count, and at least what the child saw itself.
fn counted(
    t: &mut Trial,
    clause: &'static Clause,
    step: Step,
    (what, field): (&str, fn(&Usage) -> Option<i64>),
    (count, slack): (u64, Option<i64>),
) -> Outcome {
    let before = t.usage_of_children()?;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, step)?;
    t.tell(&child, Step::exit(7).reported())?;
    let (seen, own) = reap(t, &child, clause)?;
    let least = field(&own).unwrap_or(0).max(count.cast_signed());
    let most = slack.map_or(i64::MAX, |slack| least + slack);
    field_within(t, clause, &seen, (what, field), (least, most))?;
    at_least_own(t, &seen, &own)?;
    // The count is large in these cases; elsewhere it may be 0 by chance.
    grown_as_reported(t, &seen, &before, &own).map(drop)
}

fn minor_faults(t: &mut Trial) -> Outcome {
    let count = 300;
    let bounds = (count, Some(EXIT_COUNT));
    let step = Step::MinorFaults { count };
    counted(t, &linux::RUSAGE_MINOR_FAULTS, step, ("ru_minflt", |u| u.minflt), bounds)
}

fn major_faults(t: &mut Trial) -> Outcome {
    let count = 4;
    let (clause, step) = (&linux::RUSAGE_LOWER_BOUND, Step::MajorFaults { count });
    counted(t, clause, step, ("ru_majflt", |u| u.majflt), (count, None))
}

fn voluntary_switches(t: &mut Trial) -> Outcome {
    let count = 20;
    let bounds = (count, Some(EXIT_COUNT));
    let step = Step::VoluntarySwitches { count };
    counted(t, &linux::RUSAGE_VOLUNTARY_SWITCHES, step, ("ru_nvcsw", |u| u.nvcsw), bounds)
}

fn involuntary_switches(t: &mut Trial) -> Outcome {
    let count = 3;
    let step = Step::InvoluntarySwitches { count };
    counted(t, &linux::RUSAGE_LOWER_BOUND, step, ("ru_nivcsw", |u| u.nivcsw), (count, None))
}

fn blocks_written(t: &mut Trial) -> Outcome {
    let count = 64;
    let step = Step::BlockOutput { count };
    counted(t, &linux::RUSAGE_BLOCKS_OUT, step, ("ru_oublock", |u| u.oublock), (count, None))
}
