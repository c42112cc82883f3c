//! Children that die at the very moment when a wait goes to sleep.

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{Abort, AgentRequest, Calls, Change, Needs, Options, Outcome, Target, Trial};

cases! { "wake-up";

    /// however close to the moment when a wait goes to sleep a child dies, the wait returns it
    around_the_sleep(PID) in Calls::WITH_TARGET.few(), needs Needs::NOTHING.burning()
        => [posix::WAITPID_NO_LOST_WAKE_UP];

    /// sixty times in a row, the exit of a child ends the wait that sleeps
    sixty_times(ANY) in Calls::WITH_TARGET.few() => [posix::WAITPID_NO_LOST_WAKE_UP];
}

/// The maximum delay of a call after the gate, in nanoseconds: long after the child is dead.
const LATEST: u64 = 2_000_000;
/// The number of bisection steps.
const HALVINGS: u64 = 9;
/// The number of calls then made around the point where half of them sleep, and their distance from it.
const SWEEP: u64 = 24;
const AROUND: u64 = 24_000;

/// Releases one child and one wait together; the wait begins `ns` nanoseconds later. Returns whether it slept.
fn race(t: &mut Trial, ns: u64) -> Result<Option<bool>, Abort> {
    let clause = &posix::WAITPID_NO_LOST_WAKE_UP;
    let (child, processors) = t.gated(7)?;
    if processors < 2 {
        t.expect(clause).not_observed("there is only one CPU: nothing runs concurrently")?;
        return Ok(None);
    }
    t.request(&AgentRequest::ThroughGate { ns })?;
    let seen = t.wait(Target::Child(&child), Options::NONE)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
    Ok(Some(t.request(&AgentRequest::Slept {})?.flag("slept")))
}

fn sixty_times(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITPID_NO_LOST_WAKE_UP;
    for _ in 0..3 {
        // Few at a time, where few may live at once.
        for child in t.spawn_all((0..20).map(|_| Scenario::held()))? {
            let pending = t.begin(Target::Any, Options::NONE)?;
            t.expect(clause).blocks(&pending)?;
            t.tell(&child, Step::exit(7))?;
            let seen = t.finish(pending)?;
            t.expect(clause).reports(&seen, &child, Change::Exited(7))?;
        }
    }
    Ok(())
}

fn around_the_sleep(t: &mut Trial) -> Outcome {
    // From early enough for the wait to sleep to late enough for the child to be dead.
    let (mut early, mut late) = (0, LATEST);
    for _ in 0..HALVINGS {
        let ns = u64::midpoint(early, late);
        match race(t, ns)? {
            None => return Ok(()),
            Some(true) => early = ns,
            Some(false) => late = ns,
        }
    }
    for step in 0..SWEEP {
        let ns = (early + 2 * AROUND * step / SWEEP).saturating_sub(AROUND);
        match race(t, ns)? {
            None => return Ok(()),
            // Other load on the machine shifts it.
            Some(slept) if slept => early = (early + AROUND / SWEEP).min(LATEST),
            Some(_) => early = early.saturating_sub(AROUND / SWEEP),
        }
    }
    Ok(())
}
