//! What applies to waits for any child also applies to a group, a pid and a pidfd: stops and continues, peeks, usage, kinds of children.

use crate::catalogue::calls::rusage::bounds::{at_least_own, spawn_busy, wait_usage};
use crate::scenario::{Scenario, Step};
use crate::spec::{linux, pairs};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{
    Abort, By, Calls, Change, Child, CloneHow, Errno, Needs, Options, Outcome, Target, Trial,
};
use crate::wait::Signal;

cases! { "every-target";

    /// a wait for a group reports a stop and a continue of a member, even if they wake it
    group_stop_and_continue(GROUP; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_TARGET.few()
        => [pairs::NAMED_GROUP];

    /// WNOWAIT with a group consumes neither the stop, the continue nor the zombie of a member
    group_peek(GROUP; UNTRACED | CONTINUED | NOWAIT) in Calls::taking(Options::NOWAIT) => [pairs::NAMED_GROUP];

    /// a stop wakes a wait through a pidfd, WNOWAIT does not consume it, and a wait through a nonblocking pidfd fails with EAGAIN
    pidfd_stop(PIDFD; UNTRACED | CONTINUED | NOWAIT | NOT_EXITED) in Calls::only(&[Call::Waitid]),
        needs Needs::PIDFD_WAITS
        => [linux::PIDFD_WAIT_STOP_CONTINUE, linux::PIDFD_NOWAIT, linux::PIDFD_NONBLOCK_EAGAIN];

    /// a continue wakes a wait through a pidfd
    pidfd_continue(PIDFD; CONTINUED) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [linux::PIDFD_WAIT_STOP_CONTINUE];

    /// a child selected by its pid or by its group is reported with its usage
    usage_by_pid_and_group(PID | GROUP) in Calls::only(&[Call::Wait4]).few()
        => [linux::RUSAGE_LOWER_BOUND];

    /// a child selected by a pidfd is reported with its usage
    usage_by_pidfd(PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [linux::RUSAGE_LOWER_BOUND];

    /// a wait by pid skips a child without an exit signal, and with __WCLONE a forked one, dead or alive
    clone_children_by_pid(PID; NOHANG | CLONE) in Calls::WITH_TARGET.few() => [
        linux::CLONE_NO_EXIT_SIGNAL_SKIPPED,
        linux::CLONE_WCLONE_FINDS_CLONE_CHILDREN,
        linux::CLONE_WCLONE_SKIPS_FORKED,
    ];
}

/// A held child in a process group of its own.
fn leader(t: &mut Trial) -> Result<Child, Abort> {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    Ok(child)
}

fn group_stop_and_continue(t: &mut Trial) -> Outcome {
    let clause = &pairs::NAMED_GROUP;
    let child = leader(t)?;
    let other = t.spawn(Scenario::held())?;
    for asleep in [false, true] {
        let stopped = Change::Stopped(Signal::STOP);
        for (signal, options, change) in [
            (Signal::STOP, Options::UNTRACED, stopped),
            (Signal::CONT, Options::CONTINUED, Change::Continued),
        ] {
            let pending = if asleep { Some(t.begin(Target::Group(&child), options)?) } else { None };
            if let Some(pending) = &pending {
                t.expect(clause).blocks(pending)?;
            }
            t.signal(&child, signal)?;
            if signal == Signal::STOP {
                t.await_stopped(&child)?;
            }
            let seen = match pending {
                Some(pending) => t.finish(pending)?,
                None => t.wait(Target::Group(&child), options | Options::NOHANG)?,
            };
            t.expect(clause).reports(&seen, &child, change)?;
            let seen = t.wait(Target::Group(&child), options | Options::NOHANG)?;
            t.expect(clause).nothing_ready(&seen)?;
        }
    }
    t.tell(&other, Step::exit(8))
}

fn group_peek(t: &mut Trial) -> Outcome {
    let clause = &pairs::NAMED_GROUP;
    let child = leader(t)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    for nowait in [Options::NOWAIT, Options::NOWAIT, Options::NONE] {
        let seen = t.wait(Target::Group(&child), nowait | Options::UNTRACED)?;
        t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    }
    t.signal(&child, Signal::CONT)?;
    for nowait in [Options::NOWAIT, Options::NOWAIT, Options::NONE] {
        let seen = t.wait(Target::Group(&child), nowait | Options::CONTINUED)?;
        t.expect(clause).reports(&seen, &child, Change::Continued)?;
    }
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    for nowait in [Options::NOWAIT, Options::NOWAIT, Options::NONE] {
        let seen = t.wait(Target::Group(&child), nowait)?;
        t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    }
    Ok(())
}

fn pidfd_stop(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_WAIT_STOP_CONTINUE;
    let stopped = Change::Stopped(Signal::STOP);
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    let nonblocking = t.pidfd_open(&child, true)?;
    for events in [Options::UNTRACED, Options::CONTINUED] {
        let seen = t.wait(Target::Pidfd(nonblocking), events | Options::NOT_EXITED)?;
        t.expect(&linux::PIDFD_NONBLOCK_EAGAIN).error(&seen, Errno::AGAIN)?;
    }
    let pending = t.begin(Target::Pidfd(fd), Options::UNTRACED)?;
    t.expect(clause).blocks(&pending)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports(&seen, &child, stopped)?;
    t.signal(&child, Signal::CONT)?;
    for nowait in [Options::NOWAIT, Options::NOWAIT, Options::NONE] {
        let seen = t.wait(Target::Pidfd(fd), nowait | Options::CONTINUED)?;
        t.expect(&linux::PIDFD_NOWAIT).reports(&seen, &child, Change::Continued)?;
    }
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    for nowait in [Options::NOWAIT, Options::NOWAIT, Options::NONE] {
        let seen = t.wait(Target::Pidfd(fd), nowait | Options::UNTRACED)?;
        t.expect(&linux::PIDFD_NOWAIT).reports(&seen, &child, stopped)?;
    }
    Ok(())
}

fn pidfd_continue(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDFD_WAIT_STOP_CONTINUE;
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let pending = t.begin(Target::Pidfd(fd), Options::CONTINUED)?;
    t.expect(clause).blocks(&pending)?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports(&seen, &child, Change::Continued)
}

/// A busy child in a process group of its own exits: the usage reported with that target includes its own.
fn usage(t: &mut Trial, child: &Child, target: Target<'_>) -> Outcome {
    let clause = &linux::RUSAGE_LOWER_BOUND;
    let (own, _) = t.usage_so_far(child)?;
    t.tell(child, Step::exit(7))?;
    let seen = wait_usage(t, target, Options::NONE)?;
    t.expect(clause).reports(&seen, child, Change::Exited(7))?;
    at_least_own(t, &seen, &own)
}

fn usage_by_pid_and_group(t: &mut Trial) -> Outcome {
    let child = spawn_busy(t)?;
    usage(t, &child, Target::Child(&child))?;
    let child = spawn_busy(t)?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    usage(t, &child, Target::Group(&child))
}

fn usage_by_pidfd(t: &mut Trial) -> Outcome {
    let child = spawn_busy(t)?;
    let fd = t.pidfd_open(&child, false)?;
    usage(t, &child, Target::Pidfd(fd))
}

fn clone_children_by_pid(t: &mut Trial) -> Outcome {
    let how = By::Clone(CloneHow::signalling(None));
    let forked = t.spawn(Scenario::held())?;
    let (cloned, _) = t.spawn_by(&how, Scenario::held())?;
    for dead in [false, true] {
        if dead {
            t.tell(&forked, Step::exit(8))?;
            t.tell(&cloned, Step::exit(7))?;
            t.await_zombie(&forked)?;
            t.await_zombie(&cloned)?;
        }
        let seen = t.wait(Target::Child(&cloned), Options::NOHANG)?;
        t.expect(&linux::CLONE_NO_EXIT_SIGNAL_SKIPPED).error(&seen, Errno::CHILD)?;
        let seen = t.wait(Target::Child(&forked), Options::NOHANG | Options::CLONE)?;
        t.expect(&linux::CLONE_WCLONE_SKIPS_FORKED).error(&seen, Errno::CHILD)?;
    }
    let seen = t.wait(Target::Child(&cloned), Options::CLONE)?;
    t.expect(&linux::CLONE_WCLONE_FINDS_CLONE_CHILDREN).reports(&seen, &cloned, Change::Exited(7))?;
    let seen = t.wait(Target::Child(&forked), Options::NONE)?;
    t.expect(&linux::CLONE_WCLONE_SKIPS_FORKED).reaped(&seen, &forked, Change::Exited(8))
}
