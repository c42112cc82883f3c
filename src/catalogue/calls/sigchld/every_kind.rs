//! SIGCHLD for every kind of child, every value, and every time.

use super::handler::await_sigchld;
use crate::catalogue::calls::lifecycle::reparenting::spawn_pidns_init;
use crate::catalogue::calls::select::alike::{cause, settle};
use crate::catalogue::calls::waitid::siginfo::{LARGE_UID, OTHER_USER};
use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, Profile, linux, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, Accept, By, Calls, Change, Child, Disposition, MaskChange, Need, Needs, Options, Outcome, SiCode,
    SigactionFlags, Target, Trial,
};
use crate::wait::Signal;

cases! { "sigchld-kinds";

    /// SIGCHLD says who stopped, continued and died, and how, for a child in a group or a session of its own, and after an exec
    changed(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [posix::SIGCHLD_ALIKE, posix::SIGCHLD_INFO_UID, linux::SIGCHLD_ON_CONTINUE];

    /// so it does for a child of another user
    other_user(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few(), needs Needs::of(&[Need::Root])
        => [posix::SIGCHLD_ALIKE, posix::SIGCHLD_INFO_UID, linux::SIGCHLD_ON_CONTINUE];

    /// so it does for a child created by posix_spawn
    posix_spawn(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [posix::SIGCHLD_ALIKE, posix::SIGCHLD_INFO_UID, linux::SIGCHLD_ON_CONTINUE];

    /// so it does for a child that is init of a PID namespace
    init_of_pidns(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [linux::PIDNS_REPORTS_ALIKE];

    /// each stop and continue of a child generates one SIGCHLD, not only the first, and its value is any stop signal, exit value or signal
    every_value(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [posix::SIGCHLD_ALIKE, posix::SIGCHLD_INFO_UID, linux::SIGCHLD_ON_CONTINUE];

    /// with SA_NOCLDSTOP, no stop and no continue generates one, however often the child stops
    nocldstop_repeated(ANY; UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few() => [posix::SIGCHLD_NOCLDSTOP_SILENT];

    /// a SIGCHLD that sigwaitinfo returns says who died and how, and whose child that was, for an exit and for a death by a signal
    accepted(ANY) in Calls::ENTRIES.few() => [posix::SIGCHLD_ALIKE];
}

/// A child's real user ID.
pub(crate) fn uid_of(t: &mut Trial, child: &Child) -> Result<i64, Abort> {
    let ids = t.tell_for_reply(child, &Step::Getids)?;
    ids.number("uid").map_err(|e| Abort::Protocol(format!("reply to getids: {e}")))
}

/// What a SIGCHLD for that change carries.
fn carried(t: &Trial, change: Change) -> (SiCode, i64) {
    match change {
        Change::Stopped(signal) => (SiCode::Stopped, t.number(signal).into()),
        Change::Killed(signal, _) => (SiCode::Killed, t.number(signal).into()),
        Change::Exited(code) => (SiCode::Exited, code.into()),
        _ => (SiCode::Continued, t.number(Signal::CONT).into()),
    }
}

/// Each change of the child generates one SIGCHLD that describes it, and is reported.
fn follow(t: &mut Trial, child: &Child, changes: &[Change]) -> Outcome {
    let uid = uid_of(t, child)?;
    for change in changes {
        cause(t, child, *change)?;
        settle(t, child, *change)?;
        let (clause, options): (&'static Clause, Options) = match change {
            Change::Stopped(_) => (&posix::SIGCHLD_ALIKE, Options::UNTRACED),
            Change::Continued => (&linux::SIGCHLD_ON_CONTINUE, Options::CONTINUED),
            _ => (&posix::SIGCHLD_ALIKE, Options::NONE),
        };
        if *change == Change::Continued {
            // A child that answers has been through all effects of its continue.
            t.tell(child, Step::Getids)?;
        }
        if *change == Change::Continued && t.profile() != Profile::Linux {
            // Whether there is one is up to the system.
            t.signals()?;
        } else {
            let signals = await_sigchld(t, clause, &change.to_string())?;
            let (code, status) = carried(t, *change);
            t.expect(clause).equal("recorded SIGCHLDs:", &signals.seen.len(), &1)?;
            if let Some(caught) = signals.seen.first() {
                t.expect(clause).equal("si_code", &caught.code, &code)?;
                t.expect(clause).equal("si_pid", &caught.pid, &child.pid)?;
                t.expect(clause).equal("si_status", &caught.status, &status)?;
                t.expect(&posix::SIGCHLD_INFO_UID).equal("si_uid", &caught.uid, &uid)?;
            }
        }
        let seen = t.wait(Target::Any, options)?;
        t.expect(clause).reports(&seen, child, *change)?;
    }
    Ok(())
}

const LIFE: [Change; 3] =
    [Change::Stopped(Signal::STOP), Change::Continued, Change::Killed(Signal::KILL, false)];

/// Follows a child that has performed that step.
fn after(t: &mut Trial, step: Step) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let execs = matches!(step, Step::Exec { .. });
    t.tell(&child, step)?;
    if execs {
        t.await_image(&child)?;
    }
    follow(t, &child, &LIFE)
}

fn record(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Record, SigactionFlags::RESTART)
}

fn changed(t: &mut Trial) -> Outcome {
    record(t)?;
    for step in [Step::Setpgid { pgid: 0 }, Step::Setsid, Step::Exec { steps: vec![] }] {
        after(t, step)?;
    }
    Ok(())
}

fn other_user(t: &mut Trial) -> Outcome {
    record(t)?;
    after(t, Step::Setuid { uid: OTHER_USER })?;
    // Where there are users of more than 16 bits.
    let child = t.spawn(Scenario::held())?;
    if t.try_tell(&child, Step::Setuid { uid: LARGE_UID })?.is_ok() {
        follow(t, &child, &LIFE)
    } else {
        Ok(())
    }
}

fn posix_spawn(t: &mut Trial) -> Outcome {
    record(t)?;
    let (child, _) = t.spawn_by(&By::PosixSpawn, Scenario::held())?;
    follow(t, &child, &LIFE)
}

fn init_of_pidns(t: &mut Trial) -> Outcome {
    let clause = &linux::PIDNS_REPORTS_ALIKE;
    let child = spawn_pidns_init(t)?;
    record(t)?;
    for change in LIFE {
        cause(t, &child, change)?;
        settle(t, &child, change)?;
        if change == Change::Continued {
            t.tell(&child, Step::Getids)?;
        }
        let signals = await_sigchld(t, clause, &change.to_string())?;
        let (code, status) = carried(t, change);
        let expected = format!("{code} pid {} status {status}", child.pid);
        let got =
            signals.seen.iter().map(|got| format!("{} pid {} status {}", got.code, got.pid, got.status));
        let got = got.collect::<Vec<_>>().join(", ");
        t.expect(clause).that(got == expected, expected, got)?;
        let seen = t.wait(Target::Any, Options::UNTRACED | Options::CONTINUED)?;
        t.expect(clause).reports(&seen, &child, change)?;
    }
    Ok(())
}

fn every_value(t: &mut Trial) -> Outcome {
    record(t)?;
    let real_time = Signal::realtime_on(t.system()).nth(5).filter(|_| t.profile() == Profile::Linux);
    let real_time = real_time.unwrap_or(Signal::USR2);
    let stops = [Signal::TSTP, Signal::TTIN, Signal::TTOU].map(Change::Stopped);
    for (stop, end) in
        stops.into_iter().zip([Change::Exited(200), Change::Exited(0), Change::Killed(real_time, false)])
    {
        let child = t.spawn(Scenario::held())?;
        follow(t, &child, &[stop, Change::Continued, Change::Stopped(Signal::STOP), Change::Continued, end])?;
    }
    Ok(())
}

fn nocldstop_repeated(t: &mut Trial) -> Outcome {
    let clause = &posix::SIGCHLD_NOCLDSTOP_SILENT;
    let child = t.spawn(Scenario::held())?;
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NOCLDSTOP)?;
    for signal in [Signal::STOP, Signal::TSTP, Signal::STOP] {
        t.signal(&child, signal)?;
        t.await_stopped(&child)?;
        let seen = t.wait(Target::Any, Options::UNTRACED)?;
        t.expect(clause).reports(&seen, &child, Change::Stopped(signal))?;
        t.signal(&child, Signal::CONT)?;
        let seen = t.wait(Target::Any, Options::CONTINUED)?;
        t.expect(clause).reports(&seen, &child, Change::Continued)?;
        // A child that answers again has been through all effects of its stop and continue.
        t.tell(&child, Step::Getids)?;
        let count = t.signals()?.count;
        t.expect(clause).equal("SIGCHLDs for a stop and a continue:", &count, &0)?;
    }
    Ok(())
}

fn accepted(t: &mut Trial) -> Outcome {
    let clause = &posix::SIGCHLD_ALIKE;
    // Some systems discard a blocked SIGCHLD that nothing catches.
    t.sigaction(Signal::CHLD, Disposition::Count, SigactionFlags::NONE)?;
    t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
    for change in [Change::Exited(200), Change::Killed(Signal::TERM, false)] {
        let child = t.spawn(Scenario::held())?;
        let mut uid = uid_of(t, &child)?;
        // To the superuser, a uid that is never stored looks right.
        if uid == 0 && t.try_tell(&child, Step::Setuid { uid: OTHER_USER })?.is_ok() {
            uid = OTHER_USER.into();
        }
        cause(t, &child, change)?;
        t.await_zombie(&child)?;
        let Some(caught) = t.take_signal(Accept::Sigtimedwait, Signal::CHLD)? else {
            return t.expect(clause).that(false, "SIGCHLD", "no signal");
        };
        let (code, status) = carried(t, change);
        let expected = format!("{code} pid {} uid {uid} status {status}", child.pid);
        let got = format!("{} pid {} uid {} status {}", caught.code, caught.pid, caught.uid, caught.status);
        t.expect(clause).that(got == expected, expected, got)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(clause).reaped(&seen, &child, change)?;
    }
    Ok(())
}
