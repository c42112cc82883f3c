//! How long the harness waits for what should come at once, or soon.

use std::time::Duration;

/// How long a request may take that the harness itself is answered by: an answer is a matter of microseconds, so what misses
/// this is dead.
pub(crate) const PROMPT: Duration = Duration::from_secs(10);

/// How many requests are sent in one piece: what an agent has not read yet stays in its pipe.
pub(crate) const AT_ONCE: usize = 64;

/// How long a process may take to reach a state that it was told to reach.
pub(crate) const STATE: Duration = Duration::from_secs(20);

/// How long is looked for what may never come.
pub(crate) const SETTLE: Duration = Duration::from_secs(2);

/// A time as the protocol carries it, in milliseconds.
pub(crate) fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
