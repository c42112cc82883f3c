//! A peek keeps nothing: what replaces the event that it saw is what the next call reports, however that selects the child.

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{Abort, Call, Calls, Change, Child, Errno, Needs, Options, Outcome, Target, Trial};
use crate::wait::Signal;

cases! { "peeked";

    /// a stop that has been peeked at is not reported once the child has continued
    stop_then_continue(PID; NOHANG | UNTRACED | CONTINUED | NOWAIT) in Calls::taking(Options::NOWAIT)
        => [posix::WAITID_NOWAIT_KEEPS_NOTHING];

    /// a continue that has been peeked at is not reported once the child has stopped again, nor that stop once it is dead
    continue_then_stop(PID; NOHANG | UNTRACED | CONTINUED | NOWAIT) in Calls::taking(Options::NOWAIT)
        => [posix::WAITID_NOWAIT_KEEPS_NOTHING];

    /// what waitid peeked at, as any child, by pid or by group, the call consumes by each of the other two
    taken_otherwise(ANY | PID | GROUP; UNTRACED | CONTINUED | NOHANG | NOWAIT; adapting)
        in Calls::WITH_TARGET.few() => [posix::WAITID_NOWAIT_OTHER_TARGET];

    /// so with a pidfd among them
    taken_by_pidfd(ANY | PID | GROUP | PIDFD; UNTRACED | CONTINUED | NOHANG | NOWAIT)
        in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS => [posix::WAITID_NOWAIT_OTHER_TARGET];
}

/// How a call selects the child.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Way {
    Any,
    Pid,
    Group,
    Pidfd(i64),
}

impl Way {
    fn to(self, child: &Child) -> Target<'_> {
        match self {
            Way::Any => Target::Any,
            Way::Pid => Target::Child(child),
            Way::Group => Target::Group(child),
            Way::Pidfd(fd) => Target::Pidfd(fd),
        }
    }
}

const ALL: Options = Options::UNTRACED.with(Options::CONTINUED).with(Options::NOHANG);

fn stop_then_continue(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITID_NOWAIT_KEEPS_NOTHING;
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Child(&child), ALL | Options::NOWAIT)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Child(&child), ALL)?;
    t.expect(clause).reports(&seen, &child, Change::Continued)?;
    let seen = t.wait(Target::Child(&child), ALL)?;
    t.expect(clause).nothing_ready(&seen)
}

fn continue_then_stop(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITID_NOWAIT_KEEPS_NOTHING;
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    t.signal(&child, Signal::CONT)?;
    // Make sure that it is running.
    t.tell(&child, Step::Getids)?;
    let seen = t.wait(Target::Child(&child), ALL | Options::NOWAIT)?;
    t.expect(clause).reports(&seen, &child, Change::Continued)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    for peek in [Options::NOWAIT, Options::NONE] {
        let seen = t.wait(Target::Child(&child), ALL | peek)?;
        t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    }
    t.signal(&child, Signal::KILL)?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), ALL)?;
    t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}

/// A held child in a group of its own, and the ways to it.
fn reachable(t: &mut Trial, through_pidfd: bool) -> Result<(Child, Vec<Way>), Abort> {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    let mut ways = vec![Way::Any, Way::Pid, Way::Group];
    if through_pidfd {
        ways.push(Way::Pidfd(t.pidfd_open(&child, false)?));
    }
    Ok((child, ways))
}

/// Peeks by each way at a stop and a continue, and consumes it by each other; then at zombies, all ways before one reaps.
fn each_by_another(t: &mut Trial, through_pidfd: bool) -> Outcome {
    let clause = &posix::WAITID_NOWAIT_OTHER_TARGET;
    let (child, ways) = reachable(t, through_pidfd)?;
    for (peek, take) in ways.iter().flat_map(|peek| ways.iter().map(move |take| (*peek, *take))) {
        if peek == take || (through_pidfd && ![peek, take].iter().any(|way| matches!(way, Way::Pidfd(_)))) {
            continue;
        }
        for (signal, options, change) in [
            (Signal::STOP, Options::UNTRACED, Change::Stopped(Signal::STOP)),
            (Signal::CONT, Options::CONTINUED, Change::Continued),
        ] {
            t.signal(&child, signal)?;
            let seen = t.wait_by(Call::Waitid, peek.to(&child), options | Options::NOWAIT)?;
            t.expect(clause).reports(&seen, &child, change)?;
            let seen = t.wait(take.to(&child), options)?;
            t.expect(clause).reports(&seen, &child, change)?;
            let again = options | Options::NOWAIT | Options::NOHANG;
            let seen = t.wait_by(Call::Waitid, peek.to(&child), again)?;
            t.expect(clause).nothing_ready(&seen)?;
        }
    }
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    for taken_by in 0..ways.len() {
        let (child, ways) = reachable(t, through_pidfd)?;
        t.tell(&child, Step::exit(7))?;
        for peek in &ways {
            let seen = t.wait_by(Call::Waitid, peek.to(&child), Options::NOWAIT)?;
            t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
        }
        let seen = t.wait(ways[taken_by].to(&child), Options::NONE)?;
        t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
        for peek in &ways {
            let seen = t.wait_by(Call::Waitid, peek.to(&child), Options::NOWAIT)?;
            t.expect(clause).error(&seen, Errno::CHILD)?;
        }
    }
    Ok(())
}

fn taken_otherwise(t: &mut Trial) -> Outcome {
    each_by_another(t, false)
}

fn taken_by_pidfd(t: &mut Trial) -> Outcome {
    each_by_another(t, true)
}
