//! Dispositions, masks, and what the handlers saw.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicUsize, Ordering};

use super::{Agent, Refusal};
use crate::protocol::Line;
use crate::protocol::line::FieldError;
use crate::protocol::wait::{code_text, errno_text, signal_text};
use crate::subject::Subject;
use crate::sys::call::abi::{Call, Memory, Observation, Pointer, Request, Return, Select};
use crate::sys::signal::{self, Action, Flags};
use crate::wait::Signal;

/// The subject, for the handler of `do=wait`.
static SUBJECT: OnceLock<&'static dyn Subject> = OnceLock::new();

/// How many calls of the handler are kept in the life of an agent; later ones are made all the same.
const KEPT: usize = 1024;

/// What one call in a handler returned. A handler may take no lock and no heap memory.
struct Waited {
    ready: AtomicBool,
    /// 0, or the `errno`.
    errno: AtomicI32,
    ret: AtomicI64,
    /// The status word, [`UNTOUCHED`] or [`NOT_SHOWN`].
    status: AtomicI64,
}

const UNTOUCHED: i64 = i64::MIN;
const NOT_SHOWN: i64 = i64::MAX;

static WAITED: [Waited; KEPT] = [const {
    Waited {
        ready: AtomicBool::new(false),
        errno: AtomicI32::new(0),
        ret: AtomicI64::new(0),
        status: AtomicI64::new(NOT_SHOWN),
    }
}; KEPT];
/// How many calls were made, and how many of them were told.
static MADE: AtomicUsize = AtomicUsize::new(0);
static TOLD: AtomicUsize = AtomicUsize::new(0);

/// The handler of `do=wait`: one `waitpid(-1, &status, WNOHANG)` of the subject.
fn wait_in_handler(_signal: i32) {
    const REQUEST: Request = Request {
        call: Call::Waitpid,
        select: Select::Pid(-1),
        options: libc::WNOHANG,
        status: Pointer::Buffer,
        rusage: Pointer::Null,
        info: Pointer::Null,
    };
    let Some(subject) = SUBJECT.get() else { return };
    let seen = subject.call(&REQUEST).unwrap_or(Observation::error(libc::ENOSYS));
    let Some(slot) = WAITED.get(MADE.fetch_add(1, Ordering::Relaxed)) else { return };
    match seen.ret {
        Return::Value(value) => slot.ret.store(value, Ordering::Relaxed),
        Return::Errno(errno) => slot.errno.store(errno, Ordering::Relaxed),
    }
    let status = match seen.status {
        Memory::Wrote(word) => i64::from(word),
        Memory::Untouched => UNTOUCHED,
        Memory::NoBuffer | Memory::NotObserved => NOT_SHOWN,
    };
    slot.status.store(status, Ordering::Relaxed);
    slot.ready.store(true, Ordering::Release);
}

impl Waited {
    /// `RET:STATUS`, as the protocol's page has it.
    fn text(&self) -> String {
        let ret = match self.errno.load(Ordering::Relaxed) {
            0 => self.ret.load(Ordering::Relaxed).to_string(),
            errno => errno_text(errno),
        };
        match self.status.load(Ordering::Relaxed) {
            NOT_SHOWN => format!("{ret}:"),
            UNTOUCHED => format!("{ret}:untouched"),
            word => format!("{ret}:{:#06x}", word as i32),
        }
    }
}

/// The number of the signal that a request names.
pub(super) fn signal(line: &Line) -> Result<i32, Refusal> {
    let name = line.text("sig")?;
    let signal = Signal::from_name(&name);
    signal.map(Signal::number).ok_or_else(|| Refusal::unsupported(format_args!("{name} is unknown here")))
}

/// Sets a disposition.
pub(super) fn sigaction(agent: &Agent, line: &Line) -> Result<(), Refusal> {
    let signal = signal(line)?;
    let action = match line.text("do")?.as_str() {
        "default" => Action::Default,
        "ignore" => Action::Ignore,
        "count" => Action::Count,
        "record" => Action::Record,
        "wait" => Action::Hook(wait_in_handler),
        other => return Err(FieldError::Bad("do", other.to_owned()).into()),
    };
    if matches!(action, Action::Hook(_)) {
        SUBJECT.get_or_init(|| agent.subject);
    }
    let flags = Flags {
        restart: line.flag("restart"),
        nocldstop: line.flag("nocldstop"),
        nocldwait: line.flag("nocldwait"),
    };
    Ok(signal::set_action(signal, action, flags)?)
}

/// What the handlers saw since the last time.
pub(super) fn seen(ok: Line) -> Line {
    let (count, records) = signal::take_records();
    let seen = records.iter().map(|r| {
        let (sig, code) = (signal_text(i64::from(r.signo)), code_text(i64::from(r.code)));
        format!("{sig}:{code}:{}:{}:{}", r.pid, r.uid, r.status)
    });
    let first = TOLD.load(Ordering::Relaxed);
    let made = WAITED[..MADE.load(Ordering::Relaxed).min(KEPT)][first..].iter();
    let waited: Vec<String> =
        made.take_while(|slot| slot.ready.load(Ordering::Acquire)).map(Waited::text).collect();
    TOLD.store(first + waited.len(), Ordering::Relaxed);
    ok.with("count", count).with_list("seen", seen).with_list("waited", waited)
}

/// Blocks or unblocks a signal in this thread.
pub(super) fn sigprocmask(line: &Line) -> Result<(), Refusal> {
    let signal = signal(line)?;
    match line.text("how")?.as_str() {
        "block" => Ok(signal::block(signal)?),
        "unblock" => Ok(signal::unblock(signal)?),
        other => Err(FieldError::Bad("how", other.to_owned()).into()),
    }
}

/// The signals that are pending for this thread or the process.
pub(super) fn sigpending(ok: Line) -> Line {
    ok.with_list("sigs", signal::pending().iter().map(|&signal| signal_text(i64::from(signal))))
}
