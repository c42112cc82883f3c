//! A process exists until it is reaped, for whatever takes a pid.

use crate::scenario::{Scenario, Step};
use crate::spec::{linux, posix};
use crate::sys::process::existence::Witness;
use crate::trial::cases;
use crate::trial::{Abort, AgentRequest, Calls, Change, Child, Options, Outcome, Target, Trial};

cases! { "existence";

    /// every call of the parent that takes a pid finds a zombie until it is reaped, and nothing afterwards
    until_reaped(ANY) in Calls::ENTRIES => [
        posix::ZOMBIE_KILL_SUCCEEDS,
        posix::ZOMBIE_ESRCH_AFTER_REAP,
        posix::ZOMBIE_FOUND_BY_CALLS,
        linux::ZOMBIE_FOUND_BY_PID,
    ];
}

/// What a call that takes a pid says of a child: `no error`, or the error's name.
fn asked(t: &mut Trial, by: &str, child: &Child) -> Result<String, Abort> {
    let answer = t.attempt(&AgentRequest::Exists { pid: child.pid as i32, by: by.to_owned() })?;
    Ok(answer.err().map_or_else(|| "no error".to_owned(), |errno| errno.to_string()))
}

fn until_reaped(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    t.tell(&child, Step::Setpgid { pgid: 0 })?;
    // What does not find the child while it runs is not available here.
    let mut witnesses = Vec::new();
    for (by, _) in Witness::ALL {
        if asked(t, by, &child)? == "no error" {
            witnesses.push(by);
        }
    }
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let mut found = Vec::new();
    for by in &witnesses {
        let got = asked(t, by, &child)?;
        if got == "no error" {
            found.push(*by);
        }
        let expectation = match *by {
            "kill" => t.expect(&posix::ZOMBIE_KILL_SUCCEEDS).and(&linux::ZOMBIE_FOUND_BY_PID),
            _ => t.expect(&linux::ZOMBIE_FOUND_BY_PID),
        };
        expectation.equal(&format!("{by} of a zombie:"), &got.as_str(), &"no error")?;
    }
    t.expect(&posix::ZOMBIE_FOUND_BY_CALLS).records("calls that find a zombie", found.join(" "))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&linux::ZOMBIE_FOUND_BY_PID).reports(&seen, &child, Change::Exited(7))?;
    for by in &witnesses {
        let got = asked(t, by, &child)?;
        // A pid that is free may be another process's by now.
        if got == "no error" && t.state_line(&child)?.get("below").as_deref() == Some("no") {
            return t.expect(&linux::ZOMBIE_FOUND_BY_PID).not_observed("the pid was used again");
        }
        let expectation = match *by {
            "kill" => t.expect(&posix::ZOMBIE_ESRCH_AFTER_REAP).and(&linux::ZOMBIE_FOUND_BY_PID),
            _ => t.expect(&linux::ZOMBIE_FOUND_BY_PID),
        };
        expectation.equal(&format!("{by} of a child that was reaped:"), &got.as_str(), &"ESRCH")?;
    }
    Ok(())
}
