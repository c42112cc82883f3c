//! Resource usage as reported by the wait calls: all of the child's own, and no other process's.

use super::bounds::{
    Account, CPU_SLACK, FIELDS, REPORTING, Same, at_least, at_least_own, exact_once, exit_and_reap,
    field_within, grown_as_reported, reap, report_and_exit, reported_again, spawn_busy, until_sharp,
    wait_usage,
};
use crate::scenario::{Scenario, Step};
use crate::spec::{linux, openbsd, posix};
use crate::sys::call::abi::{Call, Memory, Usage};
use crate::trial::Seen;
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Child, Needs, Options, Outcome, Target, Trial};
use crate::wait::Signal;

cases! { "rusage";

    /// every field is at least what the child read at its exit, and at most that plus the cost of exiting
    bounds(ANY) in REPORTING => [linux::RUSAGE_LOWER_BOUND, linux::RUSAGE_UPPER_BOUND];

    /// WNOHANG reports a zombie with its usage, just like a blocking call
    nohang(ANY; NOHANG) in REPORTING => [linux::RUSAGE_LOWER_BOUND, linux::RUSAGE_UPPER_BOUND];

    /// computation counts as user time, and both times add up to the CPU time burned
    user_time(ANY) in REPORTING, needs Needs::NOTHING.burning()
        => [linux::RUSAGE_CPU_SPLIT, linux::RUSAGE_CPU_SUM, linux::RUSAGE_CHILDREN_DELTA];

    /// time in system calls counts as system time, and both times add up to the CPU time burned
    system_time(ANY) in REPORTING.few(), needs Needs::NOTHING.burning()
        => [linux::RUSAGE_CPU_SPLIT, linux::RUSAGE_CPU_SUM, linux::RUSAGE_CHILDREN_DELTA];

    /// CPU time burned by a sibling does not appear in an idle child's usage
    excludes_siblings(ANY) in REPORTING.few(), needs Needs::NOTHING.burning() => [linux::RUSAGE_ISOLATED];

    /// the usage of a killed child is reported like that of a child that exited
    killed(ANY) in REPORTING => [linux::RUSAGE_KILLED];

    /// so is that of a child that dumps core
    core_dump(ANY) in REPORTING => [linux::RUSAGE_KILLED];

    /// a child's usage includes that of a thread that exited earlier
    exited_thread(ANY) in REPORTING.few() => [linux::RUSAGE_EXITED_THREADS];

    /// a child's usage includes that from before an exec
    across_exec(ANY) in REPORTING.few() => [linux::RUSAGE_ACROSS_EXEC];

    /// a child's usage includes that of a grandchild it had reaped
    reaped_grandchild(ANY) in REPORTING.few() => [linux::RUSAGE_DESCENDANTS];

    /// a child's usage excludes that of a grandchild it had not reaped
    unreaped_grandchild(ANY) in REPORTING.few() => [linux::RUSAGE_UNREAPED_GRANDCHILD_EXCLUDED];

    /// wait3 fills in the usage of the child it reaps
    wait3(ANY) in Calls::only(&[Call::Wait3]) => [linux::RUSAGE_WAIT3];

    /// WNOWAIT peeks and the reap that follows all report the same usage
    peek_equals_reap(PID; NOWAIT) in Calls::taking(Options::NOWAIT) => [linux::RUSAGE_PEEK_EQUALS_REAP];

    /// what the usage in a stop or continue report contains is recorded
    on_stop(ANY; NOHANG | UNTRACED | CONTINUED) in REPORTING.few()
        => [linux::RUSAGE_ON_STOP, openbsd::RUSAGE_ZERO_ON_STOP];

    /// usage fields that Linux does not maintain are 0, and microseconds are below a million
    unmaintained_fields(ANY) in Calls::WITH_USAGE.few(), needs Needs::NOTHING.burning()
        => [linux::RUSAGE_UNMAINTAINED_ZERO, posix::RUSAGE_TIMEVAL_NORMALIZED];
}

/// The CPU time of a burn, in microseconds.
const BURN: u64 = 30_000;

fn bounds(t: &mut Trial) -> Outcome {
    until_sharp(t, |t| {
        let child = spawn_busy_then_idle(t)?;
        let account = report_and_exit(t, &child)?;
        let seen = wait_usage(t, Target::Any, Options::NONE)?;
        let sharp = account.is_sharp();
        bounded(t, &child, &seen, &account).map(|()| sharp)
    })
}

fn nohang(t: &mut Trial) -> Outcome {
    until_sharp(t, |t| {
        let child = spawn_busy_then_idle(t)?;
        let account = report_and_exit(t, &child)?;
        t.await_zombie(&child)?;
        let seen = wait_usage(t, Target::Any, Options::NOHANG)?;
        let sharp = account.is_sharp();
        bounded(t, &child, &seen, &account).map(|()| sharp)
    })
}

/// A busy child that then sleeps for longer than the tolerance of CPU times: elapsed time is not CPU time.
fn spawn_busy_then_idle(t: &mut Trial) -> Result<Child, Abort> {
    let child = spawn_busy(t)?;
    t.tell(&child, Step::Sleep { ms: 3 * CPU_SLACK.unsigned_abs() / 1_000 })?;
    Ok(child)
}

fn bounded(t: &mut Trial, child: &Child, seen: &Seen, account: &Account) -> Outcome {
    let most_cpu = account.most_cpu();
    t.expect(&linux::RUSAGE_LOWER_BOUND).reports(seen, child, Change::Exited(7))?;
    at_least_own(t, seen, &account.own)?;
    for (what, field, most) in FIELDS {
        if let Some((own, most)) = field(&account.own).zip(most) {
            field_within(t, &linux::RUSAGE_UPPER_BOUND, seen, (what, field), (0, own + most))?;
        }
    }
    // The tick-based split may change up to the exit: only the sum has an upper bound.
    let what = "ru_utime and ru_stime (us)";
    field_within(t, &linux::RUSAGE_UPPER_BOUND, seen, (what, Usage::cpu_us), (0, most_cpu))
}

fn user_time(t: &mut Trial) -> Outcome {
    burned(t, Step::BurnUser { us: BURN }, ("ru_utime (us)", |u| u.utime_us))
}

fn system_time(t: &mut Trial) -> Outcome {
    burned(t, Step::BurnSystem { us: BURN }, ("ru_stime (us)", |u| u.stime_us))
}

/// The child burns CPU until its own field reaches the burn; the tick-based split does not matter then.
fn burned(t: &mut Trial, burn: Step, field: (&str, fn(&Usage) -> Option<i64>)) -> Outcome {
    until_sharp(t, |t| burned_by_one(t, &burn, field))
}

fn burned_by_one(
    t: &mut Trial,
    burn: &Step,
    (what, field): (&str, fn(&Usage) -> Option<i64>),
) -> Result<bool, Abort> {
    let before = t.usage_of_children()?;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, burn.clone())?;
    let (seen, account) = exit_and_reap(t, &child, &linux::RUSAGE_CPU_SUM)?;
    let (most, sharp) = (account.most_cpu(), account.is_sharp());
    let least = field(&account.own).unwrap_or(0).max(BURN.cast_signed());
    let sum = account.own.cpu_us().unwrap_or(0).max(least);
    let both = "ru_utime and ru_stime (us)";
    field_within(t, &linux::RUSAGE_CPU_SUM, &seen, (both, Usage::cpu_us), (sum, most))?;
    field_within(t, &linux::RUSAGE_CPU_SPLIT, &seen, (what, field), (least, i64::MAX))?;
    grown_as_reported(t, &seen, &before, &account.own).map(|_| sharp)
}

/// Bytes touched by the large child; the other one stays far below.
const LARGE: u64 = 12 << 20;

fn excludes_siblings(t: &mut Trial) -> Outcome {
    until_sharp(t, idle_beside_burning)
}

fn idle_beside_burning(t: &mut Trial) -> Result<bool, Abort> {
    let clause = &linux::RUSAGE_ISOLATED;
    let idle = t.spawn(Scenario::held())?;
    let burning = t.spawn(Scenario::held())?;
    t.tell(&burning, Step::Allocate { bytes: LARGE })?;
    t.tell(&burning, Step::BurnUser { us: BURN })?;
    t.tell(&burning, Step::exit(8))?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, &burning, Change::Exited(8))?;
    let what = "ru_utime and ru_stime (us) of the burning child";
    field_within(t, clause, &seen, (what, Usage::cpu_us), (BURN.cast_signed(), i64::MAX))?;
    // It is alive while its sibling burns CPU, and is reaped after it. Its own account is only taken then: until it sleeps, a guest
    // whose processor is taken away charges it with that time.
    let account = report_and_exit(t, &idle)?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    let (most, sharp) = (account.most_cpu(), account.is_sharp());
    t.expect(clause).reports(&seen, &idle, Change::Exited(7))?;
    field_within(
        t,
        clause,
        &seen,
        ("ru_utime and ru_stime (us) of the idle child", Usage::cpu_us),
        (0, most),
    )?;
    let most = account.own.maxrss.unwrap_or(0) + (LARGE / 2048).cast_signed();
    field_within(t, clause, &seen, ("ru_maxrss (KiB) of the idle child", |u| u.maxrss), (0, most))?;
    Ok(sharp)
}

fn killed(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::MinorFaults { count: 300 })?;
    let (so_far, _) = t.usage_so_far(&child)?;
    t.signal(&child, Signal::KILL)?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(&linux::RUSAGE_KILLED).reports(&seen, &child, Change::Killed(Signal::KILL, false))?;
    at_least(t, &linux::RUSAGE_KILLED, &seen, &so_far)
}

fn core_dump(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::MinorFaults { count: 300 })?;
    let (so_far, _) = t.usage_so_far(&child)?;
    t.begin_step(&child, Step::raise(Signal::ABRT).with_core(true))?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    // Whether there is a core file is up to the system.
    t.expect(&linux::RUSAGE_KILLED).reports_child(&seen, &child)?;
    at_least(t, &linux::RUSAGE_KILLED, &seen, &so_far)
}

fn exited_thread(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::MinorFaults { count: 600 })?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    // A second thread takes over and is gone too by the time the usage is reported; only the initial thread remains until then.
    t.tell(&child, Step::MinorFaults { count: 600 })?;
    let (so_far, _) = t.usage_so_far(&child)?;
    t.tell(&child, Step::exit(7).reported())?;
    let (seen, _) = reap(t, &child, &linux::RUSAGE_EXITED_THREADS)?;
    for (what, field) in
        [("ru_minflt", (|u| u.minflt) as fn(&Usage) -> _), ("ru_utime and ru_stime (us)", Usage::cpu_us)]
    {
        let least = field(&so_far).unwrap_or(0);
        field_within(t, &linux::RUSAGE_EXITED_THREADS, &seen, (what, field), (least, i64::MAX))?;
    }
    Ok(())
}

fn across_exec(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    // More faults than a new image causes on its own.
    t.tell(&child, Step::MinorFaults { count: 600 })?;
    let (before, _) = t.usage_so_far(&child)?;
    t.tell(&child, Step::Exec { steps: vec![] })?;
    t.await_image(&child)?;
    t.tell(&child, Step::exit(7).reported())?;
    let (seen, _) = reap(t, &child, &linux::RUSAGE_ACROSS_EXEC)?;
    for (what, field, _) in FIELDS {
        let least = field(&before).unwrap_or(0);
        field_within(t, &linux::RUSAGE_ACROSS_EXEC, &seen, (what, field), (least, i64::MAX))?;
    }
    Ok(())
}

fn reaped_grandchild(t: &mut Trial) -> Outcome {
    const FAULTS: i64 = 600;
    let child = t.spawn(Scenario::held())?;
    let grandchild = crate::catalogue::calls::lifecycle::orphans::grandchild(t, &child, false)?;
    t.tell(&grandchild, Step::MinorFaults { count: FAULTS.unsigned_abs() })?;
    t.tell(&grandchild, Step::exit(8))?;
    t.tell(&child, Step::Wait { pid: 0 })?;
    t.tell(&child, Step::exit(7).reported())?;
    let (own, _) = t.last_usage(&child)?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(&linux::RUSAGE_DESCENDANTS).reports(&seen, &child, Change::Exited(7))?;
    let least = own.minflt.unwrap_or(0) + FAULTS;
    field_within(t, &linux::RUSAGE_DESCENDANTS, &seen, ("ru_minflt", |u| u.minflt), (least, i64::MAX))
}

fn unreaped_grandchild(t: &mut Trial) -> Outcome {
    const FAULTS: i64 = 600;
    let child = t.spawn(Scenario::held())?;
    let grandchild = crate::catalogue::calls::lifecycle::orphans::grandchild(t, &child, false)?;
    t.tell(&grandchild, Step::MinorFaults { count: FAULTS.unsigned_abs() })?;
    t.tell(&grandchild, Step::exit(8))?;
    t.await_zombie(&grandchild)?;
    t.tell(&child, Step::exit(7).reported())?;
    let (own, _) = t.last_usage(&child)?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(&linux::RUSAGE_UNREAPED_GRANDCHILD_EXCLUDED).reports(&seen, &child, Change::Exited(7))?;
    let most = own.minflt.unwrap_or(0) + FAULTS / 2;
    field_within(
        t,
        &linux::RUSAGE_UNREAPED_GRANDCHILD_EXCLUDED,
        &seen,
        ("ru_minflt", |u| u.minflt),
        (0, most),
    )
}

fn wait3(t: &mut Trial) -> Outcome {
    let child = spawn_busy(t)?;
    let (seen, Account { own, .. }) = exit_and_reap(t, &child, &linux::RUSAGE_WAIT3)?;
    let faults = own.minflt.unwrap_or(0).max(300);
    field_within(t, &linux::RUSAGE_WAIT3, &seen, ("ru_minflt", |u| u.minflt), (faults, i64::MAX))?;
    let time = own.cpu_us().unwrap_or(0).max(1);
    field_within(
        t,
        &linux::RUSAGE_WAIT3,
        &seen,
        ("ru_utime and ru_stime (us)", Usage::cpu_us),
        (time, i64::MAX),
    )
}

fn peek_equals_reap(t: &mut Trial) -> Outcome {
    let clause = &linux::RUSAGE_PEEK_EQUALS_REAP;
    exact_once(t, |t| {
        let child = spawn_busy(t)?;
        let own = report_and_exit(t, &child)?.own;
        t.await_zombie(&child)?;
        let mut before = wait_usage(t, Target::Child(&child), Options::NOWAIT)?;
        t.expect(clause).reports(&before, &child, Change::Exited(7))?;
        let faults = ("ru_minflt", (|u| u.minflt) as fn(&Usage) -> _);
        let bounds = (own.minflt.unwrap_or(0).max(300), i64::MAX);
        field_within(t, clause, &before, faults, bounds)?;
        let mut same = Same::Yes;
        for options in [Options::NOWAIT, Options::NONE] {
            let now = wait_usage(t, Target::Child(&child), options)?;
            t.expect(clause).reports(&now, &child, Change::Exited(7))?;
            field_within(t, clause, &now, faults, bounds)?;
            same = same.and(reported_again(t, clause, &before, &now)?);
            before = now;
        }
        Ok(same)
    })
}

fn on_stop(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let stop = wait_usage(t, Target::Any, Options::UNTRACED | Options::NOHANG)?;
    t.signal(&child, Signal::CONT)?;
    let cont = wait_usage(t, Target::Any, Options::CONTINUED | Options::NOHANG)?;
    for (what, seen) in [("stop", stop), ("continue", cont)] {
        let usage = seen.usage();
        let value = match usage {
            _ if !seen.is_report() => "not reported",
            Some(usage) if usage.minflt.unwrap_or(0) + usage.cpu_us().unwrap_or(0) > 0 => "the usage so far",
            Some(_) => "zeros",
            None if seen.reply().is_some_and(|r| r.rusage == Memory::Untouched) => "untouched",
            None => "not visible",
        };
        t.record(&format!("usage in a {what} report"), value);
        t.expect(&openbsd::RUSAGE_ZERO_ON_STOP).that(value == "zeros", "zeros", value)?;
    }
    Ok(())
}

fn unmaintained_fields(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::of([
        Step::BurnUser { us: 2_000 },
        Step::MinorFaults { count: 50 },
        Step::exit(7),
    ]))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::RUSAGE_TIMEVAL_NORMALIZED).reports_child(&seen, &child)?;
    let of_children = t.usage_of_children()?;
    for usage in [seen.usage().unwrap_or_default(), of_children] {
        let irregular = usage.irregular;
        t.expect(&posix::RUSAGE_TIMEVAL_NORMALIZED).equal_if_seen(
            "unnormalized times",
            irregular.as_ref(),
            &0,
        )?;
        let others = usage.others;
        t.expect(&linux::RUSAGE_UNMAINTAINED_ZERO).equal_if_seen(
            "sum of the unmaintained fields",
            others.as_ref(),
            &0,
        )?;
    }
    Ok(())
}
