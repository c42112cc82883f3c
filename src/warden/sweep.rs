//! Closing a trial: kills and reaps all descendants of the warden.

use super::Warden;
use super::watch;
use crate::protocol::Line;
use crate::sorted::Set;
use crate::sys::process::{self, Handle, Reaped};
use crate::sys::process_table::{self, Descendants, State};
use crate::sys::signal;
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// The time limit for a killed process to die: in an uninterruptible sleep it takes as long as the device does.
const DYING: Duration = Duration::from_secs(10);

/// Finds and kills the descendants of the warden.
pub(super) struct Sweeper {
    below: Descendants,
    /// Whether orphans are reparented to us. If not, they must be found before their parents exit.
    adopts: bool,
    /// Zombies the system would not let us reap, because its wait is faulty. They disappear with the warden.
    stuck: Set<i32>,
    /// Zombies of earlier trials that another process has to reap, since we adopt none: no hurry.
    elsewhere: Set<i32>,
}

impl Sweeper {
    pub(super) fn new(mut below: Descendants, adopts: bool) -> Sweeper {
        let mut stuck = Set::new();
        // How to search the process table can be determined only when there is something to find.
        let us = process::pid();
        if let Ok(pid) = process::spawn(|| process::sleep_until_parent_ends(us)) {
            if matches!(process_table::glance(pid), Ok(None)) {
                // A table that shows only this process.
                process_table::distrust();
            }
            let _ = process::kill(pid, libc::SIGKILL);
            let began = Instant::now();
            let alive = || matches!(process_table::glance(pid), Ok(Some(p)) if !p.is_waitable_zombie());
            while alive() && began.elapsed() < DYING {
                std::thread::yield_now();
            }
            below.prove();
            if process_table::is_zombie(pid) {
                process::prove_descriptors(pid);
            }
            if !matches!(process::reap(pid), Reaped::Gone(_)) {
                stuck.insert(pid);
            }
        }
        Sweeper { below, adopts, stuck, elsewhere: Set::new() }
    }

    /// Whether a process is a descendant of the warden.
    pub(super) fn is_below_us(&self, pid: i32) -> bool {
        let us = process::pid();
        let mut at = pid;
        // Deeper than any trial. There are no loops, but a table read while it changes may appear to have one.
        for _ in 0..64 {
            match process_table::glance(at) {
                Ok(Some(p)) if p.ppid == us => return true,
                Ok(Some(p)) if p.ppid > 1 => at = p.ppid,
                _ => return false,
            }
        }
        false
    }

    /// Whether there is a process table that shows us, and so our descendants.
    pub(super) fn has_a_table(&self) -> bool {
        process_table::is_there()
    }

    /// The current descendants.
    pub(super) fn processes(&mut self) -> Vec<process_table::Process> {
        self.below.scan().unwrap_or_default()
    }

    /// The pids of the current descendants.
    pub(super) fn pids(&mut self) -> Vec<i32> {
        self.processes().into_iter().map(|p| p.pid).collect()
    }

    /// Whether a process is certainly not ours: it is alive, and its ancestors lead elsewhere.
    pub(super) fn is_elsewhere(&self, pid: i32) -> bool {
        // An ancestor that exits between two looks breaks the chain. Almost all processes are ours: the chain comes first,
        // and that is all that is read of them.
        self.adopts
            && self.has_a_table()
            && (0..3).all(|_| !self.is_below_us(pid) && matches!(process_table::glance(pid), Ok(Some(_))))
    }
}

impl Warden<'_> {
    /// Closes the trial and answers with what was found.
    pub(super) fn close(&mut self, id: u64) -> Line {
        let answer = Line::new("ok").with("id", id);
        if self.agent.is_none() {
            return answer;
        }
        self.watches.clear();
        self.read_agent();
        self.read_stderr();
        let expected = self.expected();
        // A program that is still running has left nothing behind yet.
        let runs = self.agent.as_ref().is_some_and(|agent| agent.program && agent.status.is_none());
        let swept = self.kill_everything();
        self.freezer = None;
        self.read_stderr();
        let Some(agent) = self.agent.take() else { return answer };
        self.children.clear();
        if !agent.stderr_text.is_empty() {
            // As bytes: invalid text takes three times the space, and the line must not get too long.
            self.tell(&Line::new("stderr").with_list("text", [&agent.stderr_text]));
        }
        let leaked = swept.found.iter().filter(|_| !runs);
        // Whatever the inner warden has adopted was left behind by the program.
        let inner = agent.inner.as_ref().map(|inner| inner.pid);
        let excused = |ppid| expected.contains(&ppid) && Some(ppid) != inner;
        let leaked = leaked.filter(|p| !expected.contains(&p.pid) && !excused(p.ppid));
        let left_behind = std::mem::take(&mut self.left_behind);
        let leaked = leaked.map(|p| (p.pid, p.state)).chain(left_behind);
        let leaked = leaked.map(|(pid, state)| format!("{pid}:{}", watch::seen(state)));
        let mut answer = answer.with_list("leaked", leaked).with("stuck", swept.stuck);
        if let Some(status) = agent.status {
            answer.set("agent", status);
            if let Some(signal) = killed_by(status) {
                answer.set("killed", signal);
            }
        }
        answer
    }

    /// The expected processes: the agent, its descendants when it said hello, and every process named in a reply.
    /// Their descendants were created by a scenario; anything else has leaked.
    pub(super) fn expected(&self) -> Set<i32> {
        let mut expected: Set<i32> = self.children.known.iter().map(|c| c.handle.pid()).collect();
        expected.extend(self.children.forked.iter());
        expected.extend(self.sweeper.stuck.iter());
        expected.extend(self.sweeper.elsewhere.iter());
        if let Some(agent) = &self.agent {
            expected.extend(agent.wrapper.iter());
            expected.extend(agent.spawned.iter());
            expected.extend([agent.pid, agent.handle.pid()]);
            expected.extend(agent.inner.as_ref().map(|inner| inner.pid));
        }
        expected
    }

    /// Kills and reaps all descendants of the warden.
    pub(super) fn kill_everything(&mut self) -> Swept {
        let began = Instant::now();
        let mut swept = Swept::default();
        if !self.sweeper.adopts {
            swept.found = self.sweeper.below.scan().unwrap_or_default();
        }
        // The agent first: its children are then reparented to us, if we adopt, and no one else can reap them.
        if let Some(agent) = &self.agent {
            if !self.sweeper.has_a_table() {
                // A process without a parent cannot be found. The group number is ours until its leader is reaped.
                let group = rustix::process::Pid::from_raw(agent.handle.pid());
                let _ = group.map(|group| rustix::process::kill_process_group(group, Signal::KILL));
            }
            let _ = agent.handle.signal(libc::SIGKILL);
            agent.handle.await_end(DYING);
            let agent = agent.handle.pid();
            if !self.sweeper.adopts {
                kill_session(began);
            }
            self.await_end(agent, began);
        }
        let known: Vec<Handle> = self.children.known.drain(..).map(|child| child.handle).collect();
        if !self.sweeper.adopts {
            // A process that has left the session as well is known only by its connection.
            for handle in &known {
                let _ = handle.signal(libc::SIGKILL);
            }
        }
        loop {
            let below = match self.sweeper.below.scan() {
                Ok(below) => below,
                // Without a process table, only known processes can be killed.
                Err(_) => return Swept { stuck: self.kill_known(&known, began), ..swept },
            };
            let present: Set<i32> = below.iter().map(|p| p.pid).collect();
            self.sweeper.stuck.retain(|pid| present.contains(pid));
            self.sweeper.elsewhere.retain(|pid| present.contains(pid));
            if swept.found.is_empty() {
                swept.found.clone_from(&below);
            }
            let left: Vec<_> = below.iter().filter(|p| !self.sweeper.stuck.contains(&p.pid)).collect();
            // It was a descendant just now, so only its parent, which is killed as well, could have reaped it since.
            let living = left.iter().filter(|p| !matches!(p.state, State::Zombie | State::Dead));
            let living: Vec<i32> = living.map(|p| p.pid).collect();
            for pid in &living {
                let _ = process::kill(*pid, libc::SIGKILL);
            }
            for handle in known.iter().filter(|h| living.contains(&h.pid())) {
                handle.await_end(DYING);
            }
            for process in &left {
                self.await_end(process.pid, began);
            }
            // Processes that were alive may have forked before they died.
            if living.is_empty() || began.elapsed() > DYING {
                swept.stuck = self.sweeper.stuck.len() + if living.is_empty() { 0 } else { living.len() };
                return swept;
            }
        }
    }

    /// Waits until a killed process is a zombie, and reaps it if it is ours.
    fn await_end(&mut self, pid: i32, began: Instant) {
        // Most are ours and already dead.
        let reaped = process::reap(pid);
        if let Reaped::Gone(status) = reaped {
            self.note_status(pid, status);
            if matches!(process_table::glance(pid), Ok(None) | Err(_)) {
                return;
            }
        }
        let mut turns = 0_u32;
        while began.elapsed() < DYING {
            match process_table::glance(pid) {
                Ok(Some(p)) if matches!(p.state, State::Zombie | State::Dead) => {
                    if p.ppid != process::pid() {
                        // Its parent is killed, too; it is then reparented to us, if we adopt.
                        if !self.sweeper.adopts {
                            self.sweeper.elsewhere.insert(pid);
                        }
                        return;
                    }
                    if p.is_waitable_zombie() {
                        return self.reap(pid);
                    }
                }
                Ok(Some(_)) => {}
                // There is no process table, or the process is gone.
                Ok(None) => return,
                Err(_) => return self.reap(pid),
            }
            turns += 1;
            pause(watch::pause(turns));
        }
    }

    /// Records the status of the agent.
    fn note_status(&mut self, pid: i32, status: i32) {
        if let Some(agent) = self.agent.as_mut().filter(|agent| agent.handle.pid() == pid) {
            agent.status = Some(status);
        }
    }

    /// Reaps one zombie of ours. If the system's wait fails to, leaves it to automatic reaping.
    pub(super) fn reap(&mut self, pid: i32) {
        let status = match process::reap(pid) {
            Reaped::NotYet => process::reap(pid),
            other => other,
        };
        if let Reaped::Gone(status) = status {
            self.note_status(pid, status);
        }
        // The result of a wait cannot be trusted either way.
        if matches!(process_table::glance(pid), Ok(Some(p)) if matches!(p.state, State::Zombie) && p.ppid == process::pid())
        {
            self.sweeper.stuck.insert(pid);
            let _ = signal::set_action(libc::SIGCHLD, signal::Action::Ignore, signal::Flags::default());
        }
    }

    /// Kills and reaps the known processes, if others cannot be found; returns how many would not die.
    fn kill_known(&mut self, known: &[Handle], began: Instant) -> usize {
        for handle in known {
            let _ = handle.signal(libc::SIGKILL);
        }
        let agent = self.agent.as_ref().map(|a| a.handle.pid());
        let mut pids: Vec<i32> = known.iter().map(Handle::pid).chain(agent).collect();
        let mut turns = 0;
        while !pids.is_empty() && began.elapsed() < DYING / 10 {
            pids.retain(|pid| matches!(process::reap(*pid), Reaped::NotYet));
            turns += 1;
            pause(watch::pause(turns));
        }
        pids.len()
    }
}

/// Kills everything else in the warden's own session: if orphans are not reparented to us, a process whose parent
/// exited before our first scan is no longer our descendant.
fn kill_session(began: Instant) {
    let us = process::pid();
    if process::session_of(us) != Ok(us) {
        return;
    }
    let others = |p: &process_table::Process| {
        p.sid == us && p.pid != us && !matches!(p.state, State::Zombie | State::Dead)
    };
    let mut turns = 0;
    while began.elapsed() < DYING {
        let others: Vec<_> = process_table::all().unwrap_or_default().into_iter().filter(others).collect();
        if others.is_empty() {
            return;
        }
        for process in others {
            let _ = process::kill(process.pid, libc::SIGKILL);
        }
        turns += 1;
        pause(watch::pause(turns));
    }
}

/// The result of a sweep.
#[derive(Default)]
pub(super) struct Swept {
    /// The descendants of the warden once the agent had died.
    found: Vec<process_table::Process>,
    /// The number that would not die.
    stuck: usize,
}

/// Yields to others: nothing is ordered by it.
fn pause(time: Duration) {
    if time.is_zero() { std::thread::yield_now() } else { crate::sys::makeshift::pause(time) }
}

/// The signal reported by a status word of this system.
fn killed_by(status: i32) -> Option<crate::wait::Signal> {
    crate::wait::WaitStatus::from_raw(status).term_signal()
}
