//! Corner cases of SIGCHLD's action: SA_NOCLDWAIT without a handler and temporarily, a signal that is ignored and blocked,
//! clone children; and what generates no SIGCHLD.

use super::handler::await_sigchld;
use super::ignored_blocked::blocks_until_last_exit;
use crate::scenario::{Scenario, Step};
use crate::spec::{linux, posix};
use crate::trial::cases;
use crate::trial::{
    By, Calls, Change, CloneHow, Disposition, Errno, HandlerFlag, MaskChange, Options, Outcome, SiCode,
    SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "sigchld-action";

    /// with SA_NOCLDWAIT and a handler, the SIGCHLD of a child says who it was and how it ended
    nocldwait_siginfo(ANY) in Calls::ENTRIES.few() => [linux::SIGCHLD_NOCLDWAIT_STILL_SENT];

    /// with SA_NOCLDWAIT and the default action, children leave no zombies
    nocldwait_without_handler(ANY) in Calls::ENTRIES.few()
        => [posix::SIGCHLD_NOCLDWAIT_NO_ZOMBIE, posix::SIGCHLD_NOCLDWAIT_WAITS_FOR_LAST_EXIT];

    /// with SA_RESETHAND, a handler runs for the first of two children; the second leaves a zombie, too
    resethand(ANY) in Calls::ENTRIES.few() => [posix::SIGCHLD_RESETHAND];

    /// after an action without SA_NOCLDWAIT, children leave zombies again
    nocldwait_cleared(ANY) in Calls::ENTRIES.few() => [posix::SIGCHLD_NOCLDWAIT_CLEARED];

    /// with SIGCHLD ignored or SA_NOCLDWAIT set, children leave no zombies even while SIGCHLD is blocked
    ignored_while_blocked(ANY) in Calls::ENTRIES.few() => [posix::SIGCHLD_IGNORED_WHILE_BLOCKED];

    /// with SIGCHLD ignored, a child with another exit signal, or with none, leaves a zombie
    clone_children(ANY; CLONE) in Calls::WITH_OPTIONS.few() => [linux::CLONE_IGNORED_SIGCHLD_KEEPS];

    /// SIGCHLD is generated once for a stop and for a death, and not for reaps, stops of stopped or continues of running children
    only_events(ANY; UNTRACED) in Calls::WITH_OPTIONS.few() => [linux::SIGCHLD_ONLY_EVENTS];
}

fn nocldwait_without_handler(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Default, SigactionFlags::NOCLDWAIT)?;
    blocks_until_last_exit(
        t,
        &posix::SIGCHLD_NOCLDWAIT_NO_ZOMBIE,
        &posix::SIGCHLD_NOCLDWAIT_WAITS_FOR_LAST_EXIT,
    )
}

fn resethand(t: &mut Trial) -> Outcome {
    let clause = &posix::SIGCHLD_RESETHAND;
    t.handle_with(Signal::CHLD, true, HandlerFlag::Once)?;
    let mut count = 0;
    for code in [7, 8] {
        let child = t.spawn(Scenario::exits(code))?;
        t.await_zombie(&child)?;
        if code == 7 {
            count += t.await_signals(1)?.count;
        }
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).reaped(&seen, &child, Change::Exited(code))?;
    }
    // A SIGCHLD handled before the call returned is counted by now.
    count += t.signals()?.count;
    t.expect(clause).equal("SIGCHLDs handled", &count, &1)
}

fn nocldwait_cleared(t: &mut Trial) -> Outcome {
    for action in [Disposition::Count, Disposition::Default] {
        t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NOCLDWAIT)?;
        t.sigaction(Signal::CHLD, action, SigactionFlags::RESTART)?;
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, Step::exit(7))?;
        t.await_ended(&child)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::SIGCHLD_NOCLDWAIT_CLEARED).reaped(&seen, &child, Change::Exited(7))?;
    }
    Ok(())
}

fn ignored_while_blocked(t: &mut Trial) -> Outcome {
    let clause = &posix::SIGCHLD_IGNORED_WHILE_BLOCKED;
    t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    blocks_until_last_exit(t, clause, clause)?;
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NOCLDWAIT)?;
    blocks_until_last_exit(t, clause, clause)
}

fn nocldwait_siginfo(t: &mut Trial) -> Outcome {
    let clause = &linux::SIGCHLD_NOCLDWAIT_STILL_SENT;
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::NOCLDWAIT)?;
    for (step, code, status) in [
        (Step::exit(7), SiCode::Exited, 7),
        (Step::kill_self(Signal::KILL), SiCode::Killed, t.number(Signal::KILL).into()),
    ] {
        let child = t.spawn(Scenario::held())?;
        t.begin_step(&child, step)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).error(&seen, Errno::CHILD)?;
        let signals = await_sigchld(t, clause, "a child that is reaped by itself")?;
        let got: Vec<_> = signals.seen.iter().map(|got| (got.code, got.pid, got.status)).collect();
        t.expect(clause).one_of("si_code, si_pid, si_status", &got, &[vec![(code, child.pid, status)]])?;
    }
    Ok(())
}

fn clone_children(t: &mut Trial) -> Outcome {
    let clause = &linux::CLONE_IGNORED_SIGCHLD_KEEPS;
    t.sigaction(Signal::CHLD, Disposition::Ignore, SigactionFlags::NONE)?;
    // Ignored by default.
    t.sigaction(Signal::USR1, Disposition::Ignore, SigactionFlags::NONE)?;
    for exit_signal in [Some(Signal::WINCH), Some(Signal::USR1), None] {
        let clone = By::Clone(CloneHow::signalling(exit_signal));
        let (child, _) = t.spawn_by(&clone, Scenario::held())?;
        t.tell(&child, Step::exit(7))?;
        t.await_ended(&child)?;
        let seen = t.wait(Target::Any, Options::CLONE)?;
        t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    }
    Ok(())
}

/// No SIGCHLD has arrived since the last check.
fn none(t: &mut Trial, of: &str) -> Outcome {
    let count = t.signals()?.count;
    t.expect(&linux::SIGCHLD_ONLY_EVENTS).equal(&format!("SIGCHLDs for {of}:"), &count, &0)
}

fn only_events(t: &mut Trial) -> Outcome {
    let clause = &linux::SIGCHLD_ONLY_EVENTS;
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)?;
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::CONT)?;
    t.tell(&child, Step::Getids)?;
    none(t, "a continue of a running child")?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    await_sigchld(t, clause, "a stop")?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    none(t, "a wait that reported a stop")?;
    for signal in [Signal::STOP, Signal::TSTP] {
        t.signal(&child, signal)?;
        none(t, "a stop of a stopped child")?;
    }
    t.signal(&child, Signal::KILL)?;
    t.await_zombie(&child)?;
    let signals = await_sigchld(t, clause, "the death of a stopped child")?;
    let codes: Vec<SiCode> = signals.seen.iter().map(|caught| caught.code).collect();
    t.expect(clause).one_of("si_code", &codes, &[vec![SiCode::Killed]])?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::KILL, false))?;
    none(t, "a wait that reaped")
}
