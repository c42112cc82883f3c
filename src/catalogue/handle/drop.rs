//! What becomes of a child whose handle is dropped.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::Trial;
use crate::trial::{Outcome, ProcessState, cases};

cases! { handle "handle-drop";

    /// a child whose handle is dropped lives on
    lives_on(DROP) => [promise::HANDLE_DROP_KEEPS];

    /// a child whose handle was dropped is no zombie once it has terminated and another one was waited for
    is_reaped(DROP) => [promise::HANDLE_DROP_REAPS];
}

fn lives_on(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.drop_handle(&child)?;
    // One that was sent a signal would not answer.
    let state = match t.try_tell(&child, Step::Getids) {
        Ok(Ok(_)) => t.state(&child)?,
        _ => ProcessState::Gone,
    };
    let lives = !matches!(state, ProcessState::Zombie | ProcessState::Gone);
    t.expect(&promise::HANDLE_DROP_KEEPS).that(lives, "a live child", state.to_string())
}

fn is_reaped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.drop_handle(&child)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    // Some look after those that were dropped only when they make or await another one.
    let other = t.spawn(Scenario::exits(3))?;
    t.wait(&other)?;
    let is_gone = t.becomes(&child, ProcessState::Gone)?;
    t.expect(&promise::HANDLE_DROP_REAPS).that(is_gone, "no zombie", "a zombie")
}
