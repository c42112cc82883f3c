//! Process handles: what runtimes build on the wait family, and a small correct one on [`crate::wait`].

use crate::protocol::handle::{Form, Report};
use crate::sys::call::abi::Usage;
use crate::sys::process;
use crate::wait::{
    Errno, Event, IdOptions, MaxRssUnit, Pid, Signal, Target, WaitOptions, retrying, try_wait4, try_waitid,
    waitid, waitid_timeout, waitpid,
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

    /// The form of its results.
    fn form(&self) -> Form;

    /// What it promises, as in the ids of clauses behind `promise/handle/`, and the text that promises it.
    fn promises(&self) -> Vec<(&'static str, String)>;

    /// Makes a child that runs a program, with that standard output, or the null device.
    ///
    /// # Errors
    /// Those of fork and exec: there is no child then.
    fn spawn(&self, argv: &[CString], output: Option<BorrowedFd<'_>>) -> Result<i32, Errno>;

    /// A handle for a child that has just been made.
    fn handle(&self, pid: Pid) -> Box<dyn Handle>;
}

/// A handle for one child, for any number of threads.
pub trait Handle: Send + Sync {
    /// The result, without waiting for it.
    ///
    /// # Errors
    /// The handle's own.
    fn poll(&self) -> Result<Report, Errno>;

    /// Waits for the result, that long at most.
    ///
    /// # Errors
    /// The handle's own.
    fn wait(&self, timeout: Option<Duration>) -> Result<Report, Errno>;

    /// Sends a signal to the child.
    ///
    /// # Errors
    /// `ESRCH` once the child was reaped.
    fn kill(&self, signal: Signal) -> Result<(), Errno>;

    /// The resource usage of the child, once there is a result.
    fn usage(&self) -> Option<Usage>;
}

/// How handles behave; mutants have other parts.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Behavior {
    pub(crate) form: Form,
    pub(crate) spawn: fn(&[CString], Option<BorrowedFd<'_>>) -> Result<i32, Errno>,
    /// What is done once a handle is made.
    pub(crate) made: fn(&OwnHandle),
    pub(crate) poll: fn(&OwnHandle) -> Result<Report, Errno>,
    pub(crate) wait: fn(&OwnHandle, Option<Duration>) -> Result<Report, Errno>,
    pub(crate) kill: fn(&OwnHandle, Signal) -> Result<(), Errno>,
    pub(crate) usage: fn(&OwnHandle) -> Option<Usage>,
    /// What becomes of a child whose handle is dropped before there is a result.
    pub(crate) dropped: fn(Pid),
}

impl Behavior {
    /// The correct ones.
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

/// Handles like those of `std::process`, on [`crate::wait`]; or broken ones, under another name.
pub(crate) struct Own {
    pub(crate) name: String,
    pub(crate) behavior: Behavior,
}

/// What the own handles promise.
const PROMISES: [&str; 26] = [
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
    "timeout-keeps",
    "two-waiters",
    "signal-during-wait",
    "spurious-sigchld",
    "sigchld-blocked",
    "no-zombie",
    "others-kept",
    "strangers-kept",
    "many",
    "drop-keeps",
    "drop-reaps",
    "kill-delivers",
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
/// It reports the exit code, or the signal and whether a core was dumped, of its own child, whenever it is asked, the same each
/// time and to every thread that waits; while the child lives or is stopped it reports that it runs, and a wait goes on,
/// whatever signals come. A wait that times out changes nothing. The child is reaped when the result is reported, with its
/// usage, and no other child is; that of a handle that was dropped, once it has terminated. Where somebody else has reaped
/// it, the result is not known. After that, nobody is signalled.
#[derive(Debug)]
pub struct OwnHandle {
    pid: Pid,
    behavior: Behavior,
    /// The result, once the child was reaped: from then on its pid may be another process's.
    result: Mutex<Option<(Report, Option<Usage>)>>,
    /// For mutants: how often something happened, or a number.
    pub(crate) count: AtomicUsize,
}

impl OwnHandle {
    /// A handle for that child, which nobody may have reaped yet.
    pub(crate) fn new(pid: Pid, behavior: Behavior) -> OwnHandle {
        OwnHandle { pid, behavior, result: Mutex::default(), count: AtomicUsize::new(0) }
    }

    /// The child.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Report, Option<Usage>)>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The result, if there is one.
    pub(crate) fn known(&self) -> Option<(Report, Option<Usage>)> {
        *self.lock()
    }

    /// Reaps the child if it has terminated.
    pub(crate) fn look(&self) -> Result<Report, Errno> {
        let mut result = self.lock();
        if let Some((report, _)) = *result {
            return Ok(report);
        }
        let found = match try_wait4(self.pid, WaitOptions::NONE) {
            Ok(None) => return Ok(Report::Running),
            Ok(Some(waited)) => {
                (report_of(waited.status.event()), Some(waited.rusage.to_usage(MaxRssUnit::host())))
            }
            Err(Errno::CHILD) => (Report::Unknown, None),
            Err(other) => return Err(other),
        };
        Ok(result.insert(found).0)
    }

    /// Waits for the result.
    pub(crate) fn await_result(&self, timeout: Option<Duration>) -> Result<Report, Errno> {
        if let Some((report, _)) = self.known() {
            return Ok(report);
        }
        // Looks without reaping, so that other threads may poll and signal meanwhile.
        let (target, options) = (Target::Pid(self.pid), IdOptions::EXITED | IdOptions::NOWAIT);
        loop {
            let seen = match timeout {
                Some(timeout) => waitid_timeout(target, options, timeout),
                None => waitid(target, options).map(Some),
            };
            match seen {
                Err(Errno::INTR) => {}
                Ok(None) => return Ok(Report::Running),
                Ok(Some(_)) | Err(Errno::CHILD) => return self.look(),
                Err(other) => return Err(other),
            }
        }
    }

    /// Sends a signal to the child, unless it was reaped.
    pub(crate) fn send(&self, signal: Signal) -> Result<(), Errno> {
        // Held meanwhile: no other thread reaps it by this handle. If somebody else has, it is no child any more.
        let result = self.lock();
        let is_ours = || try_waitid(Target::Pid(self.pid), IdOptions::EXITED | IdOptions::NOWAIT).is_ok();
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

/// Reaps a child once it has terminated, in a thread of its own.
fn reap_later(pid: Pid) {
    let reaping = std::thread::Builder::new();
    let _ = reaping.spawn(move || retrying(|| waitpid(Target::Pid(pid), WaitOptions::NONE)));
}

/// A status as a report.
pub(crate) fn report_of(event: Event) -> Report {
    match event {
        Event::Exited { code } => Report::Code(code.into()),
        Event::Signaled { signal, core } => Report::Signal(signal, core),
        _ => Report::Running,
    }
}

impl Handle for OwnHandle {
    fn poll(&self) -> Result<Report, Errno> {
        (self.behavior.poll)(self)
    }

    fn wait(&self, timeout: Option<Duration>) -> Result<Report, Errno> {
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
        assert_eq!(handle.wait(None), Ok(Report::Code(7)));
        assert_eq!(handle.poll(), Ok(Report::Code(7)));
        assert_eq!(handle.wait(Some(Duration::ZERO)), Ok(Report::Code(7)));
        assert_eq!(handle.kill(Signal::KILL), Err(Errno::SRCH));
        assert!(handle.usage().is_some());
    }

    #[test]
    fn a_child_that_somebody_else_reaped_is_unknown() {
        let handle = child(|| 7);
        waitpid(handle.pid(), WaitOptions::NONE).expect("it is reaped");
        assert_eq!(handle.kill(Signal::KILL), Err(Errno::SRCH));
        assert_eq!(handle.wait(None), Ok(Report::Unknown));
        assert_eq!(handle.poll(), Ok(Report::Unknown));
    }

    #[test]
    fn a_timeout_leaves_the_child_alone() {
        let handle = child(|| {
            process::pause();
            7
        });
        assert_eq!(handle.poll(), Ok(Report::Running));
        assert_eq!(handle.wait(Some(Duration::from_millis(1))), Ok(Report::Running));
        assert_eq!(handle.kill(Signal::TERM), Ok(()));
        assert_eq!(handle.wait(None), Ok(Report::Signal(Signal::TERM, false)));
    }
}
