//! Children whose handle is dropped.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::Trial;
use crate::trial::{Child, Outcome, ProcessState, cases};

cases! { handle "handle-drop";

    /// a child whose handle is dropped keeps running
    lives_on(DROP) => [promise::HANDLE_DROP_KEEPS];

    /// a child whose handle was dropped is not left as a zombie once it has terminated and another child was waited for
    is_reaped(DROP) => [promise::HANDLE_DROP_REAPS];

    /// several children whose handles were dropped before any of them terminated are not left as zombies
    are_all_reaped(DROP) => [promise::HANDLE_DROP_REAPS];

    /// a child that had terminated when its handle was dropped is not left as a zombie
    after_exit(DROP) => [promise::HANDLE_DROP_REAPS];
}

fn lives_on(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.drop_handle(&child)?;
    // A killed child would not answer.
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
    are_gone(t, &[child])
}

fn are_all_reaped(t: &mut Trial) -> Outcome {
    let children = [t.spawn(Scenario::held())?, t.spawn(Scenario::held())?, t.spawn(Scenario::held())?];
    for child in &children {
        t.drop_handle(child)?;
    }
    // The first one last: waiting for it finds the others late.
    for child in children.iter().rev() {
        t.tell(child, Step::exit(7))?;
        t.await_ended(child)?;
    }
    are_gone(t, &children)
}

fn after_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    t.drop_handle(&child)?;
    are_gone(t, &[child])
}

/// The children are no longer zombies once another child has been created and waited for.
fn are_gone(t: &mut Trial, children: &[Child]) -> Outcome {
    // Some implementations reap dropped children only when they create or wait for another one.
    let other = t.spawn(Scenario::exits(3))?;
    t.wait(&other)?;
    for child in children {
        let is_gone = t.becomes(child, ProcessState::Gone)?;
        t.expect(&promise::HANDLE_DROP_REAPS).that(is_gone, "no zombie", "a zombie")?;
    }
    Ok(())
}
