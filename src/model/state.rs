//! One state that the children of an agent may be in, and what a call may come back with there.

use super::op::{Join, Op, Sigchld, Slot, Wait, Whom};
use crate::spec::Profile;
use crate::trial::Change;
use crate::trial::Options;
use crate::wait::Signal;

/// What a child is doing.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Phase {
    /// It runs.
    Running,
    /// It is stopped.
    Stopped,
    /// It has ended and was not taken.
    Zombie,
    /// It was taken, or left no zombie.
    Gone,
}

/// A process group: the agent's, or that of the child that was born so many-th.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Group {
    /// The agent's.
    Agent,
    /// The one whose number is the pid of that child.
    Of(usize),
}

/// A child, from its birth on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChildState {
    /// Its place.
    pub slot: Slot,
    /// What it is doing.
    pub phase: Phase,
    /// What was not reported yet; newer status information has replaced older.
    pub news: Option<Change>,
    /// What was reported last, or replaced.
    pub old: Option<Change>,
    /// A peek has shown the news.
    pub peeked: bool,
    /// Its process group.
    pub group: Group,
    /// A deadly signal that takes effect when the stopped child is continued.
    pub doomed: Option<Signal>,
}

/// What a call may come back with.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It reports what has become of the child that was born so many-th.
    Report(usize, Change),
    /// It reports nothing, under `WNOHANG`.
    Nothing,
    /// It fails.
    Error(&'static str),
    /// It sleeps.
    Sleep,
}

/// A state.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct World {
    /// The children in the order of their births.
    pub children: Vec<ChildState>,
    /// The action for `SIGCHLD`.
    pub sigchld: Sigchld,
    /// The call in which the agent sleeps.
    pub asleep: Option<Wait>,
    /// That call was interrupted, and has not come back yet.
    pub interrupted: bool,
}

impl World {
    /// The child that was last in a slot.
    pub fn last(&self, slot: Slot) -> Option<usize> {
        self.children.iter().rposition(|child| child.slot == slot)
    }

    fn phase(&self, slot: Slot) -> Option<Phase> {
        self.last(slot).map(|child| self.children[child].phase)
    }

    /// Whether an operation has a meaning here that the model knows.
    ///
    /// What has none is left out of a history: a second child in a slot, or anything that the agent would have to do while it
    /// sleeps in a call.
    pub fn allows(&self, op: &Op) -> bool {
        let awake = self.asleep.is_none();
        match *op {
            Op::Spawn { slot, .. } => awake && matches!(self.phase(slot), None | Some(Phase::Gone)),
            Op::Exit { slot, .. } => self.phase(slot) == Some(Phase::Running),
            Op::Kill { slot, signal } => match self.last(slot).map(|child| &self.children[child]) {
                // Which of two deadly signals comes first is open.
                Some(child) => {
                    child.phase != Phase::Gone && (child.doomed.is_none() || signal == Signal::KILL)
                }
                None => false,
            },
            Op::Stop { slot, .. } | Op::Cont { slot } => {
                matches!(self.phase(slot), Some(Phase::Running | Phase::Stopped | Phase::Zombie))
            }
            Op::Group { slot, to } => {
                awake
                    && self.phase(slot) == Some(Phase::Running)
                    && match to {
                        Join::Own | Join::Agent => true,
                        Join::Of(leader) => self.last(leader).is_some_and(|leader| {
                            let alive =
                                |child: &&ChildState| matches!(child.phase, Phase::Running | Phase::Stopped);
                            self.children.iter().filter(alive).any(|child| child.group == Group::Of(leader))
                        }),
                    }
            }
            Op::Sigchld(_) | Op::Usage => awake,
            // Of two handlers that are due at once the first decides whether the call goes on.
            Op::Interrupt { .. } => !awake && matches!(self.sigchld, Sigchld::Default | Sigchld::Ignore),
            Op::Wait(wait) => awake && wait.whom.slot().is_none_or(|slot| self.last(slot).is_some()),
        }
    }

    /// Does what an operation does that is no call.
    pub fn act(&mut self, op: &Op) {
        match *op {
            Op::Spawn { slot, exits } => {
                self.children.push(ChildState {
                    slot,
                    phase: Phase::Running,
                    news: None,
                    old: None,
                    peeked: false,
                    group: Group::Agent,
                    doomed: None,
                });
                if let Some(code) = exits {
                    self.end(slot, Change::Exited(code));
                }
            }
            Op::Exit { slot, code } => self.end(slot, Change::Exited(code)),
            Op::Kill { slot, signal } => match self.child(slot) {
                Some(child) if child.phase == Phase::Stopped && signal != Signal::KILL => {
                    child.doomed = Some(signal);
                }
                Some(child) if matches!(child.phase, Phase::Running | Phase::Stopped) => {
                    self.end(slot, Change::Killed(signal, false));
                }
                _ => {}
            },
            Op::Stop { slot, signal } => {
                if let Some(child) = self.child(slot).filter(|child| child.phase == Phase::Running) {
                    child.phase = Phase::Stopped;
                    child.tell(Change::Stopped(signal));
                }
            }
            Op::Cont { slot } => {
                let Some(child) = self.child(slot).filter(|child| child.phase == Phase::Stopped) else {
                    return;
                };
                child.phase = Phase::Running;
                child.tell(Change::Continued);
                if let Some(signal) = child.doomed {
                    self.end(slot, Change::Killed(signal, false));
                }
            }
            Op::Group { slot, to } => {
                let group = match to {
                    Join::Agent => Some(Group::Agent),
                    Join::Own => self.last(slot).map(Group::Of),
                    Join::Of(leader) => self.last(leader).map(Group::Of),
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

    /// The moment in which a child ends that is not yet waitable: a stop or a continue is not reported any more (on Linux both are
    /// forgotten as soon as the end is decided). Only who looks at the same time can see it.
    pub fn begin_end(&mut self, op: &Op) {
        if let Op::Exit { slot, .. } | Op::Kill { slot, .. } = *op
            && let Some(child) = self.child(slot)
            && matches!(child.phase, Phase::Running | Phase::Stopped)
        {
            child.old = child.news.take().or(child.old);
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
        child.doomed = None;
        child.tell(change);
        if reaps {
            child.phase = Phase::Gone;
            child.news = None;
        } else {
            child.phase = Phase::Zombie;
        }
    }

    /// Whether a child is among those that a call waits for.
    pub fn is_meant(&self, child: usize, whom: Whom) -> bool {
        match whom {
            Whom::Any => true,
            Whom::Child(slot) | Whom::Pidfd(slot) => self.last(slot) == Some(child),
            Whom::OwnGroup => self.children[child].group == Group::Agent,
            Whom::Group(slot) => {
                self.last(slot).is_some_and(|leader| self.children[child].group == Group::Of(leader))
            }
            Whom::Caller => false,
        }
    }

    /// The children that a call waits for, as far as they exist.
    pub fn candidates(&self, whom: Whom) -> impl Iterator<Item = usize> {
        (0..self.children.len())
            .filter(move |child| self.children[*child].phase != Phase::Gone && self.is_meant(*child, whom))
    }

    /// Everything that a call may come back with here, on a system of that profile.
    pub fn answers(&self, wait: &Wait, profile: Profile) -> Vec<Answer> {
        if self.interrupted {
            return vec![Answer::Error("EINTR")];
        }
        if wait.unknown {
            return vec![Answer::Error("EINVAL")];
        }
        let news = |child: usize| {
            self.children[child].news.filter(|news| is_wanted(*news, wait)).map(|n| (child, n))
        };
        let reports: Vec<Answer> = self
            .candidates(wait.whom)
            .filter_map(news)
            .map(|(child, news)| Answer::Report(child, news))
            .collect();
        if !reports.is_empty() {
            return reports;
        }
        let nothing = if wait.has(Options::NOHANG) { Answer::Nothing } else { Answer::Sleep };
        let error = Answer::Error("ECHILD");
        let mut living =
            self.candidates(wait.whom).filter(|child| self.children[*child].phase != Phase::Zombie);
        if living.next().is_some() {
            vec![nothing]
        } else if self.candidates(wait.whom).next().is_none() || profile == Profile::Linux {
            vec![error]
        } else {
            // Nothing but zombies, and a call that does not ask for ends: the standard is silent.
            vec![error, nothing]
        }
    }

    /// What an answer makes of this state.
    #[must_use]
    pub fn after(&self, wait: &Wait, answer: Answer) -> World {
        let mut world = self.clone();
        world.interrupted = false;
        world.asleep = match answer {
            Answer::Sleep => Some(*wait),
            _ => None,
        };
        if let Answer::Report(child, _) = answer {
            let child = &mut world.children[child];
            if wait.has(Options::NOWAIT) {
                child.peeked = true;
            } else {
                child.old = child.news.take();
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
    fn tell(&mut self, news: Change) {
        self.old = self.news.take().or(self.old);
        self.news = Some(news);
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
