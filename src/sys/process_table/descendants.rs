//! Descendants on Linux: from the kernel's lists of children, or from the parent of every process.

use super::state::Process;
use crate::sorted::sort_by_key;
use crate::sys::platform::system::{children, glance, pids, stat_of};
use rustix::io::Errno;
use std::collections::{HashMap, HashSet};

/// How many times both methods must agree before the lists alone are used.
const AGREEMENTS: u8 = 2;

/// Finds the descendants of a root, repeatedly.
///
/// The lists of children (`/proc/PID/task/TID/children`) cost a few files however many processes the machine has, but
/// they are a kernel build option, and may skip a child while another one is being reaped (proc(5)). So they are
/// trusted only after agreeing with the whole table, and the root's own list, which shows what is left at the end, is
/// read until it is stable. Only the root reaps the processes in it.
///
/// Once found, a process is reported until it is gone, even if its parent exits and it is reparented elsewhere; one
/// whose ancestors were all gone at the first scan is found only if the root is a subreaper.
#[derive(Debug)]
pub struct Descendants {
    root: i32,
    /// The start time of each process found before.
    ours: HashMap<i32, Option<u64>>,
    whole: WholeTable,
    lists: Trust,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Trust {
    /// How many times both methods have agreed.
    Agreed(u8),
    No,
}

impl Descendants {
    /// The descendants of `root`, excluding itself.
    pub fn new(root: i32) -> Descendants {
        let whole = WholeTable { root, known: HashMap::new() };
        Descendants { root, ours: HashMap::new(), whole, lists: Trust::Agreed(0) }
    }

    /// The descendants of a process that the root forks after its last scan. What was not below the root is not below
    /// that process either, and its parent is not read again.
    pub fn of_child(&self, child: i32) -> Descendants {
        let foreign = self.whole.known.iter().filter(|(_, (_, kin))| *kin == Kin::Foreign);
        let known = foreign.map(|(&pid, &seen)| (pid, seen)).collect();
        Descendants { whole: WholeTable { root: child, known }, ..Descendants::new(child) }
    }

    /// The current descendants, zombies included, in ascending order of pid.
    ///
    /// # Errors
    /// As [`super::read`].
    pub fn scan(&mut self) -> Result<Vec<Process>, Errno> {
        let found = match self.lists {
            Trust::No => self.whole.scan()?,
            Trust::Agreed(AGREEMENTS) => match self.by_lists() {
                Ok(found) => found,
                // A list that was readable no longer is: a thread other than the leader is in an exec, or file
                // descriptors are short.
                Err(_) => self.whole.scan()?,
            },
            Trust::Agreed(times) => {
                let found = self.whole.scan()?;
                let pids = |processes: &[Process]| processes.iter().map(|p| p.pid).collect::<Vec<_>>();
                // Processes that start or exit in the meantime make them differ, too.
                self.lists = match self.by_lists() {
                    Ok(listed) if pids(&listed) == pids(&found) => {
                        Trust::Agreed(times + u8::from(!found.is_empty()))
                    }
                    Ok(_) => Trust::Agreed(0),
                    Err(_) => Trust::No,
                };
                found
            }
        };
        self.ours = found.iter().map(|p| (p.pid, p.start)).collect();
        Ok(found)
    }

    /// Chooses the method, at a moment when there are descendants.
    pub fn prove(&mut self) {
        for _ in 0..AGREEMENTS {
            let _ = self.scan();
        }
    }

    fn by_lists(&self) -> Result<Vec<Process>, Errno> {
        let mut found: HashMap<i32, Process> = HashMap::new();
        for (&pid, &start) in &self.ours {
            if let Some(process) = glance(pid)?.filter(|p| p.is_still(start)) {
                self.add_family(process, &mut found)?;
            }
        }
        let mut before = None;
        loop {
            let below_root = children(self.root, None)?;
            for &pid in &below_root {
                if !found.contains_key(&pid)
                    && let Some(process) = glance(pid)?
                {
                    self.add_family(process, &mut found)?;
                }
            }
            if below_root.is_empty() || before.as_ref() == Some(&below_root) {
                break;
            }
            before = Some(below_root);
        }
        let mut found: Vec<Process> = found.into_values().collect();
        sort_by_key(&mut found, |p| p.pid);
        Ok(found)
    }

    /// Adds a process and its descendants.
    fn add_family(&self, process: Process, found: &mut HashMap<i32, Process>) -> Result<(), Errno> {
        let mut left = vec![process];
        while let Some(process) = left.pop() {
            // A zombie has no children, unless it is a leader that exited before the other threads.
            let below = if process.is_waitable_zombie() {
                Vec::new()
            } else {
                children(process.pid, process.threads)?
            };
            found.insert(process.pid, process);
            for pid in below {
                if !found.contains_key(&pid) {
                    left.extend(glance(pid)?);
                }
            }
        }
        Ok(())
    }
}

/// The parent of every process, and a cache of those that are not descendants: a second scan costs one directory and
/// the files of new processes. A process is remembered by its pid and the inode of its directory, which a later process
/// with the same pid does not share.
#[derive(Debug)]
struct WholeTable {
    root: i32,
    known: HashMap<i32, (u64, Kin)>,
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Kin {
    Ours,
    Foreign,
}

impl WholeTable {
    fn scan(&mut self) -> Result<Vec<Process>, Errno> {
        let listed = pids()?;
        let mut unknown = Vec::new();
        let mut present = HashSet::with_capacity(listed.len());
        for (pid, inode) in listed {
            present.insert(pid);
            match self.known.get(&pid) {
                Some(&(seen, _)) if seen == inode => {}
                _ => {
                    self.known.remove(&pid);
                    if pid != self.root {
                        unknown.push((pid, inode));
                    }
                }
            }
        }
        self.known.retain(|pid, _| present.contains(pid));
        self.settle(unknown)?;

        let mut found = Vec::new();
        for (&pid, &(_, kin)) in &self.known {
            if kin == Kin::Ours {
                found.extend(glance(pid)?);
            }
        }
        sort_by_key(&mut found, |p| p.pid);
        Ok(found)
    }

    /// Classifies the unknown processes by following their parents.
    fn settle(&mut self, mut unknown: Vec<(i32, u64)>) -> Result<(), Errno> {
        // Each round settles a generation. A parent that has exited in the meantime, or is younger than the list,
        // leaves a process undecided; another round reads its parent again, and what is still undecided waits for the
        // next scan.
        for _ in 0..64 {
            let mut left = Vec::new();
            let before = unknown.len();
            let mut parents = Vec::with_capacity(before);
            for (pid, inode) in unknown {
                if let Some(p) = stat_of(pid)? {
                    parents.push((pid, inode, p.ppid));
                }
            }
            // Ascending pids: parents mostly come before their children, so one pass settles most generations.
            for (pid, inode, ppid) in parents {
                let kin = match self.known.get(&ppid) {
                    _ if ppid == self.root => Kin::Ours,
                    // No parent: process 1, a kernel thread, or a process from outside our namespace.
                    _ if ppid == 0 => Kin::Foreign,
                    Some(&(_, kin)) => kin,
                    None => {
                        left.push((pid, inode));
                        continue;
                    }
                };
                self.known.insert(pid, (inode, kin));
            }
            if left.is_empty() {
                break;
            }
            unknown = left;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process;

    #[test]
    fn looking_again_costs_little() {
        let mut table = WholeTable { root: process::pid(), known: HashMap::new() };
        table.scan().unwrap();
        let foreign = table.known.len();
        // The inode of a process's directory is stable, so nothing unrelated is read twice.
        let inodes: HashMap<_, _> = table.known.iter().map(|(&pid, &(inode, _))| (pid, inode)).collect();
        table.scan().unwrap();
        let same = table.known.iter().filter(|(pid, (inode, _))| inodes.get(pid) == Some(inode)).count();
        assert!(same * 2 > foreign, "{same} of {foreign}");
    }

    #[test]
    fn a_child_of_the_root_inherits_what_is_not_below_the_root() {
        use crate::sys::process::tests::{TestChild, until};
        let us = process::pid();
        let before = TestChild::running(|| process::sleep_until_parent_ends(us));
        let mut ours = Descendants::new(process::pid());
        until(|| ours.scan().unwrap().iter().any(|p| p.pid == before.0));
        let after = TestChild::running(|| {
            let child = process::pid();
            if process::spawn(|| process::sleep_until_parent_ends(child)).is_err() {
                return 1;
            }
            process::sleep_until_parent_ends(us)
        });
        let mut below = ours.of_child(after.0);
        let foreign = ours.whole.known.values().filter(|(_, kin)| *kin == Kin::Foreign).count();
        assert_eq!(below.whole.known.len(), foreign);
        assert!(!below.whole.known.contains_key(&before.0));
        until(|| {
            let found = below.scan().unwrap();
            found.len() == 1 && found[0].ppid == after.0
        });
    }

    #[test]
    fn both_ways_find_the_same() {
        use crate::sys::process::tests::{TestChild, until};
        let us = process::pid();
        let parent = TestChild::running(|| {
            let parent = process::pid();
            for ends in [true, false, true] {
                let child =
                    process::spawn(move || if ends { 3 } else { process::sleep_until_parent_ends(parent) });
                if child.is_err() {
                    return 1;
                }
            }
            process::sleep_until_parent_ends(us)
        });
        let zombies = |found: &[Process]| found.iter().filter(|p| p.is_waitable_zombie()).count();
        let mut whole = WholeTable { root: parent.0, known: HashMap::new() };
        let three = |found: &[Process]| found.len() == 3 && zombies(found) == 2;
        until(|| three(&whole.scan().unwrap()));
        let mut both = Descendants::new(parent.0);
        match both.by_lists() {
            // The kernel was built without the lists.
            Err(Errno::NOENT) => {}
            listed => {
                assert!(three(&listed.unwrap()));
                for agreed in 1..=AGREEMENTS {
                    assert!(three(&both.scan().unwrap()));
                    assert_eq!(both.lists, Trust::Agreed(agreed));
                }
                assert!(three(&both.scan().unwrap()));
            }
        }
    }
}
