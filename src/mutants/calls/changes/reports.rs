//! Reports other than exits with unfilled usage, and reports written to the buffers of earlier calls.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, exited};
use crate::mutants::calls::inner::{Inner, no_usage};
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Memory, Observation};
use crate::sys::call::retained;

/// Leaves the usage of such a report unwritten.
fn unfilled(seen: &mut Observation, when: impl FnOnce(&Observation) -> bool) {
    if matches!(seen.rusage, Memory::Wrote(_)) && when(seen) {
        seen.rusage = Memory::Untouched;
    }
}

/// A report of a stop or of a continue.
fn is_no_exit(seen: &Observation) -> bool {
    seen.child().is_some() && !seen.is_termination()
}

/// Writes the status of an exit to the buffers of earlier calls: once a child is dead, if the last call was such a call.
fn write_late(w: &Inner, line: &mut Line) {
    let dead = |pid: &i64| crate::sys::process_table::is_zombie(*pid as i32);
    // Only when the buffers are checked: the subject may do anything in between.
    if line.word() == "late-writes" && w.value() == 1 && w.children().iter().any(dead) {
        retained::write_late(exited(8));
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "rusage-of-exits-only",
        "the rusage is left unchanged when a stop or a continue is reported",
        &linux::RUSAGE_EVERY_REPORT,
    )
    .call(|w, r| w.map(r, |seen| unfilled(seen, is_no_exit))),
    blind(
        "raw-waitid-rusage-of-exits-only",
        "the raw waitid leaves the rusage unchanged when it reports a stop or a continue",
        &linux::RUSAGE_EVERY_REPORT,
    )
    .raw()
    .call(|w, r| w.map(r, |seen| unfilled(seen, |seen| r.uses_idtype() && is_no_exit(seen)))),
    blind(
        "rusage-zero-on-continue",
        "the rusage is all zeros when a continue is reported",
        &linux::RUSAGE_EVERY_REPORT,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_continue() {
                seen.edit_usage(|usage| *usage = no_usage());
            }
        })
    }),
    blind(
        "rusage-unfilled-for-tracees",
        "the rusage is left unchanged when a traced child's stop is reported",
        &linux::RUSAGE_EVERY_REPORT,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            let tracer = |pid: i64| crate::sys::process_table::read(pid as i32).ok().flatten()?.tracer;
            unfilled(seen, |seen| seen.is_stop() && seen.child().and_then(tracer).is_some());
        })
    }),
    blind(
        "status-written-late",
        "the status of a child is also written to the buffers of WNOHANG calls that returned 0 before",
        &posix::WAIT_WRITES_DURING_CALL,
    )
    .call(|w, r| {
        // Not for every call, or this mutant would show nothing else.
        let ours = r.has(libc::WUNTRACED) && r.has(libc::WCONTINUED);
        w.map(r, |seen| {
            w.swap(i64::from(ours && seen.is_nothing()));
        })
    })
    .before_request(write_late),
    blind(
        "eintr-status-written-late",
        "a wait that failed with EINTR stores the status once the child exits",
        &posix::WAIT_WRITES_DURING_CALL,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            w.swap(i64::from(seen.errno() == Some(libc::EINTR)));
        })
    })
    .before_request(write_late),
    blind(
        "siblings-written-late",
        "the status of a child is also written to the buffer of the call that reported its sibling",
        &posix::WAIT_WRITES_DURING_CALL,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            w.swap(i64::from(seen.is_termination()));
        })
    })
    .before_request(write_late),
];
