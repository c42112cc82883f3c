//! Which methods of observing processes work on this system.

use super::read;
use crate::sys::platform::system;
use crate::sys::process;
use std::time::{Duration, Instant};

/// The working methods, by their names in reports.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Methods {
    /// The source of states: `proc`, `sysctl`, `proc_pidinfo`, or `none`.
    pub table: &'static str,
    /// How exits are noticed: `pidfd`, or the table.
    pub ended: &'static str,
    /// How blocked calls are recognized: `syscall` (`/proc/PID/syscall`), `wmesg` (the name of the kernel's wait
    /// channel), `state` (asleep anywhere), or `none`.
    pub blocked: &'static str,
}

/// Determines which methods work here, with a child forked for the purpose.
///
/// It forks, so call it while single-threaded. The child is killed and reaped.
pub fn probe() -> Methods {
    let table = if matches!(read(process::pid()), Ok(Some(p)) if p.pid == process::pid()) {
        system::TABLE
    } else {
        "none"
    };
    let mut methods = Methods { table, ended: table, blocked: "none" };
    let us = process::pid();
    let Ok(child) = process::spawn(|| process::sleep_until_parent_ends(us)) else {
        return methods;
    };
    let handle = process::Handle::open(child);
    if let Ok(h) = &handle
        && h.poll_fd().is_some()
    {
        methods.ended = h.method();
    }
    let deadline = Instant::now() + Duration::from_secs(2);
    while table != "none" && Instant::now() < deadline {
        if matches!(read(child), Ok(Some(p)) if p.state.is_asleep()) {
            methods.blocked = system::blocked_method(child);
            break;
        }
        std::thread::yield_now();
    }
    process::kill_and_reap(child);
    methods
}
