//! What was observed when an expectation did not hold, typed. Known deviations are patterns on it; reports show its text.

use std::fmt;

use crate::protocol::Change;
use crate::protocol::warden::ProcessState;
use crate::wait::errno::Errno;
use crate::wait::{SiCode, Signal};

/// What was observed instead of what was expected.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Got {
    /// The call returned 0 and reported nothing.
    Nothing,
    /// The call returned 0, and its siginfo describes an event but not the child: `si_signo` and `si_pid` are 0.
    Nameless(SiCode),
    /// The call failed.
    Error(Errno),
    /// The call reported a child.
    Reported {
        /// What it reported.
        change: Change,
        /// What should have been reported for that child, if anything.
        wanted: Option<Change>,
    },
    /// The call reported a process other than the expected child.
    OfAnother(Change),
    /// The call is still asleep.
    Asleep,
    /// The call is still asleep, although that change of a child should have woken it.
    SleptThrough(Change),
    /// The user time of a child and that of its own children, in microseconds, where they are reported separately.
    UserTimes {
        /// The child's own.
        own: i64,
        /// That of its children.
        children: i64,
    },
    /// `si_status` of a child that exited.
    ExitValue {
        /// What the child passed to `exit`.
        passed: i32,
        /// What was reported.
        reported: i64,
    },
    /// A time counted in clock ticks differs from the usage of the same processes; all in microseconds.
    Ticks {
        /// The time.
        us: i64,
        /// The usage.
        usage_us: i64,
        /// One clock tick.
        tick_us: i64,
    },
    /// A signal, as `si_status` or `si_signo`.
    Signal(Signal),
    /// An `si_code`.
    Code(SiCode),
    /// Any other number.
    Number(i64),
    /// `si_pid` is not that of the child.
    Pid {
        /// What was reported.
        reported: i64,
        /// The process that sent the signal that changed the child's state.
        sender: i64,
    },
    /// `si_uid` of a child, whether or not its real and effective user IDs differ.
    Uid {
        /// What was reported.
        reported: i64,
        /// The child's effective user.
        effective: i64,
    },
    /// A signal is pending in the caller.
    Pending(Signal),
    /// A buffer was not written.
    Untouched,
    /// A field of a buffer was not written.
    NotSet,
    /// The predicates that are true for a status word.
    Predicates {
        /// Whether the word is the one that means *continued*.
        of_continue: bool,
        /// `WIFEXITED`
        exited: bool,
        /// `WIFSIGNALED`
        signaled: bool,
        /// `WIFSTOPPED`
        stopped: bool,
        /// `WIFCONTINUED`
        continued: bool,
    },
    /// Anything else; no deviation matches it.
    Other,
}

/// What was observed, typed and in words.
#[derive(Clone, Debug)]
pub struct Actual {
    /// Typed.
    pub got: Got,
    /// In words.
    pub text: String,
}

impl From<(Got, String)> for Actual {
    fn from((got, text): (Got, String)) -> Actual {
        Actual { got, text }
    }
}

impl From<(Got, &str)> for Actual {
    fn from((got, text): (Got, &str)) -> Actual {
        Actual { got, text: text.to_owned() }
    }
}

impl From<String> for Actual {
    fn from(text: String) -> Actual {
        Actual { got: Got::Other, text }
    }
}

impl From<&str> for Actual {
    fn from(text: &str) -> Actual {
        Actual { got: Got::Other, text: text.to_owned() }
    }
}

/// A value that an expectation compares.
pub trait Value: PartialEq + fmt::Display {
    /// The typed value.
    fn got(&self) -> Got;
}

macro_rules! values {
    ($($type:ty: $value:ident => $got:expr;)*) => {
        $(impl Value for $type {
            fn got(&self) -> Got {
                let $value = self;
                $got
            }
        })*
    };
}

values! {
    i64: value => Got::Number(*value);
    i32: value => Got::Number((*value).into());
    u32: value => Got::Number((*value).into());
    usize: value => i64::try_from(*value).map_or(Got::Other, Got::Number);
    Signal: value => Got::Signal(*value);
    SiCode: value => Got::Code(*value);
    Errno: value => Got::Error(*value);
    Change: value => Got::Reported { change: *value, wanted: None };
    bool: _value => Got::Other;
    ProcessState: _value => Got::Other;
    String: _value => Got::Other;
    &str: _value => Got::Other;
}
