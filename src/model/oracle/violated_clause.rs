//! The clause violated by an answer that no state allows.

use super::types::{CallOutcome, KnownChild};
use crate::model::op::{Selector, Sigchld, Wait};
use crate::model::state::{Permitted, Phase, State, is_wanted};
use crate::spec::{Clause, linux, posix};
use crate::sys::call::abi::{Call, Memory};
use crate::trial::Options;
use crate::trial::{Change, End, Errno, Seen};
use crate::wait::Signal;

/// The clause of `waitpid` or that of `waitid`, by the call.
fn of(wait: &Wait, waitpid: &'static Clause, waitid: &'static Clause) -> &'static Clause {
    if wait.call == Call::Waitid { waitid } else { waitpid }
}

/// The clause violated by an outcome if `expected` was one of the answers.
pub(crate) fn blame(
    world: &State,
    known: &[KnownChild],
    wait: &Wait,
    expected: Permitted,
    outcome: &CallOutcome,
    woken: bool,
) -> &'static Clause {
    let seen = match outcome {
        CallOutcome::Ended(seen) => seen,
        // It is asleep although it should have returned.
        CallOutcome::Asleep | CallOutcome::NotOffered => return no_return(world, wait, expected, woken),
    };
    if !matches!(seen.end, End::Returned(_)) {
        return no_return(world, wait, expected, woken);
    }
    if let Some(errno) = seen.errno() {
        return error(world, wait, expected, errno);
    }
    if seen.is_report() {
        return report(world, known, wait, expected, seen);
    }
    nothing(wait, expected, seen)
}

/// The call did not return.
fn no_return(world: &State, wait: &Wait, expected: Permitted, woken: bool) -> &'static Clause {
    match expected {
        Permitted::Report(_, Change::Stopped(_) | Change::Continued) if woken => {
            of(wait, &posix::WAITPID_STOP_WAKES_WAITER, &posix::WAITID_BLOCKS_UNTIL_EVENT)
        }
        Permitted::Report(..) if woken => {
            of(wait, &posix::WAITPID_BLOCKS_UNTIL_CHANGE, &posix::WAITID_BLOCKS_UNTIL_EVENT)
        }
        Permitted::Report(..) if wait.has(Options::NOHANG) => {
            of(wait, &posix::WAITPID_NOHANG_REPORTS_READY, &posix::WAITID_NOHANG_REPORTS_READY)
        }
        Permitted::Report(..) => {
            of(wait, &posix::WAITPID_NO_BLOCK_IF_READY, &posix::WAITID_NO_BLOCK_IF_READY)
        }
        Permitted::Nothing => of(wait, &posix::WAITPID_NOHANG_ZERO, &posix::WAITID_NOHANG_ZERO),
        Permitted::Error(Errno::INVAL) => {
            of(wait, &posix::WAITPID_EINVAL_OPTIONS, &posix::WAITID_EINVAL_OPTIONS)
        }
        Permitted::Error(Errno::INTR) => of(wait, &posix::WAITPID_EINTR, &posix::WAITID_EINTR),
        Permitted::Error(_) if world.sigchld.reaps() && woken => &posix::SIGCHLD_IGNORED_WAITS_FOR_LAST_EXIT,
        Permitted::Error(_) => no_child(world, wait),
        Permitted::Sleep => of(wait, &posix::WAITPID_BLOCKS_UNTIL_CHANGE, &posix::WAITID_BLOCKS_UNTIL_EVENT),
    }
}

/// The clause under which a call fails with `ECHILD`.
fn no_child(world: &State, wait: &Wait) -> &'static Clause {
    let living = world.children.iter().any(|child| child.phase != Phase::Gone);
    let waitpid = match wait.selector {
        _ if wait.has(Options::NOHANG) => &posix::WAITPID_NOHANG_ECHILD,
        Selector::Caller => &posix::WAITPID_ECHILD_NOT_A_CHILD,
        Selector::OwnGroup | Selector::Group(_) if living => &posix::WAITPID_ECHILD_EMPTY_GROUP,
        Selector::Child(_) if living => &posix::WAITPID_ECHILD_WITH_LIVE_CHILD,
        Selector::Child(_) => &posix::WAITPID_ECHILD_AFTER_REAP,
        _ => &posix::WAITPID_ECHILD,
    };
    let waitid = match wait.selector {
        _ if wait.has(Options::NOHANG) => &posix::WAITID_NOHANG_ECHILD,
        Selector::Any => &posix::WAITID_ECHILD,
        _ if living => &posix::WAITID_ECHILD_WITH_LIVE_CHILD,
        _ => &posix::WAITID_ECHILD,
    };
    of(wait, waitpid, waitid)
}

/// The call failed.
fn error(world: &State, wait: &Wait, expected: Permitted, errno: Errno) -> &'static Clause {
    match (expected, errno) {
        (Permitted::Error(Errno::INVAL), _) => {
            of(wait, &posix::WAITPID_EINVAL_OPTIONS, &posix::WAITID_EINVAL_OPTIONS)
        }
        (Permitted::Error(Errno::INTR), _) => of(wait, &posix::WAITPID_EINTR, &posix::WAITID_EINTR),
        (Permitted::Error(_), _) => no_child(world, wait),
        (Permitted::Report(..), Errno::INTR) if world.sigchld == Sigchld::Interrupt => {
            &linux::WAIT_OWN_SIGCHLD
        }
        (_, Errno::INTR) => of(wait, &posix::WAITPID_RESTART, &posix::WAITID_RESTART),
        (Permitted::Report(child, _), Errno::CHILD) if world.children[child].peeked => {
            &posix::WAITID_NOWAIT_EXIT
        }
        (Permitted::Report(..), Errno::CHILD) => &posix::ZOMBIE_UNTIL_REAPED,
        (Permitted::Nothing, _) => of(wait, &posix::WAITPID_NOHANG_ZERO, &posix::WAITID_NOHANG_ZERO),
        (Permitted::Sleep, Errno::CHILD) => {
            of(wait, &posix::WAITPID_BLOCKS_UNTIL_CHANGE, &posix::WAITID_BLOCKS_UNTIL_EVENT)
        }
        _ => &posix::WAITPID_NO_STRAY_ERRNO,
    }
}

/// The call returned with nothing to report.
fn nothing(wait: &Wait, expected: Permitted, seen: &Seen) -> &'static Clause {
    // A siginfo filled in for a child, but without its pid.
    let filled = seen.info().is_some_and(|info| info.signo == Some(Signal::CHLD));
    match expected {
        Permitted::Report(..) if filled => &posix::WAITID_SI_PID,
        Permitted::Report(_, Change::Stopped(_)) if wait.has(Options::NOHANG) => {
            of(wait, &posix::WAITPID_WUNTRACED_REPORTS_STOP, &posix::WAITID_EVENTS_COMBINE)
        }
        Permitted::Report(_, Change::Continued) if wait.has(Options::NOHANG) => {
            of(wait, &posix::WAITPID_WCONTINUED_REPORTS_CONTINUE, &posix::WAITID_EVENTS_COMBINE)
        }
        Permitted::Report(..) if wait.has(Options::NOHANG) => {
            of(wait, &posix::WAITPID_NOHANG_REPORTS_READY, &posix::WAITID_NOHANG_REPORTS_READY)
        }
        Permitted::Report(..) => of(wait, &posix::WAITPID_RETURNS_PID, &posix::WAITID_SI_PID),
        Permitted::Error(Errno::INVAL) => {
            of(wait, &posix::WAITPID_EINVAL_OPTIONS, &posix::WAITID_EINVAL_OPTIONS)
        }
        Permitted::Error(_) if wait.has(Options::NOHANG) => {
            of(wait, &posix::WAITPID_NOHANG_ECHILD, &posix::WAITID_NOHANG_ECHILD)
        }
        Permitted::Error(_) => of(wait, &posix::WAITPID_ECHILD, &posix::WAITID_ECHILD),
        // It returned some other value above 0.
        Permitted::Nothing => of(wait, &posix::WAITPID_NOHANG_ZERO, &posix::WAITID_RETURNS_ZERO),
        Permitted::Sleep => of(wait, &posix::WAITPID_BLOCKS_UNTIL_CHANGE, &posix::WAITID_BLOCKS_UNTIL_EVENT),
    }
}

/// The call reported something it must not.
fn report(
    world: &State,
    known: &[KnownChild],
    wait: &Wait,
    expected: Permitted,
    seen: &Seen,
) -> &'static Clause {
    if matches!(expected, Permitted::Error(Errno::INVAL)) {
        return of(wait, &posix::WAITPID_EINVAL_OPTIONS, &posix::WAITID_EINVAL_OPTIONS);
    }
    let child = seen.pid().and_then(|pid| known.iter().rposition(|p| p.pid == pid));
    let Some(child) = child else {
        return match seen.reply().map(|reply| &reply.info) {
            Some(Memory::Wrote(_)) => &posix::WAITID_SI_PID,
            _ => &posix::WAITPID_RETURNS_PID,
        };
    };
    let who = &world.children[child];
    if !world.is_meant(child, wait.selector) {
        let waitpid = match wait.selector {
            Selector::OwnGroup => &posix::WAITPID_OWN_GROUP,
            Selector::Group(_) => &posix::WAITPID_NAMED_GROUP,
            Selector::Caller => &posix::WAITPID_ECHILD_NOT_A_CHILD,
            _ => &posix::WAITPID_PID_ONLY_THAT_CHILD,
        };
        let waitid = if wait.selector.is_group() { &posix::WAITID_P_PGID } else { &posix::WAITID_P_PID };
        return of(wait, waitpid, waitid);
    }
    match (who.phase, seen.change()) {
        // Reaped before, and reported again.
        (Phase::Gone, _) if world.sigchld.reaps() => &posix::SIGCHLD_IGNORED_NO_ZOMBIE,
        (Phase::Gone, _) => &posix::STATUS_CONSUMED_ONCE,
        (_, Some(change))
            if who.unreported.is_none_or(|news| !same_kind(news, change))
                && who.superseded == Some(change) =>
        {
            match change {
                Change::Stopped(_) if who.unreported.is_none() => &posix::STATUS_STOP_ONCE,
                Change::Continued if who.unreported.is_none() => &posix::STATUS_CONTINUE_ONCE,
                Change::Stopped(_) => &posix::STATUS_CONTINUE_REPLACES_STOP,
                Change::Continued => &posix::STATUS_STOP_REPLACES_CONTINUE,
                _ => &posix::STATUS_CONSUMED_ONCE,
            }
        }
        (_, Some(change)) if !is_wanted(change, wait) => unwanted(wait, change),
        (Phase::Running | Phase::Stopped, Some(Change::Exited(_) | Change::Killed(..))) => {
            of(wait, &posix::WAITPID_BLOCKS_UNTIL_CHANGE, &posix::WAITID_BLOCKS_UNTIL_EVENT)
        }
        (Phase::Running, Some(Change::Continued)) => &posix::STATUS_CONTINUE_WHILE_RUNNING,
        (Phase::Stopped, Some(Change::Stopped(_))) => &posix::STATUS_STOP_WHILE_STOPPED,
        (Phase::Zombie, Some(Change::Stopped(_) | Change::Continued)) => &posix::STATUS_EXIT_REPLACES_ALL,
        _ => of(wait, &posix::WAITPID_NOHANG_ZERO, &posix::WAITID_NOHANG_ZERO),
    }
}

fn same_kind(a: Change, b: Change) -> bool {
    std::mem::discriminant(&a) == std::mem::discriminant(&b)
}

/// A change that the options do not request.
fn unwanted(wait: &Wait, change: Change) -> &'static Clause {
    let waitid = match (wait.wants_end(), wait.has(Options::UNTRACED), wait.has(Options::CONTINUED)) {
        (true, ..) => &posix::WAITID_EXITED_ONLY,
        (_, true, _) => &posix::WAITID_STOPPED_ONLY,
        _ => &posix::WAITID_CONTINUED_ONLY,
    };
    match change {
        Change::Stopped(_) if wait.call == Call::Wait => &posix::WAIT_ONLY_TERMINATION,
        Change::Stopped(_) => of(wait, &posix::WAITPID_STOP_NEEDS_WUNTRACED, waitid),
        Change::Continued if wait.call == Call::Wait => &posix::WAIT_ONLY_TERMINATION,
        Change::Continued => of(wait, &posix::WAITPID_CONTINUE_NEEDS_WCONTINUED, waitid),
        _ => of(wait, &posix::STATUS_ONE_PREDICATE, waitid),
    }
}
