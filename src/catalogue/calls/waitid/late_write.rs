//! Buffers of calls that have returned.

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{
    Abort, Calls, Change, Disposition, Errno, Options, Outcome, Seen, SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "late-write";

    /// later events of a child do not change the buffers of a WNOHANG call that returned 0
    after_nohang(ANY | PID; NOHANG | UNTRACED | CONTINUED; adapting) in Calls::WITH_OPTIONS
        => [posix::WAIT_WRITES_DURING_CALL];

    /// later events of a child do not change the buffers of a call that failed with EINTR
    after_eintr(ANY) => [posix::WAIT_WRITES_DURING_CALL];

    /// later events of other children do not change the buffers of a call that reported a child
    after_a_report(ANY) => [posix::WAIT_WRITES_DURING_CALL];
}

/// Ends the trial if the subject uses buffers of its own.
fn shows_buffers(t: &mut Trial, seen: &Seen) -> Outcome {
    if seen.reply().is_none() || seen.shows_memory() {
        return Ok(());
    }
    let why = "the subject does not expose its buffers";
    t.expect(&posix::WAIT_WRITES_DURING_CALL).not_observed(why)?;
    Err(Abort::Skip(why.into()))
}

/// The buffers of the calls so far have not been written since.
fn unchanged(t: &mut Trial) -> Outcome {
    let late = t.writes_late()?;
    t.expect(&posix::WAIT_WRITES_DURING_CALL).that(
        !late,
        "no write to the buffers of a call that has returned",
        "the buffers of an earlier call have changed",
    )
}

fn after_nohang(t: &mut Trial) -> Outcome {
    const EVERY: Options = Options::UNTRACED.with(Options::CONTINUED).with(Options::NOHANG);
    let child = t.spawn(Scenario::held())?;
    let target = if Calls::WITH_TARGET.has(t.call()) { Target::Child(&child) } else { Target::Any };
    let seen = t.wait(target, EVERY)?;
    shows_buffers(t, &seen)?;
    t.expect(&posix::WAIT_WRITES_DURING_CALL).nothing_ready(&seen)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    unchanged(t)?;
    t.signal(&child, Signal::CONT)?;
    t.await_running(&child)?;
    unchanged(t)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    unchanged(t)?;
    // The call that reports the child must not write to the earlier one's buffers, either.
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::WAIT_WRITES_DURING_CALL).reports(&seen, &child, Change::Exited(7))?;
    unchanged(t)
}

fn after_eintr(t: &mut Trial) -> Outcome {
    if t.retries_eintr() {
        return Err(Abort::Skip("the subject retries interrupted calls".into()));
    }
    t.sigaction(Signal::USR1, Disposition::Count, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.await_sleeper(&pending)?;
    t.signal_agent(Signal::USR1)?;
    let seen = t.finish(pending)?;
    shows_buffers(t, &seen)?;
    t.expect(&posix::WAIT_WRITES_DURING_CALL).error(&seen, Errno::INTR)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    unchanged(t)
}

fn after_a_report(t: &mut Trial) -> Outcome {
    let other = t.spawn(Scenario::held())?;
    let child = t.spawn(Scenario::exits(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    shows_buffers(t, &seen)?;
    t.expect(&posix::WAIT_WRITES_DURING_CALL).reports(&seen, &child, Change::Exited(7))?;
    t.tell(&other, Step::exit(8))?;
    t.await_zombie(&other)?;
    unchanged(t)
}
