//! Dispositions, masks, and what the handlers have seen.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicUsize, Ordering};

use super::{Agent, Refusal};
use crate::protocol::Line;
use crate::protocol::agent::{Disposition, HandlerFlag};
use crate::protocol::wait::{code_text, errno_text, signal_text};
use crate::subject::Subject;
use crate::sys::call::abi::{Call, Memory, NotOffered, Pointer, Request, Select};
use crate::sys::signal::{self, Action, Flags};
use crate::wait::{Signal, System};

/// The subject, for the `do=wait` handler.
static SUBJECT: OnceLock<&'static dyn Subject> = OnceLock::new();

/// How many calls made in the handler are recorded over the life of an agent; later ones are made but not recorded.
const KEPT: usize = 1024;

/// What one call in a handler returned. A handler must not lock or allocate.
struct Waited {
    ready: AtomicBool,
    /// 0, or the `errno`.
    errno: AtomicI32,
    ret: AtomicI64,
    /// The status word, [`UNTOUCHED`] or [`NOT_SHOWN`].
    status: AtomicI64,
    /// Why the subject could not make the call. Each slot is set once, by one handler: this never blocks.
    not_offered: OnceLock<NotOffered>,
}

const UNTOUCHED: i64 = i64::MIN;
const NOT_SHOWN: i64 = i64::MAX;

static WAITED: [Waited; KEPT] = [const {
    Waited {
        ready: AtomicBool::new(false),
        errno: AtomicI32::new(0),
        ret: AtomicI64::new(0),
        status: AtomicI64::new(NOT_SHOWN),
        not_offered: OnceLock::new(),
    }
}; KEPT];
/// The number of calls made, and of those reported.
static MADE: AtomicUsize = AtomicUsize::new(0);
static REPORTED: AtomicUsize = AtomicUsize::new(0);

/// The `do=wait` handler: the subject makes one `waitpid(-1, &status, WNOHANG)`.
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
    let outcome = subject.call(&REQUEST);
    let Some(slot) = WAITED.get(MADE.fetch_add(1, Ordering::Relaxed)) else { return };
    let seen = match outcome {
        Ok(seen) => seen,
        Err(why) => {
            let _ = slot.not_offered.set(why);
            slot.ready.store(true, Ordering::Release);
            return;
        }
    };
    match seen.ret {
        Ok(value) => slot.ret.store(value, Ordering::Relaxed),
        Err(errno) => slot.errno.store(errno, Ordering::Relaxed),
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
    /// `RET:STATUS`, as the protocol defines it.
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

/// The number of a signal on this system; a signal that only other systems have is unsupported.
pub(super) fn number(signal: Signal) -> Result<i32, Refusal> {
    let number = signal.number_on(System::HOST);
    number.ok_or_else(|| Refusal::unsupported(format_args!("{signal} does not exist here")))
}

/// Sets a disposition.
pub(super) fn sigaction(
    agent: &Agent,
    signal: Signal,
    disposition: Disposition,
    flags: Flags,
) -> Result<(), Refusal> {
    let action = match disposition {
        Disposition::Default => Action::Default,
        Disposition::Ignore => Action::Ignore,
        Disposition::Count => Action::Count,
        Disposition::Record => Action::Record,
        Disposition::Wait => {
            SUBJECT.get_or_init(|| agent.subject);
            Action::Hook(wait_in_handler)
        }
    };
    Ok(signal::set_action(number(signal)?, action, flags)?)
}

/// Installs a handler that counts, with a flag that no call depends on.
pub(super) fn flagged(signal: Signal, restart: bool, flag: HandlerFlag) -> Result<(), Refusal> {
    let other = match flag {
        HandlerFlag::Once => libc::SA_RESETHAND,
        HandlerFlag::NoDefer => libc::SA_NODEFER,
        HandlerFlag::OnStack => libc::SA_ONSTACK,
    };
    let flags = Flags { restart, other, ..Flags::default() };
    Ok(signal::set_action(number(signal)?, Action::Count, flags)?)
}

/// `SIG:CODE:PID:UID:STATUS` of a siginfo.
pub(super) fn record_text(record: &signal::Record) -> String {
    let (sig, code) = (signal_text(record.signo.into()), code_text(record.code.into()));
    format!("{sig}:{code}:{}:{}:{}", record.pid, record.uid, record.status)
}

/// What the handlers have seen since the last request. Refused if the subject could not make the call of `do=wait`.
pub(super) fn seen(ok: Line) -> Result<Line, Refusal> {
    let (count, records) = signal::take_records();
    let seen = records.iter().map(record_text);
    let first = REPORTED.load(Ordering::Relaxed);
    let made = WAITED[..MADE.load(Ordering::Relaxed).min(KEPT)][first..].iter();
    let ready: Vec<&Waited> = made.take_while(|slot| slot.ready.load(Ordering::Acquire)).collect();
    if let Some(why) = ready.iter().find_map(|slot| slot.not_offered.get()) {
        return Err(Refusal::unsupported(why));
    }
    let waited: Vec<String> = ready.into_iter().map(Waited::text).collect();
    REPORTED.store(first + waited.len(), Ordering::Relaxed);
    Ok(ok.with("count", count).with_list("seen", seen).with_list("waited", waited))
}

/// The signals that are pending for this thread or the process.
pub(super) fn sigpending(ok: Line) -> Line {
    ok.with_list("sigs", signal::pending().iter().map(|&signal| signal_text(i64::from(signal))))
}
