//! `WNOWAIT` reports without consuming.

use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Call, Calls, Change, Child, Errno, Needs, Options, Outcome, Seen, Shows, SiCode, Target, Trial,
};
use crate::wait::Signal;

cases! { "nowait";

    /// peeks at an exit are all equal, one reap equals them, and then there is nothing
    exit(PID; NOHANG | NOWAIT) in Calls::taking(Options::NOWAIT) => [
        posix::WAITID_NOWAIT_EXIT,
        posix::WAITID_NOWAIT_PEEK_EQUALS_REAP,
        posix::WAITID_NOWAIT_ECHILD_AFTER_REAP,
    ];

    /// peeks at a death by signal are all equal, one reap equals them, and then there is nothing
    killed(PID; NOHANG | NOWAIT) in Calls::taking(Options::NOWAIT) => [
        posix::WAITID_NOWAIT_EXIT,
        posix::WAITID_NOWAIT_PEEK_EQUALS_REAP,
        posix::WAITID_NOWAIT_ECHILD_AFTER_REAP,
    ];

    /// a peek does not consume a stop: it repeats, and one wait still finds the stop
    stop(PID; NOHANG | UNTRACED | NOWAIT) in Calls::taking(Options::NOWAIT)
        => [posix::WAITID_NOWAIT_STOP, posix::STATUS_STOP_ONCE];

    /// a peek does not consume a continue: it repeats, and one wait still finds the continue
    continued(PID; NOHANG | CONTINUED | NOWAIT) in Calls::taking(Options::NOWAIT)
        => [posix::WAITID_NOWAIT_CONTINUE, posix::STATUS_CONTINUE_ONCE];

    /// peeks at any child show a terminated one, and the reaps then find each once
    any_child(ANY; NOWAIT) in Calls::taking(Options::NOWAIT) => [
        posix::WAITID_NOWAIT_EXIT,
        posix::WAITID_NOWAIT_ANY_ORDER,
        posix::WAITID_NOWAIT_ECHILD_AFTER_REAP,
    ];

    /// a peek blocks until there is an event, and returns 0 at once with WNOHANG
    blocks(PID; NOHANG | NOWAIT) in Calls::taking(Options::NOWAIT) => [posix::WAITID_NOWAIT_BLOCKS];

    /// a child that waitid peeked at can be reaped by every other call, with the same status
    other_call_reaps(ANY) in Calls::WITH_STATUS
        => [posix::WAITID_NOWAIT_OTHER_CALL, posix::WAITID_NOWAIT_PEEK_EQUALS_REAP];

    /// a stop and a continue that waitid peeked at can be consumed by every other call
    other_call_consumes_stop(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_STATUS.and(Calls::WITH_OPTIONS)
        => [posix::WAITID_NOWAIT_OTHER_CALL, posix::WAITID_NOWAIT_STOP, posix::WAITID_NOWAIT_CONTINUE];

    /// a stop and a continue that a call has reported are not reported again by waitid
    consumed_by_other_call(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_STATUS.and(Calls::WITH_OPTIONS)
        => [posix::STATUS_CONSUMED_ONCE];

    /// a peek adds nothing to RUSAGE_CHILDREN; the reap does
    rusage_children(PID; NOWAIT) in Calls::taking(Options::NOWAIT), needs Needs::NOTHING.burning()
        => [posix::RUSAGE_CHILDREN_NOT_ON_PEEK];
}

/// The number of peeks: a faulty one may lose the event at the second, or only at the third.
const PEEKS: usize = 3;

/// The full contents of a report.
fn report(seen: &Seen) -> String {
    format!("{:?} {:?}", seen.status(), seen.info())
}

/// Peeks several times, and checks against `clause` that every peek reports that change and all are equal. Returns the report.
fn peeks(
    t: &mut Trial,
    clause: &'static Clause,
    child: &Child,
    options: Options,
    change: Change,
) -> Result<String, Abort> {
    let mut first: Option<String> = None;
    for peek in 0..PEEKS {
        // WNOHANG must make no difference.
        let nohang = if peek % 2 == 1 { Options::NOHANG } else { Options::NONE };
        let seen = t.wait(Target::Child(child), options | Options::NOWAIT | nohang)?;
        t.expect(clause).reports(&seen, child, change)?;
        let report = report(&seen);
        t.expect(clause).equal("peek", &report, first.as_ref().unwrap_or(&report))?;
        first = Some(report);
    }
    Ok(first.unwrap_or_default())
}

/// A peek returns as many bytes of an exit value as the call that reaps.
fn all_bytes(t: &mut Trial) -> Outcome {
    const VALUE: i32 = 0x5a5a_5a5a;
    let clause = &posix::WAITID_NOWAIT_PEEK_EQUALS_REAP;
    let child = t.spawn(Scenario::exits(VALUE))?;
    t.await_zombie(&child)?;
    let peek = t.wait(Target::Child(&child), Options::NOWAIT)?;
    t.expect(clause).reports_child(&peek, &child)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reports_child(&seen, &child)?;
    match (peek.fields().status, seen.fields().status) {
        (Some(peeked), Some(reaped)) => t.expect(clause).exit_value(reaped, peeked as i32),
        _ => t.expect(clause).not_observed("the subject does not show it"),
    }
}

fn exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let peeked = peeks(t, &posix::WAITID_NOWAIT_EXIT, &child, Options::NONE, Change::Exited(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::WAITID_NOWAIT_PEEK_EQUALS_REAP).reaped(&seen, &child, Change::Exited(7))?;
    t.expect(&posix::WAITID_NOWAIT_PEEK_EQUALS_REAP).equal("reap", &report(&seen), &peeked)?;
    all_bytes(t)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::WAITID_NOWAIT_ECHILD_AFTER_REAP).error(&seen, Errno::CHILD)
}

fn killed(t: &mut Trial) -> Outcome {
    let death = Change::Killed(Signal::TERM, false);
    let child = t.spawn(Scenario::dies(Signal::TERM))?;
    t.await_zombie(&child)?;
    let peeked = peeks(t, &posix::WAITID_NOWAIT_EXIT, &child, Options::NONE, death)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::WAITID_NOWAIT_PEEK_EQUALS_REAP).reaped(&seen, &child, death)?;
    t.expect(&posix::WAITID_NOWAIT_PEEK_EQUALS_REAP).equal("reap", &report(&seen), &peeked)?;
    let seen = t.wait(Target::Child(&child), Options::NOHANG | Options::NOWAIT)?;
    t.expect(&posix::WAITID_NOWAIT_ECHILD_AFTER_REAP).error(&seen, Errno::CHILD)
}

fn stop(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let stopped = Change::Stopped(Signal::STOP);
    let peeked = peeks(t, &posix::WAITID_NOWAIT_STOP, &child, Options::UNTRACED, stopped)?;
    let seen = t.wait(Target::Child(&child), Options::UNTRACED)?;
    t.expect(&posix::WAITID_NOWAIT_STOP).reports(&seen, &child, stopped)?;
    t.expect(&posix::WAITID_NOWAIT_STOP).equal("wait", &report(&seen), &peeked)?;
    let seen = t.wait(Target::Child(&child), Options::UNTRACED | Options::NOHANG)?;
    t.expect(&posix::STATUS_STOP_ONCE).nothing_ready(&seen)?;
    let seen = t.wait(Target::Child(&child), Options::UNTRACED | Options::NOHANG | Options::NOWAIT)?;
    t.expect(&posix::STATUS_STOP_ONCE).nothing_ready(&seen)
}

fn continued(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    t.signal(&child, Signal::CONT)?;
    let peeked = peeks(t, &posix::WAITID_NOWAIT_CONTINUE, &child, Options::CONTINUED, Change::Continued)?;
    let seen = t.wait(Target::Child(&child), Options::CONTINUED)?;
    t.expect(&posix::WAITID_NOWAIT_CONTINUE).reports(&seen, &child, Change::Continued)?;
    t.expect(&posix::WAITID_NOWAIT_CONTINUE).equal("wait", &report(&seen), &peeked)?;
    let seen = t.wait(Target::Child(&child), Options::CONTINUED | Options::NOHANG)?;
    t.expect(&posix::STATUS_CONTINUE_ONCE).nothing_ready(&seen)?;
    let seen = t.wait(Target::Child(&child), Options::CONTINUED | Options::NOHANG | Options::NOWAIT)?;
    t.expect(&posix::STATUS_CONTINUE_ONCE).nothing_ready(&seen)
}

fn any_child(t: &mut Trial) -> Outcome {
    let one = t.spawn(Scenario::exits(7))?;
    let two = t.spawn(Scenario::exits(9))?;
    t.await_zombie(&one)?;
    t.await_zombie(&two)?;
    let which = |seen: &Seen| match seen.change() {
        Some(Change::Exited(7)) => "first",
        Some(Change::Exited(9)) => "second",
        _ => "neither",
    };
    let mut order = Vec::new();
    for _ in 0..PEEKS {
        let seen = t.wait(Target::Any, Options::NOWAIT)?;
        t.expect(&posix::WAITID_NOWAIT_EXIT).returns(&seen)?;
        if seen.shown_change() == Shows::Kind(SiCode::Exited) {
            return t.expect(&posix::WAITID_NOWAIT_EXIT).not_observed("the subject shows only the si_code");
        }
        t.expect(&posix::WAITID_NOWAIT_EXIT).that(
            which(&seen) != "neither",
            "one of the two children",
            seen.outcome(),
        )?;
        order.push(which(&seen));
    }
    let reaped = t.wait(Target::Any, Options::NONE)?;
    let (left, change) = match which(&reaped) {
        "first" => {
            t.expect(&posix::WAITID_NOWAIT_ECHILD_AFTER_REAP).reaped(&reaped, &one, Change::Exited(7))?;
            (&two, Change::Exited(9))
        }
        _ => {
            t.expect(&posix::WAITID_NOWAIT_ECHILD_AFTER_REAP).reaped(&reaped, &two, Change::Exited(9))?;
            (&one, Change::Exited(7))
        }
    };
    let peeked = format!("{}; reaped: {}", order.join(", "), which(&reaped));
    t.expect(&posix::WAITID_NOWAIT_ANY_ORDER).records("peeks at two zombies", peeked)?;
    let seen = t.wait(Target::Any, Options::NOWAIT)?;
    t.expect(&posix::WAITID_NOWAIT_EXIT).reports(&seen, left, change)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::WAITID_NOWAIT_ECHILD_AFTER_REAP).reaped(&seen, left, change)?;
    let seen = t.wait(Target::Any, Options::NOWAIT)?;
    t.expect(&posix::WAITID_NOWAIT_ECHILD_AFTER_REAP).error(&seen, Errno::CHILD)
}

fn blocks(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let seen = t.wait(Target::Child(&child), Options::NOWAIT | Options::NOHANG)?;
    t.expect(&posix::WAITID_NOWAIT_BLOCKS).nothing_ready(&seen)?;
    let pending = t.begin(Target::Child(&child), Options::NOWAIT)?;
    t.expect(&posix::WAITID_NOWAIT_BLOCKS).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITID_NOWAIT_BLOCKS).reports(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::WAITID_NOWAIT_BLOCKS).reaped(&seen, &child, Change::Exited(7))
}

fn other_call_reaps(t: &mut Trial) -> Outcome {
    let deaths = [
        (Scenario::exits(7), Change::Exited(7)),
        (Scenario::dies(Signal::TERM), Change::Killed(Signal::TERM, false)),
    ];
    for (scenario, change) in deaths {
        let child = t.spawn(scenario)?;
        t.await_zombie(&child)?;
        let seen = t.wait_by(Call::Waitid, Target::Child(&child), Options::NOWAIT)?;
        t.expect(&posix::WAITID_NOWAIT_OTHER_CALL).reports(&seen, &child, change)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::WAITID_NOWAIT_OTHER_CALL)
            .and(&posix::WAITID_NOWAIT_PEEK_EQUALS_REAP)
            .reaped(&seen, &child, change)?;
        let seen = t.wait_by(Call::Waitid, Target::Child(&child), Options::NOWAIT)?;
        t.expect(&posix::WAITID_NOWAIT_OTHER_CALL).error(&seen, Errno::CHILD)?;
    }
    Ok(())
}

fn other_call_consumes_stop(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let stopped = Change::Stopped(Signal::STOP);
    let seen = t.wait_by(Call::Waitid, Target::Child(&child), Options::UNTRACED | Options::NOWAIT)?;
    t.expect(&posix::WAITID_NOWAIT_STOP).reports(&seen, &child, stopped)?;
    let seen = t.wait(Target::Any, Options::UNTRACED | Options::NOHANG)?;
    t.expect(&posix::WAITID_NOWAIT_OTHER_CALL).reports(&seen, &child, stopped)?;
    let seen = t.wait_by(
        Call::Waitid,
        Target::Child(&child),
        Options::UNTRACED | Options::NOWAIT | Options::NOHANG,
    )?;
    t.expect(&posix::WAITID_NOWAIT_OTHER_CALL).nothing_ready(&seen)?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait_by(Call::Waitid, Target::Child(&child), Options::CONTINUED | Options::NOWAIT)?;
    t.expect(&posix::WAITID_NOWAIT_CONTINUE).reports(&seen, &child, Change::Continued)?;
    let seen = t.wait(Target::Any, Options::CONTINUED | Options::NOHANG)?;
    t.expect(&posix::WAITID_NOWAIT_OTHER_CALL).reports(&seen, &child, Change::Continued)?;
    let seen = t.wait_by(
        Call::Waitid,
        Target::Child(&child),
        Options::CONTINUED | Options::NOWAIT | Options::NOHANG,
    )?;
    t.expect(&posix::WAITID_NOWAIT_OTHER_CALL).nothing_ready(&seen)
}

fn consumed_by_other_call(t: &mut Trial) -> Outcome {
    let clause = &posix::STATUS_CONSUMED_ONCE;
    let child = t.spawn(Scenario::held())?;
    for (signal, options, change) in [
        (Signal::STOP, Options::UNTRACED, Change::Stopped(Signal::STOP)),
        (Signal::CONT, Options::CONTINUED, Change::Continued),
        (Signal::STOP, Options::UNTRACED, Change::Stopped(Signal::STOP)),
    ] {
        t.signal(&child, signal)?;
        if signal == Signal::STOP {
            t.await_stopped(&child)?;
        }
        let seen = t.wait(Target::Any, options | Options::NOHANG)?;
        t.expect(clause).reports(&seen, &child, change)?;
        let seen = t.wait_by(Call::Waitid, Target::Child(&child), options | Options::NOHANG)?;
        t.expect(clause).nothing_ready(&seen)?;
    }
    Ok(())
}

/// The CPU time in RUSAGE_CHILDREN, in microseconds.
fn cpu_of_children(t: &mut Trial) -> Result<Option<i64>, Abort> {
    let usage = t.usage_of_children()?;
    Ok(usage.cpu_us())
}

fn rusage_children(t: &mut Trial) -> Outcome {
    let before = cpu_of_children(t)?.unwrap_or(0);
    let child = t.spawn(Scenario::of([Step::BurnUser { us: 10_000 }, Step::exit(7).reported()]))?;
    t.await_zombie(&child)?;
    let (own, _) = t.last_usage(&child)?;
    let own = own.cpu_us().unwrap_or(0);
    for _ in 0..PEEKS {
        let seen = t.wait(Target::Child(&child), Options::NOWAIT)?;
        t.expect(&posix::RUSAGE_CHILDREN_NOT_ON_PEEK).reports(&seen, &child, Change::Exited(7))?;
        let peeked = cpu_of_children(t)?;
        t.expect(&posix::RUSAGE_CHILDREN_NOT_ON_PEEK).within(
            "CPU time of the children after a peek (us)",
            peeked,
            before,
            before,
        )?;
    }
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::RUSAGE_CHILDREN_NOT_ON_PEEK).reaped(&seen, &child, Change::Exited(7))?;
    let reaped = cpu_of_children(t)?.map(|reaped| reaped - before);
    t.expect(&posix::RUSAGE_CHILDREN_NOT_ON_PEEK).within(
        "CPU time of the children after the reap (us)",
        reaped,
        own,
        i64::MAX,
    )
}
