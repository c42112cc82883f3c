//! What an implementation offers so that it can be judged.

use crate::protocol::Line;
pub use crate::sys::call::abi::NotOffered;
use crate::sys::call::abi::{Call, Observation, Pointer, Request};

/// An implementation of the wait family.
///
/// It lives in the agent, a process of its own that is fresh for every trial, so a subject may block, crash or spin.
pub trait Subject: Send + Sync {
    /// The name under which reports and `--subject` know it.
    fn name(&self) -> String;

    /// The version of what is judged (a library's version, a kernel's release).
    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    /// Where to report what was found.
    fn issues(&self) -> String {
        String::new()
    }

    /// The calls that it has on this system.
    fn calls(&self) -> Vec<Call>;

    /// Whether its calls are the kernel's own, with no C library between: only then a bad pointer is defined.
    fn is_raw(&self) -> bool {
        false
    }

    /// Whether it makes a call again that a signal ended, so that nobody sees `EINTR`.
    fn retries_eintr(&self) -> bool {
        false
    }

    /// Performs one call.
    ///
    /// What the implementation cannot express (an option that it has no name for, a null pointer in a typed binding) is
    /// [`NotOffered`], never an approximation.
    fn call(&self, request: &Request) -> Result<Observation, NotOffered>;

    /// Its own view of a status word (the `W*` macros, or its methods), where it has one.
    fn decode(&self, status: i32) -> Option<Decoded> {
        let _ = status;
        None
    }

    /// What its agent is asked, the calls aside, as the agent is then to do it. Only an implementation that is broken on
    /// purpose changes anything: a kernel's bug may be in what it does round the calls.
    fn asked(&self, request: Line) -> Line {
        request
    }

    /// The agent's reply to such a request, as the driver is to see it; likewise.
    fn told(&self, request: &Line, reply: Line) -> Line {
        let _ = request;
        reply
    }
}

/// What a subject's own macros say of a status word.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Decoded {
    /// `WIFEXITED`
    pub exited: bool,
    /// `WIFSIGNALED`
    pub signaled: bool,
    /// `WIFSTOPPED`
    pub stopped: bool,
    /// `WIFCONTINUED`; `None` where the subject has no such predicate.
    pub continued: Option<bool>,
    /// `WEXITSTATUS`, where `exited`.
    pub exit_status: Option<i32>,
    /// `WTERMSIG`, where `signaled`.
    pub term_signal: Option<i32>,
    /// `WSTOPSIG`, where `stopped`.
    pub stop_signal: Option<i32>,
    /// `WCOREDUMP`, where `signaled` and the subject has it.
    pub core: Option<bool>,
    /// Python's `waitstatus_to_exitcode` or the like, where the subject has it.
    pub exit_code: Option<i32>,
}

/// A typed binding has no pointers: it always has a buffer of its own.
pub(crate) fn buffer(pointer: Pointer) -> Result<(), NotOffered> {
    match pointer {
        Pointer::Buffer => Ok(()),
        Pointer::Null | Pointer::Bad | Pointer::Kernel => {
            Err(NotOffered("a typed binding always has a buffer"))
        }
    }
}
