//! RUSAGE_CHILDREN: the usage of a child is credited however it is reaped and however it died.

use super::children::{FAULTS, faults_credited};
use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::sys::call::abi::{Call, Pointer, Usage};
use crate::trial::cases;
use crate::trial::{Abort, By, Calls, Change, Child, CloneHow, Needs, Options, Outcome, Target, Trial};
use crate::wait::Signal;

cases! { "rusage-credited";

    /// the usage of a child reaped by its pid or by its group is credited
    by_pid_and_group(PID | GROUP) in Calls::WITH_TARGET.few() => [posix::RUSAGE_CHILDREN_EVERY_WAY];

    /// the usage of a child reaped through a pidfd is credited
    by_pidfd(PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [posix::RUSAGE_CHILDREN_EVERY_WAY];

    /// the usage of a child is credited whether it is reaped by WNOHANG or wakes a sleeping wait
    nohang_and_asleep(ANY; NOHANG) in Calls::WITH_OPTIONS.few() => [posix::RUSAGE_CHILDREN_EVERY_WAY];

    /// the usage of a child killed by a signal is credited, whether it was running or stopped
    killed(ANY; UNTRACED) in Calls::WITH_OPTIONS.few() => [posix::RUSAGE_CHILDREN_EVERY_WAY];

    /// a child is credited whether the call is asked for its status and its usage or not
    every_result(ANY) in Calls::WITH_STATUS => [posix::RUSAGE_CHILDREN_EVERY_WAY];

    /// so is one that waitid reaps with a null infop, where that is possible
    null_infop(ANY) in Calls::only(&[Call::Waitid]) => [posix::RUSAGE_CHILDREN_EVERY_WAY];

    /// a child of posix_spawn is credited
    posix_spawn(ANY) in Calls::ENTRIES => [posix::RUSAGE_CHILDREN_EVERY_WAY];

    /// a child that has execed, and one that leads a session of its own, are credited
    changed(ANY) in Calls::ENTRIES.few() => [posix::RUSAGE_CHILDREN_EVERY_WAY];

    /// a child without an exit signal is credited
    without_exit_signal(ANY; ALL) in Calls::WITH_OPTIONS.few() => [posix::RUSAGE_CHILDREN_EVERY_WAY];
}

/// A held child that has used CPU time, and how much.
fn spawn_faulting(t: &mut Trial) -> Result<(Child, Usage), Abort> {
    let child = t.spawn(Scenario::held())?;
    faulting(t, child)
}

/// Has that child use something.
fn faulting(t: &mut Trial, child: Child) -> Result<(Child, Usage), Abort> {
    t.tell(&child, Step::MinorFaults { count: FAULTS })?;
    let (own, _) = t.usage_so_far(&child)?;
    Ok((child, own))
}

/// Has that child exit, reaps it in the given way, and checks that its usage was credited.
fn credited(t: &mut Trial, (child, own): &(Child, Usage), target: Target<'_>, options: Options) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_EVERY_WAY;
    let before = t.usage_of_children()?;
    t.tell(child, Step::exit(7))?;
    t.await_zombie(child)?;
    let seen = t.wait(target, options)?;
    t.expect(clause).reports(&seen, child, Change::Exited(7))?;
    faults_credited(t, clause, &before, own)
}

fn by_pid_and_group(t: &mut Trial) -> Outcome {
    let used = spawn_faulting(t)?;
    credited(t, &used, Target::Child(&used.0), Options::NONE)?;
    let used = spawn_faulting(t)?;
    t.tell(&used.0, Step::Setpgid { pgid: 0 })?;
    credited(t, &used, Target::Group(&used.0), Options::NONE)?;
    let used = spawn_faulting(t)?;
    credited(t, &used, Target::OwnGroup, Options::NONE)
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    let used = spawn_faulting(t)?;
    let fd = t.pidfd_open(&used.0, false)?;
    credited(t, &used, Target::Pidfd(fd), Options::NONE)
}

fn nohang_and_asleep(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_EVERY_WAY;
    let used = spawn_faulting(t)?;
    credited(t, &used, Target::Any, Options::NOHANG)?;
    let (child, own) = spawn_faulting(t)?;
    let before = t.usage_of_children()?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    faults_credited(t, clause, &before, &own)
}

fn killed(t: &mut Trial) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_EVERY_WAY;
    for stopped in [false, true] {
        let (child, own) = spawn_faulting(t)?;
        let before = t.usage_of_children()?;
        if stopped {
            t.signal(&child, Signal::STOP)?;
            t.await_stopped(&child)?;
            let seen = t.wait(Target::Any, Options::UNTRACED)?;
            t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
        }
        t.signal(&child, Signal::KILL)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).reports(&seen, &child, Change::Killed(Signal::KILL, false))?;
        faults_credited(t, clause, &before, &own)?;
    }
    Ok(())
}

/// Reaps a zombie by that request, whatever of it the call shows, and looks for its usage.
fn credited_by(t: &mut Trial, status: Pointer, rusage: Pointer, info: Pointer) -> Outcome {
    let clause = &posix::RUSAGE_CHILDREN_EVERY_WAY;
    let (child, own) = spawn_faulting(t)?;
    let before = t.usage_of_children()?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let mut request = t.ask(Target::Any, Options::NONE);
    (request.status, request.rusage, request.info) = (status, rusage, info);
    let seen = t.perform(request)?;
    t.expect(clause).returns(&seen)?;
    t.await_gone(&child)?;
    faults_credited(t, clause, &before, &own)
}

fn every_result(t: &mut Trial) -> Outcome {
    let usual = t.ask(Target::Any, Options::NONE);
    let usages: &[Pointer] =
        if Calls::WITH_USAGE.has(t.call()) { &[Pointer::Null, Pointer::Buffer] } else { &[usual.rusage] };
    for status in [Pointer::Null, Pointer::Buffer] {
        for rusage in usages {
            credited_by(t, status, *rusage, usual.info)?;
        }
    }
    Ok(())
}

fn null_infop(t: &mut Trial) -> Outcome {
    let usual = t.ask(Target::Any, Options::NONE);
    if t.profile() != crate::spec::Profile::Linux {
        return Err(Abort::Skip("what a null infop does is unspecified".into()));
    }
    credited_by(t, usual.status, usual.rusage, Pointer::Null)
}

fn posix_spawn(t: &mut Trial) -> Outcome {
    let (child, _) = t.spawn_by(&By::PosixSpawn, Scenario::held())?;
    let used = faulting(t, child)?;
    credited(t, &used, Target::Any, Options::NONE)
}

fn changed(t: &mut Trial) -> Outcome {
    for step in [Step::Exec { steps: vec![] }, Step::Setsid] {
        let child = t.spawn(Scenario::held())?;
        let execs = matches!(step, Step::Exec { .. });
        t.tell(&child, step)?;
        if execs {
            t.await_image(&child)?;
        }
        let used = faulting(t, child)?;
        credited(t, &used, Target::Any, Options::NONE)?;
    }
    Ok(())
}

fn without_exit_signal(t: &mut Trial) -> Outcome {
    let clone = By::Clone(CloneHow::signalling(None));
    let (child, _) = t.spawn_by(&clone, Scenario::held())?;
    let used = faulting(t, child)?;
    credited(t, &used, Target::Any, Options::ALL)
}
