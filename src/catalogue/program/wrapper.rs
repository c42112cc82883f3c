//! Wrappers: what became of the command is what becomes of the wrapper.

use crate::scenario::{Scenario, Step};
use crate::spec::contracts::SignalCode;
use crate::spec::{Clause, posix, promise};
use crate::trial::program::{How, Kind, ProgramOutcome, Trial};
use crate::trial::{Abort, Change, Child, Outcome, ProcessState, Shown, Shows, cases};
use crate::wait::Signal;
use std::ops::RangeInclusive;

cases! { program "wrapper";

    /// the exit code of the command is that of the wrapper
    exit_code(WRAPPER | TIME | CONTAINER_INIT) => [posix::WRAPPER_EXIT_STATUS, promise::WRAPPER_EXIT_CODES];

    /// a wrapper exits with 127 for a command that is not there
    not_found(WRAPPER | TIME) => [posix::WRAPPER_NOT_FOUND, promise::WRAPPER_CODE_NOT_FOUND];

    /// a wrapper exits with 126 for a command that is there and cannot be run
    not_executable(WRAPPER | TIME) => [posix::WRAPPER_NOT_EXECUTABLE, promise::WRAPPER_CODE_NOT_EXECUTABLE];

    /// where a signal kills the command, the wrapper dies of it too or exits with a code over 128
    signal(WRAPPER | TIME | CONTAINER_INIT) => [posix::WRAPPER_SIGNAL, promise::WRAPPER_SIGNAL_CODE];

    /// a wrapper exits neither when the command stops nor when it continues
    stop_is_no_exit(WRAPPER | TIME | CONTAINER_INIT) => [posix::WRAPPER_STOP_IS_NO_EXIT];

    /// when the wrapper has exited, its command is gone
    leaves_nothing(WRAPPER | TIME) => [promise::WRAPPER_LEAVES_NOTHING];

    /// a wrapper, or a shell's wait, that starts with SIGCHLD blocked has the exit code all the same
    sigchld_blocked(WRAPPER | TIME | SHELL) => [posix::WRAPPER_SIGCHLD_BLOCKED];

    /// what a wrapper shows that starts with SIGCHLD ignored
    sigchld_ignored(WRAPPER | TIME | SHELL) => [posix::WRAPPER_SIGCHLD_IGNORED];

    /// a signal to the wrapper reaches the command
    forwards(WRAPPER) => [promise::WRAPPER_FORWARDS];

    /// the command of `nohup` survives a hangup
    ignores_hangup(WRAPPER) => [promise::WRAPPER_IGNORES_HANGUP];

    /// a command that takes too long is terminated, and the wrapper says so
    timeout(WRAPPER) => [promise::TIMEOUT_EXPIRED];

    /// a command that is killed because it takes too long has another exit code
    timeout_killed(WRAPPER) => [promise::TIMEOUT_KILLED];

    /// on request the status of the command is passed on although it took too long
    timeout_preserves(WRAPPER) => [promise::TIMEOUT_PRESERVES];
}

/// One code, or two and all between them.
fn shown(codes: &RangeInclusive<i32>) -> String {
    if codes.start() == codes.end() {
        return format!("exit code {}", codes.start());
    }
    format!("an exit code from {} to {}", codes.start(), codes.end())
}

/// Judges an exit that is to have one of these codes.
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

/// Judges the exit of the wrapper of a command that exited with that code.
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

/// The same, of a code of which the contract may not speak.
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

/// Judges the exit for a command that cannot be run: by the contract, else by POSIX, whose code is that one.
fn without_command(
    t: &mut Trial,
    command: &str,
    row: &str,
    promised: &'static Clause,
    (posix, code): (&'static Clause, i32),
) -> Outcome {
    let ran = t.run(command)?;
    if t.contract().is_open(row) {
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
        let promised = t.contract().signal_code();
        // A contract may give a code that says nothing of the signal.
        if !matches!(promised, Some(SignalCode::Between(..))) {
            t.expect(&posix::WRAPPER_SIGNAL).returns(&ran)?;
            let same = ran.change_of(&child) == Shows::Yes(Change::Killed(signal, false));
            let held = same || ran.code().is_some_and(|code| code > 128);
            let expected = format!("killed by {signal}, or an exit code over 128");
            t.expect(&posix::WRAPPER_SIGNAL).that(held, expected, ran.outcome())?;
        }
        let change = match promised {
            Some(SignalCode::Same) => Change::Killed(signal, false),
            // What a process exits with has eight bits.
            Some(SignalCode::Above(base)) if base + signal.number() < 256 => {
                Change::Exited(base + signal.number())
            }
            Some(SignalCode::Between(low, high)) => {
                exits_with(t, &promise::WRAPPER_SIGNAL_CODE, &ran, &(low..=high))?;
                continue;
            }
            Some(SignalCode::Above(_)) | None => {
                t.record("wrapper/signal-code", format!("{signal}: {}", ran.outcome()));
                continue;
            }
        };
        t.expect(&promise::WRAPPER_SIGNAL_CODE).reports(&ran, &child, change)?;
    }
    Ok(())
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
            // It may not even run the command.
            Err(Abort::Broken(why)) => return t.expect(&posix::WRAPPER_SIGCHLD_IGNORED).records(name, why),
            Err(other) => return Err(other),
        }
    };
    t.expect(&posix::WRAPPER_SIGCHLD_IGNORED).records(name, ran.outcome())
}

fn forwards(t: &mut Trial) -> Outcome {
    for signal in [Signal::TERM, Signal::USR1] {
        let child = t.spawn(Scenario::held())?;
        let promised = t.contract().row("wrapper/forwards").map(|row| row.value);
        if promised
            .is_some_and(|signals| !signals.split(' ').any(|name| signal.to_string() == format!("SIG{name}")))
        {
            continue;
        }
        t.await_program_asleep()?;
        let caught = t.caught()?.is_none_or(|caught| caught.contains(&signal));
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
            t.expect(&promise::WRAPPER_FORWARDS).that(reached, "the command to get the signal", shown)?;
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
    // A stop is seen only of one that lives.
    if t.try_signal(&child, Signal::STOP)?.is_none() {
        t.await_stopped_or_exit(&child)?;
    }
    let lives = t.state(&child)? == ProcessState::Stopped;
    t.expect(&promise::WRAPPER_IGNORES_HANGUP).that(lives, "the command to survive SIGHUP", "it is gone")
}

/// A run of `timeout` with these arguments, whose command does not exit by itself.
fn expires(t: &mut Trial, arguments: &[&str]) -> Result<(Child, ProgramOutcome), Abort> {
    let instead = arguments.iter().map(|word| (*word).to_owned()).collect();
    let child = t.spawn_how(How { instead: Some(instead), ..How::default() }, Scenario::held())?;
    Ok((child, t.exit()?))
}

/// As long as it takes to start a command on a busy machine.
const SOON: &str = "0.5";

fn timeout(t: &mut Trial) -> Outcome {
    let code = t.contract().code("timeout/expired").unwrap_or(124);
    let (child, ran) = expires(t, &[SOON])?;
    t.expect(&promise::TIMEOUT_EXPIRED).reports(&ran, &child, Change::Exited(code))
}

fn timeout_killed(t: &mut Trial) -> Outcome {
    let code = t.contract().code("timeout/killed").unwrap_or(137);
    let (child, ran) = expires(t, &["-s", "KILL", SOON])?;
    // A shell shows 137 of one that dies of SIGKILL itself.
    let either = [Change::Exited(code), Change::Killed(Signal::KILL, false)];
    t.expect(&promise::TIMEOUT_KILLED).reports_one_of(&ran, &child, &either)
}

fn timeout_preserves(t: &mut Trial) -> Outcome {
    let (child, ran) = expires(t, &["--preserve-status", SOON])?;
    let code = 128 + Signal::TERM.number();
    t.expect(&promise::TIMEOUT_PRESERVES).reports(&ran, &child, Change::Exited(code))
}
