//! A gate in memory that this process and its forks share: who waits at it spins, and goes on as soon as it opens.

use rustix::io::Errno;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The generation that may pass, and the last one that has arrived.
struct Gate {
    open: AtomicU32,
    arrived: AtomicU32,
}

/// How long anybody spins: nobody may stay for ever.
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

fn spin_until(reached: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while !reached() {
        if began.elapsed() > PATIENCE {
            return false;
        }
        std::hint::spin_loop();
    }
    true
}

/// Makes a child that waits at the gate, and then exits with that code; its pid. It is there when this returns.
///
/// # Errors
/// Those of the system; `ETIMEDOUT` if the child did not get there.
pub fn child(code: i32) -> Result<i32, Errno> {
    let gate = gate()?;
    let own = gate.open.load(Ordering::SeqCst) + 1;
    let pid = super::spawn(|| {
        gate.arrived.store(own, Ordering::SeqCst);
        if spin_until(|| gate.open.load(Ordering::SeqCst) >= own) { code } else { LATE }
    })?;
    if spin_until(|| gate.arrived.load(Ordering::SeqCst) == own) { Ok(pid) } else { Err(Errno::TIMEDOUT) }
}

/// The exit code of a child for which the gate did not open.
const LATE: i32 = 99;

/// Opens the gate for the last child, and comes back that long afterwards, without giving up the processor.
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
