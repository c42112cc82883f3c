//! Threads that wait for different things: each gets what it waits for, whichever started first.

use crate::scenario::{Scenario, Step};
use crate::spec::cited::Cited;
use crate::spec::{linux, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{Calls, Change, Child, Errno, Needs, Options, Outcome, Target, Trial};
use crate::wait::Signal;

cases! { "each-waiter";

    /// of two threads that each wait for one child, the one whose child exits returns, whichever started first
    own_child(PID) in Calls::WITH_TARGET.few(), needs Needs::THREADS => [posix::WAIT_EACH_WAITER];

    /// of six threads that each wait for one child, the one whose child exits returns, and the others sleep on
    six(PID) in Calls::WITH_TARGET.few(), needs Needs::THREADS => [posix::WAIT_EACH_WAITER];

    /// a stop wakes the thread that asks for stops but not the other one, whichever started first
    own_event(PID; UNTRACED) in Calls::WITH_TARGET.few(), needs Needs::THREADS => [posix::WAIT_EACH_WAITER];

    /// of two threads that wait for a group, one reaps its last child, and the other fails with ECHILD
    of_a_group(GROUP; UNTRACED | CONTINUED) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP];

    /// of two threads that wait through a pidfd, one reaps its child, and the other fails with ECHILD
    of_a_pidfd(PIDFD; UNTRACED | CONTINUED) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [linux::PIDFD_AFTER_REAP_ECHILD];
}

fn own_child(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_EACH_WAITER;
    for older_first in [false, true] {
        let (one, two) = (t.spawn(Scenario::held())?, t.spawn(Scenario::held())?);
        let older = t.begin_on(1, Target::Child(&one), Options::NONE)?;
        t.expect(clause).blocks(&older)?;
        let newer = t.begin_on(2, Target::Child(&two), Options::NONE)?;
        t.expect(clause).blocks(&newer)?;
        let ((child, first), (other, second)) =
            if older_first { ((one, older), (two, newer)) } else { ((two, newer), (one, older)) };
        t.tell(&child, Step::exit(7))?;
        let seen = t.finish(first)?;
        t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
        t.expect(clause).blocks(&second)?;
        t.tell(&other, Step::exit(8))?;
        let seen = t.finish(second)?;
        t.expect(clause).reaped(&seen, &other, Change::Exited(8))?;
    }
    Ok(())
}

fn six(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_EACH_WAITER;
    let mut sleepers = Vec::new();
    for thread in 1..=6 {
        let child = t.spawn(Scenario::held())?;
        let pending = t.begin_on(thread, Target::Child(&child), Options::NONE)?;
        t.expect(clause).blocks(&pending)?;
        sleepers.push((child, pending));
    }
    // From both ends and from the middle.
    for (at, code) in [5, 0, 2, 1, 1, 0].into_iter().zip(1..) {
        let (child, pending) = sleepers.remove(at);
        t.tell(&child, Step::exit(code))?;
        let seen = t.finish(pending)?;
        t.expect(clause).reaped(&seen, &child, Change::Exited(code))?;
        for (_, pending) in &sleepers {
            t.expect(clause).blocks(pending)?;
        }
    }
    Ok(())
}

fn own_event(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_EACH_WAITER;
    for order in [[Options::NONE, Options::UNTRACED], [Options::UNTRACED, Options::NONE]] {
        let child = t.spawn(Scenario::held())?;
        let mut waits = Vec::new();
        for (thread, options) in (1..).zip(order) {
            let pending = t.begin_on(thread, Target::Child(&child), options)?;
            t.expect(clause).blocks(&pending)?;
            waits.push(pending);
        }
        let for_stops = waits.remove(usize::from(order[1] == Options::UNTRACED));
        let for_exits = waits.remove(0);
        t.signal(&child, Signal::STOP)?;
        let seen = t.finish(for_stops)?;
        t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
        t.expect(clause).blocks(&for_exits)?;
        t.signal(&child, Signal::CONT)?;
        t.tell(&child, Step::exit(7))?;
        let seen = t.finish(for_exits)?;
        t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    }
    Ok(())
}

/// Two threads sleep for one child: one gets it, and then nothing is left for the other.
fn one_loses(
    t: &mut Trial,
    clause: impl Into<Cited> + Copy,
    target: Target<'_>,
    options: Options,
    child: &Child,
) -> Outcome {
    let first = t.begin_on(1, target, options)?;
    t.expect(clause).blocks(&first)?;
    let second = t.begin_on(2, target, options)?;
    t.expect(clause).blocks(&second)?;
    t.tell(child, Step::exit(7))?;
    let (first, second) = (t.finish(first)?, t.finish(second)?);
    let loser = if first.is_report() { second } else { first };
    t.expect(clause).error(&loser, Errno::CHILD)
}

/// Whether they ask for stops and continues, too, makes no difference.
const EACH: [Options; 2] = [Options::NONE, Options::UNTRACED.with(Options::CONTINUED)];

fn of_a_group(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP;
    t.spawn(Scenario::held())?;
    for options in EACH {
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, Step::Setpgid { pgid: 0 })?;
        one_loses(t, clause, Target::Group(&child), options, &child)?;
    }
    Ok(())
}

fn of_a_pidfd(t: &mut Trial) -> Outcome {
    t.spawn(Scenario::held())?;
    for options in EACH {
        let child = t.spawn(Scenario::held())?;
        let fd = t.pidfd_open(&child, false)?;
        one_loses(t, &linux::PIDFD_AFTER_REAP_ECHILD, Target::Pidfd(fd), options, &child)?;
    }
    Ok(())
}
