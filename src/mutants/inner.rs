//! The correct calls, and what a mutant remembers between them (of one trial: the agent is fresh for each).

use super::edit::{ObservationEdit, RequestView};
use crate::protocol::Line;
use crate::subject::libc::Libc;
use crate::subject::{NotOffered, Subject};
use crate::sys::call::abi::{Call, Info, Memory, Observation, Pointer, Request, Return, Select, Usage};
use crate::sys::call::observe::{self, Entry};
use crate::sys::process;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a broken call answers.
pub(crate) type Answer = Result<Observation, NotOffered>;

/// The calls that a mutant wraps.
pub(crate) const fn entry(raw: bool) -> Entry {
    if raw { Entry::Syscall } else { Entry::Libc }
}

/// The correct calls, and some memory.
pub(crate) struct Wrapped {
    raw: bool,
    turns: AtomicU64,
    memo: AtomicI64,
    /// The children that the agent made, in order.
    born: Mutex<Vec<i64>>,
    kept: Mutex<Vec<(i64, i64)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wrapped {
    pub(crate) fn new(raw: bool) -> Wrapped {
        Wrapped {
            raw,
            turns: AtomicU64::new(0),
            memo: AtomicI64::new(0),
            born: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// The correct call.
    pub(crate) fn real(&self, request: &Request) -> Answer {
        if self.raw { observe::perform(Entry::Syscall, request) } else { Libc.call(request) }
    }

    /// The correct call, with its outcome changed.
    pub(crate) fn then(&self, request: &Request, change: impl FnOnce(&mut Observation)) -> Answer {
        self.real(request).map(|mut seen| {
            change(&mut seen);
            seen
        })
    }

    /// The correct call, with the status of a reported child changed, in a status word and in a siginfo alike.
    pub(crate) fn word(&self, request: &Request, change: impl FnOnce(i32) -> i32) -> Answer {
        self.then(request, |seen| {
            if let Some(word) = seen.word() {
                let changed = change(word);
                if changed != word {
                    seen.set_word(changed);
                }
            }
        })
    }

    /// What the children that a request means are ready for, without taking anything: pid and status word.
    pub(crate) fn look(&self, request: &Request) -> Option<(i64, i32)> {
        let events = libc::WEXITED | (request.options & (libc::WSTOPPED | libc::WCONTINUED));
        self.look_for(request, events)
    }

    /// The same for these events of `waitid`.
    pub(crate) fn look_for(&self, request: &Request, events: i32) -> Option<(i64, i32)> {
        self.waitid(request, events | libc::WNOHANG | libc::WNOWAIT)
    }

    /// A `waitid` of its own, for whom the request means: pid and status word of what it reports.
    pub(crate) fn waitid(&self, request: &Request, options: i32) -> Option<(i64, i32)> {
        let (idtype, id) = request.as_id();
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

    /// Whether there is any child.
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

    /// Takes that child behind the caller's back, if it ended: its status word.
    pub(crate) fn steal(&self, pid: i64) -> Option<i32> {
        match process::reap(i32::try_from(pid).ok()?) {
            process::Reaped::Gone(word) => Some(word),
            process::Reaped::NotYet | process::Reaped::Failed(_) => None,
        }
    }

    /// The number of this call, from 1.
    pub(crate) fn turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What was remembered, and now this is.
    pub(crate) fn remember(&self, value: i64) -> i64 {
        self.memo.swap(value, Ordering::SeqCst)
    }

    pub(crate) fn remembered(&self) -> i64 {
        self.memo.load(Ordering::SeqCst)
    }

    /// Adds to what is remembered; the sum.
    pub(crate) fn add(&self, value: i64) -> i64 {
        self.memo.fetch_add(value, Ordering::SeqCst) + value
    }

    /// The children that the agent made, in order.
    pub(crate) fn born(&self) -> Vec<i64> {
        lock(&self.born).clone()
    }

    /// The children that the agent made besides this one.
    pub(crate) fn siblings(&self, pid: i64) -> Vec<i64> {
        self.born().into_iter().filter(|p| *p != pid).collect()
    }

    /// Takes note of a child that the agent made.
    pub(crate) fn note_birth(&self, request: &Line, reply: &Line) {
        if let ("spawn", Ok(pid)) = (request.word(), reply.number("pid")) {
            lock(&self.born).push(pid);
        }
    }

    /// Keeps a value for a pid; what was kept before.
    pub(crate) fn keep(&self, pid: i64, value: i64) -> Option<i64> {
        let mut kept = lock(&self.kept);
        match kept.iter_mut().find(|(p, _)| *p == pid) {
            Some(pair) => Some(std::mem::replace(&mut pair.1, value)),
            None => {
                kept.push((pid, value));
                None
            }
        }
    }

    /// What is kept for a pid.
    pub(crate) fn kept(&self, pid: i64) -> Option<i64> {
        lock(&self.kept).iter().find(|(p, _)| *p == pid).map(|(_, value)| *value)
    }

    /// What is kept for a pid, and no longer.
    pub(crate) fn forget(&self, pid: i64) -> Option<i64> {
        let mut kept = lock(&self.kept);
        let at = kept.iter().position(|(p, _)| *p == pid)?;
        Some(kept.swap_remove(at).1)
    }

    /// Any of what is kept.
    pub(crate) fn any_kept(&self) -> Option<(i64, i64)> {
        lock(&self.kept).first().copied()
    }
}

/// Never returns.
pub(crate) fn never() -> ! {
    loop {
        process::pause();
    }
}

fn buffer<T>(pointer: Pointer, memory: Memory<T>) -> Memory<T> {
    match pointer {
        Pointer::Buffer => memory,
        Pointer::Null | Pointer::Bad | Pointer::Kernel => Memory::NoBuffer,
    }
}

/// Nothing, as WNOHANG reports it.
pub(crate) fn nothing(request: &Request) -> Observation {
    let mut seen = Observation::returned(Return::Value(0));
    seen.spill = Some(false);
    if request.is_by_id() {
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

/// An error that leaves its buffers alone.
pub(crate) fn error(request: &Request, errno: i32) -> Observation {
    let mut seen = nothing(request);
    if request.is_by_id() {
        seen.info = buffer(request.info, Memory::Untouched);
    }
    seen.ret = Return::Errno(errno);
    seen
}

/// The usage of a process that used nothing.
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

/// A report of that child with that status word.
pub(crate) fn report(request: &Request, pid: i64, word: i32) -> Observation {
    let mut seen = nothing(request);
    if request.is_by_id() {
        let info = Info {
            signo: Some(libc::SIGCHLD.into()),
            pid: Some(pid),
            uid: Some(0),
            errno: Some(0),
            ..Info::default()
        };
        seen.info = buffer(request.info, Memory::Wrote(info));
    } else {
        seen.ret = Return::Value(pid);
        seen.status = buffer(request.status, Memory::Wrote(word));
    }
    if request.rusage == Pointer::Buffer {
        seen.rusage = Memory::Wrote(no_usage());
    }
    seen.set_word(word);
    seen
}
