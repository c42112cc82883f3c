//! The process table's view of a process.

use std::time::Duration;

/// The state of a process or thread.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Running or runnable.
    Running,
    /// In an interruptible sleep.
    Sleeping,
    /// In an uninterruptible sleep.
    DiskSleep,
    /// Stopped by a job-control signal.
    Stopped,
    /// Stopped by a tracer.
    TracingStop,
    /// Terminated and not reaped. With threads left (see [`super::is_zombie`]) it is not waitable yet.
    Zombie,
    /// Terminated and leaving the table.
    Dead,
    /// Anything else, as the system's letter or number.
    Other(char),
}

impl State {
    /// Whether it is asleep, interruptibly or not.
    pub const fn is_asleep(self) -> bool {
        matches!(self, State::Sleeping | State::DiskSleep)
    }
}

/// One process, as the system shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Process {
    /// Process id.
    pub pid: i32,
    /// Parent's process id.
    pub ppid: i32,
    /// Process group id.
    pub pgid: i32,
    /// Session id.
    pub sid: i32,
    /// Its state; with several threads, that of the first.
    pub state: State,
    /// The number of threads left, including an exited leader; `None` if unknown.
    pub threads: Option<u32>,
    /// The pid of its tracer; `None` if there is none, or it is unknown.
    pub tracer: Option<i32>,
    /// Whether it is traced.
    pub traced: bool,
    /// Real user id.
    pub uid: u32,
    /// User plus system CPU time so far, without that of its children. Linux counts it in clock ticks.
    pub cpu: Duration,
    /// Its start time, in a system-specific unit: with the pid it identifies the process. `None` for a zombie of NetBSD and
    /// OpenBSD, which have dropped it by then.
    pub start: Option<u64>,
}

impl Process {
    /// Whether this is the process that was seen earlier under the same pid, with that start time.
    ///
    /// A zombie without a start time counts as the one seen earlier. Should it be a later process that took over the pid,
    /// nothing is lost: a signal has no effect on a zombie.
    pub fn is_still(&self, start: Option<u64>) -> bool {
        match (self.start, start) {
            (Some(now), Some(then)) => now == then,
            (Some(_), None) => false,
            (None, _) => self.state == State::Zombie,
        }
    }
}

/// Whether a thread sleeps in a wait call.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Asleep {
    /// It sleeps in a system call of the wait family.
    InWait,
    /// It sleeps in some other call, or in one that is not visible.
    InOtherCall,
    /// Running, stopped or terminated.
    Awake,
    /// Unknown.
    Unknown,
}

/// How a process is stopped.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum StopState {
    /// At least one thread is not.
    No,
    /// Every thread is stopped by job control: a wait with `WUNTRACED` reports it.
    Stopped,
    /// Every thread is stopped, some of them by a tracer, which makes job-control stops look like its own brief ones.
    /// Only the former last: `switches`, the context switches of all threads so far, then stays the same between two
    /// polls.
    Traced {
        /// The context switches of all threads.
        switches: u64,
    },
}

/// [`super::stop_of`] for systems that show a process as stopped once its last thread has stopped.
#[cfg(any(target_os = "netbsd", target_vendor = "apple"))]
pub(crate) fn stop_of_process(process: Option<&Process>) -> StopState {
    match process {
        Some(p) if p.state == State::Stopped && p.traced => StopState::Traced { switches: 0 },
        Some(p) if p.state == State::Stopped => StopState::Stopped,
        _ => StopState::No,
    }
}

/// [`super::stop_of`] from the states of the threads, for systems where a tracer's stops are distinguishable.
#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
pub(crate) fn stop_of_threads(threads: &[(i32, State)]) -> StopState {
    let stopped = |state| matches!(state, State::Stopped | State::TracingStop);
    if threads.is_empty() || threads.iter().any(|&(_, state)| !stopped(state)) {
        StopState::No
    } else if threads.iter().any(|&(_, state)| state == State::TracingStop) {
        StopState::Traced { switches: 0 }
    } else {
        StopState::Stopped
    }
}

#[cfg(test)]
impl Process {
    /// A process, as far as tests care.
    pub(super) fn sample(pid: i32, ppid: i32, state: State, start: Option<u64>) -> Process {
        Process {
            pid,
            ppid,
            pgid: pid,
            sid: pid,
            state,
            threads: None,
            tracer: None,
            traced: false,
            uid: 0,
            cpu: Duration::ZERO,
            start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zombie_without_a_start_time_is_the_process_seen_earlier() {
        let seen = |state, start| Process::sample(7, 1, state, start);
        for state in [State::Running, State::Stopped, State::Zombie] {
            assert!(seen(state, Some(5)).is_still(Some(5)), "{state:?}");
            assert!(!seen(state, Some(6)).is_still(Some(5)), "{state:?}");
            // Seen as a zombie without a start time: a process with one is a later process.
            assert!(!seen(state, Some(6)).is_still(None), "{state:?}");
            let zombie = state == State::Zombie;
            assert_eq!(seen(state, None).is_still(Some(5)), zombie, "{state:?}");
            assert_eq!(seen(state, None).is_still(None), zombie, "{state:?}");
        }
    }
}
