//! WNOWAIT: peeks that reap, and calls that fail to reap after a peek.

use crate::mutants::calls::edit::{CONTINUED, ObservationExt, RequestExt, is_termination};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Usage;
use libc::{WEXITED, WNOHANG, WNOWAIT};

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("nowait-consumes-exit", "WNOWAIT reaps the zombie", &posix::WAITID_NOWAIT_EXIT).call(|w, r| {
        w.map(r, |seen| {
            if let (Some(pid), true) = (seen.child(), seen.is_termination() && r.has(WNOWAIT)) {
                w.reap(pid);
            }
        })
    }),
    blind("nowait-consumes-stop", "WNOWAIT consumes a stop", &posix::WAITID_NOWAIT_STOP).call(|w, r| {
        let seen = w.real(r)?;
        if r.has(WNOWAIT) && seen.is_stop() { w.real(&r.without(WNOWAIT)) } else { Ok(seen) }
    }),
    blind("nowait-consumes-continue", "WNOWAIT consumes a continue", &posix::WAITID_NOWAIT_CONTINUE).call(
        |w, r| {
            let seen = w.real(r)?;
            if r.has(WNOWAIT) && seen.is_continue() { w.real(&r.without(WNOWAIT)) } else { Ok(seen) }
        },
    ),
    blind(
        "peeked-child-never-reaped",
        "reaping a child after a peek leaves it waitable",
        &posix::WAITID_NOWAIT_ECHILD_AFTER_REAP,
    )
    .call(|w, r| {
        if r.uses_idtype() && w.peek_for(r, WEXITED).is_some_and(|(pid, _)| w.lookup(pid).is_some()) {
            return w.real(&r.with(WNOWAIT));
        }
        w.map(r, |seen| {
            if let (Some(pid), true) = (seen.child(), r.has(WNOWAIT)) {
                w.insert(pid, 1);
            }
        })
    }),
    from_bug(
        "Asterinas#2984",
        "nowait-only-for-exits",
        "WNOWAIT is ignored for stops and continues",
        &posix::WAITID_NOWAIT_STOP,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let event = seen.is_stop() || seen.is_continue();
        if r.has(WNOWAIT) && event { w.real(&r.without(WNOWAIT)) } else { Ok(seen) }
    }),
    from_catalogue(
        "reap-after-peek-other-code",
        "reaping a child after a peek reports a different exit code",
        &posix::WAITID_NOWAIT_PEEK_EQUALS_REAP,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            let (Some(pid), Some(word)) = (seen.child(), seen.word()) else { return };
            if r.has(WNOWAIT) {
                w.insert(pid, 1);
            } else if libc::WIFEXITED(word) && w.lookup(pid).is_some() {
                seen.set_word(crate::mutants::calls::edit::exited(libc::WEXITSTATUS(word) + 1));
            }
        })
    }),
    from_catalogue(
        "peeked-hidden-from-other-calls",
        "a child that waitid peeked at is invisible to the other calls",
        &posix::WAITID_NOWAIT_OTHER_CALL,
    )
    .call(|w, r| {
        if r.uses_idtype() {
            return w.map(r, |seen| {
                if let (Some(pid), true) = (seen.child(), r.has(WNOWAIT)) {
                    w.insert(pid, 1);
                }
            });
        }
        match w.peek_for(r, WEXITED | libc::WSTOPPED | libc::WCONTINUED) {
            Some((pid, _)) if w.remove(pid).is_some() => {
                w.real(&r.with(WNOHANG)).map(|_| crate::mutants::calls::inner::nothing(r))
            }
            _ => w.real(r),
        }
    }),
    from_catalogue("peek-usage-zero", "a raw peek returns zero usage", &linux::RUSAGE_PEEK_EQUALS_REAP)
        .raw()
        .call(|w, r| {
            w.map(r, |seen| {
                if r.has(WNOWAIT) {
                    seen.edit_usage(|usage| {
                        *usage = Usage { utime_us: Some(0), stime_us: Some(0), ..*usage }
                    });
                }
            })
        }),
    from_catalogue(
        "raw-waitid-no-usage",
        "the fifth argument of the raw waitid is not filled in",
        &linux::WAITID_RAW_RUSAGE,
    )
    .raw()
    .call(|w, r| {
        w.map(r, |seen| {
            if r.uses_idtype() && seen.rusage.wrote().is_some() {
                seen.rusage = crate::sys::call::abi::Memory::Untouched;
            }
        })
    }),
    from_catalogue(
        "peek-group-code-lost",
        "a WNOWAIT peek at a terminated child reports exit 0",
        &linux::THREADS_PEEK_GROUP_CODE,
    )
    .call(|w, r| {
        if !r.has(WNOWAIT) {
            return w.real(r);
        }
        w.map_word(r, |word| if is_termination(word) && word != CONTINUED { 0 } else { word })
    }),
];
