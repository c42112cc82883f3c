//! Observations for implementations that return events rather than status words.

use crate::sys::call::abi::{Info, Memory, NotOffered, Observation, Usage};
use crate::wait::{Event, Layout, Pid, WaitStatus};
use libc::c_int;

/// A pid as the return value of a call.
fn value(pid: Pid) -> Result<i64, c_int> {
    Ok(pid.as_raw_nonzero().get().into())
}

impl Observation {
    /// `wait`, `waitpid`, `wait3` or `wait4` returned 0: with WNOHANG there was nothing to report.
    pub const fn nothing() -> Observation {
        Observation::returned(Ok(0))
    }

    /// One of these calls reported a child with this status word.
    pub fn status(pid: Pid, status: WaitStatus) -> Observation {
        Observation { status: Memory::Wrote(status.as_raw()), ..Observation::returned(value(pid)) }
    }

    /// One of these calls reported this event of a child: for an API that has an enum in place of the status word.
    ///
    /// ```
    /// use waitspec::subject::Observation;
    /// use waitspec::wait::{Event, Pid, WaitStatus};
    /// let pid = Pid::from_raw(4711).unwrap();
    /// let seen = Observation::event(pid, Event::Exited { code: 7 }).unwrap();
    /// assert_eq!(seen, Observation::status(pid, WaitStatus::from_raw(0x0700)));
    /// ```
    ///
    /// # Errors
    /// [`NotOffered`]: this system has no status word for the event.
    pub fn event(pid: Pid, event: Event) -> Result<Observation, NotOffered> {
        match Layout::HOST.encode(event) {
            Some(status) => Ok(Observation::status(pid, status)),
            None => Err(NotOffered("the event has no status word on this system")),
        }
    }

    /// `waitid` succeeded with WNOHANG and had nothing to report: an `si_pid` of 0.
    pub fn no_info() -> Observation {
        let info = Info { pid: Some(0), ..Info::default() };
        Observation { info: Memory::Wrote(info), ..Observation::nothing() }
    }

    /// `waitid` reported this event of a child; `pid` and `uid` if the API exposes `si_pid` and `si_uid`.
    pub fn info(pid: Option<Pid>, uid: Option<u32>, event: Event) -> Observation {
        let (code, status) = match event {
            Event::Exited { code } => (Some(libc::CLD_EXITED), Some(code)),
            Event::Signaled { signal, core: false } => (Some(libc::CLD_KILLED), Some(signal.number())),
            Event::Signaled { signal, core: true } => (Some(libc::CLD_DUMPED), Some(signal.number())),
            Event::Stopped { signal, .. } => (Some(libc::CLD_STOPPED), Some(signal.number())),
            Event::Trapped { status } => (Some(libc::CLD_TRAPPED), Some(status)),
            Event::Continued => (Some(libc::CLD_CONTINUED), None),
            Event::Unknown => (None, None),
        };
        let info = Info {
            code: code.map(i64::from),
            pid: pid.map(|pid| pid.as_raw_nonzero().get().into()),
            uid: uid.map(i64::from),
            status: status.map(i64::from),
            ..Info::default()
        };
        Observation { info: Memory::Wrote(info), ..Observation::nothing() }
    }

    /// The same, where the status word's buffer was seen to be unchanged.
    #[must_use]
    pub const fn with_status_untouched(self) -> Observation {
        Observation { status: Memory::Untouched, ..self }
    }

    /// The same, with the resource usage that the call reported.
    #[must_use]
    pub const fn with_usage(self, usage: Usage) -> Observation {
        Observation { rusage: Memory::Wrote(usage), ..self }
    }
}
