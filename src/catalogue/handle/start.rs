//! A process that was started with SIGCHLD ignored or blocked, and what its children start with.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::Trial;
use crate::trial::{Change, Outcome, cases};

cases! { handle "handle-start";

    /// in a process started with SIGCHLD blocked, a wait for a live child returns its result
    sigchld_blocked() begins SigchldBlocked => [promise::HANDLE_SIGCHLD_BLOCKED];

    /// whether a child begins with SIGCHLD ignored or blocked, of a process that does not
    child_of_plain() => [promise::HANDLE_CHILD_INHERITS];

    /// the same of a process that was started with SIGCHLD ignored
    child_of_ignoring() begins SigchldIgnored => [promise::HANDLE_CHILD_INHERITS];

    /// the same of a process that was started with SIGCHLD blocked
    child_of_blocking() begins SigchldBlocked => [promise::HANDLE_CHILD_INHERITS];
}

fn sigchld_blocked(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_SIGCHLD_BLOCKED).reports(&answered, &child, Change::Exited(7))
}

fn child_of_plain(t: &mut Trial) -> Outcome {
    begun_with(t, "SIGCHLD at the start of a child")
}

fn child_of_ignoring(t: &mut Trial) -> Outcome {
    begun_with(t, "SIGCHLD at the start of a child, where the process was started with it ignored")
}

fn child_of_blocking(t: &mut Trial) -> Outcome {
    begun_with(t, "SIGCHLD at the start of a child, where the process was started with it blocked")
}

fn begun_with(t: &mut Trial, name: &str) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let began = t.tell_for_reply(&child, &Step::Getids)?.get("sigchld");
    t.expect(&promise::HANDLE_CHILD_INHERITS).records(name, began.unwrap_or_else(|| "default".to_owned()))
}
