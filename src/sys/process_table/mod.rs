//! The state of processes, seen without any wait call.
//!
//! What is judged cannot be the witness: driver and warden learn from here (and from pidfds, [`super::process`])
//! that a process ended, stopped or blocks. One file per system; each offers `read`, `all`, `threads`, `scan` and
//! `asleep`, and this page the questions that are asked of them.
//!
//! Every answer is a snapshot, old as soon as it is given, save three that last until somebody acts: a zombie stays
//! one until it is waited for, a stopped process until it is continued or killed, a sleeper until it is woken.

use crate::sys::platform::system;
use rustix::io::Errno;
use std::time::{Duration, Instant};

#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "whole_table.rs")]
mod descendants;
pub mod methods;
pub(crate) mod state;

pub use descendants::Descendants;
pub use state::{Asleep, Process, State, Stop};

/// Reads one process; `None` when there is none of that pid.
///
/// # Errors
/// `ENOSYS` where there is no process table to read, or one that speaks of other pids than ours (a `/proc` from
/// outside of our PID namespace); else what the system said.
pub fn read(pid: i32) -> Result<Option<Process>, Errno> {
    if pid <= 0 {
        return Ok(None);
    }
    system::read(pid)
}

/// Every process that can be seen.
///
/// # Errors
/// As [`read`].
pub fn all() -> Result<Vec<Process>, Errno> {
    system::all()
}

/// Whether an emulator of a processor (qemu-user) runs this program, which then is what the table shows in its place.
pub fn is_emulated() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return system::is_emulated();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    false
}

/// The threads of a process with their states; empty when there is no such process or the system does not tell.
pub fn threads(pid: i32) -> Vec<(i32, State)> {
    if pid <= 0 { Vec::new() } else { system::threads(pid) }
}

/// The number of the system call in which a thread sleeps (Linux: `/proc/PID/task/TID/syscall`).
///
/// `None` when it is awake or gone, where the file cannot be read (another user's process, a sandbox), and on every
/// other system.
pub fn syscall_of(pid: i32, tid: i32) -> Option<i64> {
    system::syscall_of(pid, tid)
}

/// Whether that is the number of a system call of the wait family, in the numbers of this program's own ABI.
pub fn is_wait_syscall(number: i64) -> bool {
    system::WAIT_SYSCALLS.contains(&number)
}

/// Whether a process has ended and can be waited for by its parent.
///
/// A first thread that ended before the others shows as a zombie too, and is not waitable; nor is a process that
/// somebody else than its parent still traces.
pub fn is_zombie(pid: i32) -> bool {
    matches!(read(pid), Ok(Some(p)) if p.is_waitable_zombie())
}

impl Process {
    /// [`is_zombie`] of this snapshot.
    pub fn is_waitable_zombie(&self) -> bool {
        self.state == State::Zombie && self.threads.is_none_or(|n| n <= 1) && !self.has_another_tracer()
    }

    /// Whether somebody else than its parent traces it: the parent is told of its end after that one.
    pub fn has_another_tracer(&self) -> bool {
        self.traced && self.tracer != Some(self.ppid)
    }
}

/// Whether a process is stopped, every thread of it.
pub fn stop_of(pid: i32) -> Stop {
    if pid <= 0 { Stop::No } else { system::stop_of(pid) }
}

/// Whether a process is stopped at this moment; of a traced one it may be a short stop of the tracer's
/// ([`LastingStop`] tells them apart).
pub fn is_stopped(pid: i32) -> bool {
    stop_of(pid) != Stop::No
}

/// Waits, look by look, for a stop by job control.
///
/// Without a tracer one look is enough. A tracer's own stops (strace makes two at each system call) are short: a stop
/// counts as lasting once nothing moved for [`LastingStop::STILL`].
#[derive(Debug)]
pub struct LastingStop {
    pid: i32,
    still: Option<(u64, Instant)>,
}

impl LastingStop {
    /// How long a traced process must not move: far longer than a tracer takes, on a busy machine too.
    pub const STILL: Duration = Duration::from_millis(100);

    /// Nothing was seen yet.
    pub fn of(pid: i32) -> LastingStop {
        LastingStop { pid, still: None }
    }

    /// Looks once; whether the process is stopped, and not by its tracer only.
    pub fn holds(&mut self) -> bool {
        match (stop_of(self.pid), self.still) {
            (Stop::Stopped, _) => return true,
            (Stop::No, _) => self.still = None,
            (Stop::Traced { switches }, Some((seen, since))) if seen == switches => {
                return since.elapsed() >= LastingStop::STILL;
            }
            (Stop::Traced { switches }, _) => self.still = Some((switches, Instant::now())),
        }
        false
    }
}

/// Whether a thread sleeps in a wait call. `tid` is what [`super::process::thread_id`] said in that thread.
///
/// On systems other than Linux the answer is about the process where its threads cannot be seen.
pub fn is_asleep_in_wait(pid: i32, tid: i32) -> Asleep {
    if pid <= 0 { Asleep::Unknown } else { system::asleep(pid, tid) }
}

#[cfg(test)]
mod tests;
