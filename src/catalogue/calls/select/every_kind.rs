//! What applies to a forked child also applies to one without an exit signal: stops and continues, peeks, usage, pidfds.

use crate::catalogue::calls::rusage::bounds::{at_least, wait_usage};
use crate::scenario::{Scenario, Step};
use crate::spec::linux;
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{
    Abort, By, Calls, Change, Child, CloneHow, Errno, Needs, Options, Outcome, Target, Trial,
};
use crate::wait::Signal;

cases! { "every-kind";

    /// with __WALL and with __WCLONE, stops and continues of a clone child are reported, and WNOHANG returns 0
    stops(ANY; NOHANG | UNTRACED | CONTINUED | ALL | CLONE) in Calls::WITH_OPTIONS.few()
        => [linux::CLONE_WALL_FINDS_ALL, linux::CLONE_WCLONE_FINDS_CLONE_CHILDREN];

    /// WNOWAIT with __WALL and with __WCLONE leaves a clone child waitable, and one reap equals the peeks
    peek(ANY; ALL | CLONE | NOWAIT) in Calls::taking(Options::NOWAIT) => [linux::WAITID_CLONE_OPTIONS];

    /// a clone child is reported with its usage
    usage(ANY; ALL) in Calls::only(&[Call::Wait3, Call::Wait4, Call::Wait6, Call::Waitid]).few()
        => [linux::RUSAGE_OF_CLONE_CHILDREN];

    /// a wait through a pidfd skips a clone child, dead or alive, unless __WALL is given
    pidfd(PIDFD; NOHANG | ALL) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [linux::CLONE_NO_EXIT_SIGNAL_SKIPPED, linux::CLONE_WALL_FINDS_ALL];

    /// a wait for a group skips a clone child unless __WALL or __WCLONE is given, and with __WCLONE a forked child
    group(GROUP; NOHANG | ALL | CLONE) in Calls::WITH_TARGET.few() => [
        linux::CLONE_NO_EXIT_SIGNAL_SKIPPED, linux::CLONE_WALL_FINDS_ALL, linux::CLONE_WCLONE_SKIPS_FORKED,
    ];

    /// a wait through the pidfd of a forked child fails with __WCLONE
    pidfd_of_forked(PIDFD; NOHANG | CLONE) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [linux::CLONE_WCLONE_SKIPS_FORKED];
}

/// A held child without an exit signal.
fn cloned(t: &mut Trial) -> Result<Child, Abort> {
    t.spawn_by(&By::Clone(CloneHow::signalling(None)), Scenario::held()).map(|(child, _)| child)
}

fn stops(t: &mut Trial) -> Outcome {
    let child = cloned(t)?;
    for (kind, clause) in [
        (Options::ALL, &linux::CLONE_WALL_FINDS_ALL),
        (Options::CLONE, &linux::CLONE_WCLONE_FINDS_CLONE_CHILDREN),
    ] {
        let seen = t.wait(Target::Any, kind | Options::NOHANG)?;
        t.expect(clause).nothing_ready(&seen)?;
        t.signal(&child, Signal::STOP)?;
        t.await_stopped(&child)?;
        let seen = t.wait(Target::Any, kind | Options::UNTRACED | Options::NOHANG)?;
        t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
        t.signal(&child, Signal::CONT)?;
        let seen = t.wait(Target::Any, kind | Options::CONTINUED | Options::NOHANG)?;
        t.expect(clause).reports(&seen, &child, Change::Continued)?;
    }
    Ok(())
}

fn peek(t: &mut Trial) -> Outcome {
    let clause = &linux::WAITID_CLONE_OPTIONS;
    let child = cloned(t)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    for kind in [Options::ALL, Options::CLONE] {
        let seen = t.wait(Target::Any, kind | Options::NOWAIT)?;
        t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    }
    let seen = t.wait(Target::Any, Options::ALL)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn usage(t: &mut Trial) -> Outcome {
    let clause = &linux::RUSAGE_OF_CLONE_CHILDREN;
    let child = cloned(t)?;
    t.tell(&child, Step::MinorFaults { count: 300 })?;
    let (own, _) = t.usage_so_far(&child)?;
    t.tell(&child, Step::exit(7))?;
    let seen = wait_usage(t, Target::Any, Options::ALL)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    at_least(t, clause, &seen, &own)
}

fn pidfd(t: &mut Trial) -> Outcome {
    let skipped = &linux::CLONE_NO_EXIT_SIGNAL_SKIPPED;
    let child = cloned(t)?;
    let fd = t.pidfd_open(&child, false)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NOHANG)?;
    t.expect(skipped).error(&seen, Errno::CHILD)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(skipped).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Pidfd(fd), Options::ALL)?;
    t.expect(&linux::CLONE_WALL_FINDS_ALL).reaped(&seen, &child, Change::Exited(7))
}

fn group(t: &mut Trial) -> Outcome {
    let skipped = &linux::CLONE_NO_EXIT_SIGNAL_SKIPPED;
    let forked = t.spawn(Scenario::held())?;
    t.tell(&forked, Step::Setpgid { pgid: 0 })?;
    let seen = t.wait(Target::Group(&forked), Options::NOHANG | Options::CLONE)?;
    t.expect(&linux::CLONE_WCLONE_SKIPS_FORKED).error(&seen, Errno::CHILD)?;
    let child = cloned(t)?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    let seen = t.wait(Target::Group(&child), Options::NOHANG)?;
    t.expect(skipped).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Group(&child), Options::NOHANG | Options::CLONE)?;
    t.expect(&linux::CLONE_WALL_FINDS_ALL).nothing_ready(&seen)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Group(&child), Options::NONE)?;
    t.expect(skipped).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Group(&child), Options::ALL)?;
    t.expect(&linux::CLONE_WALL_FINDS_ALL).reaped(&seen, &child, Change::Exited(7))
}

fn pidfd_of_forked(t: &mut Trial) -> Outcome {
    let forked = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&forked, false)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NOHANG | Options::CLONE)?;
    t.expect(&linux::CLONE_WCLONE_SKIPS_FORKED).error(&seen, Errno::CHILD)?;
    t.tell(&forked, Step::exit(7))?;
    t.await_zombie(&forked)?;
    let seen = t.wait(Target::Pidfd(fd), Options::CLONE)?;
    t.expect(&linux::CLONE_WCLONE_SKIPS_FORKED).error(&seen, Errno::CHILD)
}
