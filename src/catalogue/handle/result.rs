//! What a handle reports, and that it is true.

use crate::scenario::Scenario;
use crate::spec::promise;
use crate::trial::handle::Trial;
use crate::trial::{Change, Outcome, cases};
use crate::wait::Signal;

cases! { handle "handle-result";

    /// exit codes with zero, one, seven or eight bits set are reported unchanged
    exit_codes() => [promise::HANDLE_EXIT_CODE];

    /// death by a signal is reported as that signal, and as no exit code
    signals() => [promise::HANDLE_SIGNAL];

    /// the result is the same however often the handle is asked
    asked_again() => [promise::HANDLE_STABLE];

    /// after a wait the child is no zombie
    no_zombie() => [promise::HANDLE_NO_ZOMBIE];

    /// a wait for one child takes nothing from the handle of another that exited first
    other_children() => [promise::HANDLE_OTHERS_KEPT];

    /// where somebody else has reaped the child, the handle reports its exit code, an error, or that it does not know
    stolen(STEAL) => [promise::HANDLE_NEVER_INVENTED];
}

fn exit_codes(t: &mut Trial) -> Outcome {
    for code in (0..=255_i32).filter(|code| matches!(code.count_ones(), 0 | 1 | 7 | 8)) {
        let child = t.spawn(Scenario::exits(code))?;
        let told = t.wait(&child)?;
        t.expect(&promise::HANDLE_EXIT_CODE).reports(&told, &child, Change::Exited(code))?;
    }
    Ok(())
}

fn signals(t: &mut Trial) -> Outcome {
    for signal in [Signal::HUP, Signal::INT, Signal::KILL, Signal::TERM] {
        let child = t.spawn(Scenario::dies(signal))?;
        let told = t.wait(&child)?;
        t.expect(&promise::HANDLE_SIGNAL).reports(&told, &child, Change::Killed(signal, false))?;
    }
    Ok(())
}

fn asked_again(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    for _ in 0..2 {
        let told = t.wait(&child)?;
        t.expect(&promise::HANDLE_STABLE).reports(&told, &child, Change::Exited(7))?;
        let told = t.poll(&child)?;
        t.expect(&promise::HANDLE_STABLE).reports(&told, &child, Change::Exited(7))?;
    }
    Ok(())
}

fn no_zombie(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    let told = t.wait(&child)?;
    t.expect(&promise::HANDLE_NO_ZOMBIE).reaped(&told, &child, Change::Exited(7))
}

fn other_children(t: &mut Trial) -> Outcome {
    let first = t.spawn(Scenario::exits(3))?;
    // Whoever reaps eagerly has reaped it by now, for its own handle.
    t.await_ended(&first)?;
    let second = t.spawn(Scenario::exits(7))?;
    let told = t.wait(&second)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&told, &second, Change::Exited(7))?;
    let told = t.wait(&first)?;
    t.expect(&promise::HANDLE_OTHERS_KEPT).reports(&told, &first, Change::Exited(3))
}

fn stolen(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::exits(7))?;
    t.await_ended(&child)?;
    t.steal(&child)?;
    let told = t.wait(&child)?;
    if told.is_ignorant() {
        return t.expect(&promise::HANDLE_NEVER_INVENTED).returns(&told);
    }
    t.expect(&promise::HANDLE_NEVER_INVENTED).reports(&told, &child, Change::Exited(7))
}
