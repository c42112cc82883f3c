//! Polls: nothing before the exit, the result after it.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::Trial;
use crate::trial::{Change, Outcome, Shown, cases};
use crate::wait::Signal;

cases! { handle "handle-poll";

    /// a poll reports nothing while the child lives, and its result as soon as it has terminated
    before_and_after_exit() => [promise::HANDLE_POLL_RUNNING, promise::HANDLE_POLL_AT_ONCE];

    /// a child that stops and continues is reported as running
    stop_is_no_exit() => [promise::HANDLE_STOP_IS_NO_EXIT];
}

fn before_and_after_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let told = t.poll(&child)?;
    let got = told.outcome();
    t.expect(&promise::HANDLE_POLL_RUNNING).returns(&told)?;
    t.expect(&promise::HANDLE_POLL_RUNNING).that(told.is_running(), "running", got)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let told = t.poll(&child)?;
    t.expect(&promise::HANDLE_POLL_AT_ONCE).reports(&told, &child, Change::Exited(7))
}

fn stop_is_no_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let told = t.poll(&child)?;
    let got = told.outcome();
    t.expect(&promise::HANDLE_STOP_IS_NO_EXIT).returns(&told)?;
    t.expect(&promise::HANDLE_STOP_IS_NO_EXIT).that(told.is_running(), "running", got)?;
    t.signal(&child, Signal::CONT)?;
    t.tell(&child, Step::exit(7))?;
    let told = t.wait(&child)?;
    t.expect(&promise::HANDLE_STOP_IS_NO_EXIT).reports(&told, &child, Change::Exited(7))
}
