//! This crate's own wrappers, which are judged too.

use super::api::{Decoded, Subject};
use crate::sys::call::abi::{Call, Memory, NotOffered, Observation, Pointer, Request, Return};
use crate::wait::{
    self, ChildInfo, Errno, Event, IdOptions, IdTarget, MaxRssUnit, Pid, Rusage, WaitOptions, WaitStatus,
    WaitTarget,
};
use std::hint::black_box;
use std::time::Duration;

/// [`crate::wait`]; what its types cannot express is not offered.
#[derive(Copy, Clone, Debug, Default)]
pub struct Waitspec;

impl Subject for Waitspec {
    fn name(&self) -> String {
        "waitspec".to_owned()
    }

    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    fn calls(&self) -> Vec<Call> {
        crate::sys::call::observe::Entry::Libc.calls()
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        match request.call {
            Call::Wait => {
                request.buffers_only()?;
                Ok(observed(wait::wait().map(Some), |(pid, status)| Observation::status(pid, status)))
            }
            Call::Waitpid => {
                request.buffers_only()?;
                let (target, options) = (target(request)?, options(request)?);
                let outcome = match nohang(request) {
                    true => wait::try_waitpid(target, options),
                    false => wait::waitpid(target, options).map(Some),
                };
                Ok(observed(outcome, |(pid, status)| Observation::status(pid, status)))
            }
            Call::Wait3 => {
                request.buffers_only()?;
                let options = options(request)?;
                let outcome = match nohang(request) {
                    true => wait::try_wait3(options),
                    false => wait::wait3(options).map(Some),
                };
                Ok(observed(outcome, with_usage))
            }
            Call::Wait4 => {
                request.buffers_only()?;
                let (target, options) = (target(request)?, options(request)?);
                let outcome = match nohang(request) {
                    true => wait::try_wait4(target, options),
                    false => wait::wait4(target, options).map(Some),
                };
                Ok(observed(outcome, with_usage))
            }
            #[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
            Call::Wait6 => wait6(request),
            Call::Waitid => waitid(request),
            #[allow(unreachable_patterns, reason = "the calls differ between systems")]
            _ => Err(NotOffered("this system has no such call")),
        }
    }

    fn call_unobserved(&self, request: &Request) -> Result<Return, NotOffered> {
        match (request.call, nohang(request)) {
            (Call::Wait4, true) => {
                Ok(pid_of(wait::try_wait4(target(request)?, options(request)?), |done| done.pid))
            }
            (Call::Wait4, false) => {
                Ok(pid_of(wait::wait4(target(request)?, options(request)?).map(Some), |done| done.pid))
            }
            (Call::Waitpid, true) => {
                Ok(pid_of(wait::try_waitpid(target(request)?, options(request)?), |done| done.0))
            }
            (Call::Waitpid, false) => {
                Ok(pid_of(wait::waitpid(target(request)?, options(request)?).map(Some), |done| done.0))
            }
            (Call::Waitid, true) => Ok(zero(wait::try_waitid(id_target(request)?, id_options(request)?))),
            (Call::Waitid, false) => Ok(zero(wait::waitid(id_target(request)?, id_options(request)?))),
            _ => self.call(request).map(|seen| seen.ret),
        }
    }

    fn wait_bounded(&self, pid: i32, time: Duration) -> Option<Return> {
        let pid = Pid::from_raw(pid)?;
        Some(pid_of(wait::wait4_timeout(pid, WaitOptions::NONE, time), |done| done.pid))
    }

    fn decode(&self, status: i32) -> Option<Event> {
        Some(WaitStatus::from_raw(status).event())
    }

    /// Its predicates one by one, and its exit code.
    fn macros(&self, status: i32) -> Option<Decoded> {
        let status = WaitStatus::from_raw(status);
        Some(Decoded {
            exited: status.is_exited(),
            signaled: status.is_signaled(),
            stopped: status.is_stopped(),
            continued: Some(status.is_continued()),
            exit_status: status.exit_status(),
            term_signal: status.term_signal().map(|signal| signal.number()),
            stop_signal: status.stop_signal().map(|signal| signal.number()),
            core: status.is_signaled().then(|| status.core_dumped()),
            exit_code: status.to_exit_code(),
        })
    }
}

/// The value of a call that reports a pid. The rest of its report counts as used, so that it is not optimized away.
fn pid_of<T>(outcome: Result<Option<T>, Errno>, pid: impl FnOnce(&T) -> Pid) -> Return {
    match black_box(outcome) {
        Ok(Some(done)) => Ok(pid(&done).as_raw_pid().into()),
        Ok(None) => Ok(0),
        Err(errno) => Err(errno.raw_os_error()),
    }
}

/// The same for `waitid`, whose value is 0.
fn zero<T>(outcome: Result<T, Errno>) -> Return {
    match black_box(outcome) {
        Ok(_) => Ok(0),
        Err(errno) => Err(errno.raw_os_error()),
    }
}

const NO_NAME: NotOffered = NotOffered("the typed API has no name for one of the options");

/// Whether the request is for the nonblocking form of the call.
fn nohang(request: &Request) -> bool {
    request.options & libc::WNOHANG != 0
}

fn options(request: &Request) -> Result<WaitOptions, NotOffered> {
    WaitOptions::from_bits(request.options & !libc::WNOHANG).ok_or(NO_NAME)
}

fn id_options(request: &Request) -> Result<IdOptions, NotOffered> {
    IdOptions::from_bits(request.options & !libc::WNOHANG).ok_or(NO_NAME)
}

fn target(request: &Request) -> Result<WaitTarget, NotOffered> {
    WaitTarget::from_raw(request.raw_pid()?).ok_or(NotOffered("the typed API takes a group by its number"))
}

fn id_target(request: &Request) -> Result<IdTarget<'_>, NotOffered> {
    let (idtype, id) = request.raw_id()?;
    let untyped = NotOffered("the typed API takes positive pids and groups only");
    if idtype == i64::from(libc::P_ALL) {
        return Ok(WaitTarget::Any.into());
    }
    let id = i32::try_from(id).map_err(|_| untyped)?;
    #[cfg(target_os = "linux")]
    if idtype == i64::from(libc::P_PIDFD) {
        return crate::sys::call::raw::lend(id).map(IdTarget::PidFd);
    }
    if id < 0 {
        return Err(untyped);
    }
    let pid = wait::Pid::from_raw(id);
    if idtype == i64::from(libc::P_PID) {
        pid.map(IdTarget::from).ok_or(untyped)
    } else if idtype == i64::from(libc::P_PGID) {
        Ok(pid.map_or(WaitTarget::OwnGroup, WaitTarget::Group).into())
    } else {
        Err(NotOffered("the typed API has no name for the idtype"))
    }
}

fn observed<T>(outcome: Result<Option<T>, Errno>, show: impl FnOnce(T) -> Observation) -> Observation {
    match outcome {
        Ok(Some(done)) => show(done),
        Ok(None) => Observation::nothing(),
        Err(errno) => Observation::error(errno.raw_os_error()),
    }
}

fn with_usage(done: wait::Waited) -> Observation {
    Observation { rusage: usage(&done.rusage), ..Observation::status(done.pid, done.status) }
}

fn usage(rusage: &Rusage) -> Memory<crate::sys::call::abi::Usage> {
    Memory::Wrote(rusage.to_usage(MaxRssUnit::host()))
}

fn waitid(request: &Request) -> Result<Observation, NotOffered> {
    request.buffers_only()?;
    let (target, options) = (id_target(request)?, id_options(request)?);
    match request.rusage {
        Pointer::Null => {
            let outcome = match nohang(request) {
                true => wait::try_waitid(target, options),
                false => wait::waitid(target, options).map(Some),
            };
            Ok(observed(outcome.map(Some), shown))
        }
        #[cfg(target_os = "linux")]
        Pointer::Buffer => {
            let outcome = match nohang(request) {
                true => wait::try_waitid_usage(target, options),
                false => wait::waitid_usage(target, options).map(Some),
            };
            Ok(observed(outcome.map(Some), |done| Observation {
                rusage: done.map_or(Memory::NotObserved, |(_, rusage)| usage(&rusage)),
                ..shown(done.map(|(info, _)| info))
            }))
        }
        _ => Err(NotOffered("waitid has no such usage argument here")),
    }
}

/// The API returns `None` for an `si_pid` of 0.
fn shown(info: Option<ChildInfo>) -> Observation {
    match info {
        Some(info) => Observation::info(Some(info.pid), Some(info.uid), info.event),
        None => Observation::no_info(),
    }
}

#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
fn wait6(request: &Request) -> Result<Observation, NotOffered> {
    request.buffers_only()?;
    let target = match id_target(request)? {
        IdTarget::Child(target) => target,
        IdTarget::Never(never, _) => match never {},
    };
    let options = id_options(request)?;
    let outcome = match nohang(request) {
        true => wait::try_wait6(target, options),
        false => wait::wait6(target, options).map(Some),
    };
    Ok(observed(outcome, |done| Observation {
        rusage: usage(&done.own),
        children: usage(&done.children),
        info: shown(done.info).info,
        ..Observation::status(done.pid, done.status)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::Signal;

    #[test]
    fn an_event_stands_for_the_predicates_of_its_word() {
        let killed = WaitStatus::signaled(Signal::KILL);
        let dumped = WaitStatus::from_raw(killed.as_raw() | 0x80);
        let stopped = WaitStatus::stopped(Signal::STOP);
        for status in [WaitStatus::exited(7), killed, dumped, stopped, WaitStatus::continued()] {
            let predicates = Waitspec.macros(status.as_raw()).expect("it decodes words");
            let expected = Decoded { exit_code: None, ..predicates };
            assert_eq!(Waitspec.decode(status.as_raw()).map(Decoded::from), Some(expected), "{status}");
        }
    }
}
