//! SIGCHLD taken otherwise than by a handler: by sigtimedwait and through a signalfd.

use crate::harness::trial::{
    Calls, Case, Caught, Change, Child, Needs, Options, Outcome, Stop, Target, Trial, here,
};
use crate::scenario::Scenario;
use crate::spec::{Clause, linux, posix};
use crate::wait::Signal;

pub const CASES: &[Case] = &[
    Case {
        id: "sigwait.then-wait",
        title: "once sigtimedwait gave SIGCHLD of a child, a WNOHANG wait for that child finds it",
        clauses: &[&posix::SIGCHLD_WAIT_AFTER_SIGWAIT, &posix::SIGCHLD_INFO_EXITED],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: then_wait,
    },
    Case {
        id: "sigwait.signalfd-then-wait",
        title: "once a signalfd gave SIGCHLD of a child, a WNOHANG wait for that child finds it",
        clauses: &[&linux::SIGCHLD_WAIT_AFTER_SIGNALFD],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: signalfd_then_wait,
    },
    Case {
        id: "sigwait.default-pends",
        title: "a blocked SIGCHLD pends with its default action too",
        clauses: &[&posix::SIGCHLD_BLOCKED_DEFAULT, &linux::SIGCHLD_BLOCKED_DEFAULT_PENDS],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: default_pends,
    },
    Case {
        id: "sigwait.stop-and-continue",
        title: "the SIGCHLD of a stop and of a continue that were waited for are those of the child, and a wait finds each",
        clauses: &[
            &posix::SIGCHLD_WAIT_AFTER_SIGWAIT,
            &posix::SIGCHLD_INFO_STOPPED,
            &linux::SIGCHLD_ON_CONTINUE,
        ],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: stop_and_continue,
    },
];

/// Catches SIGCHLD, which some systems need for it to pend, and blocks it.
fn blocked(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, "count", &[])?;
    t.sigprocmask("block", Signal::CHLD)
}

fn taken_signal(t: &mut Trial, by: &str, clause: &'static Clause) -> Result<Caught, Stop> {
    match t.take_signal(by, Signal::CHLD)? {
        Some(caught) => Ok(caught),
        None => {
            t.expect(clause).that(false, "SIGCHLD", "none came")?;
            Err(Stop::Broken("there is no signal to judge".into()))
        }
    }
}

/// What a signal told, and what was to be told.
fn told(
    t: &mut Trial,
    clause: &'static Clause,
    caught: &Caught,
    child: &Child,
    code: &str,
    status: i64,
) -> Outcome {
    let got = format!("{} {} pid {} status {}", caught.signal, caught.code, caught.pid, caught.status);
    let expected = format!("SIGCHLD {code} pid {} status {status}", child.pid);
    t.expect(clause).that(got == expected, expected, got)
}

fn after(t: &mut Trial, by: &str, clause: &'static Clause) -> Result<(Child, Caught), Stop> {
    blocked(t)?;
    let other = t.spawn(Scenario::held())?;
    let child = t.spawn(Scenario::exits(7))?;
    let caught = taken_signal(t, by, clause)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    drop(other);
    Ok((child, caught))
}

fn then_wait(t: &mut Trial) -> Outcome {
    let (child, caught) = after(t, "sigwait", &posix::SIGCHLD_WAIT_AFTER_SIGWAIT)?;
    told(t, &posix::SIGCHLD_INFO_EXITED, &caught, &child, "CLD_EXITED", 7)
}

fn signalfd_then_wait(t: &mut Trial) -> Outcome {
    let clause = &linux::SIGCHLD_WAIT_AFTER_SIGNALFD;
    let (child, caught) = after(t, "signalfd", clause)?;
    told(t, clause, &caught, &child, "CLD_EXITED", 7)
}

fn default_pends(t: &mut Trial) -> Outcome {
    t.sigprocmask("block", Signal::CHLD)?;
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let pends = t.sigpending()?.iter().any(|name| name == "SIGCHLD");
    let shown = if pends { "pending" } else { "dropped" };
    t.expect(&posix::SIGCHLD_BLOCKED_DEFAULT).records("blocked-sigchld-with-default-action", shown)?;
    let clause = &linux::SIGCHLD_BLOCKED_DEFAULT_PENDS;
    t.expect(clause).equal("SIGCHLD", &shown, &"pending")?;
    if !pends {
        return Ok(());
    }
    let caught = taken_signal(t, "sigwait", clause)?;
    told(t, clause, &caught, &child, "CLD_EXITED", 7)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn stop_and_continue(t: &mut Trial) -> Outcome {
    let clause = &posix::SIGCHLD_WAIT_AFTER_SIGWAIT;
    blocked(t)?;
    let child = t.spawn(Scenario::held())?;
    let all = Options::UNTRACED | Options::CONTINUED | Options::NOHANG;
    t.signal(&child, Signal::STOP)?;
    let caught = taken_signal(t, "sigwait", clause)?;
    let (stop, cont) = (Signal::STOP.number().into(), Signal::CONT.number().into());
    told(t, &posix::SIGCHLD_INFO_STOPPED, &caught, &child, "CLD_STOPPED", stop)?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    // Of a continue POSIX leaves open whether there is a signal at all.
    if t.profile() != crate::spec::Profile::Linux {
        return Ok(());
    }
    let caught = taken_signal(t, "sigwait", &linux::SIGCHLD_ON_CONTINUE)?;
    told(t, &linux::SIGCHLD_ON_CONTINUE, &caught, &child, "CLD_CONTINUED", cont)?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).reports(&seen, &child, Change::Continued)
}
