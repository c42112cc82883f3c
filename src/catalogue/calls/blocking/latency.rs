//! How a wait sleeps: it is woken rather than polling.

use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{Abort, AgentRequest, Calls, Change, Needs, Options, Outcome, Target, Trial};
use std::time::Duration;

cases! { "latency";

    /// a sleeping wait returns as fast as a poll of such a child's pidfd
    next_to_poll(PID) in Calls::WITH_TARGET.few() => [posix::WAITPID_WAKES_PROMPTLY];

    /// the thread of a sleeping wait is not scheduled as long as nothing happens
    undisturbed(ANY) in Calls::ENTRIES, needs Needs::THREADS
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

fn undisturbed(t: &mut Trial) -> Outcome {
    let clause = &posix::WAITPID_SLEEPS_UNDISTURBED;
    let child = t.spawn(Scenario::held())?;
    let (_, tid) = t.agent_ids(1)?;
    let mut request = t.ask(Target::Any, Options::NONE);
    request.thread = 1;
    let pending = t.begin_request(request)?;
    t.expect(clause).blocks(&pending)?;
    let before = switches(t, tid)?;
    // An observation interval, which orders nothing: if a busy machine stretches it, a poller only has more time to show.
    std::thread::sleep(QUIET);
    let growth = switches(t, tid)? - before;
    t.expect(clause).within("voluntary switches of the thread", Some(growth), 0, SWITCHES)?;
    t.tell(&child, Step::exit(7))?;
    t.await_ended(&child)?;
    let seen = t.finish(pending)?;
    t.expect(clause).reports(&seen, &child, Change::Exited(7))
}

/// How often a thread of the agent has gone to sleep so far.
fn switches(t: &mut Trial, tid: i64) -> Result<i64, Abort> {
    let reply = t.request(&AgentRequest::Switches { tid: tid as i32 })?;
    reply.number("count").map_err(|e| Abort::Protocol(format!("reply to switches: {e}")))
}
