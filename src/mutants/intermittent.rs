//! Bugs that show now and then: at every third call, with three children, after a stop, of an early zombie.

use super::edit::{ObservationEdit, RequestView, exited, is_termination};
use super::inner::{error, never, nothing, report};
use super::mutant::{Mutant, blind, made_for, seen_in};
use crate::spec::posix;
use libc::{ECHILD, EINTR, WEXITED, WIFEXITED, WNOHANG};

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("table-of-64", "the 65th zombie is dropped", &posix::WAITPID_MANY_CHILDREN).call(|w, r| {
        let dropped = w.born().get(64).copied();
        let seen = w.real(r)?;
        if seen.is_termination() && seen.child() == dropped { w.real(r) } else { Ok(seen) }
    }),
    made_for("every-seventh-call-empty", "every seventh call reports nothing", &posix::WAITPID_ANY_EACH_ONCE)
        .call(|w, r| if w.turn() % 7 == 0 { Ok(nothing(r)) } else { w.real(r) }),
    made_for(
        "every-third-exit-zero",
        "every third termination is reported as exit 0",
        &posix::STATUS_EXIT_EVERY_VALUE,
    )
    .call(|w, r| w.word(r, |word| if is_termination(word) && w.turn() % 3 == 0 { exited(0) } else { word })),
    made_for(
        "third-child-hidden",
        "the first any-child WNOHANG call with three or more children returns 0",
        &posix::WAITPID_NOHANG_REPORTS_READY,
    )
    .call(|w, r| {
        let hidden = r.has(WNOHANG) && r.is_any() && w.born().len() >= 3 && w.look(r).is_some();
        if hidden && w.turn() == 1 { Ok(nothing(r)) } else { w.real(r) }
    }),
    made_for(
        "any-reports-previous-code",
        "with three or more children, an any-child wait reports the exit code of the previous one",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        let many = w.born().len() >= 3 && r.is_any();
        w.word(r, |word| {
            if !(many && is_termination(word)) {
                return word;
            }
            let before = w.remember(i64::from(word) + 1);
            if before == 0 { word } else { before as i32 - 1 }
        })
    }),
    made_for(
        "every-fourth-block-echild",
        "every fourth blocking wait fails with ECHILD despite having children",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        let stray = r.blocks() && w.has_children() && w.turn() % 4 == 0;
        if stray { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    made_for(
        "after-stop-code-lost",
        "the exit code of a child after a reported stop is 0",
        &posix::WAITID_EVENTS_COMBINE,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            let (Some(pid), Some(word)) = (seen.child(), seen.word()) else { return };
            if seen.is_stop() {
                w.keep(pid, 1);
            } else if WIFEXITED(word) && w.kept(pid).is_some() {
                seen.set_word(exited(0));
            }
        })
    }),
    made_for(
        "after-stop-nohang-blocks",
        "WNOHANG blocks once a stop has been reported",
        &posix::STATUS_STOP_ONCE,
    )
    .call(|w, r| {
        let blocks = w.remembered() == 1 && r.has(WNOHANG);
        w.then(&if blocks { r.without(WNOHANG) } else { *r }, |seen| {
            if seen.is_stop() {
                w.remember(1);
            }
        })
    }),
    made_for(
        "after-continue-exit-hangs",
        "a blocking wait never returns once a second continue has been reported",
        &posix::STATUS_EVENTS_REPEAT,
    )
    .call(|w, r| {
        let hangs = w.remembered() > 1 && r.blocks();
        if hangs {
            never();
        }
        w.then(r, |seen| {
            w.add(i64::from(seen.is_continue()));
        })
    }),
    made_for(
        "early-zombie-code-lost",
        "wait() reports an exit from before the call as exit 0",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        let early = r.call == crate::sys::call::abi::Call::Wait && w.look_for(r, WEXITED).is_some();
        w.word(r, |word| if early && WIFEXITED(word) { exited(0) } else { word })
    }),
    made_for(
        "late-exit-code-lost",
        "an exit that wakes an any-child wait is reported as exit 0",
        &posix::WAITPID_BLOCKS_UNTIL_CHANGE,
    )
    .call(|w, r| {
        let early = !r.blocks() || !r.is_any() || w.look(r).is_some();
        w.word(r, |word| if !early && WIFEXITED(word) { exited(0) } else { word })
    }),
    made_for(
        "after-eintr-echild",
        "the call after one that failed with EINTR fails with ECHILD",
        &posix::WAITPID_EINTR_KEEPS_CHILD,
    )
    .call(|w, r| {
        if w.remember(0) == 1 {
            return Ok(error(r, ECHILD));
        }
        w.then(r, |seen| {
            w.remember(i64::from(seen.errno() == Some(EINTR)));
        })
    }),
    made_for(
        "second-stop-same-signal",
        "every later stop is reported with the signal of the first one",
        &posix::STATUS_STOPPED_JOB_CONTROL,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if let (Some(word), true) = (seen.word(), seen.is_stop()) {
                match w.remembered() {
                    0 => {
                        w.remember(word.into());
                    }
                    first => seen.set_word(first as i32),
                }
            }
        })
    }),
    seen_in(
        "DragonOS#2067",
        "every-fifth-nohang-echild",
        "every fifth WNOHANG call for a live child fails with ECHILD",
        &posix::WAITPID_NOHANG_ZERO,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if r.has(WNOHANG) && seen.is_nothing() && w.turn() % 5 == 0 {
                *seen = error(r, ECHILD);
            }
        })
    }),
    seen_in(
        "rift#465",
        "thirtieth-child-never-ready",
        "an any-child wait never reports the thirtieth child",
        &posix::WAITPID_MANY_CHILDREN,
    )
    .call(|w, r| {
        let missed = w.born().get(29).copied();
        let seen = w.real(r)?;
        let lost = r.is_any() && missed.is_some() && seen.is_termination() && seen.child() == missed;
        if lost { w.real(r) } else { Ok(seen) }
    }),
    made_for(
        "every-third-reap-leaves-zombie",
        "every third termination is reported without reaping the child",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| match w.look_for(r, WEXITED) {
        Some((pid, word)) if w.turn() % 3 == 0 => Ok(report(r, pid, word)),
        _ => w.real(r),
    }),
    made_for(
        "many-zombies-missed",
        "a blocking wait misses an existing zombie once there are four or more children",
        &posix::WAITPID_NO_BLOCK_IF_READY,
    )
    .call(|w, r| {
        let missed = !r.is_by_id() && r.blocks() && w.born().len() >= 4 && w.look_for(r, WEXITED).is_some();
        if missed { never() } else { w.real(r) }
    }),
    made_for(
        "pid-reused",
        "the thirtieth child reuses the pid of the previous one, which is a zombie",
        &posix::ZOMBIE_PID_NOT_REUSED,
    )
    .told(|w, request, reply| {
        if let ("spawn", 30, Some(before)) = (request.word(), w.born().len(), w.born().get(28)) {
            reply.set("pid", before);
        }
    }),
];
