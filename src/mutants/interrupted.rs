//! Signals that come during a call.

use super::edit::{ObservationEdit, RequestView};
use super::inner::{Wrapped, error};
use super::mutant::{Mutant, blind, made_for, seen_in};
use crate::protocol::Line;
use crate::spec::posix;
use crate::sys::signal::{self, Action, Flags};
use libc::{ECHILD, EINTR, WNOHANG};

/// Whether a request sets what a signal does, to that.
fn sets(line: &Line, action: &str) -> bool {
    line.word() == "sigaction" && line.get("do").as_deref() == Some(action)
}

/// Catches a signal, without SA_RESTART: calls end with EINTR.
fn catch(signal: i32) {
    let _ = signal::set_action(signal, Action::Count, Flags::default());
}

/// Catches a signal before the first request.
fn catch_first(w: &Wrapped, signal: i32) {
    if w.turn() == 1 {
        catch(signal);
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("eintr-swallowed", "a handler without SA_RESTART does not end the wait", &posix::WAITPID_EINTR)
        .call(|w, r| {
            loop {
                let seen = w.real(r)?;
                if seen.errno() != Some(EINTR) {
                    return Ok(seen);
                }
            }
        }),
    blind("eintr-reaps", "EINTR is returned and the child is gone", &posix::WAITPID_EINTR_KEEPS_CHILD).call(
        |w, r| {
            let seen = w.real(r)?;
            if seen.errno() == Some(EINTR) {
                // Not ready yet: the next call finds it, and keeps it for itself.
                w.remember(1);
            } else if w.remembered() == 1 && seen.is_termination() {
                w.remember(0);
                return Ok(error(r, ECHILD));
            }
            Ok(seen)
        },
    ),
    blind("restart-is-eintr", "SA_RESTART is ignored: EINTR", &posix::WAITPID_RESTART).edit_request(
        |_, line| {
            if line.word() == "sigaction" && line.flag("restart") {
                line.set("restart", "no");
            }
        },
    ),
    blind("restart-waits-for-any", "after SA_RESTART the wait goes on with pid -1", &posix::WAITPID_RESTART)
        .edit_request(|w, line| {
            if line.word() == "sigaction" && line.flag("restart") {
                line.set("restart", "no");
                w.remember(1);
            }
        })
        .call(|w, r| {
            let mut seen = w.real(r)?;
            while seen.errno() == Some(EINTR) && w.remembered() == 1 {
                seen = w.real(&r.any())?;
            }
            Ok(seen)
        }),
    blind(
        "ignored-signal-eintr",
        "an ignored signal ends the wait with EINTR",
        &posix::WAITPID_IGNORED_SIGNAL,
    )
    .edit_request(|_, line| {
        if sets(line, "ignore") && line.get("sig").as_deref() != Some("SIGCHLD") {
            line.set("do", "count");
        }
    }),
    blind("masked-signal-eintr", "a blocked signal ends the wait with EINTR", &posix::WAITPID_MASKED_SIGNAL)
        .edit_request(|_, line| {
            if line.word() == "sigprocmask" && line.get("sig").as_deref() != Some("SIGCHLD") {
                line.set("how", "unblock");
            }
        }),
    blind(
        "sigchld-default-eintr",
        "SIGCHLD of another child, default action, ends the wait with EINTR",
        &posix::WAITPID_DEFAULT_SIGCHLD,
    )
    .edit_request(|w, line| {
        catch_first(w, libc::SIGCHLD);
        if sets(line, "default") && line.get("sig").as_deref() == Some("SIGCHLD") {
            line.set("do", "count");
        }
    })
    .call(|w, r| {
        // Not that of its own child: what is ready is reported.
        let seen = w.real(r)?;
        if seen.errno() != Some(EINTR) {
            return Ok(seen);
        }
        w.then(&r.with(WNOHANG), |now| {
            if now.is_nothing() {
                *now = seen;
            }
        })
    }),
    blind(
        "stopped-waiter-eintr",
        "a waiter that was stopped and continued gets EINTR",
        &posix::WAITPID_STOPPED_WAITER,
    )
    .edit_request(|w, _| catch_first(w, libc::SIGCONT)),
    seen_in(
        "rust#159855",
        "eintr-from-waitid-only",
        "waitid swallows EINTR, the other calls do not",
        &posix::WAITID_EINTR,
    )
    .call(|w, r| {
        loop {
            let seen = w.real(r)?;
            if seen.errno() != Some(EINTR) || !r.is_by_id() {
                return Ok(seen);
            }
        }
    }),
    made_for(
        "waitid-eintr-loses-child",
        "after EINTR waitid does not find the child any more",
        &posix::WAITID_EINTR_KEEPS_CHILD,
    )
    .call(|w, r| {
        if r.is_by_id() && w.remembered() == 1 {
            return Ok(error(r, ECHILD));
        }
        w.then(r, |seen| {
            if seen.errno() == Some(EINTR) {
                w.remember(1);
            }
        })
    }),
    made_for(
        "eintr-zeroes-status",
        "a call that a signal ended stores 0 in the status",
        &crate::spec::linux::WAIT_ERROR_WRITES_NOTHING,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if seen.errno() == Some(EINTR) && seen.status == crate::sys::call::abi::Memory::Untouched {
                seen.status = crate::sys::call::abi::Memory::Wrote(0);
            }
        })
    }),
];
