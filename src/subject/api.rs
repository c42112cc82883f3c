//! The interface of an implementation under test.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use crate::protocol::Line;
use crate::sys::call::abi::{Call, NotOffered, Observation, Pointer, Request, Return, Select};
use crate::wait::{Event, Pid};

/// An implementation of the wait family.
///
/// It runs in the agent, a separate process that is fresh for every trial, so a subject may block, crash or spin.
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

    /// Whether it restarts calls that a signal interrupted, so that `EINTR` is never seen.
    fn retries_eintr(&self) -> bool {
        false
    }

    /// Performs one call.
    ///
    /// What the implementation cannot express (an unknown option, a null pointer in a typed binding) is [`NotOffered`],
    /// never an approximation.
    fn call(&self, request: &Request) -> Result<Observation, NotOffered>;

    /// Performs one call and returns only its value: what `waitspec bench` repeats. Nothing observes the call.
    #[doc(hidden)]
    fn call_unobserved(&self, request: &Request) -> Result<Return, NotOffered> {
        self.call(request).map(|seen| seen.ret)
    }

    /// Waits for the termination of a child for at most this long; `None` if it offers no such wait. Returns the pid,
    /// or 0.
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

    /// The event that it decodes from a status word; `None` if it does not decode any.
    fn decode(&self, status: i32) -> Option<Event> {
        let _ = status;
        None
    }

    /// The same, predicate by predicate: C's macros may contradict each other.
    #[doc(hidden)]
    fn macros(&self, status: i32) -> Option<Decoded> {
        self.decode(status).map(Decoded::from)
    }

    /// Whether children must be exec'ed: a copy of the agent would contain what the implementation loaded into it.
    #[doc(hidden)]
    fn has_own_image(&self) -> bool {
        false
    }

    /// Edits a request other than a call before the agent performs it. For mutants only: a kernel bug may lie in
    /// something other than the calls themselves.
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

/// A subject's own view of a status word, predicate by predicate.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
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

impl From<Event> for Decoded {
    fn from(event: Event) -> Decoded {
        let none = Decoded { continued: Some(false), ..Decoded::default() };
        match event {
            Event::Exited { code } => Decoded { exited: true, exit_status: Some(code), ..none },
            Event::Signaled { signal, core } => {
                Decoded { signaled: true, term_signal: Some(signal.number()), core: Some(core), ..none }
            }
            Event::Stopped { signal, .. } => {
                Decoded { stopped: true, stop_signal: Some(signal.number()), ..none }
            }
            Event::Continued => Decoded { continued: Some(true), ..none },
            Event::Trapped { .. } | Event::Unknown => none,
        }
    }
}

impl Request {
    /// The first argument of `waitpid` or `wait4`: -1, a pid, 0 or a negated group. -1 for `wait` and `wait3`, which
    /// have no such argument.
    ///
    /// # Errors
    /// [`NotOffered`]: the call is `waitid` or `wait6`, which take [an idtype and an id](Request::raw_id).
    pub fn raw_pid(&self) -> Result<libc::pid_t, NotOffered> {
        match (self.call, self.select) {
            (Call::Wait | Call::Wait3, _) => Ok(-1),
            (_, Select::Pid(pid)) => Ok(pid),
            (_, Select::Id { .. }) => Err(NotOffered("the call takes an idtype and an id, not a pid")),
        }
    }

    /// The first two arguments of `waitid` or `wait6`: an idtype (`P_ALL`, `P_PID`, ... with the host's values, or any
    /// other number) and a pid, a process group or a descriptor, which means nothing for `P_ALL`.
    ///
    /// # Errors
    /// [`NotOffered`]: the call takes [a pid](Request::raw_pid).
    pub fn raw_id(&self) -> Result<(i64, i64), NotOffered> {
        match self.select {
            Select::Id { idtype, id } => Ok((idtype, id)),
            Select::Pid(_) => Err(NotOffered("the call takes a pid, not an idtype and an id")),
        }
    }

    /// Whether every argument is an ordinary buffer, which is all that a typed binding passes. The `rusage` of
    /// `waitid` does not count: few have it.
    ///
    /// # Errors
    /// [`NotOffered`]: an argument is `NULL` or points to something else.
    pub fn buffers_only(&self) -> Result<(), NotOffered> {
        let pointers: &[Pointer] = match self.call {
            Call::Wait | Call::Waitpid => &[self.status],
            Call::Wait3 | Call::Wait4 => &[self.status, self.rusage],
            Call::Wait6 => &[self.status, self.rusage, self.info],
            Call::Waitid => &[self.info],
        };
        match pointers.iter().all(|pointer| *pointer == Pointer::Buffer) {
            true => Ok(()),
            false => Err(NotOffered("a typed binding always has a buffer")),
        }
    }
}
