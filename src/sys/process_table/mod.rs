//! The state of processes, observed without any wait call.
//!
//! What is under test cannot be the witness: driver and warden learn from here (and from pidfds, [`super::process`])
//! that a process has exited, stopped or blocked. One file per system provides `read`, `all`, `threads`, `scan` and
//! `asleep`; this module provides the queries built on them.
//!
//! Every answer is a snapshot, possibly already stale, except for three states that persist until someone acts: a
//! zombie until it is reaped, a stopped process until it is continued or killed, a sleeper until it is woken.

use crate::sys::platform::system;
use rustix::io::Errno;
use std::time::{Duration, Instant};

#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "whole_table.rs")]
mod descendants;
// On other systems this file is `descendants`; its tests run on any system.
pub mod methods;
pub(crate) mod state;
#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod whole_table;

pub use descendants::Descendants;
pub use state::{Asleep, Process, State, StopState};

/// Reads one process; `None` if there is no such pid.
///
/// # Errors
/// `ENOSYS` if there is no process table, or one with other pids than ours (a `/proc` from outside our PID namespace);
/// otherwise those of the system.
pub fn read(pid: i32) -> Result<Option<Process>, Errno> {
    if pid <= 0 {
        return Ok(None);
    }
    system::read(pid)
}

/// A cheaper [`read`]: owner and tracer are read only if the process is stopped or dead.
///
/// # Errors
/// As [`read`].
pub fn glance(pid: i32) -> Result<Option<Process>, Errno> {
    if pid <= 0 {
        return Ok(None);
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return system::glance(pid);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    system::read(pid)
}

/// Whether there is a process table, as far as is known.
pub fn is_there() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return system::check_table().is_ok();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    matches!(read(crate::sys::process::pid()), Ok(Some(_)))
}

/// Treats the process table as absent, since it does not show the processes that exist. For this process and its forks.
pub fn distrust() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    system::distrust();
}

/// All visible processes.
///
/// # Errors
/// As [`read`].
pub fn all() -> Result<Vec<Process>, Errno> {
    system::all()
}

/// Whether this program runs under a CPU emulator (qemu-user), which the table then shows in its place.
pub fn is_emulated() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return system::is_emulated();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    false
}

/// The threads of a process with their states; empty if there is no such process or its threads are not visible.
pub fn threads(pid: i32) -> Vec<(i32, State)> {
    if pid <= 0 { Vec::new() } else { system::threads(pid) }
}

/// The number of the system call a thread sleeps in (Linux: `/proc/PID/task/TID/syscall`).
///
/// `None` if it is awake or gone, if the file is not readable (another user's process, a sandbox), and on every other
/// system.
pub fn syscall_of(pid: i32, tid: i32) -> Option<i64> {
    system::syscall_of(pid, tid)
}

/// How many times a thread has voluntarily given up its processor so far; `None` if that is not visible.
pub fn voluntary_switches(pid: i32, tid: i32) -> Option<u64> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return system::voluntary_switches(pid, tid);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (pid, tid);
        None
    }
}

/// The signals that a process catches, or blocks to accept them synchronously; `None` if that is not visible.
pub fn caught_signals(pid: i32) -> Option<Vec<i32>> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return if pid <= 0 { None } else { system::caught_signals(pid) };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = pid;
        None
    }
}

/// How many descriptors a process has; `None` if that is not visible.
pub fn descriptors(pid: i32) -> Option<usize> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return if pid <= 0 { None } else { system::descriptors(pid) };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = pid;
        None
    }
}

/// How many bytes of a process are in memory; `None` if that is not visible.
pub fn resident_bytes(pid: i32) -> Option<u64> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return if pid <= 0 { None } else { system::resident_bytes(pid) };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = pid;
        None
    }
}

/// Whether this is the number of a wait system call, in this program's own ABI.
pub fn is_wait_syscall(number: i64) -> bool {
    system::WAIT_SYSCALLS.contains(&number)
}

/// Whether a process has terminated and its parent can wait for it.
///
/// A leader that exited before the other threads appears as a zombie too, but is not waitable; nor is a process with a
/// tracer other than its parent.
pub fn is_zombie(pid: i32) -> bool {
    matches!(glance(pid), Ok(Some(p)) if p.is_waitable_zombie())
}

impl Process {
    /// [`is_zombie`] of this snapshot.
    pub fn is_waitable_zombie(&self) -> bool {
        self.state == State::Zombie && self.threads.is_none_or(|n| n <= 1) && !self.has_another_tracer()
    }

    /// Whether it has a tracer other than its parent: its exit is reported to the tracer first, then to the parent.
    pub fn has_another_tracer(&self) -> bool {
        self.traced && self.tracer != Some(self.ppid)
    }
}

/// Whether a process is stopped, with all its threads.
pub fn stop_of(pid: i32) -> StopState {
    if pid <= 0 { StopState::No } else { system::stop_of(pid) }
}

/// Whether a process is currently stopped; if traced, this may be a brief stop of the tracer's ([`LastingStop`]
/// distinguishes them).
pub fn is_stopped(pid: i32) -> bool {
    stop_of(pid) != StopState::No
}

/// Polls for a job-control stop.
///
/// Without a tracer, one poll suffices. A tracer's own stops (strace makes two per system call) are brief: a stop
/// counts as lasting once nothing has moved for [`LastingStop::STILL`].
#[derive(Debug)]
pub struct LastingStop {
    pid: i32,
    still: Option<(u64, Instant)>,
}

impl LastingStop {
    /// How long a traced process must stay still: far longer than a tracer takes, even on a busy machine.
    pub const STILL: Duration = Duration::from_millis(100);

    /// Nothing seen yet.
    pub fn of(pid: i32) -> LastingStop {
        LastingStop { pid, still: None }
    }

    /// Polls once; returns whether the process is stopped, and not only by its tracer.
    pub fn holds(&mut self) -> bool {
        match (stop_of(self.pid), self.still) {
            (StopState::Stopped, _) => return true,
            (StopState::No, _) => self.still = None,
            (StopState::Traced { switches }, Some((seen, since))) if seen == switches => {
                return since.elapsed() >= LastingStop::STILL;
            }
            (StopState::Traced { switches }, _) => self.still = Some((switches, Instant::now())),
        }
        false
    }
}

/// Whether a thread sleeps in a wait call. `tid` is the result of [`super::process::thread_id`] in that thread.
///
/// On systems other than Linux, this refers to the whole process if its threads are not visible.
pub fn is_asleep_in_wait(pid: i32, tid: i32) -> Asleep {
    if pid <= 0 { Asleep::Unknown } else { system::asleep(pid, tid) }
}

#[cfg(test)]
mod tests;
