//! What the process table says of a process.

use std::time::Duration;

/// What a process or a thread is doing.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// On a processor or ready for one.
    Running,
    /// Asleep until an event or a signal.
    Sleeping,
    /// Asleep until an event; signals do not wake it.
    DiskSleep,
    /// Stopped by a job-control signal.
    Stopped,
    /// Held by a tracer.
    TracingStop,
    /// Ended, and not waited for. With threads left (see [`is_zombie`]) it is not waitable yet.
    Zombie,
    /// Ended, and on its way out of the table.
    Dead,
    /// Anything else, in the system's own letter or number.
    Other(char),
}

impl State {
    /// Whether it sleeps, interruptibly or not.
    pub const fn is_asleep(self) -> bool {
        matches!(self, State::Sleeping | State::DiskSleep)
    }
}

/// One process, as the system tells it.
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
    /// What it is doing; of a process with several threads, what its first one does.
    pub state: State,
    /// How many threads it has left, an ended first one included; `None` where the system does not tell.
    pub threads: Option<u32>,
    /// The pid of the process that traces it; `None` when there is none, or the system does not tell which.
    pub tracer: Option<i32>,
    /// Whether it is traced.
    pub traced: bool,
    /// Real user id.
    pub uid: u32,
    /// User and system CPU time so far, without that of its children. Linux counts it in clock ticks.
    pub cpu: Duration,
    /// When it started, in a unit of the system's own: with the pid it tells a process from a later one.
    pub start: u64,
}

/// Whether a thread sleeps in a wait call.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Asleep {
    /// It sleeps in a system call of the wait family.
    InWait,
    /// It sleeps, in some other call or in one that cannot be read.
    Asleep,
    /// It runs, is stopped or has ended.
    Awake,
    /// The system does not tell.
    Unknown,
}

/// Whether a process is stopped.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// At least one thread is not.
    No,
    /// Every thread is stopped by job control: a wait with `WUNTRACED` finds it.
    Stopped,
    /// Every thread is stopped, some of them by a tracer, which shows job-control stops and each of its own short
    /// stops alike. Only the former lasts: `switches`, the context switches of all threads so far, then stays the
    /// same from one look to the next.
    Traced {
        /// Context switches of all threads.
        switches: u64,
    },
}

/// [`super::stop_of`] from the states of the threads, where a tracer's stops show by themselves.
#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
pub(crate) fn stop_of_threads(threads: &[(i32, State)]) -> Stop {
    let stopped = |state| matches!(state, State::Stopped | State::TracingStop);
    if threads.is_empty() || threads.iter().any(|&(_, state)| !stopped(state)) {
        Stop::No
    } else if threads.iter().any(|&(_, state)| state == State::TracingStop) {
        Stop::Traced { switches: 0 }
    } else {
        Stop::Stopped
    }
}
