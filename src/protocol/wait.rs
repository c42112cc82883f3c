//! A call of the family as a request to an agent, and its result as the agent's reply.
//!
//! Everything here is independent of any host's numbers: the driver and the agent may run on different systems. The
//! agent's side converts names to numbers ([`WaitRequest::to_host`]) and an observation to a line ([`reply_line`]); the
//! driver's side converts that line to typed values, once, using the numbers of the agent's system
//! ([`Reply::from_line`]).

use std::fmt;

pub use super::options::{Flag, IdType, OptionSet};

use super::fields::{CHILDREN, OWN, get_usage, put_usage};
use super::line::{FieldError, Line, parse_number};
use crate::sys::call::abi::{Call, Info, Memory, Observation, Pointer, Request, Select, Usage};
use crate::wait::errno::Errno;
use crate::wait::names;
use crate::wait::{SiCode, Signal, System, WaitStatus};

/// What a call waits for, as the numbers that its request has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RawTarget {
    /// The first argument of `waitpid` and `wait4`; `wait` and `wait3` have none and ignore it.
    Pid(i64),
    /// The first two arguments of `waitid` and `wait6`.
    Id {
        /// `P_ALL`, `P_PID`, ... or a number.
        idtype: IdType,
        /// A pid, a process group or a descriptor of the agent.
        who: i64,
    },
}

/// One call, as the driver requests it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitRequest {
    /// Which function.
    pub call: Call,
    /// What to wait for.
    pub target: RawTarget,
    /// The options; `wait` has none.
    pub options: OptionSet,
    /// The status argument; [`Pointer::Null`] for a call without one.
    pub status: Pointer,
    /// The resource usage argument; [`Pointer::Null`] for a call without one, and for `waitid` unless the fifth
    /// argument of the raw system call is requested.
    pub rusage: Pointer,
    /// The siginfo argument; [`Pointer::Null`] for a call without one.
    pub info: Pointer,
    /// The agent's thread that makes the call; 0 is the one that reads the requests.
    pub thread: u32,
}

/// The function has a status argument.
fn has_status(call: Call) -> bool {
    call != Call::Waitid
}

/// The function can have a usage argument (for `waitid`, only the raw system call on Linux has one).
fn has_rusage(call: Call) -> bool {
    matches!(call, Call::Wait3 | Call::Wait4 | Call::Wait6 | Call::Waitid)
}

/// The function has an `infop` argument, and selects children by two arguments.
fn has_info(call: Call) -> bool {
    matches!(call, Call::Wait6 | Call::Waitid)
}

fn has_pid(call: Call) -> bool {
    matches!(call, Call::Waitpid | Call::Wait4)
}

fn buffer_if(yes: bool) -> Pointer {
    if yes { Pointer::Buffer } else { Pointer::Null }
}

fn pointer(line: &Line, key: &'static str, default: Pointer) -> Result<Pointer, FieldError> {
    match line.get(key) {
        None => Ok(default),
        Some(name) => Pointer::from_name(&name).ok_or(FieldError::Bad(key, name)),
    }
}

impl WaitRequest {
    /// A call without options, with a buffer for each argument that the C function has.
    pub fn new(call: Call, target: RawTarget) -> WaitRequest {
        WaitRequest {
            call,
            target,
            options: OptionSet::default(),
            status: buffer_if(has_status(call)),
            rusage: buffer_if(has_rusage(call) && call != Call::Waitid),
            info: buffer_if(has_info(call)),
            thread: 0,
        }
    }

    /// The request as a line; arguments that the function does not have are omitted.
    pub fn to_line(&self, id: u64) -> Line {
        let mut line = Line::new(self.call.name()).with("id", id);
        match &self.target {
            RawTarget::Pid(pid) if has_pid(self.call) => line.set("pid", pid),
            RawTarget::Pid(_) => {}
            RawTarget::Id { idtype, who } => {
                line.set("idtype", idtype);
                line.set("who", who);
            }
        }
        if has_status(self.call) {
            line.set("status", self.status.name());
        }
        let options = self.options.items();
        if !options.is_empty() {
            line = line.with_list("options", options);
        }
        if has_rusage(self.call) && (self.call != Call::Waitid || self.rusage != Pointer::Null) {
            line.set("rusage", self.rusage.name());
        }
        if has_info(self.call) {
            line.set("info", self.info.name());
        }
        if self.thread != 0 {
            line.set("thread", self.thread);
        }
        line
    }

    /// The request that a line represents; `None` if its word is not a call of the family.
    pub fn from_line(line: &Line) -> Option<Result<WaitRequest, FieldError>> {
        Call::from_name(line.word()).map(|call| WaitRequest::of_call(call, line))
    }

    fn of_call(call: Call, line: &Line) -> Result<WaitRequest, FieldError> {
        let target = if has_info(call) {
            let idtype = line.text("idtype")?;
            let idtype = IdType::from_text(&idtype).ok_or(FieldError::Bad("idtype", idtype))?;
            RawTarget::Id { idtype, who: line.number("who")? }
        } else if has_pid(call) {
            RawTarget::Pid(line.number("pid")?)
        } else {
            RawTarget::Pid(-1)
        };
        let mut request = WaitRequest::new(call, target);
        for item in line.list("options") {
            if !request.options.add(&item) {
                return Err(FieldError::Bad("options", item));
            }
        }
        if has_status(call) {
            request.status = pointer(line, "status", request.status)?;
        }
        if has_rusage(call) {
            request.rusage = pointer(line, "rusage", request.rusage)?;
        }
        if has_info(call) {
            request.info = pointer(line, "info", request.info)?;
        }
        request.thread = thread(line)?;
        Ok(request)
    }

    /// The call in this system's numbers; a name that the system does not have is an error, never an approximation.
    pub fn to_host(&self) -> Result<Request, Unsupported> {
        let select = match &self.target {
            RawTarget::Pid(pid) => match libc::pid_t::try_from(*pid) {
                Ok(pid) => Select::Pid(pid),
                Err(_) => return Err(Unsupported(format!("{pid} is not a pid_t"))),
            },
            RawTarget::Id { idtype, who } => {
                let number = match idtype {
                    IdType::Number(number) => Some(*number),
                    named => names::idtype(&named.to_string()),
                };
                Select::Id { idtype: number.ok_or_else(|| Unsupported::name(idtype))?, id: *who }
            }
        };
        let mut options = self.options.raw as libc::c_int;
        for flag in &self.options.flags {
            options |= names::option(flag.name()).ok_or_else(|| Unsupported::name(flag))?;
        }
        let WaitRequest { call, status, rusage, info, .. } = *self;
        Ok(Request { call, select, options, status, rusage, info })
    }
}

/// The thread that a request is for; 0 if it does not specify one.
pub fn thread(line: &Line) -> Result<u32, FieldError> {
    let number = line.number_opt("thread")?.unwrap_or(0);
    u32::try_from(number).map_err(|_| FieldError::Bad("thread", number.to_string()))
}

/// What an agent cannot do, as text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsupported(pub String);

impl Unsupported {
    fn name(name: &impl fmt::Display) -> Unsupported {
        Unsupported(format!("{name} is unknown here"))
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The fields of a siginfo.
///
/// A field that the call left untouched, or that the subject does not expose, is `None`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct InfoNamed {
    /// `si_signo`
    pub signo: Option<Signal>,
    /// `si_code`
    pub code: Option<SiCode>,
    /// `si_pid`
    pub pid: Option<i64>,
    /// `si_uid`
    pub uid: Option<i64>,
    /// `si_status`: an exit code, or a signal in the numbers of the agent's system, depending on `si_code`.
    pub status: Option<i64>,
    /// `si_status` as a signal.
    pub signal: Option<Signal>,
    /// `si_errno`
    pub errno: Option<i64>,
    /// The number of bytes written that belong to none of these fields.
    pub other_bytes: Option<i64>,
}

/// What a call returned and wrote, as the driver sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The value that the call returned, or the `errno` that came with -1.
    pub ret: Result<i64, Errno>,
    /// The status word, for the agent's system.
    pub status: Memory<WaitStatus>,
    /// The resource usage of the child.
    pub rusage: Memory<Usage>,
    /// `wait6` only: the usage of the child's own reaped children.
    pub children: Memory<Usage>,
    /// The siginfo.
    pub info: Memory<InfoNamed>,
    /// Whether a byte behind a buffer changed; `None` if the subject cannot tell.
    pub spill: Option<bool>,
}

/// Why a line is not a reply to a call that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoReply {
    /// The subject cannot express the request, for this reason.
    Unsupported(String),
    /// A word other than `ok`, `err`, `unsupported` and `malformed`.
    Word(String),
    /// The agent calls the request malformed, for this reason.
    Malformed(String),
    /// A pair is missing or invalid.
    Field(FieldError),
}

impl fmt::Display for NoReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoReply::Unsupported(why) => write!(f, "not offered: {why}"),
            NoReply::Word(word) => write!(f, "'{word}' is not ok, err, unsupported or malformed"),
            NoReply::Malformed(why) => write!(f, "the agent calls the request malformed: {why}"),
            NoReply::Field(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NoReply {}

impl From<FieldError> for NoReply {
    fn from(error: FieldError) -> NoReply {
        NoReply::Field(error)
    }
}

/// The result for one argument: `untouched`, `written` with its fields, or no key at all.
fn memory<T>(
    line: &Line,
    key: &'static str,
    asked: Pointer,
    has: bool,
    fields: impl FnOnce() -> Result<T, FieldError>,
) -> Result<Memory<T>, FieldError> {
    match line.get(key).as_deref() {
        None if has && asked != Pointer::Buffer => Ok(Memory::NoBuffer),
        None => Ok(Memory::NotObserved),
        Some("untouched") => Ok(Memory::Untouched),
        Some("written") => fields().map(Memory::Wrote),
        Some(other) => Err(FieldError::Bad(key, other.to_owned())),
    }
}

/// The fields of a usage that was written; missing ones were not.
fn usage(line: &Line, prefix: &str) -> Usage {
    get_usage(line, prefix).unwrap_or_default()
}

/// The `errno` of a refused request, by name or by its number on the agent's system.
pub fn errno_of(line: &Line, system: System) -> Result<Errno, FieldError> {
    let text = line.text("errno")?;
    Errno::from_text(&text, system).ok_or(FieldError::Bad("errno", text))
}

/// The signal in a reply, by name or by its number on the agent's system; 0 is none.
pub fn signal_of(text: &str, system: System) -> Option<Signal> {
    let beyond = || {
        let number = parse_number(text)?.clamp(i32::MIN.into(), i32::MAX.into());
        i32::try_from(number).ok().map(|number| Signal::from_number_on(number, system))
    };
    Signal::from_name_on(text, system).or_else(beyond)
}

/// The `si_code` in a reply, by name or by number.
pub fn code_of(text: &str) -> Option<SiCode> {
    SiCode::from_name(text).or_else(|| parse_number(text).map(SiCode::from_number))
}

/// A named field of a siginfo, if present.
fn named<T>(
    line: &Line,
    key: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, FieldError> {
    match line.get(key) {
        None => Ok(None),
        Some(text) => read(&text).map(Some).ok_or(FieldError::Bad(key, text)),
    }
}

fn info_named(line: &Line, system: System) -> Result<InfoNamed, FieldError> {
    let status = line.number_opt("si_status")?;
    let number = status.and_then(|status| i32::try_from(status).ok());
    Ok(InfoNamed {
        signo: named(line, "si_signo", |text| signal_of(text, system))?,
        code: named(line, "si_code", code_of)?,
        pid: line.number_opt("si_pid")?,
        uid: line.number_opt("si_uid")?,
        status,
        signal: number.map(|number| Signal::from_number_on(number, system)),
        errno: line.number_opt("si_errno")?,
        other_bytes: line.number_opt("si_other_bytes")?,
    })
}

fn status_memory(
    line: &Line,
    request: &WaitRequest,
    system: System,
) -> Result<Memory<WaitStatus>, FieldError> {
    let number = match line.get("status").as_deref() {
        None if has_status(request.call) && request.status != Pointer::Buffer => return Ok(Memory::NoBuffer),
        None => return Ok(Memory::NotObserved),
        Some("untouched") => return Ok(Memory::Untouched),
        Some(_) => line.number("status")?,
    };
    // 32 bits, written with or without a sign.
    match i32::try_from(number).or_else(|_| u32::try_from(number).map(|word| word as i32)) {
        Ok(word) => Ok(Memory::Wrote(system.decode(word))),
        Err(_) => Err(FieldError::Bad("status", number.to_string())),
    }
}

impl Reply {
    /// Parses a line as the reply to `request`, from an agent on that system.
    pub fn from_line(line: &Line, request: &WaitRequest, system: System) -> Result<Box<Reply>, NoReply> {
        let ret = match line.word() {
            "ok" => Ok(line.number("ret")?),
            "err" => Err(errno_of(line, system)?),
            "unsupported" => {
                return Err(NoReply::Unsupported(
                    line.get("why").unwrap_or_else(|| "no reason given".into()),
                ));
            }
            "malformed" => return Err(NoReply::Malformed(line.get("why").unwrap_or_default())),
            other => return Err(NoReply::Word(other.to_owned())),
        };
        let call = request.call;
        let info = || info_named(line, system);
        let spill = match line.get("spill").as_deref() {
            None => None,
            Some("no") => Some(false),
            Some("yes") => Some(true),
            Some(other) => return Err(FieldError::Bad("spill", other.to_owned()).into()),
        };
        let wait6 = call == Call::Wait6;
        Ok(Box::new(Reply {
            ret,
            status: status_memory(line, request, system)?,
            rusage: memory(line, "rusage", request.rusage, has_rusage(call), || Ok(usage(line, OWN)))?,
            children: memory(line, "children", request.rusage, wait6, || Ok(usage(line, CHILDREN)))?,
            info: memory(line, "info", request.info, has_info(call), info)?,
            spill,
        }))
    }
}

fn put_memory<T: Copy>(line: &mut Line, key: &str, memory: Memory<T>, fields: impl FnOnce(&mut Line, &T)) {
    match memory {
        Memory::NotObserved | Memory::NoBuffer => {}
        Memory::Untouched => line.set(key, "untouched"),
        Memory::Wrote(value) => {
            line.set(key, "written");
            fields(line, &value);
        }
    }
}

fn put_info(line: &mut Line, info: &Info) {
    if let Some(number) = info.signo {
        line.set("si_signo", signal_text(number));
    }
    if let Some(number) = info.code {
        line.set("si_code", code_text(number));
    }
    let numbers = [
        ("si_pid", info.pid),
        ("si_uid", info.uid),
        ("si_status", info.status),
        ("si_errno", info.errno),
        ("si_other_bytes", info.other_bytes),
    ];
    for (key, value) in numbers {
        if let Some(value) = value {
            line.set(key, value);
        }
    }
}

/// The agent's reply to a call: an observation on this system as a line.
pub fn reply_line(id: u64, seen: &Observation) -> Line {
    let mut line = match seen.ret {
        Ok(value) => Line::new("ok").with("id", id).with("ret", value),
        Err(number) => error_line(id, number),
    };
    match seen.status {
        Memory::NotObserved | Memory::NoBuffer => {}
        Memory::Untouched => line.set("status", "untouched"),
        Memory::Wrote(word) => line.set("status", format_args!("{word:#06x}")),
    }
    put_memory(&mut line, "rusage", seen.rusage, |line, usage| put_usage(line, OWN, usage));
    put_memory(&mut line, "children", seen.children, |line, usage| put_usage(line, CHILDREN, usage));
    put_memory(&mut line, "info", seen.info, put_info);
    if let Some(spill) = seen.spill {
        line.set("spill", if spill { "yes" } else { "no" });
    }
    line
}

/// `err errno=NAME`, for an `errno` of this system.
pub fn error_line(id: u64, errno: libc::c_int) -> Line {
    Line::new("err").with("id", id).with("errno", errno_text(errno))
}

/// `unsupported why=TEXT`.
pub fn unsupported_line(id: u64, why: impl fmt::Display) -> Line {
    Line::new("unsupported").with("id", id).with("why", why)
}

/// `malformed why=TEXT`.
pub fn malformed_line(id: u64, why: impl fmt::Display) -> Line {
    Line::new("malformed").with("id", id).with("why", why)
}

/// The name of an `errno` of this system, or its number as text.
pub fn errno_text(errno: libc::c_int) -> String {
    names::errno_name(errno).map_or_else(|| errno.to_string(), str::to_owned)
}

/// The name of a signal on this system: `SIGTERM`, `SIG37` beyond the standard set, `0` for none.
pub fn signal_text(signal: i64) -> String {
    match libc::c_int::try_from(signal) {
        Ok(number) => Signal::from_number(number).to_string(),
        Err(_) => signal.to_string(),
    }
}

/// The name of a `si_code` of `SIGCHLD`, or its number as text.
pub fn code_text(code: i64) -> String {
    SiCode::from_number(code).to_string()
}

#[cfg(test)]
mod tests;
