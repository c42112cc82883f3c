//! A process started with SIGCHLD ignored or blocked, and what its children start with.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::Trial;
use crate::trial::{Abort, Change, Disposition, MaskChange, Outcome, Shown, Shows, cases};
use crate::wait::Signal;
use std::time::Duration;

cases! { handle "handle-start";

    /// in a process started with SIGCHLD blocked, a wait for a live child returns its result
    sigchld_blocked() begins SigchldBlocked => [promise::HANDLE_SIGCHLD_BLOCKED];

    /// in a process that catches SIGCHLD with a handler of its own, a wait for a live child returns its result
    sigchld_caught(SIGACTION | THREADS) => [promise::HANDLE_SIGCHLD_CAUGHT];

    /// the same of a wait with a timeout
    sigchld_blocked_timeout(TIMEOUT) begins SigchldBlocked => [promise::HANDLE_SIGCHLD_BLOCKED];

    /// the same of a wait with a timeout in a process that catches SIGCHLD
    sigchld_caught_timeout(TIMEOUT | SIGACTION | THREADS) => [promise::HANDLE_SIGCHLD_CAUGHT];

    /// whether a child starts with SIGCHLD ignored or blocked if its parent process did not is recorded
    child_of_plain() => [promise::HANDLE_CHILD_INHERITS];

    /// whether a child starts with SIGCHLD ignored or blocked if its parent was started with it ignored is recorded
    child_of_ignoring() begins SigchldIgnored => [promise::HANDLE_CHILD_INHERITS];

    /// whether a child starts with SIGCHLD ignored or blocked if its parent was started with it blocked is recorded
    child_of_blocking() begins SigchldBlocked => [promise::HANDLE_CHILD_INHERITS];

    /// whether a child starts with SIGCHLD ignored or blocked if its parent blocks it later is recorded
    blocked_later(SIGPROCMASK) => [promise::HANDLE_CHILD_INHERITS];

    /// a child does not start with SIGPIPE ignored
    child_sigpipe() => [promise::HANDLE_CHILD_SIGPIPE];
}

/// A timeout longer than any trial.
const LONG: Duration = Duration::from_secs(3600);

fn sigchld_blocked(t: &mut Trial) -> Outcome {
    exits_while_blocked(t, None)
}

fn sigchld_blocked_timeout(t: &mut Trial) -> Outcome {
    exits_while_blocked(t, Some(LONG))
}

fn exits_while_blocked(t: &mut Trial, timeout: Option<Duration>) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, timeout)?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_SIGCHLD_BLOCKED).reports(&answered, &child, Change::Exited(7))
}

fn sigchld_caught(t: &mut Trial) -> Outcome {
    exits_while_caught(t, None)
}

fn sigchld_caught_timeout(t: &mut Trial) -> Outcome {
    exits_while_caught(t, Some(LONG))
}

fn exits_while_caught(t: &mut Trial, timeout: Option<Duration>) -> Outcome {
    // Set once the library has seen a child, and may have a handler of its own.
    let first = t.spawn(Scenario::exits(3))?;
    t.wait(&first)?;
    t.sigaction(Signal::CHLD, Disposition::Count, false)?;
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, timeout)?;
    t.await_read()?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_SIGCHLD_CAUGHT).reports(&answered, &child, Change::Exited(7))
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

fn blocked_later(t: &mut Trial) -> Outcome {
    t.sigprocmask(MaskChange::Block, Signal::CHLD)?;
    begun_with(t, "SIGCHLD at the start of a child, where the process has blocked it")
}

fn begun_with(t: &mut Trial, name: &str) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let began = t.tell_for_reply(&child, &Step::Getids)?.get("sigchld");
    t.expect(&promise::HANDLE_CHILD_INHERITS).records(name, began.unwrap_or_else(|| "default".to_owned()))
}

fn child_sigpipe(t: &mut Trial) -> Outcome {
    // The children of a trial begin with SIGPIPE ignored by their own runtime. A shell cannot reset what was ignored at its start.
    let words = ["/bin/sh", "-c", "kill -s PIPE $$; exit 5"];
    let child = match t.spawn_program(&words)? {
        Ok(child) => child,
        Err(answered) => return Err(Abort::Broken(format!("/bin/sh cannot be run: {}", answered.outcome()))),
    };
    let answered = t.wait(&child)?;
    let clause = &promise::HANDLE_CHILD_SIGPIPE;
    t.expect(clause).returns(&answered)?;
    let survived = answered.change_for(&child, Change::Exited(5)) == Shows::Yes(Change::Exited(5));
    t.expect(clause).that(!survived, "SIGPIPE to kill the child", "the child survives it")
}
