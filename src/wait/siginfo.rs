//! What `waitid` tells of a child.

use rustix::process::Pid;

use super::signal::Signal;
use super::status::Event;
use crate::sys::call::raw::Report;

/// The `siginfo_t` of a report, typed.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct ChildInfo {
    /// `si_pid`: the child (after a continue on macOS: who sent SIGCONT).
    pub pid: Pid,
    /// `si_uid`: the child's real user (OpenBSD: its effective user; macOS never sets it).
    pub uid: u32,
    /// `si_code` and `si_status` together.
    pub event: Event,
}

impl ChildInfo {
    /// `None` where there was nothing to report: POSIX says to look at `si_pid`.
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

/// The event of an `si_code` and an `si_status` of the host.
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
