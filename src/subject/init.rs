//! A program that runs a program: a small correct init and a supervisor, built on [`crate::wait`].
//!
//! The init runs its command as the main child, reaps every other process that becomes its child, forwards signals, and
//! exits when the main child does: with its exit code, or with 128 + n for signal n. The supervisor restarts the
//! command instead.

use super::wrapper::{TROUBLE, catch, child, code, default_pipe, no_program, pass_on, prepare};
use crate::sys::{process, signal};
use crate::wait::{Errno, Event, Signal, WaitOptions, WaitTarget, retrying, waitpid};
use std::ffi::CString;

/// How it behaves; mutants replace parts of it.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Init {
    /// Called first.
    pub(crate) prepare: fn(),
    /// Waits for any child to terminate: returns which one, and how it terminated.
    pub(crate) reap: fn() -> Result<(i32, Event), Errno>,
    /// What to do when a child has terminated, given whether it is the main one, and how it terminated.
    pub(crate) next: fn(bool, Event) -> Next,
    /// Called on a signal.
    pub(crate) pass_on: fn(i32),
    /// Called before it execs the command.
    pub(crate) shield: fn(),
    /// How many times the main child is run again.
    pub(crate) again: usize,
}

/// What to do next.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// Wait for the next child.
    Wait,
    /// Run the main child again.
    Restart,
    /// Exit with this code.
    Exit(i32),
    /// Exit with this code once no child is left.
    Linger(i32),
}

impl Init {
    /// The correct init.
    pub(crate) const CORRECT: Init = Init { prepare, reap, next, pass_on, shield: || {}, again: 1 };
    /// The correct supervisor.
    pub(crate) const SUPERVISOR: Init = Init { next: restart, ..Init::CORRECT };

    /// Runs a command; returns the exit code.
    pub(crate) fn run(self, command: &[CString]) -> i32 {
        (self.prepare)();
        // In case it is not process 1.
        let _ = process::set_subreaper(true);
        let exec = || {
            default_pipe();
            (self.shield)();
            no_program(process::exec(command))
        };
        let start = || process::spawn(exec);
        let Ok(mut main) = start() else { return TROUBLE };
        let forwarded: Vec<i32> = (1..=signal::LAST)
            .filter(|number| !Signal::NOT_FORWARDED.contains(&Signal::from_number(*number)))
            .collect();
        catch(&forwarded, main, self.pass_on);
        let mut last = None;
        loop {
            let (pid, event) = match ((self.reap)(), last) {
                (Ok(reaped), _) => reaped,
                (Err(_), Some(code)) => return code,
                (Err(_), None) => return TROUBLE,
            };
            match (self.next)(pid == main, event) {
                Next::Wait => {}
                Next::Exit(code) => return code,
                Next::Linger(code) => last = Some(code),
                Next::Restart => {
                    for _ in 0..self.again {
                        let Ok(again) = start() else { return TROUBLE };
                        main = again;
                    }
                    catch(&forwarded, main, self.pass_on);
                }
            }
        }
    }
}

/// Waits for any child to terminate.
pub(crate) fn reap() -> Result<(i32, Event), Errno> {
    reap_of(WaitTarget::Any, WaitOptions::NONE)
}

/// The same for certain children, with options.
pub(crate) fn reap_of(target: WaitTarget, options: WaitOptions) -> Result<(i32, Event), Errno> {
    let (pid, status) = retrying(|| waitpid(target, options))?;
    Ok((pid.as_raw_pid(), status.event()))
}

/// Waits for the main child only.
pub(crate) fn reap_main() -> Result<(i32, Event), Errno> {
    let main = crate::wait::Pid::from_raw(child()).ok_or(Errno::CHILD)?;
    reap_of(WaitTarget::Pid(main), WaitOptions::NONE)
}

/// Exits when the main child does.
pub(crate) fn next(main: bool, event: Event) -> Next {
    if main { Next::Exit(code(event)) } else { Next::Wait }
}

/// Runs the main child again.
pub(crate) fn restart(main: bool, _: Event) -> Next {
    if main { Next::Restart } else { Next::Wait }
}
