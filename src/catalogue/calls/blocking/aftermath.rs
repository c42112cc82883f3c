//! Each call is judged by its own arguments and by the children's states: what an earlier call returned has no effect on it.

use crate::catalogue::calls::select::alike::{cause, settle};
use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{
    Abort, Call, Calls, Change, Child, Disposition, Errno, Options, Outcome, Pointer, SigactionFlags, Target,
    Trial,
};
use crate::wait::Signal;

cases! { "aftermath";

    /// after a call that failed, a stop, a continue and an exit still wake a wait, and WNOHANG still finds them
    of_errors(ANY | PID; NOHANG | UNTRACED | CONTINUED | OTHER; adapting) in Calls::WITH_OPTIONS.few()
        => [posix::WAIT_INDEPENDENT_OF_EARLIER_CALLS];

    /// so they do after a call that was interrupted, returned 0 or reported another child
    of_results(ANY | PID; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_OPTIONS.few()
        => [posix::WAIT_INDEPENDENT_OF_EARLIER_CALLS];

    /// so they do after a raw call that failed with EFAULT
    of_bad_pointers(ANY | PID; NOHANG | UNTRACED | CONTINUED) in Calls::only(&[Call::Wait4, Call::Waitid])
        => [posix::WAIT_INDEPENDENT_OF_EARLIER_CALLS];
}

/// An option bit undefined on every system.
const UNKNOWN_BIT: u32 = 1 << 20;

/// What happened before.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Earlier {
    Invalid,
    NoChild,
    BadPointer,
    Interrupted,
    Nothing,
    Reap,
    Stop,
    Peek,
}

/// A child that has exited.
fn zombie(t: &mut Trial) -> Result<Child, Abort> {
    let child = t.spawn(Scenario::exits(8))?;
    t.await_zombie(&child)?;
    Ok(child)
}

/// Makes a call with that result, which leaves nothing to report.
fn make(t: &mut Trial, earlier: Earlier) -> Outcome {
    let clause = &posix::WAIT_INDEPENDENT_OF_EARLIER_CALLS;
    let reap = |t: &mut Trial, child: &Child, options: Options| {
        let seen = t.wait(Target::Any, options)?;
        t.expect(clause).reports(&seen, child, Change::Exited(8))
    };
    match earlier {
        Earlier::Invalid => {
            let mut request = t.ask(Target::Any, Options::NOHANG);
            request.options.raw = UNKNOWN_BIT;
            t.perform(request).map(drop)
        }
        Earlier::NoChild => {
            let seen = t.wait(Target::Pid(t.agent_pid()), Options::NONE)?;
            t.expect(clause).error(&seen, Errno::CHILD)
        }
        Earlier::BadPointer => {
            zombie(t)?;
            let mut request = t.ask(Target::Any, Options::NONE);
            match t.call() {
                Call::Waitid => request.info = Pointer::Bad,
                _ => request.status = Pointer::Bad,
            }
            let seen = t.perform(request)?;
            t.expect(clause).error(&seen, Errno::FAULT)?;
            // Whether the child is lost is up to the system.
            t.wait(Target::Any, Options::NOHANG).map(drop)
        }
        Earlier::Interrupted => {
            t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::NONE)?;
            let pending = t.begin(Target::Any, Options::NONE)?;
            t.expect(clause).blocks(&pending)?;
            t.signal_agent(Signal::USR1)?;
            let seen = t.finish(pending)?;
            t.expect(clause).error(&seen, Errno::INTR)
        }
        Earlier::Nothing => {
            let seen = t.wait(Target::Any, Options::NOHANG)?;
            t.expect(clause).nothing_ready(&seen)
        }
        Earlier::Reap => {
            let child = zombie(t)?;
            reap(t, &child, Options::NONE)
        }
        Earlier::Peek => {
            let child = zombie(t)?;
            reap(t, &child, Options::NOWAIT)?;
            reap(t, &child, Options::NONE)
        }
        Earlier::Stop => {
            let child = t.spawn(Scenario::held())?;
            t.signal(&child, Signal::STOP)?;
            t.await_stopped(&child)?;
            let seen = t.wait(Target::Any, Options::UNTRACED)?;
            t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
            t.signal(&child, Signal::KILL)?;
            let seen = t.wait(Target::Any, Options::NONE)?;
            t.expect(clause).reports(&seen, &child, Change::Killed(Signal::KILL, false))
        }
    }
}

/// Each change of a child is reported right after such a call: it wakes a wait, then WNOHANG finds it.
fn after(t: &mut Trial, every: &[Earlier]) -> Outcome {
    let clause = &posix::WAIT_INDEPENDENT_OF_EARLIER_CALLS;
    let changes = [
        (Change::Stopped(Signal::STOP), Options::UNTRACED),
        (Change::Continued, Options::CONTINUED),
        (Change::Exited(7), Options::NONE),
    ];
    for earlier in every {
        for asleep in [true, false] {
            let child = t.spawn(Scenario::held())?;
            for (change, options) in changes {
                make(t, *earlier)?;
                let seen = if asleep {
                    let pending = t.begin(Target::Any, options)?;
                    t.expect(clause).blocks(&pending)?;
                    cause(t, &child, change)?;
                    t.finish(pending)?
                } else {
                    cause(t, &child, change)?;
                    settle(t, &child, change)?;
                    t.wait(Target::Any, options | Options::NOHANG)?
                };
                t.expect(clause).reports(&seen, &child, change)?;
            }
        }
        if Calls::WITH_TARGET.has(t.call()) {
            selects_one(t, *earlier)?;
        }
    }
    Ok(())
}

/// A wait by pid right after such a call does not report another child that is ready.
fn selects_one(t: &mut Trial, earlier: Earlier) -> Outcome {
    let clause = &posix::WAIT_INDEPENDENT_OF_EARLIER_CALLS;
    let child = t.spawn(Scenario::held())?;
    make(t, earlier)?;
    let other = zombie(t)?;
    let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reports(&seen, &other, Change::Exited(8))?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))
}

fn of_errors(t: &mut Trial) -> Outcome {
    let every = [Earlier::Invalid, Earlier::NoChild];
    let few = if Calls::WITH_TARGET.has(t.call()) { 2 } else { 1 };
    after(t, &every[..few])
}

fn of_results(t: &mut Trial) -> Outcome {
    let mut every = vec![Earlier::Nothing, Earlier::Reap, Earlier::Stop];
    if Calls::taking(Options::NOWAIT).has(t.call()) {
        every.push(Earlier::Peek);
    }
    if !t.retries_eintr() {
        every.push(Earlier::Interrupted);
    }
    after(t, &every)
}

fn of_bad_pointers(t: &mut Trial) -> Outcome {
    if !t.is_raw() {
        return Err(Abort::Skip("a bad pointer is defined only in a raw call".into()));
    }
    after(t, &[Earlier::BadPointer])
}
