//! Calls that are not made right away: after a gate has opened, or where they can be cancelled.

use super::{Agent, Refusal};
use crate::protocol::Line;
use crate::protocol::wait::error_line;
use crate::sys::call::abi::Request as Host;
use crate::sys::process::cancel::{self, Ended};
use crate::sys::process::{self, Who, gate};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

/// The delay between the gate and the next call, in nanoseconds; negative: no gate.
static GATE: AtomicI64 = AtomicI64::new(-1);
/// Whether the next call can be cancelled.
static CANCELLABLE: AtomicBool = AtomicBool::new(false);
/// Whether the last call that went through the gate slept.
static SLEPT: AtomicBool = AtomicBool::new(false);

/// The next call opens the gate and begins `ns` nanoseconds later.
pub(super) fn through_gate(ns: u64) {
    GATE.store(i64::try_from(ns).unwrap_or(i64::MAX), Ordering::SeqCst);
}

/// Whether the last call through the gate slept.
pub(super) fn slept() -> bool {
    SLEPT.load(Ordering::SeqCst)
}

/// Makes the next call where it can be cancelled.
pub(super) fn cancellable(agent: &Agent) -> Result<(), Refusal> {
    let name = agent.subject.name();
    if name != "libc" && !name.starts_with("mutant:") {
        return Err(Refusal::unsupported("only the C library's own calls are cancellation points"));
    }
    CANCELLABLE.store(true, Ordering::SeqCst);
    Ok(())
}

/// Makes a call, through the gate if that was requested.
pub(super) fn after_gate<T>(call: impl FnOnce() -> T) -> Result<T, Refusal> {
    let ns = GATE.swap(-1, Ordering::SeqCst);
    let Ok(ns) = u64::try_from(ns) else { return Ok(call()) };
    let switches = || process::usage(Who::Thread).nvcsw;
    let before = switches();
    gate::open(Duration::from_nanos(ns))?;
    let called = call();
    SLEPT.store(switches() != before, Ordering::SeqCst);
    Ok(called)
}

/// Makes a call where it can be cancelled, if that was requested; returns its reply.
pub(super) fn where_cancelled(agent: &Agent, id: u64, request: &Host) -> Option<Result<Line, Refusal>> {
    if !CANCELLABLE.swap(false, Ordering::SeqCst) {
        return None;
    }
    let entering = |tid| agent.write(&Line::new("entering").with("id", id).with("tid", tid));
    Some(match cancel::call(request, entering) {
        Ok(Ended::Cancelled) => Ok(error_line(id, libc::ECANCELED)),
        Ok(Ended::Returned(Ok(ret))) => Ok(Line::new("ok").with("id", id).with("ret", ret)),
        Ok(Ended::Returned(Err(errno))) => Ok(error_line(id, errno.raw_os_error())),
        Err(errno) => Err(errno.into()),
    })
}
