//! The result of a call, as a case sees it, and as text.

use crate::protocol::Change;
use crate::protocol::wait::{Flag, InfoNamed, Reply, WaitRequest};
use crate::spec::clause::Clause;
use crate::spec::got::{Actual, Got};
use crate::spec::{hang, posix};
use crate::sys::call::abi::{Call, Memory, Usage};
use crate::trial::core::Child;
use crate::trial::shown::{NoAnswer, Shown, Shows};
use crate::wait::errno::Errno;
use crate::wait::{SiCode, Signal, WaitStatus};
use std::fmt;
use std::ops::Deref;

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// It returned.
    Returned(Box<Reply>),
    /// It was proved that it never will; how it was proved.
    Hung(&'static str),
    /// The agent died in it.
    Crashed,
}

/// A call that was made, and its outcome. A pointer, because every case moves several of them.
#[derive(Clone, Debug)]
pub struct Seen(Box<Made>);

/// What a [`Seen`] holds.
#[derive(Clone, Debug)]
pub struct Made {
    /// The request.
    pub request: WaitRequest,
    /// The request as text, such as `wait4(A, WNOHANG)`.
    pub shown: String,
    /// The outcome.
    pub end: End,
}

impl Deref for Seen {
    type Target = Made;

    fn deref(&self) -> &Made {
        &self.0
    }
}

impl Seen {
    /// A call that ended in that way.
    pub(crate) fn new(request: WaitRequest, shown: String, end: End) -> Seen {
        Seen(Box::new(Made { request, shown, end }))
    }

    /// A call that returned.
    pub(crate) fn returned(request: WaitRequest, shown: String, reply: Box<Reply>) -> Seen {
        Seen::new(request, shown, End::Returned(reply))
    }

    /// What the call returned and wrote, if it returned.
    pub fn reply(&self) -> Option<&Reply> {
        match &self.end {
            End::Returned(reply) => Some(reply),
            End::Hung(_) | End::Crashed => None,
        }
    }

    /// `errno`, if the call returned -1.
    pub fn errno(&self) -> Option<Errno> {
        self.reply()?.ret.err()
    }

    /// The status word itself, if one was written.
    pub fn status(&self) -> Option<i32> {
        self.wait_status().map(WaitStatus::as_raw)
    }

    /// The status word, if one was written.
    pub fn wait_status(&self) -> Option<WaitStatus> {
        self.reply()?.status.wrote()
    }

    /// The siginfo, if one was written.
    pub fn info(&self) -> Option<&InfoNamed> {
        match &self.reply()?.info {
            Memory::Wrote(info) => Some(info),
            _ => None,
        }
    }

    /// The same, with every field absent if no siginfo was written.
    pub fn fields(&self) -> InfoNamed {
        self.info().copied().unwrap_or_default()
    }

    /// Whether it was proved that the call will not return.
    pub fn is_hung(&self) -> bool {
        matches!(self.end, End::Hung(_))
    }

    /// The resource usage that was written: of the child, including the children that it had reaped itself. `None` for
    /// a field that was left unwritten, or that the subject does not show.
    pub fn usage(&self) -> Option<Usage> {
        let reply = self.reply()?;
        match (&reply.rusage, &reply.children) {
            // wait6 keeps the two apart.
            (Memory::Wrote(own), Memory::Wrote(children)) => Some(together(own, children)),
            (Memory::Wrote(usage), _) => Some(*usage),
            _ => None,
        }
    }

    /// Whether the subject shows what happened to its buffers, byte for byte; a typed binding does not, and may simply
    /// not offer the fields that it leaves out.
    pub fn shows_memory(&self) -> bool {
        self.reply().is_some_and(|r| r.spill.is_some())
    }

    /// The child that the call reported: by its return value, or by `si_pid` for `waitid`.
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
            info.is_some_and(|i| i.signo != Some(Signal::NONE) && i.code.is_some())
        };
        self.pid().is_some() || (self.request.call == Call::Waitid && anonymous())
    }

    /// The change of state that the call reported.
    pub fn change(&self) -> Option<Change> {
        if !self.is_report() {
            return None;
        }
        match self.wait_status() {
            Some(status) => Some(status.into()),
            None => self.info().map(Change::of_info),
        }
    }

    /// The same, for a subject that may show only part of it.
    pub fn shown_change(&self) -> Shows<Change> {
        match self.info() {
            Some(InfoNamed { status: None, code: Some(code), .. })
                if self.wait_status().is_none() && !self.shows_memory() && *code != SiCode::Continued =>
            {
                Shows::Kind(*code)
            }
            _ => self.change().map_or(Shows::No, Shows::Yes),
        }
    }

    /// Whether the call reported that change, as far as the subject shows.
    pub fn fits(&self, change: Change) -> bool {
        self.shown_change().of(change) != Shows::No
    }

    /// Whether the call reported that child, with any change of state.
    ///
    /// A typed `waitid` need not offer `si_pid`: then any report counts, and the process table decides.
    pub(crate) fn reports(&self, child: &Child) -> bool {
        let returned = match (&self.reply().map(|r| &r.ret), self.request.call) {
            // waitid returns 0; its siginfo names the child.
            (Some(Ok(ret)), Call::Waitid) => *ret == 0,
            (Some(Ok(ret)), _) => *ret == child.pid,
            _ => false,
        };
        returned && self.pid().is_none_or(|pid| pid == child.pid) && self.is_report()
    }

    /// Whether the call succeeded but reported nothing.
    pub fn is_nothing(&self) -> bool {
        self.reply().is_some_and(|r| r.ret == Ok(0)) && !self.is_report()
    }

    /// The result, typed, where something else was expected; `wanted` is the expected change, if any.
    pub fn got(&self, wanted: Option<Change>) -> Got {
        match (self.errno(), self.change()) {
            _ if self.is_hung() => Got::Asleep,
            (Some(errno), _) => Got::Error(errno),
            (None, Some(change)) => Got::Reported { change, wanted },
            (None, None) if self.is_nothing() => self.nameless().map_or(Got::Nothing, Got::Nameless),
            (None, None) => Got::Other,
        }
    }

    /// The `si_code` of a siginfo that does not name a child.
    fn nameless(&self) -> Option<SiCode> {
        let info = self.info().filter(|info| info.signo == Some(Signal::NONE) && info.pid == Some(0))?;
        info.code.filter(|code| [SiCode::Stopped, SiCode::Continued].contains(code))
    }

    /// The same, with its text.
    pub fn actual(&self, wanted: Option<Change>) -> Actual {
        (self.got(wanted), self.outcome()).into()
    }

    /// The same, where that child was expected.
    pub(super) fn actual_for(&self, child: &Child, wanted: Option<Change>) -> Actual {
        match (self.pid(), self.change()) {
            (Some(pid), Some(change)) if pid != child.pid => (Got::OfAnother(change), self.outcome()).into(),
            _ => self.actual(wanted),
        }
    }

    /// The result as text: names, with raw values next to them.
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
        if let Some(status) = self.wait_status() {
            text += &format!(", status {:#06x} ({})", status.as_raw(), Change::from(status));
        }
        if let Some(info) = self.info() {
            text += &format!(", siginfo {}", info_text(info, self.shows_memory()));
        }
        text
    }
}

impl Shown for Seen {
    fn unanswered(&self) -> Option<NoAnswer> {
        match &self.end {
            End::Returned(_) => None,
            End::Hung(_) => Some(NoAnswer::Hung),
            End::Crashed => Some(NoAnswer::Crashed),
        }
    }

    fn is_report(&self) -> bool {
        Seen::is_report(self)
    }

    fn clause_of_hang(&self, clause: &'static Clause) -> &'static Clause {
        let has = |flag| self.request.options.has(flag);
        let by_id = self.request.call == Call::Waitid;
        if has(Flag::NoHang) {
            // Whatever it would have returned.
            if by_id { &posix::WAITID_NOHANG_NEVER_BLOCKS } else { &posix::WAITPID_NOHANG_NEVER_BLOCKS }
        } else if !hang::is_of_what_is_reported(clause) {
            clause
        } else if by_id {
            &posix::WAITID_BLOCKS_UNTIL_EVENT
        } else {
            &posix::WAITPID_BLOCKS_UNTIL_CHANGE
        }
    }

    fn change_of(&self, child: &Child) -> Shows<Change> {
        if self.reports(child) { self.shown_change() } else { Shows::No }
    }

    fn outcome(&self) -> String {
        self.outcome()
    }

    fn actual_of(&self, child: &Child, wanted: Change) -> Actual {
        self.actual_for(child, self.reports(child).then_some(wanted))
    }
}

/// The usage of a process combined with that of the children that it reaped: sums, but the larger of the two peaks.
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

/// A siginfo as text, for a subject that shows its memory or for one that does not.
pub fn info_text(info: &InfoNamed, shows_memory: bool) -> String {
    let missing = if shows_memory { "untouched" } else { "not shown" };
    let text = |value: Option<&dyn fmt::Display>| value.map_or_else(|| missing.into(), ToString::to_string);
    format!(
        "{{signo {}, code {}, pid {}, uid {}, status {}}}",
        text(info.signo.as_ref().map(|v| v as _)),
        text(info.code.as_ref().map(|v| v as _)),
        text(info.pid.as_ref().map(|v| v as _)),
        text(info.uid.as_ref().map(|v| v as _)),
        text(info.status.as_ref().map(|v| v as _))
    )
}

/// Removes the child that a report is about from those that are `left`: the one whose pid it gives, or, where a typed
/// `waitid` gives none, one whose expected change `fits`. If the report fits none, the first one, to be judged against.
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
