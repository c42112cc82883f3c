//! Reapers: their descendants, and signals to them.

use super::options::each;
use crate::catalogue::calls::lifecycle::orphans::grandchild;
use crate::protocol::Line;
use crate::scenario::{Scenario, Step};
use crate::sorted::sort;
use crate::spec::{Clause, dragonfly, freebsd};
use crate::sys::call::abi::Call;
use crate::trial::cases;
use crate::trial::{Abort, AgentRequest, Calls, Change, Child, Errno, Options, Outcome, Target, Trial};
use crate::wait::Signal;

const WAITPID: Calls = Calls::only(&[Call::Waitpid]);

cases! { "reaper";

    /// a process that becomes a reaper is reported as one, with its descendants, and adopts an orphan as its own child
    status(ANY) in WAITPID
        => [freebsd::REAPER_STATUS, dragonfly::REAPER_STATUS, freebsd::REAPER_ADOPTS, dragonfly::REAPER_ADOPTS];

    /// a reaper lists its children and their descendants, including zombies, each with the child that it descends from
    pids(ANY) in WAITPID => [freebsd::REAPER_GETPIDS];

    /// a signal to one subtree reaches a child and its descendants, and no other process
    kill_subtree(PID; NOHANG) in WAITPID => [freebsd::REAPER_KILL_SUBTREE];

    /// a signal to the children alone does not reach their descendants
    kill_children(ANY) in WAITPID => [freebsd::REAPER_KILL_CHILDREN];
}

fn number(reply: &Line, key: &'static str) -> Result<i64, Abort> {
    reply.number(key).map_err(|e| Abort::Protocol(format!("reply to reaper-status: {e}")))
}

/// A child of the agent, which is a reaper, and a child of that child.
fn family(t: &mut Trial) -> Result<(Child, Child), Abort> {
    t.subreaper(true)?;
    let child = t.spawn(Scenario::held())?;
    let below = grandchild(t, &child, false)?;
    Ok((child, below))
}

fn status(t: &mut Trial) -> Outcome {
    let clauses: [&'static Clause; 2] = [&freebsd::REAPER_STATUS, &dragonfly::REAPER_STATUS];
    let adopts: [&'static Clause; 2] = [&freebsd::REAPER_ADOPTS, &dragonfly::REAPER_ADOPTS];
    let before = t.request(&AgentRequest::ReaperStatus {})?;
    each(t, &clauses, |t, clause| t.expect(clause).equal("a reaper", &before.flag("owned"), &false))?;
    let (child, below) = family(t)?;
    let of_family = |t: &mut Trial, first: &Child, count: [i64; 2]| {
        let reply = t.request(&AgentRequest::ReaperStatus {})?;
        let (first_seen, agent) = (number(&reply, "first")?, t.agent_pid());
        each(t, &clauses, |t, clause| {
            t.expect(clause).equal("a reaper", &reply.flag("owned"), &true)?;
            t.expect(clause).equal("a process below it", &first_seen, &first.pid)
        })?;
        let clause = &freebsd::REAPER_STATUS;
        if !clause.applies_to(t.profile()) {
            return Ok(());
        }
        t.expect(clause).equal("reaper", &number(&reply, "reaper")?, &agent)?;
        t.expect(clause).equal("children", &number(&reply, "children")?, &count[0])?;
        t.expect(clause).equal("descendants", &number(&reply, "descendants")?, &count[1])
    };
    of_family(t, &child, [1, 2])?;
    t.tell(&child, Step::exit(7))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    each(t, &adopts, |t, clause| t.expect(clause).reaped(&seen, &child, Change::Exited(7)))?;
    of_family(t, &below, [1, 1])?;
    t.tell(&below, Step::exit(8))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    each(t, &adopts, |t, clause| t.expect(clause).reaped(&seen, &below, Change::Exited(8)))?;
    let after = t.request(&AgentRequest::ReaperStatus {})?;
    let first = number(&after, "first")?;
    each(t, &clauses, |t, clause| t.expect(clause).equal("a process below it", &first, &-1))
}

/// What the reaper reports for each of its descendants: `pid:subtree:words`.
fn listed(t: &mut Trial) -> Result<Vec<String>, Abort> {
    Ok(t.request(&AgentRequest::ReaperPids {})?.list("below"))
}

/// The processes, in ascending order.
fn in_order(mut entries: Vec<String>) -> String {
    sort(&mut entries);
    entries.join(" ")
}

fn pids(t: &mut Trial) -> Outcome {
    let clause = &freebsd::REAPER_GETPIDS;
    let (child, below) = family(t)?;
    let (a, b) = (child.pid, below.pid);
    let found = in_order(listed(t)?);
    let wanted = in_order(vec![format!("{a}:{a}:child"), format!("{b}:{a}:-")]);
    t.expect(clause).equal("below the reaper:", &found, &wanted)?;
    t.tell(&child, Step::exit(7))?;
    t.await_zombie(&child)?;
    let found = in_order(listed(t)?);
    let wanted = in_order(vec![format!("{a}:{a}:child+zombie"), format!("{b}:{a}:child")]);
    t.expect(clause).equal("below the reaper:", &found, &wanted)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Exited(7))
}

/// Signals processes below the agent; how many it reached.
fn signal_below(t: &mut Trial, to: &str, of: Option<&Child>) -> Result<i64, Abort> {
    let pid = of.map(|child| child.pid as i32);
    let request = AgentRequest::ReaperKill { sig: Signal::TERM, to: to.to_owned(), pid };
    let reply = t.request(&request)?;
    reply.number("killed").map_err(|e| Abort::Protocol(format!("reply to reaper-kill: {e}")))
}

fn kill_subtree(t: &mut Trial) -> Outcome {
    let clause = &freebsd::REAPER_KILL_SUBTREE;
    let killed = Change::Killed(Signal::TERM, false);
    let (child, below) = family(t)?;
    let other = t.spawn(Scenario::held())?;
    let count = signal_below(t, "subtree", Some(&child))?;
    t.expect(clause).equal("processes signalled", &count, &2)?;
    for process in [&child, &below] {
        // The descendant is the agent's own child once its parent is gone.
        let seen = t.wait(Target::Child(process), Options::NONE)?;
        t.expect(clause).reaped(&seen, process, killed)?;
    }
    let seen = t.wait(Target::Child(&other), Options::NOHANG)?;
    t.expect(clause).nothing_ready(&seen)
}

fn kill_children(t: &mut Trial) -> Outcome {
    let clause = &freebsd::REAPER_KILL_CHILDREN;
    let (child, below) = family(t)?;
    let count = signal_below(t, "children", None)?;
    t.expect(clause).equal("processes signalled", &count, &1)?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &child, Change::Killed(Signal::TERM, false))?;
    // It would not answer if it had received the signal.
    t.tell(&below, Step::exit(8))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).reaped(&seen, &below, Change::Exited(8))?;
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}
