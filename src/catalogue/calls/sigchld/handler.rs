//! `SIGCHLD` and its handler: when it is generated, what it carries, and what a wait inside the handler finds.

use crate::catalogue::calls::waitid::siginfo::OTHER_USER;
use crate::scenario::{Scenario, Step};
use crate::sorted::sort;
use crate::spec::{Clause, linux, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Call, Calls, Change, Child, Disposition, Errno, MaskChange, Need, Needs, Options, Outcome, Seen,
    Shows, SiCode, SigactionFlags, Signals, Target, Trial,
};
use crate::wait::Signal;

cases! { "sigchld";

    /// a stop and an exit generate SIGCHLD; whether a continue does is recorded, and on Linux it does
    on_exit_and_stop(ANY; UNTRACED) in Calls::WITH_OPTIONS.few() => [
        posix::SIGCHLD_ON_EXIT,
        posix::SIGCHLD_ON_STOP,
        posix::SIGCHLD_ON_CONTINUE,
        linux::SIGCHLD_ON_CONTINUE,
    ];

    /// for an exit, the handler's siginfo equals waitid's, field by field
    siginfo_of_exit(PID) in Calls::only(&[Call::Waitid])
        => [posix::SIGCHLD_INFO_EXITED, posix::SIGCHLD_INFO_EQUALS_WAITID];

    /// for a child that has changed its user, the handler's siginfo carries the child's real uid
    uid_after_setuid(PID; UNTRACED) in Calls::WITH_OPTIONS.few(), needs Needs::of(&[Need::Root])
        => [posix::SIGCHLD_INFO_UID];

    /// for a death by signal, the handler's siginfo equals waitid's, field by field
    siginfo_of_kill(PID) in Calls::only(&[Call::Waitid])
        => [posix::SIGCHLD_INFO_KILLED, posix::SIGCHLD_INFO_EQUALS_WAITID];

    /// for a core dump, the handler's siginfo has CLD_DUMPED and equals waitid's
    siginfo_of_core_dump(PID) in Calls::only(&[Call::Waitid]), needs Needs::of(&[Need::CoreFiles])
        => [posix::SIGCHLD_INFO_KILLED, posix::SIGCHLD_INFO_EQUALS_WAITID];

    /// for a stop, the handler's siginfo equals waitid's, field by field
    siginfo_of_stop(PID; UNTRACED) in Calls::only(&[Call::Waitid])
        => [posix::SIGCHLD_INFO_STOPPED, posix::SIGCHLD_INFO_EQUALS_WAITID];

    /// for a continue, the handler's siginfo equals waitid's, field by field
    siginfo_of_continue(PID; UNTRACED | CONTINUED) in Calls::only(&[Call::Waitid])
        => [linux::SIGCHLD_ON_CONTINUE, posix::SIGCHLD_INFO_EQUALS_WAITID];

    /// a WNOHANG wait inside the handler reaps the child that the signal is about
    wait_in_handler(ANY; NOHANG) in Calls::only(&[Call::Waitpid]) => [posix::SIGCHLD_WAIT_IN_HANDLER];

    /// a wait inside the handler reaps one child while the call it interrupted waits for another
    wait_in_handler_during_wait(PID; UNTRACED) in Calls::only(&[Call::Waitpid])
        => [posix::SIGCHLD_WAIT_IN_HANDLER, posix::WAITPID_RESTART];

    /// a blocked SIGCHLD stays pending; a loop of WNOHANG waits after it finds each of several children
    coalesced(ANY; NOHANG) in Calls::taking(Options::NOHANG).few()
        => [posix::SIGCHLD_BLOCKED_PENDS, posix::SIGCHLD_COALESCES];

    /// SA_NOCLDSTOP suppresses SIGCHLD for stops and continues, still reported, but not for exits
    nocldstop(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [
        posix::SIGCHLD_NOCLDSTOP_SILENT,
        posix::SIGCHLD_NOCLDSTOP_KEEPS_STATUS,
        posix::SIGCHLD_NOCLDSTOP_EXIT,
    ];
}

/// The agent's next SIGCHLD must arrive.
pub(crate) fn await_sigchld(t: &mut Trial, clause: &'static Clause, of: &str) -> Result<Signals, Abort> {
    let signals = t.await_signals(1)?;
    t.expect(clause).equal(&format!("SIGCHLDs for {of}:"), &signals.count, &1)?;
    Ok(signals)
}

fn on_exit_and_stop(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::RESTART)?;
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    await_sigchld(t, &posix::SIGCHLD_ON_STOP, "a stop")?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(&posix::SIGCHLD_ON_STOP).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    // A child that answers again has been through all effects of its continue.
    t.tell(&child, Step::Getids)?;
    let continued = t.signals()?.count;
    t.expect(&posix::SIGCHLD_ON_CONTINUE).records("SIGCHLDs for a continue", continued.to_string())?;
    t.expect(&linux::SIGCHLD_ON_CONTINUE).equal("SIGCHLDs for a continue:", &continued, &1)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    await_sigchld(t, &posix::SIGCHLD_ON_EXIT, "an exit")?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::SIGCHLD_ON_EXIT).reaped(&seen, &child, Change::Exited(7))
}

/// The siginfo of one signal must equal that of `waitid`.
fn equals_waitid(t: &mut Trial, signals: &Signals, seen: &Seen) -> Outcome {
    let clause = &posix::SIGCHLD_INFO_EQUALS_WAITID;
    t.expect(clause).equal("recorded SIGCHLDs:", &signals.seen.len(), &1)?;
    let Some(caught) = signals.seen.first() else { return Ok(()) };
    let got = seen.fields();
    t.expect(clause).field(seen, "si_signo", got.signo, caught.signal)?;
    t.expect(clause).field(seen, "si_code", got.code, caught.code)?;
    t.expect(clause).field(seen, "si_pid", got.pid, caught.pid)?;
    t.expect(clause).field(seen, "si_uid", got.uid, caught.uid)?;
    // Typed subjects omit it for a continue.
    t.expect(clause).field(seen, "si_status", got.status, caught.status)
}

/// The siginfo of one signal, except for the uid, which is compared with `waitid`.
fn carries(
    t: &mut Trial,
    clause: &'static Clause,
    signals: &Signals,
    child: &Child,
    code: SiCode,
    status: i64,
) -> Outcome {
    t.expect(clause).equal("recorded SIGCHLDs:", &signals.seen.len(), &1)?;
    let Some(caught) = signals.seen.first() else { return Ok(()) };
    t.expect(clause).equal("si_signo", &caught.signal, &Signal::CHLD)?;
    t.expect(clause).equal("si_code", &caught.code, &code)?;
    t.expect(clause).equal("si_pid", &caught.pid, &child.pid)?;
    t.expect(clause).equal("si_status", &caught.status, &status)
}

fn siginfo_of_exit(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)?;
    let child = t.spawn(Scenario::held())?;
    let ids = t.tell_for_reply(&child, &Step::Getids)?;
    let uid = ids.number("uid").map_err(|e| Abort::Protocol(format!("reply to getids: {e}")))?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let signals = await_sigchld(t, &posix::SIGCHLD_INFO_EXITED, "an exit")?;
    carries(t, &posix::SIGCHLD_INFO_EXITED, &signals, &child, SiCode::Exited, 7)?;
    let uids: Vec<i64> = signals.seen.iter().map(|caught| caught.uid).collect();
    t.expect(&posix::SIGCHLD_INFO_EXITED).one_of("si_uid", &uids, &[vec![uid]])?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::SIGCHLD_INFO_EQUALS_WAITID).reaped(&seen, &child, Change::Exited(7))?;
    equals_waitid(t, &signals, &seen)
}

fn uid_after_setuid(t: &mut Trial) -> Outcome {
    let clause = &posix::SIGCHLD_INFO_UID;
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)?;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setuid { uid: OTHER_USER })?;
    for (signal, options) in [(Signal::STOP, Options::UNTRACED), (Signal::KILL, Options::NONE)] {
        t.signal(&child, signal)?;
        let seen = t.wait(Target::Child(&child), options)?;
        t.expect(clause).reports_child(&seen, &child)?;
        let signals = await_sigchld(t, clause, "a child of another user")?;
        let uids: Vec<i64> = signals.seen.iter().map(|caught| caught.uid).collect();
        t.expect(clause).one_of("si_uid", &uids, &[vec![OTHER_USER.into()]])?;
    }
    Ok(())
}

fn siginfo_of_kill(t: &mut Trial) -> Outcome {
    siginfo_of_death(t, Scenario::dies(Signal::KILL), (Signal::KILL, false))
}

fn siginfo_of_core_dump(t: &mut Trial) -> Outcome {
    let dumps = Step::raise(Signal::ABRT).with_core(true);
    siginfo_of_death(t, Scenario::of([dumps]), (Signal::ABRT, true))
}

fn siginfo_of_death(t: &mut Trial, dies: Scenario, (signal, core): (Signal, bool)) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)?;
    let child = t.spawn(dies)?;
    t.await_zombie(&child)?;
    let signals = await_sigchld(t, &posix::SIGCHLD_INFO_KILLED, "a death")?;
    let code = if core { SiCode::Dumped } else { SiCode::Killed };
    carries(t, &posix::SIGCHLD_INFO_KILLED, &signals, &child, code, t.number(signal).into())?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::SIGCHLD_INFO_EQUALS_WAITID).reaped(&seen, &child, Change::Killed(signal, core))?;
    equals_waitid(t, &signals, &seen)
}

fn siginfo_of_stop(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)?;
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let signals = await_sigchld(t, &posix::SIGCHLD_INFO_STOPPED, "a stop")?;
    let number = t.number(Signal::STOP).into();
    carries(t, &posix::SIGCHLD_INFO_STOPPED, &signals, &child, SiCode::Stopped, number)?;
    let seen = t.wait(Target::Child(&child), Options::UNTRACED)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&posix::SIGCHLD_INFO_EQUALS_WAITID).reports(&seen, &child, stopped)?;
    equals_waitid(t, &signals, &seen)
}

fn siginfo_of_continue(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Child(&child), Options::UNTRACED)?;
    let stopped = Change::Stopped(Signal::STOP);
    t.expect(&posix::SIGCHLD_INFO_EQUALS_WAITID).reports(&seen, &child, stopped)?;
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)?;
    t.signal(&child, Signal::CONT)?;
    t.tell(&child, Step::Getids)?;
    // The SIGCHLD for the stop may have been generated only now, with the handler installed.
    let mut signals = t.signals()?;
    signals.seen.retain(|caught| caught.code != SiCode::Stopped);
    if signals.seen.is_empty() && !linux::SIGCHLD_ON_CONTINUE.applies_to(t.profile()) {
        return Err(Abort::Skip("a continue generates no SIGCHLD here".into()));
    }
    let number = t.number(Signal::CONT).into();
    carries(t, &linux::SIGCHLD_ON_CONTINUE, &signals, &child, SiCode::Continued, number)?;
    let seen = t.wait(Target::Child(&child), Options::CONTINUED)?;
    t.expect(&posix::SIGCHLD_INFO_EQUALS_WAITID).reports(&seen, &child, Change::Continued)?;
    equals_waitid(t, &signals, &seen)
}

/// What the wait inside the handler must have found; a subject need not expose the status word.
fn found_in_handler(t: &mut Trial, child: &Child, word: i64) -> Outcome {
    let signals = await_sigchld(t, &posix::SIGCHLD_WAIT_IN_HANDLER, "an exit")?;
    let expected = (child.pid, word);
    let got = signals.waited;
    let ok = got == [expected] || got == [(child.pid, -1)];
    t.expect(&posix::SIGCHLD_WAIT_IN_HANDLER).that(
        ok,
        format!("pid {}, status {word:#06x}", child.pid),
        format!("pid and status {got:?}"),
    )
}

fn wait_in_handler(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Wait, SigactionFlags::RESTART)?;
    // One at a time: the handler reaps one child per signal.
    for (code, word) in [(7, 0x0700), (0, 0)] {
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, Step::exit(code))?;
        t.await_ended(&child)?;
        found_in_handler(t, &child, word)?;
    }
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&posix::SIGCHLD_WAIT_IN_HANDLER).error(&seen, Errno::CHILD)
}

fn wait_in_handler_during_wait(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Wait, SigactionFlags::RESTART)?;
    let awaited = t.spawn(Scenario::held())?;
    let other = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Child(&awaited), Options::UNTRACED)?;
    t.expect(&posix::WAITPID_RESTART).blocks(&pending)?;
    t.tell(&other, Step::exit(7))?;
    t.await_ended(&other)?;
    t.expect(&posix::WAITPID_RESTART).blocks(&pending)?;
    // The handler requests no stops, so this one is for the interrupted call alone.
    t.signal(&awaited, Signal::STOP)?;
    t.await_stopped(&awaited)?;
    let seen = t.finish(pending)?;
    t.expect(&posix::WAITPID_RESTART).reports(&seen, &awaited, Change::Stopped(Signal::STOP))?;
    let waited = t.signals()?.waited;
    let ok = waited.first().is_some_and(|got| *got == (other.pid, 0x0700) || *got == (other.pid, -1));
    t.expect(&posix::SIGCHLD_WAIT_IN_HANDLER).that(
        ok,
        format!("pid {}, status 0x0700", other.pid),
        format!("pid and status {waited:?}"),
    )
}

/// The number of children that exit while SIGCHLD is blocked.
const CHILDREN: i32 = 6;

fn coalesced(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::RESTART)?;
    t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
    for number in 0..CHILDREN {
        let child = t.spawn(Scenario::exits(10 + number))?;
        t.await_zombie(&child)?;
    }
    let while_blocked = t.signals()?.count;
    t.expect(&posix::SIGCHLD_BLOCKED_PENDS).equal("SIGCHLDs delivered while blocked:", &while_blocked, &0)?;
    t.sigprocmask(MaskChange::Unblock, Signal::CHLD)?;
    let signals = t.await_signals(1)?;
    t.expect(&posix::SIGCHLD_BLOCKED_PENDS).within(
        "SIGCHLDs delivered",
        Some(signals.count),
        1,
        CHILDREN.into(),
    )?;
    let mut found = Vec::new();
    for _ in 0..CHILDREN {
        let seen = t.wait(Target::Any, Options::NOHANG)?;
        t.expect(&posix::SIGCHLD_COALESCES).returns(&seen)?;
        match seen.change() {
            Some(Change::Exited(code)) => found.push(code),
            _ if seen.shown_change() == Shows::Kind(SiCode::Exited) => {}
            _ => t.expect(&posix::SIGCHLD_COALESCES).that(false, "a child that exited", seen.outcome())?,
        }
    }
    sort(&mut found);
    let every: Vec<i32> = (0..CHILDREN).map(|number| 10 + number).collect();
    if !found.is_empty() {
        t.expect(&posix::SIGCHLD_COALESCES).one_of("exit codes", &found, &[every])?;
    }
    let seen = t.wait(Target::Any, Options::NOHANG)?;
    t.expect(&posix::SIGCHLD_COALESCES).error(&seen, Errno::CHILD)
}

fn nocldstop(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NOCLDSTOP)?;
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(&posix::SIGCHLD_NOCLDSTOP_KEEPS_STATUS).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Any, Options::CONTINUED)?;
    t.expect(&posix::SIGCHLD_NOCLDSTOP_KEEPS_STATUS).reports(&seen, &child, Change::Continued)?;
    // A child that answers again has been through all effects of its stop and continue.
    t.tell(&child, Step::Getids)?;
    let silent = t.signals()?.count;
    t.expect(&posix::SIGCHLD_NOCLDSTOP_SILENT).equal("SIGCHLDs for a stop and a continue:", &silent, &0)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    await_sigchld(t, &posix::SIGCHLD_NOCLDSTOP_EXIT, "an exit")?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::SIGCHLD_NOCLDSTOP_EXIT).reaped(&seen, &child, Change::Exited(7))?;
    // A child that dies while it is stopped.
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    t.expect(&posix::SIGCHLD_NOCLDSTOP_KEEPS_STATUS).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::KILL)?;
    t.await_zombie(&child)?;
    await_sigchld(t, &posix::SIGCHLD_NOCLDSTOP_EXIT, "the death of a stopped child")?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::SIGCHLD_NOCLDSTOP_EXIT).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}
