//! Children in every state at once, and many of them: a call finds the event that it asks for, whichever child comes first.

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{Abort, Call, Calls, Change, Child, Needs, Options, Outcome, Target, Trial};
use crate::wait::Signal;

cases! { "among";

    /// of a running, a stopped, a continued and a dead child, a wait for any child reports each of three once, then nothing
    any_child(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [posix::WAIT_FINDS_AMONG_ALL];

    /// so does a wait for the group that they are all in
    own_group(GROUP; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_TARGET.few() => [posix::WAIT_FINDS_AMONG_ALL];

    /// of the same four, waitid for one kind of event reports the child that has it, and sleeps or returns 0 without one
    one_kind(ANY; NOHANG | UNTRACED | CONTINUED | NOT_EXITED) in Calls::only(&[Call::Waitid])
        => [posix::WAIT_FINDS_AMONG_ALL];

    /// of eighty live children, the youngest is found when it stops and when it exits, ready or asleep: as any, by pid and by group
    eighty(ANY | PID | GROUP; NOHANG | UNTRACED) in Calls::WITH_TARGET.few()
        => [posix::WAIT_FINDS_AMONG_ALL];

    /// so it is through a pidfd
    eighty_by_pidfd(PIDFD; NOHANG | UNTRACED) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [posix::WAIT_FINDS_AMONG_ALL];
}

/// What has become of a child.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Has {
    Run,
    Stopped,
    Continued,
    Died,
}

/// Each state comes first, and each last.
const ORDERS: [[Has; 4]; 4] = [
    [Has::Run, Has::Stopped, Has::Continued, Has::Died],
    [Has::Died, Has::Run, Has::Stopped, Has::Continued],
    [Has::Continued, Has::Died, Has::Run, Has::Stopped],
    [Has::Stopped, Has::Continued, Has::Died, Has::Run],
];

fn change(has: Has) -> Option<Change> {
    match has {
        Has::Run => None,
        Has::Stopped => Some(Change::Stopped(Signal::STOP)),
        Has::Continued => Some(Change::Continued),
        Has::Died => Some(Change::Exited(7)),
    }
}

/// Children in these states, in the order in which they were made.
fn family(t: &mut Trial, order: [Has; 4]) -> Result<Vec<(Child, Has)>, Abort> {
    let mut family = Vec::new();
    for has in order {
        family.push((t.spawn(Scenario::held())?, has));
    }
    for (child, has) in &family {
        if matches!(has, Has::Stopped | Has::Continued) {
            t.signal(child, Signal::STOP)?;
            t.await_stopped(child)?;
        }
        match has {
            Has::Continued => t.signal(child, Signal::CONT)?,
            Has::Died => {
                t.tell(child, Step::exit(7))?;
                t.await_zombie(child)?;
            }
            Has::Run | Has::Stopped => {}
        }
    }
    Ok(family)
}

/// Kills and reaps what is left.
fn disperse(t: &mut Trial, family: Vec<(Child, Has)>) -> Outcome {
    for (child, has) in family {
        if has != Has::Died {
            t.signal(&child, Signal::KILL)?;
            let seen = t.wait(Target::Any, Options::NONE)?;
            t.expect(&posix::WAIT_FINDS_AMONG_ALL).reports(
                &seen,
                &child,
                Change::Killed(Signal::KILL, false),
            )?;
        }
    }
    Ok(())
}

fn each_once(t: &mut Trial, target: Target<'_>) -> Outcome {
    let clause = &posix::WAIT_FINDS_AMONG_ALL;
    let all = Options::NOHANG | Options::UNTRACED | Options::CONTINUED;
    for order in ORDERS {
        let family = family(t, order)?;
        let mut left: Vec<_> =
            family.iter().filter_map(|(child, has)| change(*has).map(|change| (child, change))).collect();
        while !left.is_empty() {
            let seen = t.wait(target, all)?;
            // Which of them comes first is open, and a typed binding may show only what happened to it.
            let found = left.iter().position(|(child, change)| match seen.pid() {
                Some(pid) => child.pid == pid,
                None => seen.fits(*change),
            });
            let (child, change) = left.remove(found.unwrap_or(0));
            t.expect(clause).reports(&seen, child, change)?;
        }
        let seen = t.wait(target, all)?;
        t.expect(clause).nothing_ready(&seen)?;
        for (child, has) in family {
            if has == Has::Died {
                continue;
            }
            t.signal(&child, Signal::KILL)?;
            let seen = t.wait(target, Options::NONE)?;
            t.expect(clause).reports(&seen, &child, Change::Killed(Signal::KILL, false))?;
        }
    }
    Ok(())
}

fn any_child(t: &mut Trial) -> Outcome {
    each_once(t, Target::Any)
}

fn own_group(t: &mut Trial) -> Outcome {
    each_once(t, Target::OwnGroup)
}

fn one_kind(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_FINDS_AMONG_ALL;
    let kinds = [
        (Has::Stopped, Options::UNTRACED | Options::NOT_EXITED),
        (Has::Continued, Options::CONTINUED | Options::NOT_EXITED),
        (Has::Died, Options::NONE),
    ];
    for (order, first) in ORDERS.into_iter().zip([1, 2, 0, 1]) {
        let family = family(t, order)?;
        for turn in 0..kinds.len() {
            // The zombie comes last: what is asked for beside it is what may be missed.
            let (has, options) = kinds[if turn == 2 { 2 } else { (first + turn) % 2 }];
            let (child, _) =
                family.iter().find(|(_, is)| *is == has).ok_or(Abort::Broken("no such child".into()))?;
            if let Some(change) = change(has) {
                let seen = t.wait(Target::Any, options | Options::NOHANG)?;
                t.expect(clause).reports(&seen, child, change)?;
                let seen = t.wait(Target::Any, options | Options::NOHANG)?;
                t.expect(clause).nothing_ready(&seen)?;
            }
            if turn == 1 {
                // Asleep beside the zombie.
                let running = family.iter().find(|(_, is)| *is == Has::Run);
                let (running, _) = running.ok_or(Abort::Broken("no such child".into()))?;
                let stops = Options::UNTRACED | Options::NOT_EXITED;
                let pending = t.begin(Target::Any, stops)?;
                t.expect(clause).blocks(&pending)?;
                t.signal(running, Signal::STOP)?;
                let seen = t.finish(pending)?;
                t.expect(clause).reports(&seen, running, Change::Stopped(Signal::STOP))?;
            }
        }
        disperse(t, family)?;
    }
    Ok(())
}

/// More than fit in a word or two of bits.
const MANY: usize = 80;

/// The youngest child stops, is continued and exits.
fn youngest(t: &mut Trial, target: Target<'_>, child: &Child) -> Outcome {
    let clause = &posix::WAIT_FINDS_AMONG_ALL;
    let seen = t.wait(target, Options::NOHANG | Options::UNTRACED)?;
    t.expect(clause).nothing_ready(&seen)?;
    t.signal(child, Signal::STOP)?;
    t.await_stopped(child)?;
    let seen = t.wait(target, Options::NOHANG | Options::UNTRACED)?;
    t.expect(clause).reports(&seen, child, Change::Stopped(Signal::STOP))?;
    let pending = t.begin(target, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    t.signal(child, Signal::CONT)?;
    t.tell(child, Step::exit(7))?;
    t.await_ended(child)?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, child, Change::Exited(7))
}

fn eighty(t: &mut Trial) -> Outcome {
    let mut children = t.hold_all(MANY)?;
    for way in 0..3 {
        let Some(child) = children.pop() else { break };
        let target = [Target::Any, Target::OwnGroup, Target::Child(&child)][way];
        youngest(t, target, &child)?;
    }
    Ok(())
}

fn eighty_by_pidfd(t: &mut Trial) -> Outcome {
    let mut children = t.hold_all(MANY)?;
    let Some(child) = children.pop() else { return Ok(()) };
    let fd = t.pidfd_open(&child, false)?;
    youngest(t, Target::Pidfd(fd), &child)
}
