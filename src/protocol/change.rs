//! A change of state of a child, whether a call reports it by a status word or by a siginfo.

use std::fmt;

use super::wait::InfoNamed;
use crate::wait::{Event, SiCode, Signal, WaitStatus};

/// A change of state of a child.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Exited with this code: its low 8 bits from a status word, or whatever the system puts in a siginfo.
    Exited(i32),
    /// Killed by a signal, with or without a core file.
    Killed(Signal, bool),
    /// Stopped by a signal.
    Stopped(Signal),
    /// Stopped while traced, by a signal or an event.
    Trapped(Signal),
    /// Continued.
    Continued,
    /// None of these; the raw word, or the `si_code`.
    Unknown(i64),
}

impl Change {
    /// The change that a siginfo reports.
    pub fn of_info(info: &InfoNamed) -> Change {
        let signal = info.signal.unwrap_or(Signal::NONE);
        let code = info.status.and_then(|status| i32::try_from(status).ok());
        match (info.code, code) {
            (Some(SiCode::Exited), Some(code)) => Change::Exited(code),
            (Some(SiCode::Killed), _) => Change::Killed(signal, false),
            (Some(SiCode::Dumped), _) => Change::Killed(signal, true),
            (Some(SiCode::Stopped), _) => Change::Stopped(signal),
            (Some(SiCode::Trapped), _) => Change::Trapped(signal),
            (Some(SiCode::Continued), _) => Change::Continued,
            (Some(SiCode::Other(code)), _) => Change::Unknown(code),
            (Some(SiCode::Exited) | None, _) => Change::Unknown(-1),
        }
    }
}

impl Change {
    /// The `si_code` for it; `None` for an unknown change.
    pub const fn code(self) -> Option<SiCode> {
        match self {
            Change::Exited(_) => Some(SiCode::Exited),
            Change::Killed(_, false) => Some(SiCode::Killed),
            Change::Killed(_, true) => Some(SiCode::Dumped),
            Change::Stopped(_) => Some(SiCode::Stopped),
            Change::Trapped(_) => Some(SiCode::Trapped),
            Change::Continued => Some(SiCode::Continued),
            Change::Unknown(_) => None,
        }
    }
}

impl From<WaitStatus> for Change {
    fn from(status: WaitStatus) -> Change {
        match status.event() {
            Event::Exited { code } => Change::Exited(code),
            Event::Signaled { signal, core } => Change::Killed(signal, core),
            Event::Stopped { signal, .. } => Change::Stopped(signal),
            Event::Trapped { status: trap } => {
                Change::Trapped(Signal::from_number_on(trap & 0xff, status.system()))
            }
            Event::Continued => Change::Continued,
            Event::Unknown => Change::Unknown(status.as_raw().into()),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Exited(code) => write!(f, "exited {code}"),
            Change::Killed(signal, false) => write!(f, "killed by {signal}"),
            Change::Killed(signal, true) => write!(f, "killed by {signal}, core dumped"),
            Change::Stopped(signal) => write!(f, "stopped by {signal}"),
            Change::Trapped(signal) => write!(f, "trapped by {signal}"),
            Change::Continued => f.write_str("continued"),
            Change::Unknown(raw) => write!(f, "unknown {raw:#x}"),
        }
    }
}
