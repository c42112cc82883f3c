//! The correct calls, and the state that a mutant keeps between them, for one trial: each trial has a new agent.

use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::protocol::Line;
use crate::subject::libc::Libc;
use crate::subject::{NotOffered, Subject};
use crate::sys::call::abi::{Call, Info, Memory, Observation, Pointer, Request, Select, Usage};
use crate::sys::call::observe::{self, Entry};
use crate::sys::process;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The result of a broken call.
pub(crate) type CallResult = Result<Observation, NotOffered>;

/// The entry points that a mutant wraps.
pub(crate) const fn entry(raw: bool) -> Entry {
    if raw { Entry::Syscall } else { Entry::Libc }
}

/// The correct calls, and the state of one trial.
pub(crate) struct Inner {
    /// Whether the calls are raw system calls.
    raw: bool,
    counter: AtomicU64,
    value: AtomicI64,
    /// The children that the agent created, in order.
    children: Mutex<Vec<i64>>,
    /// Values stored by pid or descriptor.
    entries: Mutex<Vec<(i64, i64)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    pub(crate) fn new(raw: bool) -> Inner {
        Inner {
            raw,
            counter: AtomicU64::new(0),
            value: AtomicI64::new(0),
            children: Mutex::default(),
            entries: Mutex::default(),
        }
    }

    /// The correct call.
    pub(crate) fn real(&self, request: &Request) -> CallResult {
        if self.raw { observe::perform(Entry::Syscall, request) } else { Libc.call(request) }
    }

    /// The correct call, with its observation changed.
    pub(crate) fn map(&self, request: &Request, change: impl FnOnce(&mut Observation)) -> CallResult {
        self.real(request).map(|mut seen| {
            change(&mut seen);
            seen
        })
    }

    /// The correct call, with the status of a reported child changed, in the status word and in the siginfo.
    pub(crate) fn map_word(&self, request: &Request, change: impl FnOnce(i32) -> i32) -> CallResult {
        self.map(request, |seen| {
            if let Some(word) = seen.word() {
                let changed = change(word);
                if changed != word {
                    seen.set_word(changed);
                }
            }
        })
    }

    /// Peeks at what is ready for a request: pid and status word.
    pub(crate) fn peek(&self, request: &Request) -> Option<(i64, i32)> {
        let events = libc::WEXITED | (request.options & (libc::WSTOPPED | libc::WCONTINUED));
        self.peek_for(request, events)
    }

    /// Peeks for these `waitid` events.
    pub(crate) fn peek_for(&self, request: &Request, events: i32) -> Option<(i64, i32)> {
        self.waitid(request, events | libc::WNOHANG | libc::WNOWAIT)
    }

    /// A separate `waitid` for the target of a request: pid and status word of what it reports.
    pub(crate) fn waitid(&self, request: &Request, options: i32) -> Option<(i64, i32)> {
        let (idtype, id) = request.idtype_and_id();
        let own = Request {
            call: Call::Waitid,
            select: Select::Id { idtype, id },
            options,
            status: Pointer::Null,
            rusage: Pointer::Null,
            info: Pointer::Buffer,
        };
        let seen = Libc.call(&own).ok()?;
        Some((seen.child()?, seen.word()?))
    }

    /// Whether the agent has any children.
    pub(crate) fn has_children(&self) -> bool {
        let all = Request {
            call: Call::Waitid,
            select: Select::Id { idtype: i64::from(libc::P_ALL), id: 0 },
            options: libc::WEXITED | libc::WNOHANG | libc::WNOWAIT,
            status: Pointer::Null,
            rusage: Pointer::Null,
            info: Pointer::Buffer,
        };
        Libc.call(&all).is_ok_and(|seen| seen.errno().is_none())
    }

    /// Reaps this child behind the caller's back, if it has terminated: its status word.
    pub(crate) fn reap(&self, pid: i64) -> Option<i32> {
        match process::reap(i32::try_from(pid).ok()?) {
            process::Reaped::Gone(word) => Some(word),
            process::Reaped::NotYet | process::Reaped::Failed(_) => None,
        }
    }

    /// Increments the counter and returns it: 1 on the first call.
    pub(crate) fn count(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Stores a value and returns the previous one, initially 0.
    pub(crate) fn swap(&self, value: i64) -> i64 {
        self.value.swap(value, Ordering::SeqCst)
    }

    /// The stored value.
    pub(crate) fn value(&self) -> i64 {
        self.value.load(Ordering::SeqCst)
    }

    /// Adds to the stored value and returns the sum.
    pub(crate) fn add(&self, value: i64) -> i64 {
        self.value.fetch_add(value, Ordering::SeqCst) + value
    }

    /// The children that the agent created, in order.
    pub(crate) fn children(&self) -> Vec<i64> {
        lock(&self.children).clone()
    }

    /// The children that the agent created, except this one.
    pub(crate) fn siblings(&self, pid: i64) -> Vec<i64> {
        self.children().into_iter().filter(|p| *p != pid).collect()
    }

    /// Records a child that the agent created.
    pub(crate) fn record_spawn(&self, request: &Line, reply: &Line) {
        if let ("spawn", Ok(pid)) = (request.word(), reply.number("pid")) {
            lock(&self.children).push(pid);
        }
    }

    /// Stores a value for a pid and returns the previous one.
    pub(crate) fn insert(&self, pid: i64, value: i64) -> Option<i64> {
        let mut entries = lock(&self.entries);
        match entries.iter_mut().find(|(p, _)| *p == pid) {
            Some(pair) => Some(std::mem::replace(&mut pair.1, value)),
            None => {
                entries.push((pid, value));
                None
            }
        }
    }

    /// The value stored for a pid.
    pub(crate) fn lookup(&self, pid: i64) -> Option<i64> {
        lock(&self.entries).iter().find(|(p, _)| *p == pid).map(|(_, value)| *value)
    }

    /// Removes and returns the value stored for a pid.
    pub(crate) fn remove(&self, pid: i64) -> Option<i64> {
        let mut entries = lock(&self.entries);
        let at = entries.iter().position(|(p, _)| *p == pid)?;
        Some(entries.swap_remove(at).1)
    }

    /// A wanted pid for which this value is stored.
    pub(crate) fn key_of(&self, value: i64, wanted: impl Fn(i64) -> bool) -> Option<i64> {
        lock(&self.entries).iter().find(|(p, v)| *v == value && wanted(*p)).map(|(p, _)| *p)
    }

    /// Any stored pid and value.
    pub(crate) fn any_entry(&self) -> Option<(i64, i64)> {
        lock(&self.entries).first().copied()
    }
}

/// Removes SA_RESTART, and remembers that it was given.
pub(crate) fn take_restart(w: &Inner, line: &mut Line) {
    if line.word() == "sigaction" && line.flag("restart") {
        line.set("restart", "no");
        w.swap(1);
    }
}

/// Never returns.
pub(crate) fn block_forever() -> ! {
    loop {
        process::pause();
    }
}

fn buffer<T>(pointer: Pointer, memory: Memory<T>) -> Memory<T> {
    match pointer {
        Pointer::Buffer => memory,
        _ => Memory::NoBuffer,
    }
}

/// What WNOHANG returns with nothing to report.
pub(crate) fn nothing(request: &Request) -> Observation {
    let mut seen = Observation::returned(Ok(0));
    seen.spill = Some(false);
    if request.uses_idtype() {
        let zero = Some(0);
        let zero = Info {
            signo: zero,
            code: zero,
            pid: zero,
            uid: zero,
            status: zero,
            errno: zero,
            other_bytes: None,
        };
        seen.info = buffer(request.info, Memory::Wrote(zero));
    } else {
        seen.status = buffer(request.status, Memory::Untouched);
    }
    if request.rusage == Pointer::Buffer {
        seen.rusage = Memory::Untouched;
    }
    seen
}

/// An error that leaves the buffers unchanged.
pub(crate) fn error(request: &Request, errno: i32) -> Observation {
    let mut seen = nothing(request);
    if request.uses_idtype() {
        seen.info = buffer(request.info, Memory::Untouched);
    }
    seen.ret = Err(errno);
    seen
}

/// The result of a call that finds no event: it sleeps, or reports nothing.
pub(crate) fn finds_nothing(request: &Request) -> CallResult {
    if request.blocks() { block_forever() } else { Ok(nothing(request)) }
}

/// All-zero usage.
pub(crate) fn no_usage() -> Usage {
    let none = Some(0);
    Usage {
        utime_us: none,
        stime_us: none,
        maxrss: none,
        minflt: none,
        majflt: none,
        inblock: none,
        oublock: none,
        nvcsw: none,
        nivcsw: none,
        ..Usage::default()
    }
}

/// A report of this child with this status word.
pub(crate) fn report(request: &Request, pid: i64, word: i32) -> Observation {
    let mut seen = nothing(request);
    if request.uses_idtype() {
        let info = Info {
            signo: Some(libc::SIGCHLD.into()),
            pid: Some(pid),
            uid: Some(0),
            errno: Some(0),
            ..Info::default()
        };
        seen.info = buffer(request.info, Memory::Wrote(info));
    } else {
        seen.ret = Ok(pid);
        seen.status = buffer(request.status, Memory::Wrote(word));
    }
    if request.rusage == Pointer::Buffer {
        seen.rusage = Memory::Wrote(no_usage());
    }
    seen.set_word(word);
    seen
}
