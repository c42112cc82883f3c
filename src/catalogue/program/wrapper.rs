//! Wrappers: they terminate as their command did.

use crate::scenario::{Death, Scenario, Step};
use crate::spec::contracts::SignalCode;
use crate::spec::{Clause, posix, promise};
use crate::trial::program::{How, Kind, ProgramOutcome, Trial};
use crate::trial::{Abort, Change, Child, Need, Needs, Outcome, ProcessState, Shown, Shows, cases};
use crate::wait::Signal;
use std::ops::RangeInclusive;

cases! { program "wrapper";

    /// the exit code of the command is that of the wrapper
    exit_code(WRAPPER | TIME | CONTAINER_INIT) => [posix::WRAPPER_EXIT_STATUS, promise::WRAPPER_EXIT_CODES];

    /// a wrapper exits with 127 for a command that is not found
    not_found(WRAPPER | TIME | CONTAINER_INIT) => [posix::WRAPPER_NOT_FOUND, promise::WRAPPER_CODE_NOT_FOUND];

    /// a wrapper exits with 126 for a command that is found but cannot be executed
    not_executable(WRAPPER | TIME | CONTAINER_INIT) => [posix::WRAPPER_NOT_EXECUTABLE, promise::WRAPPER_CODE_NOT_EXECUTABLE];

    /// if a signal kills the command, the wrapper is killed by it, too, or exits with a code greater than 128
    signal(WRAPPER | TIME | CONTAINER_INIT) => [posix::WRAPPER_SIGNAL, promise::WRAPPER_SIGNAL_CODE];

    /// the code for a signal is the same if the command dumps core
    core_dumped(WRAPPER | TIME | CONTAINER_INIT), needs Needs::of(&[Need::CoreFiles])
        => [posix::WRAPPER_SIGNAL, promise::WRAPPER_SIGNAL_CODE];

    /// death by a real-time signal, whose number does not fit into five bits, is shown as that of any signal
    realtime_signal(WRAPPER | TIME | CONTAINER_INIT) => [posix::WRAPPER_SIGNAL, promise::WRAPPER_SIGNAL_CODE];

    /// a command that is killed while it is stopped is shown as killed
    killed_while_stopped(WRAPPER | TIME | CONTAINER_INIT) => [posix::WRAPPER_SIGNAL, promise::WRAPPER_SIGNAL_CODE];

    /// a wrapper does not mistake a child that it inherited for its command
    inherited_child(WRAPPER | TIME), needs Needs::of(&[Need::PidNamespace]) => [posix::WRAPPER_EXIT_STATUS];

    /// a wrapper that forwards a signal exits only when the command does, which may survive the signal
    signal_survived(WRAPPER | CONTAINER_INIT) => [posix::WRAPPER_EXIT_STATUS];

    /// a wrapper exits neither when the command stops nor when it continues
    stop_is_no_exit(WRAPPER | TIME | CONTAINER_INIT) => [posix::WRAPPER_STOP_IS_NO_EXIT];

    /// once the wrapper has exited, its command is gone
    leaves_nothing(WRAPPER | TIME) => [promise::WRAPPER_LEAVES_NOTHING];

    /// a wrapper, or a shell's wait, still returns the exit code if started with SIGCHLD blocked
    sigchld_blocked(WRAPPER | TIME | SHELL) => [posix::WRAPPER_SIGCHLD_BLOCKED];

    /// how a wrapper that starts with SIGCHLD ignored exits is recorded
    sigchld_ignored(WRAPPER | TIME | SHELL) => [posix::WRAPPER_SIGCHLD_IGNORED];

    /// a signal to the wrapper reaches the command
    forwards(WRAPPER) => [promise::WRAPPER_FORWARDS];

    /// the command of `nohup` survives a hangup
    ignores_hangup(WRAPPER) => [promise::WRAPPER_IGNORES_HANGUP];
}

/// An exit code or a range.
pub(super) fn shown(codes: &RangeInclusive<i32>) -> String {
    if codes.start() == codes.end() {
        return format!("exit code {}", codes.start());
    }
    format!("an exit code from {} to {}", codes.start(), codes.end())
}

/// Checks that an exit has one of these codes.
fn exits_with(
    t: &mut Trial,
    clause: &'static Clause,
    ran: &ProgramOutcome,
    codes: &RangeInclusive<i32>,
) -> Outcome {
    t.expect(clause).returns(ran)?;
    let held = ran.code().is_some_and(|code| codes.contains(&code));
    t.expect(clause).that(held, shown(codes), ran.outcome())
}

/// Checks the exit of a wrapper whose command exited with that code.
fn passes_on(
    t: &mut Trial,
    clause: &'static Clause,
    ran: &ProgramOutcome,
    child: &Child,
    code: i32,
) -> Outcome {
    match t.contract().exit_code(code) {
        Some(codes) if codes.start() != codes.end() => exits_with(t, clause, ran, &codes),
        codes => {
            let code = codes.map_or(code, |codes| *codes.start());
            t.expect(clause).reports(ran, child, Change::Exited(code))
        }
    }
}

/// The same, for a code that the contract may not mention.
fn judge_code(t: &mut Trial, ran: &ProgramOutcome, child: &Child, code: i32) -> Outcome {
    if t.contract().exit_code(code).is_none() {
        t.record("wrapper/exit-codes", format!("{code}: {}", ran.outcome()));
        return Ok(());
    }
    let promised = t.contract().row("wrapper/exit-codes").is_some();
    let clause = if promised { &promise::WRAPPER_EXIT_CODES } else { &posix::WRAPPER_EXIT_STATUS };
    passes_on(t, clause, ran, child, code)
}

fn exit_code(t: &mut Trial) -> Outcome {
    for code in [0, 1, 2, 7, 42, 124, 127, 128, 143, 255] {
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, Step::exit(code))?;
        let ran = t.exit()?;
        judge_code(t, &ran, &child, code)?;
    }
    Ok(())
}

/// Checks the exit for a command that cannot be run: against the contract, or else against POSIX, whose code is given.
fn without_command(
    t: &mut Trial,
    command: &str,
    row: &str,
    promised: &'static Clause,
    (posix, code): (&'static Clause, i32),
) -> Outcome {
    let ran = t.run(command)?;
    let is_init = t.kind() == Kind::ContainerInit && t.contract().row(row).is_none();
    if is_init || t.contract().is_open(row) {
        t.record(row, ran.outcome());
        return Ok(());
    }
    match t.contract().codes(row) {
        Some(codes) => exits_with(t, promised, &ran, &codes),
        None => exits_with(t, posix, &ran, &(code..=code)),
    }
}

fn not_found(t: &mut Trial) -> Outcome {
    let posix = (&posix::WRAPPER_NOT_FOUND, 127);
    let command = "/no-such-folder/no-such-program";
    without_command(t, command, "wrapper/not-found", &promise::WRAPPER_CODE_NOT_FOUND, posix)
}

fn not_executable(t: &mut Trial) -> Outcome {
    let posix = (&posix::WRAPPER_NOT_EXECUTABLE, 126);
    let promised = &promise::WRAPPER_CODE_NOT_EXECUTABLE;
    without_command(t, "/dev/null", "wrapper/not-executable", promised, posix)
}

fn signal(t: &mut Trial) -> Outcome {
    for signal in [Signal::HUP, Signal::KILL, Signal::USR1, Signal::TERM] {
        let child = t.spawn(Scenario::held())?;
        t.signal(&child, signal)?;
        let ran = t.exit()?;
        judge_signal(t, &ran, &child, signal)?;
    }
    Ok(())
}

fn realtime_signal(t: &mut Trial) -> Outcome {
    let Some(range) = Signal::realtime_range_on(t.system()) else {
        return Err(Abort::Skip("there are no real-time signals".to_owned()));
    };
    // Those at the beginning are the C library's own; on MIPS no status word can express the last ones, and valgrind keeps one.
    for number in [range.start() + 5, *range.end().min(&64) - 1] {
        let signal = Signal::from_number_on(number, t.system());
        let child = t.spawn(Scenario::held())?;
        t.signal(&child, signal)?;
        let ran = t.exit()?;
        judge_signal(t, &ran, &child, signal)?;
    }
    Ok(())
}

fn killed_while_stopped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped_or_exit(&child)?;
    // One that stops with its command has seen the stop by then: whether it would have in time is not left to chance.
    t.program_stops_soon()?;
    t.try_signal(&child, Signal::KILL)?;
    let ran = t.exit()?;
    judge_signal(t, &ran, &child, Signal::KILL)
}

fn core_dumped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let death = Death { signal: Signal::ABRT, core: Some(true), report: false };
    t.begin_step(&child, Step::KillSelf(death))?;
    let ran = t.exit()?;
    judge_signal(t, &ran, &child, Signal::ABRT)
}

/// Checks the exit for a command killed by this signal.
fn judge_signal(t: &mut Trial, ran: &ProgramOutcome, child: &Child, signal: Signal) -> Outcome {
    let promised = t.contract().signal_code();
    // Whether the wrapper dumps core, too, does not matter.
    let same = [Change::Killed(signal, false), Change::Killed(signal, true)];
    // A contract may give a code that does not identify the signal.
    if !matches!(promised, Some(SignalCode::Between(..))) {
        t.expect(&posix::WRAPPER_SIGNAL).returns(ran)?;
        let is_same = same.iter().any(|change| ran.change_of(child) == Shows::Yes(*change));
        let held = is_same || ran.code().is_some_and(|code| code > 128);
        let expected = format!("killed by {signal}, or an exit code over 128");
        t.expect(&posix::WRAPPER_SIGNAL).that(held, expected, ran.outcome())?;
    }
    let clause = &promise::WRAPPER_SIGNAL_CODE;
    match promised {
        Some(SignalCode::Same) => t.expect(clause).reports_one_of(ran, child, &same),
        // An exit code has eight bits.
        Some(SignalCode::Above(base)) if base + signal.number() < 256 => {
            t.expect(clause).reports(ran, child, Change::Exited(base + signal.number()))
        }
        Some(SignalCode::Between(low, high)) => exits_with(t, clause, ran, &(low..=high)),
        Some(SignalCode::Above(_)) | None => {
            t.record("wrapper/signal-code", format!("{signal}: {}", ran.outcome()));
            Ok(())
        }
    }
}

fn inherited_child(t: &mut Trial) -> Outcome {
    // One that has terminated already, and then one that does when the command runs.
    let how = How { zombie: true, ..How::default() };
    let child = match t.spawn_how(how, Scenario::held()) {
        // It does run its command when there is no other child.
        Err(Abort::Broken(why)) => {
            return t.expect(&posix::WRAPPER_EXIT_STATUS).that(false, "the command to be waited for", why);
        }
        other => other?,
    };
    exits_as_command(t, &child)?;
    let other = t.offer(Scenario::held());
    let how = How { after: Some(format!("{} &", other.command)), ..How::default() };
    let child = t.spawn_how(how, Scenario::held())?;
    let other = t.meet(&other)?;
    t.settle()?;
    t.tell(&other, Step::exit(3))?;
    t.await_ended(&other)?;
    exits_as_command(t, &child)
}

/// The command exits, unless the program has taken another child for it.
fn exits_as_command(t: &mut Trial, child: &Child) -> Outcome {
    // What the program does about the other one, it has done once it sleeps.
    t.settle()?;
    if !t.has_exited()? {
        t.tell(child, Step::exit(7))?;
    }
    let ran = t.exit()?;
    passes_on(t, &posix::WRAPPER_EXIT_STATUS, &ran, child, 7)?;
    // The other one is left to process 1, which may need a moment.
    t.zombies_go().map(drop)
}

fn signal_survived(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Ignore(Signal::TERM))?;
    t.settle()?;
    let caught = t.caught()?.is_none_or(|caught| caught.contains(&Signal::TERM));
    let row = if t.kind() == Kind::Wrapper { "wrapper/forwards" } else { "init/forwards" };
    let promised = t.contract().signals(row).contains(&Signal::TERM);
    if !(caught && promised) {
        return t.expect(&posix::WRAPPER_EXIT_STATUS).not_observed("it is not documented to forward SIGTERM");
    }
    // The second one finds out whether the handler outlives the first.
    for _ in 0..2 {
        if !t.has_exited()? {
            t.signal_program(Signal::TERM)?;
            t.settle()?;
        }
    }
    if !t.has_exited()? {
        t.tell(&child, Step::exit(7))?;
    }
    let ran = t.exit()?;
    passes_on(t, &posix::WRAPPER_EXIT_STATUS, &ran, &child, 7)
}

fn stop_is_no_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped_or_exit(&child)?;
    if !t.has_exited()? {
        t.signal(&child, Signal::CONT)?;
        t.tell(&child, Step::exit(7))?;
    }
    let ran = t.exit()?;
    passes_on(t, &posix::WRAPPER_STOP_IS_NO_EXIT, &ran, &child, 7)
}

fn leaves_nothing(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::exit(7))?;
    let ran = t.exit()?;
    passes_on(t, &promise::WRAPPER_LEAVES_NOTHING, &ran, &child, 7)?;
    let gone = matches!(t.state(&child)?, ProcessState::Gone | ProcessState::Unknown);
    let inherited = t.was_inherited(&child)?;
    let got = if inherited { "left to process 1" } else { "still there" };
    t.expect(&promise::WRAPPER_LEAVES_NOTHING).that(
        gone && !inherited,
        "the command reaped by the program",
        got,
    )
}

/// A run that starts with SIGCHLD ignored or blocked.
fn sigchld(t: &mut Trial, how: How) -> Result<(Child, ProgramOutcome), Abort> {
    let child = t.spawn_how(how, Scenario::held())?;
    t.tell(&child, Step::exit(7))?;
    Ok((child, t.exit()?))
}

fn sigchld_blocked(t: &mut Trial) -> Outcome {
    let how = How { blocked: vec![Signal::CHLD], ..How::default() };
    if t.kind() == Kind::Shell {
        t.with.how = how;
        let child = t.offer(Scenario::held());
        t.script(&format!("{} &\nwait $!\nexit $?\n", child.command))?;
        let child = t.meet(&child)?;
        t.await_program_asleep()?;
        t.tell(&child, Step::exit(7))?;
        let ran = t.exit()?;
        return t.expect(&posix::WRAPPER_SIGCHLD_BLOCKED).reports(&ran, &child, Change::Exited(7));
    }
    let (child, ran) = sigchld(t, how)?;
    passes_on(t, &posix::WRAPPER_SIGCHLD_BLOCKED, &ran, &child, 7)
}

fn sigchld_ignored(t: &mut Trial) -> Outcome {
    let how = How { ignored: vec![Signal::CHLD], ..How::default() };
    let name = "with SIGCHLD ignored, of a command that exits 7";
    let ran = if t.kind() == Kind::Shell {
        t.with.how = how;
        let child = t.offer(Scenario::exits(7));
        t.script(&format!("{}\nexit $?\n", child.command))?;
        t.exit()?
    } else {
        match sigchld(t, how) {
            Ok((_, ran)) => ran,
            // It may not run the command at all.
            Err(Abort::Broken(why)) => return t.expect(&posix::WRAPPER_SIGCHLD_IGNORED).records(name, why),
            Err(other) => return Err(other),
        }
    };
    t.expect(&posix::WRAPPER_SIGCHLD_IGNORED).records(name, ran.outcome())
}

fn forwards(t: &mut Trial) -> Outcome {
    let promised = t.contract().row("wrapper/forwards").map(|row| t.contract().signals(row.key));
    for signal in [Signal::TERM, Signal::USR1] {
        let child = t.spawn(Scenario::held())?;
        if promised.as_ref().is_some_and(|signals| !signals.contains(&signal)) {
            continue;
        }
        t.await_program_asleep()?;
        let caught = t.caught()?.is_none_or(|caught| caught.contains(&signal));
        // It is not the first one.
        let before = [Signal::TERM, Signal::USR1].into_iter().find(|other| *other != signal);
        let promises = |other: &Signal| promised.as_ref().is_some_and(|signals| signals.contains(other));
        if let Some(before) = before.filter(|before| caught && promises(before)) {
            t.tell(&child, Step::Block(before))?;
            t.signal_program(before)?;
            t.settle()?;
        }
        t.signal_program(signal)?;
        let reached = t.goes(&child)?;
        let ran = t.exits_soon()?;
        let shown = format!("{signal}: the command {}", if reached { "terminates" } else { "lives on" });
        if promised.is_none() {
            let ran = ran.map_or_else(|| "the program runs on".to_owned(), |ran| ran.outcome());
            t.record("a signal to the wrapper", format!("{shown}, {ran}"));
        } else if !caught {
            t.expect(&promise::WRAPPER_FORWARDS).not_observed("it has no handler for the signal")?;
        } else {
            t.expect(&promise::WRAPPER_FORWARDS).that(reached, "the command to receive the signal", shown)?;
            let ended = ran.unwrap_or(ProgramOutcome::Hung);
            let change = Change::Exited(128 + signal.number());
            t.expect(&promise::WRAPPER_FORWARDS).reports(&ended, &child, change)?;
        }
    }
    Ok(())
}

fn ignores_hangup(t: &mut Trial) -> Outcome {
    let child = t.spawn_how(How { keeps_signals: true, ..How::default() }, Scenario::held())?;
    t.signal(&child, Signal::HUP)?;
    // Only a live process can be seen to stop.
    if t.try_signal(&child, Signal::STOP)?.is_none() {
        t.await_stopped_or_exit(&child)?;
    }
    let lives = t.state(&child)? == ProcessState::Stopped;
    t.expect(&promise::WRAPPER_IGNORES_HANGUP).that(lives, "the command to survive SIGHUP", "it is gone")
}
