//! The operations of a history, on slots rather than pids; [`super::script`] is their notation.

use crate::sys::call::abi::Call;
use crate::trial::Options;
use crate::wait::Signal;

/// A place for one child at a time: `A` is 0.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slot(pub u8);

impl Slot {
    /// The number of slots and letters.
    pub const MOST: u8 = 26;
}

/// The process group a child moves to.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Destination {
    /// Its own.
    Own,
    /// The agent's.
    Agent,
    /// The one created by the child in this slot.
    Of(Slot),
}

/// The agent's action for `SIGCHLD`.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum Sigchld {
    /// `SIG_DFL`
    #[default]
    Default,
    /// `SIG_IGN`: terminated children leave no zombie.
    Ignore,
    /// A handler, with `SA_RESTART`.
    Count,
    /// A handler with `SA_NOCLDWAIT`, which leaves no zombie either, and `SA_RESTART`.
    NoCldWait,
    /// A handler with `SA_NOCLDSTOP`, which silences stops and continues but does not hide them, and `SA_RESTART`.
    NoCldStop,
    /// The default action, and the signal is blocked.
    Blocked,
    /// A handler, without `SA_RESTART`: it interrupts a call that does not return the child.
    Interrupt,
}

impl Sigchld {
    pub(super) const ALL: [(Sigchld, &str); 7] = [
        (Sigchld::Default, "default"),
        (Sigchld::Ignore, "ignore"),
        (Sigchld::Count, "count"),
        (Sigchld::NoCldWait, "nocldwait"),
        (Sigchld::NoCldStop, "nocldstop"),
        (Sigchld::Blocked, "blocked"),
        (Sigchld::Interrupt, "interrupt"),
    ];

    /// Whether a terminated child leaves no zombie.
    pub fn reaps(self) -> bool {
        matches!(self, Sigchld::Ignore | Sigchld::NoCldWait)
    }
}

/// Which children a call waits for.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Selector {
    /// Any child.
    Any,
    /// The last child in this slot.
    Child(Slot),
    /// The agent's process group.
    OwnGroup,
    /// The process group whose id is the pid of the last child in this slot.
    Group(Slot),
    /// The last child in this slot, by a pidfd (`waitid`, Linux).
    Pidfd(Slot),
    /// The calling process, which is not its own child.
    Caller,
}

impl Selector {
    /// The slot it names.
    pub fn slot(self) -> Option<Slot> {
        match self {
            Selector::Child(slot) | Selector::Group(slot) | Selector::Pidfd(slot) => Some(slot),
            Selector::Any | Selector::OwnGroup | Selector::Caller => None,
        }
    }

    /// Whether it names a process group.
    pub fn is_group(self) -> bool {
        matches!(self, Selector::OwnGroup | Selector::Group(_))
    }
}

/// An option bit that no call on any system defines.
pub const UNKNOWN_BIT: u32 = 0x1000_0000;

/// A wait call.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Wait {
    /// Which call.
    pub call: Call,
    /// Which children it waits for.
    pub selector: Selector,
    /// Its options, without `UNKNOWN_BIT`.
    pub options: Options,
    /// Whether [`UNKNOWN_BIT`] is set as well.
    pub unknown: bool,
    /// The calling thread of the agent; 0 is the one that does everything else.
    pub thread: u8,
}

impl Wait {
    /// Whether the call can express all of this.
    pub fn is_valid(&self) -> bool {
        let by_event = matches!(self.call, Call::Waitid | Call::Wait6);
        let has_target = !matches!(self.call, Call::Wait | Call::Wait3);
        (has_target || self.selector == Selector::Any)
            && (self.call != Call::Wait || self.options.is_empty() && !self.unknown)
            && (by_event || !self.has(Options::NOWAIT) && !self.has(Options::NOT_EXITED))
            && (self.call == Call::Waitid || !matches!(self.selector, Selector::Pidfd(_)))
            && (self.wants_end() || self.has(Options::UNTRACED) || self.has(Options::CONTINUED))
    }

    /// Whether an option is set.
    pub fn has(&self, option: Options) -> bool {
        self.options.contains(option)
    }

    /// Whether it reports terminations.
    pub fn wants_end(&self) -> bool {
        !self.has(Options::NOT_EXITED)
    }
}

/// One operation.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Op {
    /// Creates a child in a free slot.
    Spawn {
        /// The slot.
        slot: Slot,
        /// The code with which it exits on its own; without one it runs until commanded or signalled.
        exits: Option<i32>,
    },
    /// A running child exits.
    Exit {
        /// The child.
        slot: Slot,
        /// The argument of `_exit`.
        code: i32,
    },
    /// Sends a fatal signal to a child.
    Kill {
        /// The child.
        slot: Slot,
        /// A signal that terminates by default, without a core dump.
        signal: Signal,
    },
    /// Sends a stop signal to a child.
    Stop {
        /// The child.
        slot: Slot,
        /// `SIGSTOP` or `SIGTSTP`.
        signal: Signal,
    },
    /// Sends `SIGCONT` to a child.
    Cont {
        /// The child.
        slot: Slot,
    },
    /// Moves a running child to a process group.
    Group {
        /// The child.
        slot: Slot,
        /// The group.
        to: Destination,
    },
    /// Sets the agent's action for `SIGCHLD`.
    Sigchld(Sigchld),
    /// Sends a signal to the agent, which blocks in a call and catches it.
    Interrupt {
        /// Whether the handler was installed with `SA_RESTART`.
        restart: bool,
    },
    /// `getrusage(RUSAGE_CHILDREN)` of the agent.
    Usage,
    /// The agent makes a call.
    Wait(Wait),
    /// A new child exits while the agent makes a call: before it sleeps, or after.
    Race {
        /// The slot of the child.
        slot: Slot,
        /// The argument of `_exit`.
        code: i32,
        /// The call.
        wait: Wait,
    },
}

impl Op {
    /// Whether it is a call on a thread of its own, concurrent with others.
    pub fn is_concurrent(&self) -> bool {
        matches!(self, Op::Wait(Wait { thread: 1.., .. }))
    }

    /// Whether its result depends on timing: a child exits during the call, or calls are concurrent.
    pub fn depends_on_timing(&self) -> bool {
        self.is_concurrent() || matches!(self, Op::Race { .. })
    }

    /// The slot of the child acted on.
    pub fn slot(&self) -> Option<Slot> {
        match *self {
            Op::Spawn { slot, .. }
            | Op::Exit { slot, .. }
            | Op::Kill { slot, .. }
            | Op::Stop { slot, .. }
            | Op::Cont { slot }
            | Op::Group { slot, .. }
            | Op::Race { slot, .. } => Some(slot),
            Op::Wait(_) | Op::Sigchld(_) | Op::Usage | Op::Interrupt { .. } => None,
        }
    }

    /// The same operation with other slots.
    #[must_use]
    pub fn with_slots(&self, name: &mut impl FnMut(Slot) -> Slot) -> Op {
        let mut op = *self;
        if let Op::Race { slot, wait, .. } = &mut op {
            *slot = name(*slot);
            if let Op::Wait(named) = Op::Wait(*wait).with_slots(name) {
                *wait = named;
            }
        }
        match &mut op {
            Op::Spawn { slot, .. }
            | Op::Exit { slot, .. }
            | Op::Kill { slot, .. }
            | Op::Stop { slot, .. }
            | Op::Cont { slot } => *slot = name(*slot),
            Op::Group { slot, to } => {
                *slot = name(*slot);
                if let Destination::Of(leader) = to {
                    *leader = name(*leader);
                }
            }
            Op::Wait(Wait {
                selector: Selector::Child(slot) | Selector::Group(slot) | Selector::Pidfd(slot),
                ..
            }) => {
                *slot = name(*slot);
            }
            Op::Race { .. } | Op::Wait(_) | Op::Sigchld(_) | Op::Usage | Op::Interrupt { .. } => {}
        }
        op
    }
}
