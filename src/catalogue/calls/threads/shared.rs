//! What the threads of a parent share besides the exits of children: stops, RUSAGE_CHILDREN, SIGCHLD; and what they do not.

use crate::catalogue::calls::rusage::children::{FAULTS, faults_credited};
use crate::scenario::{Scenario, Step};
use crate::spec::{linux, pairs, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Call, Calls, Change, Child, Disposition, Errno, MaskChange, Need, Needs, Options, Outcome,
    Pending, SigactionFlags, Target, Trial,
};
use crate::wait::Signal;
use std::time::{Duration, Instant};

cases! { "threads-share";

    /// of two threads that wait for the stop of one child, one gets it, and the other keeps waiting
    stop(PID; UNTRACED) in Calls::WITH_TARGET.few(), needs Needs::THREADS => [posix::STATUS_CONSUMED_ONCE];

    /// of two threads that wait for the continue of one child, one gets it, and the other keeps waiting
    continued(PID; UNTRACED | CONTINUED) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [posix::STATUS_CONSUMED_ONCE, pairs::STOP_WAKES_WAITER];

    /// a child reaped by a thread other than the initial one is included in RUSAGE_CHILDREN
    usage(ANY) in Calls::ENTRIES, needs Needs::THREADS => [posix::RUSAGE_CHILDREN_ANY_THREAD];

    /// SIGCHLD is generated for a child even if the thread that created it has exited
    sigchld(ANY) in Calls::ENTRIES.few(), needs Needs::THREADS => [posix::SIGCHLD_TO_PROCESS];

    /// a SIGCHLD that the initial thread blocks is handled by another thread
    sigchld_on_a_thread(ANY) in Calls::ENTRIES.few(), needs Needs::THREADS => [posix::SIGCHLD_TO_PROCESS];

    /// with __WNOTHREAD, a live child and a zombie of another thread are not found by their group
    wnothread_by_group(GROUP; NOHANG | NOTHREAD) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [linux::THREADS_WNOTHREAD_SIBLING];

    /// nor through their pidfds
    wnothread_by_pidfd(PIDFD; NOHANG | NOTHREAD) in Calls::only(&[Call::Waitid]),
        needs Needs::of(&[Need::PidfdWaits, Need::Threads]) => [linux::THREADS_WNOTHREAD_SIBLING];

    /// with __WNOTHREAD, a live or stopped child of another thread does not match: ECHILD at once
    live_child_with_wnothread(ANY | PID; NOHANG | UNTRACED | NOTHREAD)
        in Calls::taking(Options::NOTHREAD).few(), needs Needs::THREADS => [linux::THREADS_WNOTHREAD_SIBLING];

    /// a wait that is asleep when another thread ignores SIGCHLD fails with ECHILD once the last child is gone
    sigchld_ignored_meanwhile(ANY) in Calls::ENTRIES.few(), needs Needs::THREADS
        => [posix::SIGCHLD_IGNORED_WHILE_ASLEEP];
}

/// Calls of two threads, of which one must return: that one, and the other.
fn first_to_return(t: &mut Trial, one: Pending, other: Pending) -> Result<(Pending, Pending), Abort> {
    let deadline = Instant::now() + t.scaled(Duration::from_secs(5));
    // Where neither returns, few lines tell that.
    let mut turns = 0;
    while Instant::now() < deadline {
        turns += 1;
        t.rest(turns);
        // Reads pending replies.
        t.signals()
            .map(drop)
            .or_else(|abort| if matches!(abort, Abort::Skip(_)) { Ok(()) } else { Err(abort) })?;
        if t.has_come(&other) {
            return Ok((other, one));
        }
        if t.has_come(&one) {
            break;
        }
    }
    Ok((one, other))
}

/// Which of two sleepers runs first is chance: one that gets what the other has got may come second.
const ROUNDS: usize = 6;

/// Two threads sleep for an event of a child, which the second signal causes, several times; each time only one of them gets it.
fn one_gets_it(t: &mut Trial, options: Options, signals: [Signal; 2], change: Change) -> Outcome {
    let clause = &posix::STATUS_CONSUMED_ONCE;
    let child = t.spawn(Scenario::held())?;
    let mut loser = None;
    let mut idle = 1;
    for _ in 0..ROUNDS {
        t.signal(&child, signals[0])?;
        if signals[0] == Signal::STOP {
            // On the initial thread: the stop is none of the sleepers'.
            let seen = t.wait(Target::Child(&child), Options::UNTRACED)?;
            t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
        }
        let other = match loser.take() {
            Some(pending) => pending,
            None => {
                idle = 2;
                t.begin_on(1, Target::Child(&child), options)?
            }
        };
        t.expect(clause).blocks(&other)?;
        let one = t.begin_on(idle, Target::Child(&child), options)?;
        t.expect(clause).blocks(&one)?;
        t.signal(&child, signals[1])?;
        let (winner, still) = first_to_return(t, one, other)?;
        idle = winner.request.thread;
        let seen = t.finish(winner)?;
        if change == Change::Continued && seen.is_hung() {
            // A system whose continues wake nobody is known for that.
            t.expect(&pairs::STOP_WAKES_WAITER).reports(&seen, &child, change)?;
        }
        t.expect(clause).reports(&seen, &child, change)?;
        t.expect(clause).blocks(&still)?;
        loser = Some(still);
    }
    let Some(loser) = loser else { return Ok(()) };
    t.signal(&child, Signal::CONT)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(loser)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn stop(t: &mut Trial) -> Outcome {
    let signals = [Signal::CONT, Signal::STOP];
    one_gets_it(t, Options::UNTRACED, signals, Change::Stopped(Signal::STOP))
}

fn continued(t: &mut Trial) -> Outcome {
    one_gets_it(t, Options::CONTINUED, [Signal::STOP, Signal::CONT], Change::Continued)
}

fn usage(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_ANY_THREAD;
    let before = t.usage_of_children()?;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::MinorFaults { count: FAULTS })?;
    let (own, _) = t.usage_so_far(&child)?;
    let pending = t.begin_on(1, Target::Any, Options::NONE)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    faults_credited(t, clause, &before, &own)
}

fn sigchld(t: &mut Trial) -> Outcome {
    let clause = &posix::SIGCHLD_TO_PROCESS;
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::RESTART)?;
    let child = t.spawn_on(1, Scenario::held())?;
    t.exit_thread(1)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    let count = t.await_signals(1)?.count;
    t.expect(clause).equal("SIGCHLDs", &count, &1)
}

fn sigchld_on_a_thread(t: &mut Trial) -> Outcome {
    let clause = &posix::SIGCHLD_TO_PROCESS;
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::RESTART)?;
    t.agent_ids(1)?;
    t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let count = t.await_signals(1)?.count;
    t.expect(clause).equal("SIGCHLDs", &count, &1)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))
}

fn live_child_with_wnothread(t: &mut Trial) -> Outcome {
    let clause = &linux::THREADS_WNOTHREAD_SIBLING;
    let child = t.spawn_on(1, Scenario::held())?;
    for stopped in [false, true] {
        if stopped {
            t.signal(&child, Signal::STOP)?;
            t.await_stopped(&child)?;
        }
        for target in [Target::Any, Target::Child(&child)] {
            for options in [Options::NOHANG, Options::NOHANG | Options::UNTRACED, Options::NONE] {
                let seen = t.wait(target, options | Options::NOTHREAD)?;
                t.expect(clause).error(&seen, Errno::CHILD)?;
            }
        }
    }
    // The stop is still there for the thread it belongs to.
    let seen = t.wait(Target::Child(&child), Options::NOHANG | Options::UNTRACED)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))
}

/// A child of another thread is not found in that way, alive and as a zombie.
fn not_found(t: &mut Trial, child: &Child, target: Target<'_>) -> Outcome {
    let clause = &linux::THREADS_WNOTHREAD_SIBLING;
    let seen = t.wait(target, Options::NOTHREAD | Options::NOHANG)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    t.tell(child, Step::exit(7))?;
    t.await_zombie(child)?;
    let seen = t.wait(target, Options::NOTHREAD)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}

fn wnothread_by_group(t: &mut Trial) -> Outcome {
    let child = t.spawn_on(1, Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    not_found(t, &child, Target::Group(&child))
}

fn wnothread_by_pidfd(t: &mut Trial) -> Outcome {
    let child = t.spawn_on(1, Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    not_found(t, &child, Target::Pidfd(fd))
}

fn sigchld_ignored_meanwhile(t: &mut Trial) -> Outcome {
    let clause = &posix::SIGCHLD_IGNORED_WHILE_ASLEEP;
    let child = t.spawn(Scenario::held())?;
    // The initial thread reads the requests, so another one does the waiting.
    let pending = t.begin_on(1, Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}
