//! Buffers that only some results, and only some ways to find a child, get wrong.

use crate::mutants::calls::arguments::by_target::sleeps;
use crate::mutants::calls::edit::{ObservationExt, RequestExt, is_termination};
use crate::mutants::calls::inner::{CallResult, Inner, no_usage};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::mutant::{Mutant, blind};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Memory, Observation, Pointer, Request, Usage};
use libc::{EINTR, WEXITED, WNOWAIT, WUNTRACED};

/// Leaves the siginfo as it was where there is nothing to report.
fn leaves_info(w: &Inner, r: &Request, such: bool) -> CallResult {
    w.map(r, |seen| {
        if such && seen.is_nothing() && matches!(seen.info, Memory::Wrote(_)) {
            seen.info = Memory::Untouched;
        }
    })
}

/// Stores status 0 with such a result.
fn clears_status(w: &Inner, r: &Request, such: impl Fn(&Observation) -> bool) -> CallResult {
    w.map(r, |seen| {
        if such(seen) && matches!(seen.status, Memory::Untouched) {
            seen.status = Memory::Wrote(0);
        }
    })
}

/// Writes beyond a buffer with such a result.
fn spills(w: &Inner, r: &Request, such: impl Fn(&Observation) -> bool) -> CallResult {
    w.map(r, |seen| {
        if such(seen) && seen.spill == Some(false) {
            seen.spill = Some(true);
        }
    })
}

/// Changes the usage in such a report.
fn usage_if(w: &Inner, r: &Request, such: bool, change: fn(&mut Usage)) -> CallResult {
    w.map(r, |seen| {
        if such {
            seen.edit_usage(change);
        }
    })
}

fn is_death(seen: &Observation) -> bool {
    seen.word().is_some_and(|word| is_termination(word) && libc::WIFSIGNALED(word))
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "any-nohang-dirty",
        "a WNOHANG waitid for any child does not zero the siginfo if there is nothing to report",
        &posix::WAITID_NOHANG_ZEROES,
    )
    .call(|w, r| leaves_info(w, r, r.is_any())),
    blind(
        "group-nohang-dirty",
        "a WNOHANG waitid for a group does not zero the siginfo if there is nothing to report",
        &posix::WAITID_NOHANG_ZEROES,
    )
    .call(|w, r| leaves_info(w, r, r.group().is_some())),
    blind(
        "pidfd-nohang-dirty",
        "a WNOHANG waitid through a pidfd does not zero the siginfo if there is nothing to report",
        &posix::WAITID_NOHANG_ZEROES,
    )
    .call(|w, r| leaves_info(w, r, by_pidfd(r))),
    blind(
        "events-nohang-dirty",
        "a WNOHANG waitid without WEXITED does not zero the siginfo if there is nothing to report",
        &posix::WAITID_NOHANG_ZEROES,
    )
    .call(|w, r| leaves_info(w, r, !r.has(WEXITED))),
    blind(
        "group-nohang-clears-status",
        "a WNOHANG wait for a group stores status 0 when it returns 0",
        &linux::WAIT4_NOHANG_WRITES_NOTHING,
    )
    .call(|w, r| clears_status(w, r, |seen| seen.is_nothing() && r.group().is_some())),
    blind(
        "by-pid-nohang-clears-status",
        "a WNOHANG wait by pid stores status 0 when it returns 0",
        &linux::WAIT4_NOHANG_WRITES_NOTHING,
    )
    .call(|w, r| clears_status(w, r, |seen| seen.is_nothing() && r.pid().is_some())),
    blind(
        "untraced-nohang-clears-status",
        "WNOHANG with WUNTRACED stores status 0 when it returns 0",
        &linux::WAIT4_NOHANG_WRITES_NOTHING,
    )
    .call(|w, r| clears_status(w, r, |seen| seen.is_nothing() && r.has(WUNTRACED))),
    blind(
        "waitpid-eintr-clears-status",
        "waitpid stores status 0 when it fails with EINTR",
        &linux::WAIT_ERROR_WRITES_NOTHING,
    )
    .call(|w, r| clears_status(w, r, |seen| seen.errno() == Some(EINTR) && r.call == Call::Waitpid)),
    blind(
        "group-error-clears-status",
        "a wait for a group that fails stores status 0",
        &linux::WAIT_ERROR_WRITES_NOTHING,
    )
    .call(|w, r| clears_status(w, r, |seen| seen.errno().is_some() && r.group().is_some())),
    blind(
        "by-pid-error-clears-status",
        "a wait by pid that fails stores status 0",
        &linux::WAIT_ERROR_WRITES_NOTHING,
    )
    .call(|w, r| clears_status(w, r, |seen| seen.errno().is_some() && r.pid().is_some())),
    blind("stop-overrun", "the report of a stop is written beyond a buffer", &linux::WAIT4_NO_OVERRUN)
        .call(|w, r| spills(w, r, ObservationExt::is_stop)),
    blind(
        "continue-overrun",
        "the report of a continue is written beyond a buffer",
        &linux::WAIT4_NO_OVERRUN,
    )
    .call(|w, r| spills(w, r, ObservationExt::is_continue)),
    blind(
        "death-overrun",
        "the report of a death by a signal is written beyond a buffer",
        &linux::WAIT4_NO_OVERRUN,
    )
    .call(|w, r| spills(w, r, is_death)),
    blind("peek-overrun", "a peek writes beyond a buffer", &linux::WAITID_NO_OVERRUN)
        .call(|w, r| spills(w, r, |seen| r.has(WNOWAIT) && seen.child().is_some())),
    blind("group-overrun", "a wait for a group writes beyond a buffer", &linux::WAIT4_NO_OVERRUN)
        .call(|w, r| spills(w, r, |seen| r.group().is_some() && seen.child().is_some())),
    blind("pidfd-overrun", "a wait through a pidfd writes beyond a buffer", &linux::WAITID_NO_OVERRUN)
        .call(|w, r| spills(w, r, |seen| by_pidfd(r) && seen.child().is_some())),
    blind("eintr-overrun", "a call that fails with EINTR writes beyond a buffer", &linux::WAIT4_NO_OVERRUN)
        .call(|w, r| spills(w, r, |seen| seen.errno() == Some(EINTR))),
    blind("asleep-overrun", "a call that has slept writes beyond a buffer", &linux::WAIT4_NO_OVERRUN).call(
        |w, r| {
            let asleep = sleeps(w, r);
            spills(w, r, |seen| asleep && seen.child().is_some())
        },
    ),
    blind("null-status-no-faults", "ru_minflt is 0 if status is null", &linux::WAIT4_NULL_STATUS).call(
        |w, r| {
            let null = r.status == Pointer::Null && !r.uses_idtype();
            usage_if(w, r, null, |usage| usage.minflt = Some(0))
        },
    ),
    blind("null-infop-no-faults", "ru_minflt is 0 if infop is null", &linux::RUSAGE_RAW_WAITID).raw().call(
        |w, r| {
            w.map(r, |seen| {
                if let (Pointer::Null, true, Memory::Wrote(usage)) =
                    (r.info, r.uses_idtype(), &mut seen.rusage)
                {
                    usage.minflt = Some(0);
                }
            })
        },
    ),
    blind(
        "stop-usage-of-one-thread",
        "the usage in the report of a stop is zero for a child with several threads",
        &linux::RUSAGE_EVERY_REPORT,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if !seen.is_termination() && seen.child().is_some_and(|pid| threads(pid) > 1) {
                seen.edit_usage(|usage| *usage = no_usage());
            }
        })
    }),
    blind(
        "death-usage-without-live-threads",
        "the usage of a child that dies with several threads is zero",
        &linux::RUSAGE_EVERY_REPORT,
    )
    .call(|w, r| {
        let many: Vec<i64> = w.children().into_iter().filter(|pid| threads(*pid) > 1).collect();
        w.map(r, |seen| {
            if seen.is_termination() && seen.child().is_some_and(|pid| many.contains(&pid)) {
                seen.edit_usage(|usage| *usage = no_usage());
            }
        })
    }),
];

fn threads(pid: i64) -> usize {
    crate::sys::process_table::threads(pid as i32).len()
}
