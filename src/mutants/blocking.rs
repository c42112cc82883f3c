//! Calls that sleep and must not, or do not sleep and must; wake-ups that are lost.

use super::edit::{ObservationEdit, RequestView, is_termination};
use super::inner::{error, never, nothing};
use super::mutant::{Mutant, blind, made_for, seen_in};
use crate::spec::posix;
use libc::{ECHILD, WNOHANG};

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "existing-zombie-hangs",
        "a blocking wait misses a child that terminated before the call",
        &posix::WAITPID_NO_BLOCK_IF_READY,
    )
    .call(|w, r| {
        let before = r.blocks() && w.look(r).is_some_and(|(_, word)| is_termination(word));
        if before { never() } else { w.real(r) }
    }),
    blind("no-block", "a blocking wait returns 0 while the child is running", &posix::WAITPID_BLOCKS_UNTIL_CHANGE)
        .call(|w, r| w.real(&r.with(WNOHANG))),
    blind(
        "stop-does-not-wake",
        "a stop does not wake a waiter blocked with WUNTRACED",
        &posix::WAITPID_STOP_WAKES_WAITER,
    )
    .call(|w, r| {
        if !r.blocks() || !r.has(libc::WUNTRACED) {
            return w.real(r);
        }
        let now = w.real(&r.with(WNOHANG))?;
        // It wakes for an end alone.
        if now.is_nothing() { w.real(&r.without(libc::WUNTRACED).with(libc::WCONTINUED)) } else { Ok(now) }
    }),
    blind(
        "other-death-echild",
        "a wait for one child fails with ECHILD when another child terminates",
        &posix::WAITPID_OTHER_CHILD_NO_WAKE,
    )
    .call(|w, r| {
        if !r.blocks() || r.is_any() {
            return w.real(r);
        }
        // It sleeps until any child ended.
        w.waitid(&r.any(), libc::WEXITED | libc::WNOWAIT);
        w.then(&r.with(WNOHANG), |seen| {
            if seen.is_nothing() {
                *seen = error(r, ECHILD);
            }
        })
    }),
    blind(
        "snapshot-of-children",
        "a blocked any-child wait sees only the children that existed when it began",
        &posix::WAITPID_CHILD_FORKED_WHILE_BLOCKED,
    )
    .call(|w, r| {
        if !r.blocks() || !r.is_any() {
            return w.real(r);
        }
        let there = w.born();
        w.then(r, |seen| {
            if seen.child().is_some_and(|pid| !there.contains(&pid) && w.born().contains(&pid)) {
                never();
            }
        })
    }),
    seen_in(
        "cpython#113536",
        "waitid-misses-zombie",
        "a blocking waitid misses a zombie once there are four or more children",
        &posix::WAITID_NO_BLOCK_IF_READY,
    )
    .call(|w, r| {
        let missed = r.is_by_id()
            && r.blocks()
            && w.born().len() >= 4
            && w.look(r).is_some_and(|(_, word)| is_termination(word));
        if missed { never() } else { w.real(r) }
    }),
    seen_in(
        "golang/go#60321",
        "wakes-for-stops",
        "a blocking wait without WUNTRACED returns 0 when the child stops",
        &posix::WAITPID_STOP_NEEDS_WUNTRACED,
    )
    .call(|w, r| {
        if !r.blocks() || r.has(libc::WUNTRACED) {
            return w.real(r);
        }
        match w.waitid(r, libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT) {
            Some((_, word)) if !is_termination(word) => Ok(nothing(r)),
            _ => w.real(r),
        }
    }),
    made_for("peek-does-not-block", "WNOWAIT implies WNOHANG", &posix::WAITID_NOWAIT_BLOCKS)
        .call(|w, r| if r.has(libc::WNOWAIT) { w.real(&r.with(WNOHANG)) } else { w.real(r) }),
    made_for(
        "continue-does-not-wake",
        "a continue does not wake a waiter blocked with WCONTINUED",
        &posix::WAITPID_STOP_WAKES_WAITER,
    )
    .call(|w, r| {
        if !r.blocks() || !r.has(libc::WCONTINUED) {
            return w.real(r);
        }
        let now = w.real(&r.with(WNOHANG))?;
        if now.is_nothing() {
            w.real(&r.without(libc::WCONTINUED).with(libc::WEXITED * i32::from(r.is_by_id())))
        } else {
            Ok(now)
        }
    }),
];
