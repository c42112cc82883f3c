//! The interface `handle`: a runtime's process handle, used through an agent.
//!
//! | file | what it holds |
//! |---|---|
//! | `abilities` | what a handle must be able to do for a case |
//! | `answered` | what a handle answered |
//! | `agent` | what a case asks of handles and of their agent |

mod abilities;
mod agent;
mod answered;

pub use self::abilities::Abilities;
pub use self::agent::{Agent, Pending, Trial};
pub use self::answered::Answered;
pub use crate::protocol::warden::Begin;
