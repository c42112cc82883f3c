//! Descendants where one call returns the whole table, parents included.

use super::state::Process;
use rustix::io::Errno;
use std::collections::HashMap;

/// Finds the descendants of a root, repeatedly.
///
/// Once found, a process is reported until it is gone, even if its parent exits and it is reparented elsewhere; one
/// whose ancestors were all gone at the first scan is found only if the root is a subreaper.
#[derive(Debug)]
pub struct Descendants {
    root: i32,
    /// The start time of each process found before.
    ours: HashMap<i32, u64>,
}

impl Descendants {
    /// The descendants of `root`, excluding itself.
    pub fn new(root: i32) -> Descendants {
        Descendants { root, ours: HashMap::new() }
    }

    /// There is only one method.
    pub fn prove(&mut self) {}

    /// The current descendants, zombies included, in ascending order of pid.
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
