//! The lower bound for a run: the time for as many bare forks as it has processes.

use crate::sorted::sort;
use crate::sys::process::{self, Forked, Reaped};
use std::time::{Duration, Instant};

/// How many forks are timed.
const FORKS: usize = 25;
/// How long a child may take to exit, and be reaped.
const PATIENCE: Duration = Duration::from_secs(10);

/// The median time to fork a child that exits at once, and to reap it. `None` if that does not work. Must be called while
/// there is one thread.
pub fn bare_fork() -> Option<Duration> {
    let mut times = (0..FORKS).map(|_| timed()).collect::<Option<Vec<_>>>()?;
    sort(&mut times);
    Some(times[FORKS / 2])
}

fn timed() -> Option<Duration> {
    let began = Instant::now();
    match process::fork() {
        Ok(Forked::Child) => process::exit_now(0),
        Ok(Forked::Parent(pid)) => {
            // Never blocks: the system's wait is what is under test.
            while matches!(process::reap(pid), Reaped::NotYet) {
                if began.elapsed() > PATIENCE {
                    return None;
                }
                std::thread::yield_now();
            }
            Some(began.elapsed())
        }
        Err(_) => None,
    }
}
