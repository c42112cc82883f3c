//! Signals that are sent by a handle: to the child while it lives, afterwards to nobody.

use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, promise};
use crate::trial::handle::Trial;
use crate::trial::{Change, Child, Outcome, cases};
use crate::wait::Signal;

cases! { handle "handle-kill";

    /// a signal arrives at the live child
    delivers(KILL) => [promise::HANDLE_KILL_DELIVERS];

    /// once the result was reported, a signal reaches nobody, although another process has the pid
    after_exit(KILL) begins OwnPids => [promise::HANDLE_KILL_AFTER_EXIT];

    /// the same, where a poll has reported it
    after_poll(KILL | POLL) begins OwnPids => [promise::HANDLE_KILL_AFTER_EXIT];

    /// where somebody else has reaped the child, a signal reaches nobody, although another process has the pid
    after_loss(KILL | STEAL) begins OwnPids => [promise::HANDLE_KILL_AFTER_LOSS];
}

fn delivers(t: &mut Trial) -> Outcome {
    for signal in [Signal::TERM, Signal::HUP] {
        let child = t.spawn(Scenario::held())?;
        let answered = t.kill(&child, signal)?;
        t.expect(&promise::HANDLE_KILL_DELIVERS).returns(&answered)?;
        let answered = t.wait(&child)?;
        t.expect(&promise::HANDLE_KILL_DELIVERS).reports(&answered, &child, Change::Killed(signal, false))?;
    }
    Ok(())
}

fn after_exit(t: &mut Trial) -> Outcome {
    let child = exited(t)?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_KILL_AFTER_EXIT).reports(&answered, &child, Change::Exited(7))?;
    reaches_nobody(t, &child, &promise::HANDLE_KILL_AFTER_EXIT)
}

fn after_poll(t: &mut Trial) -> Outcome {
    let child = exited(t)?;
    let answered = t.poll_exited(&child)?;
    t.expect(&promise::HANDLE_KILL_AFTER_EXIT).reports(&answered, &child, Change::Exited(7))?;
    reaches_nobody(t, &child, &promise::HANDLE_KILL_AFTER_EXIT)
}

fn after_loss(t: &mut Trial) -> Outcome {
    let child = exited(t)?;
    t.steal(&child)?;
    reaches_nobody(t, &child, &promise::HANDLE_KILL_AFTER_LOSS)
}

fn exited(t: &mut Trial) -> Result<Child, crate::trial::Abort> {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    Ok(child)
}

/// The pid of the child is used again, and then a signal is sent by its handle.
fn reaches_nobody(t: &mut Trial, child: &Child, clause: &'static Clause) -> Outcome {
    t.make_decoy(child)?;
    let answered = t.kill(child, Signal::TERM)?;
    t.expect(clause).returns(&answered)?;
    let pending = t.pending_for_decoy()?;
    let reached = format!("{} at the process that has the pid now", pending.join(", "));
    t.expect(clause).that(pending.is_empty(), "no signal to anybody", reached)
}
