//! What is measured, and how often.

use crate::protocol::agent::Workload;
use crate::sys::call::abi::Call;
use std::time::Duration;

/// The calls that are measured: each has a C loop on every system.
pub const CALLS: [Call; 3] = [Call::Wait4, Call::Waitpid, Call::Waitid];

/// The numbers of children that are reaped.
pub const SIZES: [u64; 4] = [10, 100, 1_000, 10_000];

/// The ways to reap them.
pub const WAYS: [Workload; 3] = [Workload::ReapAny, Workload::ReapPid, Workload::ReapPidfd];

/// The maximum expected time for the next size of a series: a quadratic wait takes a hundred times as long for each.
pub const LONGEST: Duration = Duration::from_secs(20);

/// How often everything is repeated.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Effort {
    /// How often the bare loop and the subject's loop alternate.
    pub rounds: u32,
    /// The maximum number of children at a time.
    pub children: u64,
}

/// How many times an operation is repeated in one turn.
pub const fn batch(what: Workload, in_agent: bool) -> u64 {
    match (what, in_agent) {
        (Workload::Poll, true) => 2_000,
        (Workload::Poll, false) => 100,
        (Workload::SpawnReap, true) => 50,
        (_, true) => 25,
        (_, false) => 5,
    }
}

impl Effort {
    /// The maximum number of children at a time. An agent without loops creates each on request, often with an exec.
    pub fn most(&self, in_agent: bool) -> u64 {
        if in_agent { self.children } else { self.children.min(1_000) }
    }

    /// The sizes of a series.
    pub fn sizes(&self, in_agent: bool) -> impl Iterator<Item = u64> {
        let most = self.most(in_agent);
        SIZES.into_iter().filter(move |n| *n <= most)
    }

    /// How many rounds a size of a series gets: large ones take long, and need few.
    pub fn rounds_of(&self, n: u64) -> u32 {
        let most = match n {
            ..=100 => 20,
            101..=1_000 => 5,
            _ => 2,
        };
        self.rounds.clamp(1, most)
    }
}

/// The name of a measurement in reports.
pub const fn name(what: Workload) -> &'static str {
    match what {
        Workload::SpawnReap => "spawn and reap",
        Workload::Poll => "poll",
        Workload::Blocked => "blocked wait",
        Workload::Bounded => "bounded wait",
        Workload::ReapAny => "any child",
        Workload::ReapPid => "pid",
        Workload::ReapPidfd => "pidfd",
        Workload::Crowd => "a crowd",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_end_at_the_most_children() {
        let effort = Effort { rounds: 20, children: 1_500 };
        assert_eq!(effort.sizes(true).collect::<Vec<_>>(), [10, 100, 1_000]);
        assert_eq!(Effort { children: 10_000, ..effort }.sizes(false).max(), Some(1_000));
        assert_eq!((effort.rounds_of(10), effort.rounds_of(10_000)), (20, 2));
        assert_eq!(Effort { rounds: 1, ..effort }.rounds_of(10_000), 1);
    }
}
