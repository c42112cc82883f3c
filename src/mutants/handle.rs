//! Process handles that break a promise.

use super::mutant::{HandleFault, Mutant, blind, from_bug};
use crate::protocol::handle::{Form, Report};
use crate::spec::promise;
use crate::subject::handle::{Handle, Handles, Own, OwnHandle};
use crate::wait::{Errno, Event, IdOptions, Pid, Signal, Target, reap, retrying, try_waitid, waitid};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("handle-seven-bits", "a handle reports seven bits of an exit code", &promise::HANDLE_EXIT_CODE)
        .handle(HandleFault::SevenBits),
    blind("handle-signal-as-code", "a handle reports signal n as exit code 128 + n", &promise::HANDLE_SIGNAL)
        .handle(HandleFault::SignalAsCode),
    blind(
        "handle-poll-guesses",
        "a poll of a live child reports an exit with 0",
        &promise::HANDLE_POLL_RUNNING,
    )
    .handle(HandleFault::PollGuesses),
    blind("handle-poll-lags", "the first poll after the exit reports nothing", &promise::HANDLE_POLL_AT_ONCE)
        .handle(HandleFault::PollLags),
    blind(
        "handle-forgets",
        "a handle that has reported its result fails afterwards",
        &promise::HANDLE_STABLE,
    )
    .handle(HandleFault::Forgets),
    blind("handle-timeout-kills", "a wait that times out kills the child", &promise::HANDLE_TIMEOUT_KEEPS)
        .handle(HandleFault::TimeoutKills),
    blind("handle-stop-is-exit", "a stopped child is reported as exited", &promise::HANDLE_STOP_IS_NO_EXIT)
        .handle(HandleFault::StopIsExit),
    blind(
        "handle-leaves-zombie",
        "a handle reports the result and leaves the zombie",
        &promise::HANDLE_NO_ZOMBIE,
    )
    .handle(HandleFault::LeavesZombie),
    blind("handle-reaps-any", "a handle reaps every child that is ready", &promise::HANDLE_OTHERS_KEPT)
        .handle(HandleFault::ReapsAny),
    from_bug(
        "cpython#96863",
        "handle-invents-zero",
        "a child that somebody else has reaped is reported as exited with 0",
        &promise::HANDLE_NEVER_INVENTED,
    )
    .handle(HandleFault::InventsZero),
];

/// Handles with a fault.
pub(crate) struct Broken {
    pub(crate) mutant: &'static Mutant,
    pub(crate) fault: HandleFault,
}

impl Handles for Broken {
    fn name(&self) -> String {
        format!("mutant:{}", self.mutant.name)
    }

    fn version(&self) -> String {
        Own.version()
    }

    fn form(&self) -> Form {
        Own.form()
    }

    fn promises(&self) -> Vec<(&'static str, String)> {
        Own.promises()
    }

    fn handle(&self, pid: Pid) -> Box<dyn Handle> {
        let inner = OwnHandle::new(pid);
        Box::new(BrokenHandle { inner, fault: self.fault, asked: AtomicBool::new(false) })
    }
}

struct BrokenHandle {
    inner: OwnHandle,
    fault: HandleFault,
    /// Whether something was reported once.
    asked: AtomicBool,
}

impl BrokenHandle {
    /// What the correct handle reports, with the faults that lie in the report.
    fn report(&self, report: Report) -> Result<Report, Errno> {
        let terminated = !matches!(report, Report::Running);
        match (self.fault, report) {
            (HandleFault::SevenBits, Report::Code(code)) => Ok(Report::Code(code & 0x7f)),
            (HandleFault::SignalAsCode, Report::Signal(signal, _)) => {
                Ok(Report::Code(i64::from(128 + signal.number())))
            }
            (HandleFault::InventsZero, Report::Unknown) => Ok(Report::Code(0)),
            (HandleFault::Forgets, _) if terminated && self.asked.swap(true, Ordering::Relaxed) => {
                Err(Errno::CHILD)
            }
            _ => Ok(report),
        }
    }

    /// What a stop looks like where it is taken for an exit.
    fn stopped(&self) -> Option<Report> {
        let target = Target::Pid(self.inner.pid());
        let options = IdOptions::STOPPED | IdOptions::NOWAIT;
        let stopped = self.fault == HandleFault::StopIsExit
            && matches!(try_waitid(target, options), Ok(Some(info)) if matches!(info.event, Event::Stopped { .. }));
        stopped.then_some(Report::Code(0))
    }

    /// A result that is looked at and not taken.
    fn peeked(&self) -> Result<Report, Errno> {
        let target = Target::Pid(self.inner.pid());
        let seen = retrying(|| waitid(target, IdOptions::EXITED | IdOptions::NOWAIT))?;
        Ok(match seen.event {
            Event::Exited { code } => Report::Code(code.into()),
            Event::Signaled { signal, core } => Report::Signal(signal, core),
            _ => Report::Running,
        })
    }
}

impl Handle for BrokenHandle {
    fn poll(&self) -> Result<Report, Errno> {
        if let Some(stopped) = self.stopped() {
            return Ok(stopped);
        }
        if self.fault == HandleFault::PollLags {
            let target = Target::Pid(self.inner.pid());
            let ready = IdOptions::EXITED | IdOptions::NOWAIT;
            let is_dead = matches!(try_waitid(target, ready), Ok(Some(_)));
            if is_dead && !self.asked.swap(true, Ordering::Relaxed) {
                return Ok(Report::Running);
            }
        }
        match self.inner.poll()? {
            Report::Running if self.fault == HandleFault::PollGuesses => Ok(Report::Code(0)),
            report => self.report(report),
        }
    }

    fn wait(&self, timeout: Option<Duration>) -> Result<Report, Errno> {
        match self.fault {
            HandleFault::LeavesZombie if timeout.is_none() => return self.peeked(),
            HandleFault::ReapsAny => {
                let seen = self.inner.wait(timeout);
                for _ in reap(Target::Any) {}
                return seen;
            }
            _ => {}
        }
        let report = self.inner.wait(timeout)?;
        if self.fault == HandleFault::TimeoutKills && report == Report::Running {
            self.inner.kill(Signal::KILL)?;
            let target = Target::Pid(self.inner.pid());
            retrying(|| waitid(target, IdOptions::EXITED | IdOptions::NOWAIT))?;
        }
        self.report(report)
    }

    fn kill(&self, signal: Signal) -> Result<(), Errno> {
        self.inner.kill(signal)
    }
}
