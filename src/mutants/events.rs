//! Stops and continues: lost, doubled, out of order, mistaken for something else.

use super::edit::{CONTINUED, ObservationEdit, RequestView, exited, is_termination, killed, stopped};
use super::inner::{Wrapped, error, never, nothing, report};
use super::mutant::{Mutant, blind, made_for, seen_in};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Observation, Request};
use crate::sys::process_table::{self, State};
use crate::sys::signal::{self, Action, Flags};
use libc::{ECHILD, SIGSTOP, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED, WUNTRACED};

/// Reports a child's event once more, where a call finds nothing.
fn repeat(w: &Wrapped, r: &Request, asked: i32, is: fn(&Observation) -> bool) -> super::inner::Answer {
    let seen = w.real(r)?;
    if is(&seen) {
        w.keep(seen.child().unwrap_or(0), seen.word().unwrap_or(0).into());
    } else if let (true, true, Some((pid, word))) = (seen.is_nothing(), r.has(asked), w.any_kept()) {
        return Ok(report(r, pid, word as i32));
    }
    Ok(seen)
}

/// Whether a child of the agent that a request may mean is in that state.
fn child_in(w: &Wrapped, r: &Request, state: State) -> Option<i64> {
    let means = |pid: &i64| r.pid().is_none_or(|p| p == *pid);
    let is = |pid: &i64| matches!(process_table::read(*pid as i32), Ok(Some(p)) if p.state == state);
    w.born().into_iter().filter(means).find(is)
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("stop-signal-zero", "WSTOPSIG is 0", &posix::STATUS_STOPPED).call(|w, r| {
        w.then(r, |seen| {
            if seen.is_stop() {
                seen.status(|word| *word = 0x7f);
                seen.info(|info| info.status = Some(0));
            }
        })
    }),
    blind("stop-is-sigstop", "every stop says SIGSTOP, SIGTSTP too", &posix::STATUS_STOPPED_JOB_CONTROL)
        .call(|w, r| {
            w.then(r, |seen| {
                if seen.is_stop() {
                    seen.set_word(stopped(SIGSTOP));
                }
            })
        }),
    blind("continued-is-zero", "a continue stores status 0", &posix::STATUS_CONTINUED).call(|w, r| {
        w.then(r, |seen| {
            if seen.is_continue() {
                seen.status(|word| *word = 0);
            }
        })
    }),
    blind(
        "continued-reads-stopped",
        "the word of a continue also satisfies WIFSTOPPED",
        &posix::STATUS_ONE_PREDICATE,
    )
    .decode(|word, view| view.stopped |= libc::WIFCONTINUED(word)),
    blind(
        "continued-reads-signaled",
        "the word of a continue also satisfies WIFSIGNALED",
        &posix::STATUS_ONE_PREDICATE,
    )
    .decode(|word, view| view.signaled |= libc::WIFCONTINUED(word)),
    blind("stop-repeats", "a stop is reported at each call", &posix::STATUS_STOP_ONCE)
        .call(|w, r| repeat(w, r, WUNTRACED, |seen| seen.is_stop())),
    blind("continue-repeats", "a continue is reported at each call", &posix::STATUS_CONTINUE_ONCE)
        .call(|w, r| repeat(w, r, WCONTINUED, |seen| seen.is_continue())),
    blind(
        "second-stop-lost",
        "only the first stop of a child's life is reported",
        &posix::STATUS_EVENTS_REPEAT,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        match seen.child() {
            Some(pid) if seen.is_stop() && w.keep(pid, 1).is_some() => w.real(r),
            _ => Ok(seen),
        }
    }),
    blind(
        "stop-queued",
        "an untaken stop is reported although a continue followed",
        &posix::STATUS_CONTINUE_REPLACES_STOP,
    )
    .call(|w, r| {
        // A continue of a child whose stop was not reported is found by looking for it.
        let next = w.look_for(r, WEXITED | WSTOPPED | WCONTINUED);
        if let (Some((pid, CONTINUED)), true) = (next, r.has(WUNTRACED))
            && w.keep(pid, 1).is_none()
        {
            return Ok(report(r, pid, stopped(SIGSTOP)));
        }
        w.then(r, |seen| {
            let Some(pid) = seen.child() else { return };
            if seen.is_stop() {
                w.keep(pid, 1);
            } else {
                w.forget(pid);
            }
        })
    }),
    blind(
        "stop-before-exit",
        "an untaken stop is reported before the exit that followed",
        &posix::STATUS_EXIT_REPLACES_ALL,
    )
    .call(|w, r| match w.look(r) {
        // Nothing tells of a stop any more: each death is taken for one of a stopped child.
        Some((pid, word)) if r.has(WUNTRACED) && is_termination(word) && w.keep(pid, 1).is_none() => {
            Ok(report(r, pid, stopped(SIGSTOP)))
        }
        _ => w.real(r),
    }),
    blind(
        "stop-while-stopped",
        "SIGSTOP to a stopped child makes an event",
        &posix::STATUS_STOP_WHILE_STOPPED,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        match (seen.child(), child_in(w, r, State::Stopped)) {
            (Some(pid), _) if seen.is_stop() => {
                w.keep(pid, 1);
            }
            (None, Some(pid)) if seen.is_nothing() && r.has(WUNTRACED) && w.forget(pid).is_some() => {
                return Ok(report(r, pid, stopped(SIGSTOP)));
            }
            _ => {}
        }
        Ok(seen)
    }),
    blind(
        "continue-while-running",
        "SIGCONT to a running child makes an event",
        &posix::STATUS_CONTINUE_WHILE_RUNNING,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        match (seen.child(), child_in(w, r, State::Sleeping)) {
            (Some(pid), _) => {
                w.keep(pid, 1);
            }
            (None, Some(pid)) if seen.is_nothing() && r.has(WCONTINUED) && w.keep(pid, 1).is_none() => {
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
    .edit_request(|w, _| {
        // SIGCHLD tells of stops that nobody waits for; of two that came together it is the first that is told.
        if w.turn() == 1 {
            let restart = Flags { restart: true, ..Flags::default() };
            let _ = signal::set_action(libc::SIGCHLD, Action::Record, restart);
        }
    })
    .call(|w, r| {
        for event in signal::take_records().1 {
            if event.code == libc::CLD_STOPPED {
                w.keep(event.pid.into(), 1);
            } else if event.code == libc::CLD_CONTINUED {
                w.forget(event.pid.into());
            }
        }
        let killed = w.look(r).filter(|(_, word)| *word == killed(libc::SIGKILL));
        match killed {
            Some((pid, _)) if w.kept(pid).is_some() && r.blocks() => never(),
            Some((pid, _)) if w.kept(pid).is_some() => Ok(nothing(r)),
            _ => w.real(r),
        }
    }),
    blind("stop-per-thread", "a child with n threads makes n stop events", &posix::STATUS_STOP_IS_ONE_EVENT)
        .call(|w, r| {
            let seen = w.real(r)?;
            if let (Some(pid), true) = (seen.child(), seen.is_stop()) {
                w.keep(pid, process_table::threads(pid as i32).len() as i64 - 1);
            } else if let (true, true, Some((pid, left))) =
                (seen.is_nothing(), r.has(WUNTRACED), w.any_kept())
                && left > 0
            {
                w.keep(pid, left - 1);
                return Ok(report(r, pid, stopped(SIGSTOP)));
            }
            Ok(seen)
        }),
    seen_in(
        "elks#2523",
        "stop-reported-until-continued",
        "a call with WUNTRACED and WNOHANG reports a child for as long as it is stopped",
        &posix::STATUS_STOP_ONCE,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        match child_in(w, r, State::Stopped) {
            Some(pid) if seen.is_nothing() && r.has(WUNTRACED) => Ok(report(r, pid, stopped(SIGSTOP))),
            _ => Ok(seen),
        }
    }),
    seen_in(
        "serenity#14298",
        "continued-is-exit-zero",
        "a continue is reported as exit 0, in a siginfo as well",
        &posix::STATUS_CONTINUED,
    )
    .call(|w, r| w.word(r, |word| if word == CONTINUED { exited(0) } else { word })),
    seen_in(
        "tgoskits#925",
        "stop-is-death",
        "a stop is reported as a death by the stop signal",
        &posix::WAITID_STOPPED,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if seen.is_stop() {
                seen.set_word(killed(SIGSTOP));
            }
        })
    }),
    made_for(
        "first-continue-lost",
        "the first continue is taken and not reported",
        &posix::WAITPID_WCONTINUED_REPORTS_CONTINUE,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if seen.is_continue() && r.has(WNOHANG) && w.turn() == 1 {
            return Ok(nothing(r));
        }
        Ok(seen)
    }),
    made_for(
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
    made_for(
        "crashes-on-stop",
        "the process dies when a stop is to be reported",
        &posix::WAITPID_WUNTRACED_REPORTS_STOP,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if seen.is_stop() {
                std::process::abort();
            }
        })
    }),
    made_for(
        "stopped-child-echild",
        "a child that was seen stopped is no child any more",
        &posix::WAITPID_STOP_NEEDS_WUNTRACED,
    )
    .call(|w, r| {
        let gone = !r.has(WUNTRACED) && r.pid().is_none() && child_in(w, r, State::Stopped).is_some();
        if gone && r.has(WNOHANG | WNOWAIT) { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    made_for(
        "job-control-stop-lost",
        "a stop by another signal than SIGSTOP is not reported",
        &posix::STATUS_STOPPED_JOB_CONTROL,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let other = seen.is_stop() && seen.word() != Some(stopped(SIGSTOP));
        if other { w.real(r) } else { Ok(seen) }
    }),
    made_for(
        "caught-stop-reported",
        "a running child is reported as stopped by SIGTSTP, once",
        &posix::STATUS_CAUGHT_STOP,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        match (seen.child(), child_in(w, r, State::Sleeping)) {
            (Some(pid), _) => {
                w.keep(pid, 1);
            }
            (None, Some(pid)) if seen.is_nothing() && r.has(WUNTRACED) && w.keep(pid, 1).is_none() => {
                return Ok(report(r, pid, stopped(libc::SIGTSTP)));
            }
            _ => {}
        }
        Ok(seen)
    }),
    blind(
        "continue-queued",
        "an untaken continue is reported although a stop followed",
        &posix::STATUS_STOP_REPLACES_CONTINUE,
    )
    .call(|w, r| {
        // Nothing tells any more whether one came before the stop: each stop is taken for one that followed a continue.
        let next = w.look_for(r, WEXITED | WSTOPPED | WCONTINUED);
        match next.filter(|(_, word)| !is_termination(*word) && *word != CONTINUED) {
            Some((pid, _)) if r.has(WCONTINUED) && w.keep(pid, 1).is_none() => Ok(report(r, pid, CONTINUED)),
            _ => w.real(r),
        }
    }),
    blind("ptrace-stop-is-exit", "a ptrace stop is reported as exit", &linux::PTRACE_STOP_WITHOUT_WUNTRACED)
        .call(|w, r| {
            w.then(r, |seen| {
                if seen.is_stop() && !r.has(WUNTRACED) {
                    seen.set_word(exited(0));
                }
            })
        }),
    blind("ptrace-event-bits-lost", "bits 16 to 23 of the status are dropped", &linux::PTRACE_EVENT_BITS)
        .call(|w, r| w.then(r, |seen| seen.status(|word| *word &= 0xffff))),
    blind("vfork-not-waitable", "a vfork child gives ECHILD", &linux::VFORK_CHILD_WAITABLE).call(|w, r| {
        // It was made by another process, and came to this one when that ended.
        let foreign = r.pid().is_some_and(|pid| !w.born().contains(&pid));
        if foreign { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
];
