//! A program that runs a program: a small correct wrapper, on [`crate::wait`].
//!
//! It waits for the command, and exits with its exit code, with 128 + n where signal n killed it, with 127 where there is
//! no such program and with 126 where it cannot be run. Stops are no exits. It exits once the command was reaped.

use crate::sys::process;
use crate::wait::{Errno, Event, Pid, Target, WaitOptions, retrying, waitpid};
use std::ffi::CString;

/// The name of this crate's own wrapper as a subject.
pub const OWN_WRAPPER: &str = "program:waitspec";

/// How a wrapper behaves; mutants have other parts.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Wrapper {
    /// Waits for the command; the change that it took for its end.
    pub(crate) wait: fn(Pid) -> Result<Event, Errno>,
    /// The exit code for that.
    pub(crate) code: fn(Event) -> i32,
    /// The exit code where the command cannot be run.
    pub(crate) no_program: fn(Errno) -> i32,
}

/// The exit code where no more is known.
const TROUBLE: i32 = 125;

impl Wrapper {
    /// The correct one.
    pub(crate) const CORRECT: Wrapper = Wrapper { wait, code, no_program };

    /// Runs a command; the exit code.
    pub(crate) fn run(self, command: &[CString]) -> i32 {
        let Ok(pid) = process::spawn(|| (self.no_program)(process::exec(command))) else { return TROUBLE };
        let Some(pid) = Pid::from_raw(pid) else { return TROUBLE };
        (self.wait)(pid).map_or(TROUBLE, self.code)
    }
}

/// Waits for the command to terminate.
pub(crate) fn wait(pid: Pid) -> Result<Event, Errno> {
    wait_with(pid, WaitOptions::NONE)
}

/// The same with options.
pub(crate) fn wait_with(pid: Pid, options: WaitOptions) -> Result<Event, Errno> {
    retrying(|| waitpid(Target::Pid(pid), options)).map(|waited| waited.status.event())
}

/// The exit code that stands for the end of a command.
pub(crate) fn code(event: Event) -> i32 {
    match event {
        Event::Exited { code } => code,
        Event::Signaled { signal, .. } => 128 + signal.number(),
        _ => TROUBLE,
    }
}

/// The exit code for a command that cannot be run.
pub(crate) fn no_program(errno: Errno) -> i32 {
    if errno == Errno::NOENT { 127 } else { 126 }
}
