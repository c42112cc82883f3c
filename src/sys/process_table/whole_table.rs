//! Descendants where one call gives the whole table, parents included.

use super::state::Process;
use rustix::io::Errno;
use std::collections::HashMap;

/// Finds the processes below a root, again and again.
///
/// Once found, a process stays found until it is gone, even when its parent ended and the system gave it to somebody
/// else; one whose ancestors were all gone at the first look is found only where the root is a subreaper.
#[derive(Debug)]
pub struct Descendants {
    root: i32,
    /// When each of those found before started.
    ours: HashMap<i32, u64>,
}

impl Descendants {
    /// Descendants of `root`, which itself is not among them.
    pub fn new(root: i32) -> Descendants {
        Descendants { root, ours: HashMap::new() }
    }

    /// There is one way only to search.
    pub fn prove(&mut self) {}

    /// The processes below the root that exist now, zombies included, in ascending order of pid.
    ///
    /// # Errors
    /// As [`super::read`].
    pub fn scan(&mut self) -> Result<Vec<Process>, Errno> {
        let mut others = super::all()?;
        others.retain(|p| p.pid != self.root);
        let before = std::mem::take(&mut self.ours);
        let mut found = Vec::new();
        loop {
            let generation = found.len();
            others.retain(|p| {
                let ours = p.ppid == self.root
                    || self.ours.contains_key(&p.ppid)
                    || before.get(&p.pid) == Some(&p.start);
                if ours {
                    self.ours.insert(p.pid, p.start);
                    found.push(p.clone());
                }
                !ours
            });
            if found.len() == generation {
                break;
            }
        }
        found.sort_unstable_by_key(|p| p.pid);
        Ok(found)
    }
}
