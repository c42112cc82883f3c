//! Waits that are late, or that look now and then instead of sleeping.

use super::edit::{ObservationExt, RequestExt};
use super::inner::{CallResult, Inner, block_forever};
use super::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::posix;
use crate::sys::call::abi::Request;
use libc::{WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED};
use std::time::{Duration, Instant};

/// Reports a change only at the end of a period of that length, counted from the call on.
fn late(w: &Inner, request: &Request, period: Duration) -> CallResult {
    let began = Instant::now();
    if request.blocks() && w.peek(request).is_none() {
        // Until the change, or a signal.
        let changed = w.waitid(request, WEXITED | WNOWAIT | (request.options & (WSTOPPED | WCONTINUED)));
        if changed.is_some() {
            let over = began.elapsed().as_nanos() % period.as_nanos();
            std::thread::sleep(period - Duration::from_nanos(over as u64));
        }
    }
    w.real(request)
}

/// Whether the agent has set the action of a signal: a poller would not see it.
fn track_handlers(w: &Inner, line: &mut Line) {
    if line.word() == "sigaction" {
        w.swap(1);
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    // A longer period than the clause can see, so that no load hides it.
    blind(
        "looks-every-200-ms",
        "a wait that sleeps returns only every 200 ms",
        &posix::WAITPID_WAKES_PROMPTLY,
    )
    .call(|w, r| late(w, r, Duration::from_millis(200))),
    blind(
        "polls-every-5-ms",
        "a wait looks every 5 ms whether a child is ready",
        &posix::WAITPID_SLEEPS_UNDISTURBED,
    )
    .before_request(track_handlers)
    .call(|w, r| {
        loop {
            let seen = w.real(&if r.blocks() && w.value() == 0 { r.with(WNOHANG) } else { *r })?;
            if !(r.blocks() && w.value() == 0 && seen.is_nothing()) {
                return Ok(seen);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }),
    // Of children at the gate only: elsewhere it would be luck. Wide enough that no load hides it: a child that is ready to
    // run waits for its turn.
    blind(
        "wake-up-lost-in-250-ms",
        "a child that dies within 250 ms after a wait has looked for it does not wake that wait",
        &posix::WAITPID_NO_LOST_WAKE_UP,
    )
    .after_reply(|w, request, reply| {
        if let ("gated", Ok(pid)) = (request.word(), reply.number("pid")) {
            w.insert(pid, 1);
        }
    })
    .call(|w, r| {
        // The last child that was made at a gate, until it is dead.
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
        "a wait in which its thread was cancelled reaps the child all the same",
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
