//! Children beyond the first 64, or 128, that live at once.

use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{CallResult, Inner, finds_nothing};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::posix;
use crate::sys::call::abi::Request;

/// How many children are looked at.
const SEEN: usize = 64;

/// Remembers the children that have not been reaped.
fn note(w: &Inner, request: &Line, reply: &Line) {
    if let ("spawn", Ok(pid)) = (request.word(), reply.number("pid")) {
        w.insert(pid, 1);
    }
}

/// Such a call looks at the oldest children only.
fn looks_at_few(w: &Inner, r: &Request, such: bool) -> CallResult {
    if let (true, Some((pid, _))) = (such, w.peek(r)) {
        let unreaped = w.children().into_iter().filter(|child| w.lookup(*child).is_some());
        if unreaped.take_while(|child| *child != pid).count() >= SEEN {
            return finds_nothing(r);
        }
    }
    let seen = w.real(r)?;
    if let (true, false, Some(pid)) = (seen.is_termination(), r.has(libc::WNOWAIT), seen.child()) {
        w.remove(pid);
    }
    Ok(seen)
}

/// How many children a longer table has.
const SEEN_OF_MANY: usize = 128;

/// Such a call looks at the oldest 128 of its thread's children, by the system's list of them.
fn looks_at_128(w: &Inner, r: &Request, such: bool) -> CallResult {
    if let (true, Some((pid, _))) = (such, w.peek(r)) {
        let list = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
        let own: Vec<i64> = list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
        if own.iter().position(|child| *child == pid).is_some_and(|at| at >= SEEN_OF_MANY) {
            return finds_nothing(r);
        }
    }
    w.real(r)
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "any-looks-at-128",
        "a wait for any child looks at the oldest 128 children only",
        &posix::WAIT_FINDS_AMONG_ALL,
    )
    .call(|w, r| looks_at_128(w, r, r.is_any())),
    blind(
        "by-pid-looks-at-128",
        "a wait by pid looks at the oldest 128 children only",
        &posix::WAIT_FINDS_AMONG_ALL,
    )
    .call(|w, r| looks_at_128(w, r, r.pid().is_some())),
    blind(
        "group-looks-at-128",
        "a wait for a group looks at the oldest 128 children only",
        &posix::WAIT_FINDS_AMONG_ALL,
    )
    .call(|w, r| looks_at_128(w, r, r.group().is_some())),
    blind(
        "any-looks-at-64",
        "a wait for any child looks at the oldest 64 children only",
        &posix::WAIT_FINDS_AMONG_ALL,
    )
    .after_reply(|w, request, reply| note(w, request, reply))
    .call(|w, r| looks_at_few(w, r, r.is_any())),
    blind(
        "by-pid-looks-at-64",
        "a wait by pid looks at the oldest 64 children only",
        &posix::WAIT_FINDS_AMONG_ALL,
    )
    .after_reply(|w, request, reply| note(w, request, reply))
    .call(|w, r| looks_at_few(w, r, r.pid().is_some())),
    blind(
        "group-looks-at-64",
        "a wait for a group looks at the oldest 64 children only",
        &posix::WAIT_FINDS_AMONG_ALL,
    )
    .after_reply(|w, request, reply| note(w, request, reply))
    .call(|w, r| looks_at_few(w, r, r.group().is_some())),
    blind(
        "pidfd-looks-at-64",
        "a wait through a pidfd looks at the oldest 64 children only",
        &posix::WAIT_FINDS_AMONG_ALL,
    )
    .after_reply(|w, request, reply| note(w, request, reply))
    .call(|w, r| looks_at_few(w, r, by_pidfd(r))),
];
