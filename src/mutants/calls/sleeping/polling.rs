//! Waits that are late, or that poll instead of sleeping.

use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{CallResult, Inner, block_forever};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::posix;
use crate::sys::call::abi::Request;
use libc::{WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED};
use std::time::{Duration, Instant};

/// Reports a change only at the end of a period of that length, counted from the start of the call.
fn late(w: &Inner, request: &Request, period: Duration) -> CallResult {
    let began = Instant::now();
    if request.blocks() && w.peek(request).is_none() {
        // Sleep until the change, or a signal.
        let changed = w.waitid(request, WEXITED | WNOWAIT | (request.options & (WSTOPPED | WCONTINUED)));
        if changed.is_some() {
            let over = began.elapsed().as_nanos() % period.as_nanos();
            std::thread::sleep(period - Duration::from_nanos(over as u64));
        }
    }
    w.real(request)
}

/// Such a call polls instead of sleeping.
fn polls(w: &Inner, r: &Request, such: bool) -> CallResult {
    loop {
        let instead = such && r.blocks() && w.value() == 0;
        let seen = w.real(&if instead { r.with(WNOHANG) } else { *r })?;
        if !(instead && seen.is_nothing()) {
            return Ok(seen);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether the agent has set the action of a signal: a poller would not see it.
fn track_handlers(w: &Inner, line: &mut Line) {
    if line.word() == "sigaction" {
        w.swap(1);
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    // Well above the period that the clause detects, so that no load hides it.
    blind("looks-every-500-ms", "a sleeping wait returns only every 500 ms", &posix::WAITPID_WAKES_PROMPTLY)
        .call(|w, r| late(w, r, Duration::from_millis(500))),
    blind(
        "polls-every-5-ms",
        "a wait polls every 5 ms for a ready child",
        &posix::WAITPID_SLEEPS_UNDISTURBED,
    )
    .before_request(track_handlers)
    .call(|w, r| polls(w, r, true)),
    blind("by-pid-polls", "a wait by pid polls every 5 ms", &posix::WAITPID_SLEEPS_UNDISTURBED)
        .before_request(track_handlers)
        .call(|w, r| polls(w, r, r.pid().is_some())),
    blind("by-group-polls", "a wait for a group polls every 5 ms", &posix::WAITPID_SLEEPS_UNDISTURBED)
        .before_request(track_handlers)
        .call(|w, r| polls(w, r, r.group().is_some())),
    blind("by-pidfd-polls", "a wait through a pidfd polls every 5 ms", &posix::WAITPID_SLEEPS_UNDISTURBED)
        .before_request(track_handlers)
        .call(|w, r| polls(w, r, by_pidfd(r))),
    blind(
        "polls-for-events",
        "a wait for stops or continues polls every 5 ms",
        &posix::WAITPID_SLEEPS_UNDISTURBED,
    )
    .before_request(track_handlers)
    .call(|w, r| polls(w, r, r.has(WSTOPPED | WCONTINUED))),
    blind("peek-polls", "a peek polls every 5 ms", &posix::WAITPID_SLEEPS_UNDISTURBED)
        .before_request(track_handlers)
        .call(|w, r| polls(w, r, r.has(WNOWAIT))),
    // Only for children at the gate: elsewhere it would be a matter of luck. The window is wide enough that no load hides it: a
    // runnable child may have to wait for a CPU.
    blind(
        "wake-up-lost-in-250-ms",
        "a child that dies within 250 ms after a wait has checked for it does not wake that wait",
        &posix::WAITPID_NO_LOST_WAKE_UP,
    )
    .after_reply(|w, request, reply| {
        if let ("gated", Ok(pid)) = (request.word(), reply.number("pid")) {
            w.insert(pid, 1);
        }
    })
    .call(|w, r| {
        // The last child created at a gate, until it is dead.
        let meant = w.any_entry().is_some() && r.pid().is_none_or(|pid| w.lookup(pid).is_some());
        if meant && r.blocks() && w.peek(r).is_none() {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(250) {
                if w.peek(r).is_some() {
                    block_forever();
                }
            }
        }
        w.real(r)
    }),
    blind(
        "no-cancellation-point",
        "a thread that sleeps in a wait cannot be cancelled",
        &posix::WAIT_CANCELLATION_POINT,
    )
    .before_request(|_, line| {
        if line.word() == "cancel" {
            *line = Line::new("sigpending").with("id", line.id().unwrap_or_default());
        }
    }),
    blind(
        "cancelled-wait-loses-child",
        "a wait whose thread was cancelled still reaps the child",
        &posix::WAIT_CANCELLED_REAPS_NOTHING,
    )
    .before_request(|w, line| {
        if line.word() == "cancel" {
            w.swap(1);
        }
    })
    .call(|w, r| {
        if w.value() == 1
            && let Some((pid, _)) = w.peek(r)
        {
            w.reap(pid);
        }
        w.real(r)
    }),
];
