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
        "every third end that is reported is told as exit 0",
        &posix::STATUS_EXIT_EVERY_VALUE,
    )
    .call(|w, r| w.word(r, |word| if is_termination(word) && w.turn() % 3 == 0 { exited(0) } else { word })),
    made_for(
        "third-child-hidden",
        "with three or more children WNOHANG finds nothing for any child at the first call",
        &posix::WAITPID_NOHANG_REPORTS_READY,
    )
    .call(|w, r| {
        let hidden = r.has(WNOHANG) && r.is_any() && w.born().len() >= 3 && w.look(r).is_some();
        if hidden && w.turn() == 1 { Ok(nothing(r)) } else { w.real(r) }
    }),
    made_for(
        "any-reports-previous-code",
        "with three or more children a wait for any of them tells the exit code of the one before",
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
        "every fourth blocking wait fails with ECHILD although there are children",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        let stray = r.blocks() && w.has_children() && w.turn() % 4 == 0;
        if stray { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    made_for(
        "after-stop-code-lost",
        "the exit code of a child that was seen stopped is 0",
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
        "once a child was seen stopped WNOHANG sleeps",
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
        "a blocking wait for a child that was seen continued never ends",
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
        "an exit from before a call of wait() is told as exit 0",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        let early = r.call == crate::sys::call::abi::Call::Wait && w.look_for(r, WEXITED).is_some();
        w.word(r, |word| if early && WIFEXITED(word) { exited(0) } else { word })
    }),
    made_for(
        "late-exit-code-lost",
        "the exit that ends the sleep of a call for any child is told as exit 0",
        &posix::WAITPID_BLOCKS_UNTIL_CHANGE,
    )
    .call(|w, r| {
        let early = !r.blocks() || !r.is_any() || w.look(r).is_some();
        w.word(r, |word| if !early && WIFEXITED(word) { exited(0) } else { word })
    }),
    made_for(
        "after-eintr-echild",
        "the call after one that a signal ended finds no child",
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
        "every stop but the first is told with the signal of the first",
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
        "WNOHANG for a live child fails with ECHILD at every fifth call",
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
        "the thirtieth child is never found by a wait for any",
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
        "every third end is reported and the child left as a zombie",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| match w.look_for(r, WEXITED) {
        Some((pid, word)) if w.turn() % 3 == 0 => Ok(report(r, pid, word)),
        _ => w.real(r),
    }),
    made_for(
        "many-zombies-missed",
        "with four children or more a blocking wait does not see one that is a zombie already",
        &posix::WAITPID_NO_BLOCK_IF_READY,
    )
    .call(|w, r| {
        let missed = !r.is_by_id() && r.blocks() && w.born().len() >= 4 && w.look_for(r, WEXITED).is_some();
        if missed { never() } else { w.real(r) }
    }),
    made_for(
        "pid-reused",
        "the thirtieth child has the pid of the one before, which is a zombie",
        &posix::ZOMBIE_PID_NOT_REUSED,
    )
    .edit_reply(|w, request, reply| {
        if let ("spawn", 30, Some(before)) = (request.word(), w.born().len(), w.born().get(28)) {
            reply.set("pid", before);
        }
    }),
];
