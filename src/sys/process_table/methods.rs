//! Which ways of observing processes work here.

use super::read;
use crate::sys::platform::system;
use crate::sys::process;
use std::time::{Duration, Instant};

/// The ways of looking that work here, by the names that reports use.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Methods {
    /// Where states come from: `proc`, `sysctl`, `proc_pidinfo`, or `none`.
    pub table: &'static str,
    /// How a process that ended is noticed: `pidfd`, else the table.
    pub ended: &'static str,
    /// How a blocked call is recognised: `syscall` (`/proc/PID/syscall`), `wmesg` (the name of the kernel's wait
    /// channel), `state` (asleep, wherever that is), or `none`.
    pub blocked: &'static str,
}

/// Finds out, on a child made for it, which ways of looking work here.
///
/// It forks, so call it before there are threads. The child is killed and reaped.
pub fn probe() -> Methods {
    let table = if matches!(read(process::pid()), Ok(Some(p)) if p.pid == process::pid()) {
        system::TABLE
    } else {
        "none"
    };
    let mut methods = Methods { table, ended: table, blocked: "none" };
    let asleep = || {
        process::die_with_parent(Some(libc::SIGKILL));
        loop {
            process::pause();
        }
    };
    let Ok(child) = process::spawn(asleep) else {
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
