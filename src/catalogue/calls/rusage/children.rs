//! RUSAGE_CHILDREN: a child's usage is credited to its parent once, and when it is taken.

use super::bounds::{Account, REPORTING, end, end_and_take, exact_once, grown_as_reported};
use crate::catalogue::calls::lifecycle::orphans::grandchild;
use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, linux, posix};
use crate::sys::call::abi::{Call, Usage};
use crate::trial::{Abort, Calls, Case, Change, Child, Needs, Options, Outcome, Target, Trial, here};
use crate::wait::Signal;
use std::time::Instant;

pub const CASES: &[Case] = &[
    Case {
        id: "rusage-children.credited-on-reap",
        title: "neither a live child nor a zombie is in RUSAGE_CHILDREN, a child that was taken is",
        clauses: &[
            &posix::RUSAGE_CHILDREN_NOT_LIVE,
            &posix::RUSAGE_CHILDREN_NOT_BEFORE_REAP,
            &posix::RUSAGE_CHILDREN_AFTER_REAP,
            &posix::RUSAGE_CHILDREN_EVERY_CALL,
        ],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: at_the_take,
    },
    Case {
        id: "rusage-children.equals-reported-usage",
        title: "RUSAGE_CHILDREN grows by exactly what the call that took the child reported",
        clauses: &[&linux::RUSAGE_CHILDREN_DELTA],
        calls: REPORTING,
        needs: Needs::NOTHING,
        at: here(),
        run: equals_report,
    },
    Case {
        id: "rusage-children.sum",
        title: "the usage of several taken children is added up",
        clauses: &[&posix::RUSAGE_CHILDREN_SUM, &posix::RUSAGE_CHILDREN_MONOTONIC],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: sum,
    },
    Case {
        id: "rusage-children.max-rss",
        title: "ru_maxrss of RUSAGE_CHILDREN is that of the largest child, neither a sum nor the last one's",
        clauses: &[&linux::RUSAGE_CHILDREN_MAXRSS],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: max_rss,
    },
    Case {
        id: "rusage-children.not-on-stop",
        title: "reports of stops and continues credit nothing, and the take then credits once",
        clauses: &[&posix::RUSAGE_CHILDREN_NOT_ON_STOP, &posix::RUSAGE_CHILDREN_ONCE],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: not_on_stop,
    },
    Case {
        id: "rusage-children.not-on-peek",
        title: "a WNOWAIT peek credits nothing, the take that follows does",
        clauses: &[&posix::RUSAGE_CHILDREN_NOT_ON_PEEK],
        calls: Calls::taking(Options::NOWAIT),
        needs: Needs::NOTHING,
        at: here(),
        run: not_on_peek,
    },
    Case {
        id: "rusage-children.auto-reaped",
        title: "a child that left no zombie, since SIGCHLD is ignored, is not in RUSAGE_CHILDREN",
        clauses: &[&posix::RUSAGE_CHILDREN_NOT_AUTO_REAPED],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: auto_reaped,
    },
    Case {
        id: "rusage-children.descendants",
        title: "taking a child credits the grandchild that the child had taken, its size included",
        clauses: &[&posix::RUSAGE_CHILDREN_DESCENDANTS, &linux::RUSAGE_CHILDREN_MAXRSS],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: descendants,
    },
    Case {
        id: "rusage-children.unreaped-grandchild",
        title: "taking a child credits no grandchild that the child did not take",
        clauses: &[&posix::RUSAGE_CHILDREN_UNREAPED_GRANDCHILD],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: untaken_grandchild,
    },
    Case {
        id: "rusage-children.exited-thread",
        title: "taking a child credits what its threads used that had ended before",
        clauses: &[&posix::RUSAGE_CHILDREN_EXITED_THREADS],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: ended_thread,
    },
    Case {
        id: "rusage-children.zero-after-fork",
        title: "a new process has no RUSAGE_CHILDREN, whatever its parent took and it did itself",
        clauses: &[&posix::RUSAGE_CHILDREN_ZERO_AT_FORK, &posix::RUSAGE_CHILDREN_NOT_SELF],
        calls: Calls::only(&[Call::Waitpid]),
        needs: Needs::NOTHING,
        at: here(),
        run: of_new_process,
    },
    Case {
        id: "rusage-children.agrees-with-times",
        title: "times and getrusage agree on the CPU time of the children that were taken",
        clauses: &[&posix::RUSAGE_TIMES_AGREE],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING.burning(),
        at: here(),
        run: times,
    },
];

/// How many faults a child causes where they shall be told from those of an ordinary life.
const FAULTS: u64 = 600;
/// How many faults ending may take: of two children, less than one of them causes.
const ENDING: i64 = 200;

/// What a child touches that shall be larger than others, in bytes.
const TOUCHED: u64 = 12 << 20;

/// A usage in words.
fn words(usage: &Usage) -> String {
    let Usage { utime_us, stime_us, maxrss, minflt, nvcsw, .. } = usage;
    let number = |value: &Option<i64>| value.map_or_else(|| "none".to_owned(), |v| v.to_string());
    let list = [utime_us, stime_us, maxrss, minflt, nvcsw].map(number).join(", ");
    format!("utime, stime, maxrss, minflt, nvcsw: {list}")
}

/// RUSAGE_CHILDREN is what it was.
fn unchanged(t: &mut Trial, clause: &'static Clause, before: &Usage) -> Outcome {
    let now = t.usage_of_children()?;
    t.expect(clause).that(now == *before, words(before), words(&now))
}

/// RUSAGE_CHILDREN has grown by what these children wrote about themselves right before they ended, and their ends.
fn grown(t: &mut Trial, clause: &'static Clause, before: &Usage, taken: &[Account]) -> Outcome {
    let most_cpu = taken.iter().map(Account::most_cpu).sum();
    let now = t.usage_of_children()?;
    let growth = |field: fn(&Usage) -> Option<i64>| Some(field(&now)? - field(before)?);
    let sum = |field: fn(&Usage) -> Option<i64>| taken.iter().filter_map(|a| field(&a.own)).sum::<i64>();
    let truncated = taken.len() as i64;
    t.expect(clause).within(
        "growth of the CPU time (us)",
        growth(Usage::cpu_us),
        sum(Usage::cpu_us) - truncated,
        most_cpu,
    )?;
    let (least, slack) = (sum(|u| u.minflt), ENDING * taken.len() as i64);
    t.expect(clause).within("growth of ru_minflt", growth(|u| u.minflt), least, least + slack)
}

/// A held child that caused faults.
fn busy(t: &mut Trial) -> Result<Child, Abort> {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::MinorFaults { count: FAULTS })?;
    Ok(child)
}

/// The usage of a held child so far, which then is told to exit with 8.
fn end_grandchild(t: &mut Trial, below: &Child) -> Result<Account, Abort> {
    let told = Instant::now();
    let (own, _) = t.usage_so_far(below)?;
    t.tell(below, Step::exit(8))?;
    Ok(Account::new(own, told))
}

/// The trial's call takes that child, which exited with 7.
fn take(t: &mut Trial, child: &Child, clause: &'static Clause) -> Outcome {
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, child, Change::Exited(7))
}

fn at_the_take(t: &mut Trial) -> Outcome {
    let before = t.usage_of_children()?;
    let child = busy(t)?;
    unchanged(t, &posix::RUSAGE_CHILDREN_NOT_LIVE, &before)?;
    let account = end(t, &child)?;
    t.await_zombie(&child)?;
    unchanged(t, &posix::RUSAGE_CHILDREN_NOT_BEFORE_REAP, &before)?;
    take(t, &child, &posix::RUSAGE_CHILDREN_AFTER_REAP)?;
    let taken = [account];
    grown(t, &posix::RUSAGE_CHILDREN_AFTER_REAP, &before, &taken)?;
    // The same for each call that the case is tried with.
    grown(t, &posix::RUSAGE_CHILDREN_EVERY_CALL, &before, &taken)
}

fn equals_report(t: &mut Trial) -> Outcome {
    let clause = &linux::RUSAGE_CHILDREN_DELTA;
    // The second stands for every one after the first.
    for _ in 0..2 {
        exact_once(t, |t| {
            let before = t.usage_of_children()?;
            let child = busy(t)?;
            let (seen, account) = end_and_take(t, &child, clause)?;
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
        let child = busy(t)?;
        accounts.push(end(t, &child)?);
        take(t, &child, &posix::RUSAGE_CHILDREN_SUM)?;
        let now = t.usage_of_children()?;
        let ahead = now.utime_us >= latest.utime_us && now.stime_us >= latest.stime_us;
        let expected = format!("both times at least those of {}", words(&latest));
        t.expect(&posix::RUSAGE_CHILDREN_SUM).and(&posix::RUSAGE_CHILDREN_MONOTONIC).that(
            ahead,
            expected,
            words(&now),
        )?;
        latest = now;
    }
    grown(t, &posix::RUSAGE_CHILDREN_SUM, &before, &accounts)
}

fn max_rss(t: &mut Trial) -> Outcome {
    const ENDING_KIB: i64 = 2 * 1024;
    let mut largest = t.usage_of_children()?.maxrss.unwrap_or(0);
    for bytes in [TOUCHED, TOUCHED, 0] {
        let touch = if bytes > 0 { Step::Allocate { bytes } } else { Step::Release };
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, touch)?;
        let own = end(t, &child)?.own;
        take(t, &child, &linux::RUSAGE_CHILDREN_MAXRSS)?;
        largest = largest.max(own.maxrss.unwrap_or(0));
        let now = t.usage_of_children()?.maxrss;
        let what = "ru_maxrss of the children (KiB)";
        t.expect(&linux::RUSAGE_CHILDREN_MAXRSS).within(what, now, largest, largest + ENDING_KIB)?;
    }
    Ok(())
}

fn not_on_stop(t: &mut Trial) -> Outcome {
    let before = t.usage_of_children()?;
    let child = busy(t)?;
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
    let account = end(t, &child)?;
    take(t, &child, &posix::RUSAGE_CHILDREN_ONCE)?;
    grown(t, &posix::RUSAGE_CHILDREN_ONCE, &before, &[account])
}

fn not_on_peek(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_NOT_ON_PEEK;
    let before = t.usage_of_children()?;
    let child = busy(t)?;
    let account = end(t, &child)?;
    t.await_zombie(&child)?;
    for _ in 0..2 {
        let seen = t.wait(Target::Child(&child), Options::NOWAIT)?;
        t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
        unchanged(t, clause, &before)?;
    }
    take(t, &child, clause)?;
    grown(t, clause, &before, &[account])
}

fn auto_reaped(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_NOT_AUTO_REAPED;
    let before = t.usage_of_children()?;
    t.sigaction(Signal::CHLD, "ignore", &[])?;
    let child = busy(t)?;
    let account = end(t, &child)?;
    t.await_gone(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, "ECHILD")?;
    t.expect(clause).within(
        "ru_minflt of the child itself",
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
    let below = grandchild(t, &child, false)?;
    t.tell(&below, Step::Allocate { bytes: TOUCHED })?;
    t.tell(&below, Step::MinorFaults { count: FAULTS })?;
    let of_below = end_grandchild(t, &below)?;
    let size = of_below.own.maxrss.unwrap_or(0);
    t.tell(&child, Step::Wait { pid: 0 })?;
    let told = Instant::now();
    t.tell(&child, Step::exit(7).reported())?;
    // What it took is told by the grandchild itself.
    let (own, _) = t.last_usage(&child)?;
    take(t, &child, clause)?;
    grown(t, clause, &before, &[Account::new(own, told), of_below])?;
    let now = t.usage_of_children()?.maxrss;
    let what = "ru_maxrss of the children (KiB)";
    t.expect(&linux::RUSAGE_CHILDREN_MAXRSS).within(what, now, size, i64::MAX)
}

fn untaken_grandchild(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_UNREAPED_GRANDCHILD;
    let before = t.usage_of_children()?;
    let child = t.spawn(Scenario::held())?;
    let below = grandchild(t, &child, false)?;
    t.tell(&below, Step::MinorFaults { count: FAULTS })?;
    t.tell(&below, Step::exit(8))?;
    t.await_zombie(&below)?;
    let account = end(t, &child)?;
    take(t, &child, clause)?;
    grown(t, clause, &before, &[account])
}

fn ended_thread(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_EXITED_THREADS;
    let before = t.usage_of_children()?;
    let child = busy(t)?;
    t.tell(&child, Step::LeaderExit { code: 5 })?;
    // Another thread goes on, and is gone as well when the child is taken; only the initial one is kept up to then.
    t.tell(&child, Step::MinorFaults { count: FAULTS })?;
    let (so_far, _) = t.usage_so_far(&child)?;
    t.tell(&child, Step::exit(7))?;
    take(t, &child, clause)?;
    let now = t.usage_of_children()?;
    for (what, field) in [
        ("growth of ru_minflt", (|u| u.minflt) as fn(&Usage) -> _),
        ("growth of the CPU time (us)", Usage::cpu_us),
    ] {
        let growth = field(&now).zip(field(&before)).map(|(now, before)| now - before);
        // A microsecond is lost where times are told.
        t.expect(clause).within(what, growth, field(&so_far).unwrap_or(0) - 1, i64::MAX)?;
    }
    Ok(())
}

fn of_new_process(t: &mut Trial) -> Outcome {
    let first = busy(t)?;
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

fn times(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_TIMES_AGREE;
    let child = t.spawn(Scenario::of([Step::BurnUser { us: 15_000 }, Step::exit(7)]))?;
    t.await_zombie(&child)?;
    let (_, user, system) = t.times_of_children()?;
    t.expect(clause).equal("microseconds before the take", &(user + system), &0)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let usage = t.usage_of_children()?;
    let (tick, user, system) = t.times_of_children()?;
    for (what, times, usage) in [
        ("user time, microseconds", user, usage.utime_us),
        ("system time, microseconds", system, usage.stime_us),
    ] {
        // A clock of whole ticks says less than one tick less, or, rounded, more.
        let usage = usage.unwrap_or_default();
        t.expect(clause).within(what, Some(times), usage - tick, usage + tick)?;
    }
    Ok(())
}
