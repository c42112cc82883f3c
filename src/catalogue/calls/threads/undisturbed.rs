//! A wait that sleeps, and the calls of other threads: none that leaves its child alone ends it.

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{Abort, Call, Calls, Change, Child, Errno, Needs, Options, Outcome, Seen, Target, Trial};
use crate::wait::Signal;

cases! { "undisturbed";

    /// a wait by pid sleeps through calls of other threads that find nothing, fail, report another's stop and reap another
    by_pid(PID; NOHANG | UNTRACED) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [posix::WAIT_OTHER_CALLS_NO_WAKE];

    /// so does a wait for a group
    by_group(PID | GROUP; NOHANG | UNTRACED) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [posix::WAIT_OTHER_CALLS_NO_WAKE];

    /// a wait for any child sleeps through calls that find nothing or fail, and through the report of a stop
    any_child(ANY | PID; NOHANG | UNTRACED) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [posix::WAIT_OTHER_CALLS_NO_WAKE];

    /// a peek of a thread leaves what another thread sleeps for to that thread
    peek(PID; NOHANG | NOWAIT) in Calls::only(&[Call::Wait6, Call::Waitid]), needs Needs::THREADS
        => [posix::WAIT_OTHER_CALLS_NO_WAKE];
}

/// A call of another thread.
fn meanwhile(t: &mut Trial, target: Target<'_>, options: Options) -> Result<Seen, Abort> {
    let mut request = t.ask(target, options);
    request.thread = 2;
    t.perform(request)
}

/// A thread sleeps for that child; another one makes calls of every outcome.
fn sleeps_through(t: &mut Trial, child: &Child, target: Target<'_>, reaps: bool) -> Outcome {
    let clause = &posix::WAIT_OTHER_CALLS_NO_WAKE;
    let other = t.spawn(Scenario::held())?;
    let pending = t.begin_on(1, target, Options::NONE)?;
    t.expect(clause).blocks(&pending)?;
    for found in [child, &other] {
        let seen = meanwhile(t, Target::Child(found), Options::NOHANG)?;
        t.expect(clause).nothing_ready(&seen)?;
    }
    t.expect(clause).blocks(&pending)?;
    let own = t.agent_pid();
    let seen = meanwhile(t, Target::Pid(own), Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    t.signal(&other, Signal::STOP)?;
    let seen = meanwhile(t, Target::Child(&other), Options::UNTRACED)?;
    t.expect(clause).reports(&seen, &other, Change::Stopped(Signal::STOP))?;
    t.expect(clause).blocks(&pending)?;
    if reaps {
        t.signal(&other, Signal::KILL)?;
        let seen = meanwhile(t, Target::Child(&other), Options::NONE)?;
        t.expect(clause).reaped(&seen, &other, Change::Killed(Signal::KILL, false))?;
        t.expect(clause).blocks(&pending)?;
    }
    t.tell(child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).reaped(&seen, child, Change::Exited(7))
}

fn by_pid(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    sleeps_through(t, &child, Target::Child(&child), true)
}

fn by_group(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    sleeps_through(t, &child, Target::Group(&child), true)
}

fn any_child(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    sleeps_through(t, &child, Target::Any, false)
}

fn peek(t: &mut Trial) -> Outcome {
    let clause = &posix::WAIT_OTHER_CALLS_NO_WAKE;
    let child = t.spawn(Scenario::held())?;
    let seen = meanwhile(t, Target::Child(&child), Options::NOWAIT | Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    let mut request = t.ask(Target::Child(&child), Options::NOWAIT);
    request.thread = 1;
    let peek = t.begin_request(request)?;
    t.expect(clause).blocks(&peek)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(peek)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    let seen = meanwhile(t, Target::Child(&child), Options::NOWAIT)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}
