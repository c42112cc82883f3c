//! A result is never invented: where nobody can know it, the handle says so.

use crate::scenario::{Scenario, Step};
use crate::spec::promise;
use crate::trial::handle::{Answered, Trial};
use crate::trial::{Change, Child, Disposition, Outcome, cases};
use crate::wait::Signal;

cases! { handle "handle-invented";

    /// where somebody else has reaped the child, the handle reports its exit code, an error, or that it does not know
    stolen(STEAL) => [promise::HANDLE_NEVER_INVENTED];

    /// the same where somebody else reaps it during a wait
    stolen_during_wait(STEAL | THREADS) => [promise::HANDLE_NEVER_INVENTED];

    /// the same of a death by a signal
    stolen_signal(STEAL) => [promise::HANDLE_NEVER_INVENTED];

    /// the same where the process ignores SIGCHLD, so that no status is kept
    sigchld_ignored(SIGACTION) => [promise::HANDLE_NEVER_INVENTED];

    /// the same where it has SA_NOCLDWAIT set
    no_child_wait(SIGACTION) => [promise::HANDLE_NEVER_INVENTED];

    /// the same where it was started with SIGCHLD ignored
    ignored_at_start() begins SigchldIgnored => [promise::HANDLE_NEVER_INVENTED];
}

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
    // Either of the two may come first.
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
    // Not before its handle is made, which may need the process.
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let answered = t.wait(&child)?;
    judge(t, &answered, &child, Change::Exited(7))
}
