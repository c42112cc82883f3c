//! What a case sees: the core of its trial (children, warden, process table, log), the interface that is judged (calls,
//! handle, program), and the expectations.
//!
//! A case reads *spawn, act, observe*. `?` ends it: [`Abort`] distinguishes what the subject did wrong from what could
//! not be tested or judged.

mod abort;
mod calls;
mod case;
mod children;
mod core;
mod deadline;
mod due;
mod expect;
pub(crate) mod handle;
mod inherited;
pub mod link;
mod making;
pub(crate) mod missing;
mod own_failure;
pub(crate) mod patience;
pub(crate) mod program;
mod proof;
mod shown;
mod silence;
mod states;
pub mod subject;
mod unseen;
pub mod variant;
pub mod verdict;

pub use self::abort::{Abort, Outcome};
pub use self::calls::{
    Accept, Calls, Caught, End, Family, Options, Pending, Seen, Signals, Target, Targets, Traced, Trial,
    Uses, info_text, together,
};
pub use self::case::{Body, Case, Need, Needs, here};
pub use self::core::{Child, Common, Core, Opened};
pub use self::due::Visibility;
pub use self::expect::Expect;
pub use self::inherited::Inherited;
pub use self::making::{AutoreapHow, By, CloneHow};
pub use self::shown::{NoAnswer, Shown, Shows};
pub use self::variant::{InterfaceName, Variant};
pub use crate::protocol::Change;
pub use crate::protocol::agent::{
    Disposition, HandlerFlag, MaskChange, Request as AgentRequest, SigactionFlags,
};
pub use crate::protocol::wait::{Flag, IdType, WaitRequest};
pub use crate::protocol::warden::ProcessState;
pub use crate::spec::got::{Actual, Got};
pub use crate::sys::call::abi::{Call, Pointer};
pub(crate) use crate::wait::SiCode;
pub use crate::wait::System;
pub use crate::wait::errno::Errno;

pub(crate) use self::calls::reported_child;
pub(crate) use self::case::{cases, id_of};
pub(crate) use self::deadline::{AGENT_START, PROMPT};
