//! A wait that is asleep when the SIGCHLD for the very child that it waits for runs a handler without SA_RESTART.

use crate::scenario::{Scenario, Step};
use crate::spec::{linux, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Call, Calls, Change, Child, Disposition, Errno, Needs, Options, Outcome, Pending, SigactionFlags,
    Target, Trial,
};
use crate::wait::Signal;

cases! { "own-sigchld";

    /// a sleeping call returns the child whose exit runs a SIGCHLD handler without SA_RESTART
    of_an_exit(ANY | PID; NONE; adapting) => [linux::WAIT_OWN_SIGCHLD, posix::WAITPID_OWN_SIGCHLD];

    /// a sleeping call returns the child whose stop or continue runs a SIGCHLD handler without SA_RESTART
    of_a_stop_and_a_continue(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS
        => [linux::WAIT_OWN_SIGCHLD, posix::WAITPID_OWN_SIGCHLD];

    /// so does a sleeping wait for a group
    by_group(GROUP) in Calls::WITH_TARGET.few() => [linux::WAIT_OWN_SIGCHLD, posix::WAITPID_OWN_SIGCHLD];

    /// so does a sleeping wait through a pidfd
    by_pidfd(PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [linux::WAIT_OWN_SIGCHLD, posix::WAITPID_OWN_SIGCHLD];

    /// so does a sleeping peek
    peek(ANY; NOWAIT) in Calls::taking(Options::NOWAIT)
        => [linux::WAIT_OWN_SIGCHLD, posix::WAITPID_OWN_SIGCHLD];

    /// a sleeping call on a thread other than the first returns the child whose exit runs a SIGCHLD handler without SA_RESTART
    in_another_thread(PID) in Calls::WITH_TARGET.few(), needs Needs::THREADS
        => [linux::WAIT_OWN_SIGCHLD, posix::WAITPID_OWN_SIGCHLD];
}

/// Number of repetitions: whether the signal or the change wakes the caller is a race.
const TIMES: i32 = 4;

/// A call that has started and is asleep.
fn asleep(t: &mut Trial, target: Target<'_>, options: Options) -> Result<Pending, Abort> {
    let pending = t.begin(target, options)?;
    t.expect(&linux::WAIT_OWN_SIGCHLD).blocks(&pending)?;
    Ok(pending)
}

/// Finishes the call, which must return the child. Where this is unspecified, the next call must.
fn returns_the_child(
    t: &mut Trial,
    pending: Pending,
    (child, change): (&Child, Change),
    (target, options): (Target<'_>, Options),
) -> Outcome {
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_OWN_SIGCHLD).returns(&seen)?;
    let interrupted = seen.errno() == Some(Errno::INTR);
    let name = format!("a wait during the SIGCHLD of its own child that {}", kind(change));
    let value = if interrupted { "EINTR" } else { "returns the child" };
    t.expect(&posix::WAITPID_OWN_SIGCHLD).records(&name, value)?;
    t.expect(&linux::WAIT_OWN_SIGCHLD).reports(&seen, child, change)?;
    if interrupted {
        t.wait(target, options)?;
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
        exit_asleep(t, &child, code, target, Options::NONE)?;
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
        returns_the_child(
            t,
            pending,
            (&child, Change::Stopped(Signal::STOP)),
            (Target::Any, Options::UNTRACED),
        )?;
        let pending = asleep(t, Target::Any, Options::CONTINUED)?;
        t.signal(&child, Signal::CONT)?;
        t.await_running(&child)?;
        returns_the_child(t, pending, (&child, Change::Continued), (Target::Any, Options::CONTINUED))?;
    }
    Ok(())
}

fn by_group(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NONE)?;
    for code in 1..=TIMES {
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, Step::Setpgid { pgid: 0 })?;
        exit_asleep(t, &child, code, Target::Group(&child), Options::NONE)?;
    }
    Ok(())
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NONE)?;
    for code in 1..=TIMES {
        let child = t.spawn(Scenario::held())?;
        let fd = t.pidfd_open(&child, false)?;
        exit_asleep(t, &child, code, Target::Pidfd(fd), Options::NONE)?;
    }
    Ok(())
}

fn peek(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NONE)?;
    for code in 1..=TIMES {
        let child = t.spawn(Scenario::held())?;
        exit_asleep(t, &child, code, Target::Any, Options::NOWAIT)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&linux::WAIT_OWN_SIGCHLD).reports(&seen, &child, Change::Exited(code))?;
    }
    Ok(())
}

/// The child exits while that call is asleep.
fn exit_asleep(t: &mut Trial, child: &Child, code: i32, target: Target<'_>, options: Options) -> Outcome {
    let pending = asleep(t, target, options)?;
    t.tell(child, Step::exit(code))?;
    t.await_ended(child)?;
    returns_the_child(t, pending, (child, Change::Exited(code)), (target, options))
}

fn in_another_thread(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NONE)?;
    for (thread, code) in [(1, 11), (2, 12)] {
        let child = t.spawn(Scenario::held())?;
        let pending = t.begin_on(thread, Target::Child(&child), Options::NONE)?;
        t.expect(&linux::WAIT_OWN_SIGCHLD).blocks(&pending)?;
        t.tell(&child, Step::exit(code))?;
        t.await_ended(&child)?;
        returns_the_child(
            t,
            pending,
            (&child, Change::Exited(code)),
            (Target::Child(&child), Options::NONE),
        )?;
    }
    Ok(())
}
