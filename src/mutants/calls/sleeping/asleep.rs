//! Faults while a call sleeps: restarts by group and pidfd, options lost in a restart, SIGCHLD ignored and groups changed in the
//! meantime.

use crate::mutants::calls::arguments::by_target::sleeps;
use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{CallResult, Inner, block_forever, error, take_restart};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::signal_lines::track_ignored;
use crate::mutants::calls::sleeping::waiters::on_another_thread;
use crate::mutants::mutant::{Mutant, blind};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Request;
use crate::sys::process;
use libc::{ECHILD, EINTR, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED, WUNTRACED};
use std::time::Duration;

/// Restarts an interrupted call as this one, or lets it fail (`None`).
fn restart_as(w: &Inner, r: &Request, again: Option<Request>) -> CallResult {
    let mut seen = w.real(r)?;
    while let (Some(EINTR), 1, Some(again)) = (seen.errno(), w.value(), again) {
        seen = w.real(&again)?;
    }
    Ok(seen)
}

/// Keeps sleeping where such a wait would fail because the last child was reaped automatically.
fn sleeps_on(w: &Inner, r: &Request, such: bool) -> CallResult {
    let live = r.blocks() && such && w.has_children();
    let seen = w.real(r)?;
    let hangs = live && w.value() == 1 && seen.errno() == Some(ECHILD);
    if hangs { block_forever() } else { Ok(seen) }
}

/// The children in a group, 0 for the caller's own.
fn members(w: &Inner, group: i64) -> Vec<i64> {
    let group_of = |pid: i64| i32::try_from(pid).ok().and_then(|pid| process::group_of(pid).ok());
    let group = if group == 0 { group_of(0) } else { i32::try_from(group).ok() };
    w.children().into_iter().filter(|pid| group_of(*pid) == group).collect()
}

/// How long a sleeper that looks at what woke it pauses before it looks again.
const AGAIN: Duration = Duration::from_millis(1);

/// Sleeps until an event of these children alone.
fn sleeps_for(w: &Inner, r: &Request, members: &[i64]) -> CallResult {
    let events = WEXITED | (r.options & (WSTOPPED | WCONTINUED)) | WNOWAIT;
    loop {
        match w.waitid(r, events) {
            Some((pid, _)) if members.contains(&pid) => return w.real(r),
            Some(_) => std::thread::sleep(AGAIN),
            None => {
                let now = w.real(&r.with(WNOHANG))?;
                return Ok(if now.is_nothing() { error(r, EINTR) } else { now });
            }
        }
    }
}

/// Sleeps until an event of these children, or of those that match by then.
fn sleeps_for_leavers(w: &Inner, r: &Request, members: &[i64]) -> CallResult {
    loop {
        if let Some(pid) = members.iter().find(|pid| w.peek(&r.with_pid(**pid)).is_some()) {
            return w.real(&r.with_pid(*pid));
        }
        if w.peek(r).is_some() {
            return w.real(r);
        }
        std::thread::sleep(AGAIN);
    }
}

/// A call for a group that sleeps does so like this, for those that are members at its start.
fn with_members(
    w: &Inner,
    r: &Request,
    such: bool,
    sleep: fn(&Inner, &Request, &[i64]) -> CallResult,
) -> CallResult {
    match r.group() {
        Some(group) if such && sleeps(w, r) => sleep(w, r, &members(w, group)),
        _ => w.real(r),
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "group-fixed-at-the-call",
        "a wait that sleeps for a group does not see a child that joins",
        &linux::WAIT_GROUP_AT_EVENT,
    )
    .call(|w, r| with_members(w, r, true, sleeps_for)),
    blind(
        "group-fixed-at-the-call-of-a-thread",
        "the same, on a thread other than the first",
        &linux::WAIT_GROUP_AT_EVENT,
    )
    .call(|w, r| with_members(w, r, on_another_thread(), sleeps_for)),
    blind(
        "own-group-fixed-at-the-call",
        "a wait that sleeps for the caller's own group does not see a child that joins",
        &linux::WAIT_GROUP_AT_EVENT,
    )
    .call(|w, r| with_members(w, r, r.group() == Some(0), sleeps_for)),
    blind(
        "group-leavers-reported",
        "a wait that sleeps for a group reports a child that has left it since",
        &linux::WAIT_GROUP_AT_EVENT,
    )
    .call(|w, r| with_members(w, r, true, sleeps_for_leavers)),
    blind(
        "group-wait-not-restarted",
        "a wait for a process group fails with EINTR despite SA_RESTART",
        &posix::WAITPID_RESTART,
    )
    .before_request(take_restart)
    .call(|w, r| restart_as(w, r, r.group().is_none().then_some(*r))),
    blind(
        "pidfd-wait-not-restarted",
        "a wait on a pidfd fails with EINTR despite SA_RESTART",
        &posix::WAITID_RESTART,
    )
    .before_request(take_restart)
    .call(|w, r| restart_as(w, r, (!by_pidfd(r)).then_some(*r))),
    blind(
        "restart-forgets-events",
        "a wait restarted by SA_RESTART reports no stops and no continues",
        &posix::WAIT_RESTART_SAME_CALL,
    )
    .before_request(take_restart)
    .call(|w, r| restart_as(w, r, Some(r.without(WUNTRACED | WCONTINUED)))),
    blind("restart-forgets-nowait", "a peek restarted by SA_RESTART reaps", &posix::WAIT_RESTART_SAME_CALL)
        .before_request(take_restart)
        .call(|w, r| restart_as(w, r, Some(r.without(WNOWAIT)))),
    blind(
        "ignored-group-waiter-hangs",
        "with SIGCHLD ignored, the exit of the last child of a group does not wake a wait for the group",
        &linux::SIGCHLD_IGNORED_EVERY_TARGET,
    )
    .before_request(track_ignored)
    .call(|w, r| sleeps_on(w, r, r.group().is_some())),
    blind(
        "ignored-pidfd-waiter-hangs",
        "with SIGCHLD ignored, the exit of a child does not wake a wait on its pidfd",
        &linux::SIGCHLD_IGNORED_EVERY_TARGET,
    )
    .before_request(track_ignored)
    .call(|w, r| sleeps_on(w, r, by_pidfd(r))),
    blind(
        "ignored-while-asleep-hangs",
        "a wait that sleeps when another thread ignores SIGCHLD is not woken by the exit of the last child",
        &posix::SIGCHLD_IGNORED_WHILE_ASLEEP,
    )
    .before_request(track_ignored)
    .call(|w, r| {
        let before = w.value();
        sleeps_on(w, r, before == 0)
    }),
];
