//! Subjects that are broken on purpose: `mutant:NAME`.
//!
//! A mutant is a thin wrapper round the C library's calls, each the kind of bug that a real implementation had or plausibly
//! has. It stands in the agent's process alone: driver, warden and children are whole.

mod memory;
mod options;
mod outcome;
mod status;
mod targets;

use super::{Decoded, NotOffered, Subject, libc::Libc};
use crate::spec::Clause;
use crate::sys::family::{Call, Info, Memory, Observation, Request, Return, Select, Usage};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A subject that breaks one clause.
#[derive(Debug)]
pub struct Mutant {
    /// Its name behind `mutant:`.
    pub name: &'static str,
    /// What it does wrong.
    pub breaks: &'static str,
    /// The clause that has to be named as the failing one.
    pub clause: &'static Clause,
    /// The broken call.
    pub(super) call: fn(&Wrapped, &Request) -> Answer,
}

/// What a broken call answers.
pub(super) type Answer = Result<Observation, NotOffered>;

/// Every mutant.
pub fn mutants() -> impl Iterator<Item = &'static Mutant> {
    [outcome::MUTANTS, targets::MUTANTS, options::MUTANTS, status::MUTANTS, memory::MUTANTS]
        .into_iter()
        .flatten()
}

/// The mutant of that name, as a subject.
pub fn find(name: &str) -> Option<Box<dyn Subject>> {
    let mutant = mutants().find(|m| m.name == name)?;
    Some(Box::new(Broken { mutant, wrapped: Wrapped::default() }))
}

/// The correct calls, and what a mutant remembers between them (of one trial: the agent is fresh for each).
#[derive(Default)]
pub(super) struct Wrapped {
    calls: AtomicU64,
    memo: AtomicI64,
}

impl Wrapped {
    /// The correct call.
    fn real(&self, request: &Request) -> Answer {
        Libc.call(request)
    }

    /// The correct call, with its outcome changed.
    fn then(&self, request: &Request, change: impl FnOnce(&mut Observation)) -> Answer {
        self.real(request).map(|mut seen| {
            change(&mut seen);
            seen
        })
    }

    /// The number of this call, from 1.
    fn turn(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What was remembered, and now this is.
    fn remember(&self, value: i64) -> i64 {
        self.memo.swap(value, Ordering::Relaxed)
    }

    fn remembered(&self) -> i64 {
        self.memo.load(Ordering::Relaxed)
    }
}

struct Broken {
    mutant: &'static Mutant,
    wrapped: Wrapped,
}

impl Subject for Broken {
    fn name(&self) -> String {
        format!("mutant:{}", self.mutant.name)
    }

    fn version(&self) -> String {
        Libc.version()
    }

    fn calls(&self) -> Vec<Call> {
        Libc.calls()
    }

    fn call(&self, request: &Request) -> Answer {
        (self.mutant.call)(&self.wrapped, request)
    }

    fn decode(&self, status: i32) -> Option<Decoded> {
        Libc.decode(status)
    }
}

/// What a request asks, in the host's numbers.
trait Asked {
    fn has(&self, bit: i32) -> bool;
    fn without(&self, bit: i32) -> Request;
    fn with(&self, bit: i32) -> Request;
    fn of(&self, select: Select) -> Request;
    fn is_by_id(&self) -> bool;
    fn any(&self) -> Request;
    /// The pid that it names, if it names one.
    fn pid(&self) -> Option<i64>;
    /// The process group that it names, 0 for the caller's.
    fn group(&self) -> Option<i64>;
}

impl Asked for Request {
    fn has(&self, bit: i32) -> bool {
        self.options & bit != 0
    }

    fn without(&self, bit: i32) -> Request {
        Request { options: self.options & !bit, ..*self }
    }

    fn with(&self, bit: i32) -> Request {
        Request { options: self.options | bit, ..*self }
    }

    fn of(&self, select: Select) -> Request {
        Request { select, ..*self }
    }

    fn is_by_id(&self) -> bool {
        matches!(self.call, Call::Waitid | Call::Wait6)
    }

    fn any(&self) -> Request {
        match self.is_by_id() {
            true => self.of(Select::Id { idtype: i64::from(libc::P_ALL), id: 0 }),
            false => self.of(Select::Pid(-1)),
        }
    }

    fn pid(&self) -> Option<i64> {
        match self.select {
            Select::Pid(pid) if pid > 0 => Some(pid.into()),
            Select::Id { idtype, id } if idtype == i64::from(libc::P_PID) => Some(id),
            _ => None,
        }
    }

    fn group(&self) -> Option<i64> {
        match self.select {
            Select::Pid(0) => Some(0),
            Select::Pid(pid) if pid < -1 => Some(-i64::from(pid)),
            Select::Id { idtype, id } if idtype == i64::from(libc::P_PGID) => Some(id),
            _ => None,
        }
    }
}

/// What an observation tells, and how it is falsified.
trait Told {
    /// The child that was reported.
    fn child(&self) -> Option<i64>;
    fn is_nothing(&self) -> bool;
    fn errno(&self) -> Option<i32>;
    fn status(&mut self, change: impl FnOnce(&mut i32));
    fn info(&mut self, change: impl FnOnce(&mut Info));
    fn usage(&mut self, change: impl FnOnce(&mut Usage));
    /// The child terminated.
    fn is_end(&self) -> bool;
    /// The child stopped.
    fn is_stop(&self) -> bool;
    /// The child continued.
    fn is_continue(&self) -> bool;
}

impl Told for Observation {
    fn child(&self) -> Option<i64> {
        match (self.ret, self.info) {
            (Return::Value(pid), _) if pid > 0 => Some(pid),
            (Return::Value(_), Memory::Wrote(info)) => info.pid.filter(|pid| *pid > 0),
            _ => None,
        }
    }

    fn is_nothing(&self) -> bool {
        matches!(self.ret, Return::Value(0)) && self.child().is_none()
    }

    fn errno(&self) -> Option<i32> {
        match self.ret {
            Return::Errno(errno) => Some(errno),
            Return::Value(_) => None,
        }
    }

    fn status(&mut self, change: impl FnOnce(&mut i32)) {
        if let (Some(_), Memory::Wrote(word)) = (self.child(), &mut self.status) {
            change(word);
        }
    }

    fn info(&mut self, change: impl FnOnce(&mut Info)) {
        if let (Some(_), Memory::Wrote(info)) = (self.child(), &mut self.info) {
            change(info);
        }
    }

    fn usage(&mut self, change: impl FnOnce(&mut Usage)) {
        if let (Some(_), Memory::Wrote(usage)) = (self.child(), &mut self.rusage) {
            change(usage);
        }
    }

    fn is_end(&self) -> bool {
        let by_word = self.status.wrote().is_some_and(|w| libc::WIFEXITED(w) || libc::WIFSIGNALED(w));
        let ends = [libc::CLD_EXITED, libc::CLD_KILLED, libc::CLD_DUMPED];
        self.child().is_some()
            && (by_word || code(self).is_some_and(|c| ends.iter().any(|e| i64::from(*e) == c)))
    }

    fn is_stop(&self) -> bool {
        let by_word = self.status.wrote().is_some_and(|w| libc::WIFSTOPPED(w));
        self.child().is_some() && (by_word || code(self) == Some(libc::CLD_STOPPED.into()))
    }

    fn is_continue(&self) -> bool {
        let by_word = self.status.wrote().is_some_and(|w| libc::WIFCONTINUED(w));
        self.child().is_some() && (by_word || code(self) == Some(libc::CLD_CONTINUED.into()))
    }
}

fn code(seen: &Observation) -> Option<i64> {
    seen.info.wrote().and_then(|info| info.code)
}

/// Nothing, as WNOHANG reports it.
fn nothing(request: &Request) -> Observation {
    let mut seen = Observation::returned(Return::Value(0));
    let buffer = |pointer| match pointer {
        crate::sys::family::Pointer::Buffer => Memory::Untouched,
        _ => Memory::NoBuffer,
    };
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
        seen.info = Memory::Wrote(zero);
    } else {
        seen.status = buffer(request.status);
    }
    if request.rusage == crate::sys::family::Pointer::Buffer {
        seen.rusage = Memory::Untouched;
    }
    seen
}

/// An error that leaves its buffers alone.
fn error(request: &Request, errno: i32) -> Observation {
    let mut seen = nothing(request);
    seen.ret = Return::Errno(errno);
    seen
}
