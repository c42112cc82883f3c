//! A wait that is asleep when the SIGCHLD of the very child that it waits for runs a handler without SA_RESTART.

use crate::scenario::{Scenario, Step};
use crate::spec::{linux, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Calls, Change, Child, Disposition, Errno, Needs, Options, Outcome, Pending, SigactionFlags,
    Target, Trial,
};
use crate::wait::Signal;

cases! { "own-sigchld";

    /// a call that sleeps returns the child whose exit runs a SIGCHLD handler without SA_RESTART
    of_an_exit(ANY | PID; NONE; adapting) => [linux::WAIT_OWN_SIGCHLD, posix::WAITPID_OWN_SIGCHLD];

    /// a call that sleeps returns the child whose stop or continue runs a SIGCHLD handler without SA_RESTART
    of_a_stop_and_a_continue(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS
        => [linux::WAIT_OWN_SIGCHLD, posix::WAITPID_OWN_SIGCHLD];

    /// a thread other than the first that sleeps returns the child whose exit runs such a handler
    in_another_thread(PID) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [linux::WAIT_OWN_SIGCHLD, posix::WAITPID_OWN_SIGCHLD];
}

/// How often: which of signal and change wakes the caller is a race.
const TIMES: i32 = 4;

/// A call that was begun, and sleeps.
fn asleep(t: &mut Trial, target: Target<'_>, options: Options) -> Result<Pending, Abort> {
    let pending = t.begin(target, options)?;
    t.expect(&linux::WAIT_OWN_SIGCHLD).blocks(&pending)?;
    Ok(pending)
}

/// Finishes the call: it returned the child. Where that is open, the next one does.
fn returns_the_child(
    t: &mut Trial,
    pending: Pending,
    (child, change): (&Child, Change),
    options: Options,
) -> Outcome {
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_OWN_SIGCHLD).returns(&seen)?;
    let interrupted = seen.errno() == Some(Errno::INTR);
    let name = format!("a wait during the SIGCHLD of its own child that {}", kind(change));
    let value = if interrupted { "EINTR" } else { "returns the child" };
    t.expect(&posix::WAITPID_OWN_SIGCHLD).records(&name, value)?;
    t.expect(&linux::WAIT_OWN_SIGCHLD).reports(&seen, child, change)?;
    if interrupted {
        t.wait(Target::Child(child), options)?;
    }
    Ok(())
}

fn kind(change: Change) -> &'static str {
    match change {
        Change::Stopped(_) => "stops",
        Change::Continued => "continues",
        _ => "exits",
    }
}

fn of_an_exit(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NONE)?;
    for code in 1..=TIMES {
        let child = t.spawn(Scenario::held())?;
        let by_pid = code % 2 == 0 && Calls::WITH_TARGET.has(t.call());
        let target = if by_pid { Target::Child(&child) } else { Target::Any };
        let pending = asleep(t, target, Options::NONE)?;
        t.tell(&child, Step::exit(code))?;
        t.await_ended(&child)?;
        returns_the_child(t, pending, (&child, Change::Exited(code)), Options::NONE)?;
    }
    Ok(())
}

fn of_a_stop_and_a_continue(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NONE)?;
    let child = t.spawn(Scenario::held())?;
    for _ in 0..TIMES / 2 {
        let pending = asleep(t, Target::Any, Options::UNTRACED)?;
        t.signal(&child, Signal::STOP)?;
        t.await_stopped(&child)?;
        returns_the_child(t, pending, (&child, Change::Stopped(Signal::STOP)), Options::UNTRACED)?;
        let pending = asleep(t, Target::Any, Options::CONTINUED)?;
        t.signal(&child, Signal::CONT)?;
        t.await_running(&child)?;
        returns_the_child(t, pending, (&child, Change::Continued), Options::CONTINUED)?;
    }
    Ok(())
}

fn in_another_thread(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NONE)?;
    for (thread, code) in [(1, 11), (2, 12)] {
        let child = t.spawn(Scenario::held())?;
        let pending = t.begin_on(thread, Target::Child(&child), Options::NONE)?;
        t.expect(&linux::WAIT_OWN_SIGCHLD).blocks(&pending)?;
        t.tell(&child, Step::exit(code))?;
        t.await_ended(&child)?;
        returns_the_child(t, pending, (&child, Change::Exited(code)), Options::NONE)?;
    }
    Ok(())
}
