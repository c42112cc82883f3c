//! Waiting in several threads, and multithreaded children.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, exited, is_termination, option};
use crate::mutants::calls::inner::{Inner, block_forever, error, finds_nothing, report};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::spec::{linux, posix};
use crate::sys::call::abi::Request;
use crate::sys::process;
use crate::sys::process_table::{self, State};
use libc::ECHILD;

/// Whether the call will block: there are children, but none is ready.
fn will_block(w: &Inner, r: &Request) -> bool {
    r.blocks() && w.has_children() && w.peek(r).is_none()
}

/// A child whose initial thread has exited while others run.
fn with_dead_leader(w: &Inner, r: &Request) -> Option<i64> {
    let selected = |pid: &i64| r.pid().is_none_or(|p| p == *pid);
    let leaderless = |pid: &i64| {
        let process = process_table::read(*pid as i32).ok().flatten();
        process.is_some_and(|p| p.state == State::Zombie && p.threads.is_some_and(|n| n > 1))
    };
    w.children().into_iter().filter(selected).find(leaderless)
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "loser-hangs",
        "the second of two waiters on a pid is never woken",
        &posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP,
    )
    .call(|w, r| {
        let blocked = will_block(w, r);
        let seen = w.real(r)?;
        if blocked && seen.errno() == Some(ECHILD) && w.lookup(r.pid().unwrap_or(0)).is_some() {
            block_forever();
        }
        if let (Some(pid), true) = (seen.child(), seen.is_termination()) {
            w.insert(pid, 1);
        }
        Ok(seen)
    }),
    blind("both-win", "two waiters on a pid both return it", &posix::WAITPID_ONE_WAITER_WINS).call(|w, r| {
        let blocked = will_block(w, r);
        let seen = w.real(r)?;
        if let (Some(pid), Some(word), true) = (seen.child(), seen.word(), seen.is_termination()) {
            w.insert(pid, word.into());
        }
        if !(blocked && seen.errno() == Some(ECHILD)) {
            return Ok(seen);
        }
        // The other thread may not have recorded yet which child it reaped.
        for _ in 0..1000 {
            let taken = match r.pid() {
                Some(pid) => w.lookup(pid).map(|word| (pid, word)),
                None => w.any_entry(),
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
        "waitpid(-1) finds nothing while another thread waits for a pid",
        &posix::WAITPID_ANY_WITH_BY_PID_WAITER,
    )
    .call(|w, r| {
        if r.is_any() && w.value() > 0 {
            return finds_nothing(r);
        }
        if r.pid().is_none() || !r.blocks() {
            return w.real(r);
        }
        w.add(1);
        let seen = w.real(r);
        w.add(-1);
        seen
    }),
    blind(
        "main-thread-only",
        "threads other than the initial one fail with ECHILD",
        &posix::WAITPID_ANY_THREAD,
    )
    .call(|w, r| if process::thread_id() == process::pid() { w.real(r) } else { Ok(error(r, ECHILD)) }),
    blind(
        "leader-exit-is-exit",
        "the exit of the initial thread is reported as the exit of the child",
        &posix::THREADS_INITIAL_THREAD_EXITS_FIRST,
    )
    .call(|w, r| match with_dead_leader(w, r) {
        Some(pid) => Ok(report(r, pid, exited(0))),
        None => w.real(r),
    }),
    blind(
        "leader-exit-ends-group-wait",
        "a wait for a group reports the exit of the initial thread as that of the child",
        &posix::THREADS_INITIAL_THREAD_EXITS_FIRST,
    )
    .call(|w, r| match with_dead_leader(w, r) {
        Some(pid) if r.group().is_some() => Ok(report(r, pid, exited(0))),
        _ => w.real(r),
    }),
    blind(
        "leader-exit-ends-peek",
        "a peek reports the exit of the initial thread as that of the child",
        &posix::THREADS_INITIAL_THREAD_EXITS_FIRST,
    )
    .call(|w, r| match with_dead_leader(w, r) {
        Some(pid) if r.has(libc::WNOWAIT) => Ok(report(r, pid, exited(0))),
        _ => w.real(r),
    }),
    blind(
        "leader-code-wins",
        "the exit code of the initial thread overrides that of exit_group",
        &linux::THREADS_EXIT_GROUP_CODE,
    )
    .call(|w, r| {
        if let Some(pid) = with_dead_leader(w, r) {
            w.insert(pid, 1);
        }
        w.map(r, |seen| {
            if seen.is_termination() && seen.child().is_some_and(|pid| w.lookup(pid).is_some()) {
                seen.set_word(exited(0));
            }
        })
    }),
    blind(
        "creator-exit-orphans",
        "a child is lost when the thread that created it exits",
        &posix::THREADS_CREATOR_EXITS,
    )
    .before_request(|w, line| {
        if line.word() == "exit-thread" {
            w.swap(line.number("thread").unwrap_or(0));
        }
    })
    .after_reply(|w, line, reply| {
        if let ("spawn", Ok(Some(thread)), Ok(pid)) =
            (line.word(), line.number_opt("thread"), reply.number("pid"))
        {
            w.insert(pid, thread);
        }
    })
    .call(|w, r| {
        let lost = |pid: i64| w.value() != 0 && w.lookup(pid) == Some(w.value());
        if w.children().into_iter().any(lost) { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    from_bug(
        "phoenix-rtos-kernel#793",
        "waiters-not-woken-by-last-reap",
        "a blocked any-child wait is not woken when another thread reaps the last child",
        &posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP,
    )
    .call(|w, r| {
        let blocked = r.is_any() && will_block(w, r);
        let seen = w.real(r)?;
        if blocked && seen.errno() == Some(ECHILD) { block_forever() } else { Ok(seen) }
    }),
    from_catalogue(
        "single-waiter-only",
        "a second thread that would block fails with ECHILD",
        &posix::WAITPID_WAITERS_SHARE,
    )
    .call(|w, r| {
        if !will_block(w, r) {
            return w.real(r);
        }
        let first = w.add(1) == 1;
        let seen = if first { w.real(r) } else { Ok(error(r, ECHILD)) };
        w.add(-1);
        seen
    }),
    from_catalogue(
        "group-kill-is-exit",
        "the death of a multithreaded child is reported as exit 0",
        &posix::THREADS_KILLED_ONCE,
    )
    .call(|w, r| {
        for pid in w.children() {
            if process_table::threads(pid as i32).len() > 1 {
                w.insert(pid, 1);
            }
        }
        w.map(r, |seen| {
            if seen.word().is_some_and(is_termination)
                && seen.child().is_some_and(|pid| w.lookup(pid).is_some())
            {
                seen.set_word(exited(0));
            }
        })
    }),
    from_catalogue(
        "multithreaded-child-reported-early",
        "a call that would block on a multithreaded child reports it as exited",
        &posix::THREADS_EXEC,
    )
    .call(|w, r| {
        let threaded = |pid: &i64| process_table::threads(*pid as i32).len() > 1;
        match w.children().into_iter().find(threaded) {
            Some(pid) if will_block(w, r) => Ok(report(r, pid, exited(0))),
            _ => w.real(r),
        }
    }),
    from_catalogue(
        "third-party-tracer-echild",
        "a call that would block fails with ECHILD while another process traces a child",
        &linux::PTRACE_TRACER_FIRST,
    )
    .call(|w, r| {
        let others = |pid: &i64| {
            let process = process_table::read(*pid as i32).ok().flatten();
            process.and_then(|p| p.tracer).is_some_and(|tracer| tracer != process::pid())
        };
        if will_block(w, r) && w.children().iter().any(others) { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    from_catalogue(
        "first-block-echild",
        "an any-child wait that would block right after a fork fails with ECHILD",
        &linux::THREADS_EXEC_NO_SPURIOUS_WAKE,
    )
    .after_reply(crate::mutants::calls::results::info::track_spawn)
    .call(|w, r| {
        let first = w.swap(0) == 1 && r.is_any() && r.options & !libc::WEXITED == 0;
        if first && will_block(w, r) { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    from_catalogue(
        "wnothread-finds-none",
        "__WNOTHREAD finds no children at all",
        &linux::THREADS_WNOTHREAD_OWN,
    )
    .call(|w, r| if r.has(option("__WNOTHREAD")) { Ok(error(r, ECHILD)) } else { w.real(r) }),
    from_catalogue(
        "children-per-thread",
        "a thread finds only the children that it created itself",
        &linux::THREADS_SHARE_CHILDREN,
    )
    .call(|w, r| w.real(&r.with(option("__WNOTHREAD")))),
    blind(
        "fork-inherits-children",
        "a forked child can wait for its siblings",
        &posix::FORK_CHILD_HAS_NO_CHILDREN,
    )
    .before_request(|w, _| {
        w.swap(process::pid().into());
    })
    .call(|w, r| match w.children().first() {
        Some(sibling) if w.value() != i64::from(process::pid()) => Ok(report(r, *sibling, exited(7))),
        _ => w.real(r),
    }),
];
