//! Deaths by signal: every signal, whoever sent it, in whatever state the child was, with and without a core.

use crate::scenario::{Scenario, Step};
use crate::spec::{Profile, linux, posix};
use crate::sys::call::abi::Call;
use crate::trial::reported_child;
use crate::trial::{Abort, Calls, Case, Change, Need, Needs, Options, Outcome, Seen, Target, Trial, here};
use crate::wait::Signal;

pub const CASES: &[Case] = &[
    Case {
        id: "signal-death.every-signal",
        title: "a child that raises a standard deadly signal is reported as killed by it",
        clauses: &[&posix::STATUS_SIGNALED, &posix::WAITID_KILLED, &linux::WAIT_WORD_SIGNAL],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: every_signal,
    },
    Case {
        id: "signal-death.real-time",
        title: "a child that dies of a real-time signal is reported as killed by it",
        clauses: &[&posix::STATUS_SIGNALED_REALTIME, &posix::WAITID_KILLED, &linux::WAIT_WORD_SIGNAL],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: real_time,
    },
    Case {
        id: "signal-death.any-sender",
        title: "raise, kill of oneself and kill by another process give the same status",
        clauses: &[&posix::STATUS_SIGNALED_ANY_SENDER],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: any_sender,
    },
    Case {
        id: "signal-death.sigkill-cannot-be-ignored",
        title: "a child that ignores SIGTERM outlives it, and dies of SIGKILL",
        clauses: &[&posix::STATUS_SIGNALED, &posix::WAITID_KILLED],
        calls: Calls::taking(Options::NOHANG).few(),
        needs: Needs::NOTHING,
        at: here(),
        run: kill_is_not_ignored,
    },
    Case {
        id: "signal-death.blocked-until-unblocked",
        title: "a child that blocks SIGTERM dies of it once it unblocks it",
        clauses: &[&posix::STATUS_SIGNALED, &posix::WAITID_KILLED],
        calls: Calls::taking(Options::NOHANG).few(),
        needs: Needs::NOTHING,
        at: here(),
        run: blocked_until_unblocked,
    },
    Case {
        id: "signal-death.sigkill-while-stopped",
        title: "SIGKILL ends a stopped child, and a call without options reports that",
        clauses: &[&posix::STATUS_KILL_WHILE_STOPPED],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: kill_of_a_stopped_child,
    },
    Case {
        id: "signal-death.no-core-flag",
        title: "a signal that dumps no core sets no core flag, whatever the limit",
        clauses: &[&posix::STATUS_CORE_NOT_FOR_TERM, &posix::WAITID_KILLED, &linux::WAIT_WORD_SIGNAL],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: no_core_flag,
    },
    Case {
        id: "signal-death.core-limit-zero",
        title: "the core flag of a core-dumping signal with RLIMIT_CORE 0",
        clauses: &[&posix::STATUS_CORE_FLAG],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: core_limit_zero,
    },
    Case {
        id: "signal-death.core-file",
        title: "a core dump is 0x80 in the status word and CLD_DUMPED in the siginfo of the same death",
        clauses: &[&linux::WAIT_WORD_CORE, &posix::WAITID_DUMPED],
        calls: Calls::ENTRIES,
        needs: Needs::of(&[Need::CoreFiles]),
        at: here(),
        run: core_file,
    },
    Case {
        id: "signal-death.calls-agree",
        title: "what waitid shows of a death is what the call then reports of it",
        clauses: &[&posix::WAITPID_CALLS_AGREE],
        calls: Calls::WITH_STATUS,
        needs: Needs::NOTHING,
        at: here(),
        run: calls_agree,
    },
];

/// The signals of the standard whose default action ends the process.
const DEADLY: [Signal; 20] = [
    Signal::HUP,
    Signal::INT,
    Signal::QUIT,
    Signal::ILL,
    Signal::TRAP,
    Signal::ABRT,
    Signal::BUS,
    Signal::FPE,
    Signal::KILL,
    Signal::USR1,
    Signal::SEGV,
    Signal::USR2,
    Signal::PIPE,
    Signal::ALRM,
    Signal::TERM,
    Signal::XCPU,
    Signal::XFSZ,
    Signal::VTALRM,
    Signal::PROF,
    Signal::SYS,
];

/// Those, and Linux's own.
fn deadly(t: &Trial) -> Vec<Signal> {
    let more: &[&str] = if t.profile() == Profile::Linux { &["SIGIO", "SIGSTKFLT", "SIGPWR"] } else { &[] };
    DEADLY.into_iter().chain(more.iter().filter_map(|name| Signal::from_name(name))).collect()
}

/// A held child whose core limit is 0: an ignored signal leaves nothing behind but the limit that was set before it.
fn coreless() -> Scenario {
    Scenario::of([
        Step::Ignore(Signal::USR1),
        Step::raise(Signal::USR1).with_core(false),
        Step::Default(Signal::USR1),
    ])
}

/// What may be reported of a death by that signal: a core-dumping one may have dumped (into a pipe the limit is not asked).
fn deaths(signal: Signal) -> Vec<Change> {
    let cores: &[bool] = if signal.dumps_core() { &[false, true] } else { &[false] };
    cores.iter().map(|core| Change::Killed(signal, *core)).collect()
}

/// The signal's number, and 0x80 if that is set.
fn word_signal(t: &mut Trial, word: Option<i32>, signal: Signal) -> Outcome {
    let Some(raw) = word else { return Ok(()) };
    let core = if signal.dumps_core() { raw & 0x80 } else { 0 };
    t.expect(&linux::WAIT_WORD_SIGNAL).equal("status word", &raw, &(signal.number() | core))
}

/// Whether a report tells of a death by that signal.
fn tells_of(seen: &Seen, signal: Signal) -> bool {
    matches!(seen.change(), Some(Change::Killed(told, _)) if told == signal)
}

fn every_signal(t: &mut Trial) -> Outcome {
    let signals = deadly(t);
    let fate = |signal: &Signal| Scenario::of([Step::raise(*signal).with_core(false)]);
    let children = t.spawn_all(signals.iter().map(fate))?;
    let mut left: Vec<_> = children.into_iter().zip(signals.iter().copied()).collect();
    for seen in t.wait_times(signals.len(), Target::Any, Options::NONE)? {
        let (child, signal) = reported_child(&seen, &mut left, |signal| tells_of(&seen, *signal));
        t.expect_of(&posix::STATUS_SIGNALED, &posix::WAITID_KILLED).reports_one_of(
            &seen,
            &child,
            &deaths(signal),
        )?;
        word_signal(t, seen.status(), signal)?;
    }
    Ok(())
}

fn real_time(t: &mut Trial) -> Outcome {
    let Some(range) = Signal::realtime_range() else {
        return Err(Abort::Skip("there are no real-time signals".into()));
    };
    let by_siginfo = t.call() == Call::Waitid;
    // Of a death by 127 or 128 (MIPS) the status word cannot tell.
    let telling = |s: &Signal| s.number() < 127 || by_siginfo;
    let signals: Vec<Signal> = range.map(Signal).filter(telling).collect();
    let children = t.spawn_all(signals.iter().map(|signal| Scenario::dies(*signal)))?;
    let mut left: Vec<_> = children.into_iter().zip(signals.iter().copied()).collect();
    for seen in t.wait_times(signals.len(), Target::Any, Options::NONE)? {
        let (child, signal) = reported_child(&seen, &mut left, |signal| tells_of(&seen, *signal));
        let killed = Change::Killed(signal, false);
        t.expect_of(&posix::STATUS_SIGNALED_REALTIME, &posix::WAITID_KILLED)
            .reports(&seen, &child, killed)?;
        word_signal(t, seen.status(), signal)?;
    }
    Ok(())
}

fn any_sender(t: &mut Trial) -> Outcome {
    let signals = [Signal::HUP, Signal::SEGV, Signal::KILL, Signal::USR1, Signal::TERM];
    let fate = |signal: &Signal| Scenario::of([Step::kill_self(*signal).with_core(false)]);
    let mut children = t.spawn_all(signals.iter().map(fate))?;
    for signal in &signals {
        let child = t.spawn(coreless())?;
        t.signal(&child, *signal)?;
        children.push(child);
    }
    let mut left: Vec<_> = children.into_iter().zip(signals.iter().chain(&signals).copied()).collect();
    for seen in t.wait_times(left.len(), Target::Any, Options::NONE)? {
        let (child, signal) = reported_child(&seen, &mut left, |signal| tells_of(&seen, *signal));
        t.expect(&posix::STATUS_SIGNALED_ANY_SENDER).reports_one_of(&seen, &child, &deaths(signal))?;
    }
    Ok(())
}

fn kill_is_not_ignored(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Ignore(Signal::TERM))?;
    t.signal(&child, Signal::TERM)?;
    // A child that answers after the signal was sent has not died of it.
    t.tell(&child, Step::Getids)?;
    t.signal(&child, Signal::KILL)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let killed = Change::Killed(Signal::KILL, false);
    t.expect_of(&posix::STATUS_SIGNALED, &posix::WAITID_KILLED).reaped(&seen, &child, killed)
}

fn blocked_until_unblocked(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Block(Signal::TERM))?;
    t.signal(&child, Signal::TERM)?;
    t.tell(&child, Step::Getids)?;
    t.begin_step(&child, Step::Unblock(Signal::TERM))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let killed = Change::Killed(Signal::TERM, false);
    t.expect_of(&posix::STATUS_SIGNALED, &posix::WAITID_KILLED).reaped(&seen, &child, killed)
}

fn kill_of_a_stopped_child(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    t.signal(&child, Signal::KILL)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let killed = Change::Killed(Signal::KILL, false);
    t.expect(&posix::STATUS_KILL_WHILE_STOPPED).reaped(&seen, &child, killed)
}

fn no_core_flag(t: &mut Trial) -> Outcome {
    for signal in deadly(t).into_iter().filter(|s| !s.dumps_core()) {
        let child = t.spawn(Scenario::of([Step::raise(signal).with_core(true)]))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        let killed = Change::Killed(signal, false);
        t.expect_of(&posix::STATUS_CORE_NOT_FOR_TERM, &posix::WAITID_KILLED)
            .reports(&seen, &child, killed)?;
        word_signal(t, seen.status(), signal)?;
    }
    Ok(())
}

fn core_limit_zero(t: &mut Trial) -> Outcome {
    for signal in [Signal::ABRT, Signal::SEGV, Signal::QUIT] {
        t.spawn(Scenario::of([Step::raise(signal).with_core(false)]))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::STATUS_CORE_FLAG).returns(&seen)?;
        let flag = match seen.change() {
            Some(Change::Killed(_, true)) => "set",
            Some(Change::Killed(_, false)) => "clear",
            _ => "none",
        };
        t.record(&format!("core flag of {signal} with RLIMIT_CORE 0"), flag);
    }
    Ok(())
}

fn core_file(t: &mut Trial) -> Outcome {
    for signal in [Signal::ABRT, Signal::SEGV] {
        let child = t.spawn(Scenario::of([Step::raise(signal).with_core(true)]))?;
        let peek = t.wait_by(Call::Waitid, Target::Any, Options::NOWAIT)?;
        let dumped = Change::Killed(signal, true);
        t.expect(&posix::WAITID_DUMPED).reports(&peek, &child, dumped)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        t.expect(&posix::WAITID_DUMPED).reports(&seen, &child, dumped)?;
        if let Some(raw) = seen.status() {
            t.expect(&linux::WAIT_WORD_CORE).equal("status word", &raw, &(signal.number() | 0x80))?;
        }
    }
    Ok(())
}

fn calls_agree(t: &mut Trial) -> Outcome {
    let fates = [
        Step::exit(3),
        Step::exit(200),
        Step::kill_self(Signal::TERM),
        Step::kill_self(Signal::KILL),
        Step::raise(Signal::ABRT).with_core(false),
        Step::raise(Signal::FPE).with_core(false),
    ];
    for fate in fates {
        let child = t.spawn(Scenario::of([fate]))?;
        let peek = t.wait_by(Call::Waitid, Target::Any, Options::NOWAIT)?;
        t.expect(&posix::WAITPID_CALLS_AGREE).reports_child(&peek, &child)?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        let shown = peek.change().unwrap_or(Change::Unknown(-1));
        t.expect(&posix::WAITPID_CALLS_AGREE).reports(&seen, &child, shown)?;
    }
    Ok(())
}
