//! Signals that arrive during a call.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, is_termination};
use crate::mutants::calls::inner::{CallResult, Inner, block_forever, error, take_restart};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::signal_lines::{sets_action, sets_any_to, sets_to};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::spec::posix;
use crate::sys::call::abi::Request;
use crate::sys::signal::{self, Action, Flags};
use libc::{ECHILD, EINTR, WCONTINUED, WNOHANG, WNOWAIT, WSTOPPED};

/// Catches a signal without SA_RESTART: calls fail with EINTR.
fn catch(signal: i32) {
    let _ = signal::set_action(signal, Action::Count, Flags::default());
}

/// Catches a signal before the first request.
fn catch_on_first_request(w: &Inner, signal: i32) {
    if w.count() == 1 {
        catch(signal);
    }
}

/// Repeats such a call when a handler has interrupted it.
pub(crate) fn swallows_eintr(w: &Inner, r: &Request, such: bool) -> CallResult {
    loop {
        let seen = w.real(r)?;
        if !such || seen.errno() != Some(EINTR) {
            return Ok(seen);
        }
    }
}

/// Such a call that fails with EINTR consumes these events of its target.
fn eintr_consumes(w: &Inner, r: &Request, such: bool, events: i32) -> CallResult {
    let seen = w.real(r)?;
    if such && seen.errno() == Some(EINTR) {
        w.waitid(r, events | WNOHANG);
    }
    Ok(seen)
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "eintr-consumes-stop",
        "a wait that fails with EINTR consumes a stop that it was not asked for",
        &posix::WAITPID_EINTR_KEEPS_CHILD,
    )
    .call(|w, r| eintr_consumes(w, r, r.is_any(), WSTOPPED)),
    blind(
        "eintr-consumes-continue",
        "a wait by pid that fails with EINTR consumes a continue that it was not asked for",
        &posix::WAITPID_EINTR_KEEPS_CHILD,
    )
    .call(|w, r| eintr_consumes(w, r, r.pid().is_some(), WCONTINUED)),
    blind(
        "group-eintr-consumes-stop",
        "a wait for a group that fails with EINTR consumes a stop that it was not asked for",
        &posix::WAITPID_EINTR_KEEPS_CHILD,
    )
    .call(|w, r| eintr_consumes(w, r, r.group().is_some(), WSTOPPED)),
    blind(
        "pidfd-eintr-consumes-stop",
        "a wait on a pidfd that fails with EINTR consumes a stop that it was not asked for",
        &posix::WAITID_EINTR_KEEPS_CHILD,
    )
    .call(|w, r| eintr_consumes(w, r, by_pidfd(r), WSTOPPED)),
    blind(
        "eintr-drains-the-stops-of-others",
        "a wait by pid that fails with EINTR consumes the stops of other children",
        &posix::WAITPID_EINTR_KEEPS_CHILD,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if seen.errno() == Some(EINTR) && r.pid().is_some() {
            w.waitid(&r.with_any(), WSTOPPED | WNOHANG);
        }
        Ok(seen)
    }),
    blind(
        "interrupted-peek-takes-the-next-stop",
        "the stop after an interrupted peek is lost",
        &posix::WAITID_EINTR_KEEPS_CHILD,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if seen.errno() == Some(EINTR) && r.has(WNOWAIT) {
            w.swap(1);
        } else if seen.is_stop() && w.swap(0) == 1 {
            return w.real(r);
        }
        Ok(seen)
    }),
    blind(
        "eintr-swallowed",
        "a handler without SA_RESTART does not interrupt the wait",
        &posix::WAITPID_EINTR,
    )
    .call(|w, r| swallows_eintr(w, r, true)),
    blind("eintr-reaps", "a wait that fails with EINTR loses the child", &posix::WAITPID_EINTR_KEEPS_CHILD)
        .call(|w, r| {
            let seen = w.real(r)?;
            if seen.errno() == Some(EINTR) {
                // The child is still running: the next call reaps it without reporting it.
                w.swap(1);
            } else if w.value() == 1 && seen.is_termination() {
                w.swap(0);
                return Ok(error(r, ECHILD));
            }
            Ok(seen)
        }),
    blind("restart-is-eintr", "a wait fails with EINTR despite SA_RESTART", &posix::WAITPID_RESTART)
        .before_request(take_restart),
    blind(
        "restart-waits-for-any",
        "a wait restarted by SA_RESTART continues with pid -1",
        &posix::WAITPID_RESTART,
    )
    .before_request(take_restart)
    .call(|w, r| {
        let mut seen = w.real(r)?;
        while seen.errno() == Some(EINTR) && w.value() == 1 {
            seen = w.real(&r.with_any())?;
        }
        Ok(seen)
    }),
    blind(
        "restart-misses-event",
        "a wait restarted by SA_RESTART misses a stop or a continue that occurred before the restart",
        &posix::WAIT_RESTART_FINDS_EVENT,
    )
    .before_request(take_restart)
    .call(|w, r| {
        let mut seen = w.real(r)?;
        while seen.errno() == Some(EINTR) && w.value() == 1 {
            if w.peek(r).is_some_and(|(_, word)| !is_termination(word)) {
                block_forever();
            }
            seen = w.real(r)?;
        }
        Ok(seen)
    }),
    blind(
        "ignored-signal-eintr",
        "an ignored signal interrupts the wait with EINTR",
        &posix::WAITPID_IGNORED_SIGNAL,
    )
    .before_request(|_, line| {
        if sets_any_to(line, "ignore") && !sets_action(line) {
            line.set("do", "count");
        }
    }),
    blind(
        "masked-signal-eintr",
        "a blocked signal interrupts the wait with EINTR",
        &posix::WAITPID_MASKED_SIGNAL,
    )
    .before_request(|_, line| {
        if line.word() == "sigprocmask" && line.get("sig").as_deref() != Some("SIGCHLD") {
            line.set("how", "unblock");
        }
    }),
    blind(
        "sigchld-default-eintr",
        "another child's SIGCHLD at its default action interrupts the wait with EINTR",
        &posix::WAITPID_DEFAULT_SIGCHLD,
    )
    .before_request(|w, line| {
        catch_on_first_request(w, libc::SIGCHLD);
        if sets_to(line, "default") {
            line.set("do", "count");
        }
    })
    .call(|w, r| {
        // Only for another child: a matching one that is ready is still reported.
        let seen = w.real(r)?;
        if seen.errno() != Some(EINTR) {
            return Ok(seen);
        }
        w.map(&r.with(WNOHANG), |now| {
            if now.is_nothing() {
                *now = seen;
            }
        })
    }),
    blind(
        "stopped-waiter-eintr",
        "a wait fails with EINTR after the waiter is stopped and continued",
        &posix::WAITPID_STOPPED_WAITER,
    )
    .before_request(|w, _| catch_on_first_request(w, libc::SIGCONT)),
    from_bug(
        "rust#159855",
        "eintr-from-waitid-only",
        "waitid swallows EINTR, unlike the other calls",
        &posix::WAITID_EINTR,
    )
    .call(|w, r| swallows_eintr(w, r, r.uses_idtype())),
    from_catalogue(
        "waitid-eintr-loses-child",
        "waitid fails with ECHILD once it has failed with EINTR",
        &posix::WAITID_EINTR_KEEPS_CHILD,
    )
    .call(|w, r| {
        if r.uses_idtype() && w.value() == 1 {
            return Ok(error(r, ECHILD));
        }
        w.map(r, |seen| {
            if seen.errno() == Some(EINTR) {
                w.swap(1);
            }
        })
    }),
    from_catalogue(
        "eintr-zeroes-status",
        "a call that fails with EINTR stores status 0",
        &crate::spec::linux::WAIT_ERROR_WRITES_NOTHING,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.errno() == Some(EINTR) && seen.status == crate::sys::call::abi::Memory::Untouched {
                seen.status = crate::sys::call::abi::Memory::Wrote(0);
            }
        })
    }),
    blind(
        "own-sigchld-eintr",
        "a wait fails with EINTR if the SIGCHLD of its own child runs a handler without SA_RESTART",
        &crate::spec::linux::WAIT_OWN_SIGCHLD,
    )
    .before_request(|w, line| {
        if line.word() == "sigaction" && line.get("sig").as_deref() == Some("SIGCHLD") {
            w.swap(i64::from(line.get("do").as_deref() == Some("count") && !line.flag("restart")));
        }
    })
    .call(|w, r| {
        let asleep = w.value() == 1 && r.blocks() && w.peek(r).is_none() && w.has_children();
        if !asleep {
            return w.real(r);
        }
        // Sleep until the change, which the next call finds.
        let events = libc::WEXITED | (r.options & (libc::WSTOPPED | libc::WCONTINUED));
        let change = w.waitid(r, events | libc::WNOWAIT);
        if change.is_none() && !w.has_children() {
            return Ok(error(r, ECHILD));
        }
        Ok(error(r, EINTR))
    }),
];
