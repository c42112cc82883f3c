//! Process handles: what runtimes build on the wait family, and a small correct one on [`crate::wait`].

use crate::protocol::handle::{Form, Report};
use crate::sys::process;
use crate::wait::{
    Errno, Event, IdOptions, Pid, Signal, Target, WaitOptions, try_waitpid, waitid, waitid_timeout,
};
use std::sync::{Mutex, PoisonError};
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
}

/// Handles like those of `std::process`, on [`crate::wait`].
pub struct Own;

impl Handles for Own {
    fn name(&self) -> String {
        OWN_HANDLE.to_owned()
    }

    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    fn form(&self) -> Form {
        Form::CodeOrSignal
    }

    fn promises(&self) -> Vec<(&'static str, String)> {
        let source = concat!("waitspec ", env!("CARGO_PKG_VERSION"), ", subject::handle::OwnHandle");
        let promises = [
            "exit-code",
            "signal",
            "poll-running",
            "poll-at-once",
            "stable",
            "timeout-keeps",
            "stop-is-no-exit",
            "no-zombie",
            "others-kept",
            "never-invented",
        ];
        promises.into_iter().map(|promise| (promise, source.to_owned())).collect()
    }

    fn handle(&self, pid: Pid) -> Box<dyn Handle> {
        Box::new(OwnHandle::new(pid))
    }
}

/// A handle for a child.
///
/// It reports the exit code or the signal of its own child, whenever it is asked, and the same each time; while the
/// child lives or is stopped it reports that it runs. A wait that times out changes nothing. The child is reaped when
/// the result is reported, and no other child is. Where somebody else has reaped it, the result is not known.
#[derive(Debug)]
pub struct OwnHandle {
    pid: Pid,
    /// The result, once the child was reaped: from then on its pid may be another process's.
    result: Mutex<Option<Report>>,
}

impl OwnHandle {
    /// A handle for that child, which nobody may have reaped yet.
    pub fn new(pid: Pid) -> OwnHandle {
        OwnHandle { pid, result: Mutex::default() }
    }

    /// The child.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Report>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let mut result = self.lock();
        if let Some(report) = *result {
            return Ok(report);
        }
        let report = match try_waitpid(self.pid, WaitOptions::NONE) {
            Ok(None) => return Ok(Report::Running),
            Ok(Some(waited)) => report_of(waited.status.event()),
            Err(Errno::CHILD) => Report::Unknown,
            Err(other) => return Err(other),
        };
        Ok(*result.insert(report))
    }

    fn wait(&self, timeout: Option<Duration>) -> Result<Report, Errno> {
        if let Some(report) = *self.lock() {
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
                Ok(Some(_)) | Err(Errno::CHILD) => return self.poll(),
                Err(other) => return Err(other),
            }
        }
    }

    fn kill(&self, signal: Signal) -> Result<(), Errno> {
        // Nobody reaps it meanwhile, so the pid is still the child's.
        match *self.lock() {
            Some(_) => Err(Errno::SRCH),
            None => process::kill(self.pid.as_raw_pid(), signal.number()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::Forked;
    use crate::wait::waitpid;

    fn child(body: impl FnOnce() -> i32) -> Pid {
        match process::fork().expect("a fork") {
            Forked::Parent(pid) => Pid::from_raw(pid).expect("a pid"),
            Forked::Child => process::exit_now(body()),
        }
    }

    #[test]
    fn a_result_stays_and_is_no_longer_signalled() {
        let handle = OwnHandle::new(child(|| 7));
        assert_eq!(handle.wait(None), Ok(Report::Code(7)));
        assert_eq!(handle.poll(), Ok(Report::Code(7)));
        assert_eq!(handle.wait(Some(Duration::ZERO)), Ok(Report::Code(7)));
        assert_eq!(handle.kill(Signal::KILL), Err(Errno::SRCH));
    }

    #[test]
    fn a_child_that_somebody_else_reaped_is_unknown() {
        let handle = OwnHandle::new(child(|| 7));
        waitpid(handle.pid(), WaitOptions::NONE).expect("it is reaped");
        assert_eq!(handle.wait(None), Ok(Report::Unknown));
        assert_eq!(handle.poll(), Ok(Report::Unknown));
    }

    #[test]
    fn a_timeout_leaves_the_child_alone() {
        let handle = OwnHandle::new(child(|| {
            process::pause();
            7
        }));
        assert_eq!(handle.poll(), Ok(Report::Running));
        assert_eq!(handle.wait(Some(Duration::from_millis(1))), Ok(Report::Running));
        assert_eq!(handle.kill(Signal::TERM), Ok(()));
        assert_eq!(handle.wait(None), Ok(Report::Signal(Signal::TERM, false)));
    }
}
