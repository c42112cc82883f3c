//! Signals sent through a handle: to the child while it is alive, and to no process afterwards.

use super::child::exits;
use crate::scenario::{Offspring, Scenario, Step, Then};
use crate::spec::{Clause, promise};
use crate::trial::handle::Trial;
use crate::trial::{Change, Child, Outcome, ProcessState, cases};
use crate::wait::Signal;

cases! { handle "handle-kill";

    /// a signal is delivered to the live child
    delivers(KILL) => [promise::HANDLE_KILL_DELIVERS];

    /// a signal is delivered at once even during a wait for the child
    during_wait(KILL | THREADS) => [promise::HANDLE_KILL_DELIVERS];

    /// a stop and a continue are delivered
    stops_and_continues(KILL) => [promise::HANDLE_KILL_DELIVERS];

    /// a second signal is delivered to a child that has survived the first
    again(KILL) => [promise::HANDLE_KILL_DELIVERS];

    /// a signal is delivered to the child once
    once(KILL) => [promise::HANDLE_KILL_DELIVERS];

    /// a signal is delivered to a child that keeps the signal mask and dispositions that it starts with
    unshielded(KILL) => [promise::HANDLE_KILL_DELIVERS];

    /// a poll of a child that survives a signal reports nothing
    is_no_exit(KILL | POLL) => [promise::HANDLE_POLL_RUNNING];

    /// a signal to a child leaves alone what the child has made
    spares_descendants(KILL) => [promise::HANDLE_KILL_DELIVERS, promise::HANDLE_KILL_SPARES];

    /// a child that survives a signal and exits is reported with its exit code
    survived(KILL) => [promise::HANDLE_EXIT_CODE];

    /// a signal to a child that has terminated, but was not waited for, does not change its result
    before_wait(KILL) => [promise::HANDLE_EXIT_CODE];

    /// once the result has been reported, a signal reaches no process, even if the pid has been reused
    after_exit(KILL) begins OwnPids => [promise::HANDLE_KILL_AFTER_EXIT];

    /// once a poll has reported the result, a signal reaches no process, even if the pid has been reused
    after_poll(KILL | POLL) begins OwnPids => [promise::HANDLE_KILL_AFTER_EXIT];

    /// if other code has reaped the child, a signal reaches no process, even if the pid has been reused
    after_loss(KILL | STEAL) begins OwnPids => [promise::HANDLE_KILL_AFTER_LOSS];
}

fn delivers(t: &mut Trial) -> Outcome {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::USR1] {
        let child = t.spawn(Scenario::held())?;
        let answered = t.kill(&child, signal)?;
        t.expect(&promise::HANDLE_KILL_DELIVERS).returns(&answered)?;
        let answered = t.wait(&child)?;
        t.expect(&promise::HANDLE_KILL_DELIVERS).reports(&answered, &child, Change::Killed(signal, false))?;
    }
    Ok(())
}

fn during_wait(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let pending = t.begin_wait(&child, None)?;
    t.await_read()?;
    let answered = t.kill(&child, Signal::TERM)?;
    t.expect(&promise::HANDLE_KILL_DELIVERS).returns(&answered)?;
    let answered = t.finish(&pending)?;
    t.expect(&promise::HANDLE_KILL_DELIVERS).reports(&answered, &child, Change::Killed(Signal::TERM, false))
}

fn stops_and_continues(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let clause = &promise::HANDLE_KILL_DELIVERS;
    for (signal, state) in [(Signal::STOP, ProcessState::Stopped), (Signal::CONT, ProcessState::Asleep)] {
        let answered = t.kill(&child, signal)?;
        t.expect(clause).returns(&answered)?;
        if answered.is_ignorant() {
            return t.expect(clause).not_observed("it refuses to send SIGSTOP and SIGCONT");
        }
        let reached = t.becomes(&child, state)?;
        let seen = t.state(&child)?;
        t.expect(clause).that(reached, format!("A {state} after {signal}"), seen.to_string())?;
    }
    t.tell(&child, Step::exit(7))?;
    let answered = t.wait(&child)?;
    t.expect(clause).reports(&answered, &child, Change::Exited(7))
}

fn again(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Ignore(Signal::TERM))?;
    for signal in [Signal::TERM, Signal::KILL] {
        let answered = t.kill(&child, signal)?;
        t.expect(&promise::HANDLE_KILL_DELIVERS).returns(&answered)?;
    }
    let answered = t.wait(&child)?;
    let killed = Change::Killed(Signal::KILL, false);
    t.expect(&promise::HANDLE_KILL_DELIVERS).reports(&answered, &child, killed)
}

/// How often a signal is sent: of two of its kind one may be lost, if the child is slow.
const ROUNDS: i64 = 20;

fn once(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Catch { signal: Signal::USR1, then: Then::Return })?;
    let mut caught = 0;
    for _ in 0..ROUNDS {
        let answered = t.kill(&child, Signal::USR1)?;
        t.expect(&promise::HANDLE_KILL_DELIVERS).returns(&answered)?;
        caught += t.catches(&child)?;
    }
    let got = format!("{caught} for {ROUNDS}");
    t.expect(&promise::HANDLE_KILL_DELIVERS).that(caught == ROUNDS, "each signal delivered once", got)?;
    exits(t, &child)
}

fn unshielded(t: &mut Trial) -> Outcome {
    // The second one would inherit what creating the first has changed, and the third what a failure has.
    for round in 0..3 {
        if round == 2 && t.spawn_program(&["/nonexistent/waitspec"])?.is_ok() {
            break;
        }
        let child = t.spawn_unshielded(&Scenario::held())?;
        let answered = t.kill(&child, Signal::TERM)?;
        t.expect(&promise::HANDLE_KILL_DELIVERS).returns(&answered)?;
        let answered = t.wait(&child)?;
        let killed = Change::Killed(Signal::TERM, false);
        t.expect(&promise::HANDLE_KILL_DELIVERS).reports(&answered, &child, killed)?;
    }
    Ok(())
}

fn is_no_exit(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Ignore(Signal::TERM))?;
    let answered = t.kill(&child, Signal::TERM)?;
    t.expect(&promise::HANDLE_POLL_RUNNING).returns(&answered)?;
    for _ in 0..2 {
        let answered = t.poll(&child)?;
        t.expect(&promise::HANDLE_POLL_RUNNING).runs(&answered)?;
    }
    t.tell(&child, Step::exit(7))?;
    t.wait(&child).map(drop)
}

fn spares_descendants(t: &mut Trial) -> Outcome {
    // In the group of the agent, and then in one that the child leads.
    for leads in [false, true] {
        let child = t.spawn(Scenario::held())?;
        if leads {
            t.tell(&child, Step::Setpgid { pgid: 0 })?;
        }
        let of = |token| Step::Fork(Offspring { token: Some(token), orphan: true, steps: Vec::new() });
        let descendant = t.spawn_from(&child, of)?;
        let answered = t.kill(&child, Signal::KILL)?;
        t.expect(&promise::HANDLE_KILL_DELIVERS).returns(&answered)?;
        let answered = t.wait(&child)?;
        let killed = Change::Killed(Signal::KILL, false);
        t.expect(&promise::HANDLE_KILL_DELIVERS).reports(&answered, &child, killed)?;
        // One that was sent a signal would not answer.
        let lives = matches!(t.try_tell(&descendant, Step::Getids), Ok(Ok(_)));
        let expected = "a child of the child that lives on";
        t.expect(&promise::HANDLE_KILL_SPARES).that(lives, expected, "it is gone")?;
    }
    Ok(())
}

fn survived(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Ignore(Signal::TERM))?;
    let answered = t.kill(&child, Signal::TERM)?;
    t.expect(&promise::HANDLE_EXIT_CODE).returns(&answered)?;
    t.tell(&child, Step::exit(7))?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_EXIT_CODE).reports(&answered, &child, Change::Exited(7))
}

fn before_wait(t: &mut Trial) -> Outcome {
    let child = exited(t)?;
    // The handle may send or refuse it.
    let answered = t.kill(&child, Signal::TERM)?;
    t.expect(&promise::HANDLE_EXIT_CODE).returns(&answered)?;
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_EXIT_CODE).reports(&answered, &child, Change::Exited(7))
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

/// Reuses the pid of the child, then sends a signal through its handle.
fn reaches_nobody(t: &mut Trial, child: &Child, clause: &'static Clause) -> Outcome {
    t.make_decoy(child)?;
    let answered = t.kill(child, Signal::TERM)?;
    t.expect(clause).returns(&answered)?;
    let pending = t.pending_for_decoy()?;
    let reached = format!("{} delivered to the process that now has the pid", pending.join(", "));
    t.expect(clause).that(pending.is_empty(), "no signal to any process", reached)
}
