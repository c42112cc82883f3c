//! Descendants on systems where one call returns the whole table, parents included.

use super::state::Process;
use crate::sorted::sort_by_key;
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
    ours: HashMap<i32, Option<u64>>,
}

impl Descendants {
    /// The descendants of `root`, excluding itself.
    pub fn new(root: i32) -> Descendants {
        Descendants { root, ours: HashMap::new() }
    }

    /// The descendants of a process that the root forks after its last scan.
    pub fn of_child(&self, child: i32) -> Descendants {
        Descendants::new(child)
    }

    /// There is only one method.
    pub fn prove(&mut self) {}

    /// The current descendants, zombies included, in ascending order of pid.
    ///
    /// # Errors
    /// As [`super::read`].
    pub fn scan(&mut self) -> Result<Vec<Process>, Errno> {
        super::all().map(|table| self.find(table))
    }

    /// The descendants in a snapshot of the table.
    fn find(&mut self, mut others: Vec<Process>) -> Vec<Process> {
        others.retain(|p| p.pid != self.root);
        let before = std::mem::take(&mut self.ours);
        let mut found = Vec::new();
        loop {
            let generation = found.len();
            others.retain(|p| {
                let ours = p.ppid == self.root
                    || self.ours.contains_key(&p.ppid)
                    || before.get(&p.pid).is_some_and(|&start| p.is_still(start));
                if ours {
                    // The first start time that was seen is kept: a zombie may have none.
                    self.ours.insert(p.pid, before.get(&p.pid).copied().flatten().or(p.start));
                    found.push(p.clone());
                }
                !ours
            });
            if found.len() == generation {
                break;
            }
        }
        sort_by_key(&mut found, |p| p.pid);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::State;
    use super::*;

    fn pids(found: &[Process]) -> Vec<i32> {
        found.iter().map(|p| p.pid).collect()
    }

    #[test]
    fn an_orphan_stays_found_although_its_zombie_shows_no_start_time() {
        const ROOT: i32 = 10;
        let mut table = Descendants::new(1).of_child(ROOT);
        table.prove();
        let parent = Process::sample(11, ROOT, State::Running, Some(100));
        let child = Process::sample(12, 11, State::Running, Some(101));
        assert_eq!(pids(&table.find(vec![parent, child])), [11, 12]);
        // Its parent is gone, and process 1 has adopted it.
        let orphan = Process::sample(12, 1, State::Running, Some(101));
        assert_eq!(pids(&table.find(vec![orphan.clone()])), [12]);
        for _ in 0..2 {
            let zombie = Process { state: State::Zombie, start: None, ..orphan.clone() };
            assert_eq!(pids(&table.find(vec![zombie])), [12]);
        }
        // Another process with the same pid is not a descendant.
        let later = Process { start: Some(102), ..orphan };
        assert!(table.find(vec![later]).is_empty());
        assert!(table.scan().unwrap().is_empty());
    }
}
