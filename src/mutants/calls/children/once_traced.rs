//! Children that another process has traced, or that are init of a PID namespace: what is reported of them.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, exited};
use crate::mutants::calls::inner::{CallResult, Inner, finds_nothing, no_usage};
use crate::mutants::calls::usage::rusage::{credited, withhold};
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Memory, Observation, Request};
use crate::sys::process_table::State;
use crate::sys::{process, process_table};

/// Remembers which children another process traces, and which of those are dead.
fn note_traced(w: &Inner) {
    for child in w.children() {
        let Some(seen) = process_table::read(child as i32).ok().flatten() else { continue };
        if seen.tracer.is_some_and(|tracer| tracer != process::pid()) {
            w.insert(child, i64::from(seen.state == State::Zombie));
        }
    }
}

/// Whether a child was traced by another process, even when it was dead.
fn was_traced(w: &Inner, seen: &Observation, dead: bool) -> bool {
    seen.child().and_then(|pid| w.lookup(pid)).is_some_and(|was| was == i64::from(dead))
}

/// Changes the report of a child that was traced by another process.
fn edits_traced(w: &Inner, r: &Request, dead: bool, edit: fn(&mut Observation)) -> CallResult {
    note_traced(w);
    w.map(r, |seen| {
        if was_traced(w, seen, dead) {
            edit(seen);
        }
    })
}

fn without_usage(seen: &mut Observation) {
    if seen.rusage.wrote().is_some() {
        seen.rusage = Memory::Wrote(no_usage());
    }
}

/// Remembers a child that is init of a PID namespace.
fn note_init(w: &Inner, request: &Line, reply: &Line) {
    if let (Some(_), Ok(pid)) = (request.get("newpid"), reply.number("pid")) {
        w.insert(pid, 1);
    }
}

/// A call does not find such an event of an init.
fn hides_of_init(w: &Inner, r: &Request, such: bool, event: fn(i32) -> bool) -> CallResult {
    match w.peek(r) {
        Some((pid, word)) if such && event(word) && w.lookup(pid).is_some() => finds_nothing(r),
        _ => w.real(r),
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "once-traced-drops-core",
        "the core flag of a child that was traced by another process is dropped",
        &linux::PTRACE_DETACHED_ALIKE,
    )
    .call(|w, r| {
        edits_traced(w, r, false, |seen| {
            if let Some(word) = seen.word().filter(|word| libc::WIFSIGNALED(*word)) {
                seen.set_word(word & !0x80);
            }
        })
    }),
    blind(
        "once-traced-without-usage",
        "the usage of a child that another process has traced and left is zero",
        &linux::PTRACE_DETACHED_ALIKE,
    )
    .call(|w, r| edits_traced(w, r, false, without_usage)),
    blind(
        "once-traced-without-uid",
        "si_uid of a child that another process has traced and left is 0",
        &posix::WAITID_SI_UID,
    )
    .call(|w, r| edits_traced(w, r, false, |seen| seen.edit_info(|info| info.uid = Some(0)))),
    blind(
        "reaped-by-tracer-without-usage",
        "the usage of a child that its tracer has reaped before is zero",
        &linux::RUSAGE_LOWER_BOUND,
    )
    .call(|w, r| edits_traced(w, r, true, without_usage)),
    blind(
        "reaped-by-tracer-is-exit-zero",
        "the exit of a child that its tracer has reaped before is reported with 0",
        &linux::PTRACE_PARENT_AFTER,
    )
    .call(|w, r| {
        edits_traced(w, r, true, |seen| {
            if seen.is_termination() {
                seen.set_word(exited(0));
            }
        })
    }),
    blind(
        "reaped-by-tracer-not-credited",
        "a child that its tracer has reaped before is not included in RUSAGE_CHILDREN",
        &linux::RUSAGE_CHILDREN_DELTA,
    )
    .call(|w, r| {
        note_traced(w);
        credited(w, r, |seen| was_traced(w, seen, true))
    })
    .after_reply(withhold),
    blind(
        "init-without-usage",
        "the usage of a child that is init of a PID namespace is zero",
        &linux::PIDNS_REPORTS_ALIKE,
    )
    .after_reply(|w, request, reply| note_init(w, request, reply))
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.child().is_some_and(|pid| w.lookup(pid).is_some()) {
                without_usage(seen);
            }
        })
    }),
    blind(
        "init-stops-lost",
        "the stop of a child that is init of a PID namespace is not reported",
        &linux::PIDNS_REPORTS_ALIKE,
    )
    .after_reply(|w, request, reply| note_init(w, request, reply))
    .call(|w, r| hides_of_init(w, r, true, |word| libc::WIFSTOPPED(word) && !libc::WIFCONTINUED(word))),
    blind(
        "init-continues-lost",
        "the continue of a child that is init of a PID namespace is not reported",
        &linux::PIDNS_REPORTS_ALIKE,
    )
    .after_reply(|w, request, reply| note_init(w, request, reply))
    .call(|w, r| hides_of_init(w, r, true, |word| libc::WIFCONTINUED(word))),
    blind(
        "init-not-in-its-group",
        "a wait for a group does not find a child that is init of a PID namespace",
        &linux::PIDNS_REPORTS_ALIKE,
    )
    .after_reply(|w, request, reply| note_init(w, request, reply))
    .call(|w, r| hides_of_init(w, r, r.group().is_some(), |_| true)),
];
