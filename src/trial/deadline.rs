//! How long the harness waits for things that should happen at once, or soon.

use std::time::Duration;

/// The time limit for a request that the harness itself answers: an answer takes microseconds, so anything that misses
/// this is dead.
pub(crate) const PROMPT: Duration = Duration::from_secs(10);

/// The time limit for a loop that the agent makes by itself: it creates hundreds of children, and waits up to 20 s for their deaths.
pub(crate) const LOOP: Duration = Duration::from_secs(60);

/// The time limit for an agent to start: where many start at once, loading an interpreter takes seconds.
pub(crate) const AGENT_START: Duration = Duration::from_secs(30);

/// How many requests are sent in one go: what an agent has not read yet stays in its pipe.
pub(crate) const AT_ONCE: usize = 64;

/// The time limit for a process to reach a state that it was told to reach.
pub(crate) const STATE: Duration = Duration::from_secs(20);

/// How long to look for something that may never happen.
pub(crate) const SETTLE: Duration = Duration::from_secs(2);

/// How long to give a process that is about to sleep, if it does not matter whether it does.
pub(crate) const MOMENT: Duration = Duration::from_millis(500);

/// A time in the unit of the protocol, milliseconds.
pub(crate) fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
