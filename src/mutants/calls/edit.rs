//! Inspecting and altering requests and observations, in the host's numbers.

use crate::sys::call::abi::{Call, Info, Memory, Observation, Request, Select, Usage};
use crate::wait::{Signal, WaitStatus, names};

/// What a request asks for, and how to change it.
pub(crate) trait RequestExt {
    /// Whether any of these option bits is set.
    fn has(&self, bits: i32) -> bool;
    fn without(&self, bits: i32) -> Request;
    fn with(&self, bits: i32) -> Request;
    fn selecting(&self, select: Select) -> Request;
    /// Whether the target is an idtype and an id: waitid, wait6.
    fn uses_idtype(&self) -> bool;
    /// Whether it waits for any child.
    fn is_any(&self) -> bool;
    /// The same call for any child.
    fn with_any(&self) -> Request;
    /// The pid that it selects, if it selects one.
    fn pid(&self) -> Option<i64>;
    fn with_pid(&self, pid: i64) -> Request;
    /// The process group that it selects; 0 is the caller's.
    fn group(&self) -> Option<i64>;
    fn with_group(&self, group: i64) -> Request;
    /// The target in the form that `waitid` takes.
    fn idtype_and_id(&self) -> (i64, i64);
    /// Whether it may block.
    fn blocks(&self) -> bool {
        !self.has(libc::WNOHANG)
    }
}

/// The bit of an option that does not exist on every system, or 0.
pub(crate) fn option(name: &str) -> i32 {
    names::option(name).unwrap_or(0)
}

const fn id(idtype: libc::idtype_t, id: i64) -> Select {
    #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
    Select::Id { idtype: idtype as i64, id }
}

impl RequestExt for Request {
    fn has(&self, bits: i32) -> bool {
        self.options & bits != 0
    }

    fn without(&self, bits: i32) -> Request {
        Request { options: self.options & !bits, ..*self }
    }

    fn with(&self, bits: i32) -> Request {
        Request { options: self.options | bits, ..*self }
    }

    fn selecting(&self, select: Select) -> Request {
        Request { select, ..*self }
    }

    fn uses_idtype(&self) -> bool {
        matches!(self.call, Call::Waitid | Call::Wait6)
    }

    fn is_any(&self) -> bool {
        match self.select {
            _ if matches!(self.call, Call::Wait | Call::Wait3) => true,
            Select::Pid(pid) => pid == -1,
            Select::Id { idtype, .. } => idtype == i64::from(libc::P_ALL),
        }
    }

    fn with_any(&self) -> Request {
        self.selecting(if self.uses_idtype() { id(libc::P_ALL, 0) } else { Select::Pid(-1) })
    }

    fn pid(&self) -> Option<i64> {
        match self.select {
            _ if self.is_any() => None,
            Select::Pid(pid) if pid > 0 => Some(pid.into()),
            Select::Id { idtype, id } if idtype == i64::from(libc::P_PID) => Some(id),
            _ => None,
        }
    }

    fn with_pid(&self, pid: i64) -> Request {
        // `wait` and `wait3` take no pid.
        let call = match self.call {
            Call::Wait => Call::Waitpid,
            Call::Wait3 => Call::Wait4,
            other => other,
        };
        let select = if self.uses_idtype() { id(libc::P_PID, pid) } else { Select::Pid(pid as i32) };
        Request { call, select, ..*self }
    }

    fn group(&self) -> Option<i64> {
        match self.select {
            _ if self.is_any() => None,
            Select::Pid(0) => Some(0),
            // INT_MIN does not denote a group.
            Select::Pid(pid) if pid < -1 && pid != i32::MIN => Some(-i64::from(pid)),
            Select::Id { idtype, id } if idtype == i64::from(libc::P_PGID) => Some(id),
            _ => None,
        }
    }

    fn with_group(&self, group: i64) -> Request {
        self.selecting(if self.uses_idtype() { id(libc::P_PGID, group) } else { Select::Pid(-group as i32) })
    }

    fn idtype_and_id(&self) -> (i64, i64) {
        match (self.select, self.pid(), self.group()) {
            (Select::Id { idtype, id }, ..) => (idtype, id),
            (_, Some(pid), _) => (libc::P_PID.into(), pid),
            (_, _, Some(group)) => (libc::P_PGID.into(), group),
            _ => (libc::P_ALL.into(), 0),
        }
    }
}

/// What a call reported, and how to change it.
pub(crate) trait ObservationExt {
    /// The reported child.
    fn child(&self) -> Option<i64>;
    /// Whether the call returned 0 without reporting a child.
    fn is_nothing(&self) -> bool;
    fn errno(&self) -> Option<i32>;
    fn edit_status(&mut self, change: impl FnOnce(&mut i32));
    fn edit_info(&mut self, change: impl FnOnce(&mut Info));
    fn edit_usage(&mut self, change: impl FnOnce(&mut Usage));
    /// The status word, or the equivalent of the siginfo.
    fn word(&self) -> Option<i32>;
    /// Changes status word and siginfo to this status.
    fn set_word(&mut self, word: i32);
    /// Whether the child terminated.
    fn is_termination(&self) -> bool {
        self.word().is_some_and(is_termination)
    }
    /// Whether the child stopped.
    fn is_stop(&self) -> bool {
        self.word().is_some_and(|w| libc::WIFSTOPPED(w) && !libc::WIFCONTINUED(w))
    }
    /// Whether the child continued.
    fn is_continue(&self) -> bool {
        self.word().is_some_and(|w| libc::WIFCONTINUED(w))
    }
}

/// Whether a status word reports a termination.
pub(crate) fn is_termination(word: i32) -> bool {
    libc::WIFEXITED(word) || libc::WIFSIGNALED(word)
}

/// The status word of a death by this signal.
pub(crate) const fn killed(signal: i32) -> i32 {
    WaitStatus::signaled(Signal::from_number(signal)).as_raw()
}

/// The status word of an exit.
pub(crate) const fn exited(code: i32) -> i32 {
    WaitStatus::exited(code).as_raw()
}

/// The status word of a stop.
pub(crate) const fn stopped(signal: i32) -> i32 {
    WaitStatus::stopped(Signal::from_number(signal)).as_raw()
}

/// The status word of a continue.
pub(crate) const CONTINUED: i32 = WaitStatus::continued().as_raw();

impl ObservationExt for Observation {
    fn child(&self) -> Option<i64> {
        match (self.ret, self.info) {
            (Ok(pid), _) if pid > 0 => Some(pid),
            (Ok(_), Memory::Wrote(info)) => info.pid.filter(|pid| *pid > 0),
            _ => None,
        }
    }

    fn is_nothing(&self) -> bool {
        matches!(self.ret, Ok(0)) && self.child().is_none()
    }

    fn errno(&self) -> Option<i32> {
        self.ret.err()
    }

    fn edit_status(&mut self, change: impl FnOnce(&mut i32)) {
        if let (Some(_), Memory::Wrote(word)) = (self.child(), &mut self.status) {
            change(word);
        }
    }

    fn edit_info(&mut self, change: impl FnOnce(&mut Info)) {
        if let (Some(_), Memory::Wrote(info)) = (self.child(), &mut self.info) {
            change(info);
        }
    }

    fn edit_usage(&mut self, change: impl FnOnce(&mut Usage)) {
        if let (Some(_), Memory::Wrote(usage)) = (self.child(), &mut self.rusage) {
            change(usage);
        }
    }

    fn word(&self) -> Option<i32> {
        self.child()?;
        if let Some(word) = self.status.wrote() {
            return Some(word);
        }
        let info = self.info.wrote()?;
        let number = info.status? as i32;
        Some(match i32::try_from(info.code?).ok()? {
            libc::CLD_EXITED => exited(number),
            libc::CLD_KILLED => killed(number),
            libc::CLD_DUMPED => killed(number) | 0x80,
            libc::CLD_CONTINUED => CONTINUED,
            _ => stopped(number),
        })
    }

    fn set_word(&mut self, word: i32) {
        self.edit_status(|status| *status = word);
        self.edit_info(|info| {
            let (code, status) = match word {
                w if libc::WIFCONTINUED(w) => (libc::CLD_CONTINUED, libc::SIGCONT),
                w if libc::WIFEXITED(w) => (libc::CLD_EXITED, libc::WEXITSTATUS(w)),
                w if libc::WIFSTOPPED(w) => (libc::CLD_STOPPED, libc::WSTOPSIG(w)),
                w if libc::WCOREDUMP(w) => (libc::CLD_DUMPED, libc::WTERMSIG(w)),
                w => (libc::CLD_KILLED, libc::WTERMSIG(w)),
            };
            info.code = Some(code.into());
            info.status = Some(status.into());
        });
    }
}
