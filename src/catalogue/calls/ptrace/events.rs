//! The event of a traced child's stop, whichever way a call finds it.

use super::parent::{code, event, resume};
use crate::catalogue::calls::select::alike::When;
use crate::scenario::{Scenario, Step};
use crate::spec::linux;
use crate::sys::process::ptrace::Request;
use crate::trial::cases;
use crate::trial::{Calls, Change, Options, Outcome, Target, Traced, Trial};
use crate::wait::Signal;

cases! { "ptrace-events";

    /// a wait for any child, by pid and for a group shows the event of a stop, ready, asleep and with WNOHANG
    every_way(ANY | PID | GROUP; NOHANG | UNTRACED) in Calls::WITH_TARGET => [linux::PTRACE_EVENT_BITS];
}

fn every_way(t: &mut Trial) -> Outcome {
    let clause = &linux::PTRACE_EVENT_BITS;
    for (way, when) in [
        (0, When::NoHang),
        (1, When::NoHang),
        (2, When::NoHang),
        (0, When::Asleep),
        (1, When::Asleep),
        (2, When::Asleep),
        (2, When::Ready),
    ] {
        let child = t.spawn(Scenario::held())?;
        t.tell(&child, Step::Setpgid { pgid: 0 })?;
        t.ptrace(Request::Seize, &child, Traced::Options(&["exit"]))?;
        let target = [Target::Any, Target::Child(&child), Target::Group(&child)][way];
        let seen = if when == When::Asleep {
            let pending = t.begin(target, Options::NONE)?;
            t.expect(clause).blocks(&pending)?;
            t.tell(&child, Step::exit(7))?;
            t.finish(pending)?
        } else {
            t.tell(&child, Step::exit(7))?;
            t.await_stopped(&child)?;
            // WUNTRACED changes nothing for a traced child.
            let nohang = Options::NOHANG | Options::UNTRACED;
            t.wait(target, if when == When::NoHang { nohang } else { Options::NONE })?
        };
        t.expect(clause).reports_child(&seen, &child)?;
        t.expect(clause).equal_if_seen("stop", code(&seen).as_ref(), &event("exit", Signal::TRAP))?;
        resume(t, &child)?;
        let seen = t.wait(target, Options::NONE)?;
        t.expect(clause).reaped(&seen, &child, Change::Exited(7))?;
    }
    Ok(())
}
