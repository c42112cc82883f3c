//! A result is never made up: if it is lost, the handle says so.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::{Answered, Trial};
use crate::trial::{Change, Child, Disposition, Outcome, cases};
use crate::wait::Signal;
use std::time::Duration;

cases! { handle "handle-invented";

    /// if other code has reaped the child, the handle reports its exit code, an error, or that the result is unknown
    stolen(STEAL) => [promise::HANDLE_NEVER_INVENTED];

    /// if other code reaps the child during a wait, the handle reports its exit code, an error, or that the result is unknown
    stolen_during_wait(STEAL | THREADS) => [promise::HANDLE_NEVER_INVENTED];

    /// if other code has reaped a child killed by a signal, the handle reports that signal, an error, or an unknown result
    stolen_signal(STEAL) => [promise::HANDLE_NEVER_INVENTED];

    /// the same as reported by a poll
    stolen_by_poll(POLL | STEAL) => [promise::HANDLE_NEVER_INVENTED];

    /// the same as reported by a wait with a timeout
    stolen_by_timeout(TIMEOUT | STEAL) => [promise::HANDLE_NEVER_INVENTED];

    /// if the process ignores SIGCHLD, the handle reports the child's exit code, an error, or that the result is unknown
    sigchld_ignored(SIGACTION) => [promise::HANDLE_NEVER_INVENTED];

    /// if SA_NOCLDWAIT is set, the handle reports the child's exit code, an error, or that the result is unknown
    no_child_wait(SIGACTION) => [promise::HANDLE_NEVER_INVENTED];

    /// if the process was started with SIGCHLD ignored, the handle reports the exit code, an error, or an unknown result
    ignored_at_start() begins SigchldIgnored => [promise::HANDLE_NEVER_INVENTED];
}

/// A timeout within which the loss is noticed.
const LONG: Duration = Duration::from_secs(5);

fn judge(t: &mut Trial, answered: &Answered, child: &Child, change: Change) -> Outcome {
    if answered.is_ignorant() {
        return t.expect(&promise::HANDLE_NEVER_INVENTED).returns(answered);
    }
    t.expect(&promise::HANDLE_NEVER_INVENTED).reports(answered, child, change)
}

fn stolen(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_ended(&child)?;
    t.steal(&child)?;
    let answered = t.wait(&child)?;
    judge(t, &answered, &child, Change::Exited(7))
}

fn stolen_during_wait(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    t.await_read()?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    // Either of the two may be first.
    t.steal(&child)?;
    let answered = t.finish(&pending)?;
    judge(t, &answered, &child, Change::Exited(7))
}

fn stolen_signal(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::dies(Signal::KILL))?;
    t.await_ended(&child)?;
    t.steal(&child)?;
    let answered = t.wait(&child)?;
    judge(t, &answered, &child, Change::Killed(Signal::KILL, false))
}

fn stolen_by_poll(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_ended(&child)?;
    t.steal(&child)?;
    let answered = t.poll_exited(&child)?;
    judge(t, &answered, &child, Change::Exited(7))
}

fn stolen_by_timeout(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_ended(&child)?;
    t.steal(&child)?;
    let answered = t.wait_for(&child, LONG)?;
    judge(t, &answered, &child, Change::Exited(7))
}

fn sigchld_ignored(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Ignore, false)?;
    lost(t)
}

fn no_child_wait(t: &mut Trial) -> Outcome {
    t.sigaction(Signal::CHLD, Disposition::Default, true)?;
    lost(t)
}

fn ignored_at_start(t: &mut Trial) -> Outcome {
    lost(t)
}

/// The child is gone before its handle is asked.
fn lost(t: &mut Trial) -> Outcome {
    // Not before its handle is created, which may need the process.
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let answered = t.wait(&child)?;
    judge(t, &answered, &child, Change::Exited(7))
}
