//! Waits that are late, or that look now and then instead of sleeping.

use super::edit::{ObservationExt, RequestExt};
use super::inner::{CallResult, Inner};
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
];
