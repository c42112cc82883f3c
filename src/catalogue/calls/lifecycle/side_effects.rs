//! What a wait must leave alone: the signals and descriptors of its caller, and a child that it does not reap.

use crate::catalogue::calls::sigchld::pending::is_pending;
use crate::protocol::warden::ProcessState;
use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, pairs, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Calls, Change, Child, Disposition, Errno, MaskChange, Needs, Options, Outcome, Seen,
    SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "side-effects";

    /// whatever a call returns, asleep or not, blocked signals stay blocked, other pending ones pending, and actions set
    signals(PID; NOHANG | UNTRACED) in Calls::WITH_TARGET.few() => [posix::WAIT_LEAVES_CALLER];

    /// calls of every kind leave no descriptor open
    descriptors(PID; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_TARGET.few() => [posix::WAIT_LEAVES_CALLER];

    /// calls of every kind leave timers, blocked signals, floating-point modes, ids, limits, cancelability and the alternate signal stack as they were, and errno not 0
    caller_state(PID; NOHANG | UNTRACED) in Calls::WITH_TARGET
        => [posix::WAIT_LEAVES_CALLER, posix::ERRNO_NEVER_ZERO, pairs::EINTR];

    /// so they do on a thread other than the first
    thread_state(PID; NOHANG | UNTRACED) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [posix::WAIT_LEAVES_CALLER, posix::ERRNO_NEVER_ZERO];

    /// a child whose stop is reported or peeked at, or that WNOHANG passes over, stays stopped
    stopped_child(PID; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET.few()
        => [posix::WAIT_LEAVES_CHILD];

    /// reaping a child does nothing to others of its group, nor to its own children
    group_of_the_reaped(PID; NOHANG) in Calls::WITH_TARGET.few() => [posix::WAIT_LEAVES_CHILD];
}

/// One call of every outcome: 0, an error, a report of a stop, a child that ends while it sleeps, and a zombie.
fn every_outcome(
    t: &mut Trial,
    clause: &'static Clause,
    after_each: impl Fn(&mut Trial) -> Outcome,
) -> Outcome {
    every_outcome_on(t, 0, clause, after_each)
}

/// The same, on a thread of the agent.
fn every_outcome_on(
    t: &mut Trial,
    thread: u32,
    clause: &'static Clause,
    after_each: impl Fn(&mut Trial) -> Outcome,
) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let seen = wait_on(t, thread, Target::Child(&child), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    after_each(t)?;
    let own = t.agent_pid();
    let seen = wait_on(t, thread, Target::Pid(own), Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    after_each(t)?;
    t.signal(&child, Signal::STOP)?;
    let seen = wait_on(t, thread, Target::Child(&child), Options::UNTRACED)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    after_each(t)?;
    t.signal(&child, Signal::CONT)?;
    let pending = t.begin_on(thread, Target::Child(&child), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    after_each(t)?;
    let child = t.spawn(Scenario::exits(9))?;
    t.await_zombie(&child)?;
    let seen = wait_on(t, thread, Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(9))?;
    after_each(t)
}

/// A call on that thread.
fn wait_on(t: &mut Trial, thread: u32, target: Target<'_>, options: Options) -> Result<Seen, Abort> {
    let mut request = t.ask(target, options);
    request.thread = thread;
    t.perform(request)
}

fn signals(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_LEAVES_CALLER;
    for signal in [Signal::CHLD, Signal::USR1] {
        t.sigaction(signal, Disposition::Count, SigactionFlags::RESTART)?;
        t.sigprocmask(MaskChange::Block, signal)?;
    }
    t.signal_agent(Signal::USR1)?;
    every_outcome(t, clause, |t| {
        is_pending(t, clause, Signal::USR1)?;
        let count = t.signals()?.count;
        t.expect(clause).equal("signals delivered though blocked:", &count, &0)
    })?;
    // Unblocked, both arrive: the actions are those that were set.
    for signal in [Signal::USR1, Signal::CHLD] {
        t.sigprocmask(MaskChange::Unblock, signal)?;
    }
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    // A wait may have cleared the first SIGCHLD.
    let count = t.await_signals(2)?.count;
    t.expect(clause).within("signals handled once unblocked", Some(count), 2, 3)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

/// The lowest descriptor that is free.
fn lowest_free(t: &mut Trial) -> Result<i64, Abort> {
    let fd = t.open_file("/dev/null")?;
    t.close_fd(fd)?;
    Ok(fd)
}

fn descriptors(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_LEAVES_CALLER;
    // What the agent opens once, at its first call, is no leak.
    every_outcome(t, clause, |_| Ok(()))?;
    let before = lowest_free(t)?;
    every_outcome(t, clause, |_| Ok(()))?;
    let after = lowest_free(t)?;
    t.expect(clause).equal("lowest free descriptor", &after, &before)
}

/// A call that a handler interrupts, on the first thread: the one that handles a signal of the process.
fn interrupted(t: &mut Trial, after: impl Fn(&mut Trial) -> Outcome) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Child(&child), Options::NONE)?;
    t.expect(&pairs::EINTR).blocks(&pending)?;
    t.signal_agent(Signal::USR2)?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::EINTR).error(&seen, Errno::INTR)?;
    after(t)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&pairs::EINTR).reaped(&seen, &child, Change::Exited(7))
}

/// That state of the agent and of that thread after each call is what it was.
fn leaves_state(t: &mut Trial, thread: u32) -> Outcome {
    let clause = &posix::WAIT_LEAVES_CALLER;
    t.sigaction(Signal::USR2, Disposition::Count, SigactionFlags::NONE)?;
    let before = t.caller_state(thread, true)?;
    let unchanged = |t: &mut Trial| {
        for (what, value) in t.caller_state(thread, false)? {
            if what == "zeroed_errno" {
                let clause = &posix::ERRNO_NEVER_ZERO;
                t.expect(clause).that(value == "no", "errno not set to 0", "errno set to 0")?;
            } else if let Some((_, expected)) = before.iter().find(|(key, _)| *key == what) {
                t.expect(clause).equal(&format!("the caller's {what}:"), &value, expected)?;
            }
        }
        Ok(())
    };
    if thread == 0 && !t.retries_eintr() {
        interrupted(t, unchanged)?;
    }
    every_outcome_on(t, thread, clause, unchanged)
}

fn caller_state(t: &mut Trial) -> Outcome {
    for signal in [Signal::CHLD, Signal::USR1] {
        t.sigprocmask(MaskChange::Block, signal)?;
    }
    leaves_state(t, 0)
}

fn thread_state(t: &mut Trial) -> Outcome {
    for signal in [Signal::CHLD, Signal::USR1] {
        t.sigprocmask_on(1, MaskChange::Block, signal)?;
    }
    leaves_state(t, 1)
}

/// The child is stopped, and nothing else is reported of it.
fn stays_stopped(t: &mut Trial, child: &Child) -> Outcome {
    let clause = &posix::WAIT_LEAVES_CHILD;
    let seen = t.wait(Target::Child(child), Options::CONTINUED | Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    let stopped = t.becomes(child, ProcessState::Stopped)?;
    t.expect(clause).that(stopped, "stopped", if stopped { "stopped" } else { "not stopped" })
}

fn stopped_child(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_LEAVES_CHILD;
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    stays_stopped(t, &child)?;
    let peeks = Calls::taking(Options::NOWAIT).has(t.call());
    for peek in peeks.then_some(Options::NOWAIT).into_iter().chain([Options::NONE]) {
        let seen = t.wait(Target::Child(&child), Options::UNTRACED | peek)?;
        t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
        stays_stopped(t, &child)?;
    }
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Child(&child), Options::CONTINUED)?;
    t.expect(clause).reports(&seen, &child, Change::Continued)?;
    t.tell(&child, Step::Getids)
}

fn group_of_the_reaped(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_LEAVES_CHILD;
    let (leader, member) = (t.spawn(Scenario::held())?, t.spawn(Scenario::held())?);
    t.tell(&leader, Step::Setpgid { pgid: 0 })?;
    let pgid = i32::try_from(leader.pid).map_err(|e| Abort::Broken(e.to_string()))?;
    t.tell(&member, Step::Setpgid { pgid })?;
    t.tell(&leader, Step::exit(7))?;
    let seen = t.wait(Target::Child(&leader), Options::NONE)?;
    t.expect(clause).reaped(&seen, &leader, Change::Exited(7))?;
    let seen = t.wait(Target::Child(&member), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&member, Step::exit(9))?;
    let seen = t.wait(Target::Child(&member), Options::NONE)?;
    t.expect(clause).reaped(&seen, &member, Change::Exited(9))
}
