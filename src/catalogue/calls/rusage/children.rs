//! RUSAGE_CHILDREN: a child's usage is credited to its parent once, when it is reaped.

use super::bounds::{Account, REPORTING, exact_once, exit_and_reap, grown_as_reported, report_and_exit};
use crate::catalogue::calls::lifecycle::orphans::grandchild;
use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, linux, posix};
use crate::sys::call::abi::{Call, Usage};
use crate::trial::cases;
use crate::trial::{
    Abort, Calls, Change, Child, Disposition, Errno, Got, Needs, Options, Outcome, SigactionFlags, Target,
    Trial,
};
use crate::wait::Signal;
use std::time::Instant;

cases! { "rusage-children";

    /// RUSAGE_CHILDREN includes neither a live child nor a zombie, only a reaped child
    credited_on_reap(ANY) in Calls::ENTRIES => [
        posix::RUSAGE_CHILDREN_NOT_LIVE,
        posix::RUSAGE_CHILDREN_NOT_BEFORE_REAP,
        posix::RUSAGE_CHILDREN_AFTER_REAP,
        posix::RUSAGE_CHILDREN_EVERY_CALL,
    ];

    /// RUSAGE_CHILDREN grows by exactly the usage reported by the reaping call
    equals_reported_usage(ANY) in REPORTING => [linux::RUSAGE_CHILDREN_DELTA];

    /// RUSAGE_CHILDREN is the sum of the usage of several reaped children
    sum(ANY) in Calls::ENTRIES => [posix::RUSAGE_CHILDREN_SUM, posix::RUSAGE_CHILDREN_MONOTONIC];

    /// ru_maxrss of RUSAGE_CHILDREN is that of the largest child, neither the sum nor the last
    max_rss(ANY) in Calls::ENTRIES => [linux::RUSAGE_CHILDREN_MAXRSS];

    /// reporting stops and continues credits nothing; the reap credits the usage once
    not_on_stop(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [posix::RUSAGE_CHILDREN_NOT_ON_STOP, posix::RUSAGE_CHILDREN_ONCE];

    /// a WNOWAIT peek credits nothing; the reap that follows does
    not_on_peek(ANY | PID; NOWAIT) in Calls::taking(Options::NOWAIT) => [posix::RUSAGE_CHILDREN_NOT_ON_PEEK];

    /// a child reaped automatically because SIGCHLD is ignored is not included in RUSAGE_CHILDREN
    auto_reaped(ANY) in Calls::ENTRIES => [posix::RUSAGE_CHILDREN_NOT_AUTO_REAPED];

    /// reaping a child credits the grandchild that it had reaped, including its ru_maxrss
    descendants(ANY) in Calls::ENTRIES => [posix::RUSAGE_CHILDREN_DESCENDANTS, linux::RUSAGE_CHILDREN_MAXRSS];

    /// reaping a child does not credit a grandchild that it had not reaped
    unreaped_grandchild(ANY) in Calls::ENTRIES => [posix::RUSAGE_CHILDREN_UNREAPED_GRANDCHILD];

    /// reaping a child credits the usage of its threads that exited earlier
    exited_thread(ANY) in Calls::ENTRIES => [posix::RUSAGE_CHILDREN_EXITED_THREADS];

    /// a new process starts with RUSAGE_CHILDREN zero, whatever its parent reaped; its own usage adds none
    zero_after_fork(PID) in Calls::only(&[Call::Waitpid])
        => [posix::RUSAGE_CHILDREN_ZERO_AT_FORK, posix::RUSAGE_CHILDREN_NOT_SELF];

    /// times and getrusage agree on the CPU time of reaped children
    agrees_with_times(ANY) in Calls::ENTRIES, needs Needs::NOTHING.burning() => [posix::RUSAGE_TIMES_AGREE];
}

/// Page faults of a child where they must stand out from those of an ordinary child.
pub(crate) const FAULTS: u64 = 600;
/// Page faults that exiting may cost; for two children together, fewer than one of them causes.
const EXIT_FAULTS: i64 = 200;

/// Bytes touched by a child that must be larger than others.
const TOUCHED: u64 = 12 << 20;

/// A usage, formatted.
fn describe(usage: &Usage) -> String {
    let Usage { utime_us, stime_us, maxrss, minflt, nvcsw, .. } = usage;
    let number = |value: &Option<i64>| value.map_or_else(|| "none".to_owned(), |v| v.to_string());
    let list = [utime_us, stime_us, maxrss, minflt, nvcsw].map(number).join(", ");
    format!("utime, stime, maxrss, minflt, nvcsw: {list}")
}

/// RUSAGE_CHILDREN is unchanged.
fn unchanged(t: &mut Trial, clause: &'static Clause, before: &Usage) -> Outcome {
    let now = t.usage_of_children()?;
    t.expect(clause).that(now == *before, describe(before), describe(&now))
}

/// RUSAGE_CHILDREN has grown by what these children reported right before they exited, and the cost of exiting.
fn grown(t: &mut Trial, clause: &'static Clause, before: &Usage, accounts: &[Account]) -> Outcome {
    let most_cpu = accounts.iter().map(Account::most_cpu).sum();
    let now = t.usage_of_children()?;
    let growth = |field: fn(&Usage) -> Option<i64>| Some(field(&now)? - field(before)?);
    let sum = |field: fn(&Usage) -> Option<i64>| accounts.iter().filter_map(|a| field(&a.own)).sum::<i64>();
    let truncated = accounts.len() as i64;
    t.expect(clause).within(
        "growth of the CPU time (us)",
        growth(Usage::cpu_us),
        sum(Usage::cpu_us) - truncated,
        most_cpu,
    )?;
    let (least, slack) = (sum(|u| u.minflt), EXIT_FAULTS * accounts.len() as i64);
    t.expect(clause).within("growth of ru_minflt", growth(|u| u.minflt), least, least + slack)
}

/// RUSAGE_CHILDREN has grown by at least the page faults that a child reported.
pub(crate) fn faults_credited(
    t: &mut Trial,
    clause: &'static Clause,
    before: &Usage,
    own: &Usage,
) -> Outcome {
    let now = t.usage_of_children()?;
    let growth = now.minflt.zip(before.minflt).map(|(now, before)| now - before);
    t.expect(clause).within("growth of ru_minflt", growth, own.minflt.unwrap_or(0), i64::MAX)
}

/// A held child that has caused page faults.
fn spawn_faulting(t: &mut Trial) -> Result<Child, Abort> {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::MinorFaults { count: FAULTS })?;
    Ok(child)
}

/// The usage so far of a held child, which is then made to exit with 8.
fn exit_grandchild(t: &mut Trial, descendant: &Child) -> Result<Account, Abort> {
    let told_at = Instant::now();
    let (own, _) = t.usage_so_far(descendant)?;
    t.tell(descendant, Step::exit(8))?;
    Ok(Account::new(own, told_at))
}

/// The trial's call reaps that child, which exited with 7.
fn reap(t: &mut Trial, child: &Child, clause: &'static Clause) -> Outcome {
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, child, Change::Exited(7))
}

fn credited_on_reap(t: &mut Trial) -> Outcome {
    let before = t.usage_of_children()?;
    let child = spawn_faulting(t)?;
    unchanged(t, &posix::RUSAGE_CHILDREN_NOT_LIVE, &before)?;
    let account = report_and_exit(t, &child)?;
    t.await_zombie(&child)?;
    unchanged(t, &posix::RUSAGE_CHILDREN_NOT_BEFORE_REAP, &before)?;
    reap(t, &child, &posix::RUSAGE_CHILDREN_AFTER_REAP)?;
    let accounts = [account];
    grown(t, &posix::RUSAGE_CHILDREN_AFTER_REAP, &before, &accounts)?;
    // The same for every call the case runs with.
    grown(t, &posix::RUSAGE_CHILDREN_EVERY_CALL, &before, &accounts)
}

fn equals_reported_usage(t: &mut Trial) -> Outcome {
    let clause = &linux::RUSAGE_CHILDREN_DELTA;
    // The second child represents all later ones.
    for _ in 0..2 {
        exact_once(t, |t| {
            let before = t.usage_of_children()?;
            let child = spawn_faulting(t)?;
            let (seen, account) = exit_and_reap(t, &child, clause)?;
            grown_as_reported(t, &seen, &before, &account.own)
        })?;
    }
    Ok(())
}

fn sum(t: &mut Trial) -> Outcome {
    let before = t.usage_of_children()?;
    let mut accounts = Vec::new();
    let mut latest = before;
    for _ in 0..2 {
        let child = spawn_faulting(t)?;
        accounts.push(report_and_exit(t, &child)?);
        reap(t, &child, &posix::RUSAGE_CHILDREN_SUM)?;
        let now = t.usage_of_children()?;
        let ahead = now.utime_us >= latest.utime_us && now.stime_us >= latest.stime_us;
        let expected = format!("times no less than in {}", describe(&latest));
        t.expect(&posix::RUSAGE_CHILDREN_SUM).and(&posix::RUSAGE_CHILDREN_MONOTONIC).that(
            ahead,
            expected,
            describe(&now),
        )?;
        latest = now;
    }
    grown(t, &posix::RUSAGE_CHILDREN_SUM, &before, &accounts)
}

fn max_rss(t: &mut Trial) -> Outcome {
    const EXIT_KIB: i64 = 2 * 1024;
    let mut largest = t.usage_of_children()?.maxrss.unwrap_or(0);
    for bytes in [TOUCHED, TOUCHED, 0] {
        let touch = if bytes > 0 { Step::Allocate { bytes } } else { Step::Release };
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, touch)?;
        let own = report_and_exit(t, &child)?.own;
        reap(t, &child, &linux::RUSAGE_CHILDREN_MAXRSS)?;
        largest = largest.max(own.maxrss.unwrap_or(0));
        let now = t.usage_of_children()?.maxrss;
        let what = "ru_maxrss of the children (KiB)";
        t.expect(&linux::RUSAGE_CHILDREN_MAXRSS).within(what, now, largest, largest + EXIT_KIB)?;
    }
    Ok(())
}

fn not_on_stop(t: &mut Trial) -> Outcome {
    let before = t.usage_of_children()?;
    let child = spawn_faulting(t)?;
    let both = Options::UNTRACED | Options::CONTINUED;
    for _ in 0..2 {
        t.signal(&child, Signal::STOP)?;
        t.await_stopped(&child)?;
        let seen = t.wait(Target::Any, both)?;
        t.expect(&posix::RUSAGE_CHILDREN_NOT_ON_STOP).reports(
            &seen,
            &child,
            Change::Stopped(Signal::STOP),
        )?;
        unchanged(t, &posix::RUSAGE_CHILDREN_NOT_ON_STOP, &before)?;
        t.signal(&child, Signal::CONT)?;
        let seen = t.wait(Target::Any, both)?;
        t.expect(&posix::RUSAGE_CHILDREN_NOT_ON_STOP).reports(&seen, &child, Change::Continued)?;
        unchanged(t, &posix::RUSAGE_CHILDREN_NOT_ON_STOP, &before)?;
    }
    let account = report_and_exit(t, &child)?;
    reap(t, &child, &posix::RUSAGE_CHILDREN_ONCE)?;
    grown(t, &posix::RUSAGE_CHILDREN_ONCE, &before, &[account])
}

fn not_on_peek(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_NOT_ON_PEEK;
    let before = t.usage_of_children()?;
    let child = spawn_faulting(t)?;
    let account = report_and_exit(t, &child)?;
    t.await_zombie(&child)?;
    for _ in 0..2 {
        let seen = t.wait(Target::Child(&child), Options::NOWAIT)?;
        t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
        unchanged(t, clause, &before)?;
    }
    reap(t, &child, clause)?;
    grown(t, clause, &before, &[account])
}

fn auto_reaped(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_NOT_AUTO_REAPED;
    let before = t.usage_of_children()?;
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let child = spawn_faulting(t)?;
    let account = report_and_exit(t, &child)?;
    t.await_gone(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    t.expect(clause).within(
        "the child's own ru_minflt",
        account.own.minflt,
        FAULTS.cast_signed(),
        i64::MAX,
    )?;
    unchanged(t, clause, &before)
}

fn descendants(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_DESCENDANTS;
    let before = t.usage_of_children()?;
    let child = t.spawn(Scenario::held())?;
    let descendant = grandchild(t, &child, false)?;
    t.tell(&descendant, Step::Allocate { bytes: TOUCHED })?;
    t.tell(&descendant, Step::MinorFaults { count: FAULTS })?;
    let credited = exit_grandchild(t, &descendant)?;
    let size = credited.own.maxrss.unwrap_or(0);
    t.tell(&child, Step::Wait { pid: 0 })?;
    let told_at = Instant::now();
    t.tell(&child, Step::exit(7).reported())?;
    // The grandchild itself reports what was credited to the child.
    let (own, _) = t.last_usage(&child)?;
    reap(t, &child, clause)?;
    grown(t, clause, &before, &[Account::new(own, told_at), credited])?;
    let now = t.usage_of_children()?.maxrss;
    let what = "ru_maxrss of the children (KiB)";
    t.expect(&linux::RUSAGE_CHILDREN_MAXRSS).within(what, now, size, i64::MAX)
}

fn unreaped_grandchild(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_UNREAPED_GRANDCHILD;
    let before = t.usage_of_children()?;
    let child = t.spawn(Scenario::held())?;
    let descendant = grandchild(t, &child, false)?;
    t.tell(&descendant, Step::MinorFaults { count: FAULTS })?;
    t.tell(&descendant, Step::exit(8))?;
    t.await_zombie(&descendant)?;
    let account = report_and_exit(t, &child)?;
    reap(t, &child, clause)?;
    grown(t, clause, &before, &[account])
}

fn exited_thread(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_EXITED_THREADS;
    let before = t.usage_of_children()?;
    let child = spawn_faulting(t)?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    // A second thread takes over and is gone too by the time the child is reaped; only the initial thread remains until then.
    t.tell(&child, Step::MinorFaults { count: FAULTS })?;
    let (so_far, _) = t.usage_so_far(&child)?;
    t.tell(&child, Step::exit(7))?;
    reap(t, &child, clause)?;
    let now = t.usage_of_children()?;
    for (what, field) in [
        ("growth of ru_minflt", (|u| u.minflt) as fn(&Usage) -> _),
        ("growth of the CPU time (us)", Usage::cpu_us),
    ] {
        let growth = field(&now).zip(field(&before)).map(|(now, before)| now - before);
        // A microsecond is lost to rounding.
        t.expect(clause).within(what, growth, field(&so_far).unwrap_or(0) - 1, i64::MAX)?;
    }
    Ok(())
}

fn zero_after_fork(t: &mut Trial) -> Outcome {
    let first = spawn_faulting(t)?;
    t.tell(&first, Step::exit(7))?;
    let seen = t.wait(Target::Child(&first), Options::NONE)?;
    t.expect(&posix::RUSAGE_CHILDREN_ZERO_AT_FORK).reports(&seen, &first, Change::Exited(7))?;
    let child = t.spawn(Scenario::held())?;
    for (clause, step) in [
        (&posix::RUSAGE_CHILDREN_ZERO_AT_FORK, None),
        (&posix::RUSAGE_CHILDREN_NOT_SELF, Some(Step::MinorFaults { count: FAULTS })),
    ] {
        if let Some(step) = step {
            t.tell(&child, step)?;
        }
        let (_, children) = t.usage_so_far(&child)?;
        for (what, got) in [("CPU time (us)", children.cpu_us()), ("ru_minflt", children.minflt)] {
            t.expect(clause).within(&format!("{what} of RUSAGE_CHILDREN in the child"), got, 0, 0)?;
        }
    }
    Ok(())
}

fn agrees_with_times(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_TIMES_AGREE;
    // Each more than a tick: one that is left out is missed.
    let child = t.spawn(Scenario::of([
        Step::BurnUser { us: 12_000 },
        Step::BurnSystem { us: 12_000 },
        Step::exit(7),
    ]))?;
    t.await_zombie(&child)?;
    let (_, user, system) = t.times_of_children()?;
    t.expect(clause).equal("CPU time before the reap (us)", &(user + system), &0)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let usage = t.usage_of_children()?;
    let (tick, user, system) = t.times_of_children()?;
    for (what, times, usage) in
        [("user time (us)", user, usage.utime_us), ("system time (us)", system, usage.stime_us)]
    {
        // A clock that counts whole ticks is off by up to one tick in either direction.
        let usage = usage.unwrap_or_default();
        let (low, high) = (usage - tick, usage + tick);
        let got = (Got::Ticks { us: times, usage_us: usage, tick_us: tick }, format!("{what} {times}"));
        t.expect(clause).that((low..=high).contains(&times), format!("{what} from {low} to {high}"), got)?;
    }
    Ok(())
}
