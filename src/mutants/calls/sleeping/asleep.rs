//! Faults while a call sleeps: restarts by group and pidfd, options lost in a restart, SIGCHLD ignored in the meantime.

use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{CallResult, Inner, block_forever, take_restart};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::signal_lines::track_ignored;
use crate::mutants::mutant::{Mutant, blind};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Request;
use libc::{ECHILD, EINTR, WCONTINUED, WNOWAIT, WUNTRACED};

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

pub(crate) const MUTANTS: &[Mutant] = &[
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
