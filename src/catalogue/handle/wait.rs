//! Waits: until the exit and no longer, whatever comes meanwhile.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::Trial;
use crate::trial::{Change, Disposition, Outcome, cases};
use crate::wait::Signal;
use std::time::Duration;

cases! { handle "handle-wait";

    /// a wait goes on while the child lives, and returns once it has terminated
    until_exit(THREADS) => [promise::HANDLE_WAIT_BLOCKS, promise::HANDLE_WAIT_RETURNS];

    /// a wait that is begun after the exit returns at once
    after_exit() => [promise::HANDLE_WAIT_RETURNS];

    /// a wait goes on while the child is stopped and continued
    stopped_meanwhile(THREADS) => [promise::HANDLE_STOP_IS_NO_EXIT];

    /// a wait that times out leaves the child alive, and a later wait reports its exit
    timeout(TIMEOUT) => [promise::HANDLE_TIMEOUT_KEEPS];

    /// a wait with a timeout of 0 returns at once, before the exit and after it
    timeout_of_zero(TIMEOUT) => [promise::HANDLE_TIMEOUT_KEEPS];

    /// a wait with a long timeout returns at the exit
    ended_before_timeout(TIMEOUT) => [promise::HANDLE_WAIT_RETURNS];

    /// two concurrent waits of a handle report the same result
    two_waiters(THREADS) => [promise::HANDLE_TWO_WAITERS];

    /// signals that the process catches neither end a wait nor change its result
    signals_caught(THREADS | SIGACTION) => [promise::HANDLE_SIGNAL_DURING_WAIT];

    /// a SIGCHLD from elsewhere, while the child lives, is no exit
    spurious_sigchld(THREADS) => [promise::HANDLE_SPURIOUS_SIGCHLD];
}

/// How often is looked whether a wait has returned too early.
const LOOKS: usize = 3;

fn until_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    for _ in 0..LOOKS {
        t.await_read()?;
        t.expect(&promise::HANDLE_WAIT_BLOCKS).waits(&pending)?;
    }
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_WAIT_RETURNS).reports(&answered, &child, Change::Exited(7))
}

fn after_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_ended(&child)?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_WAIT_RETURNS).reports(&answered, &child, Change::Exited(7))
}

fn stopped_meanwhile(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    t.await_read()?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    for _ in 0..LOOKS {
        t.await_read()?;
        t.expect(&promise::HANDLE_STOP_IS_NO_EXIT).waits(&pending)?;
    }
    t.signal(&child, Signal::CONT)?;
    t.await_running(&child)?;
    t.await_read()?;
    t.expect(&promise::HANDLE_STOP_IS_NO_EXIT).waits(&pending)?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_STOP_IS_NO_EXIT).reports(&answered, &child, Change::Exited(7))
}

/// A time that no live child ends by itself.
const SHORT: Duration = Duration::from_millis(20);

/// A time that no trial lasts.
const LONG: Duration = Duration::from_secs(3600);

fn timeout(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let answered = t.wait_for(&child, SHORT)?;
    t.expect(&promise::HANDLE_TIMEOUT_KEEPS).runs(&answered)?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_TIMEOUT_KEEPS).reports(&answered, &child, Change::Exited(7))
}

fn timeout_of_zero(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    for _ in 0..2 {
        let answered = t.wait_for(&child, Duration::ZERO)?;
        t.expect(&promise::HANDLE_TIMEOUT_KEEPS).runs(&answered)?;
    }
    t.tell(&child, Step::exit(7))?;
    let answered = t.wait_for(&child, LONG)?;
    t.expect(&promise::HANDLE_TIMEOUT_KEEPS).reports(&answered, &child, Change::Exited(7))?;
    let answered = t.wait_for(&child, Duration::ZERO)?;
    t.expect(&promise::HANDLE_TIMEOUT_KEEPS).reports(&answered, &child, Change::Exited(7))
}

fn ended_before_timeout(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, Some(LONG))?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_WAIT_RETURNS).reports(&answered, &child, Change::Exited(7))
}

fn two_waiters(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let (first, second) = (t.begin_wait(&child, None)?, t.begin_wait(&child, None)?);
    t.await_read()?;
    t.tell(&child, Step::exit(7))?;
    for pending in [first, second] {
        let answered = t.finish(&pending)?;
        t.expect(&promise::HANDLE_TWO_WAITERS).reports(&answered, &child, Change::Exited(7))?;
    }
    Ok(())
}

/// How many signals are sent: one may come before the agent sleeps.
const SIGNALS: usize = 20;

fn signals_caught(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::USR1, Disposition::Count, false)?;
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    for _ in 0..SIGNALS {
        t.await_read()?;
        t.signal_agent(Signal::USR1)?;
        t.await_read()?;
        t.expect(&promise::HANDLE_SIGNAL_DURING_WAIT).waits(&pending)?;
    }
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_SIGNAL_DURING_WAIT).reports(&answered, &child, Change::Exited(7))
}

fn spurious_sigchld(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    for _ in 0..SIGNALS {
        t.await_read()?;
        t.signal_agent(Signal::CHLD)?;
        t.await_read()?;
        t.expect(&promise::HANDLE_SPURIOUS_SIGCHLD).waits(&pending)?;
    }
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_SPURIOUS_SIGCHLD).reports(&answered, &child, Change::Exited(7))
}
