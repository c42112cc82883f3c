//! Children that terminated and were not taken yet.

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::{Calls, Case, Change, Needs, Options, Outcome, Target, Trial, here};
use crate::wait::Signal;

pub const CASES: &[Case] = &[
    Case {
        id: "zombie.until-reaped",
        title: "a zombie stays, whatever else is waited for, until it is taken, and is gone then",
        clauses: &[&posix::ZOMBIE_UNTIL_REAPED, &posix::ZOMBIE_ESRCH_AFTER_REAP],
        calls: Calls::ALL,
        needs: Needs::NOTHING,
        at: here(),
        run: until_taken,
    },
    Case {
        id: "zombie.kill-succeeds",
        title: "kill finds a zombie, with signal 0 and with any other",
        clauses: &[&posix::ZOMBIE_KILL_SUCCEEDS],
        calls: Calls::ENTRIES,
        needs: Needs::NOTHING,
        at: here(),
        run: kill_succeeds,
    },
    Case {
        id: "zombie.signals-change-nothing",
        title: "signals to a zombie change neither its status nor make an event",
        clauses: &[&posix::ZOMBIE_SIGNALS_CHANGE_NOTHING],
        calls: Calls::WITH_OPTIONS.few(),
        needs: Needs::NOTHING,
        at: here(),
        run: signals_change_nothing,
    },
];

/// What a zombie is sent: every kind of thing that would do something to a live process.
const SENT: [Signal; 5] = [Signal::TERM, Signal::STOP, Signal::CONT, Signal::KILL, Signal::CONT];

fn until_taken(t: &mut Trial) -> Outcome {
    let zombie = t.spawn(Scenario::exits(7))?;
    t.await_zombie(&zombie)?;
    // The waits for the younger child look past it only where a pid can be given.
    if Calls::WITH_TARGET.has(t.call()) {
        for code in [11, 12] {
            let other = t.spawn(Scenario::exits(code))?;
            let seen = t.wait(Target::Child(&other), Options::NONE)?;
            // That it goes is another clause's matter, below.
            t.expect(&posix::ZOMBIE_UNTIL_REAPED).reports(&seen, &other, Change::Exited(code))?;
        }
    }
    let state = t.state(&zombie)?;
    let shown = Some(&state).filter(|state| *state != "unknown");
    t.expect(&posix::ZOMBIE_UNTIL_REAPED).equal_if_seen("the child is", shown, &"zombie".to_owned())?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::ZOMBIE_UNTIL_REAPED).reports(&seen, &zombie, Change::Exited(7))?;
    let errno = t.try_signal(&zombie, Signal(0))?.unwrap_or("no error".into());
    t.expect(&posix::ZOMBIE_ESRCH_AFTER_REAP).equal("kill", &errno.as_str(), &"ESRCH")
}

fn kill_succeeds(t: &mut Trial) -> Outcome {
    let zombie = t.spawn(Scenario::of([Step::exit(7)]))?;
    t.await_zombie(&zombie)?;
    for signal in [Signal(0)].into_iter().chain(SENT) {
        let errno = t.try_signal(&zombie, signal)?.unwrap_or("no error".into());
        t.expect(&posix::ZOMBIE_KILL_SUCCEEDS).equal("kill", &errno.as_str(), &"no error")?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::ZOMBIE_KILL_SUCCEEDS).reaped(&seen, &zombie, Change::Exited(7))
}

fn signals_change_nothing(t: &mut Trial) -> Outcome {
    const EVERY: Options = Options::UNTRACED.with(Options::CONTINUED);
    for (scenario, end) in [
        (Scenario::exits(7), Change::Exited(7)),
        (Scenario::dies(Signal::HUP), Change::Killed(Signal::HUP, false)),
    ] {
        let zombie = t.spawn(scenario)?;
        t.await_zombie(&zombie)?;
        for signal in SENT {
            t.signal(&zombie, signal)?;
        }
        let seen = t.wait(Target::Any, EVERY)?;
        t.expect(&posix::ZOMBIE_SIGNALS_CHANGE_NOTHING).reaped(&seen, &zombie, end)?;
        let seen = t.wait(Target::Any, EVERY.with(Options::NOHANG))?;
        t.expect(&posix::ZOMBIE_SIGNALS_CHANGE_NOTHING).error(&seen, "ECHILD")?;
    }
    Ok(())
}
