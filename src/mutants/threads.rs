//! Several threads that wait, and children with several threads.

use super::edit::{ObservationEdit, RequestView, exited, is_termination};
use super::inner::{Wrapped, error, never, nothing, report};
use super::mutant::{Mutant, blind, made_for, seen_in};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Request;
use crate::sys::process;
use crate::sys::process_table::{self, State};
use libc::ECHILD;

/// The call that sleeps, and whether it did: nothing was ready before it.
fn slept(w: &Wrapped, r: &Request) -> bool {
    r.blocks() && w.has_children() && w.look(r).is_none()
}

/// A child whose first thread ended while others run.
fn without_leader(w: &Wrapped, r: &Request) -> Option<i64> {
    let means = |pid: &i64| r.pid().is_none_or(|p| p == *pid);
    let leaderless = |pid: &i64| {
        let process = process_table::read(*pid as i32).ok().flatten();
        process.is_some_and(|p| p.state == State::Zombie && p.threads.is_some_and(|n| n > 1))
    };
    w.born().into_iter().filter(means).find(leaderless)
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "loser-hangs",
        "the second of two waiters for one pid never wakes",
        &posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP,
    )
    .call(|w, r| {
        let slept = slept(w, r);
        let seen = w.real(r)?;
        if slept && seen.errno() == Some(ECHILD) && w.kept(r.pid().unwrap_or(0)).is_some() {
            never();
        }
        if let (Some(pid), true) = (seen.child(), seen.is_termination()) {
            w.keep(pid, 1);
        }
        Ok(seen)
    }),
    blind("both-win", "both waiters for one pid return it", &posix::WAITPID_ONE_WAITER_WINS).call(|w, r| {
        let slept = slept(w, r);
        let seen = w.real(r)?;
        if let (Some(pid), Some(word), true) = (seen.child(), seen.word(), seen.is_termination()) {
            w.keep(pid, word.into());
        }
        if !(slept && seen.errno() == Some(ECHILD)) {
            return Ok(seen);
        }
        // The other thread may not have told yet whom it took.
        for _ in 0..1000 {
            let taken = match r.pid() {
                Some(pid) => w.kept(pid).map(|word| (pid, word)),
                None => w.any_kept(),
            };
            if let Some((pid, word)) = taken {
                return Ok(report(r, pid, word as i32));
            }
            std::thread::yield_now();
        }
        Ok(seen)
    }),
    blind(
        "any-starved",
        "waitpid(-1) finds nothing while another thread sleeps for a pid",
        &posix::WAITPID_ANY_WITH_BY_PID_WAITER,
    )
    .call(|w, r| {
        if r.is_any() && w.remembered() > 0 {
            return if r.blocks() { never() } else { Ok(nothing(r)) };
        }
        if r.pid().is_none() || !r.blocks() {
            return w.real(r);
        }
        w.add(1);
        let seen = w.real(r);
        w.add(-1);
        seen
    }),
    blind("main-thread-only", "threads other than the first get ECHILD", &posix::WAITPID_ANY_THREAD).call(
        |w, r| {
            if process::thread_id() == process::pid() { w.real(r) } else { Ok(error(r, ECHILD)) }
        },
    ),
    blind(
        "leader-exit-is-exit",
        "the end of the initial thread is reported as the end of the child",
        &posix::THREADS_INITIAL_THREAD_EXITS_FIRST,
    )
    .call(|w, r| match without_leader(w, r) {
        Some(pid) => Ok(report(r, pid, exited(0))),
        None => w.real(r),
    }),
    blind(
        "leader-code-wins",
        "the code of the initial thread hides that of exit_group",
        &linux::THREADS_EXIT_GROUP_CODE,
    )
    .call(|w, r| {
        if let Some(pid) = without_leader(w, r) {
            w.keep(pid, 1);
        }
        w.then(r, |seen| {
            if seen.is_termination() && seen.child().is_some_and(|pid| w.kept(pid).is_some()) {
                seen.set_word(exited(0));
            }
        })
    }),
    blind(
        "creator-exit-orphans",
        "a child is lost when the thread that created it ends",
        &posix::THREADS_CREATOR_EXITS,
    )
    .edit_request(|w, line| {
        if line.word() == "exit-thread" {
            w.remember(line.number("thread").unwrap_or(0));
        }
    })
    .edit_reply(|w, line, reply| {
        if let ("spawn", Ok(Some(thread)), Ok(pid)) =
            (line.word(), line.number_opt("thread"), reply.number("pid"))
        {
            w.keep(pid, thread);
        }
    })
    .call(|w, r| {
        let lost = |pid: i64| w.remembered() != 0 && w.kept(pid) == Some(w.remembered());
        if w.born().into_iter().any(lost) { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    seen_in(
        "phoenix-rtos-kernel#793",
        "waiters-not-woken-by-last-reap",
        "a sleeping any-child wait is not woken when another thread takes the last child",
        &posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP,
    )
    .call(|w, r| {
        let slept = r.is_any() && slept(w, r);
        let seen = w.real(r)?;
        if slept && seen.errno() == Some(ECHILD) { never() } else { Ok(seen) }
    }),
    made_for(
        "single-waiter-only",
        "a second thread that would sleep gets ECHILD",
        &posix::WAITPID_WAITERS_SHARE,
    )
    .call(|w, r| {
        if !slept(w, r) {
            return w.real(r);
        }
        let first = w.add(1) == 1;
        let seen = if first { w.real(r) } else { Ok(error(r, ECHILD)) };
        w.add(-1);
        seen
    }),
    made_for(
        "group-kill-is-exit",
        "the death of a child with threads is reported as exit 0",
        &posix::THREADS_KILLED_ONCE,
    )
    .call(|w, r| {
        for pid in w.born() {
            if process_table::threads(pid as i32).len() > 1 {
                w.keep(pid, 1);
            }
        }
        w.then(r, |seen| {
            if seen.word().is_some_and(is_termination)
                && seen.child().is_some_and(|pid| w.kept(pid).is_some())
            {
                seen.set_word(exited(0));
            }
        })
    }),
    made_for(
        "multithreaded-child-reported-early",
        "a call that sleeps for a child with several threads reports it at once as exited",
        &posix::THREADS_EXEC,
    )
    .call(|w, r| {
        let threaded = |pid: &i64| process_table::threads(*pid as i32).len() > 1;
        match w.born().into_iter().find(threaded) {
            Some(pid) if slept(w, r) => Ok(report(r, pid, exited(0))),
            _ => w.real(r),
        }
    }),
    made_for(
        "third-party-tracer-echild",
        "a call that would sleep fails with ECHILD while another process traces a child",
        &linux::PTRACE_TRACER_FIRST,
    )
    .call(|w, r| {
        let others = |pid: &i64| {
            let process = process_table::read(*pid as i32).ok().flatten();
            process.and_then(|p| p.tracer).is_some_and(|tracer| tracer != process::pid())
        };
        if slept(w, r) && w.born().iter().any(others) { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    made_for(
        "first-block-echild",
        "a call for any child that would sleep right after a fork fails with ECHILD",
        &linux::THREADS_EXEC_NO_SPURIOUS_WAKE,
    )
    .edit_reply(super::info::note_spawn)
    .call(|w, r| {
        let first = w.remember(0) == 1 && r.is_any() && r.options & !libc::WEXITED == 0;
        if first && slept(w, r) { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    made_for("wnothread-finds-none", "__WNOTHREAD finds no child at all", &linux::THREADS_WNOTHREAD_OWN)
        .call(|w, r| {
            let bit = crate::wait::names::option("__WNOTHREAD").unwrap_or(0);
            if r.has(bit) { Ok(error(r, ECHILD)) } else { w.real(r) }
        }),
    made_for(
        "children-per-thread",
        "a thread finds only children that it made itself",
        &linux::THREADS_SHARE_CHILDREN,
    )
    .call(|w, r| {
        let bit = crate::wait::names::option("__WNOTHREAD").unwrap_or(0);
        w.real(&r.with(bit))
    }),
    blind(
        "fork-inherits-children",
        "a forked child may wait for its siblings",
        &posix::FORK_CHILD_HAS_NO_CHILDREN,
    )
    .edit_request(|w, _| {
        w.remember(process::pid().into());
    })
    .call(|w, r| match w.born().first() {
        Some(sibling) if w.remembered() != i64::from(process::pid()) => Ok(report(r, *sibling, exited(7))),
        _ => w.real(r),
    }),
];
