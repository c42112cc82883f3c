//! Calls that SA_RESTART restarts: whatever their target and options.

use crate::scenario::{Scenario, Step};
use crate::spec::cited::Cited;
use crate::spec::{pairs, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{
    Abort, Calls, Change, Disposition, Needs, Options, Outcome, Pending, ProcessState, SigactionFlags,
    Target, Trial,
};
use crate::wait::Signal;

cases! { "restarted";

    /// a handler with SA_RESTART leaves a wait for a group asleep
    by_group(GROUP) in Calls::WITH_TARGET.few() => [pairs::RESTART];

    /// a handler with SA_RESTART leaves a wait on a pidfd asleep
    by_pidfd(PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS => [pairs::RESTART];

    /// a call that was restarted still reports the stops and continues that it was asked for
    keeps_events(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [posix::WAIT_RESTART_SAME_CALL];

    /// a call that is restarted reports a stop or a continue that came while its process was stopped
    finds_event(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [posix::WAIT_RESTART_FINDS_EVENT];

    /// a peek that was restarted still leaves the child
    keeps_nowait(ANY; NOWAIT) in Calls::taking(Options::NOWAIT) => [posix::WAIT_RESTART_SAME_CALL];
}

/// Has a call that sleeps interrupted and restarted twice.
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
    // Before there is a handler that it would inherit.
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
        // The handler runs, and the call is made again.
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
