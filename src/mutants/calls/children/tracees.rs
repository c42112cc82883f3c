//! Children that another process traces, and that are lost to their parent.

use crate::mutants::calls::children::kinds::owner_of_thread;
use crate::mutants::calls::edit::{ObservationExt, RequestExt, is_termination};
use crate::mutants::calls::inner::{Inner, error};
use crate::mutants::mutant::{Mutant, blind, from_catalogue};
use crate::spec::linux;
use crate::sys::call::abi::{Observation, Request};
use crate::sys::process_table;

/// Whether a process other than this one traces a child that the request may mean.
fn hidden(w: &Inner, request: &Request) -> bool {
    let process = |pid: i64| process_table::read(pid as i32).ok().flatten();
    w.children().into_iter().filter_map(process).any(|child| {
        let meant = match (request.pid(), request.group()) {
            (Some(pid), _) => pid == i64::from(child.pid),
            (_, Some(0)) => process(std::process::id().into()).is_some_and(|own| own.pgid == child.pgid),
            (_, Some(group)) => group == i64::from(child.pgid),
            // A pidfd does not tell which process it refers to.
            _ => !request.is_any(),
        };
        meant && child.has_another_tracer()
    })
}

/// Edits the result for a child that another process traces: nothing, so far.
fn of_hidden(w: &Inner, request: &Request, seen: &mut Observation, when: bool) {
    if when && seen.is_nothing() && hidden(w, request) {
        *seen = error(request, libc::ECHILD);
    }
}

/// Whether a process descends from this one.
fn descends(pid: i64) -> bool {
    let own = std::process::id() as i32;
    let mut at = pid as i32;
    while at > 1 {
        match process_table::read(at) {
            Ok(Some(process)) if process.ppid == own => return true,
            Ok(Some(process)) => at = process.ppid,
            _ => return false,
        }
    }
    false
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "tracee-by-pid-is-no-child",
        "WNOHANG by pid fails with ECHILD for a child that another process traces",
        &linux::PTRACE_HIDDEN_BY_TARGET,
    )
    .call(|w, r| w.map(r, |seen| of_hidden(w, r, seen, r.pid().is_some()))),
    blind(
        "tracee-by-group-is-no-child",
        "WNOHANG by process group fails with ECHILD for a child that another process traces",
        &linux::PTRACE_HIDDEN_BY_TARGET,
    )
    .call(|w, r| w.map(r, |seen| of_hidden(w, r, seen, r.group().is_some()))),
    blind(
        "tracee-by-pidfd-is-no-child",
        "WNOHANG through a pidfd fails with ECHILD for a child that another process traces",
        &linux::PTRACE_HIDDEN_BY_TARGET,
    )
    .call(|w, r| {
        let by_pidfd = r.pid().is_none() && r.group().is_none();
        w.map(r, |seen| of_hidden(w, r, seen, by_pidfd))
    }),
    from_catalogue(
        "stranger-is-no-tracee",
        "a wait by pid fails with ECHILD for a tracee that is not a descendant",
        &linux::PTRACE_STRANGER,
    )
    .call(|w, r| match r.pid() {
        Some(pid) if process_table::read(pid as i32).is_ok_and(|p| p.is_some()) && !descends(pid) => {
            Ok(error(r, libc::ECHILD))
        }
        _ => w.real(r),
    }),
    blind(
        "traced-thread-without-stops",
        "the stops of a traced thread are not reported",
        &linux::PTRACE_THREADS,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_stop() && seen.child().is_some_and(|id| owner_of_thread(w, id).is_some()) {
                *seen = error(r, libc::ECHILD);
            }
        })
    }),
    blind(
        "traced-thread-exits-unseen",
        "the exit of a traced thread is not reported",
        &linux::PTRACE_THREADS,
    )
    .call(|w, r| {
        // Once reported, it can no longer be looked up.
        let exits = w.peek(r).filter(|(_, word)| is_termination(*word));
        let thread = exits.is_some_and(|(id, _)| owner_of_thread(w, id).is_some());
        w.map(r, |seen| {
            if thread {
                *seen = error(r, libc::ECHILD);
            }
        })
    }),
];
