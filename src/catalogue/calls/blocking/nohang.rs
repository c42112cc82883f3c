//! `WNOHANG` never blocks.

use crate::scenario::{Scenario, Step};
use crate::spec::{linux, pairs, posix};
use crate::trial::cases;
use crate::trial::{Calls, Change, Errno, Options, Outcome, Target, Trial};
use crate::wait::Signal;
use std::time::{Duration, Instant};

cases! { "nohang";

    /// WNOHANG returns 0 and writes nothing while the only child is running
    running_child(ANY; NOHANG) in Calls::taking(Options::NOHANG)
        => [pairs::NOHANG_ZERO, pairs::NOHANG_REPORTS_READY, linux::WAIT4_NOHANG_WRITES_NOTHING];

    /// repeated polls return 0 and leave the status untouched; then the exit is reported once
    many_polls(ANY; NOHANG) in Calls::WITH_STATUS.and(Calls::WITH_OPTIONS) => [
        posix::WAITPID_NOHANG_ZERO,
        posix::WAITPID_NOHANG_STATUS_UNTOUCHED,
        posix::WAITPID_NOHANG_REPORTS_READY,
        posix::WAITPID_NOHANG_ECHILD,
    ];

    /// of three children, WNOHANG reports the two that have exited, once each, then returns 0
    each_once(ANY; NOHANG) in Calls::taking(Options::NOHANG)
        => [pairs::NOHANG_ZERO, pairs::NOHANG_REPORTS_READY, pairs::NOHANG_ECHILD];

    /// another child's zombie neither satisfies, hides nor delays a WNOHANG wait for one pid
    with_unrelated_zombie(PID; NOHANG) in Calls::WITH_TARGET
        => [pairs::NOHANG_WITH_UNRELATED_ZOMBIE, pairs::NOHANG_REPORTS_READY];

    /// WNOHANG without WUNTRACED returns 0 for a stopped child
    stopped_child(ANY; NOHANG) in Calls::taking(Options::NOHANG) => [pairs::STOP_NEEDS_WUNTRACED];

    /// WNOHANG without children fails with ECHILD and writes nothing
    no_children(ANY; NOHANG) in Calls::taking(Options::NOHANG)
        => [pairs::NOHANG_ECHILD, linux::WAIT_ERROR_WRITES_NOTHING];

    /// WNOHANG with every event requested reports stop, continue and exit as each becomes available
    with_every_event(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::NOHANG)
        => [pairs::OPTIONS_COMBINE];
}

fn running_child(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::NOHANG_ZERO).nothing_ready(&seen)?;
    if Calls::WITH_STATUS.has(t.call()) {
        t.expect(&linux::WAIT4_NOHANG_WRITES_NOTHING).untouched(&seen)?;
    }
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::NOHANG_REPORTS_READY).reaped(&seen, &child, Change::Exited(7))
}

fn many_polls(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let mut fastest = Duration::MAX;
    for polls in 1..=100 {
        let began = Instant::now();
        let seen = t.wait(Target::Any, Options::NOHANG)?;
        fastest = fastest.min(began.elapsed());
        t.expect(&posix::WAITPID_NOHANG_ZERO).nothing_ready(&seen)?;
        t.expect(&posix::WAITPID_NOHANG_STATUS_UNTOUCHED).untouched(&seen)?;
        if polls == 30 {
            // A call that sleeps before it polls is never fast. Load on the machine does not delay every one of 30 calls.
            let ms = i64::try_from(fastest.as_millis()).unwrap_or(i64::MAX);
            t.expect(&posix::WAITPID_NOHANG_ZERO).within("time of the fastest call (ms)", Some(ms), 0, 49)?;
        }
    }
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&posix::WAITPID_NOHANG_REPORTS_READY).reports(&seen, &child, Change::Exited(7))?;
    for _ in 0..3 {
        let seen = t.wait(Target::Any, Options::NOHANG)?;
        t.expect(&posix::WAITPID_NOHANG_ECHILD).error(&seen, Errno::CHILD)?;
    }
    Ok(())
}

fn each_once(t: &mut Trial) -> Outcome {
    let oldest = t.spawn(Scenario::held())?;
    let first = t.spawn(Scenario::exits(11))?;
    let second = t.spawn(Scenario::exits(12))?;
    let last = t.spawn(Scenario::held())?;
    t.await_zombie(&first)?;
    t.await_zombie(&second)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    // Either may be reported first; the other must follow.
    let (one, other) = match seen.change() {
        Some(Change::Exited(12)) => ((&second, 12), (&first, 11)),
        _ => ((&first, 11), (&second, 12)),
    };
    t.expect(&pairs::NOHANG_REPORTS_READY).reaped(&seen, one.0, Change::Exited(one.1))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::NOHANG_REPORTS_READY).reaped(&seen, other.0, Change::Exited(other.1))?;
    // A search that continues where the last one ended must start over.
    t.tell(&oldest, Step::exit(10))?;
    t.await_zombie(&oldest)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::NOHANG_REPORTS_READY).reaped(&seen, &oldest, Change::Exited(10))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::NOHANG_ZERO).nothing_ready(&seen)?;
    t.tell(&last, Step::exit(13))?;
    t.await_zombie(&last)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::NOHANG_REPORTS_READY).reaped(&seen, &last, Change::Exited(13))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::NOHANG_ECHILD).error(&seen, Errno::CHILD)
}

fn with_unrelated_zombie(t: &mut Trial) -> Outcome {
    let zombie = t.spawn(Scenario::exits(11))?;
    let live = t.spawn(Scenario::held())?;
    t.await_zombie(&zombie)?;
    for _ in 0..3 {
        let seen = t.wait(Target::Child(&live), Options::NOHANG)?;
        t.expect(&pairs::NOHANG_WITH_UNRELATED_ZOMBIE).nothing_ready(&seen)?;
    }
    t.tell(&live, Step::exit(12))?;
    t.await_zombie(&live)?;
    let seen = t.wait(Target::Child(&live), Options::NOHANG)?;
    t.expect(&pairs::NOHANG_REPORTS_READY).reaped(&seen, &live, Change::Exited(12))?;
    let seen = t.wait(Target::Child(&zombie), Options::NOHANG)?;
    t.expect(&pairs::NOHANG_REPORTS_READY).reaped(&seen, &zombie, Change::Exited(11))
}

fn stopped_child(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    for _ in 0..3 {
        let seen = t.wait(Target::Any, Options::NOHANG)?;
        t.expect(&pairs::STOP_NEEDS_WUNTRACED).nothing_ready(&seen)?;
    }
    Ok(())
}

fn no_children(t: &mut Trial) -> Outcome {
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&pairs::NOHANG_ECHILD).error(&seen, Errno::CHILD)?;
    if Calls::WITH_STATUS.has(t.call()) {
        t.expect(&linux::WAIT_ERROR_WRITES_NOTHING).untouched(&seen)?;
    }
    Ok(())
}

fn with_every_event(t: &mut Trial) -> Outcome {
    const EVERY: Options = Options::NOHANG.with(Options::UNTRACED).with(Options::CONTINUED);
    let child = t.spawn(Scenario::held())?;
    let seen = t.wait(Target::Any, EVERY)?;
    t.expect(&pairs::OPTIONS_COMBINE).nothing_ready(&seen)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Any, EVERY)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&pairs::OPTIONS_COMBINE).reports(&seen, &child, stopped)?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Any, EVERY)?;
    let continued = Change::Continued;
    t.expect(&pairs::OPTIONS_COMBINE).reports(&seen, &child, continued)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, EVERY)?;
    t.expect(&pairs::OPTIONS_COMBINE).reaped(&seen, &child, Change::Exited(7))
}
