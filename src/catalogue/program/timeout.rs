//! `timeout`: a command that takes too long.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::program::{How, ProgramOutcome, Trial};
use crate::trial::{Abort, Change, Child, Outcome, ProcessState, cases};
use crate::wait::Signal;
use std::time::Duration;

cases! { program "wrapper";

    /// a command that takes too long is terminated, and the wrapper's exit code says so
    timeout(WRAPPER) => [promise::TIMEOUT_EXPIRED];

    /// a command that is killed because it takes too long gives a different exit code
    timeout_killed(WRAPPER) => [promise::TIMEOUT_KILLED];

    /// a command that has stopped when its time is over is terminated all the same
    timeout_stopped(WRAPPER) => [promise::TIMEOUT_CONTINUES];

    /// on request a command that survives SIGTERM is killed some time later
    timeout_kill_later(WRAPPER) => [promise::TIMEOUT_KILLS_LATER];

    /// on request, the status of the command is passed on even though it took too long
    timeout_preserves(WRAPPER) => [promise::TIMEOUT_PRESERVES];
}

/// How long a command is given to get ready, in seconds, on a machine that may be busy.
const LIMITS: [&str; 3] = ["0.5", "3", "20"];

/// A run of `timeout` whose command was ready before its time was over: the first that is, and how it ended.
fn expires_ready(
    t: &mut Trial,
    before: &[&str],
    mut prepare: impl FnMut(&mut Trial, &Child) -> Result<bool, Abort>,
) -> Result<Option<(Child, ProgramOutcome)>, Abort> {
    for limit in LIMITS {
        let latest = Duration::from_secs_f64(limit.parse().unwrap_or_default()) + LATER;
        let words = before.iter().chain([&limit]).map(|word| (*word).to_owned()).collect();
        let how = How { instead: Some(words), ..How::default() };
        match t.spawn_how(how, Scenario::held()) {
            Ok(child) => {
                if prepare(t, &child)? {
                    let ran = t.exit_in(latest)?;
                    return Ok(Some((child, ran)));
                }
            }
            // Its time was over before it said hello.
            Err(Abort::Broken(_)) if t.has_exited()? => {}
            Err(other) => return Err(other),
        }
        t.exit_in(latest)?;
    }
    Ok(None)
}

/// How much later than its limit the program may exit.
const LATER: Duration = Duration::from_secs(10);

fn timeout_stopped(t: &mut Trial) -> Outcome {
    if t.contract().row("timeout/continues").is_none() {
        return t.expect(&promise::TIMEOUT_CONTINUES).not_observed("it is not said to continue the command");
    }
    let code = t.contract().code("timeout/expired").unwrap_or(124);
    let stops = |t: &mut Trial, child: &Child| {
        let stopped = t.try_signal(child, Signal::STOP)?.is_none();
        t.await_stopped_or_exit(child)?;
        Ok(stopped && t.state(child)? == ProcessState::Stopped)
    };
    match expires_ready(t, &[], stops)? {
        Some((child, ran)) => {
            t.expect(&promise::TIMEOUT_CONTINUES).reports(&ran, &child, Change::Exited(code))
        }
        None => Err(Abort::Skip("the machine is too busy".to_owned())),
    }
}

fn timeout_kill_later(t: &mut Trial) -> Outcome {
    let code = t.contract().code("timeout/kills-later");
    let Some(code) = code else {
        return t
            .expect(&promise::TIMEOUT_KILLS_LATER)
            .not_observed("it is not said to kill the command later");
    };
    let ignores = |t: &mut Trial, child: &Child| {
        let told = t.try_tell(child, Step::Ignore(Signal::TERM));
        Ok(matches!(told, Ok(Ok(_))))
    };
    match expires_ready(t, &["-k", "0.1"], ignores)? {
        Some((child, ran)) => {
            // A shell shows 137 of one that dies of SIGKILL itself.
            let either = [Change::Exited(code), Change::Killed(Signal::KILL, false)];
            t.expect(&promise::TIMEOUT_KILLS_LATER).reports_one_of(&ran, &child, &either)
        }
        None => Err(Abort::Skip("the machine is too busy".to_owned())),
    }
}

/// A run of `timeout` with these arguments, whose command does not exit on its own.
fn expires(t: &mut Trial, arguments: &[&str]) -> Result<(Child, ProgramOutcome), Abort> {
    let instead = arguments.iter().map(|word| (*word).to_owned()).collect();
    let child = t.spawn_how(How { instead: Some(instead), ..How::default() }, Scenario::held())?;
    Ok((child, t.exit()?))
}

/// About the time it takes to start a command on a busy machine.
const SOON: &str = "0.5";

fn timeout(t: &mut Trial) -> Outcome {
    let code = t.contract().code("timeout/expired").unwrap_or(124);
    let (child, ran) = expires(t, &[SOON])?;
    t.expect(&promise::TIMEOUT_EXPIRED).reports(&ran, &child, Change::Exited(code))
}

fn timeout_killed(t: &mut Trial) -> Outcome {
    let code = t.contract().code("timeout/killed").unwrap_or(137);
    let (child, ran) = expires(t, &["-s", "KILL", SOON])?;
    // A shell reports 137 for a process that is itself killed by SIGKILL.
    let either = [Change::Exited(code), Change::Killed(Signal::KILL, false)];
    t.expect(&promise::TIMEOUT_KILLED).reports_one_of(&ran, &child, &either)
}

fn timeout_preserves(t: &mut Trial) -> Outcome {
    let (child, ran) = expires(t, &["--preserve-status", SOON])?;
    let code = 128 + Signal::TERM.number();
    t.expect(&promise::TIMEOUT_PRESERVES).reports(&ran, &child, Change::Exited(code))
}
