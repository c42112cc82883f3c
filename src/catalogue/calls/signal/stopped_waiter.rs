//! A waiter that is stopped and continued while it sleeps, whatever it waits for.

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{Call, Calls, Change, Child, Needs, Options, Outcome, ProcessState, Target, Trial};
use crate::wait::Signal;

cases! { "stopped-waiter";

    /// a wait by pid sleeps on after its process was stopped and continued, twice
    by_pid(PID) in Calls::WITH_TARGET.few() => [posix::WAITPID_STOPPED_WAITER];

    /// so does a wait for a group
    by_group(GROUP) in Calls::WITH_TARGET.few() => [posix::WAITPID_STOPPED_WAITER];

    /// so does a wait through a pidfd
    by_pidfd(PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [posix::WAITPID_STOPPED_WAITER];

    /// so does a wait for stops and continues, too
    for_events(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [posix::WAITPID_STOPPED_WAITER];

    /// so does a peek
    peek(ANY; NOWAIT) in Calls::taking(Options::NOWAIT) => [posix::WAITPID_STOPPED_WAITER];
}

/// Stops and continues the sleeping caller, and lets the child exit.
fn sleeps_on(t: &mut Trial, child: &Child, target: Target<'_>, options: Options) -> Outcome {
    let clause = &posix::WAITPID_STOPPED_WAITER;
    let pending = t.begin(target, options)?;
    t.expect(clause).blocks(&pending)?;
    for _ in 0..2 {
        t.signal_agent(Signal::STOP)?;
        t.await_agent(ProcessState::Stopped)?;
        t.signal_agent(Signal::CONT)?;
        t.expect(clause).blocks(&pending)?;
    }
    t.tell(child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports(&seen, child, Change::Exited(7))
}

fn by_pid(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    sleeps_on(t, &child, Target::Child(&child), Options::NONE)
}

fn by_group(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    sleeps_on(t, &child, Target::Group(&child), Options::NONE)
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    sleeps_on(t, &child, Target::Pidfd(fd), Options::NONE)
}

fn for_events(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    sleeps_on(t, &child, Target::Any, Options::UNTRACED | Options::CONTINUED)
}

fn peek(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    sleeps_on(t, &child, Target::Any, Options::NOWAIT)
}
