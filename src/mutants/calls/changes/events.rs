//! Stops and continues: lost, duplicated, out of order, mistaken for something else.

use crate::mutants::calls::edit::{
    CONTINUED, ObservationExt, RequestExt, exited, is_termination, killed, stopped,
};
use crate::mutants::calls::inner::{Inner, block_forever, error, finds_nothing, nothing, report};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Observation, Request};
use crate::sys::process_table::{self, State};
use crate::sys::signal::{self, Action, Flags};
use libc::{ECHILD, SIGSTOP, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED, WUNTRACED};

/// Reports an event again when a call has nothing to report.
fn repeat(
    w: &Inner,
    r: &Request,
    option: i32,
    matches: fn(&Observation) -> bool,
) -> crate::mutants::calls::inner::CallResult {
    let seen = w.real(r)?;
    if matches(&seen) {
        w.insert(seen.child().unwrap_or(0), seen.word().unwrap_or(0).into());
    } else if let (true, true, Some((pid, word))) = (seen.is_nothing(), r.has(option), w.any_entry()) {
        return Ok(report(r, pid, word as i32));
    }
    Ok(seen)
}

/// A child of the agent in this state that a request may select.
fn child_in(w: &Inner, r: &Request, state: State) -> Option<i64> {
    let selected = |pid: &i64| r.pid().is_none_or(|p| p == *pid);
    let in_state = |pid: &i64| matches!(process_table::read(*pid as i32), Ok(Some(p)) if p.state == state);
    w.children().into_iter().filter(selected).find(in_state)
}

/// Whether a signal is in that mask of a process: `ShdPnd:` if it is pending, `SigCgt:` if it is caught.
fn is_in_mask(pid: i64, mask: &str, signal: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix(mask));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "no-continue-if-caught",
        "the continue of a child that catches SIGCONT is not reported",
        &posix::STATUS_CONTINUE_IF_IGNORED,
    )
    .call(|w, r| match w.peek(r) {
        Some((pid, word)) if libc::WIFCONTINUED(word) && is_in_mask(pid, "SigCgt:", libc::SIGCONT) => {
            finds_nothing(r)
        }
        _ => w.real(r),
    }),
    blind("stop-signal-zero", "WSTOPSIG is 0", &posix::STATUS_STOPPED).call(|w, r| {
        w.map(r, |seen| {
            if seen.is_stop() {
                seen.edit_status(|word| *word = 0x7f);
                seen.edit_info(|info| info.status = Some(0));
            }
        })
    }),
    blind(
        "stop-is-sigstop",
        "every stop is reported as SIGSTOP, even one by SIGTSTP",
        &posix::STATUS_STOPPED_JOB_CONTROL,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_stop() {
                seen.set_word(stopped(SIGSTOP));
            }
        })
    }),
    blind("continued-is-zero", "a continue stores status 0", &posix::STATUS_CONTINUED).call(|w, r| {
        w.map(r, |seen| {
            if seen.is_continue() {
                seen.edit_status(|word| *word = 0);
            }
        })
    }),
    blind("continued-reads-stopped", "WIFSTOPPED is also true for a continue", &posix::STATUS_ONE_PREDICATE)
        .decode(|word, view| view.stopped |= libc::WIFCONTINUED(word)),
    blind(
        "continued-reads-signaled",
        "WIFSIGNALED is also true for a continue",
        &posix::STATUS_ONE_PREDICATE,
    )
    .decode(|word, view| view.signaled |= libc::WIFCONTINUED(word)),
    blind("stop-repeats", "a stop is reported by every call", &posix::STATUS_STOP_ONCE)
        .call(|w, r| repeat(w, r, WUNTRACED, |seen| seen.is_stop())),
    blind("continue-repeats", "a continue is reported by every call", &posix::STATUS_CONTINUE_ONCE)
        .call(|w, r| repeat(w, r, WCONTINUED, |seen| seen.is_continue())),
    blind("second-stop-lost", "only the first stop of a child is reported", &posix::STATUS_EVENTS_REPEAT)
        .call(|w, r| {
            let seen = w.real(r)?;
            match seen.child() {
                Some(pid) if seen.is_stop() && w.insert(pid, 1).is_some() => w.real(r),
                _ => Ok(seen),
            }
        }),
    blind(
        "stop-queued",
        "an unreported stop is still reported after a continue",
        &posix::STATUS_CONTINUE_REPLACES_STOP,
    )
    .call(|w, r| {
        // A peek shows whether a continue followed a stop that was not reported.
        let next = w.peek_for(r, WEXITED | WSTOPPED | WCONTINUED);
        if let (Some((pid, CONTINUED)), true) = (next, r.has(WUNTRACED))
            && w.insert(pid, 1).is_none()
        {
            return Ok(report(r, pid, stopped(SIGSTOP)));
        }
        w.map(r, |seen| {
            let Some(pid) = seen.child() else { return };
            if seen.is_stop() {
                w.insert(pid, 1);
            } else {
                w.remove(pid);
            }
        })
    }),
    blind(
        "stop-before-exit",
        "an unreported stop is reported before the exit that followed it",
        &posix::STATUS_EXIT_REPLACES_ALL,
    )
    .call(|w, r| match w.peek(r) {
        // The stop can no longer be seen: every death is treated as that of a stopped child.
        Some((pid, word)) if r.has(WUNTRACED) && is_termination(word) && w.insert(pid, 1).is_none() => {
            Ok(report(r, pid, stopped(SIGSTOP)))
        }
        _ => w.real(r),
    }),
    blind(
        "stop-while-stopped",
        "SIGSTOP sent to a stopped child generates an event",
        &posix::STATUS_STOP_WHILE_STOPPED,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        match (seen.child(), child_in(w, r, State::Stopped)) {
            (Some(pid), _) if seen.is_stop() => {
                w.insert(pid, 1);
            }
            (None, Some(pid)) if seen.is_nothing() && r.has(WUNTRACED) && w.remove(pid).is_some() => {
                return Ok(report(r, pid, stopped(SIGSTOP)));
            }
            _ => {}
        }
        Ok(seen)
    }),
    blind(
        "continue-while-running",
        "SIGCONT sent to a running child generates an event",
        &posix::STATUS_CONTINUE_WHILE_RUNNING,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        match (seen.child(), child_in(w, r, State::Sleeping)) {
            (Some(pid), _) => {
                w.insert(pid, 1);
            }
            (None, Some(pid)) if seen.is_nothing() && r.has(WCONTINUED) && w.insert(pid, 1).is_none() => {
                return Ok(report(r, pid, CONTINUED));
            }
            _ => {}
        }
        Ok(seen)
    }),
    blind(
        "kill-stopped-hangs",
        "SIGKILL of a stopped child is not reported until SIGCONT",
        &posix::STATUS_KILL_WHILE_STOPPED,
    )
    .before_request(|w, _| {
        // SIGCHLD also reports stops that no wait asks for; of two at once, it reports the first.
        if w.count() == 1 {
            let restart = Flags { restart: true, ..Flags::default() };
            let _ = signal::set_action(libc::SIGCHLD, Action::Record, restart);
        }
    })
    .call(|w, r| {
        for event in signal::take_records().1 {
            if event.code == libc::CLD_STOPPED {
                w.insert(event.pid.into(), 1);
            } else if event.code == libc::CLD_CONTINUED {
                w.remove(event.pid.into());
            }
        }
        let killed = w.peek(r).filter(|(_, word)| *word == killed(libc::SIGKILL));
        match killed {
            Some((pid, _)) if w.lookup(pid).is_some() && r.blocks() => block_forever(),
            Some((pid, _)) if w.lookup(pid).is_some() => Ok(nothing(r)),
            _ => w.real(r),
        }
    }),
    blind(
        "stop-per-thread",
        "the stop of a child with N threads generates N events",
        &posix::STATUS_STOP_IS_ONE_EVENT,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if let (Some(pid), true) = (seen.child(), seen.is_stop()) {
            w.insert(pid, process_table::threads(pid as i32).len() as i64 - 1);
        } else if let (true, true, Some((pid, left))) = (seen.is_nothing(), r.has(WUNTRACED), w.any_entry())
            && left > 0
        {
            w.insert(pid, left - 1);
            return Ok(report(r, pid, stopped(SIGSTOP)));
        }
        Ok(seen)
    }),
    from_bug(
        "elks#2523",
        "stop-reported-until-continued",
        "WNOHANG with WUNTRACED reports a child for as long as it is stopped",
        &posix::STATUS_STOP_ONCE,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        match child_in(w, r, State::Stopped) {
            Some(pid) if seen.is_nothing() && r.has(WUNTRACED) => Ok(report(r, pid, stopped(SIGSTOP))),
            _ => Ok(seen),
        }
    }),
    from_bug(
        "serenity#14298",
        "continued-is-exit-zero",
        "a continue is reported as exit 0, in the siginfo too",
        &posix::STATUS_CONTINUED,
    )
    .call(|w, r| w.map_word(r, |word| if word == CONTINUED { exited(0) } else { word })),
    from_bug(
        "tgoskits#925",
        "stop-is-death",
        "a stop is reported as a death by the stop signal",
        &posix::WAITID_STOPPED,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_stop() {
                seen.set_word(killed(SIGSTOP));
            }
        })
    }),
    from_catalogue(
        "first-continue-lost",
        "the first continue is consumed without being reported",
        &posix::WAITPID_WCONTINUED_REPORTS_CONTINUE,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if seen.is_continue() && r.has(WNOHANG) && w.count() == 1 {
            return Ok(nothing(r));
        }
        Ok(seen)
    }),
    from_catalogue(
        "unrequested-continue-lost",
        "a call without WCONTINUED consumes the continue",
        &posix::WAITPID_WCONTINUED_REPORTS_CONTINUE,
    )
    .call(|w, r| {
        if !r.has(WCONTINUED) {
            w.waitid(r, WCONTINUED | WNOHANG);
        }
        w.real(r)
    }),
    from_catalogue(
        "crashes-on-stop",
        "the process aborts when there is a stop to report",
        &posix::WAITPID_WUNTRACED_REPORTS_STOP,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_stop() {
                std::process::abort();
            }
        })
    }),
    from_catalogue(
        "stopped-child-echild",
        "a stopped child is no longer treated as a child",
        &posix::WAITPID_STOP_NEEDS_WUNTRACED,
    )
    .call(|w, r| {
        let gone = !r.has(WUNTRACED) && r.pid().is_none() && child_in(w, r, State::Stopped).is_some();
        if gone && r.has(WNOHANG | WNOWAIT) { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    from_catalogue(
        "job-control-stop-lost",
        "a stop by any signal other than SIGSTOP is not reported",
        &posix::STATUS_STOPPED_JOB_CONTROL,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let other = seen.is_stop() && seen.word() != Some(stopped(SIGSTOP));
        if other { w.real(r) } else { Ok(seen) }
    }),
    from_catalogue(
        "caught-stop-reported",
        "a running child is reported once as stopped by SIGTSTP",
        &posix::STATUS_CAUGHT_STOP,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        match (seen.child(), child_in(w, r, State::Sleeping)) {
            (Some(pid), _) => {
                w.insert(pid, 1);
            }
            (None, Some(pid)) if seen.is_nothing() && r.has(WUNTRACED) && w.insert(pid, 1).is_none() => {
                return Ok(report(r, pid, stopped(libc::SIGTSTP)));
            }
            _ => {}
        }
        Ok(seen)
    }),
    blind(
        "discarded-stop-reported",
        "a stop by a blocked SIGTSTP is reported even if SIGCONT came before it was unblocked",
        &posix::STATUS_CONTINUE_DISCARDS_STOP,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        for child in w.children() {
            if is_in_mask(child, "ShdPnd:", libc::SIGTSTP) {
                w.insert(child, 1);
            } else if seen.is_nothing() && r.has(WUNTRACED) && w.remove(child).is_some() {
                return Ok(report(r, child, stopped(libc::SIGTSTP)));
            }
        }
        if let Some(pid) = seen.child() {
            w.remove(pid);
        }
        Ok(seen)
    }),
    blind(
        "continue-queued",
        "an unreported continue is still reported after a stop",
        &posix::STATUS_STOP_REPLACES_CONTINUE,
    )
    .call(|w, r| {
        // An earlier continue can no longer be seen: every stop is treated as one that followed a continue.
        let next = w.peek_for(r, WEXITED | WSTOPPED | WCONTINUED);
        match next.filter(|(_, word)| !is_termination(*word) && *word != CONTINUED) {
            Some((pid, _)) if r.has(WCONTINUED) && w.insert(pid, 1).is_none() => {
                Ok(report(r, pid, CONTINUED))
            }
            _ => w.real(r),
        }
    }),
    blind(
        "ptrace-stop-is-exit",
        "a ptrace stop is reported as an exit",
        &linux::PTRACE_STOP_WITHOUT_WUNTRACED,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_stop() && !r.has(WUNTRACED) {
                seen.set_word(exited(0));
            }
        })
    }),
    blind(
        "ptrace-event-bits-lost",
        "bits 16 to 23 of the status word are dropped",
        &linux::PTRACE_EVENT_BITS,
    )
    .call(|w, r| w.map(r, |seen| seen.edit_status(|word| *word &= 0xffff))),
    blind("vfork-not-waitable", "waiting for a vfork child fails with ECHILD", &linux::VFORK_CHILD_WAITABLE)
        .call(|w, r| {
            // Another process created it; it was reparented when that process terminated.
            let foreign = r.pid().is_some_and(|pid| !w.children().contains(&pid));
            if foreign { Ok(error(r, ECHILD)) } else { w.real(r) }
        }),
];
