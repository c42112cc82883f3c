//! Several children: each handle reports its own, and leaves others alone.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::Trial;
use crate::trial::{Abort, Change, Child, Outcome, ProcessState, Shown, cases};
use crate::wait::Signal;

cases! { handle "handle-others";

    /// a wait for one child does not take the result of another handle's child that exited first
    other_handle() => [promise::HANDLE_OTHERS_KEPT];

    /// a poll of one child does not take the result of another handle's child that exited first
    by_poll(POLL) => [promise::HANDLE_OTHERS_KEPT];

    /// two concurrent waits each return when their own child exits, even if the later one's child exits first, and another one has
    other_order(THREADS) => [promise::HANDLE_OTHERS_KEPT];

    /// a child that is given the pid of an earlier one is reported by its own handle, and the earlier one by that of its own
    same_pid() begins OwnPids => [promise::HANDLE_OTHERS_KEPT];

    /// a wait does not reap a child without a handle that exited first
    no_handle(FORK | STEAL) => [promise::HANDLE_STRANGERS_KEPT];

    /// a poll does not reap a child without a handle that exited first
    no_handle_by_poll(POLL | FORK | STEAL) => [promise::HANDLE_STRANGERS_KEPT];

    /// a program that cannot be executed does not cost another handle the result of its child
    failed_exec() => [promise::HANDLE_OTHERS_KEPT];

    /// a dropped handle does not take the result of another handle's child
    dropped(DROP) => [promise::HANDLE_OTHERS_KEPT];

    /// another child can be created and polled during a wait
    created_during_wait(THREADS) => [promise::HANDLE_CONCURRENT];

    /// 200 children that terminate at once are each reported by their own handle, whatever the order of the waits
    many_at_once(THREADS) => [promise::HANDLE_MANY];
}

fn other_handle(t: &mut Trial) -> Outcome {
    let first = t.spawn(Scenario::exits(3))?;
    // An implementation that reaps eagerly has reaped it by now, for its own handle.
    t.await_ended(&first)?;
    let second = t.spawn(Scenario::exits(7))?;
    let answered = t.wait(&second)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &second, Change::Exited(7))?;
    let answered = t.wait(&first)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &first, Change::Exited(3))
}

fn by_poll(t: &mut Trial) -> Outcome {
    let (first, second) = (t.spawn(Scenario::held())?, t.spawn(Scenario::held())?);
    for (child, code) in [(&first, 3), (&second, 7)] {
        t.tell(child, Step::exit(code))?;
        t.await_ended(child)?;
    }
    for (child, code) in [(&second, 7), (&first, 3)] {
        let answered = t.poll_exited(child)?;
        t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, child, Change::Exited(code))?;
    }
    Ok(())
}

fn other_order(t: &mut Trial) -> Outcome {
    // However late the waits begin, there is a child that has exited.
    let earlier = t.spawn(Scenario::exits(5))?;
    t.await_ended(&earlier)?;
    let (first, second) = (t.spawn(Scenario::held())?, t.spawn(Scenario::held())?);
    let (of_first, of_second) = (t.begin_wait(&first, None)?, t.begin_wait(&second, None)?);
    t.await_read()?;
    t.tell(&second, Step::exit(7))?;
    let answered = t.finish(&of_second)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &second, Change::Exited(7))?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).waits(&of_first)?;
    t.tell(&first, Step::exit(3))?;
    let answered = t.finish(&of_first)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &first, Change::Exited(3))?;
    let answered = t.wait(&earlier)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &earlier, Change::Exited(5))
}

/// How often it is tried: a thread of the agent may take the pid instead.
const TRIES: usize = 8;

fn same_pid(t: &mut Trial) -> Outcome {
    let helper = t.spawn(Scenario::held())?;
    let first = t.spawn(Scenario::exits(3))?;
    let answered = t.wait(&first)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &first, Change::Exited(3))?;
    for _ in 0..TRIES {
        if let Err(errno) = t.try_tell(&helper, Step::LastPid { pid: first.pid as i32 - 1 })? {
            return Err(Abort::Skip(format!("no process can be given a pid here: {errno}")));
        }
        let second = t.spawn(Scenario::held())?;
        let has_it = second.pid == first.pid;
        t.tell(&second, Step::exit(7))?;
        let answered = t.wait(&second)?;
        t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &second, Change::Exited(7))?;
        if has_it {
            // What the earlier handle says when it is asked again, if anything, is of its own child.
            let answered = t.wait(&first)?;
            let held = answered.is_ignorant() || answered.change(&first) == Some(Change::Exited(3));
            return t.expect(&promise::HANDLE_OTHERS_KEPT).that(held, "A exited 3", answered.outcome());
        }
    }
    Err(Abort::Skip("no child was given the pid of an earlier one".to_owned()))
}

fn no_handle(t: &mut Trial) -> Outcome {
    let stranger = t.fork(&Scenario::exits(3))?;
    t.await_ended(&stranger)?;
    let child = t.spawn(Scenario::exits(7))?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_STRANGERS_KEPT).reports(&answered, &child, Change::Exited(7))?;
    is_kept(t, &stranger)
}

fn no_handle_by_poll(t: &mut Trial) -> Outcome {
    let stranger = t.fork(&Scenario::exits(3))?;
    t.await_ended(&stranger)?;
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let answered = t.poll_exited(&child)?;
    t.expect(&promise::HANDLE_STRANGERS_KEPT).reports(&answered, &child, Change::Exited(7))?;
    is_kept(t, &stranger)
}

/// A child without a handle, which exited with 3, can still be reaped.
fn is_kept(t: &mut Trial, stranger: &Child) -> Outcome {
    let reaped = t.steal(stranger)?;
    t.expect(&promise::HANDLE_STRANGERS_KEPT).reports(&reaped, stranger, Change::Exited(3))
}

fn failed_exec(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(3))?;
    t.await_ended(&child)?;
    if t.spawn_program(&["/nonexistent/waitspec"])?.is_ok() {
        let clause = &promise::HANDLE_OTHERS_KEPT;
        return t.expect(clause).not_observed("a program that cannot be executed is not an error");
    }
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &child, Change::Exited(3))
}

fn dropped(t: &mut Trial) -> Outcome {
    let (first, second) = (t.spawn(Scenario::held())?, t.spawn(Scenario::held())?);
    t.drop_handle(&first)?;
    t.tell(&second, Step::exit(3))?;
    t.await_ended(&second)?;
    // What is done about the first one is done by now, or once it has terminated.
    t.await_read()?;
    t.tell(&first, Step::exit(7))?;
    t.await_ended(&first)?;
    t.await_read()?;
    let answered = t.wait(&second)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&answered, &second, Change::Exited(3))
}

fn created_during_wait(t: &mut Trial) -> Outcome {
    let first = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&first, None)?;
    t.await_read()?;
    let second = t.spawn_in_time(&Scenario::held())?;
    let clause = &promise::HANDLE_CONCURRENT;
    let Some(second) = second else {
        return t.expect(clause).that(false, "another child", "none before the wait has returned");
    };
    if t.shows("poll") {
        let answered = t.poll(&second)?;
        t.expect(clause).runs(&answered)?;
    }
    t.tell(&second, Step::exit(3))?;
    let answered = t.wait(&second)?;
    t.expect(clause).reports(&answered, &second, Change::Exited(3))?;
    t.tell(&first, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(clause).reports(&answered, &first, Change::Exited(7))
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
    // The event loop does not run until all are dead.
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
