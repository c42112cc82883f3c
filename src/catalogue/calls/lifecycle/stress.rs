//! Many children: each is reported once; none is lost and none is reported twice.

use crate::protocol::agent::Workload;
use crate::scenario::Scenario;
use crate::spec::{Clause, posix};
use crate::trial::cases;
use crate::trial::{
    Abort, AgentRequest, Calls, Change, Child, Errno, Needs, Options, Outcome, Seen, Target, Trial,
};

cases! { "stress";

    /// 100 children that exit in any order are each reported once, then ECHILD
    hundred_children(ANY) in Calls::ENTRIES => [posix::WAITPID_MANY_CHILDREN];

    /// of 300 children, the oldest and the youngest are found when only they are dead, then all, as any child and by pid
    many_zombies(ANY) in Calls::WITH_STATUS.few(), needs Needs::NOTHING.burning()
        => [posix::WAITPID_MANY_CHILDREN, posix::WAIT_FINDS_AMONG_ALL];

    /// with forks and reaps interleaved, each child is reported once, and no pid is in use twice
    fork_and_reap(ANY) in Calls::ENTRIES => [posix::WAITPID_ANY_EACH_ONCE, posix::ZOMBIE_PID_NOT_REUSED];
}

/// Unreaped children, with their exit codes.
type Unreaped = Vec<(Child, i32)>;

/// Exit codes that differ between neighbours.
fn code(number: usize) -> i32 {
    (number % 251) as i32
}

fn spawn(t: &mut Trial, left: &mut Unreaped, number: usize) -> Outcome {
    let child = t.spawn(Scenario::exits(code(number)))?;
    left.push((child, code(number)));
    Ok(())
}

/// The call reported one of the remaining children, which is then removed.
fn reports_unreaped(t: &mut Trial, clause: &'static Clause, seen: &Seen, left: &mut Unreaped) -> Outcome {
    // A typed waitid may not expose the pid; then the exit code identifies the child.
    let found = left.iter().position(|(child, code)| match seen.pid() {
        Some(pid) => pid == child.pid,
        None => seen.fits(Change::Exited(*code)),
    });
    let Some(at) = found else {
        let expected = format!("one of the {} children left", left.len());
        return t.expect(clause).that(false, expected, seen.outcome());
    };
    let (child, code) = left.swap_remove(at);
    t.expect(clause).reports(seen, &child, Change::Exited(code))
}

fn hundred_children(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITPID_MANY_CHILDREN;
    let children = t.spawn_all((0..100).map(|number| Scenario::exits(code(number))))?;
    let mut left: Unreaped = children.into_iter().zip((0..100).map(code)).collect();
    for seen in t.wait_times(100, Target::Any, Options::NONE)? {
        reports_unreaped(t, clause, &seen, &mut left)?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(clause).error(&seen, Errno::CHILD)
}

/// More than fit in a table of 256.
const MANY: u64 = 300;

fn many_zombies(t: &mut Trial) -> Outcome {
    let (reaped, got) = reap_many(t, Workload::Crowd)?;
    // The first few are found among living ones; then it is a matter of how many there are.
    let among_living = got.clone().filter(|_| reaped <= FOUND_FIRST);
    all_reported(t, &posix::WAIT_FINDS_AMONG_ALL, reaped, among_living)?;
    all_reported(t, &posix::WAITPID_MANY_CHILDREN, reaped, got)?;
    if Calls::WITH_TARGET.has(t.call()) {
        let (reaped, got) = reap_many(t, Workload::ReapPid)?;
        all_reported(t, &posix::WAITPID_MANY_CHILDREN, reaped, got)?;
    }
    Ok(())
}

/// How many of a crowd are dead while the others live.
const FOUND_FIRST: i64 = 6;

/// Fewer than all where the number of processes is limited.
fn all_reported(t: &mut Trial, clause: &'static Clause, reaped: i64, got: Option<String>) -> Outcome {
    match got {
        Some(got) => t.expect(clause).that(false, format!("{MANY} reports"), format!("{got} after {reaped}")),
        None => t.expect(clause).that(reaped > 0, "reports", reaped.to_string()),
    }
}

/// The agent's own loop: with the protocol, that many children would take half a minute on a slow target. How many it reaped, and
/// what it got in place of a report.
fn reap_many(t: &mut Trial, what: Workload) -> Result<(i64, Option<String>), Abort> {
    let call = Some(t.call().name().to_owned());
    let loops = AgentRequest::Measure { what, n: MANY, call, argv: None, bare: false };
    let reply = match t.attempt(&loops)? {
        Ok(reply) => reply,
        Err(errno) => return Err(Abort::Skip(format!("{MANY} children cannot be made here: {errno}"))),
    };
    let reaped = reply.number("n").map_err(|e| Abort::Protocol(format!("reply to measure: {e}")))?;
    Ok((reaped, reply.get("got")))
}

fn fork_and_reap(t: &mut Trial) -> Outcome {
    let mut left = Unreaped::new();
    for number in 0..40 {
        spawn(t, &mut left, number)?;
        let (youngest, others) = left.split_last().expect("one was just spawned");
        let twice = others.iter().find(|(other, _)| other.pid == youngest.0.pid);
        let got = twice.map_or_else(String::new, |(other, _)| format!("{} of {}", other.pid, other.name));
        t.expect(&posix::ZOMBIE_PID_NOT_REUSED).that(twice.is_none(), "an unused pid", got)?;
        // Four stay, live or as zombies.
        if left.len() > 4 {
            let seen = t.wait(Target::Any, Options::NONE)?;
            reports_unreaped(t, &posix::WAITPID_ANY_EACH_ONCE, &seen, &mut left)?;
        }
    }
    while !left.is_empty() {
        let seen = t.wait(Target::Any, Options::NONE)?;
        reports_unreaped(t, &posix::WAITPID_ANY_EACH_ONCE, &seen, &mut left)?;
    }
    let seen = t.wait(Target::Any, Options::NONE)?;
    t.expect(&posix::WAITPID_ANY_EACH_ONCE).error(&seen, Errno::CHILD)
}
