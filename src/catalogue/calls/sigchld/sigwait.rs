//! SIGCHLD accepted without a handler: by sigtimedwait and through a signalfd.

use crate::scenario::Scenario;
use crate::spec::{Clause, linux, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Accept, Calls, Caught, Change, Child, Disposition, MaskChange, Options, Outcome, SiCode,
    SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "sigwait";

    /// after sigtimedwait returns a child's SIGCHLD, a WNOHANG wait finds that child
    then_wait(ANY; NOHANG) in Calls::WITH_OPTIONS.few()
        => [posix::SIGCHLD_WAIT_AFTER_SIGWAIT, posix::SIGCHLD_INFO_EXITED];

    /// after a signalfd returns a child's SIGCHLD, a WNOHANG wait finds that child
    signalfd_then_wait(ANY; NOHANG) in Calls::WITH_OPTIONS.few() => [linux::SIGCHLD_WAIT_AFTER_SIGNALFD];

    /// a blocked SIGCHLD stays pending even with its default action
    default_pends(ANY) in Calls::ENTRIES
        => [posix::SIGCHLD_BLOCKED_DEFAULT, linux::SIGCHLD_BLOCKED_DEFAULT_PENDS];

    /// a SIGCHLD accepted for a stop or a continue identifies the child, and a wait finds the event
    stop_and_continue(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::ENTRIES
        => [posix::SIGCHLD_WAIT_AFTER_SIGWAIT, posix::SIGCHLD_INFO_STOPPED, linux::SIGCHLD_ON_CONTINUE];
}

/// Catches SIGCHLD, without which some systems discard it while blocked, and blocks it.
fn block_sigchld(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NONE)?;
    t.sigprocmask(MaskChange::Block, Signal::CHLD)
}

fn accept_signal(t: &mut Trial, by: Accept, clause: &'static Clause) -> Result<Caught, Abort> {
    match t.take_signal(by, Signal::CHLD)? {
        Some(caught) => Ok(caught),
        None => {
            t.expect(clause).that(false, "SIGCHLD", "no signal")?;
            Err(Abort::Broken("no SIGCHLD arrived".into()))
        }
    }
}

/// Compares what a signal carried with what it must carry.
fn carries(
    t: &mut Trial,
    clause: &'static Clause,
    caught: &Caught,
    child: &Child,
    code: SiCode,
    status: i64,
) -> Outcome {
    let got = format!("{} {} pid {} status {}", caught.signal, caught.code, caught.pid, caught.status);
    let expected = format!("SIGCHLD {code} pid {} status {status}", child.pid);
    t.expect(clause).that(got == expected, expected, got)
}

fn wait_after(t: &mut Trial, by: Accept, clause: &'static Clause) -> Result<(Child, Caught), Abort> {
    block_sigchld(t)?;
    let other = t.spawn(Scenario::held())?;
    let child = t.spawn(Scenario::exits(7))?;
    let caught = accept_signal(t, by, clause)?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    drop(other);
    Ok((child, caught))
}

fn then_wait(t: &mut Trial) -> Outcome {
    let (child, caught) = wait_after(t, Accept::Sigtimedwait, &posix::SIGCHLD_WAIT_AFTER_SIGWAIT)?;
    carries(t, &posix::SIGCHLD_INFO_EXITED, &caught, &child, SiCode::Exited, 7)
}

fn signalfd_then_wait(t: &mut Trial) -> Outcome {
    let clause = &linux::SIGCHLD_WAIT_AFTER_SIGNALFD;
    let (child, caught) = wait_after(t, Accept::Signalfd, clause)?;
    carries(t, clause, &caught, &child, SiCode::Exited, 7)
}

fn default_pends(t: &mut Trial) -> Outcome {
    t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let pending = t.sigpending()?.contains(&Signal::CHLD);
    let shown = if pending { "pending" } else { "dropped" };
    t.expect(&posix::SIGCHLD_BLOCKED_DEFAULT).records("blocked SIGCHLD with its default action", shown)?;
    let clause = &linux::SIGCHLD_BLOCKED_DEFAULT_PENDS;
    t.expect(clause).equal("SIGCHLD", &shown, &"pending")?;
    if !pending {
        return Ok(());
    }
    let caught = accept_signal(t, Accept::Sigtimedwait, clause)?;
    carries(t, clause, &caught, &child, SiCode::Exited, 7)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn stop_and_continue(t: &mut Trial) -> Outcome {
    let clause = &posix::SIGCHLD_WAIT_AFTER_SIGWAIT;
    block_sigchld(t)?;
    let child = t.spawn(Scenario::held())?;
    let all = Options::UNTRACED | Options::CONTINUED | Options::NOHANG;
    t.signal(&child, Signal::STOP)?;
    let caught = accept_signal(t, Accept::Sigtimedwait, clause)?;
    let (stop, cont) = (t.number(Signal::STOP).into(), t.number(Signal::CONT).into());
    carries(t, &posix::SIGCHLD_INFO_STOPPED, &caught, &child, SiCode::Stopped, stop)?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    // POSIX leaves open whether a continue generates a signal at all.
    if t.profile() != crate::spec::Profile::Linux {
        return Ok(());
    }
    let caught = accept_signal(t, Accept::Sigtimedwait, &linux::SIGCHLD_ON_CONTINUE)?;
    carries(t, &linux::SIGCHLD_ON_CONTINUE, &caught, &child, SiCode::Continued, cont)?;
    let seen = t.wait(Target::Any, all)?;
    t.expect(clause).reports(&seen, &child, Change::Continued)
}
