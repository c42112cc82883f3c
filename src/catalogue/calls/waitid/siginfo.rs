//! What `waitid` reports: its siginfo, its event filters, its ids.

use crate::scenario::{Scenario, Step};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Usage;
use crate::trial::cases;
use crate::trial::{
    Abort, Call, Calls, Change, Child, Errno, Got, IdType, Need, Needs, Options, Outcome, Pointer, Seen,
    SiCode, Target, Trial,
};
use crate::wait::Signal;

cases! { "waitid";

    /// for an exit, the siginfo has SIGCHLD, CLD_EXITED, the pid, the real uid and the exit value
    exit_fields(PID) in Calls::WITH_INFO => [
        posix::WAITID_RETURNS_ZERO,
        posix::WAITID_SI_SIGNO,
        posix::WAITID_SI_PID,
        posix::WAITID_SI_UID,
        posix::WAITID_EXITED,
    ];

    /// for a death by signal, the siginfo has CLD_KILLED and the signal
    kill_fields(PID) in Calls::WITH_INFO => [
        posix::WAITID_RETURNS_ZERO,
        posix::WAITID_SI_SIGNO,
        posix::WAITID_SI_PID,
        posix::WAITID_SI_UID,
        posix::WAITID_KILLED,
    ];

    /// for a stop, the siginfo has CLD_STOPPED and the stop signal
    stop_fields(PID; UNTRACED) in Calls::WITH_INFO => [
        posix::WAITID_RETURNS_ZERO,
        posix::WAITID_SI_SIGNO,
        posix::WAITID_SI_PID,
        posix::WAITID_SI_UID,
        posix::WAITID_STOPPED,
    ];

    /// for a continue, the siginfo has CLD_CONTINUED, SIGCONT and the child's own pid
    continue_fields(PID; CONTINUED) in Calls::WITH_INFO => [
        posix::WAITID_RETURNS_ZERO,
        posix::WAITID_SI_SIGNO,
        posix::WAITID_SI_UID,
        posix::WAITID_CONTINUED,
        posix::WAITID_CONTINUED_PID,
    ];

    /// si_uid is the child's real user ID at the time of the report
    uid_after_setuid(PID; UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_INFO, needs Needs::of(&[Need::Root])
        => [posix::WAITID_SI_UID, linux::WAITID_SI_UID_REAL];

    /// with WEXITED alone, a stop and a continue are neither reported nor consumed
    exited_only(PID; NOHANG | UNTRACED | CONTINUED | NOWAIT) in Calls::only(&[Call::Waitid])
        => [posix::WAITID_EXITED_ONLY];

    /// with WSTOPPED alone, a continue and a termination are neither reported nor consumed
    stopped_only(PID; NOHANG | UNTRACED | CONTINUED) in Calls::only(&[Call::Waitid])
        => [posix::WAITID_STOPPED_ONLY, posix::WAITID_STOPPED_ONLY_ZOMBIE, linux::WAITID_STOPPED_ONLY_ZOMBIE];

    /// with WCONTINUED alone, a stop and a termination are neither reported nor consumed
    continued_only(PID; NOHANG | UNTRACED | CONTINUED) in Calls::only(&[Call::Waitid]) => [
        posix::WAITID_CONTINUED_ONLY,
        posix::WAITID_STOPPED_ONLY_ZOMBIE,
        linux::WAITID_STOPPED_ONLY_ZOMBIE,
    ];

    /// with any two of the event options, events of the third kind are neither reported nor consumed
    pairs_of_events(PID; NOHANG | UNTRACED | CONTINUED) in Calls::only(&[Call::Waitid])
        => [posix::WAITID_PAIRS_OF_EVENTS];

    /// with every event option, each event is reported with its own si_code
    events_combine(PID; UNTRACED | CONTINUED) in Calls::only(&[Call::Waitid])
        => [posix::WAITID_EVENTS_COMBINE];

    /// WNOHANG with nothing to report returns 0 and zeroes si_signo and si_pid
    nohang_zeroes(PID; NOHANG | UNTRACED | CONTINUED) in Calls::only(&[Call::Waitid])
        => [posix::WAITID_NOHANG_ZERO, posix::WAITID_NOHANG_ZEROES, linux::WAITID_NOHANG_ZEROES_ALL];

    /// a WNOHANG peek with nothing to report returns 0 and zeroes si_signo and si_pid
    nohang_peek_zeroes(PID; NOHANG | NOWAIT) in Calls::only(&[Call::Waitid])
        => [posix::WAITID_NOHANG_ZEROES, linux::WAITID_NOHANG_ZEROES_ALL];

    /// with P_ALL, any child is reported, whatever the id
    p_all_ignores_id(ANY; NOHANG | NOWAIT) in Calls::WITH_INFO => [posix::WAITID_P_ALL];

    /// P_PGID with id 0 means the caller's own process group, for a peek at a stop, too
    pgid_zero(GROUP; NOHANG | NOWAIT | UNTRACED) in Calls::only(&[Call::Waitid])
        => [posix::WAITID_ID_ZERO, linux::WAITID_PGID_ZERO_IS_OWN_GROUP];

    /// for the same death, waitid reports what the calls with a status word report
    agrees_with_other_calls(ANY) in Calls::WITH_STATUS => [posix::WAITPID_CALLS_AGREE];

    /// the raw call's fifth argument equals RUSAGE_CHILDREN after an only child is reaped
    raw_rusage(PID) in Calls::only(&[Call::Waitid]) => [linux::WAITID_RAW_RUSAGE];
}

/// The real user ID of a held child.
fn uid_of(t: &mut Trial, child: &Child) -> Result<i64, Abort> {
    let ids = t.tell_for_reply(child, &Step::Getids)?;
    ids.number("uid").map_err(|e| Abort::Protocol(format!("reply to getids: {e}")))
}

/// What the siginfo of every report contains; of these calls, only `waitid` returns 0.
fn common_fields(t: &mut Trial, seen: &Seen, uid: i64) -> Outcome {
    let got = seen.fields();
    t.expect(&posix::WAITID_SI_SIGNO).returns(seen)?;
    if t.call() == Call::Waitid {
        let returned_zero = seen.reply().is_some_and(|r| r.ret == Ok(0));
        t.expect(&posix::WAITID_RETURNS_ZERO).that(returned_zero, "0", seen.outcome())?;
    }
    t.expect(&posix::WAITID_SI_SIGNO).field(seen, "si_signo", got.signo, Signal::CHLD)?;
    t.expect(&posix::WAITID_SI_UID).user(seen, uid, uid)
}

fn exit_fields(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let uid = uid_of(t, &child)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    common_fields(t, &seen, uid)?;
    let got = seen.fields();
    t.expect(&posix::WAITID_SI_PID).field(&seen, "si_pid", got.pid, child.pid)?;
    t.expect(&posix::WAITID_EXITED).field(&seen, "si_code", got.code, SiCode::Exited)?;
    t.expect(&posix::WAITID_EXITED).field(&seen, "si_status", got.status, 7)?;
    t.expect(&posix::WAITID_EXITED).reaped(&seen, &child, Change::Exited(7))
}

fn kill_fields(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let uid = uid_of(t, &child)?;
    t.signal(&child, Signal::KILL)?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    common_fields(t, &seen, uid)?;
    let got = seen.fields();
    t.expect(&posix::WAITID_SI_PID).field(&seen, "si_pid", got.pid, child.pid)?;
    t.expect(&posix::WAITID_KILLED).field(&seen, "si_code", got.code, SiCode::Killed)?;
    t.expect(&posix::WAITID_KILLED).field(&seen, "si_status", got.signal, Signal::KILL)?;
    t.expect(&posix::WAITID_KILLED).reaped(&seen, &child, Change::Killed(Signal::KILL, false))
}

fn stop_fields(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let uid = uid_of(t, &child)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Child(&child), Options::UNTRACED)?;
    common_fields(t, &seen, uid)?;
    let got = seen.fields();
    t.expect(&posix::WAITID_SI_PID).field(&seen, "si_pid", got.pid, child.pid)?;
    t.expect(&posix::WAITID_STOPPED).field(&seen, "si_code", got.code, SiCode::Stopped)?;
    t.expect(&posix::WAITID_STOPPED).field(&seen, "si_status", got.signal, Signal::STOP)?;
    t.expect(&posix::WAITID_STOPPED).reports(&seen, &child, Change::Stopped(Signal::STOP))
}

fn continue_fields(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let uid = uid_of(t, &child)?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Child(&child), Options::CONTINUED)?;
    common_fields(t, &seen, uid)?;
    let got = seen.fields();
    t.expect(&posix::WAITID_CONTINUED).field(&seen, "si_code", got.code, SiCode::Continued)?;
    let sender = t.sender()?.unwrap_or(0);
    match got.pid {
        Some(pid) => t.expect(&posix::WAITID_CONTINUED_PID).that(
            pid == child.pid,
            format!("si_pid {}", child.pid),
            (Got::Pid { reported: pid, sender }, format!("si_pid {pid}")),
        )?,
        None => t.expect(&posix::WAITID_CONTINUED_PID).field(&seen, "si_pid", None, child.pid)?,
    }
    t.expect(&posix::WAITID_CONTINUED).field(&seen, "si_status", got.signal, Signal::CONT)
}

/// An unused user ID.
pub(crate) const OTHER_USER: u32 = 65_533;

/// A user ID of more than 16 bits, both halves of which differ from those of others.
pub(crate) const LARGE_UID: u32 = (2 << 16) + OTHER_USER;

fn uid_after_setuid(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setuid { uid: OTHER_USER })?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::WAITID_SI_UID).reports(&seen, &child, Change::Exited(7))?;
    t.expect(&posix::WAITID_SI_UID).and(&linux::WAITID_SI_UID_REAL).user(
        &seen,
        OTHER_USER.into(),
        OTHER_USER.into(),
    )?;
    // The same in a peek, for a stop and a continue, and for a death by a signal.
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setuid { uid: OTHER_USER })?;
    for (signal, options) in [
        (Signal::STOP, Options::UNTRACED),
        (Signal::CONT, Options::CONTINUED),
        (Signal::KILL, Options::NOWAIT),
        (Signal::KILL, Options::NONE),
    ] {
        if options != Options::NONE {
            t.signal(&child, signal)?;
        }
        let seen = t.wait(Target::Child(&child), options)?;
        t.expect(&posix::WAITID_SI_UID).reports_child(&seen, &child)?;
        t.expect(&posix::WAITID_SI_UID).and(&linux::WAITID_SI_UID_REAL).user(
            &seen,
            OTHER_USER.into(),
            OTHER_USER.into(),
        )?;
    }
    // A child whose real user ID stays the same, while its effective one changes.
    let child = t.spawn(Scenario::held())?;
    let real = uid_of(t, &child)?;
    t.tell(&child, Step::Seteuid { uid: OTHER_USER })?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::WAITID_SI_UID).reports(&seen, &child, Change::Exited(7))?;
    t.expect(&posix::WAITID_SI_UID).and(&linux::WAITID_SI_UID_REAL).user(&seen, real, OTHER_USER.into())
}

/// Only stops: `WSTOPPED` without `WEXITED`.
const STOPPED_ONLY: Options = Options::UNTRACED.with(Options::NOT_EXITED);
/// Only continues.
const CONTINUED_ONLY: Options = Options::CONTINUED.with(Options::NOT_EXITED);

fn exited_only(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    for options in [Options::NOHANG, Options::NOHANG | Options::NOWAIT] {
        let seen = t.wait(Target::Child(&child), options)?;
        t.expect(&posix::WAITID_EXITED_ONLY).returns(&seen)?;
        t.expect(&posix::WAITID_EXITED_ONLY).nothing_ready(&seen)?;
    }
    let seen = t.wait(Target::Child(&child), STOPPED_ONLY | Options::NOHANG)?;
    t.expect(&posix::WAITID_EXITED_ONLY).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Child(&child), Options::NOHANG)?;
    t.expect(&posix::WAITID_EXITED_ONLY).nothing_ready(&seen)?;
    let seen = t.wait(Target::Child(&child), CONTINUED_ONLY | Options::NOHANG)?;
    t.expect(&posix::WAITID_EXITED_ONLY).reports(&seen, &child, Change::Continued)
}

/// A child dies while a call sleeps that asks for other events only: on Linux, nothing is left to sleep for.
fn dies_meanwhile(t: &mut Trial, options: Options) -> Outcome {
    let clause = &linux::WAITID_STOPPED_ONLY_ZOMBIE;
    if !clause.applies_to(t.profile()) {
        return Ok(());
    }
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Child(&child), options)?;
    t.expect(clause).blocks(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.finish(pending)?;
    t.expect(clause).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn stopped_only(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Child(&child), STOPPED_ONLY)?;
    t.expect(&posix::WAITID_STOPPED_ONLY).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Child(&child), STOPPED_ONLY | Options::NOHANG)?;
    t.expect(&posix::WAITID_STOPPED_ONLY).nothing_ready(&seen)?;
    let seen = t.wait(Target::Child(&child), CONTINUED_ONLY)?;
    t.expect(&posix::WAITID_STOPPED_ONLY).reports(&seen, &child, Change::Continued)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), STOPPED_ONLY | Options::NOHANG)?;
    t.expect(&posix::WAITID_STOPPED_ONLY).returns(&seen)?;
    t.expect(&posix::WAITID_STOPPED_ONLY).that(!seen.is_report(), "no report", seen.outcome())?;
    t.expect(&posix::WAITID_STOPPED_ONLY_ZOMBIE).records("zombie with WSTOPPED alone", seen.outcome())?;
    t.expect(&linux::WAITID_STOPPED_ONLY_ZOMBIE).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::WAITID_STOPPED_ONLY).reaped(&seen, &child, Change::Exited(7))?;
    dies_meanwhile(t, STOPPED_ONLY)
}

fn continued_only(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Child(&child), CONTINUED_ONLY | Options::NOHANG)?;
    t.expect(&posix::WAITID_CONTINUED_ONLY).nothing_ready(&seen)?;
    let seen = t.wait(Target::Child(&child), STOPPED_ONLY)?;
    t.expect(&posix::WAITID_CONTINUED_ONLY).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Child(&child), CONTINUED_ONLY)?;
    t.expect(&posix::WAITID_CONTINUED_ONLY).reports(&seen, &child, Change::Continued)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), CONTINUED_ONLY | Options::NOHANG)?;
    t.expect(&posix::WAITID_CONTINUED_ONLY).returns(&seen)?;
    t.expect(&posix::WAITID_CONTINUED_ONLY).that(!seen.is_report(), "no report", seen.outcome())?;
    t.expect(&posix::WAITID_STOPPED_ONLY_ZOMBIE).records("zombie with WCONTINUED alone", seen.outcome())?;
    t.expect(&linux::WAITID_STOPPED_ONLY_ZOMBIE).error(&seen, Errno::CHILD)?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(&posix::WAITID_CONTINUED_ONLY).reaped(&seen, &child, Change::Exited(7))?;
    dies_meanwhile(t, CONTINUED_ONLY)
}

fn events_combine(t: &mut Trial) -> Outcome {
    const EVERY: Options = Options::UNTRACED.with(Options::CONTINUED);
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Child(&child), EVERY)?;
    t.expect(&posix::WAITID_EVENTS_COMBINE).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Child(&child), EVERY)?;
    t.expect(&posix::WAITID_EVENTS_COMBINE).reports(&seen, &child, Change::Continued)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), EVERY)?;
    t.expect(&posix::WAITID_EVENTS_COMBINE).reaped(&seen, &child, Change::Exited(7))
}

fn pairs_of_events(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITID_PAIRS_OF_EVENTS;
    let child = t.spawn(Scenario::held())?;
    let stops_and_continues = STOPPED_ONLY | CONTINUED_ONLY | Options::NOHANG;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let seen = t.wait(Target::Child(&child), Options::CONTINUED | Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    let seen = t.wait(Target::Child(&child), stops_and_continues)?;
    t.expect(clause).reports(&seen, &child, Change::Stopped(Signal::STOP))?;
    t.signal(&child, Signal::CONT)?;
    let seen = t.wait(Target::Child(&child), Options::UNTRACED | Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)?;
    let seen = t.wait(Target::Child(&child), stops_and_continues)?;
    t.expect(clause).reports(&seen, &child, Change::Continued)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Child(&child), stops_and_continues)?;
    t.expect(clause).that(!seen.is_report(), "no report", seen.outcome())?;
    let seen = t.wait(Target::Child(&child), Options::UNTRACED | Options::NOHANG)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

fn nohang_zeroes(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let every = Options::NOHANG | Options::UNTRACED | Options::CONTINUED;
    let seen = t.wait(Target::Child(&child), every)?;
    t.expect(&posix::WAITID_NOHANG_ZERO).nothing_ready(&seen)?;
    zeroed(t, &seen)
}

fn nohang_peek_zeroes(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let seen = t.wait(Target::Child(&child), Options::NOHANG | Options::NOWAIT)?;
    t.expect(&posix::WAITID_NOHANG_ZEROES).nothing_ready(&seen)?;
    zeroed(t, &seen)
}

/// The siginfo of a call that reports nothing.
pub(super) fn zeroed(t: &mut Trial, seen: &Seen) -> Outcome {
    let got = seen.fields();
    if seen.shows_memory() && got.signo.is_none() && got.pid.is_none() {
        t.expect(&posix::WAITID_NOHANG_ZEROES).that(
            false,
            "si_signo 0, si_pid 0",
            (Got::Untouched, "untouched"),
        )?;
    } else {
        t.expect(&posix::WAITID_NOHANG_ZEROES).field(seen, "si_signo", got.signo, Signal::NONE)?;
        t.expect(&posix::WAITID_NOHANG_ZEROES).field(seen, "si_pid", got.pid, 0)?;
    }
    t.expect(&linux::WAITID_NOHANG_ZEROES_ALL).field(seen, "si_code", got.code, SiCode::Other(0))?;
    t.expect(&linux::WAITID_NOHANG_ZEROES_ALL).field(seen, "si_uid", got.uid, 0)?;
    t.expect(&linux::WAITID_NOHANG_ZEROES_ALL).field(seen, "si_status", got.status, 0)
}

fn p_all_ignores_id(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    for id in [0, 1, -1, t.agent_pid(), i32::MAX.into()] {
        let seen = t.wait(Target::Id(IdType::All, id), Options::NOHANG | Options::NOWAIT)?;
        t.expect(&posix::WAITID_P_ALL).reports(&seen, &child, Change::Exited(7))?;
    }
    let seen = t.wait(Target::Id(IdType::All, i32::MAX.into()), Options::NONE)?;
    t.expect(&posix::WAITID_P_ALL).reaped(&seen, &child, Change::Exited(7))
}

fn pgid_zero(t: &mut Trial) -> Outcome {
    let other = t.spawn(Scenario::of([Step::Setpgid { pgid: 0 }, Step::exit(7)]))?;
    t.await_zombie(&other)?;
    let seen = t.wait(Target::Id(IdType::Pgid, 0), Options::NOHANG | Options::NOWAIT)?;
    t.expect(&posix::WAITID_ID_ZERO).records("P_PGID 0 with a zombie in another group", seen.outcome())?;
    t.expect(&linux::WAITID_PGID_ZERO_IS_OWN_GROUP).error(&seen, Errno::CHILD)?;
    let clause = &linux::WAITID_PGID_ZERO_IS_OWN_GROUP;
    let own = t.spawn(Scenario::held())?;
    t.signal(&own, Signal::STOP)?;
    t.await_stopped(&own)?;
    for peek in [Options::NOWAIT, Options::NONE] {
        let seen = t.wait(Target::Id(IdType::Pgid, 0), Options::NOHANG | Options::UNTRACED | peek)?;
        t.expect(clause).reports(&seen, &own, Change::Stopped(Signal::STOP))?;
    }
    t.signal(&own, Signal::CONT)?;
    t.tell(&own, Step::exit(9))?;
    t.await_zombie(&own)?;
    let seen = t.wait(Target::Id(IdType::Pgid, 0), Options::NOHANG)?;
    t.expect(clause).reaped(&seen, &own, Change::Exited(9))
}

fn agrees_with_other_calls(t: &mut Trial) -> Outcome {
    let deaths = [
        Scenario::exits(0),
        Scenario::exits(7),
        Scenario::exits(137),
        Scenario::dies(Signal::TERM),
        Scenario::dies(Signal::KILL),
    ];
    for death in deaths {
        let one = t.spawn(death.clone())?;
        t.await_zombie(&one)?;
        let by_status = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::WAITPID_CALLS_AGREE).reports_child(&by_status, &one)?;
        let two = t.spawn(death)?;
        t.await_zombie(&two)?;
        let by_info = t.wait_by(Call::Waitid, Target::Any, Options::NONE)?;
        t.expect(&posix::WAITPID_CALLS_AGREE).reports_child(&by_info, &two)?;
        let shown = |seen: &Seen| seen.change().map_or_else(|| seen.outcome(), |change| change.to_string());
        let same = by_status.change().is_some_and(|change| by_info.fits(change));
        let [status, info] = [&by_status, &by_info].map(|seen| format!("waitid: {}", shown(seen)));
        t.expect(&posix::WAITPID_CALLS_AGREE).that(same, status, info)?;
    }
    Ok(())
}

fn raw_rusage(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&child)?;
    let mut request = t.ask(Target::Child(&child), Options::NONE);
    request.rusage = Pointer::Buffer;
    let seen = t.perform(request)?;
    t.expect(&linux::WAITID_RAW_RUSAGE).reaped(&seen, &child, Change::Exited(7))?;
    let got = seen.reply().and_then(|r| r.rusage.wrote());
    let children = t.usage_of_children()?;
    // Not every subject exposes the fields that Linux does not maintain.
    let shown = |usage: Option<Usage>| {
        format!("{:?}", usage.map(|usage| Usage { others: None, irregular: None, ..usage }))
    };
    t.expect(&linux::WAITID_RAW_RUSAGE).equal("usage", &shown(got), &shown(Some(children)))
}
