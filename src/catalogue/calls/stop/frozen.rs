//! Children frozen by their cgroup, which is not a job-control stop, and what is reported for them while they are frozen.

use crate::scenario::Scenario;
use crate::spec::linux;
use crate::trial::cases;
use crate::trial::{Abort, Calls, Options, Outcome, Seen, Target, Trial};
use crate::wait::Signal;

cases! { "frozen";

    /// what is reported for a child frozen by its cgroup, and for a stop, a continue and a death while it is frozen, is recorded
    events(ANY; NOHANG | UNTRACED | CONTINUED) in Calls::taking(Options::UNTRACED).few()
        => [linux::CGROUP_FREEZE];
}

/// The report of a call that asks for every event.
fn reported(t: &mut Trial) -> Result<String, Abort> {
    let seen = t.wait(Target::Any, Options::NOHANG | Options::UNTRACED | Options::CONTINUED)?;
    Ok(shown(&seen))
}

fn shown(seen: &Seen) -> String {
    match (seen.errno(), seen.change()) {
        (Some(errno), _) => errno.to_string(),
        (None, Some(change)) => change.to_string(),
        (None, None) => "nothing".to_owned(),
    }
}

fn events(t: &mut Trial) -> Outcome {
    let record = |t: &mut Trial, when: &str, got: String| t.expect(&linux::CGROUP_FREEZE).records(when, got);
    let child = t.spawn(Scenario::held())?;
    t.freeze(&child, true)?;
    let got = reported(t)?;
    record(t, "a child that is frozen", got)?;
    t.signal(&child, Signal::STOP)?;
    // The signal wakes it, and it is frozen again.
    t.await_asleep(&child)?;
    let got = reported(t)?;
    record(t, "SIGSTOP to a child that is frozen", got)?;
    t.freeze(&child, false)?;
    t.await_stopped(&child)?;
    let got = reported(t)?;
    record(t, "a child that SIGSTOP was sent to before it was thawed", got)?;
    t.freeze(&child, true)?;
    t.signal(&child, Signal::CONT)?;
    let got = reported(t)?;
    record(t, "SIGCONT to a child that had stopped and is frozen", got)?;
    t.signal(&child, Signal::KILL)?;
    t.await_zombie(&child)?;
    let got = reported(t)?;
    record(t, "SIGKILL to a child that is frozen", got)
}
