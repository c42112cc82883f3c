//! A program that runs a program: a small correct init, and a supervisor, on [`crate::wait`].
//!
//! The init runs its command as the main child, reaps whatever else becomes its child, passes signals on, and exits when the
//! main child does: with its exit code, or with 128 + n for signal n. The supervisor runs its command again instead.

use super::wrapper::{TROUBLE, catch, child, code, no_program, pass_on, prepare};
use crate::sys::process;
use crate::wait::{Errno, Event, Target, WaitOptions, retrying, waitpid};
use std::ffi::CString;

/// The signals that are passed on.
const FORWARDED: [i32; 4] = [libc::SIGHUP, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2];

/// How it behaves; mutants have other parts.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Init {
    /// Before anything else.
    pub(crate) prepare: fn(),
    /// Waits for any child to terminate: which, and how.
    pub(crate) reap: fn() -> Result<(i32, Event), Errno>,
    /// What comes next when a child has terminated: of whether it is the main one, and how.
    pub(crate) next: fn(bool, Event) -> Next,
    /// What it does on a signal.
    pub(crate) pass_on: fn(i32),
}

/// What comes next.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// Waiting for the next child.
    Wait,
    /// Running the main child again.
    Restart,
    /// Exiting with that code.
    Exit(i32),
    /// Exiting with that code once nobody is left.
    Linger(i32),
}

impl Init {
    /// The correct init.
    pub(crate) const CORRECT: Init = Init { prepare, reap, next, pass_on };
    /// The correct supervisor.
    pub(crate) const SUPERVISOR: Init = Init { next: restart, ..Init::CORRECT };

    /// Runs a command; the exit code.
    pub(crate) fn run(self, command: &[CString]) -> i32 {
        (self.prepare)();
        // Where it is not process 1.
        let _ = process::set_subreaper(true);
        let start = || process::spawn(|| no_program(process::exec(command)));
        let Ok(mut main) = start() else { return TROUBLE };
        catch(&FORWARDED, main, self.pass_on);
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
                    let Ok(again) = start() else { return TROUBLE };
                    main = again;
                    catch(&FORWARDED, main, self.pass_on);
                }
            }
        }
    }
}

/// Waits for any child to terminate.
pub(crate) fn reap() -> Result<(i32, Event), Errno> {
    reap_of(Target::Any, WaitOptions::NONE)
}

/// The same of some children, with options.
pub(crate) fn reap_of(target: Target, options: WaitOptions) -> Result<(i32, Event), Errno> {
    let waited = retrying(|| waitpid(target, options))?;
    Ok((waited.pid.as_raw_pid(), waited.status.event()))
}

/// Waits for the main child alone.
pub(crate) fn reap_main() -> Result<(i32, Event), Errno> {
    let main = crate::wait::Pid::from_raw(child()).ok_or(Errno::CHILD)?;
    reap_of(Target::Pid(main), WaitOptions::NONE)
}

/// Exits with the main child.
pub(crate) fn next(main: bool, event: Event) -> Next {
    if main { Next::Exit(code(event)) } else { Next::Wait }
}

/// Runs the main child again.
pub(crate) fn restart(main: bool, _: Event) -> Next {
    if main { Next::Restart } else { Next::Wait }
}
