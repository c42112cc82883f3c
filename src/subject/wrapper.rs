//! A program that runs a program: a small correct wrapper, on [`crate::wait`].
//!
//! It waits for the command, and exits with its exit code, with 128 + n where signal n killed it, with 127 where there is
//! no such program and with 126 where it cannot be run. Stops are no exits. It exits once the command was reaped. SIGTERM
//! and SIGUSR1 are passed on; SIGHUP is ignored. With `[-s KILL] [--preserve-status] SECONDS` before the command, one that
//! takes longer gets SIGTERM or SIGKILL.

use crate::sys::process;
use crate::sys::signal::{self, Action, Flags};
use crate::wait::{Errno, Event, Pid, Target, WaitOptions, retrying, wait4_timeout, waitpid};
use std::ffi::CString;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// How a wrapper behaves; mutants have other parts.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Wrapper {
    /// Before anything else.
    pub(crate) prepare: fn(),
    /// Waits for the command; the change that it took for its end.
    pub(crate) wait: fn(Pid) -> Result<Event, Errno>,
    /// The exit code for that.
    pub(crate) code: fn(Event) -> i32,
    /// The exit code where the command cannot be run.
    pub(crate) no_program: fn(Errno) -> i32,
    /// What it does on a signal.
    pub(crate) pass_on: fn(i32),
    /// Before it execs the command.
    pub(crate) shield: fn(),
    /// Its exit code for a command that took too long: of how that ended, whether by SIGKILL, and whether that was asked for.
    pub(crate) expired: fn(Event, bool, bool) -> i32,
}

/// The exit code where no more is known.
pub(crate) const TROUBLE: i32 = 125;

/// The process that signals are passed on to.
static CHILD: AtomicI32 = AtomicI32::new(0);

impl Wrapper {
    /// The correct one.
    pub(crate) const CORRECT: Wrapper = Wrapper { prepare, wait, code, no_program, pass_on, shield, expired };

    /// Runs a command; the exit code.
    pub(crate) fn run(self, command: &[CString]) -> i32 {
        (self.prepare)();
        let limit = Limit::of(command);
        let command = &command[limit.words..];
        let exec = || {
            (self.shield)();
            (self.no_program)(process::exec(command))
        };
        let Ok(pid) = process::spawn(exec) else { return TROUBLE };
        catch(&[libc::SIGTERM, libc::SIGUSR1], pid, self.pass_on);
        let Some(pid) = Pid::from_raw(pid) else { return TROUBLE };
        if let Some(time) = limit.time {
            match wait4_timeout(Target::Pid(pid), WaitOptions::NONE, time) {
                Ok(Some(waited)) => return (self.code)(waited.status.event()),
                Ok(None) => {}
                Err(_) => return TROUBLE,
            }
            let signal = if limit.kills { libc::SIGKILL } else { libc::SIGTERM };
            let _ = process::kill(pid.as_raw_pid(), signal);
            return (self.wait)(pid)
                .map_or(TROUBLE, |event| (self.expired)(event, limit.kills, limit.preserves));
        }
        (self.wait)(pid).map_or(TROUBLE, self.code)
    }
}

/// How long a command may take.
#[derive(Default)]
struct Limit {
    words: usize,
    time: Option<Duration>,
    kills: bool,
    preserves: bool,
}

impl Limit {
    /// What stands before the command.
    fn of(words: &[CString]) -> Limit {
        let mut limit = Limit::default();
        while let Some(word) = words.get(limit.words).and_then(|word| word.to_str().ok()) {
            match word {
                "-s" => {
                    limit.kills = words.get(limit.words + 1).is_some_and(|name| name.as_bytes() == b"KILL");
                    limit.words += 1;
                }
                "--preserve-status" => limit.preserves = true,
                _ => match word.parse::<f64>() {
                    Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => {
                        limit.time = Some(Duration::from_secs_f64(seconds));
                    }
                    _ => break,
                },
            }
            limit.words += 1;
        }
        limit
    }
}

/// The command survives a hangup.
pub(crate) fn shield() {
    let _ = signal::set_action(libc::SIGHUP, Action::Ignore, Flags::default());
}

/// The exit code for a command that took too long.
pub(crate) fn expired(event: Event, killed: bool, preserves: bool) -> i32 {
    match (preserves, killed) {
        (true, _) => code(event),
        (false, true) => 128 + libc::SIGKILL,
        (false, false) => 124,
    }
}

/// Has a handler called for these signals, which are meant for that process.
pub(crate) fn catch(signals: &[i32], pid: i32, hook: fn(i32)) {
    CHILD.store(pid, Ordering::Relaxed);
    for signal in signals {
        let _ = signal::set_action(*signal, Action::Hook(hook), Flags::default());
        let _ = signal::unblock(*signal);
    }
}

/// The process that signals are meant for.
pub(crate) fn child() -> i32 {
    CHILD.load(Ordering::Relaxed)
}

/// Passes a signal on.
pub(crate) fn pass_on(signal: i32) {
    let _ = process::kill(child(), signal);
}

/// The statuses of children must not be discarded.
pub(crate) fn prepare() {
    let _ = signal::set_action(libc::SIGCHLD, Action::Default, Flags::default());
    let _ = signal::unblock(libc::SIGCHLD);
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
