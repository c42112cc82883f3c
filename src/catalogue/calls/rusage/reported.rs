//! Resource usage as the wait calls report it: the child's own, whole, and nobody else's.

use super::bounds::{
    Account, CPU_SLACK, FIELDS, REPORTING, Same, at_least_own, busy, end, end_and_take, exact_once,
    field_within, grown_as_reported, reported_again, take, wait_usage,
};
use crate::scenario::{Scenario, Step};
use crate::spec::{linux, openbsd, posix};
use crate::sys::call::abi::{Call, Memory, Usage};
use crate::trial::Seen;
use crate::trial::{Abort, Calls, Case, Change, Child, Needs, Options, Outcome, Target, Trial, here};
use crate::wait::Signal;
use std::time::Instant;

pub const CASES: &[Case] = &[
    Case {
        id: "rusage.bounds",
        title: "every field is at least the child's own at its end, and not more than ending costs above it",
        clauses: &[&linux::RUSAGE_LOWER_BOUND, &linux::RUSAGE_UPPER_BOUND],
        calls: REPORTING,
        needs: Needs::NOTHING,
        at: here(),
        run: bounds,
    },
    Case {
        id: "rusage.nohang",
        title: "WNOHANG reports a zombie with its usage, as a call that may block does",
        clauses: &[&linux::RUSAGE_LOWER_BOUND, &linux::RUSAGE_UPPER_BOUND],
        calls: REPORTING,
        needs: Needs::NOTHING,
        at: here(),
        run: nohang,
    },
    Case {
        id: "rusage.user-time",
        title: "what a child computed is user time, and the sum of both times is what it burned",
        clauses: &[&linux::RUSAGE_CPU_SPLIT, &linux::RUSAGE_CPU_SUM, &linux::RUSAGE_CHILDREN_DELTA],
        calls: REPORTING,
        needs: Needs::NOTHING.burning(),
        at: here(),
        run: user_time,
    },
    Case {
        id: "rusage.system-time",
        title: "what a child spent in system calls is system time, and the sum of both times is what it burned",
        clauses: &[&linux::RUSAGE_CPU_SPLIT, &linux::RUSAGE_CPU_SUM, &linux::RUSAGE_CHILDREN_DELTA],
        calls: REPORTING.few(),
        needs: Needs::NOTHING.burning(),
        at: here(),
        run: system_time,
    },
    Case {
        id: "rusage.excludes-siblings",
        title: "what a sibling burned does not show in an idle child's usage",
        clauses: &[&linux::RUSAGE_ISOLATED],
        calls: REPORTING.few(),
        needs: Needs::NOTHING.burning(),
        at: here(),
        run: siblings_apart,
    },
    Case {
        id: "rusage.killed",
        title: "a child that was killed has its usage reported like one that exited",
        clauses: &[&linux::RUSAGE_KILLED],
        calls: REPORTING.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: killed,
    },
    Case {
        id: "rusage.exited-thread",
        title: "what a thread used that ended before the child did is in the child's usage",
        clauses: &[&linux::RUSAGE_EXITED_THREADS],
        calls: REPORTING.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: ended_thread,
    },
    Case {
        id: "rusage.across-exec",
        title: "what the child used before it replaced its image is in its usage",
        clauses: &[&linux::RUSAGE_ACROSS_EXEC],
        calls: REPORTING.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: over_exec,
    },
    Case {
        id: "rusage.reaped-grandchild",
        title: "the usage of a child has that of a grandchild which the child had taken",
        clauses: &[&linux::RUSAGE_DESCENDANTS],
        calls: REPORTING.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: taken_grandchild,
    },
    Case {
        id: "rusage.unreaped-grandchild",
        title: "the usage of a child leaves a grandchild out that the child did not take",
        clauses: &[&linux::RUSAGE_UNREAPED_GRANDCHILD_EXCLUDED],
        calls: REPORTING.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: untaken_grandchild,
    },
    Case {
        id: "rusage.wait3",
        title: "wait3 fills in the usage of the child that it took",
        clauses: &[&linux::RUSAGE_WAIT3],
        calls: Calls::only(&[Call::Wait3]),
        needs: Needs::NOTHING,
        at: here(),
        run: wait3,
    },
    Case {
        id: "rusage.peek-equals-reap",
        title: "a WNOWAIT peek reports the same usage each time, and the take that follows too",
        clauses: &[&linux::RUSAGE_PEEK_EQUALS_REAP],
        calls: Calls::taking(Options::NOWAIT),
        needs: Needs::NOTHING,
        at: here(),
        run: peek_equals_take,
    },
    Case {
        id: "rusage.on-stop",
        title: "what the usage in a report of a stop or a continue holds",
        clauses: &[&linux::RUSAGE_ON_STOP, &openbsd::RUSAGE_ZERO_ON_STOP],
        calls: REPORTING.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: on_stop,
    },
    Case {
        id: "rusage.unmaintained-fields",
        title: "the fields of the usage that Linux does not maintain are 0, and the microseconds of its times below a million",
        clauses: &[&linux::RUSAGE_UNMAINTAINED_ZERO, &posix::RUSAGE_TIMEVAL_NORMALIZED],
        calls: Calls::WITH_USAGE.few(),
        needs: Needs::NOTHING.burning(),
        at: here(),
        run: usage_fields,
    },
];

/// How much CPU time a burn takes, in microseconds.
const BURN: u64 = 30_000;
fn bounds(t: &mut Trial) -> Outcome {
    let child = busy_and_idle(t)?;
    let account = end(t, &child)?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    bounded(t, &child, &seen, &account)
}

fn nohang(t: &mut Trial) -> Outcome {
    let child = busy_and_idle(t)?;
    let account = end(t, &child)?;
    t.await_zombie(&child)?;
    let seen = wait_usage(t, Target::Any, Options::NOHANG)?;
    bounded(t, &child, &seen, &account)
}

/// The same, which then slept for longer than its CPU time may be off: the time that goes by is not what it used.
fn busy_and_idle(t: &mut Trial) -> Result<Child, Abort> {
    let child = busy(t)?;
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
    // How ticks split it may change up to the end: only the sum has a bound.
    let what = "ru_utime and ru_stime (us)";
    field_within(t, &linux::RUSAGE_UPPER_BOUND, seen, (what, Usage::cpu_us), (0, most_cpu))
}

fn user_time(t: &mut Trial) -> Outcome {
    burned(t, Step::BurnUser { us: BURN }, ("ru_utime (us)", |u| u.utime_us))
}

fn system_time(t: &mut Trial) -> Outcome {
    burned(t, Step::BurnSystem { us: BURN }, ("ru_stime (us)", |u| u.stime_us))
}

/// The child burns until its own field has reached the burn: how ticks split the sum is no matter then.
fn burned(t: &mut Trial, burn: Step, (what, field): (&str, fn(&Usage) -> Option<i64>)) -> Outcome {
    let before = t.usage_of_children()?;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, burn)?;
    let (seen, account) = end_and_take(t, &child, &linux::RUSAGE_CPU_SUM)?;
    let most = account.most_cpu();
    let burnt = field(&account.own).unwrap_or(0).max(BURN.cast_signed());
    let sum = account.own.cpu_us().unwrap_or(0).max(burnt);
    let both = "ru_utime and ru_stime (us)";
    field_within(t, &linux::RUSAGE_CPU_SUM, &seen, (both, Usage::cpu_us), (sum, most))?;
    field_within(t, &linux::RUSAGE_CPU_SPLIT, &seen, (what, field), (burnt, i64::MAX))?;
    grown_as_reported(t, &seen, &before, &account.own).map(drop)
}

/// What a child touches, in bytes; one that does not stays far below.
const LARGE: u64 = 12 << 20;

fn siblings_apart(t: &mut Trial) -> Outcome {
    let clause = &linux::RUSAGE_ISOLATED;
    let idle = t.spawn(Scenario::held())?;
    let burning = t.spawn(Scenario::held())?;
    let (before, _) = t.usage_so_far(&idle)?;
    t.tell(&burning, Step::Allocate { bytes: LARGE })?;
    t.tell(&burning, Step::BurnUser { us: BURN })?;
    t.tell(&burning, Step::exit(8))?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, &burning, Change::Exited(8))?;
    let what = "ru_utime and ru_stime (us) of the burning child";
    field_within(t, clause, &seen, (what, Usage::cpu_us), (BURN.cast_signed(), i64::MAX))?;
    // It lived while the other burned, and is taken after it.
    let account = Account::new(before, Instant::now());
    t.tell(&idle, Step::exit(7))?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    let most = account.most_cpu();
    t.expect(clause).reports(&seen, &idle, Change::Exited(7))?;
    field_within(
        t,
        clause,
        &seen,
        ("ru_utime and ru_stime (us) of the idle child", Usage::cpu_us),
        (0, most),
    )?;
    let most = before.maxrss.unwrap_or(0) + (LARGE / 2048).cast_signed();
    field_within(t, clause, &seen, ("ru_maxrss (KiB) of the idle child", |u| u.maxrss), (0, most))
}

fn killed(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::MinorFaults { count: 300 })?;
    let (so_far, _) = t.usage_so_far(&child)?;
    t.signal(&child, Signal::KILL)?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(&linux::RUSAGE_KILLED).reports(&seen, &child, Change::Killed(Signal::KILL, false))?;
    for (what, field, _) in FIELDS {
        let least = field(&so_far).unwrap_or(0);
        field_within(t, &linux::RUSAGE_KILLED, &seen, (what, field), (least, i64::MAX))?;
    }
    Ok(())
}

fn ended_thread(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::MinorFaults { count: 600 })?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    // Another thread goes on, and is gone as well when the usage is told; only the initial one is kept up to then.
    t.tell(&child, Step::MinorFaults { count: 600 })?;
    let (so_far, _) = t.usage_so_far(&child)?;
    t.tell(&child, Step::exit(7).reported())?;
    let (seen, _) = take(t, &child, &linux::RUSAGE_EXITED_THREADS)?;
    for (what, field) in
        [("ru_minflt", (|u| u.minflt) as fn(&Usage) -> _), ("ru_utime and ru_stime (us)", Usage::cpu_us)]
    {
        let least = field(&so_far).unwrap_or(0);
        field_within(t, &linux::RUSAGE_EXITED_THREADS, &seen, (what, field), (least, i64::MAX))?;
    }
    Ok(())
}

fn over_exec(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    // More faults than a new image takes by itself.
    t.tell(&child, Step::MinorFaults { count: 600 })?;
    let (before, _) = t.usage_so_far(&child)?;
    t.tell(&child, Step::Exec { steps: vec![] })?;
    t.await_image(&child)?;
    t.tell(&child, Step::exit(7).reported())?;
    let (seen, _) = take(t, &child, &linux::RUSAGE_ACROSS_EXEC)?;
    for (what, field, _) in FIELDS {
        let least = field(&before).unwrap_or(0);
        field_within(t, &linux::RUSAGE_ACROSS_EXEC, &seen, (what, field), (least, i64::MAX))?;
    }
    Ok(())
}

fn taken_grandchild(t: &mut Trial) -> Outcome {
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

fn untaken_grandchild(t: &mut Trial) -> Outcome {
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
    let child = busy(t)?;
    let (seen, Account { own, .. }) = end_and_take(t, &child, &linux::RUSAGE_WAIT3)?;
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

fn peek_equals_take(t: &mut Trial) -> Outcome {
    let clause = &linux::RUSAGE_PEEK_EQUALS_REAP;
    exact_once(t, |t| {
        let child = busy(t)?;
        let own = end(t, &child)?.own;
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
            None => "not shown",
        };
        t.record(&format!("rusage of a {what}"), value);
        t.expect(&openbsd::RUSAGE_ZERO_ON_STOP).that(value == "zeros", "zeros", value)?;
    }
    Ok(())
}

fn usage_fields(t: &mut Trial) -> Outcome {
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
            "irregular times",
            irregular.as_ref(),
            &0,
        )?;
        let others = usage.others;
        t.expect(&linux::RUSAGE_UNMAINTAINED_ZERO).equal_if_seen("sum of the fields", others.as_ref(), &0)?;
    }
    Ok(())
}
