//! What calls of other systems do otherwise than those of Linux.

use std::sync::atomic::{AtomicUsize, Ordering};
use waitspec::subject::{Memory, NotOffered, Observation, Pointer, Usage};
use waitspec::subject::{Subject, libc::Libc};
use waitspec::sys::call::abi::{Call, Info, Request, Select};

/// A continue is reported if it occurred before the call; it does not wake a sleeping one.
pub fn continue_does_not_wake(request: &Request) -> Result<Observation, NotOffered> {
    if request.options & (libc::WNOHANG | libc::WCONTINUED) != libc::WCONTINUED {
        return Libc.call(request);
    }
    let now = Libc.call(&Request { options: request.options | libc::WNOHANG, ..*request })?;
    let found = match now.info {
        Memory::Wrote(info) => info.pid != Some(0),
        _ => now.ret != Ok(0),
    };
    if found {
        return Ok(now);
    }
    let exited = if request.call == Call::Waitid { libc::WEXITED } else { 0 };
    Libc.call(&Request { options: request.options & !libc::WCONTINUED | exited, ..*request })
}

/// The second stop by `SIGTTOU` is not reported, and the call keeps sleeping.
pub fn second_stop_unseen(request: &Request) -> Result<Observation, NotOffered> {
    let seen = Libc.call(request)?;
    let stopped = seen.status.wrote() == Some(libc::SIGTTOU << 8 | 0x7f);
    if stopped && REPORTS.fetch_add(1, Ordering::SeqCst) == 1 {
        return Libc.call(&Request { options: 0, ..*request });
    }
    Ok(seen)
}

/// `wait6`, which Linux lacks: a peek for the siginfo, then `wait4` for the rest. The siginfo that comes with a return value of 0 is
/// that of a live child, or zeroed.
pub fn wait6(request: &Request, of_live_child: bool) -> Result<Observation, NotOffered> {
    let peek = Request {
        call: Call::Waitid,
        options: request.options | libc::WNOWAIT,
        rusage: Pointer::Null,
        info: Pointer::Buffer,
        ..*request
    };
    let seen = wait6_after(request, Libc.call(&peek)?, of_live_child)?;
    // A null pointer hides the siginfo, and nothing else.
    let hidden = request.info == Pointer::Null;
    Ok(if hidden { Observation { info: Memory::NoBuffer, ..seen } } else { seen })
}

fn wait6_after(
    request: &Request,
    mut peeked: Observation,
    of_live_child: bool,
) -> Result<Observation, NotOffered> {
    let Memory::Wrote(info) = &mut peeked.info else { return Ok(peeked) };
    let pid = info.pid.filter(|pid| *pid != 0).and_then(|pid| i32::try_from(pid).ok());
    let Some(pid) = pid else {
        if of_live_child {
            (info.signo, info.code) = (Some(libc::SIGCHLD.into()), Some(libc::CLD_EXITED.into()));
            info.pid = Some(std::process::id().into());
        }
        return Ok(peeked);
    };
    if request.options & libc::WNOWAIT != 0 {
        let status = match request.status {
            Pointer::Buffer => Memory::Wrote(word_of(info)),
            _ => Memory::NoBuffer,
        };
        return Ok(Observation { ret: Ok(pid.into()), status, ..peeked });
    }
    let select = Select::Pid(pid);
    let options = libc::WNOHANG | request.options & (libc::WUNTRACED | libc::WCONTINUED);
    let reaped = Libc.call(&Request { call: Call::Wait4, select, options, ..*request })?;
    Ok(Observation { info: peeked.info, ..reaped })
}

/// The status word for what a siginfo says.
fn word_of(info: &Info) -> i32 {
    let number = |field: Option<i64>| field.and_then(|field| i32::try_from(field).ok()).unwrap_or_default();
    let status = number(info.status);
    match number(info.code) {
        libc::CLD_EXITED => (status & 0xff) << 8,
        libc::CLD_DUMPED => status | 0x80,
        libc::CLD_STOPPED | libc::CLD_TRAPPED => status << 8 | 0x7f,
        libc::CLD_CONTINUED => 0xffff,
        _ => status,
    }
}

/// The child's usage as reported by `wait4`, which includes that of its children, which is reported again separately.
pub fn usage_with_that_of_children(request: &Request) -> Result<Observation, NotOffered> {
    let seen = wait6(request, false)?;
    Ok(Observation { children: seen.rusage, ..seen })
}

/// The usage of the children is lost.
pub fn usage_without_children(request: &Request) -> Result<Observation, NotOffered> {
    let seen = wait6(request, false)?;
    let nothing = Memory::Wrote(Usage { utime_us: Some(0), ..Usage::default() });
    Ok(Observation { children: nothing, ..seen })
}

/// How many calls of this agent have reported a child; each agent is a process of its own.
pub static REPORTS: AtomicUsize = AtomicUsize::new(0);
