//! This crate's own wrappers: they are judged, too.

use super::api::{Decoded, Subject};
use crate::sys::call::abi::{Call, Memory, NotOffered, Observation, Pointer, Request, Return, Select};
use crate::wait::{
    self, ChildInfo, Errno, IdOptions, IdTarget, MaxRssUnit, Pid, Rusage, Target, WaitOptions, WaitStatus,
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
                super::api::buffer(request.status)?;
                Ok(observed(wait::wait().map(Some), |done| Observation::status(done.pid, done.status)))
            }
            Call::Waitpid => {
                super::api::buffer(request.status)?;
                let (target, options) = (target(request)?, options(request)?);
                let outcome = match nohang(request) {
                    true => wait::try_waitpid(target, options),
                    false => wait::waitpid(target, options).map(Some),
                };
                Ok(observed(outcome, |done| Observation::status(done.pid, done.status)))
            }
            Call::Wait3 => {
                two_buffers(request)?;
                let options = options(request)?;
                let outcome = match nohang(request) {
                    true => wait::try_wait3(options),
                    false => wait::wait3(options).map(Some),
                };
                Ok(observed(outcome, with_usage))
            }
            Call::Wait4 => {
                two_buffers(request)?;
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
                Ok(pid_of(wait::try_waitpid(target(request)?, options(request)?), |done| done.pid))
            }
            (Call::Waitpid, false) => {
                Ok(pid_of(wait::waitpid(target(request)?, options(request)?).map(Some), |done| done.pid))
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

    fn decode(&self, status: i32) -> Option<Decoded> {
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

/// The value of a call that reports a pid. The rest of its report counts as used.
fn pid_of<T>(outcome: Result<Option<T>, Errno>, pid: impl FnOnce(&T) -> Pid) -> Return {
    match black_box(outcome) {
        Ok(Some(done)) => Ok(pid(&done).as_raw_pid().into()),
        Ok(None) => Ok(0),
        Err(errno) => Err(errno.raw_os_error()),
    }
}

/// The value of `waitid`, as above.
fn zero<T>(outcome: Result<T, Errno>) -> Return {
    match black_box(outcome) {
        Ok(_) => Ok(0),
        Err(errno) => Err(errno.raw_os_error()),
    }
}

const NO_NAME: NotOffered = NotOffered("the typed API has no name for one of the options");

fn two_buffers(request: &Request) -> Result<(), NotOffered> {
    super::api::buffer(request.status)?;
    super::api::buffer(request.rusage)
}

/// Whether the form of the call that does not block is meant.
fn nohang(request: &Request) -> bool {
    request.options & libc::WNOHANG != 0
}

fn options(request: &Request) -> Result<WaitOptions, NotOffered> {
    WaitOptions::from_bits(request.options & !libc::WNOHANG).ok_or(NO_NAME)
}

fn id_options(request: &Request) -> Result<IdOptions, NotOffered> {
    IdOptions::from_bits(request.options & !libc::WNOHANG).ok_or(NO_NAME)
}

fn target(request: &Request) -> Result<Target, NotOffered> {
    match request.select {
        Select::Pid(pid) => {
            Target::from_raw(pid).ok_or(NotOffered("the typed API takes a group by its number"))
        }
        Select::Id { .. } => Err(NotOffered("the call takes a pid, not an idtype and an id")),
    }
}

fn id_target(request: &Request) -> Result<IdTarget<'_>, NotOffered> {
    let Select::Id { idtype, id } = request.select else {
        return Err(NotOffered("the call takes an idtype and an id, not a pid"));
    };
    let untyped = NotOffered("the typed API takes positive pids and groups only");
    if idtype == i64::from(libc::P_ALL) {
        return Ok(Target::Any.into());
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
        Ok(pid.map_or(Target::OwnGroup, Target::Group).into())
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

fn with_usage(done: wait::WaitedUsage) -> Observation {
    Observation { rusage: usage(&done.rusage), ..Observation::status(done.pid, done.status) }
}

fn usage(rusage: &Rusage) -> Memory<crate::sys::call::abi::Usage> {
    Memory::Wrote(rusage.to_usage(MaxRssUnit::host()))
}

fn waitid(request: &Request) -> Result<Observation, NotOffered> {
    super::api::buffer(request.info)?;
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

/// `None` is how the API reports an `si_pid` of 0.
fn shown(info: Option<ChildInfo>) -> Observation {
    match info {
        Some(info) => Observation::info(info.pid, Some(info.uid), info.event),
        None => Observation::no_info(),
    }
}

#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
fn wait6(request: &Request) -> Result<Observation, NotOffered> {
    two_buffers(request)?;
    super::api::buffer(request.info)?;
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
