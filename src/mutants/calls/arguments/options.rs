//! Options that are ignored, implied or confused.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, is_termination, option};
use crate::mutants::calls::inner::{block_forever, error, nothing, report};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Request};
use crate::wait::names;
use libc::{EINVAL, ENOSYS, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED, WUNTRACED};

/// All options that the calls define.
fn known_options() -> i32 {
    let linux = option("__WALL") | option("__WCLONE") | option("__WNOTHREAD");
    WNOHANG | WUNTRACED | WCONTINUED | WEXITED | WNOWAIT | linux
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("wait-sees-stops", "wait() returns when the child stops", &posix::WAIT_ONLY_TERMINATION).call(
        |w, r| match r.call {
            Call::Wait => w.real(&Request { call: Call::Waitpid, options: WUNTRACED, ..r.with_any() }),
            _ => w.real(r),
        },
    ),
    blind("wait-drops-stops", "wait() consumes an unreported stop", &posix::WAIT_ONLY_TERMINATION).call(
        |w, r| {
            if r.call == Call::Wait {
                w.waitid(&r.with_any(), WSTOPPED | WNOHANG);
            }
            w.real(r)
        },
    ),
    blind("untraced-ignored", "WUNTRACED has no effect", &posix::WAITPID_WUNTRACED_REPORTS_STOP)
        .call(|w, r| if r.uses_idtype() { w.real(r) } else { w.real(&r.without(WUNTRACED)) }),
    blind("continued-ignored", "WCONTINUED has no effect", &posix::WAITPID_WCONTINUED_REPORTS_CONTINUE)
        .call(|w, r| if r.uses_idtype() { w.real(r) } else { w.real(&r.without(WCONTINUED)) }),
    blind("untraced-implied", "stops are reported without WUNTRACED", &posix::WAITPID_STOP_NEEDS_WUNTRACED)
        .call(|w, r| if r.call == Call::Wait { w.real(r) } else { w.real(&r.with(WUNTRACED)) }),
    blind(
        "continued-implied",
        "continues are reported without WCONTINUED",
        &posix::WAITPID_CONTINUE_NEEDS_WCONTINUED,
    )
    .call(|w, r| if r.call == Call::Wait { w.real(r) } else { w.real(&r.with(WCONTINUED)) }),
    blind("waitid-missing", "waitid fails with ENOSYS", &posix::WAITPID_PROVIDED).call(|w, r| match r.call {
        Call::Waitid => Ok(error(r, ENOSYS)),
        _ => w.real(r),
    }),
    blind(
        "continued-refused-without-children",
        "WCONTINUED fails with EINVAL when there are no children",
        &posix::WAITPID_PROVIDED,
    )
    .call(|w, r| if r.has(WCONTINUED) && !w.has_children() { Ok(error(r, EINVAL)) } else { w.real(r) }),
    blind(
        "unrequested-stop-lost",
        "a call without WUNTRACED consumes the stop",
        &posix::WAITPID_UNREQUESTED_STOP_RETAINED,
    )
    .call(|w, r| {
        if !r.has(WUNTRACED) {
            w.waitid(r, WSTOPPED | WNOHANG);
        }
        w.real(r)
    }),
    blind(
        "untraced-hides-exit",
        "terminations are not reported with WUNTRACED",
        &posix::WAITPID_TERMINATION_ALWAYS,
    )
    .call(|w, r| {
        if !r.has(WUNTRACED) || r.uses_idtype() {
            return w.real(r);
        }
        match w.peek(r) {
            Some((_, word)) if is_termination(word) && r.blocks() => block_forever(),
            Some((_, word)) if is_termination(word) => Ok(nothing(r)),
            _ => w.real(r),
        }
    }),
    blind("last-option-wins", "only the highest option bit is honoured", &posix::WAITPID_OPTIONS_COMBINE)
        .call(|w, r| {
            let known = r.options & (WNOHANG | WUNTRACED | WCONTINUED);
            match known.checked_ilog2() {
                Some(highest) if !r.uses_idtype() => w.real(&r.without(known & !(1 << highest))),
                _ => w.real(r),
            }
        }),
    blind("bad-options-accepted", "unknown option bits are ignored", &posix::WAITPID_EINVAL_OPTIONS).call(
        |w, r| {
            let seen = w.real(r)?;
            match seen.errno() {
                Some(EINVAL) if r.options & !known_options() != 0 => w.real(&r.without(!known_options())),
                _ => Ok(seen),
            }
        },
    ),
    blind(
        "bad-options-reap",
        "unknown option bits fail with EINVAL but still reap the child",
        &posix::WAITPID_EINVAL_KEEPS_CHILD,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if seen.errno() == Some(EINVAL) && r.options & !known_options() != 0 {
            w.waitid(r, WEXITED | WNOHANG);
        }
        Ok(seen)
    }),
    blind(
        "einval-only-without-child",
        "invalid options are accepted if a child is ready",
        &posix::WAITPID_EINVAL_OPTIONS,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if seen.errno() == Some(EINVAL) && r.options & !known_options() != 0 {
            let now = w.real(&r.without(!known_options()).with(WNOHANG))?;
            if now.child().is_some() {
                return Ok(now);
            }
        }
        Ok(seen)
    }),
    blind("waitid-exited-shows-stop", "WEXITED alone reports a stopped child", &posix::WAITID_EXITED_ONLY)
        .call(|w, r| if r.uses_idtype() && r.has(WEXITED) { w.real(&r.with(WSTOPPED)) } else { w.real(r) }),
    blind("waitid-stopped-shows-exit", "WSTOPPED alone reaps a zombie", &posix::WAITID_STOPPED_ONLY)
        .call(|w, r| if r.uses_idtype() && r.has(WSTOPPED) { w.real(&r.with(WEXITED)) } else { w.real(r) }),
    blind(
        "waitid-no-event-accepted",
        "waitid with WNOHANG alone returns 0",
        &linux::WAITID_NO_EVENT_OPTION_EINVAL,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            let no_event = r.uses_idtype() && r.options & (WEXITED | WSTOPPED | WCONTINUED) == 0;
            if no_event && r.options & !known_options() == 0 && seen.errno() == Some(EINVAL) {
                *seen = nothing(r);
            }
        })
    }),
    blind("waitid-bad-idtype", "an unknown idtype is treated as P_ALL", &posix::WAITID_EINVAL_IDTYPE).call(
        |w, r| {
            if r.uses_idtype() && names::idtype_name(r.idtype_and_id().0).is_none() {
                w.real(&r.with_any())
            } else {
                w.real(r)
            }
        },
    ),
    blind("waitpid-accepts-wnowait", "waitpid accepts WNOWAIT", &linux::WAIT_REJECTS_WNOWAIT).call(|w, r| {
        if r.uses_idtype() || !r.has(WNOWAIT) {
            return w.real(r);
        }
        match w.waitid(r, WEXITED | (r.options & (WNOHANG | WNOWAIT))) {
            Some((pid, word)) => Ok(report(r, pid, word)),
            None => w.real(&r.without(WNOWAIT)),
        }
    }),
    blind(
        "wnothread-ignored",
        "__WNOTHREAD reports a child of another thread",
        &linux::THREADS_WNOTHREAD_SIBLING,
    )
    .call(|w, r| w.real(&r.without(option("__WNOTHREAD")))),
    blind("wclone-finds-all", "__WCLONE reports forked children", &linux::CLONE_WCLONE_SKIPS_FORKED)
        .call(|w, r| w.real(&r.without(option("__WCLONE")))),
    blind(
        "wall-ignored",
        "__WALL does not find a child without an exit signal",
        &linux::CLONE_WALL_FINDS_ALL,
    )
    .call(|w, r| w.real(&r.without(option("__WALL")))),
    from_bug(
        "freebsd/pkg#1853",
        "waitpid-accepts-wexited",
        "waitpid accepts WEXITED, as on FreeBSD",
        &linux::WAIT_REJECTS_WEXITED,
    )
    .call(|w, r| if r.uses_idtype() { w.real(r) } else { w.real(&r.without(WEXITED)) }),
    from_bug(
        "KidneyOS#117",
        "options-not-tested-bitwise",
        "options is compared for equality with WNOHANG instead of testing the bit",
        &posix::WAITPID_OPTIONS_COMBINE,
    )
    .call(|w, r| {
        let combined = r.has(WNOHANG) && r.options & (WUNTRACED | WCONTINUED) != 0 && !r.uses_idtype();
        if combined { w.real(&r.without(WNOHANG)) } else { w.real(r) }
    }),
    from_bug(
        "DragonOS#1850",
        "wclone-refused",
        "__WALL, __WCLONE and __WNOTHREAD are rejected as unknown options",
        &linux::WAIT_OPTION_BITS,
    )
    .call(|w, r| {
        let own = option("__WALL") | option("__WCLONE") | option("__WNOTHREAD");
        if r.has(own) { Ok(error(r, EINVAL)) } else { w.real(r) }
    }),
    from_catalogue(
        "waitid-any-event",
        "waitid reports every event, whichever is requested",
        &posix::WAITID_CONTINUED_ONLY,
    )
    .call(|w, r| {
        let asks = r.has(WEXITED | WSTOPPED | WCONTINUED);
        if r.uses_idtype() && asks { w.real(&r.with(WEXITED | WSTOPPED | WCONTINUED)) } else { w.real(r) }
    }),
    from_catalogue(
        "waitid-exit-event-only",
        "waitid reports only terminations when several events are requested",
        &posix::WAITID_EVENTS_COMBINE,
    )
    .call(|w, r| {
        let several = r.uses_idtype() && r.has(WEXITED) && r.has(WSTOPPED | WCONTINUED);
        if several { w.real(&r.without(WSTOPPED | WCONTINUED)) } else { w.real(r) }
    }),
    from_catalogue(
        "waitid-accepts-unknown-bits",
        "waitid ignores unknown option bits and implies WEXITED with them",
        &posix::WAITID_EINVAL_OPTIONS,
    )
    .call(|w, r| {
        if !r.uses_idtype() {
            return w.real(r);
        }
        let seen = w.real(r)?;
        let bad = r.options & !known_options() != 0;
        if bad && seen.errno() == Some(EINVAL) {
            w.real(&r.without(!known_options()).with(WEXITED))
        } else {
            Ok(seen)
        }
    }),
    from_catalogue(
        "echild-before-einval",
        "invalid arguments are rejected only if there are children",
        &linux::WAIT_EINVAL_BEFORE_ECHILD,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.errno() == Some(EINVAL) && !w.has_children() {
                *seen = error(r, libc::ECHILD);
            }
        })
    }),
];
