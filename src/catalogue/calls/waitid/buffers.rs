//! What each result writes, however the call finds its child: nothing if there is nothing to report, and nothing beyond the
//! buffers.

use super::siginfo::zeroed;
use crate::catalogue::calls::select::alike::Way;
use crate::scenario::{Scenario, Step};
use crate::spec::pairs::Pair;
use crate::spec::{Clause, linux, pairs, posix};
use crate::trial::cases;
use crate::trial::{
    Call, Calls, Change, Child, Disposition, Errno, Needs, Options, Outcome, Pointer, Seen, SigactionFlags,
    Target, Trial, WaitRequest,
};
use crate::wait::Signal;

cases! { "buffers";

    /// a wait for any child writes nothing for 0 and for errors, and never beyond its buffers
    any_child(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT | NOT_EXITED | OTHER; adapting) in Calls::WITH_OPTIONS
        => [
            pairs::NO_OVERRUN, pairs::NOHANG_ZERO, linux::WAIT4_NOHANG_WRITES_NOTHING,
            linux::WAIT_ERROR_WRITES_NOTHING, posix::WAITID_NOHANG_ZEROES,
            linux::WAITID_NOHANG_ZEROES_ALL, posix::WAIT_REPORTS_ALIKE, pairs::EINTR, pairs::ECHILD_AFTER_REAP,
            pairs::EINVAL_OPTIONS,
        ];

    /// nor does a wait by pid
    by_pid(PID; NOHANG | UNTRACED | CONTINUED | NOWAIT | NOT_EXITED | OTHER; adapting) in Calls::WITH_TARGET
        => [
            pairs::NO_OVERRUN, pairs::NOHANG_ZERO, linux::WAIT4_NOHANG_WRITES_NOTHING,
            linux::WAIT_ERROR_WRITES_NOTHING, posix::WAITID_NOHANG_ZEROES,
            linux::WAITID_NOHANG_ZEROES_ALL, posix::WAIT_REPORTS_ALIKE, pairs::EINTR, pairs::ECHILD_AFTER_REAP,
            pairs::EINVAL_OPTIONS,
        ];

    /// nor does a wait for a group
    by_group(GROUP; NOHANG | UNTRACED | CONTINUED | NOWAIT | NOT_EXITED | OTHER; adapting) in Calls::WITH_TARGET
        => [
            pairs::NO_OVERRUN, pairs::NOHANG_ZERO, linux::WAIT4_NOHANG_WRITES_NOTHING,
            linux::WAIT_ERROR_WRITES_NOTHING, posix::WAITID_NOHANG_ZEROES,
            linux::WAITID_NOHANG_ZEROES_ALL, posix::WAIT_REPORTS_ALIKE, pairs::EINTR, pairs::ECHILD_AFTER_REAP,
            pairs::EINVAL_OPTIONS,
        ];

    /// nor does a wait through a pidfd
    by_pidfd(PIDFD; NOHANG | UNTRACED | CONTINUED | NOWAIT | NOT_EXITED | OTHER) in Calls::only(&[Call::Waitid]),
        needs Needs::PIDFD_WAITS
        => [
            pairs::NO_OVERRUN, pairs::NOHANG_ZERO, linux::WAIT_ERROR_WRITES_NOTHING,
            posix::WAITID_NOHANG_ZEROES, linux::WAITID_NOHANG_ZEROES_ALL, posix::WAIT_REPORTS_ALIKE,
            pairs::EINTR, pairs::ECHILD_AFTER_REAP, pairs::EINVAL_OPTIONS,
        ];
}

/// An option bit undefined on every system.
const UNKNOWN_BIT: u32 = 1 << 20;

const EVENTS: Options = Options::UNTRACED.with(Options::CONTINUED);

/// What the calls of a trial wait for.
struct Awaited {
    child: Child,
    pidfd: Option<i64>,
    way: Way,
}

impl Awaited {
    fn request(&self, t: &Trial, options: Options) -> WaitRequest {
        let target = match (self.way, self.pidfd) {
            (_, Some(fd)) => Target::Pidfd(fd),
            (Way::Group, _) => Target::Group(&self.child),
            (Way::Pid, _) => Target::Child(&self.child),
            _ => Target::Any,
        };
        let mut request = t.ask(target, options);
        if Calls::WITH_USAGE.has(t.call()) {
            request.rusage = Pointer::Buffer;
        }
        request
    }

    /// Calls with these options find nothing to report.
    fn nothing(&self, t: &mut Trial, every: &[Options]) -> Outcome {
        for options in every {
            let request = self.request(t, *options | Options::NOHANG);
            let seen = t.perform(request)?;
            t.expect(&pairs::NOHANG_ZERO).nothing_ready(&seen)?;
            unwritten(t, &linux::WAIT4_NOHANG_WRITES_NOTHING, &seen)?;
            if t.call() == Call::Waitid {
                zeroed(t, &seen)?;
            }
        }
        Ok(())
    }

    /// The call failed with the error that a clause requires, and wrote nothing.
    fn fails(&self, t: &mut Trial, clause: &'static Pair, seen: &Seen, errno: Errno) -> Outcome {
        t.expect(clause).error(seen, errno)?;
        unwritten(t, &linux::WAIT_ERROR_WRITES_NOTHING, seen)
    }

    /// A call that is asleep, or one that follows, reports the change that a signal causes.
    fn reports(
        &self,
        t: &mut Trial,
        asleep: bool,
        options: Options,
        signal: Signal,
        change: Change,
    ) -> Outcome {
        let request = self.request(t, options);
        let seen = if asleep {
            let pending = t.begin_request(request)?;
            t.expect(&posix::WAIT_REPORTS_ALIKE).blocks(&pending)?;
            t.signal(&self.child, signal)?;
            t.finish(pending)?
        } else {
            t.signal(&self.child, signal)?;
            t.perform(request)?
        };
        t.expect(&posix::WAIT_REPORTS_ALIKE).reports(&seen, &self.child, change)?;
        t.expect(&pairs::NO_OVERRUN).no_spill(&seen)
    }
}

/// The call wrote neither the status nor the usage, and nothing behind any buffer.
fn unwritten(t: &mut Trial, clause: &'static Clause, seen: &Seen) -> Outcome {
    t.expect(&pairs::NO_OVERRUN).no_spill(seen)?;
    if Calls::WITH_STATUS.has(t.call()) { t.expect(clause).untouched(seen) } else { Ok(()) }
}

/// Follows a child through every kind of result.
fn every_result(t: &mut Trial, way: Way) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    if way == Way::Group {
        t.tell(&child, Step::Setpgid { pgid: 0 })?;
    }
    let pidfd = if way == Way::Pidfd { Some(t.pidfd_open(&child, false)?) } else { None };
    let it = Awaited { child, pidfd, way };
    let peeks = Calls::taking(Options::NOWAIT).has(t.call());
    it.nothing(t, &[Options::NONE, EVENTS])?;
    if t.call() == Call::Waitid {
        it.nothing(t, &[Options::NOWAIT, EVENTS | Options::NOT_EXITED])?;
    }
    if !t.retries_eintr() {
        t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::NONE)?;
        let request = it.request(t, EVENTS);
        let pending = t.begin_request(request)?;
        t.expect(&pairs::EINTR).blocks(&pending)?;
        t.signal_agent(Signal::USR1)?;
        let seen = t.finish(pending)?;
        it.fails(t, &pairs::EINTR, &seen, Errno::INTR)?;
    }
    it.reports(t, true, Options::UNTRACED, Signal::STOP, Change::Stopped(Signal::STOP))?;
    it.nothing(t, &[Options::NONE, EVENTS])?;
    it.reports(t, false, Options::CONTINUED, Signal::CONT, Change::Continued)?;
    it.nothing(t, &[EVENTS])?;
    let killed = Change::Killed(Signal::KILL, false);
    if peeks {
        it.reports(t, true, Options::NOWAIT, Signal::KILL, killed)?;
        it.reports(t, false, Options::NONE, Signal::KILL, killed)?;
    } else {
        it.reports(t, true, Options::NONE, Signal::KILL, killed)?;
    }
    for nohang in [Options::NONE, Options::NOHANG] {
        let request = it.request(t, nohang);
        let seen = t.perform(request)?;
        it.fails(t, &pairs::ECHILD_AFTER_REAP, &seen, Errno::CHILD)?;
    }
    let mut request = it.request(t, Options::NOHANG);
    request.options.raw = UNKNOWN_BIT;
    let seen = t.perform(request)?;
    it.fails(t, &pairs::EINVAL_OPTIONS, &seen, Errno::INVAL)
}

fn any_child(t: &mut Trial) -> Outcome {
    every_result(t, Way::Any)
}

fn by_pid(t: &mut Trial) -> Outcome {
    every_result(t, Way::Pid)
}

fn by_group(t: &mut Trial) -> Outcome {
    every_result(t, Way::Group)
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    every_result(t, Way::Pidfd)
}
