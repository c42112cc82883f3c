//! What wardens that were killed leave behind: the driver adopts it, and ends it when the run is over.
//!
//! A warden ends everything below itself when it goes. One that is killed cannot, and its orphans have nobody to die with.

use crate::sys::process::{self, kill_and_reap};
use crate::sys::process_table::Descendants;
use std::time::{Duration, Instant};

/// How long a look for what is left may go on: something that forks faster than it is killed is not caught.
const LIMIT: Duration = Duration::from_secs(10);

/// The processes that become the driver's when a warden is killed.
pub(crate) struct OrphanReaper {
    /// Nothing where the driver does not adopt.
    below: Option<Descendants>,
}

impl OrphanReaper {
    /// Of a driver that adopts nothing.
    pub(crate) fn none() -> OrphanReaper {
        OrphanReaper { below: None }
    }

    /// Has orphans below this process become its children, where the system offers that, it is not so already (the first
    /// process of a system adopts all), and nobody else's can be among them. Called before the first warden is forked.
    pub(crate) fn adopt() -> OrphanReaper {
        let mut below = Descendants::new(process::pid());
        // Children from before an exec may have orphans of their own.
        let alone = below.scan().is_ok_and(|found| found.is_empty());
        let adopts = process::pid() != 1 && alone && process::set_subreaper(true).is_ok();
        OrphanReaper { below: adopts.then_some(below) }
    }

    /// Ends what was adopted. The wardens themselves go when their streams end; and what else this program may have started
    /// meanwhile is in its own session, while every agent leads another.
    pub(crate) fn clear(&mut self, wardens: &[i32]) {
        let Some(below) = &mut self.below else { return };
        let us = process::pid();
        let Ok(session) = process::session_of(us) else { return };
        let began = Instant::now();
        while began.elapsed() < LIMIT {
            let Ok(found) = below.scan() else { break };
            let left: Vec<_> = found.iter().filter(|p| p.sid != session && !p.is_waitable_zombie()).collect();
            if left.is_empty() {
                break;
            }
            let adopted = left.iter().filter(|p| p.ppid == us && !wardens.contains(&p.pid));
            let adopted: Vec<i32> = adopted.map(|p| p.pid).collect();
            if adopted.is_empty() {
                // A warden whose stream has ended is on its way: what is below it goes with it, or comes to us then.
                std::thread::sleep(Duration::from_micros(200));
            }
            // What is below them comes to us when they have ended.
            for pid in adopted {
                kill_and_reap(pid);
            }
        }
        let _ = process::set_subreaper(false);
    }
}
