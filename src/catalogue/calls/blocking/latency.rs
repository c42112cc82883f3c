//! How a wait sleeps: it is woken rather than polling.

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{Abort, AgentRequest, Call, Calls, Change, Child, Needs, Options, Outcome, Target, Trial};
use std::time::Duration;

cases! { "latency";

    /// a sleeping wait returns as fast as a poll of such a child's pidfd
    next_to_poll(PID) in Calls::WITH_TARGET.few() => [posix::WAITPID_WAKES_PROMPTLY];

    /// the thread of a sleeping wait is not scheduled as long as nothing happens
    undisturbed(ANY) in Calls::ENTRIES, needs Needs::THREADS
        => [posix::WAITPID_SLEEPS_UNDISTURBED];

    /// nor are those of waits by pid, for a group, for stops and continues, and of a peek
    every_way(PID | GROUP; UNTRACED | CONTINUED | NOWAIT; adapting) in Calls::WITH_TARGET.few(),
        needs Needs::THREADS => [posix::WAITPID_SLEEPS_UNDISTURBED];

    /// nor is that of a wait through a pidfd
    by_pidfd(PIDFD) in Calls::only(&[Call::Waitid]), needs Needs::PIDFD_WAITS
        => [posix::WAITPID_SLEEPS_UNDISTURBED];
}

/// How many times as long as the reference a wait may take.
const FACTOR: u32 = 8;

/// How long nothing happens: ten periods of a wait that polls every 25 ms.
const QUIET: Duration = Duration::from_millis(250);

/// How often a sleeping thread may be scheduled for reasons internal to the system.
const SWITCHES: i64 = 1;

fn next_to_poll(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITPID_WAKES_PROMPTLY;
    let mut slow = String::new();
    // Slow once may be the machine's fault; a wait that polls is slow again.
    for seed in [1, 2] {
        let latency = match t.latency(seed)? {
            Ok(latency) => latency,
            Err(seen) => {
                t.expect(clause).returns(&seen)?;
                return t.expect(clause).that(false, "the child", seen.outcome());
            }
        };
        if latency.wait <= latency.reference * FACTOR {
            let value = if slow.is_empty() { "as a poll" } else { "in one batch of two as a poll" };
            t.record("how fast a wait that sleeps returns", value);
            return t.expect(clause).that(true, "", "");
        }
        let us = |time: Duration| time.as_micros();
        slow = format!("{} us, and the poll {} us", us(latency.wait), us(latency.reference));
    }
    let expected = format!("the 4th fastest of 16 waits within {FACTOR} times the 4th slowest of 16 polls");
    t.expect(clause).that(false, expected, slow)
}

/// A thread sleeps in each of these calls, each for a child of its own.
fn sleep_undisturbed(t: &mut Trial, calls: &[(&Child, Target<'_>, Options)]) -> Outcome {
    let clause = &posix::WAITPID_SLEEPS_UNDISTURBED;
    let mut sleepers = Vec::new();
    for (thread, (child, target, options)) in (1..).zip(calls) {
        let (_, tid) = t.agent_ids(thread)?;
        let pending = t.begin_on(thread, *target, *options)?;
        t.expect(clause).blocks(&pending)?;
        sleepers.push((child, tid, pending));
    }
    let mut before = Vec::new();
    for (_, tid, _) in &sleepers {
        before.push(switches(t, *tid)?);
    }
    // An observation interval, which orders nothing: if a busy machine stretches it, a poller only has more time to show.
    std::thread::sleep(QUIET);
    for ((_, tid, pending), before) in sleepers.iter().zip(before) {
        let growth = switches(t, *tid)? - before;
        let what = format!("voluntary switches of the thread of {}", pending.shown);
        t.expect(clause).within(&what, Some(growth), 0, SWITCHES)?;
    }
    for (child, _, pending) in sleepers {
        t.tell(child, Step::exit(7))?;
        t.await_ended(child)?;
        let seen = t.finish(pending)?;
        t.expect(clause).reports(&seen, child, Change::Exited(7))?;
    }
    Ok(())
}

fn undisturbed(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    sleep_undisturbed(t, &[(&child, Target::Any, Options::NONE)])
}

fn every_way(t: &mut Trial) -> Outcome {
    let by_pid = t.spawn(Scenario::held())?;
    let of_group = t.spawn(Scenario::held())?;
    t.tell(&of_group, Step::Setpgid { pgid: 0 })?;
    let for_events = t.spawn(Scenario::held())?;
    let peeked = t.spawn(Scenario::held())?;
    let mut calls = vec![
        (&by_pid, Target::Child(&by_pid), Options::NONE),
        (&of_group, Target::Group(&of_group), Options::NONE),
        (&for_events, Target::Child(&for_events), Options::UNTRACED | Options::CONTINUED),
    ];
    if Calls::taking(Options::NOWAIT).has(t.call()) {
        calls.push((&peeked, Target::Child(&peeked), Options::NOWAIT));
    }
    sleep_undisturbed(t, &calls)
}

fn by_pidfd(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    let fd = t.pidfd_open(&child, false)?;
    sleep_undisturbed(t, &[(&child, Target::Pidfd(fd), Options::NONE)])
}

/// How often a thread of the agent has gone to sleep so far.
fn switches(t: &mut Trial, tid: i64) -> Result<i64, Abort> {
    let reply = t.request(&AgentRequest::Switches { tid: tid as i32 })?;
    reply.number("count").map_err(|e| Abort::Protocol(format!("reply to switches: {e}")))
}
