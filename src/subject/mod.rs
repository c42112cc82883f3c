//! The implementations that can be judged.
//!
//! To test an implementation of your own, implement [`Subject`]: one method that performs one call. Everything else
//! (children, schedules, deadlines, verdicts) is up to the harness.
//!
//! A [`Request`] holds the arguments of the call with this system's numbers. The result is an [`Observation`]: an API
//! that returns status words uses [`Observation::status`], one that returns enums uses [`Observation::event`] and
//! [`Observation::info`], and what it cannot express is [`NotOffered`], which skips the trial.

mod api;
mod built_in;
mod observation;
mod registry;

#[cfg(not(feature = "internals"))]
pub(crate) mod external;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod external;
#[cfg(not(feature = "internals"))]
pub(crate) mod handle;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod handle;
pub(crate) mod init;
#[cfg(not(feature = "internals"))]
pub(crate) mod libc;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod libc;
#[cfg(feature = "cli")]
pub(crate) mod library;
pub(crate) mod machine;
pub(crate) mod program;
#[cfg(not(feature = "internals"))]
pub(crate) mod rustix;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod rustix;
pub(crate) mod shell;
#[cfg(all(target_os = "linux", not(feature = "internals")))]
pub(crate) mod syscall;
#[cfg(all(target_os = "linux", feature = "internals"))]
#[doc(hidden)]
pub mod syscall;
pub(crate) mod timing;
#[cfg(not(feature = "internals"))]
pub(crate) mod waitspec;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod waitspec;
pub(crate) mod wrapper;

pub use crate::sys::call::abi::{Call, NotOffered, Observation, Pointer, Request, Usage};
pub use api::Subject;
pub(crate) use program::{OWN_PROGRAMS, Own, Program};

#[cfg(not(feature = "internals"))]
pub(crate) use self::{
    api::Decoded,
    built_in::{built_in, default_names},
    handle::{Handle, Handles, OWN_HANDLE},
    registry::Registry,
};
#[cfg(feature = "internals")]
#[doc(hidden)]
pub use self::{
    api::Decoded,
    built_in::{built_in, default_names},
    handle::{Handle, Handles, OWN_HANDLE},
    registry::Registry,
};
#[cfg(not(feature = "internals"))]
pub(crate) use crate::sys::call::abi::{Info, Memory, Select};
#[cfg(feature = "internals")]
#[doc(hidden)]
pub use crate::sys::call::abi::{Info, Memory, Select};
