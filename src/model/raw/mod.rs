//! System calls with hostile arguments, and what Linux must return.
//!
//! | module | contents |
//! |---|---|
//! | `mod` | a call by its arguments, and the operations of a history |
//! | [`predict`] | every result that the kernel may return, with the clause that any other one violates |
//! | [`random`] | random histories |

pub mod predict;
pub mod random;

use super::op::{Op, Slot};
use crate::protocol::wait::{IdType, OptionSet, RawTarget, WaitRequest};
use crate::sys::call::abi::{Call, Pointer};
use std::fmt;

/// The option bits of Linux, the same on every machine.
pub mod bits {
    #![allow(missing_docs)]
    pub const NOHANG: u32 = 1;
    pub const STOPPED: u32 = 2;
    pub const EXITED: u32 = 4;
    pub const CONTINUED: u32 = 8;
    pub const NOWAIT: u32 = 0x0100_0000;
    pub const NOTHREAD: u32 = 0x2000_0000;
    pub const ALL: u32 = 0x4000_0000;
    pub const CLONE: u32 = 0x8000_0000;

    /// The names, as `waitid` has them.
    pub const NAMES: [(u32, &str); 8] = [
        (NOHANG, "WNOHANG"),
        (STOPPED, "WSTOPPED"),
        (EXITED, "WEXITED"),
        (CONTINUED, "WCONTINUED"),
        (NOWAIT, "WNOWAIT"),
        (NOTHREAD, "__WNOTHREAD"),
        (ALL, "__WALL"),
        (CLONE, "__WCLONE"),
    ];
}

/// A number in a pid argument.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Number {
    /// The pid of the last child in this slot.
    Child(Slot),
    /// The same, negative.
    MinusChild(Slot),
    /// The pid of the agent, which leads its process group.
    Caller,
    /// The same, negative.
    MinusCaller,
    /// Any other.
    Of(i64),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Child(slot) => slot.fmt(f),
            Number::MinusChild(slot) => write!(f, "-{slot}"),
            Number::Caller => f.write_str("getpid()"),
            Number::MinusCaller => f.write_str("-getpid()"),
            Number::Of(number) if i32::try_from(*number).is_err() => write!(f, "{number:#x}"),
            Number::Of(number) => number.fmt(f),
        }
    }
}

/// One call.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct RawCall {
    /// `wait4` or `waitid`.
    pub call: Call,
    /// The first argument of `waitid`.
    pub idtype: i64,
    /// The first argument of `wait4`, the second of `waitid`.
    pub who: Number,
    /// The option bits.
    pub options: u32,
    /// The status argument of `wait4`.
    pub status: Pointer,
    /// The usage argument.
    pub rusage: Pointer,
    /// The siginfo argument of `waitid`.
    pub info: Pointer,
}

/// What happens in a history.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum RawOp {
    /// An operation on a child.
    Child(Op),
    /// A call.
    Call(RawCall),
}

impl RawCall {
    /// The request, with names replaced by numbers.
    pub fn request(&self, number: impl Fn(Number) -> i64) -> WaitRequest {
        let who = number(self.who);
        let target = match self.call {
            Call::Waitid => RawTarget::Id { idtype: IdType::Number(self.idtype), who },
            _ => RawTarget::Pid(who),
        };
        let mut request = WaitRequest::new(self.call, target);
        request.options = OptionSet { flags: Vec::new(), raw: self.options };
        if self.call == Call::Waitid {
            request.info = self.info;
        } else {
            request.status = self.status;
        }
        request.rusage = self.rusage;
        request
    }
}

impl fmt::Display for RawCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = bits::NAMES.iter().filter(|(bit, _)| self.options & bit != 0);
        let rest = bits::NAMES.iter().fold(self.options, |rest, (bit, _)| rest & !bit);
        let mut options: Vec<String> = named.map(|(_, name)| (*name).to_owned()).collect();
        if rest != 0 || options.is_empty() {
            options.push(if rest == 0 { "0".to_owned() } else { format!("{rest:#x}") });
        }
        let options = options.join("|");
        let pointer = |pointer: Pointer| pointer.name();
        match self.call {
            Call::Waitid => {
                let idtype = match self.idtype {
                    0 => "P_ALL".to_owned(),
                    1 => "P_PID".to_owned(),
                    2 => "P_PGID".to_owned(),
                    3 => "P_PIDFD".to_owned(),
                    other => format!("{other:#x}"),
                };
                let (info, rusage) = (pointer(self.info), pointer(self.rusage));
                write!(f, "waitid({idtype}, {}, {info}, {options}, {rusage})", self.who)
            }
            _ => {
                let (status, rusage) = (pointer(self.status), pointer(self.rusage));
                write!(f, "wait4({}, {status}, {options}, {rusage})", self.who)
            }
        }
    }
}

impl fmt::Display for RawOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RawOp::Child(op) => op.fmt(f),
            RawOp::Call(call) => call.fmt(f),
        }
    }
}
