//! Process handles: what runtimes build on the wait family, and a small correct one built on [`crate::wait`].

use crate::protocol::handle::{Form, HandleReport};
use crate::sys::call::abi::Usage;
use crate::sys::process;
use crate::wait::{
    Errno, Event, IdOptions, MaxRssUnit, Pid, Signal, WaitOptions, WaitTarget, retrying, try_wait4,
    try_waitid, waitid, waitid_timeout, waitpid,
};
use rustix::fd::BorrowedFd;
use std::ffi::CString;
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The name of this crate's own handle as a subject.
pub const OWN_HANDLE: &str = "handle:waitspec";

/// An implementation of process handles.
pub trait Handles: Send + Sync {
    /// The name in reports and for `--subject`.
    fn name(&self) -> String;

    /// The version of the implementation.
    fn version(&self) -> String;

    /// The form in which it reports results.
    fn form(&self) -> Form;

    /// What it promises: the part of a clause id after `promise/handle/`, and the text that makes the promise.
    fn promises(&self) -> Vec<(&'static str, String)>;

    /// Creates a child that runs a program, with the given standard output or else the null device.
    ///
    /// # Errors
    /// Those of fork and exec; no child exists then.
    fn spawn(&self, argv: &[CString], output: Option<BorrowedFd<'_>>) -> Result<i32, Errno>;

    /// A handle for a child that was just created.
    fn handle(&self, pid: Pid) -> Box<dyn Handle>;
}

/// A handle for one child, usable from any number of threads.
pub trait Handle: Send + Sync {
    /// The result, without waiting.
    ///
    /// # Errors
    /// The handle's own.
    fn poll(&self) -> Result<HandleReport, Errno>;

    /// Waits for the result, for at most this long.
    ///
    /// # Errors
    /// The handle's own.
    fn wait(&self, timeout: Option<Duration>) -> Result<HandleReport, Errno>;

    /// Sends a signal to the child.
    ///
    /// # Errors
    /// `ESRCH` once the child was reaped.
    fn kill(&self, signal: Signal) -> Result<(), Errno>;

    /// The resource usage of the child, once there is a result.
    fn usage(&self) -> Option<Usage>;
}

/// How handles behave; mutants replace parts of it.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Behavior {
    pub(crate) form: Form,
    pub(crate) spawn: fn(&[CString], Option<BorrowedFd<'_>>) -> Result<i32, Errno>,
    /// Called once a handle has been created.
    pub(crate) made: fn(&OwnHandle),
    pub(crate) poll: fn(&OwnHandle) -> Result<HandleReport, Errno>,
    pub(crate) wait: fn(&OwnHandle, Option<Duration>) -> Result<HandleReport, Errno>,
    pub(crate) kill: fn(&OwnHandle, Signal) -> Result<(), Errno>,
    pub(crate) usage: fn(&OwnHandle) -> Option<Usage>,
    /// What happens to a child whose handle is dropped before there is a result.
    pub(crate) dropped: fn(Pid),
}

impl Behavior {
    /// The correct behavior.
    pub(crate) const CORRECT: Behavior = Behavior {
        form: Form::CodeOrSignal,
        spawn: process::run_program,
        made: |_| {},
        poll: OwnHandle::look,
        wait: OwnHandle::await_result,
        kill: OwnHandle::send,
        usage: |handle| handle.known().and_then(|(_, usage)| usage),
        dropped: reap_later,
    };
}

/// Handles like those of `std::process`, built on [`crate::wait`]; or broken ones, under another name.
pub(crate) struct Own {
    pub(crate) name: String,
    pub(crate) behavior: Behavior,
}

/// What this crate's handles promise.
const PROMISES: [&str; 37] = [
    "exit-code",
    "signal",
    "core",
    "usage",
    "never-invented",
    "poll-running",
    "poll-at-once",
    "stop-is-no-exit",
    "stable",
    "wait-blocks",
    "wait-returns",
    "wait-idle",
    "timeout-idle",
    "timeout-keeps",
    "timeout-passes",
    "two-waiters",
    "signal-during-wait",
    "spurious-sigchld",
    "sigchld-blocked",
    "sigchld-caught",
    "child-sigpipe",
    "child-starts",
    "child-descriptors",
    "keeps-process",
    "releases",
    "no-zombie",
    "others-kept",
    "strangers-kept",
    "concurrent",
    "many",
    "drop-keeps",
    "drop-reaps",
    "kill-delivers",
    "kill-spares",
    "kill-after-exit",
    "kill-after-loss",
    "exec-fails",
];

impl Handles for Own {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    fn form(&self) -> Form {
        self.behavior.form
    }

    fn promises(&self) -> Vec<(&'static str, String)> {
        let source = concat!("waitspec ", env!("CARGO_PKG_VERSION"), ", src/subject/handle.rs OwnHandle");
        PROMISES.into_iter().map(|promise| (promise, source.to_owned())).collect()
    }

    fn spawn(&self, argv: &[CString], output: Option<BorrowedFd<'_>>) -> Result<i32, Errno> {
        (self.behavior.spawn)(argv, output)
    }

    fn handle(&self, pid: Pid) -> Box<dyn Handle> {
        let handle = OwnHandle::new(pid, self.behavior);
        (self.behavior.made)(&handle);
        Box::new(handle)
    }
}

/// A handle for a child.
///
/// Reports the exit code, or the signal and whether core was dumped, of its own child: the same result however often it
/// is asked, and to every thread that waits. While the child runs or is stopped it is reported as running, and a wait
/// goes on regardless of signals, asleep, and whatever other handles do. A wait never times out early, and one that times out has
/// no effect. Reporting the result reaps the child, with its usage, and no other child; if the handle is dropped first, the child
/// is reaped once it has terminated. If someone else reaps it, the result is unknown. A child that was reaped is never signalled.
/// A child starts with the default action of `SIGPIPE`, with the words of its command and what the process passes on, but without
/// a descriptor that was opened for another one. The process itself stays as it is, and keeps nothing open for a child whose
/// result has been reported and whose handle was dropped, or that could not be created.
#[derive(Debug)]
pub struct OwnHandle {
    pid: Pid,
    behavior: Behavior,
    /// The result, once the child was reaped: from then on its pid may belong to another process.
    result: Mutex<Option<(HandleReport, Option<Usage>)>>,
    /// For mutants: a counter, or any number.
    pub(crate) count: AtomicUsize,
}

impl OwnHandle {
    /// A handle for this child, which must not have been reaped yet.
    pub(crate) fn new(pid: Pid, behavior: Behavior) -> OwnHandle {
        OwnHandle { pid, behavior, result: Mutex::default(), count: AtomicUsize::new(0) }
    }

    /// The child.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    fn lock(&self) -> MutexGuard<'_, Option<(HandleReport, Option<Usage>)>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The result, if there is one.
    pub(crate) fn known(&self) -> Option<(HandleReport, Option<Usage>)> {
        *self.lock()
    }

    /// Reaps the child if it has terminated.
    pub(crate) fn look(&self) -> Result<HandleReport, Errno> {
        let mut result = self.lock();
        if let Some((report, _)) = *result {
            return Ok(report);
        }
        let found = match try_wait4(self.pid, WaitOptions::NONE) {
            Ok(None) => return Ok(HandleReport::Running),
            Ok(Some(waited)) => {
                (report_of(waited.status.event()), Some(waited.rusage.to_usage(MaxRssUnit::host())))
            }
            Err(Errno::CHILD) => (HandleReport::Unknown, None),
            Err(other) => return Err(other),
        };
        Ok(result.insert(found).0)
    }

    /// Waits for the result.
    pub(crate) fn await_result(&self, timeout: Option<Duration>) -> Result<HandleReport, Errno> {
        if let Some((report, _)) = self.known() {
            return Ok(report);
        }
        // Looks without reaping, so that other threads can poll and signal in the meantime.
        let (target, options) = (WaitTarget::Pid(self.pid), IdOptions::EXITED | IdOptions::NOWAIT);
        loop {
            let seen = match timeout {
                Some(timeout) => waitid_timeout(target, options, timeout),
                None => waitid(target, options).map(Some),
            };
            match seen {
                Err(Errno::INTR) => {}
                Ok(None) => return Ok(HandleReport::Running),
                Ok(Some(_)) | Err(Errno::CHILD) => return self.look(),
                Err(other) => return Err(other),
            }
        }
    }

    /// Sends a signal to the child, unless it was reaped.
    pub(crate) fn send(&self, signal: Signal) -> Result<(), Errno> {
        // Holding the lock keeps other threads from reaping it through this handle. If someone else has, it is not our
        // child.
        let result = self.lock();
        let is_ours = || try_waitid(WaitTarget::Pid(self.pid), IdOptions::EXITED | IdOptions::NOWAIT).is_ok();
        match *result {
            None if is_ours() => process::kill(self.pid.as_raw_pid(), signal.number()),
            _ => Err(Errno::SRCH),
        }
    }
}

impl Drop for OwnHandle {
    fn drop(&mut self) {
        if self.known().is_none() {
            (self.behavior.dropped)(self.pid);
        }
    }
}

/// Reaps a child once it has terminated, in a separate thread.
fn reap_later(pid: Pid) {
    let reaping = std::thread::Builder::new();
    let _ = reaping.spawn(move || retrying(|| waitpid(WaitTarget::Pid(pid), WaitOptions::NONE)));
}

/// A status as a report.
pub(crate) fn report_of(event: Event) -> HandleReport {
    match event {
        Event::Exited { code } => HandleReport::Code(code.into()),
        Event::Signaled { signal, core } => HandleReport::Signal(signal, core),
        _ => HandleReport::Running,
    }
}

impl Handle for OwnHandle {
    fn poll(&self) -> Result<HandleReport, Errno> {
        (self.behavior.poll)(self)
    }

    fn wait(&self, timeout: Option<Duration>) -> Result<HandleReport, Errno> {
        (self.behavior.wait)(self, timeout)
    }

    fn kill(&self, signal: Signal) -> Result<(), Errno> {
        (self.behavior.kill)(self, signal)
    }

    fn usage(&self) -> Option<Usage> {
        (self.behavior.usage)(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::Forked;

    fn child(body: impl FnOnce() -> i32) -> OwnHandle {
        match process::fork().expect("a fork") {
            Forked::Parent(pid) => OwnHandle::new(Pid::from_raw(pid).expect("a pid"), Behavior::CORRECT),
            Forked::Child => process::exit_now(body()),
        }
    }

    #[test]
    fn a_result_stays_and_is_no_longer_signalled() {
        let handle = child(|| 7);
        assert_eq!(handle.wait(None), Ok(HandleReport::Code(7)));
        assert_eq!(handle.poll(), Ok(HandleReport::Code(7)));
        assert_eq!(handle.wait(Some(Duration::ZERO)), Ok(HandleReport::Code(7)));
        assert_eq!(handle.kill(Signal::KILL), Err(Errno::SRCH));
        assert!(handle.usage().is_some());
    }

    #[test]
    fn a_child_that_somebody_else_reaped_is_unknown() {
        let handle = child(|| 7);
        waitpid(handle.pid(), WaitOptions::NONE).expect("it is reaped");
        assert_eq!(handle.kill(Signal::KILL), Err(Errno::SRCH));
        assert_eq!(handle.wait(None), Ok(HandleReport::Unknown));
        assert_eq!(handle.poll(), Ok(HandleReport::Unknown));
    }

    #[test]
    fn a_timeout_leaves_the_child_alone() {
        let handle = child(|| {
            process::pause();
            7
        });
        assert_eq!(handle.poll(), Ok(HandleReport::Running));
        assert_eq!(handle.wait(Some(Duration::from_millis(1))), Ok(HandleReport::Running));
        assert_eq!(handle.kill(Signal::TERM), Ok(()));
        assert_eq!(handle.wait(None), Ok(HandleReport::Signal(Signal::TERM, false)));
    }
}
