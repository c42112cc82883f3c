//! The interface `calls`: the wait family, called through an agent.

use super::uses::Uses;
use crate::protocol::wait::{IdType, WaitRequest};
use crate::sys::call::abi::Call;
use crate::trial::abort::Abort;
use crate::trial::core::{self, Birth, Child, Core, Interface, Started};
use crate::trial::deadline::PROMPT;
use crate::trial::link::connection::To;

/// The call that a trial is about.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The call.
    pub(crate) call: Call,
    /// What the case may ask of it; `None`: anything.
    pub(crate) uses: Option<Uses>,
}

/// A running trial of a call.
pub type Trial<'a> = core::Trial<'a, Family>;

/// What a call waits for.
#[derive(Debug, Clone, Copy)]
pub enum Target<'c> {
    /// Any child.
    Any,
    /// That child, by its pid.
    Child(&'c Child),
    /// Any child of the caller's process group.
    OwnGroup,
    /// Any child of the process group that this child leads.
    Group(&'c Child),
    /// The child behind a pidfd of the agent: `waitid` and `P_PIDFD` only.
    Pidfd(i64),
    /// This number: the first argument of `waitpid` and `wait4`; the id for `P_PID` of `waitid` and `wait6`.
    Pid(i64),
    /// This `idtype` and `id`: `waitid` and `wait6` only.
    Id(IdType, i64),
}

/// A call that was begun but not finished.
#[derive(Debug)]
#[must_use = "a call that was begun is finished, or nothing is known of it"]
pub struct Pending {
    pub(crate) id: u64,
    pub(crate) request: WaitRequest,
    pub(crate) shown: String,
}

impl Interface for Family {
    fn start(&mut self, core: &mut Core<'_>, birth: &Birth) -> Result<Started, Abort> {
        core.link.send(&[To::Agent(birth.request.clone())])?;
        let reply = core.link.agent_reply(birth.id, PROMPT, "spawn")?;
        core.pid_of(&reply).map(Started::Forked)
    }
}

impl<'a> Trial<'a> {
    /// A trial that belongs to no case, which may ask for anything.
    pub(crate) fn of(core: Core<'a>, call: Call) -> Trial<'a> {
        Trial { core, with: Family { call, uses: None } }
    }

    /// The call that this trial is about.
    pub fn call(&self) -> Call {
        self.with.call
    }

    /// Whether the subject's calls go straight to the kernel, without a C library: only then are bad pointers defined.
    pub fn is_raw(&self) -> bool {
        self.info.raw
    }

    /// Whether the agent also offers pointers to the memory boundaries where a call may fault.
    pub fn knows_all_pointers(&self) -> bool {
        self.info.hostile_pointers
    }

    /// Whether the subject restarts a call that a signal interrupted, so that `EINTR` is never seen.
    pub fn retries_eintr(&self) -> bool {
        self.info.retries_eintr
    }

    /// Whether the subject's calls can wait for any child.
    pub(super) fn selects_any(&self) -> bool {
        self.info.selects_any
    }
}
