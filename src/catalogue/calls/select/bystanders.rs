//! Children other than those that a call selects: their events neither end the call nor are lost.

use crate::scenario::{Scenario, Step};
use crate::spec::{pairs, posix};
use crate::trial::cases;
use crate::trial::{Call, Calls, Change, Child, Errno, IdType, Options, Outcome, Target, Trial};
use crate::wait::Signal;

cases! { "bystanders";

    /// a wait by pid for stops and continues ignores those of another child, and does not consume them
    of_a_pid(PID; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_TARGET.few() => [posix::WAITPID_EVENTS_OF_OTHERS];

    /// a wait for stops and continues of a group ignores those of a child outside it, and does not consume them
    of_a_group(PID | GROUP; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_TARGET.few()
        => [posix::WAITPID_EVENTS_OF_OTHERS];

    /// process group 1 is a group like any other: P_PGID with 1 does not mean any child
    group_one(PID | GROUP; NOHANG) in Calls::only(&[Call::Wait6, Call::Waitid]) => [posix::WAITID_P_PGID];

    /// a number that shares only the low bits of a child's pid or process group ID selects neither
    other_numbers(PID | GROUP; NOHANG) in Calls::WITH_TARGET.few() => [pairs::PID_ONLY_THAT_CHILD];
}

/// Waits for one child while another changes; those changes must then still be found.
fn leaves_others(t: &mut Trial, child: &Child, target: Target<'_>) -> Outcome {
    let clause = &posix::WAITPID_EVENTS_OF_OTHERS;
    let (events, stopped) = (Options::UNTRACED | Options::CONTINUED, Change::Stopped(Signal::STOP));
    let other = t.spawn(Scenario::held())?;
    // Asleep.
    let pending = t.begin(target, events)?;
    t.expect(clause).blocks(&pending)?;
    t.signal(&other, Signal::STOP)?;
    t.await_stopped(&other)?;
    t.expect(clause).blocks(&pending)?;
    t.signal(child, Signal::STOP)?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports(&seen, child, stopped)?;
    let seen = t.wait(Target::Child(&other), events | Options::NOHANG)?;
    t.expect(clause).reports(&seen, &other, stopped)?;
    // Ready.
    t.signal(&other, Signal::CONT)?;
    t.signal(child, Signal::CONT)?;
    let seen = t.wait(target, events)?;
    t.expect(clause).reports(&seen, child, Change::Continued)?;
    let seen = t.wait(target, events | Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    let seen = t.wait(Target::Child(&other), events | Options::NOHANG)?;
    t.expect(clause).reports(&seen, &other, Change::Continued)
}

fn of_a_pid(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    leaves_others(t, &child, Target::Child(&child))
}

fn of_a_group(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    leaves_others(t, &child, Target::Group(&child))
}

fn group_one(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITID_P_PGID;
    let child = t.spawn(Scenario::held())?;
    // That may be the caller's own group.
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    let ask = Target::Id(IdType::Pgid, 1);
    let seen = t.wait(ask, Options::NOHANG)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(ask, Options::NOHANG)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn other_numbers(t: &mut Trial) -> Outcome {
    let clause = &pairs::PID_ONLY_THAT_CHILD;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    for bit in [1 << 15, 1 << 16, 1 << 22, 1 << 30] {
        let other = child.pid ^ bit;
        if other == 0 {
            continue;
        }
        let group = if Calls::PID_FAMILY.has(t.call()) {
            Target::Pid(-other)
        } else {
            Target::Id(IdType::Pgid, other)
        };
        for target in [Target::Pid(other), group] {
            let seen = t.wait(target, Options::NOHANG)?;
            t.expect(clause).error(&seen, Errno::CHILD)?;
        }
    }
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}
