//! Processes left behind by killed wardens: the driver adopts and kills them at the end of the run.
//!
//! A warden kills all its descendants on exit. A warden that is itself killed cannot, and its orphans outlive it.

use crate::sys::process::{self, kill_and_reap};
use crate::sys::process_table::Descendants;
use std::time::{Duration, Instant};

/// The time limit for clearing up: something that forks faster than it is killed is not caught.
const LIMIT: Duration = Duration::from_secs(10);

/// The processes reparented to the driver when a warden is killed.
pub(crate) struct OrphanReaper {
    below: Descendants,
    /// Whether the driver adopts orphans.
    adopts: bool,
}

impl OrphanReaper {
    /// For a driver that adopts nothing.
    pub(crate) fn none() -> OrphanReaper {
        OrphanReaper { below: Descendants::new(process::pid()), adopts: false }
    }

    /// Makes this process a subreaper, if the system supports it, the process is not pid 1 (which reaps orphans
    /// anyway), and none of the orphans adopted can be anyone else's. Must be called before the first warden is forked.
    pub(crate) fn adopt() -> OrphanReaper {
        let mut below = Descendants::new(process::pid());
        // Children that the process had before an exec may have orphans of their own.
        let alone = below.scan().is_ok_and(|found| found.is_empty());
        let adopts = process::pid() != 1 && alone && process::set_subreaper(true).is_ok();
        OrphanReaper { below, adopts }
    }

    /// The descendants of a warden that is forked from now on.
    pub(crate) fn below(&self, warden: i32) -> Descendants {
        self.below.of_child(warden)
    }

    /// Kills and reaps the adopted processes. The wardens exit when their streams close; anything else this program has
    /// started is in the program's own session, while every agent leads another one.
    pub(crate) fn clear(&mut self, wardens: &[i32]) {
        if !self.adopts {
            return;
        }
        let us = process::pid();
        let Ok(session) = process::session_of(us) else { return };
        let began = Instant::now();
        while began.elapsed() < LIMIT {
            let Ok(found) = self.below.scan() else { break };
            let left: Vec<_> = found.iter().filter(|p| p.sid != session && !p.is_waitable_zombie()).collect();
            if left.is_empty() {
                break;
            }
            let adopted = left.iter().filter(|p| p.ppid == us && !wardens.contains(&p.pid));
            let adopted: Vec<i32> = adopted.map(|p| p.pid).collect();
            if adopted.is_empty() {
                // A warden whose stream has closed is exiting: its descendants die with it, or are reparented to us.
                crate::sys::makeshift::pause(Duration::from_micros(200));
            }
            // Their own children are reparented to us when they die.
            for pid in adopted {
                kill_and_reap(pid);
            }
        }
        let _ = process::set_subreaper(false);
    }
}
