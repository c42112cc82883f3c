//! Children that have terminated and have not been reaped.

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{Calls, Change, Errno, Options, Outcome, ProcessState, Target, Trial};
use crate::wait::Signal;

cases! { "zombie";

    /// a zombie stays until it is reaped, whatever else is waited for, and is then gone
    until_reaped(ANY | PID; NONE; adapting) => [posix::ZOMBIE_UNTIL_REAPED, posix::ZOMBIE_ESRCH_AFTER_REAP];

    /// kill on a zombie succeeds, with signal 0 and with any other
    kill_succeeds(ANY) in Calls::ENTRIES => [posix::ZOMBIE_KILL_SUCCEEDS];

    /// signals to a zombie neither change its status nor create an event
    signals_change_nothing(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::WITH_OPTIONS.few()
        => [posix::ZOMBIE_SIGNALS_CHANGE_NOTHING];
}

/// Signals sent to a zombie: each of a kind that would affect a live process.
const SENT: [Signal; 5] = [Signal::TERM, Signal::STOP, Signal::CONT, Signal::KILL, Signal::CONT];

fn until_reaped(t: &mut Trial) -> Outcome {
    let zombie = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&zombie)?;
    // Only a call that takes a pid can skip the zombie for the younger child.
    if Calls::WITH_TARGET.has(t.call()) {
        for code in [11, 12] {
            let other = t.spawn(Scenario::exits(code))?;
            let seen = t.wait(Target::Child(&other), Options::NONE)?;
            // That the younger child is gone is checked by another clause.
            t.expect(&posix::ZOMBIE_UNTIL_REAPED).reports(&seen, &other, Change::Exited(code))?;
        }
    }
    let state = t.state(&zombie)?;
    let shown = Some(&state).filter(|state| **state != ProcessState::Unknown);
    t.expect(&posix::ZOMBIE_UNTIL_REAPED).equal_if_seen("child state", shown, &ProcessState::Zombie)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::ZOMBIE_UNTIL_REAPED).reports(&seen, &zombie, Change::Exited(7))?;
    let errno = t.try_signal(&zombie, Signal::NONE)?.unwrap_or(Errno::NONE);
    t.expect(&posix::ZOMBIE_ESRCH_AFTER_REAP).equal("kill", &errno, &Errno::SRCH)
}

fn kill_succeeds(t: &mut Trial) -> Outcome {
    let zombie = t.spawn(Scenario::of([Step::exit(7)]))?;
    t.await_zombie(&zombie)?;
    for signal in [Signal::NONE].into_iter().chain(SENT) {
        let errno = t.try_signal(&zombie, signal)?.unwrap_or(Errno::NONE);
        t.expect(&posix::ZOMBIE_KILL_SUCCEEDS).equal("kill", &errno, &Errno::NONE)?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::ZOMBIE_KILL_SUCCEEDS).reaped(&seen, &zombie, Change::Exited(7))
}

fn signals_change_nothing(t: &mut Trial) -> Outcome {
    const EVERY: Options = Options::UNTRACED.with(Options::CONTINUED);
    for (scenario, change) in [
        (Scenario::exits(7), Change::Exited(7)),
        (Scenario::dies(Signal::HUP), Change::Killed(Signal::HUP, false)),
    ] {
        let zombie = t.spawn(scenario)?;
        t.await_zombie(&zombie)?;
        for signal in SENT {
            t.signal(&zombie, signal)?;
        }
        let seen = t.wait(Target::Any, EVERY)?;
        t.expect(&posix::ZOMBIE_SIGNALS_CHANGE_NOTHING).reaped(&seen, &zombie, change)?;
        let seen = t.wait(Target::Any, EVERY.with(Options::NOHANG))?;
        t.expect(&posix::ZOMBIE_SIGNALS_CHANGE_NOTHING).error(&seen, Errno::CHILD)?;
    }
    Ok(())
}
