//! Polls: nothing before the exit, the result after it.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::Trial;
use crate::trial::{Change, Outcome, Shown, cases};
use crate::wait::Signal;

cases! { handle "handle-poll";

    /// a poll reports nothing while the child is alive, and its result as soon as it has terminated
    before_and_after_exit(POLL) => [promise::HANDLE_POLL_RUNNING, promise::HANDLE_POLL_AT_ONCE];

    /// a poll reports a death by signal as soon as the child is dead
    after_signal(POLL) => [promise::HANDLE_POLL_AT_ONCE];

    /// a poll during a wait returns at once, and reports nothing while the child is alive
    during_wait(POLL | THREADS) => [promise::HANDLE_POLL_RUNNING, promise::HANDLE_POLL_AT_ONCE];

    /// a poll reports nothing while a child is alive that has closed its standard output
    output_closed(POLL | PIPES) => [promise::HANDLE_POLL_RUNNING];

    /// a child that stops and continues is reported as running
    stop_is_no_exit(POLL) => [promise::HANDLE_STOP_IS_NO_EXIT];
}

fn before_and_after_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    for _ in 0..2 {
        let answered = t.poll(&child)?;
        t.expect(&promise::HANDLE_POLL_RUNNING).runs(&answered)?;
    }
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let answered = t.poll_exited(&child)?;
    t.expect(&promise::HANDLE_POLL_AT_ONCE).reports(&answered, &child, Change::Exited(7))
}

fn after_signal(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::KILL)?;
    t.await_ended(&child)?;
    let answered = t.poll_exited(&child)?;
    t.expect(&promise::HANDLE_POLL_AT_ONCE).reports(&answered, &child, Change::Killed(Signal::KILL, false))
}

fn during_wait(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    t.await_read()?;
    for _ in 0..3 {
        let answered = t.poll(&child)?;
        t.expect(&promise::HANDLE_POLL_RUNNING).runs(&answered)?;
    }
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_POLL_AT_ONCE).reports(&answered, &child, Change::Exited(7))?;
    let answered = t.poll_exited(&child)?;
    t.expect(&promise::HANDLE_POLL_AT_ONCE).reports(&answered, &child, Change::Exited(7))
}

fn output_closed(t: &mut Trial) -> Outcome {
    let child = t.spawn_without_output(&Scenario::held())?;
    for _ in 0..3 {
        let answered = t.poll(&child)?;
        t.expect(&promise::HANDLE_POLL_RUNNING).runs(&answered)?;
        // A runtime that polls in a loop has read the end of the output by now.
        t.await_read()?;
    }
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let answered = t.poll_exited(&child)?;
    t.expect(&promise::HANDLE_POLL_RUNNING).reports(&answered, &child, Change::Exited(7))
}

fn stop_is_no_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    let answered = t.poll(&child)?;
    let outcome = answered.outcome();
    t.expect(&promise::HANDLE_STOP_IS_NO_EXIT).returns(&answered)?;
    t.expect(&promise::HANDLE_STOP_IS_NO_EXIT).that(answered.is_running(), "running", outcome)?;
    t.signal(&child, Signal::CONT)?;
    t.await_running(&child)?;
    let answered = t.poll(&child)?;
    t.expect(&promise::HANDLE_STOP_IS_NO_EXIT).runs(&answered)?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_STOP_IS_NO_EXIT).reports(&answered, &child, Change::Exited(7))
}
