//! A program that runs a program: a small correct wrapper, built on [`crate::wait`].
//!
//! It waits for the command and exits with its exit code, with 128 + n if signal n killed it, with 127 if there is no
//! such program and with 126 if it cannot be run. A stop is not an exit. It exits once the command has been reaped.
//! SIGTERM and SIGUSR1 are forwarded; SIGHUP is ignored. With `[-s KILL] [-k SECONDS] [--preserve-status] SECONDS`
//! before the command, a command that runs longer is sent SIGTERM or SIGKILL, and SIGCONT in case it is stopped; with `-k` it
//! is sent SIGKILL later.

use crate::sys::process;
use crate::sys::signal::{self, Action, Flags};
use crate::wait::{
    Errno, Event, IdOptions, Pid, WaitOptions, WaitTarget, retrying, wait4_timeout, waitid_timeout, waitpid,
};
use std::ffi::CString;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// How a wrapper behaves; mutants replace parts of it.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Wrapper {
    /// Called first.
    pub(crate) prepare: fn(),
    /// Waits for the command; returns the event that it took for termination.
    pub(crate) wait: fn(Pid) -> Result<Event, Errno>,
    /// The exit code for that event.
    pub(crate) code: fn(Event) -> i32,
    /// The exit code if the command cannot be run.
    pub(crate) no_program: fn(Errno) -> i32,
    /// Called on a signal.
    pub(crate) pass_on: fn(i32),
    /// Called before it execs the command.
    pub(crate) shield: fn(),
    /// Whether a word of the command is passed on.
    pub(crate) keeps: fn(&CString) -> bool,
    /// How long the command may run, of the limit that it was given.
    pub(crate) limit: fn(Duration) -> Duration,
    /// Its exit code for a command that timed out: from how it terminated, whether by SIGKILL, and whether the status
    /// is preserved.
    pub(crate) expired: fn(Event, bool, bool) -> i32,
    /// Sends a signal to a command that took too long, which may have stopped.
    pub(crate) end: fn(i32, i32),
    /// Its exit code for one that survived that and was killed later, of the one for being killed.
    pub(crate) later: fn(i32) -> i32,
}

/// The exit code for any other failure.
pub(crate) const TROUBLE: i32 = 125;

/// The process that signals are forwarded to.
static CHILD: AtomicI32 = AtomicI32::new(0);

impl Wrapper {
    /// The correct one.
    pub(crate) const CORRECT: Wrapper = Wrapper {
        prepare,
        wait,
        code,
        no_program,
        pass_on,
        shield,
        keeps: |_| true,
        limit: |time| time,
        expired,
        end: |pid, signal| {
            let _ = process::kill(pid, signal);
            let _ = process::kill(pid, libc::SIGCONT);
        },
        later: |code| code,
    };

    /// Runs a command; returns the exit code.
    pub(crate) fn run(self, command: &[CString]) -> i32 {
        (self.prepare)();
        let limit = Limit::of(command);
        let words = command[limit.words..].iter().filter(|word| (self.keeps)(word));
        let command: Vec<CString> = words.cloned().collect();
        let exec = || {
            default_pipe();
            (self.shield)();
            (self.no_program)(process::exec(&command))
        };
        let Ok(pid) = process::spawn(exec) else { return TROUBLE };
        catch(&[libc::SIGTERM, libc::SIGUSR1], pid, self.pass_on);
        let Some(pid) = Pid::from_raw(pid) else { return TROUBLE };
        if let Some(time) = limit.time {
            match wait4_timeout(WaitTarget::Pid(pid), WaitOptions::NONE, (self.limit)(time)) {
                Ok(Some(waited)) => return (self.code)(waited.status.event()),
                Ok(None) => {}
                Err(_) => return TROUBLE,
            }
            let signal = if limit.kills { libc::SIGKILL } else { libc::SIGTERM };
            (self.end)(pid.as_raw_pid(), signal);
            if let Some(time) = limit.kill_after
                && let Ok(None) =
                    waitid_timeout(WaitTarget::Pid(pid), IdOptions::EXITED | IdOptions::NOWAIT, time)
            {
                (self.end)(pid.as_raw_pid(), libc::SIGKILL);
                let code =
                    (self.wait)(pid).map_or(TROUBLE, |event| (self.expired)(event, true, limit.preserves));
                return (self.later)(code);
            }
            return (self.wait)(pid)
                .map_or(TROUBLE, |event| (self.expired)(event, limit.kills, limit.preserves));
        }
        (self.wait)(pid).map_or(TROUBLE, self.code)
    }
}

/// How long a command may run.
#[derive(Default)]
struct Limit {
    words: usize,
    time: Option<Duration>,
    kill_after: Option<Duration>,
    kills: bool,
    preserves: bool,
}

impl Limit {
    /// The words before the command.
    fn of(words: &[CString]) -> Limit {
        let mut limit = Limit::default();
        while let Some(word) = words.get(limit.words).and_then(|word| word.to_str().ok()) {
            match word {
                "-s" => {
                    limit.kills = words.get(limit.words + 1).is_some_and(|name| name.as_bytes() == b"KILL");
                    limit.words += 1;
                }
                "-k" => {
                    limit.words += 1;
                    limit.kill_after = words.get(limit.words).and_then(seconds);
                }
                "--preserve-status" => limit.preserves = true,
                _ => match words.get(limit.words).and_then(seconds) {
                    Some(time) => limit.time = Some(time),
                    None => break,
                },
            }
            limit.words += 1;
        }
        limit
    }
}

/// A time in seconds.
fn seconds(word: &CString) -> Option<Duration> {
    let seconds = word.to_str().ok()?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The Rust runtime has ignored SIGPIPE before `main`.
pub(crate) fn default_pipe() {
    let _ = signal::set_action(libc::SIGPIPE, Action::Default, Flags::default());
}

/// Makes the command survive a hangup.
pub(crate) fn shield() {
    let _ = signal::set_action(libc::SIGHUP, Action::Ignore, Flags::default());
}

/// The exit code for a command that timed out.
pub(crate) fn expired(event: Event, killed: bool, preserves: bool) -> i32 {
    match (preserves, killed) {
        (true, _) => code(event),
        (false, true) => 128 + libc::SIGKILL,
        (false, false) => 124,
    }
}

/// Installs a handler for these signals, which are meant for that process.
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

/// Forwards a signal.
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

/// The same, with options.
pub(crate) fn wait_with(pid: Pid, options: WaitOptions) -> Result<Event, Errno> {
    retrying(|| waitpid(WaitTarget::Pid(pid), options)).map(|(_, status)| status.event())
}

/// The exit code for how a command terminated.
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
