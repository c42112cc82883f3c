//! Results by every way to ask for them: a poll and a wait with a timeout report what a wait reports.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::{Answered, Trial};
use crate::trial::{Abort, Change, Child, Outcome, cases};
use crate::wait::Signal;
use std::time::Duration;

cases! { handle "handle-ways";

    /// a poll reports exit codes and signals unchanged
    by_poll(POLL) => [promise::HANDLE_EXIT_CODE, promise::HANDLE_SIGNAL];

    /// a wait with a timeout reports exit codes and signals unchanged, and leaves no zombie
    by_timeout(TIMEOUT) => [promise::HANDLE_EXIT_CODE, promise::HANDLE_SIGNAL, promise::HANDLE_NO_ZOMBIE];

    /// a result that a wait with a timeout has reported is the same for a later wait and a poll
    asked_otherwise(TIMEOUT) => [promise::HANDLE_STABLE];
}

/// Exit codes that are negative, a signal or an error if they are read in the wrong way.
const CODES: [i32; 7] = [0, 1, 126, 127, 128, 143, 255];
const SIGNALS: [Signal; 3] = [Signal::HUP, Signal::KILL, Signal::TERM];

/// A timeout longer than any trial.
const LONG: Duration = Duration::from_secs(3600);

/// Asks a child for the result of each exit code and each signal in that way.
fn each(
    t: &mut Trial,
    ask: fn(&mut Trial, &Child) -> Result<Answered, Abort>,
    judge: fn(&mut Trial, &Answered, &Child, Change) -> Outcome,
) -> Outcome {
    for code in CODES {
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, Step::exit(code))?;
        t.await_ended(&child)?;
        let answered = ask(t, &child)?;
        judge(t, &answered, &child, Change::Exited(code))?;
    }
    for signal in SIGNALS {
        let child = t.spawn(Scenario::held())?;
        t.signal(&child, signal)?;
        t.await_ended(&child)?;
        let answered = ask(t, &child)?;
        judge(t, &answered, &child, Change::Killed(signal, false))?;
    }
    Ok(())
}

fn by_poll(t: &mut Trial) -> Outcome {
    each(
        t,
        |t, child| t.poll_exited(child),
        |t, answered, child, change| match change {
            Change::Killed(..) => t.expect(&promise::HANDLE_SIGNAL).reports(answered, child, change),
            _ => t.expect(&promise::HANDLE_EXIT_CODE).reports(answered, child, change),
        },
    )
}

fn by_timeout(t: &mut Trial) -> Outcome {
    let ask = |t: &mut Trial, child: &Child| t.wait_for(child, LONG);
    each(t, ask, |t, answered, child, change| {
        match change {
            Change::Killed(..) => t.expect(&promise::HANDLE_SIGNAL).reports(answered, child, change)?,
            _ => t.expect(&promise::HANDLE_EXIT_CODE).reports(answered, child, change)?,
        }
        t.expect(&promise::HANDLE_NO_ZOMBIE).reaped(answered, child, change)
    })
}

fn asked_otherwise(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::exit(7))?;
    for _ in 0..2 {
        let answered = t.wait_for(&child, LONG)?;
        t.expect(&promise::HANDLE_STABLE).reports(&answered, &child, Change::Exited(7))?;
        let answered = t.wait(&child)?;
        t.expect(&promise::HANDLE_STABLE).reports(&answered, &child, Change::Exited(7))?;
        if t.shows("poll") {
            let answered = t.poll(&child)?;
            t.expect(&promise::HANDLE_STABLE).reports(&answered, &child, Change::Exited(7))?;
        }
    }
    Ok(())
}
