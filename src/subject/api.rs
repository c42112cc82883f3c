//! The interface of an implementation under test.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use crate::protocol::Line;
use crate::sys::call::abi::{Call, NotOffered, Observation, Pointer, Request, Return};
use crate::wait::Pid;

/// An implementation of the wait family.
///
/// It lives in the agent, a process of its own that is fresh for every trial, so a subject may block, crash or spin.
pub trait Subject: Send + Sync {
    /// The name in reports and for `--subject`.
    fn name(&self) -> String;

    /// The version of the implementation (a library version, a kernel release); empty if it has none.
    fn version(&self) -> String {
        String::new()
    }

    /// Where to report bugs in it.
    fn issues(&self) -> String {
        String::new()
    }

    /// The calls it offers on this system.
    fn calls(&self) -> Vec<Call>;

    /// Whether its calls go straight to the kernel, without a C library: only then are bad pointers well-defined.
    fn is_raw(&self) -> bool {
        false
    }

    /// Whether it restarts calls interrupted by a signal, so that `EINTR` is never seen.
    fn retries_eintr(&self) -> bool {
        false
    }

    /// Performs one call.
    ///
    /// What the implementation cannot express (an unknown option, a null pointer in a typed binding) is [`NotOffered`],
    /// never an approximation.
    fn call(&self, request: &Request) -> Result<Observation, NotOffered>;

    /// Performs one call, and only says what it returned: what `waitspec bench` repeats. No part of what observes a call.
    #[doc(hidden)]
    fn call_unobserved(&self, request: &Request) -> Result<Return, NotOffered> {
        self.call(request).map(|seen| seen.ret)
    }

    /// Waits for the termination of a child for at most that long; `None` if it offers no such wait. Its pid, or 0.
    #[doc(hidden)]
    fn wait_bounded(&self, pid: i32, time: Duration) -> Option<Return> {
        let _ = (pid, time);
        None
    }

    /// Starts a child with the program and arguments of `command`, and returns its pid; `None` (the default) leaves
    /// that to the agent, which forks.
    ///
    /// For an implementation that waits only for what it started, such as `std::process::Child`. Standard input and
    /// output carry the agent's protocol: the child must not inherit them. The process may have several threads. A
    /// case that needs a child of a special kind (`clone`, `posix_spawn`) still has the agent make it.
    ///
    /// # Errors
    /// Those of the implementation; the trial is then broken or skipped.
    fn spawn(&self, command: &[OsString]) -> Option<io::Result<Pid>> {
        let _ = command;
        None
    }

    /// Its own view of a status word (the `W*` macros, or its methods), if it has one.
    fn decode(&self, status: i32) -> Option<Decoded> {
        let _ = status;
        None
    }

    /// Whether children must be executed: a copy of the agent would hold what the implementation put into it.
    #[doc(hidden)]
    fn has_own_image(&self) -> bool {
        false
    }

    /// Edits a request other than a call before the agent performs it. For mutants only: a kernel bug may lie in what
    /// surrounds the calls.
    #[doc(hidden)]
    fn edit_request(&self, request: Line) -> Line {
        request
    }

    /// Edits the agent's reply to such a request before the driver sees it. For mutants only.
    #[doc(hidden)]
    fn edit_reply(&self, request: &Line, reply: Line) -> Line {
        let _ = request;
        reply
    }
}

/// A subject's own view of a status word.
///
/// Begin with [`Decoded::default`] and set what the subject has.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub struct Decoded {
    /// `WIFEXITED`
    pub exited: bool,
    /// `WIFSIGNALED`
    pub signaled: bool,
    /// `WIFSTOPPED`
    pub stopped: bool,
    /// `WIFCONTINUED`; `None` if the subject has no such predicate.
    pub continued: Option<bool>,
    /// `WEXITSTATUS`, where `exited`.
    pub exit_status: Option<i32>,
    /// `WTERMSIG`, where `signaled`.
    pub term_signal: Option<i32>,
    /// `WSTOPSIG`, where `stopped`.
    pub stop_signal: Option<i32>,
    /// `WCOREDUMP`, where `signaled` and if the subject has it.
    pub core: Option<bool>,
    /// An equivalent of Python's `waitstatus_to_exitcode`, if the subject has one.
    pub exit_code: Option<i32>,
}

/// A typed binding takes no pointers: it always has a buffer of its own.
pub(crate) fn buffer(pointer: Pointer) -> Result<(), NotOffered> {
    match pointer {
        Pointer::Buffer => Ok(()),
        _ => Err(NotOffered("a typed binding always has a buffer")),
    }
}
