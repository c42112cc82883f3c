//! For every call that takes a pid, a process exists until it is reaped.

use crate::scenario::{Scenario, Step};
use crate::spec::{linux, posix};
use crate::sys::process::existence::Witness;
use crate::trial::cases;
use crate::trial::{Abort, AgentRequest, Calls, Change, Child, Errno, Options, Outcome, Target, Trial};

cases! { "existence";

    /// every call of the parent that takes a pid finds a zombie until it is reaped, and nothing afterwards
    until_reaped(ANY) in Calls::ENTRIES => [
        posix::ZOMBIE_KILL_SUCCEEDS,
        posix::ZOMBIE_ESRCH_AFTER_REAP,
        posix::ZOMBIE_FOUND_BY_CALLS,
        linux::ZOMBIE_FOUND_BY_PID,
    ];

    /// a peek does not change that
    after_a_peek(ANY; NOWAIT) in Calls::taking(Options::NOWAIT)
        => [posix::ZOMBIE_KILL_SUCCEEDS, linux::ZOMBIE_FOUND_BY_PID];
}

/// How a call that takes a pid fails for a child, if it does.
fn asked(t: &mut Trial, by: &str, child: &Child) -> Result<Errno, Abort> {
    let answer = t.attempt(&AgentRequest::Exists { pid: child.pid as i32, by: by.to_owned() })?;
    Ok(answer.err().unwrap_or(Errno::NONE))
}

/// The calls that find the child while it runs; the others are not available here.
fn witnesses(t: &mut Trial, child: &Child) -> Result<Vec<&'static str>, Abort> {
    let mut found = Vec::new();
    for (by, _) in Witness::ALL {
        if asked(t, by, child)? == Errno::NONE {
            found.push(by);
        }
    }
    Ok(found)
}

fn until_reaped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    let witnesses = witnesses(t, &child)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let mut found = Vec::new();
    for by in &witnesses {
        let got = asked(t, by, &child)?;
        if got == Errno::NONE {
            found.push(*by);
        }
        let expectation = match *by {
            "kill" => t.expect(&posix::ZOMBIE_KILL_SUCCEEDS).and(&linux::ZOMBIE_FOUND_BY_PID),
            _ => t.expect(&linux::ZOMBIE_FOUND_BY_PID),
        };
        expectation.equal(&format!("{by} of a zombie:"), &got, &Errno::NONE)?;
    }
    t.expect(&posix::ZOMBIE_FOUND_BY_CALLS).records("calls that find a zombie", found.join(" "))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::ZOMBIE_FOUND_BY_PID).reports(&seen, &child, Change::Exited(7))?;
    for by in &witnesses {
        let got = asked(t, by, &child)?;
        // A free pid may have been reused by now.
        if got == Errno::NONE && t.state_line(&child)?.get("below").as_deref() == Some("no") {
            return t.expect(&linux::ZOMBIE_FOUND_BY_PID).not_observed("the pid was used again");
        }
        let expectation = match *by {
            "kill" => t.expect(&posix::ZOMBIE_ESRCH_AFTER_REAP).and(&linux::ZOMBIE_FOUND_BY_PID),
            _ => t.expect(&linux::ZOMBIE_FOUND_BY_PID),
        };
        expectation.equal(&format!("{by} of a child that was reaped:"), &got, &Errno::SRCH)?;
    }
    Ok(())
}

fn after_a_peek(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    let witnesses = witnesses(t, &child)?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NOWAIT)?;
    t.expect(&linux::ZOMBIE_FOUND_BY_PID).reports(&seen, &child, Change::Exited(7))?;
    for by in &witnesses {
        let got = asked(t, by, &child)?;
        let expectation = match *by {
            "kill" => t.expect(&posix::ZOMBIE_KILL_SUCCEEDS).and(&linux::ZOMBIE_FOUND_BY_PID),
            _ => t.expect(&linux::ZOMBIE_FOUND_BY_PID),
        };
        expectation.equal(&format!("{by} of a zombie:"), &got, &Errno::NONE)?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::ZOMBIE_FOUND_BY_PID).reaped(&seen, &child, Change::Exited(7))
}
