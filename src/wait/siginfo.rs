//! What `waitid` reports about a child.

use rustix::process::Pid;

use super::signal::Signal;
use super::status::Event;
use crate::sys::call::raw::Report;

/// The `siginfo_t` of a report, typed.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct ChildInfo {
    /// `si_pid`: the child (after a continue on macOS: the sender of SIGCONT).
    pub pid: Pid,
    /// `si_uid`: the child's real user id (OpenBSD: its effective one; macOS never sets it).
    pub uid: u32,
    /// `si_code` and `si_status` combined.
    pub event: Event,
}

impl ChildInfo {
    /// `None` if there was nothing to report, which POSIX signals with an `si_pid` of 0.
    pub(super) fn of(report: &Report) -> Option<ChildInfo> {
        if report.pid <= 0 {
            return None;
        }
        Some(ChildInfo {
            pid: Pid::from_raw(report.pid)?,
            uid: report.uid,
            event: event(report.code, report.status),
        })
    }
}

/// The event for an `si_code` and an `si_status` of the host.
fn event(code: libc::c_int, status: libc::c_int) -> Event {
    match code {
        libc::CLD_EXITED => Event::Exited { code: status },
        libc::CLD_KILLED => Event::Signaled { signal: Signal(status), core: false },
        libc::CLD_DUMPED => Event::Signaled { signal: Signal(status), core: true },
        libc::CLD_STOPPED => Event::Stopped { signal: Signal(status), ptrace: 0 },
        libc::CLD_TRAPPED => Event::Trapped { status },
        libc::CLD_CONTINUED => Event::Continued,
        _ => Event::Unknown,
    }
}
