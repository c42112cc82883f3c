//! A gate in memory that this process shares with its forks: whoever waits at it spins, and proceeds as soon as it
//! opens.

use crate::sys::makeshift;
use rustix::io::Errno;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The generation that may pass, and the last one that has arrived.
struct Gate {
    open: AtomicU32,
    arrived: AtomicU32,
}

/// The limit on spinning, so that no process spins forever.
const PATIENCE: Duration = Duration::from_secs(5);

fn gate() -> Result<&'static Gate, Errno> {
    static GATE: OnceLock<Result<usize, i32>> = OnceLock::new();
    let mapped = GATE.get_or_init(|| {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANON;
        // SAFETY: a new mapping, at an address that the system chooses.
        let place = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<Gate>(), protection, flags, -1, 0) };
        if place == libc::MAP_FAILED {
            return Err(super::last_errno().raw_os_error());
        }
        Ok(place.expose_provenance())
    });
    match mapped {
        // SAFETY: a mapping of zeros, as large and as aligned as the gate, that is never unmapped.
        Ok(place) => Ok(unsafe { &*std::ptr::with_exposed_provenance(*place) }),
        Err(errno) => Err(Errno::from_raw_os_error(*errno)),
    }
}

fn spin_until(reached: impl Fn() -> bool, patience: Duration) -> bool {
    let began = Instant::now();
    while !reached() {
        if began.elapsed() > patience {
            return false;
        }
        std::hint::spin_loop();
    }
    true
}

/// Creates a child that waits at the gate, and then exits with this code; returns its pid once it has arrived there.
///
/// # Errors
/// Those of the system; `ETIMEDOUT` if the child did not arrive.
pub fn child(code: i32) -> Result<i32, Errno> {
    child_that_spins(code, PATIENCE)
}

/// The same; the child spins for so long, and then sleeps between two looks: a parent that is stopped or starved opens the
/// gate late, and that is not to be seen in the exit code.
fn child_that_spins(code: i32, patience: Duration) -> Result<i32, Errno> {
    let gate = gate()?;
    let own = gate.open.load(Ordering::SeqCst) + 1;
    let parent = super::pid();
    let pid = super::spawn(|| {
        gate.arrived.store(own, Ordering::SeqCst);
        let is_open = || gate.open.load(Ordering::SeqCst) >= own;
        if !spin_until(is_open, patience) {
            while !is_open() && super::parent_pid() == parent {
                makeshift::pause(LOOK);
            }
        }
        code
    })?;
    let arrived = || gate.arrived.load(Ordering::SeqCst) == own;
    if spin_until(arrived, PATIENCE) { Ok(pid) } else { Err(Errno::TIMEDOUT) }
}

/// The time between two looks at a gate that is not opened for long.
const LOOK: Duration = Duration::from_millis(1);

/// Opens the gate for the last child, and returns after this delay, without giving up the processor.
///
/// # Errors
/// Those of the system.
pub fn open(delay: Duration) -> Result<(), Errno> {
    let gate = gate()?;
    let began = Instant::now();
    gate.open.fetch_add(1, Ordering::SeqCst);
    while began.elapsed() < delay {
        std::hint::spin_loop();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{TestChild, until};
    use super::*;
    use crate::sys::process_table::{self, State};

    #[test]
    fn a_gate_that_opens_late_is_no_other_exit_code() {
        let child = TestChild(child_that_spins(7, Duration::ZERO).unwrap());
        until(|| process_table::read(child.0).unwrap().unwrap().state != State::Running);
        open(Duration::ZERO).unwrap();
        assert_eq!(child.end(), 7);
    }
}
