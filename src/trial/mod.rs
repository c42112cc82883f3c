//! What a case sees: the children, the calls, the agent, and the expectations.
//!
//! A case reads *spawn, act, observe*. `?` ends it: [`Abort`] separates what the subject did wrong from what could not be
//! asked or judged.

mod abort;
mod agent;
mod calls;
mod case;
mod children;
mod core;
mod deadline;
mod expect;
mod latency;
pub mod link;
mod observed;
mod optional;
mod outstanding;
mod states;
pub mod subject;
mod uses;
pub mod verdict;

pub use self::abort::{Abort, Outcome};
pub use self::agent::{Caught, Signals};
pub use self::case::{Case, Need, Needs, here};
pub use self::children::{By, CloneHow};
pub use self::core::{Child, Common, Opened, Pending, Target, Trial};
pub use self::expect::Expect;
pub use self::observed::{End, Seen, info_text, together};
pub use self::optional::{Accept, Traced};
pub use self::uses::{Calls, Options, Targets, Uses};
pub use crate::protocol::Change;
pub use crate::protocol::agent::{Disposition, MaskChange, Request as AgentRequest, SigactionFlags};
pub use crate::protocol::wait::{Flag, IdType, WaitRequest};
pub use crate::protocol::warden::ProcessState;
pub use crate::spec::got::{Got, Told};
pub use crate::sys::call::abi::{Call, Pointer};
pub use crate::wait::errno::Errno;
pub use crate::wait::{SiCode, System};

pub(crate) use self::case::{cases, id_of};
pub(crate) use self::deadline::PROMPT;
pub(crate) use self::observed::reported_child;
