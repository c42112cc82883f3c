//! Calls restarted by SA_RESTART, for every target and option.

use crate::catalogue::calls::rusage::bounds::at_least;
use crate::scenario::{Scenario, Step};
use crate::spec::cited::Cited;
use crate::spec::{linux, pairs, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{
    Abort, By, Calls, Change, CloneHow, Disposition, MaskChange, Need, Needs, Options, Outcome, Pending,
    Pointer, ProcessState, SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "restarted";

    /// a handler with SA_RESTART does not interrupt a wait for a group
    by_group(GROUP) in Calls::WITH_TARGET.few() => [pairs::RESTART];

    /// a handler with SA_RESTART does not interrupt a wait on a pidfd
    by_pidfd(PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS => [pairs::RESTART];

    /// a handler with SA_RESTART runs while the call sleeps, not once it has returned: for any child, by pid, for a group
    handler_meanwhile(ANY | PID | GROUP) in Calls::WITH_TARGET.few(), needs Needs::THREADS => [pairs::RESTART];

    /// so it does during a wait through a pidfd
    handler_meanwhile_by_pidfd(PIDFD) in Calls::only(&[Call::Waitid]),
        needs Needs::of(&[Need::PidfdWaits, Need::Threads]) => [pairs::RESTART];

    /// a restarted call still reports the stops and continues that it was asked for
    keeps_events(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [posix::WAIT_RESTART_SAME_CALL];

    /// a restarted call reports a stop or a continue that occurred while its process was stopped
    finds_event(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [posix::WAIT_RESTART_FINDS_EVENT];

    /// a restarted call fills in the status and the usage, and finds a clone child if it was asked for one
    keeps_arguments(ANY; ALL) in Calls::only(&[Call::Wait4, Call::Waitid]) => [linux::WAIT_RESTART_KEEPS_ARGUMENTS];

    /// a restarted wait for the caller's own group waits for the group that the caller is in
    own_group(GROUP) in Calls::PID_FAMILY.few() => [posix::WAIT_RESTART_SAME_CALL];

    /// a restarted peek still leaves the child waitable
    keeps_nowait(ANY; NOWAIT) in Calls::taking(Options::NOWAIT) => [posix::WAIT_RESTART_SAME_CALL];
}

/// Has a sleeping call interrupted and restarted twice.
fn restart(
    t: &mut Trial,
    target: Target<'_>,
    options: Options,
    clause: impl Into<Cited> + Copy,
) -> Result<Pending, Abort> {
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::RESTART)?;
    let pending = t.begin(target, options)?;
    t.expect(clause).blocks(&pending)?;
    for _ in 0..2 {
        t.signal_agent(Signal::USR1)?;
        t.expect(clause).blocks(&pending)?;
    }
    Ok(pending)
}

fn by_group(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    let pending = restart(t, Target::Group(&child), Options::NONE, &pairs::RESTART)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::RESTART).reaped(&seen, &child, Change::Exited(7))
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    let pending = restart(t, Target::Pidfd(fd), Options::NONE, &pairs::RESTART)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::RESTART).reaped(&seen, &child, Change::Exited(7))
}

/// Only a thread that sleeps in that wait takes the signal; its handler runs before the child changes.
fn handled_meanwhile(t: &mut Trial, target: Target<'_>) -> Result<Pending, Abort> {
    let clause = &pairs::RESTART;
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::RESTART)?;
    t.sigprocmask(MaskChange::Block, Signal::USR1)?;
    t.sigprocmask_on(1, MaskChange::Unblock, Signal::USR1)?;
    let pending = t.begin_on(1, target, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.signal_agent(Signal::USR1)?;
    let count = t.await_signals(1)?.count;
    t.expect(clause).equal("signals handled while the call sleeps:", &count, &1)?;
    t.expect(clause).blocks(&pending)?;
    Ok(pending)
}

fn handler_meanwhile(t: &mut Trial) -> Outcome {
    for way in 0..3 {
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, Step::Setpgid { pgid: 0 })?;
        let target = [Target::Any, Target::Child(&child), Target::Group(&child)][way];
        let pending = handled_meanwhile(t, target)?;
        t.tell(&child, Step::exit(7))?;
        let seen = t.finish(pending)?;
        t.expect(&pairs::RESTART).reaped(&seen, &child, Change::Exited(7))?;
    }
    Ok(())
}

fn handler_meanwhile_by_pidfd(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    let pending = handled_meanwhile(t, Target::Pidfd(fd))?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(&pairs::RESTART).reaped(&seen, &child, Change::Exited(7))
}

fn keeps_events(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_RESTART_SAME_CALL;
    let child = t.spawn(Scenario::held())?;
    for (options, signal, change) in [
        (Options::UNTRACED, Signal::STOP, Change::Stopped(Signal::STOP)),
        (Options::CONTINUED, Signal::CONT, Change::Continued),
    ] {
        let pending = restart(t, Target::Any, options, clause)?;
        t.signal(&child, signal)?;
        let seen = t.finish(pending)?;
        t.expect(clause).reports(&seen, &child, change)?;
    }
    Ok(())
}

fn finds_event(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_RESTART_FINDS_EVENT;
    // Before a handler is installed that it would inherit.
    let child = t.spawn(Scenario::held())?;
    t.sigaction(Signal::CONT, Disposition::Count, SigactionFlags::RESTART)?;
    for (options, signal, change) in [
        (Options::UNTRACED, Signal::STOP, Change::Stopped(Signal::STOP)),
        (Options::CONTINUED, Signal::CONT, Change::Continued),
    ] {
        let pending = t.begin(Target::Any, options)?;
        t.expect(clause).blocks(&pending)?;
        t.signal_agent(Signal::STOP)?;
        t.await_agent(ProcessState::Stopped)?;
        t.signal(&child, signal)?;
        if signal == Signal::STOP {
            t.await_stopped(&child)?;
        }
        // The handler runs, and the call is restarted.
        t.signal_agent(Signal::CONT)?;
        let seen = t.finish(pending)?;
        t.expect(clause).reports(&seen, &child, change)?;
    }
    Ok(())
}

fn keeps_nowait(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_RESTART_SAME_CALL;
    let child = t.spawn(Scenario::held())?;
    let pending = restart(t, Target::Any, Options::NOWAIT, clause)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn keeps_arguments(t: &mut Trial) -> Outcome {
    let clause = &linux::WAIT_RESTART_KEEPS_ARGUMENTS;
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::RESTART)?;
    let clone = By::Clone(CloneHow::signalling(None));
    let (child, _) = t.spawn_by(&clone, Scenario::held())?;
    t.tell(&child, Step::MinorFaults { count: 300 })?;
    let (own, _) = t.usage_so_far(&child)?;
    let mut request = t.ask(Target::Any, Options::ALL);
    if Calls::WITH_USAGE.has(t.call()) {
        request.rusage = Pointer::Buffer;
    }
    let pending = t.begin_request(request)?;
    t.expect(clause).blocks(&pending)?;
    for _ in 0..2 {
        t.signal_agent(Signal::USR1)?;
        t.expect(clause).blocks(&pending)?;
    }
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    if Calls::WITH_USAGE.has(t.call()) { at_least(t, clause, &seen, &own) } else { Ok(()) }
}

fn own_group(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_RESTART_SAME_CALL;
    // The agent joins the group of its child.
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    t.setpgid(None, child.pid)?;
    let pending = restart(t, Target::OwnGroup, Options::NONE, clause)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}
