//! What the manuals of other systems promise about reports: usage, siginfo, SIGCHLD, orphans. Checked only there.

use super::options::{each, record, wait_with, zombie};
use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::{Clause, dragonfly, freebsd, illumos, macos, netbsd, openbsd};
use crate::trial::cases;
use crate::trial::{
    Abort, Call, Calls, Change, Disposition, Errno, Flag, Got, MaskChange, Need, Needs, Options, Outcome,
    SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

const WAITID: Calls = Calls::only(&[Call::Waitid]);
const WAIT6: Calls = Calls::only(&[Call::Wait6]);

cases! { "os";

    /// wait6 reports a child's own usage and that of its reaped children separately
    wait6_usage_split(PID) in WAIT6, needs Needs::NOTHING.burning()
        => [freebsd::WAIT6_USAGE_SPLIT, netbsd::WAIT6_USAGE_SPLIT, dragonfly::WAIT6_USAGE_SPLIT];

    /// how many bits of the exit value a peek and a reap report is recorded
    exit_value_bits(ANY; NOWAIT) in WAITID => [macos::WAITID_STATUS_BITS, illumos::WAITID_STATUS_BITS];

    /// an orphan becomes a child of process 1
    orphan_to_init(ANY) in Calls::only(&[Call::Waitpid])
        => [netbsd::ORPHAN_TO_INIT, openbsd::ORPHAN_TO_INIT, macos::ORPHAN_TO_INIT, illumos::ORPHAN_TO_INIT];

    /// a wait discards only the SIGCHLD of the child it reaps; elsewhere the result is recorded
    reap_discards_queued_sigchld(PID) in Calls::WITH_TARGET => [
        freebsd::SIGCHLD_QUEUED_PER_CHILD,
        dragonfly::SIGCHLD_QUEUED_PER_CHILD,
        illumos::SIGCHLD_QUEUED_PER_CHILD,
        netbsd::SIGCHLD_PENDING_AFTER_REAP,
        openbsd::SIGCHLD_PENDING_AFTER_REAP,
    ];

    /// with SIGCHLD ignored, a wait blocks until no child is left, then fails with ECHILD
    sigchld_ignored(ANY) => [freebsd::SIGCHLD_IGNORED_ECHILD, illumos::SIGCHLD_IGNORED_BLOCKS];

    /// what the usage in a stop report contains is recorded
    rusage_on_stop(ANY; UNTRACED) in Calls::WITH_USAGE
        => [freebsd::RUSAGE_ON_STOP, netbsd::RUSAGE_ON_STOP, macos::RUSAGE_ON_STOP];

    /// ru_maxrss is in kilobytes on FreeBSD; on illumos its unit is recorded
    max_rss_unit(ANY) in Calls::WITH_USAGE => [freebsd::RUSAGE_MAXRSS_KILOBYTES, illumos::RUSAGE_MAXRSS_UNIT];

    /// a continued child has SIGCONT in si_status; on macOS the value is recorded
    continued_siginfo(ANY; CONTINUED) in WAITID
        => [openbsd::WAITID_CONTINUED, macos::WAITID_CONTINUED_FIELDS];

    /// a child that dumped core is reported as CLD_KILLED where CLD_DUMPED is not used
    no_cld_dumped(ANY) in WAITID, needs Needs::of(&[Need::CoreFiles]) => [dragonfly::WAITID_NO_CLD_DUMPED];

    /// two threads that collide on one child both return, one with the child
    waiter_collision(PID) in Calls::WITH_TARGET, needs Needs::THREADS
        => [macos::WAIT_WAITER_COLLISION];

    /// waitid for exits and traps reports the same as wait
    waitid_matches_wait(ANY; OTHER) in WAITID => [illumos::WAITID_EQUALS_WAITPID];
}

fn wait6_usage_split(t: &mut Trial) -> Outcome {
    let burns = Offspring {
        steps: vec![
            // Many ticks of a 100 Hz clock, and longer than a caller may sleep for no reason.
            Step::BurnUser { us: 300_000 },
            Step::exit(8),
        ],
        ..Offspring::default()
    };
    let steps = [Step::Fork(burns), Step::Wait { pid: 0 }, Step::exit(7).reported()];
    let child = t.spawn(Scenario::of(steps))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    let clauses: [&'static Clause; 3] =
        [&freebsd::WAIT6_USAGE_SPLIT, &netbsd::WAIT6_USAGE_SPLIT, &dragonfly::WAIT6_USAGE_SPLIT];
    each(t, &clauses, |t, clause| t.expect(clause).reports(&seen, &child, Change::Exited(7)))?;
    let (_, below) = t.last_usage(&child)?;
    let Some(reply) = seen.reply() else { return Ok(()) };
    let own = reply.rusage.wrote().and_then(|usage| usage.utime_us);
    let children = reply.children.wrote().and_then(|usage| usage.utime_us);
    each(t, &clauses, |t, clause| {
        let low = below.utime_us.unwrap_or_default();
        t.expect(clause).within("user time of its children (us)", children, low, i64::MAX)?;
        match own.zip(children) {
            Some((own, children)) => t.expect(clause).that(
                (0..=low / 2).contains(&own),
                format!("its own user time at most half of its children's ({low} us)"),
                (Got::UserTimes { own, children }, format!("its own user time {own} us")),
            ),
            None => t.expect(clause).not_observed("the subject does not show it"),
        }
    })
}

fn exit_value_bits(t: &mut Trial) -> Outcome {
    let clauses: [&'static Clause; 2] = [&macos::WAITID_STATUS_BITS, &illumos::WAITID_STATUS_BITS];
    t.spawn(Scenario::exits(0x7a5a_5a5a))?;
    for (name, options) in [("si_status of a peek", Options::NOWAIT), ("si_status of a reap", Options::NONE)]
    {
        let seen = t.wait(Target::Any, options)?;
        let status = seen.fields().status.map_or("not visible".to_owned(), |status| format!("{status:#x}"));
        record(t, &clauses, name, &status)?;
    }
    Ok(())
}

fn orphan_to_init(t: &mut Trial) -> Outcome {
    let clauses: [&'static Clause; 4] =
        [&netbsd::ORPHAN_TO_INIT, &openbsd::ORPHAN_TO_INIT, &macos::ORPHAN_TO_INIT, &illumos::ORPHAN_TO_INIT];
    let child = t.spawn(Scenario::held())?;
    let below = t.spawn_from(&child, |token| {
        Step::Fork(Offspring { token: Some(token), orphan: true, steps: vec![] })
    })?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    each(t, &clauses, |t, clause| t.expect(clause).reports(&seen, &child, Change::Exited(7)))?;
    let ids = t.tell_for_reply(&below, &Step::Getids)?;
    let parent = ids.number("ppid").map_err(|e| Abort::Protocol(format!("reply to getids: {e}")))?;
    each(t, &clauses, |t, clause| t.expect(clause).equal("parent", &parent, &1))
}

fn reap_discards_queued_sigchld(t: &mut Trial) -> Outcome {
    let musts: [&'static Clause; 3] = [
        &freebsd::SIGCHLD_QUEUED_PER_CHILD,
        &dragonfly::SIGCHLD_QUEUED_PER_CHILD,
        &illumos::SIGCHLD_QUEUED_PER_CHILD,
    ];
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NONE)?;
    t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
    let (first, second) = (zombie(t)?, zombie(t)?);
    for (child, expected) in [(&first, true), (&second, false)] {
        let seen = t.wait(Target::Child(child), Options::NONE)?;
        let pends = t.sigpending()?.contains(&Signal::CHLD);
        each(t, &musts, |t, clause| {
            t.expect(clause).reports(&seen, child, Change::Exited(7))?;
            let got = if pends { Got::Pending(Signal::CHLD) } else { Got::Other };
            let shown = |pends| if pends { "SIGCHLD pending" } else { "no SIGCHLD pending" };
            t.expect(clause).that(pends == expected, shown(expected), (got, shown(pends)))
        })?;
        if !expected {
            let clauses: [&'static Clause; 2] =
                [&netbsd::SIGCHLD_PENDING_AFTER_REAP, &openbsd::SIGCHLD_PENDING_AFTER_REAP];
            let shown = if pends { "pending" } else { "discarded" };
            record(t, &clauses, "SIGCHLD after the last reap", shown)?;
        }
    }
    Ok(())
}

fn sigchld_ignored(t: &mut Trial) -> Outcome {
    let clauses: [&'static Clause; 2] = [&freebsd::SIGCHLD_IGNORED_ECHILD, &illumos::SIGCHLD_IGNORED_BLOCKS];
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    each(t, &clauses, |t, clause| t.expect(clause).blocks(&pending))?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    each(t, &clauses, |t, clause| t.expect(clause).error(&seen, Errno::CHILD))
}

fn rusage_on_stop(t: &mut Trial) -> Outcome {
    let clauses: [&'static Clause; 3] =
        [&freebsd::RUSAGE_ON_STOP, &netbsd::RUSAGE_ON_STOP, &macos::RUSAGE_ON_STOP];
    let child = t.spawn(Scenario::of([Step::MinorFaults { count: 50 }]))?;
    t.signal(&child, Signal::STOP)?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    let shown = match seen.usage().map(|usage| usage.minflt.unwrap_or_default()) {
        None => "untouched",
        Some(0) => "zeros",
        Some(_) => "the usage so far",
    };
    record(t, &clauses, "usage in a stop report", shown)
}

fn max_rss_unit(t: &mut Trial) -> Outcome {
    const MIB: i64 = 16;
    let steps = [Step::Allocate { bytes: (MIB as u64) << 20 }, Step::exit(7)];
    let child = t.spawn(Scenario::of(steps))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let peak = seen.usage().and_then(|usage| usage.maxrss);
    each(t, &[&freebsd::RUSAGE_MAXRSS_KILOBYTES], |t, clause| {
        t.expect(clause).reports_child(&seen, &child)?;
        t.expect(clause).within("ru_maxrss", peak, MIB << 10, MIB << 11)
    })?;
    let unit = match peak.unwrap_or_default() {
        0 => "nothing",
        n if n < MIB << 10 => "pages",
        n if n < MIB << 20 => "kilobytes",
        _ => "bytes",
    };
    record(t, &[&illumos::RUSAGE_MAXRSS_UNIT], "unit of ru_maxrss", unit)
}

fn continued_siginfo(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Any, Options::CONTINUED)?;
    let info = seen.fields();
    each(t, &[&openbsd::WAITID_CONTINUED], |t, clause| {
        t.expect(clause).reports(&seen, &child, Change::Continued)?;
        t.expect(clause).field(&seen, "si_status", info.signal, Signal::CONT)
    })?;
    let whose = match info.pid {
        Some(pid) if pid == child.pid => "the child's pid",
        Some(0) | None => "no pid",
        Some(_) => "another pid",
    };
    let signal = info.signal.map_or("none".into(), |signal| signal.to_string());
    record(t, &[&macos::WAITID_CONTINUED_FIELDS], "siginfo of a continue", &format!("{whose}, {signal}"))
}

fn no_cld_dumped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::of([Step::raise(Signal::ABRT).with_core(true)]))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    each(t, &[&dragonfly::WAITID_NO_CLD_DUMPED], |t, clause| {
        t.expect(clause).reports(&seen, &child, Change::Killed(Signal::ABRT, false))
    })
}

fn waiter_collision(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let mut waiters = Vec::new();
    for thread in 1..=2 {
        let mut request = t.ask(Target::Child(&child), Options::NONE);
        request.thread = thread;
        waiters.push(t.begin_request(request)?);
    }
    t.tell(&child, Step::exit(7))?;
    let mut reports = 0;
    for pending in waiters {
        let seen = t.finish(pending)?;
        each(t, &[&macos::WAIT_WAITER_COLLISION], |t, clause| t.expect(clause).returns(&seen))?;
        reports += usize::from(seen.is_report());
    }
    each(t, &[&macos::WAIT_WAITER_COLLISION], |t, clause| t.expect(clause).equal("reports", &reports, &1))
}

fn waitid_matches_wait(t: &mut Trial) -> Outcome {
    for step in [Step::exit(7), Step::kill_self(Signal::TERM)] {
        let like = t.spawn(Scenario::of([step.clone()]))?;
        let by_wait = t.wait_by(Call::Wait, Target::Any, Options::NONE)?;
        let child = t.spawn(Scenario::of([step]))?;
        let seen = wait_with(t, Target::Any, &[Flag::Exited, Flag::Trapped])?;
        each(t, &[&illumos::WAITID_EQUALS_WAITPID], |t, clause| {
            t.expect(clause).reports_child(&by_wait, &like)?;
            t.expect(clause).reports(&seen, &child, by_wait.change().unwrap_or(Change::Unknown(-1)))
        })?;
    }
    Ok(())
}
