//! Adopted children: like the process's own, by every target, with every event, and with their usage.

use super::orphans::grandchild;
use crate::catalogue::calls::rusage::bounds::{at_least, wait_usage};
use crate::catalogue::calls::rusage::children::{FAULTS, faults_credited};
use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, linux};
use crate::sys::call::abi::{Call, Usage};
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Child, Errno, Needs, Options, Outcome, Seen, Target, Trial};
use crate::wait::Signal;

cases! { "adopted";

    /// a wait for a group finds an adopted child, peeks at it, and reaps it
    by_group(ANY | GROUP; NOHANG | NOWAIT; adapting) in Calls::WITH_TARGET.few()
        => [linux::SUBREAPER_ORDINARY_CHILD];

    /// a wait through a pidfd of an adopted child blocks, and reaps it
    by_pidfd(ANY | PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [linux::SUBREAPER_ORDINARY_CHILD];

    /// the stops and continues of an adopted child are reported, even a stop from before its adoption
    stops(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [linux::SUBREAPER_ORDINARY_CHILD];

    /// the usage of an adopted child is reported and credited, whether it was adopted alive or as a zombie
    usage(ANY) in Calls::only(&[Call::Wait3, Call::Wait4, Call::Wait6, Call::Waitid]).few()
        => [linux::RUSAGE_ADOPTED];

    /// an adopted child is found with __WNOTHREAD by the only thread of its parent
    with_wnothread(ANY; NOHANG | NOTHREAD) in Calls::taking(Options::NOTHREAD).few()
        => [linux::SUBREAPER_ORDINARY_CHILD];

    /// a process that is no longer a subreaper keeps the children it has adopted, and adopts no others
    unset(ANY) in Calls::ENTRIES => [linux::SUBREAPER_UNSET];
}

/// Has a child fork a grandchild, and exit once `before` has happened to it: the agent adopts the grandchild.
pub(crate) fn adopt(
    t: &mut Trial,
    clause: &'static Clause,
    before: impl FnOnce(&mut Trial, &Child) -> Outcome,
) -> Result<Child, Abort> {
    let child = t.spawn(Scenario::held())?;
    let below = grandchild(t, &child, false)?;
    before(t, &below)?;
    t.tell(&child, Step::exit(8))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(8))?;
    Ok(below)
}

fn by_group(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_ORDINARY_CHILD;
    t.subreaper(true)?;
    let child = adopt(t, clause, |t, below| t.tell(below, Step::Setpgid { pgid: 0 }))?;
    let seen = t.wait(Target::Group(&child), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    if Calls::taking(Options::NOWAIT).has(t.call()) {
        for options in [Options::NOWAIT, Options::NOWAIT | Options::NOHANG] {
            let seen = t.wait(Target::Group(&child), options)?;
            t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
        }
    }
    let seen = t.wait(Target::Group(&child), Options::NOHANG)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    // Once more, in a call that blocks.
    let child = adopt(t, clause, |t, below| t.tell(below, Step::Setpgid { pgid: 0 }))?;
    let pending = t.begin(Target::Group(&child), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(9))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(9))
}

fn with_wnothread(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_ORDINARY_CHILD;
    t.subreaper(true)?;
    let child = adopt(t, clause, |_, _| Ok(()))?;
    let seen = t.wait(Target::Any, Options::NOTHREAD | Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NOTHREAD)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_ORDINARY_CHILD;
    t.subreaper(true)?;
    let child = adopt(t, clause, |_, _| Ok(()))?;
    let fd = t.pidfd_open(&child, false)?;
    let pending = t.begin(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    // A child that is dead before the call.
    let child = adopt(t, clause, |_, _| Ok(()))?;
    let fd = t.pidfd_open(&child, false)?;
    t.tell(&child, Step::exit(9))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(9))
}

fn stops(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_ORDINARY_CHILD;
    let all = Options::UNTRACED | Options::CONTINUED | Options::NOHANG;
    t.subreaper(true)?;
    let child = adopt(t, clause, |t, below| {
        t.signal(below, Signal::STOP)?;
        t.await_stopped(below)
    })?;
    for again in [false, true] {
        if again {
            t.signal(&child, Signal::STOP)?;
            t.await_stopped(&child)?;
        }
        let seen = t.wait(Target::Any, all)?;
        t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
        let seen = t.wait(Target::Any, all)?;
        t.expect(clause).nothing_ready(&seen)?;
        t.signal(&child, Signal::CONT)?;
        let seen = t.wait(Target::Any, all)?;
        t.expect(clause).reports(&seen, &child, Change::Continued)?;
    }
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn usage(t: &mut Trial) -> Outcome {
    let clause = &linux::RUSAGE_ADOPTED;
    t.subreaper(true)?;
    let child = adopt(t, clause, |t, below| t.tell(below, Step::MinorFaults { count: FAULTS }))?;
    let (own, _) = t.usage_so_far(&child)?;
    let before = t.usage_of_children()?;
    t.tell(&child, Step::exit(7))?;
    let seen = wait_usage(t, Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    reported_and_credited(t, &seen, &own, &before)?;
    // A child that is adopted as a zombie.
    let parent = t.spawn(Scenario::held())?;
    let child = grandchild(t, &parent, false)?;
    t.tell(&child, Step::MinorFaults { count: FAULTS })?;
    let (own, _) = t.usage_so_far(&child)?;
    let before = t.usage_of_children()?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    t.tell(&parent, Step::exit(8))?;
    t.await_zombie(&parent)?;
    let mut seen = wait_usage(t, Target::Any, Options::NONE)?;
    let other = wait_usage(t, Target::Any, Options::NONE)?;
    // Either may be reported first.
    if other.fits(Change::Exited(7)) {
        seen = other;
    }
    t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    reported_and_credited(t, &seen, &own, &before)
}

/// The usage of a child is in its report, and has been added to RUSAGE_CHILDREN, which was `before`.
fn reported_and_credited(t: &mut Trial, seen: &Seen, own: &Usage, before: &Usage) -> Outcome {
    let clause = &linux::RUSAGE_ADOPTED;
    at_least(t, clause, seen, own)?;
    faults_credited(t, clause, before, own)
}

fn unset(t: &mut Trial) -> Outcome {
    let clause = &linux::SUBREAPER_UNSET;
    t.subreaper(true)?;
    let adopted = adopt(t, clause, |_, _| Ok(()))?;
    t.subreaper(false)?;
    let lost = adopt(t, clause, |_, _| Ok(()))?;
    t.tell(&adopted, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &adopted, Change::Exited(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    t.tell(&lost, Step::exit(9))
}
