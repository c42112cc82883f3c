//! Deaths by signal: every signal, any sender, in any state of the child, with and without a core dump.

use crate::catalogue::calls::ptrace::third_party::traced_before;
use crate::scenario::{Scenario, Step};
use crate::spec::{Profile, linux, pairs, posix};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::reported_child;
use crate::trial::{
    Abort, By, Calls, Change, Child, CloneHow, Need, Needs, Options, Outcome, Seen, Shows, Target, Trial,
};
use crate::wait::Signal;

cases! { "signal-death";

    /// a child that raises a fatal standard signal is reported as killed by it
    every_signal(ANY) in Calls::ENTRIES => [pairs::SIGNALED, linux::WAIT_WORD_SIGNAL];

    /// a child killed by a real-time signal is reported as killed by it
    real_time(ANY) in Calls::ENTRIES => [pairs::SIGNALED_REALTIME, linux::WAIT_WORD_SIGNAL];

    /// raise, kill by itself and kill by another process give the same status
    any_sender(ANY) in Calls::ENTRIES => [posix::STATUS_SIGNALED_ANY_SENDER];

    /// a child that ignores SIGTERM survives it, and is killed by SIGKILL
    sigkill_cannot_be_ignored(ANY) in Calls::taking(Options::NOHANG).few() => [pairs::SIGNALED];

    /// a child that blocks SIGTERM is killed by it once it unblocks it
    blocked_until_unblocked(ANY) in Calls::taking(Options::NOHANG).few() => [pairs::SIGNALED];

    /// SIGKILL kills a stopped child, and a call without options reports it
    sigkill_while_stopped(ANY) in Calls::ENTRIES => [posix::STATUS_KILL_WHILE_STOPPED];

    /// a signal that does not dump core never sets the core flag, whatever the core limit
    no_core_flag(ANY) in Calls::ENTRIES => [pairs::CORE_NOT_FOR_TERM, linux::WAIT_WORD_SIGNAL];

    /// the core flag of a core-dumping signal with RLIMIT_CORE 0 is recorded
    core_limit_zero(ANY) in Calls::ENTRIES => [posix::STATUS_CORE_FLAG];

    /// a core dump is 0x80 in the status word and CLD_DUMPED in the siginfo of the same death
    core_file(ANY; NOWAIT; adapting) in Calls::ALL, needs Needs::of(&[Need::CoreFiles])
        => [linux::WAIT_WORD_CORE, posix::WAITID_DUMPED];

    /// a wait by pid and one for a group report a core dump
    core_by_target(PID | GROUP) in Calls::WITH_TARGET, needs Needs::of(&[Need::CoreFiles])
        => [posix::WAITID_DUMPED];

    /// so does one through a pidfd
    core_by_pidfd(PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::of(&[Need::CoreFiles, Need::PidfdWaits])
        => [posix::WAITID_DUMPED];

    /// so do one with WNOHANG, one for stops and continues, too, and a peek; and so does one that sleeps
    core_every_way(ANY; NOHANG | UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_OPTIONS,
        needs Needs::of(&[Need::CoreFiles]) => [posix::WAITID_DUMPED];

    /// so does one with __WALL or __WNOTHREAD, and one with __WCLONE for a child without an exit signal
    core_linux_options(ANY; ALL | CLONE | NOTHREAD) in Calls::taking(Options::NOTHREAD).few(),
        needs Needs::of(&[Need::CoreFiles]) => [posix::WAITID_DUMPED];

    /// so it is with a child that was traced by another process before
    core_after_tracing(ANY; NOHANG) in Calls::WITH_OPTIONS.few(), needs Needs::of(&[Need::CoreFiles])
        => [linux::PTRACE_DETACHED_ALIKE];

    /// so does a wait on a thread other than the first
    core_on_a_thread(PID) in Calls::WITH_TARGET.few(), needs Needs::of(&[Need::CoreFiles, Need::Threads])
        => [posix::WAITID_DUMPED];

    /// each call reports a death just as waitid does
    calls_agree(ANY) in Calls::WITH_STATUS => [posix::WAITPID_CALLS_AGREE];
}

/// A held child whose core limit is 0: raising an ignored signal has no effect except that the limit is set first.
fn coreless() -> Scenario {
    Scenario::of([
        Step::Ignore(Signal::USR1),
        Step::raise(Signal::USR1).with_core(false),
        Step::Default(Signal::USR1),
    ])
}

/// The possible reports of a death by that signal: a core-dumping one may dump core (a pipe bypasses the limit).
fn deaths(t: &Trial, signal: Signal) -> Vec<Change> {
    let cores: &[bool] = if signal.dumps_core_on(t.system()) { &[false, true] } else { &[false] };
    cores.iter().map(|core| Change::Killed(signal, *core)).collect()
}

/// The signal's number, with 0x80 if the core flag is set.
fn word_signal(t: &mut Trial, word: Option<i32>, signal: Signal) -> Outcome {
    let Some(raw) = word else { return Ok(()) };
    let core = if signal.dumps_core_on(t.system()) { raw & 0x80 } else { 0 };
    let word = t.number(signal) | core;
    t.expect(&linux::WAIT_WORD_SIGNAL).equal("status word", &raw, &word)
}

/// Whether the report is of a death by that signal.
fn is_death_by(seen: &Seen, signal: Signal) -> bool {
    matches!(seen.change(), Some(Change::Killed(by, _)) if by == signal)
}

fn every_signal(t: &mut Trial) -> Outcome {
    let signals: Vec<Signal> = Signal::deadly_on(t.system()).collect();
    let fate = |signal: &Signal| Scenario::of([Step::raise(*signal).with_core(false)]);
    let children = t.spawn_all(signals.iter().map(fate))?;
    let mut left: Vec<_> = children.into_iter().zip(signals.iter().copied()).collect();
    for seen in t.wait_times(signals.len(), Target::Any, Options::NONE)? {
        let (child, signal) = reported_child(&seen, &mut left, |signal| is_death_by(&seen, *signal));
        let deaths = deaths(t, signal);
        t.expect(&pairs::SIGNALED).reports_one_of(&seen, &child, &deaths)?;
        word_signal(t, seen.status(), signal)?;
    }
    Ok(())
}

fn real_time(t: &mut Trial) -> Outcome {
    let real_time = Signal::realtime_on(t.system());
    if real_time.clone().next().is_none() {
        return Err(Abort::Skip("there are no real-time signals".into()));
    }
    let by_siginfo = t.call() == Call::Waitid;
    // A status word cannot express a death by signal 127 or 128 (MIPS).
    let expressible = |s: &Signal| t.number(*s) < 127 || by_siginfo;
    let signals: Vec<Signal> = real_time.filter(expressible).collect();
    let children = t.spawn_all(signals.iter().map(|signal| Scenario::dies(*signal)))?;
    let mut left: Vec<_> = children.into_iter().zip(signals.iter().copied()).collect();
    for seen in t.wait_times(signals.len(), Target::Any, Options::NONE)? {
        let (child, signal) = reported_child(&seen, &mut left, |signal| is_death_by(&seen, *signal));
        // An emulator may reserve some for itself.
        if let Some(why) = t.excuse(&child, seen.change())? {
            t.note(&format!("{signal}: {why}"));
            continue;
        }
        let killed = Change::Killed(signal, false);
        t.expect(&pairs::SIGNALED_REALTIME).reports(&seen, &child, killed)?;
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
        let (child, signal) = reported_child(&seen, &mut left, |signal| is_death_by(&seen, *signal));
        let deaths = deaths(t, signal);
        t.expect(&posix::STATUS_SIGNALED_ANY_SENDER).reports_one_of(&seen, &child, &deaths)?;
    }
    Ok(())
}

fn sigkill_cannot_be_ignored(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Ignore(Signal::TERM))?;
    t.signal(&child, Signal::TERM)?;
    // A child that answers after the signal was sent has survived it.
    t.tell(&child, Step::Getids)?;
    t.signal(&child, Signal::KILL)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let killed = Change::Killed(Signal::KILL, false);
    t.expect(&pairs::SIGNALED).reaped(&seen, &child, killed)
}

fn blocked_until_unblocked(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Block(Signal::TERM))?;
    t.signal(&child, Signal::TERM)?;
    t.tell(&child, Step::Getids)?;
    t.begin_step(&child, Step::Unblock(Signal::TERM))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let killed = Change::Killed(Signal::TERM, false);
    t.expect(&pairs::SIGNALED).reaped(&seen, &child, killed)
}

fn sigkill_while_stopped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    t.signal(&child, Signal::KILL)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    let killed = Change::Killed(Signal::KILL, false);
    t.expect(&posix::STATUS_KILL_WHILE_STOPPED).reaped(&seen, &child, killed)
}

fn no_core_flag(t: &mut Trial) -> Outcome {
    let system = t.system();
    for signal in Signal::deadly_on(system).filter(|s| !s.dumps_core_on(system)) {
        let child = t.spawn(Scenario::of([Step::raise(signal).with_core(true)]))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        let killed = Change::Killed(signal, false);
        t.expect(&pairs::CORE_NOT_FOR_TERM).reports(&seen, &child, killed)?;
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
            let word = t.number(signal) | 0x80;
            t.expect(&linux::WAIT_WORD_CORE).equal("status word", &raw, &word)?;
        }
    }
    Ok(())
}

/// A child in a group of its own that is dead, with a core dump.
fn dumped(t: &mut Trial) -> Result<Child, Abort> {
    let child =
        t.spawn(Scenario::of([Step::Setpgid { pgid: 0 }, Step::raise(Signal::ABRT).with_core(true)]))?;
    t.await_zombie(&child)?;
    Ok(child)
}

const DUMPED: Change = Change::Killed(Signal::ABRT, true);

/// Some libraries decode the status word themselves, and drop the core flag; they have nothing like WCOREDUMP either. Nothing
/// decodes the word of a raw call.
fn drops_core_flag(t: &mut Trial, seen: &Seen) -> Result<bool, Abort> {
    let clear = seen.change() == Some(Change::Killed(Signal::ABRT, false));
    let (true, Some(word)) = (clear, seen.status()) else { return Ok(false) };
    if t.is_raw() {
        return Ok(false);
    }
    match t.decode(word) {
        Ok(view) => Ok(view.get("coredump").is_none()),
        Err(Abort::Skip(_)) => Ok(true),
        Err(other) => Err(other),
    }
}

/// The call reported a core dump of the child, unless the subject shows none at all.
fn reports_dump(t: &mut Trial, child: &Child, seen: &Seen) -> Outcome {
    if drops_core_flag(t, seen)? {
        return t.expect(&posix::WAITID_DUMPED).not_observed("the subject does not show the core flag");
    }
    t.expect(&posix::WAITID_DUMPED).reports(seen, child, DUMPED)
}

fn core_by_target(t: &mut Trial) -> Outcome {
    for by_group in [false, true] {
        let child = dumped(t)?;
        let target = if by_group { Target::Group(&child) } else { Target::Child(&child) };
        let seen = t.wait(target, Options::NONE)?;
        reports_dump(t, &child, &seen)?;
    }
    Ok(())
}

fn core_every_way(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin(Target::Any, Options::NONE)?;
    t.expect(&posix::WAITID_DUMPED).blocks(&pending)?;
    t.begin_step(&child, Step::raise(Signal::ABRT).with_core(true))?;
    let seen = t.finish(pending)?;
    reports_dump(t, &child, &seen)?;
    for options in [Options::NOHANG, Options::UNTRACED | Options::CONTINUED] {
        let child = dumped(t)?;
        if Calls::taking(Options::NOWAIT).has(t.call()) {
            let seen = t.wait(Target::Any, options | Options::NOWAIT)?;
            reports_dump(t, &child, &seen)?;
        }
        let seen = t.wait(Target::Any, options)?;
        reports_dump(t, &child, &seen)?;
    }
    Ok(())
}

fn core_linux_options(t: &mut Trial) -> Outcome {
    if t.profile() != Profile::Linux {
        return Err(Abort::Skip("another system has other children with these options".into()));
    }
    for options in [Options::ALL, Options::NOTHREAD] {
        let child = dumped(t)?;
        let seen = t.wait(Target::Any, options)?;
        reports_dump(t, &child, &seen)?;
    }
    for options in [Options::ALL, Options::CLONE] {
        let clone = By::Clone(CloneHow::signalling(None));
        let (child, _) = t.spawn_by(&clone, Scenario::of([Step::raise(Signal::ABRT).with_core(true)]))?;
        t.await_zombie(&child)?;
        let seen = t.wait(Target::Any, options)?;
        reports_dump(t, &child, &seen)?;
    }
    Ok(())
}

fn core_after_tracing(t: &mut Trial) -> Outcome {
    let child = traced_before(t)?;
    t.begin_step(&child, Step::raise(Signal::ABRT).with_core(true))?;
    t.await_zombie(&child)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    if drops_core_flag(t, &seen)? {
        return t
            .expect(&linux::PTRACE_DETACHED_ALIKE)
            .not_observed("the subject does not show the core flag");
    }
    t.expect(&linux::PTRACE_DETACHED_ALIKE).reports(&seen, &child, DUMPED)
}

fn core_on_a_thread(t: &mut Trial) -> Outcome {
    let child = dumped(t)?;
    let mut request = t.ask(Target::Child(&child), Options::NONE);
    request.thread = 1;
    let seen = t.perform(request)?;
    reports_dump(t, &child, &seen)
}

fn core_by_pidfd(t: &mut Trial) -> Outcome {
    let child = dumped(t)?;
    let fd = t.pidfd_open(&child, false)?;
    let seen = t.wait(Target::Pidfd(fd), Options::NONE)?;
    t.expect(&posix::WAITID_DUMPED).reports(&seen, &child, DUMPED)
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
        match peek.shown_change() {
            Shows::Yes(shown) => t.expect(&posix::WAITPID_CALLS_AGREE).reports(&seen, &child, shown)?,
            shown => {
                let same = seen.change().is_some_and(|change| shown.of(change) != Shows::No);
                t.expect(&posix::WAITPID_CALLS_AGREE).that(same, peek.outcome(), seen.outcome())?;
            }
        }
    }
    Ok(())
}
