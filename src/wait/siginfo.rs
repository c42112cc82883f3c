//! What `waitid` reports about a child.

use std::fmt;

use rustix::process::Pid;

use super::signal::Signal;
use super::status::Event;
use crate::sys::call::raw::RawInfo;

/// The `siginfo_t` of a report, typed.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub struct ChildInfo {
    /// `si_pid`: the child (after a continue on macOS: the process that sent SIGCONT).
    pub pid: Pid,
    /// `si_uid`: the child's real user id (OpenBSD: its effective one; macOS never sets it).
    pub uid: u32,
    /// `si_code` and `si_status` combined.
    pub event: Event,
}

impl ChildInfo {
    /// `None` if there was nothing to report, which POSIX signals with an `si_pid` of 0.
    pub(super) fn of(report: &RawInfo) -> Option<ChildInfo> {
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

/// The `si_code` of a SIGCHLD or of a `waitid`, by name.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SiCode {
    /// `CLD_EXITED`
    Exited,
    /// `CLD_KILLED`
    Killed,
    /// `CLD_DUMPED`
    Dumped,
    /// `CLD_TRAPPED`
    Trapped,
    /// `CLD_STOPPED`
    Stopped,
    /// `CLD_CONTINUED`
    Continued,
    /// Any other number.
    Other(i64),
}

impl SiCode {
    /// The codes in numerical order, 1 to 6 on every system.
    const ALL: [(&str, SiCode); 6] = [
        ("CLD_EXITED", SiCode::Exited),
        ("CLD_KILLED", SiCode::Killed),
        ("CLD_DUMPED", SiCode::Dumped),
        ("CLD_TRAPPED", SiCode::Trapped),
        ("CLD_STOPPED", SiCode::Stopped),
        ("CLD_CONTINUED", SiCode::Continued),
    ];

    /// The code with this number.
    pub fn from_number(number: i64) -> SiCode {
        let index = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
        index.and_then(|index| SiCode::ALL.get(index)).map_or(SiCode::Other(number), |(_, code)| *code)
    }

    /// The code of this name, such as `CLD_EXITED`.
    pub fn from_name(name: &str) -> Option<SiCode> {
        SiCode::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, code)| code)
    }
}

impl fmt::Display for SiCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (SiCode::ALL.iter().find(|(_, code)| code == self), self) {
            (Some((name, _)), _) => f.write_str(name),
            (None, SiCode::Other(number)) => number.fmt(f),
            (None, _) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for SiCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The event for an `si_code` and `si_status` of the host.
fn event(code: libc::c_int, status: libc::c_int) -> Event {
    match code {
        libc::CLD_EXITED => Event::Exited { code: status },
        libc::CLD_KILLED => Event::Signaled { signal: Signal::from_number(status), core: false },
        libc::CLD_DUMPED => Event::Signaled { signal: Signal::from_number(status), core: true },
        libc::CLD_STOPPED => Event::Stopped { signal: Signal::from_number(status), ptrace: 0 },
        libc::CLD_TRAPPED => Event::Trapped { status },
        libc::CLD_CONTINUED => Event::Continued,
        _ => Event::Unknown,
    }
}
