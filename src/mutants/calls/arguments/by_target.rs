//! Faults that affect only waits by group, pid or pidfd, and not waits for any child.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, is_termination, option};
use crate::mutants::calls::inner::{CallResult, Inner, block_forever, finds_nothing, no_usage};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::mutant::{Mutant, blind};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Request;
use libc::{EAGAIN, WCONTINUED, WEXITED, WNOWAIT, WSTOPPED};

const EVENTS: i32 = WSTOPPED | WCONTINUED;

/// Whether the call is going to sleep.
pub(crate) fn sleeps(w: &Inner, r: &Request) -> bool {
    r.blocks() && w.has_children() && w.peek(r).is_none()
}

/// Whether the descriptor passed to the call is nonblocking.
#[cfg(target_os = "linux")]
fn is_nonblocking(r: &Request) -> bool {
    use crate::sys::call::{abi::Select, raw::lend};
    let Select::Id { id, .. } = r.select else { return false };
    let fd = i32::try_from(id).ok().and_then(|fd| lend(fd).ok());
    let flags = fd.and_then(|fd| rustix::fs::fcntl_getfl(fd).ok());
    flags.is_some_and(|flags| flags.contains(rustix::fs::OFlags::NONBLOCK))
}

/// Other systems have no pidfds.
#[cfg(not(target_os = "linux"))]
fn is_nonblocking(_: &Request) -> bool {
    false
}

/// Drops reports of stops and continues, as far as the call allows it.
pub(crate) fn exits_only(w: &Inner, r: &Request, such: bool) -> CallResult {
    if !such || r.options & EVENTS == 0 {
        return w.real(r);
    }
    if r.uses_idtype() && !r.has(WEXITED) {
        return finds_nothing(r);
    }
    w.real(&r.without(EVENTS))
}

/// Reports no usage.
pub(crate) fn without_usage(w: &Inner, r: &Request, such: bool) -> CallResult {
    w.map(r, |seen| {
        if such {
            seen.edit_usage(|usage| *usage = no_usage());
        }
    })
}

/// Sleeps until a signal arrives, rather than until a child changes state, if the call would sleep.
pub(crate) fn unwoken(w: &Inner, r: &Request, such: bool) -> CallResult {
    if such && sleeps(w, r) { block_forever() } else { w.real(r) }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "group-only-exits",
        "stops and continues are not reported to waits for a group",
        &posix::WAITPID_NAMED_GROUP,
    )
    .call(|w, r| exits_only(w, r, r.group().is_some())),
    blind("group-peek-reaps", "WNOWAIT reaps with P_PGID", &posix::WAITID_P_PGID)
        .call(|w, r| if r.group().is_some() { w.real(&r.without(WNOWAIT)) } else { w.real(r) }),
    blind("pidfd-peek-consumes-stop", "WNOWAIT consumes a stop with P_PIDFD", &linux::PIDFD_NOWAIT).call(
        |w, r| {
            let stop = by_pidfd(r) && w.peek(r).is_some_and(|(_, word)| !is_termination(word));
            if stop { w.real(&r.without(WNOWAIT)) } else { w.real(r) }
        },
    ),
    blind("by-pid-no-usage", "the rusage of a child selected by its pid is zero", &linux::RUSAGE_LOWER_BOUND)
        .call(|w, r| without_usage(w, r, r.pid().is_some())),
    blind(
        "group-no-usage",
        "the rusage of a child selected by its group is zero",
        &linux::RUSAGE_LOWER_BOUND,
    )
    .call(|w, r| without_usage(w, r, r.group().is_some())),
    blind("pidfd-no-usage", "the rusage of a child selected by a pidfd is zero", &linux::RUSAGE_LOWER_BOUND)
        .raw()
        .call(|w, r| without_usage(w, r, by_pidfd(r))),
    blind(
        "stop-wakes-no-group-waiter",
        "a stop does not wake a wait for a process group",
        &posix::WAITPID_NAMED_GROUP,
    )
    .call(|w, r| unwoken(w, r, r.group().is_some() && r.has(WSTOPPED))),
    blind(
        "stop-wakes-no-pidfd-waiter",
        "a stop does not wake a wait on a pidfd",
        &linux::PIDFD_WAIT_STOP_CONTINUE,
    )
    .call(|w, r| unwoken(w, r, by_pidfd(r) && !is_nonblocking(r) && r.options & EVENTS != 0)),
    blind(
        "wclone-any-only",
        "a wait by pid with __WCLONE reports a forked child",
        &linux::CLONE_WCLONE_SKIPS_FORKED,
    )
    .call(|w, r| {
        let wclone = option("__WCLONE");
        if r.pid().is_some() && r.has(wclone) {
            w.real(&r.without(wclone).with(option("__WALL")))
        } else {
            w.real(r)
        }
    }),
    blind(
        "by-pid-finds-clone-children",
        "a wait by pid finds a child without an exit signal, even without __WALL",
        &linux::CLONE_NO_EXIT_SIGNAL_SKIPPED,
    )
    .call(|w, r| {
        if r.pid().is_some() && !r.has(option("__WCLONE")) {
            w.real(&r.with(option("__WALL")))
        } else {
            w.real(r)
        }
    }),
    blind(
        "pidfd-nonblock-exits-only",
        "a wait for a stop on a nonblocking pidfd blocks",
        &linux::PIDFD_NONBLOCK_EAGAIN,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if by_pidfd(r) && !r.has(WEXITED) && seen.errno() == Some(EAGAIN) {
            block_forever()
        } else {
            Ok(seen)
        }
    }),
];
