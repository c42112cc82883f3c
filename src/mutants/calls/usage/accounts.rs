//! Usage that is wrong only in some situations: above a second, or after a busy child.

use crate::mutants::calls::edit::ObservationExt;
use crate::mutants::calls::inner::Inner;
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::fields::{OWN, get_usage, put_usage};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Observation, Usage};

/// Adds the previously reported usage.
fn with_stale(w: &Inner, seen: &mut Observation, field: fn(&mut Usage) -> &mut Option<i64>) {
    if !seen.is_termination() {
        return;
    }
    seen.edit_usage(|usage| {
        let field = field(usage);
        let own = field.unwrap_or(0);
        *field = field.map(|own| own + w.value());
        w.swap(own);
    });
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "microseconds-beyond-a-million",
        "a time of one second or more is stored entirely in microseconds",
        &posix::RUSAGE_TIMEVAL_NORMALIZED,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            seen.edit_usage(|usage| {
                if usage.utime_us.is_some_and(|us| us >= 1_000_000) {
                    usage.irregular = usage.irregular.map(|n| n + 1);
                }
            })
        })
    }),
    blind(
        "children-microseconds-beyond-a-million",
        "a time of one second or more in RUSAGE_CHILDREN is stored entirely in microseconds",
        &posix::RUSAGE_TIMEVAL_NORMALIZED,
    )
    .after_reply(|_, request, reply| {
        if request.word() == "getrusage"
            && let Some(mut usage) = get_usage(reply, OWN)
            && usage.utime_us.is_some_and(|us| us >= 1_000_000)
        {
            usage.irregular = usage.irregular.map(|n| n + 1);
            put_usage(reply, OWN, &usage);
        }
    }),
    blind(
        "times-without-system-time",
        "times reports no system time of reaped children",
        &posix::RUSAGE_TIMES_AGREE,
    )
    .after_reply(|_, request, reply| {
        if request.word() == "times" {
            reply.set("cstime_us", 0);
        }
    }),
    blind(
        "minor-faults-of-the-last-child",
        "ru_minflt starts at that of the previously reaped child",
        &linux::RUSAGE_BEGINS_AT_NOTHING,
    )
    .call(|w, r| w.map(r, |seen| with_stale(w, seen, |usage| &mut usage.minflt))),
    blind(
        "switches-of-the-last-child",
        "ru_nvcsw starts at that of the previously reaped child",
        &linux::RUSAGE_BEGINS_AT_NOTHING,
    )
    .call(|w, r| w.map(r, |seen| with_stale(w, seen, |usage| &mut usage.nvcsw))),
];
