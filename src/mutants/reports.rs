//! Reports that are no exit, with a usage that is not filled.

use super::edit::{ObservationExt, RequestExt};
use super::inner::no_usage;
use super::mutant::{Mutant, blind};
use crate::spec::linux;
use crate::sys::call::abi::{Memory, Observation};

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

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "rusage-of-exits-only",
        "the rusage is left as it was in the report of a stop or a continue",
        &linux::RUSAGE_EVERY_REPORT,
    )
    .call(|w, r| w.map(r, |seen| unfilled(seen, is_no_exit))),
    blind(
        "raw-waitid-rusage-of-exits-only",
        "the raw waitid leaves the rusage as it was in the report of a stop or a continue",
        &linux::RUSAGE_EVERY_REPORT,
    )
    .raw()
    .call(|w, r| w.map(r, |seen| unfilled(seen, |seen| r.uses_idtype() && is_no_exit(seen)))),
    blind(
        "rusage-zero-on-continue",
        "the rusage is all zeros in the report of a continue",
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
        "the rusage is left as it was in the report of a traced child's stop",
        &linux::RUSAGE_EVERY_REPORT,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            let tracer = |pid: i64| crate::sys::process_table::read(pid as i32).ok().flatten()?.tracer;
            unfilled(seen, |seen| seen.is_stop() && seen.child().and_then(tracer).is_some());
        })
    }),
];
