//! Several children: each handle reports its own, and others are left alone.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::Trial;
use crate::trial::{Change, Outcome, ProcessState, cases};
use crate::wait::Signal;

cases! { handle "handle-others";

    /// a wait for one child takes nothing from the handle of another that exited first
    other_handle() => [promise::HANDLE_OTHERS_KEPT];

    /// two waits at once return with the exit of their own child each, the one that was begun last first
    other_order(THREADS) => [promise::HANDLE_OTHERS_KEPT];

    /// a child without a handle that exited first is left to whoever made it
    no_handle(FORK | STEAL) => [promise::HANDLE_STRANGERS_KEPT];

    /// 200 children that terminate at once are reported by their own handles, whatever the order of the waits
    many_at_once(THREADS) => [promise::HANDLE_MANY];
}

fn other_handle(t: &mut Trial) -> Outcome {
    let first = t.spawn(Scenario::exits(3))?;
    // Whoever reaps eagerly has reaped it by now, for its own handle.
    t.await_ended(&first)?;
    let second = t.spawn(Scenario::exits(7))?;
    let answered = t.wait(&second)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &second, Change::Exited(7))?;
    let answered = t.wait(&first)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &first, Change::Exited(3))
}

fn other_order(t: &mut Trial) -> Outcome {
    let (first, second) = (t.spawn(Scenario::held())?, t.spawn(Scenario::held())?);
    let (of_first, of_second) = (t.begin_wait(&first, None)?, t.begin_wait(&second, None)?);
    t.await_read()?;
    t.tell(&second, Step::exit(7))?;
    let answered = t.finish(&of_second)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &second, Change::Exited(7))?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).waits(&of_first)?;
    t.tell(&first, Step::exit(3))?;
    let answered = t.finish(&of_first)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &first, Change::Exited(3))
}

fn no_handle(t: &mut Trial) -> Outcome {
    let stranger = t.fork(&Scenario::exits(3))?;
    t.await_ended(&stranger)?;
    let child = t.spawn(Scenario::exits(7))?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_STRANGERS_KEPT).reports(&answered, &child, Change::Exited(7))?;
    let reaped = t.steal(&stranger)?;
    t.expect(&promise::HANDLE_STRANGERS_KEPT).reports(&reaped, &stranger, Change::Exited(3))
}

/// How many children terminate at once.
const MANY: i32 = 200;

fn many_at_once(t: &mut Trial) -> Outcome {
    let children = t.spawn_all((0..MANY).map(|_| Scenario::held()))?;
    let code = |at: usize| at as i32 + 1;
    // Every third first: neither in the order of the pids nor against it.
    let order: Vec<usize> = (0..3).flat_map(|first| (first..children.len()).step_by(3)).collect();
    let waits = t.begin_waits(order.iter().map(|&at| &children[at]))?;
    t.await_read()?;
    // It notices nothing until all are dead.
    t.signal_agent(Signal::STOP)?;
    t.await_agent(ProcessState::Stopped)?;
    for (at, child) in children.iter().enumerate().rev() {
        t.tell(child, Step::exit(code(at)))?;
    }
    t.await_all_ended(&children)?;
    t.signal_agent(Signal::CONT)?;
    for (&at, pending) in order.iter().zip(&waits) {
        let answered = t.finish(pending)?;
        t.expect(&promise::HANDLE_MANY).reports(&answered, &children[at], Change::Exited(code(at)))?;
    }
    Ok(())
}
