//! The status word of every system, decoded and encoded on any host.
//!
//! | system | exited | killed | core | stopped | continued |
//! |---|---|---|---|---|---|
//! | Linux, NetBSD 8, OpenBSD | `code << 8` | `sig` | `0x80` | `sig << 8 \| 0x7f` | `0xffff` |
//! | illumos, Solaris | `code << 8` | `sig`, high byte 0 | `0x80` | `sig << 8 \| 0x7f`, high byte not 0 | `0xffff` |
//! | FreeBSD, DragonFly | `code << 8` | `sig` | `0x80` | `sig << 8 \| 0x7f` | `0x13`, a bare SIGCONT |
//! | macOS | `code << 8` | `sig` | `0x80` | `sig << 8 \| 0x7f` | `0x137f`, a stop by SIGCONT |
//!
//! On Linux the bits 16 to 23 of a stop hold the ptrace event, and a system-call stop may have `0x80` in its signal.
//!
//! Two words are ambiguous. Linux on MIPS has signals up to 128, and a death by 127 or 128 is `0x7f` or `0x80`, which
//! the macros there report as a stop by signal 0 and an exit with code 0. Only `waitid` distinguishes such deaths. On
//! DragonFly the macros report `0x13` as both a death and a continue; here it is a continue: SIGCONT never kills.

use std::fmt;

use super::signal::Signal;
use super::system::{Layout, System};

/// What happened to a child, as a wait call reports it.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub enum Event {
    /// It called `exit`, returned from `main`, or its last thread exited.
    Exited {
        /// The exit code. A status word holds its low 8 bits; `waitid` gives all 32 on some systems.
        code: i32,
    },
    /// A signal terminated it.
    Signaled {
        /// The signal.
        signal: Signal,
        /// Whether a core file was made or attempted.
        core: bool,
    },
    /// It stopped. Without `ptrace` that is a job-control stop.
    Stopped {
        /// The signal that stopped it, as `WSTOPSIG` gives it (a traced system-call stop may carry `0x80`).
        signal: Signal,
        /// The `PTRACE_EVENT_` number of a traced stop on Linux, else 0.
        ptrace: u8,
    },
    /// It is traced and stopped. Only `waitid` distinguishes this from [`Event::Stopped`].
    Trapped {
        /// `si_status`: the signal in the low 8 bits, the `PTRACE_EVENT_` number above them.
        status: i32,
    },
    /// SIGCONT continued it.
    Continued,
    /// None of the system's macros recognizes it.
    Unknown,
}

/// SIGCONT, which has this number on FreeBSD, DragonFly and macOS.
const BSD_SIGCONT: i32 = 0x13;

impl Layout {
    /// The meaning of a status word. Every word has exactly one meaning; none is an error.
    ///
    pub const fn decode(self, raw: i32) -> WaitStatus {
        System::of(self).decode(raw)
    }

    /// The status word of an event on the system of this layout: [`System::encode`].
    pub const fn encode(self, event: Event) -> Option<WaitStatus> {
        System::of(self).encode(event)
    }

    const fn continued_word(self) -> i32 {
        match self {
            Layout::Linux | Layout::NetBsd | Layout::OpenBsd | Layout::Illumos => 0xffff,
            Layout::FreeBsd | Layout::DragonFly => BSD_SIGCONT,
            Layout::MacOs => BSD_SIGCONT << 8 | 0x7f,
        }
    }

    const fn is_continued(self, raw: i32) -> bool {
        match self {
            Layout::Linux | Layout::NetBsd | Layout::FreeBsd | Layout::DragonFly => {
                raw == self.continued_word()
            }
            Layout::OpenBsd | Layout::Illumos => raw & 0xffff == self.continued_word(),
            Layout::MacOs => raw & 0x7f == 0x7f && raw >> 8 == BSD_SIGCONT,
        }
    }
}

impl System {
    /// The meaning of a status word of this system. Every word has exactly one meaning; none is an error.
    pub const fn decode(self, raw: i32) -> WaitStatus {
        WaitStatus { raw, system: self }
    }

    /// The status word of an event, if this system has one: codes 0 to 255, signals 1 to 126 (without SIGCONT where
    /// that number means *continued*), stops by signals 1 to 255, ptrace events on Linux only.
    ///
    /// Passing the result to [`System::decode`] gives the same event.
    pub const fn encode(self, event: Event) -> Option<WaitStatus> {
        let signal = match event {
            Event::Signaled { signal, .. } | Event::Stopped { signal, .. } => match signal.number_on(self) {
                Some(number) => number,
                None => return None,
            },
            _ => 0,
        };
        let raw = match event {
            Event::Exited { code } if code >= 0 && code <= 0xff => code << 8,
            Event::Signaled { core, .. } if signal >= 1 && signal <= 126 => {
                signal | if core { 0x80 } else { 0 }
            }
            Event::Stopped { ptrace, .. } if signal >= 1 && signal <= 0xff => {
                if ptrace != 0 && !matches!(self.layout(), Layout::Linux) {
                    return None;
                }
                (ptrace as i32) << 16 | signal << 8 | 0x7f
            }
            Event::Continued => self.layout().continued_word(),
            _ => return None,
        };
        let continues = matches!(self.event(raw), Event::Continued);
        if continues == matches!(event, Event::Continued) { Some(self.decode(raw)) } else { None }
    }

    const fn event(self, raw: i32) -> Event {
        let layout = self.layout();
        if layout.is_continued(raw) {
            return Event::Continued;
        }
        // The headers of three systems do not mask these two.
        let code = match layout {
            Layout::FreeBsd | Layout::DragonFly => raw >> 8,
            _ => raw >> 8 & 0xff,
        };
        let stop_signal = match layout {
            Layout::FreeBsd | Layout::DragonFly | Layout::OpenBsd | Layout::MacOs => raw >> 8,
            _ => raw >> 8 & 0xff,
        };
        let (exited, signaled, stopped) = match layout {
            Layout::Linux | Layout::OpenBsd => {
                (raw & 0x7f == 0, raw & 0x7f != 0 && raw & 0x7f != 0x7f, raw & 0xff == 0x7f)
            }
            Layout::FreeBsd | Layout::NetBsd | Layout::DragonFly | Layout::MacOs => {
                (raw & 0x7f == 0, raw & 0x7f != 0 && raw & 0x7f != 0x7f, raw & 0x7f == 0x7f)
            }
            Layout::Illumos => (
                raw & 0xff == 0,
                raw & 0xff != 0 && raw & 0xff00 == 0,
                raw & 0xff == 0x7f && raw & 0xff00 != 0,
            ),
        };
        if exited {
            Event::Exited { code }
        } else if signaled {
            Event::Signaled { signal: Signal::from_number_on(raw & 0x7f, self), core: raw & 0x80 != 0 }
        } else if stopped {
            let ptrace = if matches!(layout, Layout::Linux) { (raw >> 16) as u8 } else { 0 };
            Event::Stopped { signal: Signal::from_number_on(stop_signal, self), ptrace }
        } else {
            Event::Unknown
        }
    }
}

/// A status word, and the system it belongs to.
///
/// Made by [`System::decode`], or by a wait call of the host. Nothing is lost: the raw word is kept.
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
pub struct WaitStatus {
    raw: i32,
    system: System,
}

impl WaitStatus {
    /// The host's status of a child that exited with the low 8 bits of `code`.
    pub const fn exited(code: i32) -> WaitStatus {
        System::HOST.decode((code & 0xff) << 8)
    }

    /// The host's status of a child that a signal killed, without a core file. Only 1 to 126 have a word of their own.
    pub const fn signaled(signal: Signal) -> WaitStatus {
        System::HOST.decode(signal.number() & 0x7f)
    }

    /// The host's status of a child that a signal stopped.
    pub const fn stopped(signal: Signal) -> WaitStatus {
        System::HOST.decode((signal.number() & 0xff) << 8 | 0x7f)
    }

    /// The host's status of a child that was continued.
    pub const fn continued() -> WaitStatus {
        System::HOST.decode(Layout::HOST.continued_word())
    }

    /// The host's status word, as a wait call returned it.
    pub const fn from_raw(raw: i32) -> WaitStatus {
        System::HOST.decode(raw)
    }

    /// The raw word.
    pub const fn as_raw(self) -> i32 {
        self.raw
    }

    /// The layout used to decode it.
    #[doc(hidden)]
    pub const fn layout(self) -> Layout {
        self.system.layout()
    }

    /// The system it belongs to.
    pub const fn system(self) -> System {
        self.system
    }

    /// Its meaning.
    pub const fn event(self) -> Event {
        self.system.event(self.raw)
    }

    /// `WIFEXITED`. At most one of this and the next three is true.
    pub const fn is_exited(self) -> bool {
        matches!(self.event(), Event::Exited { .. })
    }

    /// `WIFSIGNALED`
    pub const fn is_signaled(self) -> bool {
        matches!(self.event(), Event::Signaled { .. })
    }

    /// `WIFSTOPPED`
    pub const fn is_stopped(self) -> bool {
        matches!(self.event(), Event::Stopped { .. })
    }

    /// `WIFCONTINUED`
    pub const fn is_continued(self) -> bool {
        matches!(self.event(), Event::Continued)
    }

    /// `WEXITSTATUS`, if it exited.
    pub const fn exit_status(self) -> Option<i32> {
        match self.event() {
            Event::Exited { code } => Some(code),
            _ => None,
        }
    }

    /// `WTERMSIG`, if a signal killed it.
    pub const fn term_signal(self) -> Option<Signal> {
        match self.event() {
            Event::Signaled { signal, .. } => Some(signal),
            _ => None,
        }
    }

    /// `WSTOPSIG`, if it stopped.
    pub const fn stop_signal(self) -> Option<Signal> {
        match self.event() {
            Event::Stopped { signal, .. } => Some(signal),
            _ => None,
        }
    }

    /// `WCOREDUMP`: a signal killed it, and a core file was written or attempted.
    pub const fn core_dumped(self) -> bool {
        matches!(self.event(), Event::Signaled { core: true, .. })
    }

    /// The exit code, or the negated number of the signal that killed it, as in Python's
    /// [`os.waitstatus_to_exitcode`](https://docs.python.org/3/library/os.html#os.waitstatus_to_exitcode).
    ///
    /// `None` if the child has not terminated.
    ///
    /// ```
    /// use waitspec::wait::{Signal, WaitStatus};
    /// assert_eq!(WaitStatus::exited(42).to_exit_code(), Some(42));
    /// assert_eq!(WaitStatus::signaled(Signal::TERM).to_exit_code(), Some(-15));
    /// assert_eq!(WaitStatus::stopped(Signal::STOP).to_exit_code(), None);
    /// ```
    pub const fn to_exit_code(self) -> Option<i32> {
        match self.event() {
            Event::Exited { code } => Some(code),
            Event::Signaled { .. } => Some(-(self.raw & 0x7f)),
            Event::Stopped { .. } | Event::Continued | Event::Trapped { .. } | Event::Unknown => None,
        }
    }
}

impl WaitStatus {
    /// What a shell's `$?` holds: the exit code, or 128 plus the signal that killed the child. `None` if the child has
    /// not terminated.
    ///
    /// ```
    /// use waitspec::wait::{Signal, WaitStatus};
    /// assert_eq!(WaitStatus::exited(42).to_shell_code(), Some(42));
    /// assert_eq!(WaitStatus::signaled(Signal::KILL).to_shell_code(), Some(137));
    /// ```
    pub const fn to_shell_code(self) -> Option<i32> {
        match self.event() {
            Event::Signaled { signal, .. } => Some(128 + signal.number()),
            _ => self.to_exit_code(),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Event::Exited { code } => write!(f, "exited {code}"),
            Event::Signaled { signal, core: false } => write!(f, "killed by {signal}"),
            Event::Signaled { signal, core: true } => write!(f, "killed by {signal}, core dumped"),
            Event::Stopped { signal, ptrace: 0 } => write!(f, "stopped by {signal}"),
            Event::Stopped { signal, ptrace } => write!(f, "stopped by {signal}, ptrace event {ptrace}"),
            Event::Trapped { status } => write!(f, "trapped {status:#x}"),
            Event::Continued => f.write_str("continued"),
            Event::Unknown => f.write_str("unknown"),
        }
    }
}

/// The event as text.
impl fmt::Display for WaitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.event().fmt(f)
    }
}

impl fmt::Debug for WaitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WaitStatus({:#x}: {self})", self.raw)
    }
}
