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
//! the macros there call a stop by signal 0 and an exit with code 0. Only `waitid` tells such deaths apart. On
//! DragonFly the macros take `0x13` for a death *and* a continue; here it is a continue: SIGCONT never kills.

use std::fmt;

use super::signal::Signal;

/// What happened to a child, as a wait call tells it.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// It called `exit`, returned from `main`, or its last thread ended.
    Exited {
        /// The exit code. A status word holds its low 8 bits; `waitid` gives all 32 on some systems.
        code: i32,
    },
    /// A signal terminated it.
    Signaled {
        /// That signal.
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
    /// It is traced and stopped. Only `waitid` tells it apart from [`Event::Stopped`].
    Trapped {
        /// `si_status`: the signal, and above its 8 bits the `PTRACE_EVENT_` number.
        status: i32,
    },
    /// SIGCONT continued it.
    Continued,
    /// Nothing that the system's macros know.
    Unknown,
}

/// How a system packs an [`Event`] in a status word.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Layout {
    /// Linux and Android, any machine.
    Linux,
    /// FreeBSD.
    FreeBsd,
    /// NetBSD 8 and later.
    NetBsd,
    /// OpenBSD.
    OpenBsd,
    /// DragonFly.
    DragonFly,
    /// macOS, iOS and the rest of Darwin.
    MacOs,
    /// illumos and Solaris.
    Illumos,
}

/// SIGCONT, which has this number on FreeBSD, DragonFly and macOS.
const BSD_SIGCONT: i32 = 0x13;

impl Layout {
    /// Every layout.
    pub const ALL: [Layout; 7] = [
        Layout::Linux,
        Layout::FreeBsd,
        Layout::NetBsd,
        Layout::OpenBsd,
        Layout::DragonFly,
        Layout::MacOs,
        Layout::Illumos,
    ];

    /// The layout of the system that this code was compiled for.
    pub const HOST: Layout = if cfg!(target_os = "freebsd") {
        Layout::FreeBsd
    } else if cfg!(target_os = "netbsd") {
        Layout::NetBsd
    } else if cfg!(target_os = "openbsd") {
        Layout::OpenBsd
    } else if cfg!(target_os = "dragonfly") {
        Layout::DragonFly
    } else if cfg!(target_vendor = "apple") {
        Layout::MacOs
    } else if cfg!(any(target_os = "illumos", target_os = "solaris")) {
        Layout::Illumos
    } else {
        Layout::Linux
    };

    /// The name that [`Layout::from_os_name`] takes, as in `std::env::consts::OS`.
    pub const fn os_name(self) -> &'static str {
        match self {
            Layout::Linux => "linux",
            Layout::FreeBsd => "freebsd",
            Layout::NetBsd => "netbsd",
            Layout::OpenBsd => "openbsd",
            Layout::DragonFly => "dragonfly",
            Layout::MacOs => "macos",
            Layout::Illumos => "illumos",
        }
    }

    /// The layout of a system, by its name in Rust or in `uname`, in any case.
    pub fn from_os_name(name: &str) -> Option<Layout> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "android" => Some(Layout::Linux),
            "ios" | "tvos" | "watchos" | "visionos" | "darwin" => Some(Layout::MacOs),
            "solaris" | "sunos" => Some(Layout::Illumos),
            _ => Layout::ALL.into_iter().find(|layout| layout.os_name() == name),
        }
    }

    /// What a status word says. Every word has exactly one meaning; none is an error.
    ///
    /// ```
    /// use waitspec::wait::{Event, Layout};
    /// assert_eq!(Layout::Linux.decode(0x2a00).event(), Event::Exited { code: 42 });
    /// assert_eq!(Layout::MacOs.decode(0x137f).event(), Event::Continued);
    /// assert!(Layout::Linux.decode(0x137f).is_stopped());
    /// ```
    pub const fn decode(self, raw: i32) -> WaitStatus {
        WaitStatus { raw, layout: self }
    }

    /// The status word of an event, where this system has one: codes 0 to 255, signals 1 to 126 (without SIGCONT where
    /// that number means *continued*), stops by signals 1 to 255, ptrace events on Linux only.
    ///
    /// `encode` and then [`Layout::decode`] gives the same event.
    pub const fn encode(self, event: Event) -> Option<WaitStatus> {
        let raw = match event {
            Event::Exited { code } if code >= 0 && code <= 0xff => code << 8,
            Event::Signaled { signal, core } if signal.0 >= 1 && signal.0 <= 126 => {
                signal.0 | if core { 0x80 } else { 0 }
            }
            Event::Stopped { signal, ptrace } if signal.0 >= 1 && signal.0 <= 0xff => {
                if ptrace != 0 && !matches!(self, Layout::Linux) {
                    return None;
                }
                (ptrace as i32) << 16 | signal.0 << 8 | 0x7f
            }
            Event::Continued => self.continued_word(),
            _ => return None,
        };
        let continues = matches!(self.event(raw), Event::Continued);
        if continues == matches!(event, Event::Continued) { Some(self.decode(raw)) } else { None }
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

    const fn event(self, raw: i32) -> Event {
        if self.is_continued(raw) {
            return Event::Continued;
        }
        // The headers of three systems do not mask these two.
        let code = match self {
            Layout::FreeBsd | Layout::DragonFly => raw >> 8,
            _ => raw >> 8 & 0xff,
        };
        let stop_signal = match self {
            Layout::FreeBsd | Layout::DragonFly | Layout::OpenBsd | Layout::MacOs => raw >> 8,
            _ => raw >> 8 & 0xff,
        };
        let (exited, signaled, stopped) = match self {
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
            Event::Signaled { signal: Signal(raw & 0x7f), core: raw & 0x80 != 0 }
        } else if stopped {
            let ptrace = if matches!(self, Layout::Linux) { (raw >> 16) as u8 } else { 0 };
            Event::Stopped { signal: Signal(stop_signal), ptrace }
        } else {
            Event::Unknown
        }
    }
}

/// A status word, and the layout in which it is to be read.
///
/// It is made by [`Layout::decode`], or by a wait call of the host. Nothing is lost: the raw word is kept.
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
pub struct WaitStatus {
    raw: i32,
    layout: Layout,
}

impl WaitStatus {
    /// The host's status of a child that exited with the low 8 bits of `code`.
    pub const fn exited(code: i32) -> WaitStatus {
        Layout::HOST.decode((code & 0xff) << 8)
    }

    /// The host's status of a child that a signal killed, without a core file. Only 1 to 126 have a word of their own.
    pub const fn signaled(signal: Signal) -> WaitStatus {
        Layout::HOST.decode(signal.0 & 0x7f)
    }

    /// The host's status of a child that a signal stopped.
    pub const fn stopped(signal: Signal) -> WaitStatus {
        Layout::HOST.decode((signal.0 & 0xff) << 8 | 0x7f)
    }

    /// The host's status of a child that was continued.
    pub const fn continued() -> WaitStatus {
        Layout::HOST.decode(Layout::HOST.continued_word())
    }

    /// The host's status word as a wait call gave it.
    pub const fn from_raw(raw: i32) -> WaitStatus {
        Layout::HOST.decode(raw)
    }

    /// The word itself.
    pub const fn as_raw(self) -> i32 {
        self.raw
    }

    /// The layout in which it is read.
    pub const fn layout(self) -> Layout {
        self.layout
    }

    /// What it says.
    pub const fn event(self) -> Event {
        self.layout.event(self.raw)
    }

    /// `WIFEXITED`. Of this and the next three at most one is true.
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

    /// `WEXITSTATUS`, where it exited.
    pub const fn exit_status(self) -> Option<i32> {
        match self.event() {
            Event::Exited { code } => Some(code),
            _ => None,
        }
    }

    /// `WTERMSIG`, where a signal killed it.
    pub const fn term_signal(self) -> Option<Signal> {
        match self.event() {
            Event::Signaled { signal, .. } => Some(signal),
            _ => None,
        }
    }

    /// `WSTOPSIG`, where it stopped.
    pub const fn stop_signal(self) -> Option<Signal> {
        match self.event() {
            Event::Stopped { signal, .. } => Some(signal),
            _ => None,
        }
    }

    /// `WCOREDUMP`: a signal killed it, and a core file was made or attempted.
    pub const fn core_dumped(self) -> bool {
        matches!(self.event(), Event::Signaled { core: true, .. })
    }

    /// The exit code, or minus the signal that killed it: the meaning of Python's
    /// [`os.waitstatus_to_exitcode`](https://docs.python.org/3/library/os.html#os.waitstatus_to_exitcode).
    ///
    /// ```
    /// use waitspec::wait::{NoExitCode, Signal, WaitStatus};
    /// assert_eq!(WaitStatus::exited(42).to_exit_code(), Ok(42));
    /// assert_eq!(WaitStatus::signaled(Signal::TERM).to_exit_code(), Ok(-15));
    /// assert_eq!(WaitStatus::stopped(Signal::STOP).to_exit_code(), Err(NoExitCode::Stopped(Signal::STOP)));
    /// ```
    ///
    /// # Errors
    /// [`NoExitCode`] where the child has not ended.
    pub const fn to_exit_code(self) -> Result<i32, NoExitCode> {
        match self.event() {
            Event::Exited { code } => Ok(code),
            Event::Signaled { signal, .. } => Ok(-signal.0),
            Event::Stopped { signal, .. } => Err(NoExitCode::Stopped(signal)),
            Event::Continued => Err(NoExitCode::Continued),
            Event::Trapped { .. } | Event::Unknown => Err(NoExitCode::Unknown(self.raw)),
        }
    }
}

/// Why a status has no exit code.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum NoExitCode {
    /// The child is stopped by this signal.
    Stopped(Signal),
    /// The child was continued.
    Continued,
    /// The word means nothing on its system.
    Unknown(i32),
}

impl fmt::Display for NoExitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoExitCode::Stopped(signal) => write!(f, "the child has not ended: {signal} stopped it"),
            NoExitCode::Continued => f.write_str("the child has not ended: it was continued"),
            NoExitCode::Unknown(raw) => write!(f, "{raw:#x} is no wait status"),
        }
    }
}

impl std::error::Error for NoExitCode {}

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

/// The event in words. Signals of another system's word are numbers: their names are not the host's.
impl fmt::Display for WaitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.event() {
            event if self.layout == Layout::HOST => event.fmt(f),
            Event::Signaled { signal, core } => {
                let and_core = if core { ", core dumped" } else { "" };
                write!(f, "killed by signal {}{and_core}", signal.0)
            }
            Event::Stopped { signal, ptrace: 0 } => write!(f, "stopped by signal {}", signal.0),
            Event::Stopped { signal, ptrace } => {
                write!(f, "stopped by signal {}, ptrace event {ptrace}", signal.0)
            }
            event => event.fmt(f),
        }
    }
}

impl fmt::Debug for WaitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WaitStatus({:#x}: {self})", self.raw)
    }
}
