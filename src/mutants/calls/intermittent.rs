//! Bugs that show only occasionally: at every third call, with three children, after a stop, for an early zombie.

use crate::mutants::calls::arguments::by_target::sleeps;
use crate::mutants::calls::edit::{ObservationExt, RequestExt, exited, is_termination};
use crate::mutants::calls::inner::{block_forever, error, nothing, report};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::spec::posix;
use libc::{ECHILD, EINTR, WEXITED, WIFEXITED, WNOHANG};

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("table-of-64", "the 65th zombie is dropped", &posix::WAITPID_MANY_CHILDREN).call(|w, r| {
        let dropped = w.children().get(64).copied();
        let seen = w.real(r)?;
        if seen.is_termination() && seen.child() == dropped { w.real(r) } else { Ok(seen) }
    }),
    from_catalogue(
        "every-seventh-call-empty",
        "every seventh call reports nothing",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| if w.count() % 7 == 0 { Ok(nothing(r)) } else { w.real(r) }),
    from_catalogue(
        "every-third-exit-zero",
        "every third termination is reported as exit 0",
        &posix::STATUS_EXIT_EVERY_VALUE,
    )
    .call(|w, r| {
        w.map_word(r, |word| if is_termination(word) && w.count() % 3 == 0 { exited(0) } else { word })
    }),
    from_catalogue(
        "third-child-hidden",
        "the first any-child WNOHANG call with three or more children returns 0",
        &posix::WAITPID_NOHANG_REPORTS_READY,
    )
    .call(|w, r| {
        let hidden = r.has(WNOHANG) && r.is_any() && w.children().len() >= 3 && w.peek(r).is_some();
        if hidden && w.count() == 1 { Ok(nothing(r)) } else { w.real(r) }
    }),
    from_catalogue(
        "any-reports-previous-code",
        "with three or more children, an any-child wait reports the exit code of the previous one",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        let many = w.children().len() >= 3 && r.is_any();
        w.map_word(r, |word| {
            if !(many && is_termination(word)) {
                return word;
            }
            let previous = w.swap(i64::from(word) + 1);
            if previous == 0 { word } else { previous as i32 - 1 }
        })
    }),
    from_catalogue(
        "every-fourth-block-echild",
        "every fourth blocking wait fails with ECHILD despite having children",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        let stray = r.blocks() && w.has_children() && w.count() % 4 == 0;
        if stray { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    blind(
        "fiftieth-sleep-never-ends",
        "the fiftieth call that sleeps is not woken",
        &posix::WAITPID_NO_LOST_WAKE_UP,
    )
    .call(|w, r| if sleeps(w, r) && w.count() == 50 { block_forever() } else { w.real(r) }),
    from_catalogue(
        "after-stop-code-lost",
        "the exit code of a child after a reported stop is 0",
        &posix::WAITID_EVENTS_COMBINE,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            let (Some(pid), Some(word)) = (seen.child(), seen.word()) else { return };
            if seen.is_stop() {
                w.insert(pid, 1);
            } else if WIFEXITED(word) && w.lookup(pid).is_some() {
                seen.set_word(exited(0));
            }
        })
    }),
    from_catalogue(
        "after-stop-nohang-blocks",
        "WNOHANG blocks once a stop has been reported",
        &posix::STATUS_STOP_ONCE,
    )
    .call(|w, r| {
        let blocks = w.value() == 1 && r.has(WNOHANG);
        w.map(&if blocks { r.without(WNOHANG) } else { *r }, |seen| {
            if seen.is_stop() {
                w.swap(1);
            }
        })
    }),
    from_catalogue(
        "after-continue-exit-hangs",
        "a blocking wait never returns once a second continue has been reported",
        &posix::STATUS_EVENTS_REPEAT,
    )
    .call(|w, r| {
        let hangs = w.value() > 1 && r.blocks();
        if hangs {
            block_forever();
        }
        w.map(r, |seen| {
            w.add(i64::from(seen.is_continue()));
        })
    }),
    from_catalogue(
        "early-zombie-code-lost",
        "wait() reports an exit from before the call as exit 0",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        let early = r.call == crate::sys::call::abi::Call::Wait && w.peek_for(r, WEXITED).is_some();
        w.map_word(r, |word| if early && WIFEXITED(word) { exited(0) } else { word })
    }),
    from_catalogue(
        "late-exit-code-lost",
        "an exit that wakes an any-child wait is reported as exit 0",
        &posix::WAITPID_BLOCKS_UNTIL_CHANGE,
    )
    .call(|w, r| {
        let early = !r.blocks() || !r.is_any() || w.peek(r).is_some();
        w.map_word(r, |word| if !early && WIFEXITED(word) { exited(0) } else { word })
    }),
    from_catalogue(
        "after-eintr-echild",
        "the call after one that failed with EINTR fails with ECHILD",
        &posix::WAITPID_EINTR_KEEPS_CHILD,
    )
    .call(|w, r| {
        if w.swap(0) == 1 {
            return Ok(error(r, ECHILD));
        }
        w.map(r, |seen| {
            w.swap(i64::from(seen.errno() == Some(EINTR)));
        })
    }),
    from_catalogue(
        "second-stop-same-signal",
        "every later stop is reported with the signal of the first one",
        &posix::STATUS_STOPPED_JOB_CONTROL,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if let (Some(word), true) = (seen.word(), seen.is_stop()) {
                match w.value() {
                    0 => {
                        w.swap(word.into());
                    }
                    first => seen.set_word(first as i32),
                }
            }
        })
    }),
    from_bug(
        "DragonOS#2067",
        "every-fifth-nohang-echild",
        "every fifth WNOHANG call for a live child fails with ECHILD",
        &posix::WAITPID_NOHANG_ZERO,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if r.has(WNOHANG) && seen.is_nothing() && w.count() % 5 == 0 {
                *seen = error(r, ECHILD);
            }
        })
    }),
    from_bug(
        "rift#465",
        "thirtieth-child-never-ready",
        "an any-child wait never reports the thirtieth child",
        &posix::WAITPID_MANY_CHILDREN,
    )
    .call(|w, r| {
        let missed = w.children().get(29).copied();
        let seen = w.real(r)?;
        let lost = r.is_any() && missed.is_some() && seen.is_termination() && seen.child() == missed;
        if lost { w.real(r) } else { Ok(seen) }
    }),
    from_catalogue(
        "every-third-reap-leaves-zombie",
        "every third termination is reported without reaping the child",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| match w.peek_for(r, WEXITED) {
        Some((pid, word)) if w.count() % 3 == 0 => Ok(report(r, pid, word)),
        _ => w.real(r),
    }),
    from_catalogue(
        "many-zombies-missed",
        "a blocking wait misses an existing zombie once there are four or more children",
        &posix::WAITPID_NO_BLOCK_IF_READY,
    )
    .call(|w, r| {
        let missed =
            !r.uses_idtype() && r.blocks() && w.children().len() >= 4 && w.peek_for(r, WEXITED).is_some();
        if missed { block_forever() } else { w.real(r) }
    }),
    from_catalogue(
        "pid-reused",
        "the thirtieth child reuses the pid of the previous one, which is a zombie",
        &posix::ZOMBIE_PID_NOT_REUSED,
    )
    .after_reply(|w, request, reply| {
        if let ("spawn", 30, Some(before)) = (request.word(), w.children().len(), w.children().get(28)) {
            reply.set("pid", before);
        }
    }),
];
