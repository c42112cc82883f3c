//! What a call came back with, as a case sees it, and in words.

use super::core::Child;
use crate::protocol::wait::{InfoNamed, Reply, WaitRequest};
use crate::sys::call::abi::{Call, Memory, Usage};
use crate::wait::{Event, Layout, Signal, WaitStatus};
use std::fmt;

/// A change of state of a child, however a call told it: by a status word or by a siginfo.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Exited with that code: of a status word 8 bits of it, of a siginfo what the system gives.
    Exited(i32),
    /// Killed by a signal, with a core file or not.
    Killed(Signal, bool),
    /// Stopped by a signal.
    Stopped(Signal),
    /// Stopped as a traced process, by a signal or an event.
    Trapped(Signal),
    /// Continued.
    Continued,
    /// Neither; the raw word, or the `si_code`.
    Unknown(i64),
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

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// It returned.
    Returned(Box<Reply>),
    /// It was proved that it never will; how.
    Hung(&'static str),
    /// The agent died in it.
    Crashed,
}

/// A call that was made, and what came of it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The request.
    pub request: WaitRequest,
    /// The request in words, as `wait4(A, WNOHANG)`.
    pub shown: String,
    /// What came of it.
    pub end: End,
    /// The layout of status words on the agent's system.
    pub layout: Layout,
}

impl Seen {
    /// A call that returned.
    pub(crate) fn returned(request: WaitRequest, shown: String, reply: Box<Reply>, layout: Layout) -> Seen {
        Seen { request, shown, end: End::Returned(reply), layout }
    }

    /// What the call returned and wrote, if it returned.
    pub fn reply(&self) -> Option<&Reply> {
        match &self.end {
            End::Returned(reply) => Some(reply),
            End::Hung(_) | End::Crashed => None,
        }
    }

    /// The name of `errno`, if the call returned -1.
    pub fn errno(&self) -> Option<&str> {
        self.reply()?.ret.as_ref().err().map(String::as_str)
    }

    /// The status word, if one was written.
    pub fn status(&self) -> Option<i32> {
        self.reply()?.status.wrote()
    }

    /// The status word, decoded.
    pub fn wait_status(&self) -> Option<WaitStatus> {
        self.status().map(|raw| self.layout.decode(raw))
    }

    /// The siginfo, if one was written.
    pub fn info(&self) -> Option<&InfoNamed> {
        match &self.reply()?.info {
            Memory::Wrote(info) => Some(info),
            _ => None,
        }
    }

    /// The same with no field at all if none was written.
    pub fn fields(&self) -> InfoNamed {
        self.info().cloned().unwrap_or_default()
    }

    /// Whether it was proved that the call will not return.
    pub fn is_hung(&self) -> bool {
        matches!(self.end, End::Hung(_))
    }

    /// The resource usage that was written, of the child with the children that it had taken itself. `None` for a field
    /// that was left as it was, or that the subject does not show.
    pub fn usage(&self) -> Option<Usage> {
        let reply = self.reply()?;
        match (&reply.rusage, &reply.children) {
            // wait6 keeps the two apart.
            (Memory::Wrote(own), Memory::Wrote(children)) => Some(together(own, children)),
            (Memory::Wrote(usage), _) => Some(*usage),
            _ => None,
        }
    }

    /// Whether the subject shows what became of its buffers, byte for byte; a typed binding does not, and what it leaves out
    /// it may simply not offer.
    pub fn shows_memory(&self) -> bool {
        self.reply().is_some_and(|r| r.spill.is_some())
    }

    /// The child that the call reported: by its return value, of `waitid` by `si_pid`.
    pub fn pid(&self) -> Option<i64> {
        let reply = self.reply()?;
        match (self.request.call, &reply.ret) {
            (_, Err(_)) => None,
            (Call::Waitid, Ok(_)) => self.info()?.pid.filter(|pid| *pid != 0),
            (_, Ok(pid)) => (*pid != 0).then_some(*pid),
        }
    }

    /// Whether the call reported some child.
    pub fn is_report(&self) -> bool {
        let anonymous = || {
            let info = self.info().filter(|i| i.pid.is_none() && !self.shows_memory());
            info.is_some_and(|i| i.signo.as_deref() != Some("0") && i.code.is_some())
        };
        self.pid().is_some() || (self.request.call == Call::Waitid && anonymous())
    }

    /// The change of state that the call reported.
    pub fn change(&self) -> Option<Change> {
        if !self.is_report() {
            return None;
        }
        match self.status() {
            Some(raw) => Some(of_status(self.layout.decode(raw))),
            None => self.info().map(of_info),
        }
    }

    /// Whether the call reported nothing, without an error.
    pub fn is_nothing(&self) -> bool {
        self.reply().is_some_and(|r| r.ret == Ok(0)) && !self.is_report()
    }

    /// What came back, in words: names, and raw values beside them.
    pub fn outcome(&self) -> String {
        let reply = match &self.end {
            End::Returned(reply) => reply,
            End::Hung(how) => return format!("no return ({how})"),
            End::Crashed => return "the agent died".into(),
        };
        let ret = match &reply.ret {
            Err(errno) => return format!("-1 {errno}"),
            Ok(ret) => *ret,
        };
        let mut text = ret.to_string();
        if let Some(raw) = self.status() {
            let change = of_status(self.layout.decode(raw));
            text += &format!(", status {raw:#06x} ({change})");
        }
        if let Some(info) = self.info() {
            text += &format!(", siginfo {}", info_text(info));
        }
        text
    }
}

/// The usage of a process with that of the children that it took: sums, of the peaks the larger one.
pub fn together(own: &Usage, children: &Usage) -> Usage {
    let sum = |a: Option<i64>, b: Option<i64>| Some(a?.saturating_add(b?));
    Usage {
        utime_us: sum(own.utime_us, children.utime_us),
        stime_us: sum(own.stime_us, children.stime_us),
        maxrss: own.maxrss.max(children.maxrss),
        minflt: sum(own.minflt, children.minflt),
        majflt: sum(own.majflt, children.majflt),
        inblock: sum(own.inblock, children.inblock),
        oublock: sum(own.oublock, children.oublock),
        nvcsw: sum(own.nvcsw, children.nvcsw),
        nivcsw: sum(own.nivcsw, children.nivcsw),
        others: sum(own.others, children.others),
        irregular: sum(own.irregular, children.irregular),
    }
}

/// A siginfo in words.
pub fn info_text(info: &InfoNamed) -> String {
    let text = |v: &Option<String>| v.clone().unwrap_or_else(|| "untouched".into());
    let number = |v: Option<i64>| v.map_or_else(|| "untouched".into(), |n| n.to_string());
    format!(
        "{{signo {}, code {}, pid {}, uid {}, status {}}}",
        text(&info.signo),
        text(&info.code),
        number(info.pid),
        number(info.uid),
        number(info.status)
    )
}

fn of_status(status: WaitStatus) -> Change {
    match status.event() {
        Event::Exited { code } => Change::Exited(code),
        Event::Signaled { signal, core } => Change::Killed(signal, core),
        Event::Stopped { signal, .. } => Change::Stopped(signal),
        Event::Trapped { status } => Change::Trapped(Signal(status & 0xff)),
        Event::Continued => Change::Continued,
        Event::Unknown => Change::Unknown(status.as_raw().into()),
    }
}

fn of_info(info: &InfoNamed) -> Change {
    let status = info.status.and_then(|s| i32::try_from(s).ok());
    let signal = Signal(status.unwrap_or(0));
    match (info.code.as_deref(), status) {
        (Some("CLD_EXITED"), Some(code)) => Change::Exited(code),
        (Some("CLD_KILLED"), _) => Change::Killed(signal, false),
        (Some("CLD_DUMPED"), _) => Change::Killed(signal, true),
        (Some("CLD_STOPPED"), _) => Change::Stopped(signal),
        (Some("CLD_TRAPPED"), _) => Change::Trapped(signal),
        (Some("CLD_CONTINUED"), _) => Change::Continued,
        (code, _) => Change::Unknown(code.and_then(crate::protocol::line::parse_number).unwrap_or(-1)),
    }
}

/// Removes the child that a report is about from those that are `left`: the one whose pid it gives, or, where a typed
/// `waitid` gives none, one whose expected change `fits`. For a report of none of them it is the first, to be judged against.
pub(crate) fn reported_child<T>(
    seen: &Seen,
    left: &mut Vec<(Child, T)>,
    fits: impl Fn(&T) -> bool,
) -> (Child, T) {
    let found = left.iter().position(|(child, what)| match seen.pid() {
        Some(pid) => pid == child.pid,
        None => fits(what),
    });
    left.remove(found.unwrap_or(0))
}
