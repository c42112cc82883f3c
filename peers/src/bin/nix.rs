//! An agent for `nix::sys::wait::{wait, waitpid}`: a subject whose typed answers are put back into the status word.

use nix::sys::wait::{WaitPidFlag, WaitStatus, wait, waitpid};
use nix::unistd::Pid;
use waitspec::subject::{Call, NotOffered, Observation, Request, Subject};
use waitspec::wait;

struct Nix;

impl Subject for Nix {
    fn name(&self) -> String {
        "nix".to_owned()
    }

    /// The crate does not tell its version: Cargo.toml pins it.
    fn version(&self) -> String {
        "0.31.3".to_owned()
    }

    fn issues(&self) -> String {
        "https://github.com/nix-rust/nix/issues".to_owned()
    }

    fn calls(&self) -> Vec<Call> {
        vec![Call::Wait, Call::Waitpid]
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        request.buffers_only()?;
        match request.call {
            Call::Wait => observed(wait()),
            Call::Waitpid => {
                let flags =
                    WaitPidFlag::from_bits(request.options).ok_or(NotOffered("nix has no such flag"))?;
                observed(waitpid(Pid::from_raw(request.raw_pid()?), Some(flags)))
            }
            _ => Err(NotOffered("nix has no such function")),
        }
    }
}

/// The word from which nix has made its answer.
fn observed(outcome: nix::Result<WaitStatus>) -> Result<Observation, NotOffered> {
    let (pid, word) = match outcome {
        Ok(WaitStatus::Exited(pid, code)) => (pid, code << 8),
        Ok(WaitStatus::Signaled(pid, signal, core)) => (pid, signal as i32 | if core { 0x80 } else { 0 }),
        Ok(WaitStatus::Stopped(pid, signal)) => (pid, (signal as i32) << 8 | 0x7f),
        Ok(WaitStatus::Continued(pid)) => (pid, 0xffff),
        Ok(WaitStatus::StillAlive) => return Ok(Observation::nothing()),
        #[cfg(target_os = "linux")]
        Ok(WaitStatus::PtraceEvent(pid, signal, event)) => (pid, event << 16 | (signal as i32) << 8 | 0x7f),
        #[cfg(target_os = "linux")]
        Ok(WaitStatus::PtraceSyscall(pid)) => (pid, (libc::SIGTRAP | 0x80) << 8 | 0x7f),
        Err(errno) => return Ok(Observation::error(errno as i32)),
    };
    let pid = wait::Pid::from_raw(pid.as_raw()).ok_or(NotOffered("nix reports no child"))?;
    Ok(Observation::status(pid, wait::WaitStatus::from_raw(word)))
}

fn main() {
    waitspec_peers::serve(Box::new(Nix));
}
