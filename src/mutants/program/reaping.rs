//! Ways to reap that miss children, wait too long or cost too much.

use crate::subject::init::{reap, reap_main, reap_of};
use crate::subject::wrapper::child;
use crate::sys::signal;
use crate::wait::{Errno, Event, WaitOptions, WaitTarget, try_waitpid};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Whatever can be reaped now, or an error if no children are left.
pub(super) fn look() -> Result<Option<(i32, Event)>, Errno> {
    let waited = try_waitpid(WaitTarget::Any, WaitOptions::NONE)?;
    Ok(waited.map(|(pid, status)| (pid.as_raw_pid(), status.event())))
}

/// Reaps one child for each SIGCHLD, although SIGCHLDs coalesce.
pub(super) fn reap_one_each() -> Result<(i32, Event), Errno> {
    loop {
        let _ = signal::block(libc::SIGCHLD);
        let _ = signal::wait_for(libc::SIGCHLD, Duration::from_secs(3600));
        if let Some(reaped) = look()? {
            return Ok(reaped);
        }
    }
}

/// Reaps all zombies at each SIGCHLD, but reports the main child only if the SIGCHLD was for it.
pub(super) fn reap_by_siginfo() -> Result<(i32, Event), Errno> {
    loop {
        let _ = signal::block(libc::SIGCHLD);
        let Ok(record) = signal::wait_for(libc::SIGCHLD, Duration::from_secs(3600)) else { continue };
        let mut main = None;
        while let Ok(Some((pid, event))) = look() {
            if pid == child() && record.pid == pid {
                main = Some((pid, event));
            }
        }
        if let Some(main) = main {
            return Ok(main);
        }
    }
}

/// Never sleeps.
pub(super) fn reap_busily() -> Result<(i32, Event), Errno> {
    loop {
        if let Some(reaped) = look()? {
            return Ok(reaped);
        }
    }
}

/// Sleeps, but not until a child has terminated.
pub(super) fn reap_now_and_then() -> Result<(i32, Event), Errno> {
    loop {
        if let Some(reaped) = look()? {
            return Ok(reaped);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sleeps a second at most, unless a child has terminated meanwhile.
pub(super) fn reap_each_second() -> Result<(i32, Event), Errno> {
    loop {
        if let Some(reaped) = look()? {
            return Ok(reaped);
        }
        let _ = signal::block(libc::SIGCHLD);
        let _ = signal::wait_for(libc::SIGCHLD, Duration::from_secs(1));
    }
}

/// Reaps all that can be reaped, and reports the main child with the status of the last one.
pub(super) fn reap_batch() -> Result<(i32, Event), Errno> {
    let mut batch = vec![reap()?];
    while let Ok(Some(reaped)) = look() {
        batch.push(reaped);
    }
    let last = batch[batch.len() - 1];
    match batch.iter().any(|(pid, _)| *pid == child()) {
        true => Ok((child(), last.1)),
        false => Ok(last),
    }
}

/// Does not reap anything that has ever stopped, since it takes a stop for a termination.
pub(super) fn reap_or_stop() -> Result<(i32, Event), Errno> {
    reap_of(WaitTarget::Any, WaitOptions::UNTRACED)
}

/// Keeps a record of everything it has reaped.
pub(super) fn reap_and_keep() -> Result<(i32, Event), Errno> {
    let reaped = reap()?;
    std::mem::forget(vec![1_u8; 8192]);
    Ok(reaped)
}

/// Opens a descriptor for each child that it reaps.
pub(super) fn reap_and_open() -> Result<(i32, Event), Errno> {
    let reaped = reap()?;
    std::mem::forget(rustix::io::dup(rustix::stdio::stdout()));
    Ok(reaped)
}

/// Reaps nothing while the main child is stopped.
pub(super) fn reap_unless_main_is_stopped() -> Result<(i32, Event), Errno> {
    loop {
        let reaped = reap_of(WaitTarget::Any, WaitOptions::UNTRACED)?;
        match reaped.1 {
            Event::Stopped { .. } if reaped.0 == child() => {
                let main = crate::wait::Pid::from_raw(child()).ok_or(Errno::CHILD)?;
                let resumed = reap_of(WaitTarget::Pid(main), WaitOptions::CONTINUED)?;
                if !matches!(resumed.1, Event::Continued) {
                    return Ok(resumed);
                }
            }
            Event::Stopped { .. } => {}
            _ => return Ok(reaped),
        }
    }
}

/// Reaps only the first ten.
pub(super) fn reap_ten() -> Result<(i32, Event), Errno> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    if COUNT.fetch_add(1, Ordering::Relaxed) < 10 { reap() } else { reap_main() }
}

/// Does not reap orphans killed by a signal.
pub(super) fn reap_the_exited() -> Result<(i32, Event), Errno> {
    static KILLED: AtomicBool = AtomicBool::new(false);
    if KILLED.load(Ordering::Relaxed) {
        return reap_main();
    }
    let reaped = reap()?;
    if matches!(reaped.1, Event::Signaled { .. }) {
        KILLED.store(true, Ordering::Relaxed);
    }
    Ok(reaped)
}
