//! Null pointers in calls that sleep, that report stops and continues, and that find a child in other ways than by its pid.

use crate::catalogue::calls::rusage::bounds::{at_least, spawn_busy};
use crate::catalogue::calls::select::alike::{cause, held, settle};
use crate::scenario::Step;
use crate::spec::{Clause, linux, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Call, Calls, Change, Child, Errno, Needs, Options, Outcome, Pointer, Seen, Target, Trial,
    WaitRequest,
};
use crate::wait::Signal;

cases! { "null-pointers";

    /// with null pointers, a call sleeps until the child exits, and reaps it
    asleep(ANY | PID; NONE; adapting) in Calls::WITH_STATUS => [posix::WAITPID_NULL_STATUS, linux::WAIT4_NULL_RUSAGE];

    /// with a null status, the usage is filled in for a stop, a continue and an exit, whether the call sleeps or not
    usage(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_USAGE.and(Calls::WITH_OPTIONS)
        => [linux::WAIT4_NULL_STATUS];

    /// with a null infop, waitid reports and consumes a stop and a continue and reaps, by pid and by group, asleep or not
    infop(PID | GROUP; NOHANG | UNTRACED | CONTINUED) in Calls::only(&[Call::Waitid])
        => [linux::WAITID_NULL_INFOP_ALIKE];

    /// so it does by pidfd
    infop_by_pidfd(PIDFD; NOHANG | UNTRACED | CONTINUED) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [linux::WAITID_NULL_INFOP_ALIKE];
}

/// What becomes of a child, and the option that asks for it.
const LIFE: [(Change, Options); 3] = [
    (Change::Stopped(Signal::STOP), Options::UNTRACED),
    (Change::Continued, Options::CONTINUED),
    (Change::Exited(7), Options::NONE),
];

/// Has the child change while the call sleeps, or before the call.
fn change_seen(
    t: &mut Trial,
    clause: &'static Clause,
    (child, change): (&Child, Change),
    request: WaitRequest,
    sleeps: bool,
) -> Result<Seen, Abort> {
    if sleeps {
        let pending = t.begin_request(request)?;
        t.expect(clause).blocks(&pending)?;
        cause(t, child, change)?;
        return t.finish(pending);
    }
    cause(t, child, change)?;
    settle(t, child, change)?;
    t.perform(request)
}

fn asleep(t: &mut Trial) -> Outcome {
    let usages: &[Pointer] =
        if Calls::WITH_USAGE.has(t.call()) { &[Pointer::Buffer, Pointer::Null] } else { &[Pointer::Null] };
    for usage in usages {
        let child = held(t)?;
        let target = if Calls::WITH_TARGET.has(t.call()) { Target::Child(&child) } else { Target::Any };
        let mut request = t.ask(target, Options::NONE);
        (request.status, request.rusage) = (Pointer::Null, *usage);
        let clause = &posix::WAITPID_NULL_STATUS;
        let seen = change_seen(t, clause, (&child, Change::Exited(7)), request, true)?;
        t.expect(clause).reports_child(&seen, &child)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).error(&seen, Errno::CHILD)?;
    }
    if Calls::WITH_USAGE.has(t.call()) {
        let clause = &linux::WAIT4_NULL_RUSAGE;
        let child = held(t)?;
        let mut request = t.ask(Target::Any, Options::NONE);
        request.rusage = Pointer::Null;
        let seen = change_seen(t, clause, (&child, Change::Exited(9)), request, true)?;
        t.expect(clause).reaped(&seen, &child, Change::Exited(9))?;
    }
    Ok(())
}

fn usage(t: &mut Trial) -> Outcome {
    let clause = &linux::WAIT4_NULL_STATUS;
    for sleeps in [false, true] {
        let child = spawn_busy(t)?;
        let (own, _) = t.usage_so_far(&child)?;
        for (change, options) in LIFE {
            let nohang = if sleeps { Options::NONE } else { Options::NOHANG };
            let mut request = t.ask(Target::Any, options | nohang);
            (request.status, request.rusage) = (Pointer::Null, Pointer::Buffer);
            let seen = change_seen(t, clause, (&child, change), request, sleeps)?;
            t.expect(clause).reports_child(&seen, &child)?;
            at_least(t, clause, &seen, &own)?;
        }
    }
    Ok(())
}

/// Follows a child by calls for that target with a null infop: each event is there once.
fn follow(t: &mut Trial, child: &Child, target: Target<'_>, sleeps: bool) -> Outcome {
    let clause = &linux::WAITID_NULL_INFOP_ALIKE;
    for (change, options) in LIFE {
        let nohang = if sleeps { Options::NONE } else { Options::NOHANG };
        let mut request = t.ask(target, options | nohang);
        request.info = Pointer::Null;
        let seen = change_seen(t, clause, (child, change), request, sleeps)?;
        t.expect(clause).that(seen.errno().is_none(), "success", seen.outcome())?;
        let again = t.wait(target, options | Options::NOHANG)?;
        if matches!(change, Change::Exited(_)) {
            t.expect(clause).error(&again, Errno::CHILD)?;
        } else {
            t.expect(clause).nothing_ready(&again)?;
        }
    }
    Ok(())
}

fn infop(t: &mut Trial) -> Outcome {
    for by_group in [false, true] {
        for sleeps in [false, true] {
            let child = held(t)?;
            t.tell(&child, Step::Setpgid { pgid: 0 })?;
            let target = if by_group { Target::Group(&child) } else { Target::Child(&child) };
            follow(t, &child, target, sleeps)?;
        }
    }
    Ok(())
}

fn infop_by_pidfd(t: &mut Trial) -> Outcome {
    for sleeps in [false, true] {
        let child = held(t)?;
        let fd = t.pidfd_open(&child, false)?;
        follow(t, &child, Target::Pidfd(fd), sleeps)?;
    }
    Ok(())
}
