//! The `rustix` crate's wait functions.

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus, wait, waitpgid, waitpid};

use super::api::Subject;
use crate::sys::call::abi::{Call, Memory, NotOffered, Observation, Request};

/// `rustix::process::{wait, waitpid, waitpgid, waitid}`; what they cannot express is not offered.
///
/// On Linux these are direct system calls; elsewhere they call the C library. The crate lacks `waitid` on OpenBSD.
#[derive(Copy, Clone, Debug, Default)]
pub struct Rustix;

impl Subject for Rustix {
    fn name(&self) -> String {
        "rustix".to_owned()
    }

    /// The release line this crate is built against; rustix does not expose its version.
    fn version(&self) -> String {
        "1.1".to_owned()
    }

    fn issues(&self) -> String {
        "https://github.com/bytecodealliance/rustix/issues".to_owned()
    }

    fn calls(&self) -> Vec<Call> {
        let mut calls = vec![Call::Wait, Call::Waitpid];
        if cfg!(not(target_os = "openbsd")) {
            calls.push(Call::Waitid);
        }
        calls
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        match request.call {
            Call::Wait => request.buffers_only().map(|()| observed(wait(WaitOptions::empty()))),
            Call::Waitpid => by_pid(request),
            #[cfg(not(target_os = "openbsd"))]
            Call::Waitid => by_id::call(request),
            _ => Err(NotOffered("rustix has no such function")),
        }
    }
}

fn by_pid(request: &Request) -> Result<Observation, NotOffered> {
    request.buffers_only()?;
    let known = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
    let options = WaitOptions::from_bits_retain(request.options.cast_unsigned());
    if !known.contains(options) {
        return Err(NotOffered("rustix has no name for one of the options"));
    }
    Ok(observed(match request.raw_pid()? {
        -1 => wait(options),
        0 => waitpid(None, options),
        i32::MIN => return Err(NotOffered("rustix takes a group by its positive number")),
        pid if pid < 0 => waitpgid(positive(-pid)?, options),
        pid => waitpid(Some(positive(pid)?), options),
    }))
}

fn positive(pid: i32) -> Result<Pid, NotOffered> {
    if pid <= 0 {
        return Err(NotOffered("rustix takes positive pids only"));
    }
    Pid::from_raw(pid).ok_or(NotOffered("rustix takes positive pids only"))
}

fn observed(outcome: Result<Option<(Pid, WaitStatus)>, Errno>) -> Observation {
    match outcome {
        Ok(Some((pid, status))) => Observation {
            status: Memory::Wrote(status.as_raw()),
            ..Observation::returned(Ok(pid.as_raw_nonzero().get().into()))
        },
        Ok(None) => Observation::returned(Ok(0)),
        Err(errno) => Observation::error(errno.raw_os_error()),
    }
}

#[cfg(not(target_os = "openbsd"))]
mod by_id {
    use rustix::process::{WaitId, WaitIdOptions, WaitIdStatus, waitid};

    use super::{Memory, NotOffered, Observation, Request, positive};
    use crate::sys::call::abi::{Info, Pointer};

    pub(super) fn call(request: &Request) -> Result<Observation, NotOffered> {
        request.buffers_only()?;
        if request.rusage != Pointer::Null {
            return Err(NotOffered("rustix's waitid has no resource usage"));
        }
        let known = WaitIdOptions::NOHANG
            | WaitIdOptions::EXITED
            | WaitIdOptions::STOPPED
            | WaitIdOptions::CONTINUED
            | WaitIdOptions::NOWAIT;
        let options = WaitIdOptions::from_bits_retain(request.options.cast_unsigned());
        if !known.contains(options) {
            return Err(NotOffered("rustix has no name for one of the options"));
        }
        Ok(match waitid(target(request)?, options) {
            Ok(Some(status)) => {
                Observation { info: Memory::Wrote(info(&status)), ..Observation::returned(Ok(0)) }
            }
            // This is how rustix reports an `si_signo` of 0.
            Ok(None) => Observation {
                info: Memory::Wrote(Info { signo: Some(0), ..Info::default() }),
                ..Observation::returned(Ok(0))
            },
            Err(errno) => Observation::error(errno.raw_os_error()),
        })
    }

    fn target(request: &Request) -> Result<WaitId<'_>, NotOffered> {
        let (idtype, id) = request.raw_id()?;
        let id = i32::try_from(id).map_err(|_| NotOffered("rustix takes positive pids only"))?;
        match idtype {
            all if all == i64::from(libc::P_ALL) => Ok(WaitId::All),
            pid if pid == i64::from(libc::P_PID) => positive(id).map(WaitId::Pid),
            group if group == i64::from(libc::P_PGID) && id == 0 => Ok(WaitId::Pgid(None)),
            group if group == i64::from(libc::P_PGID) => positive(id).map(|id| WaitId::Pgid(Some(id))),
            #[cfg(target_os = "linux")]
            pidfd if pidfd == i64::from(libc::P_PIDFD) => Ok(WaitId::PidFd(crate::sys::call::raw::lend(id)?)),
            _ => Err(NotOffered("rustix has no name for the idtype")),
        }
    }

    fn info(status: &WaitIdStatus) -> Info {
        #[cfg(not(target_os = "netbsd"))]
        let number = status
            .exit_status()
            .or_else(|| status.terminating_signal())
            .or_else(|| status.stopping_signal())
            .or_else(|| status.trapping_signal());
        // The crate has no accessors on these systems.
        #[cfg(target_os = "netbsd")]
        let number: Option<i32> = None;
        Info {
            signo: Some(status.raw_signo().into()),
            code: Some(status.raw_code().into()),
            status: number.map(i64::from),
            pid: None,
            uid: None,
            errno: Some(status.raw_errno().into()),
            other_bytes: None,
        }
    }
}
