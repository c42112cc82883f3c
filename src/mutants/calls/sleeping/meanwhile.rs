//! A thread that sleeps in a wait, and what other threads do meanwhile.

use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{CallResult, Inner, nothing};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::posix;
use crate::sys::call::abi::Request;
use std::time::Duration;

/// Counts the threads that are in a call that may block.
fn counted(w: &Inner, r: &Request) -> CallResult {
    let by = i64::from(r.blocks());
    w.add(by);
    let seen = w.real(r);
    w.add(-by);
    seen
}

/// Holds up such a request as long as a thread is in a call that may block.
fn holds_up(w: &Inner, line: &Line, word: &str) {
    while line.word() == word && w.value() > 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Such a call with WNOHANG finds nothing as long as a thread is in a call that may block.
fn overlooks(w: &Inner, r: &Request, such: bool) -> CallResult {
    if r.blocks() || !such || w.value() == 0 {
        return counted(w, r);
    }
    w.map(r, |seen| {
        if seen.is_termination() {
            *seen = nothing(r);
        }
    })
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "sleeper-holds-up-fork",
        "no child is created as long as a thread sleeps in a wait",
        &posix::WAIT_SUSPENDS_ONE_THREAD,
    )
    .before_request(|w, line| holds_up(w, line, "spawn"))
    .call(counted),
    blind(
        "sleeper-holds-up-setpgid",
        "no child is moved to a group as long as a thread sleeps in a wait",
        &posix::WAIT_SUSPENDS_ONE_THREAD,
    )
    .before_request(|w, line| holds_up(w, line, "setpgid"))
    .call(counted),
    blind(
        "sleeper-holds-up-nohang",
        "WNOHANG by pid waits until no thread sleeps in a wait",
        &posix::WAITPID_NOHANG_NEVER_BLOCKS,
    )
    .call(|w, r| {
        while !r.blocks() && r.pid().is_some() && w.value() > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        counted(w, r)
    }),
    blind(
        "sleeper-hides-by-pid",
        "WNOHANG by pid returns 0 for a zombie as long as another thread sleeps in a wait",
        &posix::WAITPID_NOHANG_REPORTS_READY,
    )
    .call(|w, r| overlooks(w, r, r.pid().is_some())),
    blind(
        "sleeper-hides-by-group",
        "WNOHANG for a group returns 0 for a zombie as long as another thread sleeps in a wait",
        &posix::WAITPID_NOHANG_REPORTS_READY,
    )
    .call(|w, r| overlooks(w, r, r.group().is_some())),
    blind(
        "sleeper-hides-by-pidfd",
        "WNOHANG through a pidfd returns 0 for a zombie as long as another thread sleeps in a wait",
        &posix::WAITID_NOHANG_REPORTS_READY,
    )
    .call(|w, r| overlooks(w, r, by_pidfd(r))),
];
