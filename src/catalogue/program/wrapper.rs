//! Wrappers: what became of the command is what becomes of the wrapper.

use crate::scenario::{Scenario, Step};
use crate::spec::{posix, promise};
use crate::trial::program::Trial;
use crate::trial::{Change, Outcome, ProcessState, Shown, Shows, cases};
use crate::wait::Signal;

cases! { program "wrapper";

    /// the exit code of the command is that of the wrapper
    exit_code() => [posix::WRAPPER_EXIT_STATUS];

    /// a wrapper exits with 127 for a command that is not there
    not_found() => [posix::WRAPPER_NOT_FOUND];

    /// a wrapper exits with 126 for a command that is there and cannot be run
    not_executable() => [posix::WRAPPER_NOT_EXECUTABLE];

    /// where a signal kills the command, the wrapper dies of it too or exits with a code over 128
    signal() => [posix::WRAPPER_SIGNAL, promise::WRAPPER_SIGNAL_CODE];

    /// a wrapper exits neither when the command stops nor when it continues
    stop_is_no_exit() => [posix::WRAPPER_STOP_IS_NO_EXIT];

    /// when the wrapper has exited, its command is gone
    leaves_nothing() => [promise::WRAPPER_LEAVES_NOTHING];
}

fn exit_code(t: &mut Trial) -> Outcome {
    for code in [0, 1, 2, 7, 42, 124, 127, 128, 143, 255] {
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, Step::exit(code))?;
        let ran = t.exit()?;
        t.expect(&posix::WRAPPER_EXIT_STATUS).reports(&ran, &child, Change::Exited(code))?;
    }
    Ok(())
}

fn not_found(t: &mut Trial) -> Outcome {
    let ran = t.run("/no-such-folder/no-such-program")?;
    t.expect(&posix::WRAPPER_NOT_FOUND).returns(&ran)?;
    t.expect(&posix::WRAPPER_NOT_FOUND).that(ran.code() == Some(127), "exit code 127", ran.outcome())
}

fn not_executable(t: &mut Trial) -> Outcome {
    let ran = t.run("/dev/null")?;
    t.expect(&posix::WRAPPER_NOT_EXECUTABLE).returns(&ran)?;
    t.expect(&posix::WRAPPER_NOT_EXECUTABLE).that(ran.code() == Some(126), "exit code 126", ran.outcome())
}

fn signal(t: &mut Trial) -> Outcome {
    for signal in [Signal::HUP, Signal::KILL, Signal::TERM] {
        let child = t.spawn(Scenario::held())?;
        t.signal(&child, signal)?;
        let ran = t.exit()?;
        t.expect(&posix::WRAPPER_SIGNAL).returns(&ran)?;
        let same = ran.change_of(&child) == Shows::Yes(Change::Killed(signal, false));
        let held = same || ran.code().is_some_and(|code| code > 128);
        let expected = format!("killed by {signal}, or an exit code over 128");
        t.expect(&posix::WRAPPER_SIGNAL).that(held, expected, ran.outcome())?;
        let code = 128 + signal.number();
        t.expect(&promise::WRAPPER_SIGNAL_CODE).reports(&ran, &child, Change::Exited(code))?;
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
    t.expect(&posix::WRAPPER_STOP_IS_NO_EXIT).reports(&ran, &child, Change::Exited(7))
}

fn leaves_nothing(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::exit(7))?;
    let ran = t.exit()?;
    t.expect(&promise::WRAPPER_LEAVES_NOTHING).reports(&ran, &child, Change::Exited(7))?;
    let state = t.state(&child)?;
    let gone = matches!(state, ProcessState::Gone | ProcessState::Unknown);
    t.expect(&promise::WRAPPER_LEAVES_NOTHING).that(gone, "the command gone", format!("the command {state}"))
}
