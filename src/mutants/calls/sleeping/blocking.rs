//! Calls that block when they must not, or do not block when they must; lost wake-ups.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, is_termination};
use crate::mutants::calls::inner::{block_forever, error, nothing};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::spec::posix;
use libc::{ECHILD, WNOHANG};

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "existing-zombie-hangs",
        "a blocking wait misses a child that terminated before the call",
        &posix::WAITPID_NO_BLOCK_IF_READY,
    )
    .call(|w, r| {
        let before = r.blocks() && w.peek(r).is_some_and(|(_, word)| is_termination(word));
        if before { block_forever() } else { w.real(r) }
    }),
    blind(
        "no-block",
        "a blocking wait returns 0 while the child is running",
        &posix::WAITPID_BLOCKS_UNTIL_CHANGE,
    )
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
        // Only a termination wakes it.
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
        // Blocks until any child has terminated.
        w.waitid(&r.with_any(), libc::WEXITED | libc::WNOWAIT);
        w.map(&r.with(WNOHANG), |seen| {
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
        let existing = w.children();
        w.map(r, |seen| {
            if seen.child().is_some_and(|pid| !existing.contains(&pid) && w.children().contains(&pid)) {
                block_forever();
            }
        })
    }),
    from_bug(
        "cpython#113536",
        "waitid-misses-zombie",
        "a blocking waitid misses a zombie once there are four or more children",
        &posix::WAITID_NO_BLOCK_IF_READY,
    )
    .call(|w, r| {
        let missed = r.uses_idtype()
            && r.blocks()
            && w.children().len() >= 4
            && w.peek(r).is_some_and(|(_, word)| is_termination(word));
        if missed { block_forever() } else { w.real(r) }
    }),
    from_bug(
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
    from_catalogue("peek-does-not-block", "WNOWAIT implies WNOHANG", &posix::WAITID_NOWAIT_BLOCKS)
        .call(|w, r| if r.has(libc::WNOWAIT) { w.real(&r.with(WNOHANG)) } else { w.real(r) }),
    from_catalogue(
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
            w.real(&r.without(libc::WCONTINUED).with(libc::WEXITED * i32::from(r.uses_idtype())))
        } else {
            Ok(now)
        }
    }),
];
