//! Adopted children, and processes that have stopped adopting.

use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{Inner, error, finds_nothing, no_usage};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::usage::rusage::{credited, withhold};
use crate::mutants::mutant::{Mutant, blind};
use crate::spec::linux;
use libc::{ECHILD, WNOWAIT};

/// Whether another process created this child. Right after an exec this is not known for any child.
fn is_adopted(w: &Inner, pid: i64) -> bool {
    let own = w.children();
    !own.is_empty() && !own.contains(&pid)
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("adopted-without-usage", "the rusage of an adopted child is all zeros", &linux::RUSAGE_ADOPTED)
        .call(|w, r| {
            w.map(r, |seen| {
                if seen.child().is_some_and(|pid| is_adopted(w, pid)) {
                    seen.edit_usage(|usage| *usage = no_usage());
                }
            })
        }),
    blind(
        "adopted-not-credited",
        "the usage of an adopted child is not added to RUSAGE_CHILDREN",
        &linux::RUSAGE_ADOPTED,
    )
    .call(|w, r| credited(w, r, |seen| seen.child().is_some_and(|pid| is_adopted(w, pid))))
    .after_reply(withhold),
    blind(
        "adopted-stops-lost",
        "the stop of an adopted child is not reported",
        &linux::SUBREAPER_ORDINARY_CHILD,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        match seen.child() {
            Some(pid) if seen.is_stop() && is_adopted(w, pid) => finds_nothing(r),
            _ => Ok(seen),
        }
    }),
    blind("adopted-peek-reaps", "WNOWAIT reaps an adopted child", &linux::SUBREAPER_ORDINARY_CHILD).call(
        |w, r| match w.peek(r) {
            Some((pid, _)) if is_adopted(w, pid) => w.real(&r.without(WNOWAIT)),
            _ => w.real(r),
        },
    ),
    blind(
        "adopted-not-in-a-group",
        "a wait for a process group does not find an adopted child",
        &linux::SUBREAPER_ORDINARY_CHILD,
    )
    .call(|w, r| match w.peek(r) {
        Some((pid, _)) if r.group().is_some() && is_adopted(w, pid) => Ok(error(r, ECHILD)),
        _ => w.real(r),
    }),
    blind(
        "adopted-not-behind-a-pidfd",
        "a wait through a pidfd fails with ECHILD for an adopted child",
        &linux::SUBREAPER_ORDINARY_CHILD,
    )
    .call(|w, r| match w.peek(r) {
        Some((pid, _)) if by_pidfd(r) && is_adopted(w, pid) => Ok(error(r, ECHILD)),
        _ => w.real(r),
    }),
    blind("subreaper-for-ever", "a process that has been a subreaper remains one", &linux::SUBREAPER_UNSET)
        .before_request(|_, line| {
            if line.word() == "subreaper" {
                line.set("on", "yes");
            }
        }),
];
