//! Waits that are built on SIGCHLD: what becomes of the signal decides what they find, and they take it out of the queue.

use crate::mutants::calls::arguments::by_target::{exits_only, sleeps};
use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{CallResult, Inner, block_forever, error};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::signal_lines::sets_action;
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Observation, Request};
use libc::{ECHILD, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED};

const EVENTS: i32 = WSTOPPED | WCONTINUED;

/// What has become of SIGCHLD, as bits.
const IGNORED: i64 = 1;
const NOCLDWAIT: i64 = 2;
const NOCLDSTOP: i64 = 4;
const BLOCKED: i64 = 8;

/// Remembers what becomes of SIGCHLD.
fn track(w: &Inner, line: &mut Line) {
    if line.get("sig").as_deref() != Some("SIGCHLD") {
        return;
    }
    let before = w.value();
    match line.word() {
        "sigaction" => {
            let flag = |set: bool, bit: i64| if set { bit } else { 0 };
            let ignored = flag(line.get("do").as_deref() == Some("ignore"), IGNORED);
            let flags = flag(line.flag("nocldwait"), NOCLDWAIT) | flag(line.flag("nocldstop"), NOCLDSTOP);
            w.swap(ignored | flags | (before & BLOCKED));
        }
        "sigprocmask" if line.get("how").as_deref() == Some("block") => {
            w.swap(before | BLOCKED);
        }
        "sigprocmask" => {
            w.swap(before & !BLOCKED);
        }
        _ => {}
    }
}

/// Sleeps through stops and continues, until an end.
fn sleeps_through_events(w: &Inner, r: &Request, such: bool) -> CallResult {
    if !such || r.options & EVENTS == 0 || !sleeps(w, r) {
        return w.real(r);
    }
    if r.uses_idtype() && !r.has(WEXITED) { block_forever() } else { w.real(&r.without(EVENTS)) }
}

/// Sleeps on where no child is left because the last has left no zombie.
fn last_wakes_none(w: &Inner, r: &Request, such: bool) -> CallResult {
    let asleep = such && r.blocks() && w.has_children();
    let seen = w.real(r)?;
    if asleep && seen.errno() == Some(ECHILD) { block_forever() } else { Ok(seen) }
}

/// A call with such a result takes the pending SIGCHLD away.
fn takes_pending(w: &Inner, r: &Request, such: impl Fn(&Observation) -> bool) -> CallResult {
    w.map(r, |seen| {
        if such(seen) {
            w.swap(1);
        }
    })
}

/// Shows that it is gone.
fn without_pending(w: &Inner, request: &Line, reply: &mut Line) {
    if request.word() == "sigpending" && w.value() == 1 {
        *reply = Line::new(reply.word()).with("id", reply.id().unwrap_or(0)).with_list("sigs", [""; 0]);
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "ignored-stop-wakes-none",
        "a stop or a continue wakes no wait while SIGCHLD is ignored",
        &posix::SIGCHLD_WAKES_REGARDLESS,
    )
    .before_request(track)
    .call(|w, r| sleeps_through_events(w, r, w.value() & IGNORED != 0)),
    blind(
        "nocldstop-stop-wakes-none",
        "a stop or a continue wakes no wait with SA_NOCLDSTOP",
        &posix::SIGCHLD_WAKES_REGARDLESS,
    )
    .before_request(track)
    .call(|w, r| sleeps_through_events(w, r, w.value() & NOCLDSTOP != 0)),
    blind(
        "blocked-stop-wakes-none",
        "a stop or a continue wakes no wait while SIGCHLD is blocked",
        &posix::SIGCHLD_WAKES_REGARDLESS,
    )
    .before_request(track)
    .call(|w, r| sleeps_through_events(w, r, w.value() & BLOCKED != 0)),
    blind(
        "nocldwait-hides-stops",
        "stops and continues are not reported with SA_NOCLDWAIT",
        &posix::SIGCHLD_WAKES_REGARDLESS,
    )
    .before_request(track)
    .call(|w, r| exits_only(w, r, w.value() & NOCLDWAIT != 0)),
    blind(
        "nocldwait-hangs-by-pid",
        "with SA_NOCLDWAIT the end of a child does not wake a wait by pid",
        &posix::SIGCHLD_WAKES_REGARDLESS,
    )
    .before_request(track)
    .call(|w, r| last_wakes_none(w, r, w.value() & NOCLDWAIT != 0 && r.pid().is_some())),
    blind(
        "nocldwait-hangs-by-group",
        "with SA_NOCLDWAIT the end of a child does not wake a wait for its group",
        &posix::SIGCHLD_WAKES_REGARDLESS,
    )
    .before_request(track)
    .call(|w, r| last_wakes_none(w, r, w.value() & NOCLDWAIT != 0 && r.group().is_some())),
    blind(
        "nocldwait-hangs-by-pidfd",
        "with SA_NOCLDWAIT the end of a child does not wake a wait through a pidfd",
        &posix::SIGCHLD_WAKES_REGARDLESS,
    )
    .before_request(track)
    .call(|w, r| last_wakes_none(w, r, w.value() & NOCLDWAIT != 0 && by_pidfd(r))),
    blind(
        "nocldwait-nohang-echild",
        "WNOHANG with SA_NOCLDWAIT fails with ECHILD for a live child",
        &posix::SIGCHLD_WAKES_REGARDLESS,
    )
    .before_request(track)
    .call(|w, r| {
        let seen = w.real(r)?;
        let such = w.value() & NOCLDWAIT != 0 && r.has(WNOHANG) && seen.is_nothing();
        Ok(if such { error(r, ECHILD) } else { seen })
    }),
    blind(
        "ignored-peek-hangs",
        "the end of a child wakes no peek while SIGCHLD is ignored",
        &posix::SIGCHLD_WAKES_REGARDLESS,
    )
    .before_request(track)
    .call(|w, r| last_wakes_none(w, r, w.value() & IGNORED != 0 && r.has(WNOWAIT))),
    blind(
        "nocldwait-discards-zombies",
        "setting SA_NOCLDWAIT discards existing zombies",
        &posix::SIGCHLD_NOCLDWAIT_EARLIER_ZOMBIE,
    )
    .before_request(|w, line| {
        if sets_action(line) && line.flag("nocldwait") {
            for pid in w.children() {
                w.reap(pid);
            }
        }
    }),
    blind(
        "pending-cleared-by-nothing",
        "a call that returns 0 clears a pending SIGCHLD",
        &posix::SIGCHLD_PENDING_WITHOUT_REPORT,
    )
    .call(|w, r| takes_pending(w, r, ObservationExt::is_nothing))
    .after_reply(without_pending),
    blind(
        "pending-cleared-by-echild",
        "a call that fails clears a pending SIGCHLD",
        &posix::SIGCHLD_PENDING_WITHOUT_REPORT,
    )
    .call(|w, r| takes_pending(w, r, |seen| seen.errno().is_some()))
    .after_reply(without_pending),
    blind(
        "pending-cleared-by-stop",
        "the report of a stop clears the pending SIGCHLD of a zombie",
        &linux::SIGCHLD_PENDING_AFTER_EVENT,
    )
    .call(|w, r| takes_pending(w, r, ObservationExt::is_stop))
    .after_reply(without_pending),
    blind(
        "pending-cleared-by-continue",
        "the report of a continue clears the pending SIGCHLD of a zombie",
        &linux::SIGCHLD_PENDING_AFTER_EVENT,
    )
    .call(|w, r| takes_pending(w, r, ObservationExt::is_continue))
    .after_reply(without_pending),
    blind(
        "pending-cleared-by-peek",
        "a peek clears the pending SIGCHLD of two zombies",
        &linux::SIGCHLD_PENDING_AFTER_EVENT,
    )
    .call(|w, r| takes_pending(w, r, |seen| r.has(WNOWAIT) && seen.child().is_some()))
    .after_reply(without_pending),
];
