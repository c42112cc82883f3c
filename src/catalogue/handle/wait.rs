//! Waits with a timeout.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::Trial;
use crate::trial::{Change, Outcome, Shown, cases};
use std::time::Duration;

cases! { handle "handle-wait";

    /// a wait that times out leaves the child alive, and a later wait reports its exit
    timeout(TIMEOUT) => [promise::HANDLE_TIMEOUT_KEEPS];
}

/// A time that no live child ends by itself.
const SHORT: Duration = Duration::from_millis(20);

fn timeout(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let told = t.wait_for(&child, SHORT)?;
    let got = told.outcome();
    t.expect(&promise::HANDLE_TIMEOUT_KEEPS).returns(&told)?;
    t.expect(&promise::HANDLE_TIMEOUT_KEEPS).that(told.is_running(), "running", got)?;
    t.tell(&child, Step::exit(7))?;
    let told = t.wait(&child)?;
    t.expect(&promise::HANDLE_TIMEOUT_KEEPS).reports(&told, &child, Change::Exited(7))
}
