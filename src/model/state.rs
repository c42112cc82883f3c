//! One state the children of an agent may be in, and the results a call may return there.

use super::op::{Destination, Op, Selector, Sigchld, Slot, Wait};
use crate::spec::Profile;
use crate::trial::Options;
use crate::trial::{Change, Errno};
use crate::wait::Signal;

/// The life cycle of a child.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Phase {
    /// It runs.
    Running,
    /// It is stopped.
    Stopped,
    /// It has terminated and was not reaped.
    Zombie,
    /// It was reaped, or left no zombie.
    Gone,
}

/// A process group, by the index of its creator in order of creation.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Group {
    /// The agent's.
    Agent,
    /// The one whose id is the pid of this child.
    Of(usize),
}

/// A child, from its creation on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChildState {
    /// Its slot.
    pub slot: Slot,
    /// Its phase.
    pub phase: Phase,
    /// The status change not reported yet; newer ones replace older.
    pub unreported: Option<Change>,
    /// The status change reported last, or replaced.
    pub superseded: Option<Change>,
    /// Whether a peek has shown the unreported change.
    pub peeked: bool,
    /// Its process group.
    pub group: Group,
    /// A fatal signal that takes effect once the stopped child is continued.
    pub pending_kill: Option<Signal>,
}

/// A result a call may return.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Permitted {
    /// It reports this change of the n-th child in order of creation.
    Report(usize, Change),
    /// It reports nothing, under `WNOHANG`.
    Nothing,
    /// It fails with this error.
    Error(Errno),
    /// It blocks.
    Sleep,
}

/// A state.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// The children in order of creation.
    pub children: Vec<ChildState>,
    /// The action for `SIGCHLD`.
    pub sigchld: Sigchld,
    /// The call the agent blocks in.
    pub asleep: Option<Wait>,
    /// Whether that call was interrupted and has not returned yet.
    pub interrupted: bool,
    /// Whether the SIGCHLD of a change has run a handler without `SA_RESTART` during that call.
    pub alarmed: bool,
    /// How many changes of children there were, each with its SIGCHLD.
    pub changes: u32,
}

impl State {
    /// The last child in a slot.
    pub fn last(&self, slot: Slot) -> Option<usize> {
        self.children.iter().rposition(|child| child.slot == slot)
    }

    fn phase(&self, slot: Slot) -> Option<Phase> {
        self.last(slot).map(|child| self.children[child].phase)
    }

    /// Whether an operation is valid here.
    ///
    /// Invalid ones are omitted from a history: a second child in a slot, or anything the agent would have to do while
    /// it blocks in a call.
    pub fn allows(&self, op: &Op) -> bool {
        let awake = self.asleep.is_none();
        match *op {
            Op::Spawn { slot, .. } => awake && matches!(self.phase(slot), None | Some(Phase::Gone)),
            // If the SIGCHLD interrupts, it may arrive after the call has checked and before it sleeps.
            Op::Race { slot, wait, .. } => {
                let named = |by: Slot| by == slot || self.last(by).is_some();
                awake
                    && matches!(self.phase(slot), None | Some(Phase::Gone))
                    && self.sigchld != Sigchld::Interrupt
                    && wait.selector.slot().is_none_or(named)
            }
            Op::Exit { slot, .. } => self.phase(slot) == Some(Phase::Running),
            Op::Kill { slot, signal } => match self.last(slot).map(|child| &self.children[child]) {
                // Either of two fatal signals may be delivered first.
                Some(child) => {
                    child.phase != Phase::Gone && (child.pending_kill.is_none() || signal == Signal::KILL)
                }
                None => false,
            },
            // A continue and the death that it causes may generate one SIGCHLD or two.
            Op::Cont { slot } if self.sigchld == Sigchld::Interrupt && self.dies_once_continued(slot) => {
                false
            }
            Op::Stop { slot, .. } | Op::Cont { slot } => {
                matches!(self.phase(slot), Some(Phase::Running | Phase::Stopped | Phase::Zombie))
            }
            Op::Group { slot, to } => {
                awake
                    && self.phase(slot) == Some(Phase::Running)
                    && match to {
                        Destination::Own | Destination::Agent => true,
                        Destination::Of(leader) => self.last(leader).is_some_and(|leader| {
                            let alive =
                                |child: &&ChildState| matches!(child.phase, Phase::Running | Phase::Stopped);
                            self.children.iter().filter(alive).any(|child| child.group == Group::Of(leader))
                        }),
                    }
            }
            // The SIGCHLD of an earlier change may be late, and would interrupt an arbitrary call.
            Op::Sigchld(Sigchld::Interrupt) => awake && self.changes == 0,
            Op::Sigchld(_) | Op::Usage => awake,
            // Of two handlers due at once, the first decides whether the call goes on.
            Op::Interrupt { .. } => {
                !awake && matches!(self.sigchld, Sigchld::Default | Sigchld::Ignore | Sigchld::Blocked)
            }
            Op::Wait(wait) => awake && wait.selector.slot().is_none_or(|slot| self.last(slot).is_some()),
        }
    }

    /// Whether SIGCONT lets a pending signal kill this child.
    pub fn dies_once_continued(&self, slot: Slot) -> bool {
        self.last(slot).is_some_and(|child| self.children[child].pending_kill.is_some())
    }

    /// Applies an operation other than a call.
    pub fn act(&mut self, op: &Op) {
        match *op {
            Op::Spawn { slot, exits } => {
                self.children.push(ChildState::born(slot));
                if let Some(code) = exits {
                    self.end(slot, Change::Exited(code));
                }
            }
            Op::Race { slot, code, .. } => {
                self.children.push(ChildState::born(slot));
                self.end(slot, Change::Exited(code));
            }
            Op::Exit { slot, code } => self.end(slot, Change::Exited(code)),
            Op::Kill { slot, signal } => match self.child(slot) {
                Some(child) if child.phase == Phase::Stopped && signal != Signal::KILL => {
                    child.pending_kill = Some(signal);
                }
                Some(child) if matches!(child.phase, Phase::Running | Phase::Stopped) => {
                    self.end(slot, Change::Killed(signal, false));
                }
                _ => {}
            },
            Op::Stop { slot, signal } => {
                if let Some(child) = self.child(slot).filter(|child| child.phase == Phase::Running) {
                    child.phase = Phase::Stopped;
                    child.record(Change::Stopped(signal));
                    self.alarm();
                }
            }
            Op::Cont { slot } => {
                self.resume(slot);
                let running = self.child(slot).filter(|child| child.phase == Phase::Running);
                if let Some(signal) = running.and_then(|child| child.pending_kill) {
                    self.end(slot, Change::Killed(signal, false));
                }
            }
            Op::Group { slot, to } => {
                let group = match to {
                    Destination::Agent => Some(Group::Agent),
                    Destination::Own => self.last(slot).map(Group::Of),
                    Destination::Of(leader) => self.last(leader).map(Group::Of),
                };
                if let (Some(child), Some(group)) = (self.child(slot), group) {
                    child.group = group;
                }
            }
            Op::Sigchld(action) => self.sigchld = action,
            Op::Interrupt { restart } => self.interrupted = !restart,
            Op::Usage | Op::Wait(_) => {}
        }
    }

    /// The states in which the call of a race may find its child: it still runs, or has exited.
    pub fn during_race(&self, slot: Slot, code: i32) -> [State; 2] {
        let mut running = self.clone();
        running.children.push(ChildState::born(slot));
        let mut exited = running.clone();
        exited.end(slot, Change::Exited(code));
        [running, exited]
    }

    /// The end of a race: its child has exited by now.
    pub fn end_race(&mut self, slot: Slot, code: i32) {
        if self.phase(slot) == Some(Phase::Running) {
            self.end(slot, Change::Exited(code));
        }
    }

    /// A stopped child runs again.
    fn resume(&mut self, slot: Slot) {
        if let Some(child) = self.child(slot).filter(|child| child.phase == Phase::Stopped) {
            child.phase = Phase::Running;
            child.record(Change::Continued);
            self.alarm();
        }
    }

    /// The moment when a child is exiting but not waitable yet: a stop or continue is no longer reported (Linux forgets both as
    /// soon as the exit is decided). Or that when one with a fatal signal pending has continued, but has not died of it yet. Only
    /// a concurrent or a sleeping caller can see them.
    pub fn begin_end(&mut self, op: &Op) {
        if let Op::Cont { slot } = *op
            && self.dies_once_continued(slot)
        {
            self.resume(slot);
        }
        if let Op::Exit { slot, .. } | Op::Kill { slot, .. } = *op
            && let Some(child) = self.child(slot)
            && matches!(child.phase, Phase::Running | Phase::Stopped)
        {
            child.superseded = child.unreported.take().or(child.superseded);
            child.phase = Phase::Running;
        }
    }

    fn child(&mut self, slot: Slot) -> Option<&mut ChildState> {
        let last = self.last(slot)?;
        Some(&mut self.children[last])
    }

    fn end(&mut self, slot: Slot, change: Change) {
        let reaps = self.sigchld.reaps();
        let Some(child) = self.child(slot) else { return };
        child.pending_kill = None;
        child.record(change);
        if reaps {
            child.phase = Phase::Gone;
            child.unreported = None;
        } else {
            child.phase = Phase::Zombie;
        }
        self.alarm();
    }

    /// The SIGCHLD of a change.
    fn alarm(&mut self) {
        self.changes += 1;
        self.alarmed |= self.sigchld == Sigchld::Interrupt && self.asleep.is_some();
    }

    /// Whether a call waits for a child.
    pub fn is_meant(&self, child: usize, selector: Selector) -> bool {
        match selector {
            Selector::Any => true,
            Selector::Child(slot) | Selector::Pidfd(slot) => self.last(slot) == Some(child),
            Selector::OwnGroup => self.children[child].group == Group::Agent,
            Selector::Group(slot) => {
                self.last(slot).is_some_and(|leader| self.children[child].group == Group::Of(leader))
            }
            Selector::Caller => false,
        }
    }

    /// The existing children a call waits for.
    pub fn candidates(&self, selector: Selector) -> impl Iterator<Item = usize> {
        (0..self.children.len()).filter(move |child| {
            self.children[*child].phase != Phase::Gone && self.is_meant(*child, selector)
        })
    }

    /// Every result a call may return here, on a system of this profile.
    pub fn answers(&self, wait: &Wait, profile: Profile) -> Vec<Permitted> {
        let mut answers = self.uninterrupted(wait, profile);
        if self.sigchld == Sigchld::Interrupt && !wait.has(Options::NOHANG) {
            let interrupted = Permitted::Error(Errno::INTR);
            if profile != Profile::Linux {
                // The signal may be delivered first, and whether a continue generates one is unspecified.
                answers.push(interrupted);
            } else if self.alarmed {
                // Linux checks the children again before it checks for signals.
                answers
                    .iter_mut()
                    .filter(|answer| **answer == Permitted::Sleep)
                    .for_each(|a| *a = interrupted);
            }
        }
        answers
    }

    /// The same, without the handlers of SIGCHLD.
    fn uninterrupted(&self, wait: &Wait, profile: Profile) -> Vec<Permitted> {
        if self.interrupted {
            return vec![Permitted::Error(Errno::INTR)];
        }
        if wait.unknown {
            return vec![Permitted::Error(Errno::INVAL)];
        }
        let news = |child: usize| {
            self.children[child].unreported.filter(|news| is_wanted(*news, wait)).map(|n| (child, n))
        };
        let reports: Vec<Permitted> = self
            .candidates(wait.selector)
            .filter_map(news)
            .map(|(child, news)| Permitted::Report(child, news))
            .collect();
        if !reports.is_empty() {
            return reports;
        }
        let nothing = if wait.has(Options::NOHANG) { Permitted::Nothing } else { Permitted::Sleep };
        let error = Permitted::Error(Errno::CHILD);
        let mut living =
            self.candidates(wait.selector).filter(|child| self.children[*child].phase != Phase::Zombie);
        if living.next().is_some() {
            vec![nothing]
        } else if self.candidates(wait.selector).next().is_none() || profile == Profile::Linux {
            vec![error]
        } else {
            // Only zombies, and a call that does not request exits: the standard is silent.
            vec![error, nothing]
        }
    }

    /// The state after an answer.
    #[must_use]
    pub fn after(&self, wait: &Wait, answer: Permitted) -> State {
        let mut world = self.clone();
        (world.interrupted, world.alarmed) = (false, false);
        world.asleep = match answer {
            Permitted::Sleep => Some(*wait),
            _ => None,
        };
        if let Permitted::Report(child, _) = answer {
            let child = &mut world.children[child];
            if wait.has(Options::NOWAIT) {
                child.peeked = true;
            } else {
                child.superseded = child.unreported.take();
                child.peeked = false;
                if child.phase == Phase::Zombie {
                    child.phase = Phase::Gone;
                }
            }
        }
        world
    }
}

impl ChildState {
    /// A new child, in the agent's group.
    fn born(slot: Slot) -> ChildState {
        ChildState {
            slot,
            phase: Phase::Running,
            unreported: None,
            superseded: None,
            peeked: false,
            group: Group::Agent,
            pending_kill: None,
        }
    }

    fn record(&mut self, change: Change) {
        self.superseded = self.unreported.take().or(self.superseded);
        self.unreported = Some(change);
        self.peeked = false;
    }
}

/// Whether a call reports such a change.
pub fn is_wanted(change: Change, wait: &Wait) -> bool {
    match change {
        Change::Exited(_) | Change::Killed(..) => wait.wants_end(),
        Change::Stopped(_) => wait.has(Options::UNTRACED),
        Change::Continued => wait.has(Options::CONTINUED),
        Change::Trapped(_) | Change::Unknown(_) => false,
    }
}
