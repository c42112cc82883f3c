//! Faults that affect only some kinds of children and some combinations of options: clone children, those of other threads,
//! threads of a child, `__WALL` with everything else.

use crate::mutants::calls::arguments::by_target::{exits_only, unwoken, without_usage};
use crate::mutants::calls::edit::{ObservationExt, RequestExt, exited, is_termination, option, stopped};
use crate::mutants::calls::inner::{CallResult, Inner, finds_nothing, nothing, report};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::sleeping::interrupted::swallows_eintr;
use crate::mutants::calls::usage::rusage::{credited, withhold};
use crate::mutants::mutant::{Mutant, blind};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Memory, Observation, Request};
use crate::sys::{process, process_table};
use libc::{ECHILD, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED, WUNTRACED};

/// Whether it asks for clone children.
fn for_clones(r: &Request) -> bool {
    r.has(option("__WALL") | option("__WCLONE"))
}

/// The threads of a live child other than its first.
fn threads_of(pid: i64) -> Vec<i64> {
    let threads = process_table::threads(pid as i32).into_iter();
    threads.map(|(id, _)| i64::from(id)).filter(|id| *id != pid).collect()
}

/// The child with a thread of that ID that is not its first.
pub(crate) fn owner_of_thread(w: &Inner, id: i64) -> Option<i64> {
    w.children().into_iter().find(|pid| threads_of(*pid).contains(&id))
}

/// A report also consumes such events of all other children.
fn consumes_all(w: &Inner, r: &Request, is_such: fn(&Observation) -> bool, event: i32) -> CallResult {
    let seen = w.real(r)?;
    if is_such(&seen) && !r.has(WNOWAIT) {
        while w.waitid(&r.with_any(), event | WNOHANG).is_some() {}
    }
    Ok(seen)
}

/// A thread of a live child that was seen at an earlier call and has exited since.
fn exited_thread(w: &Inner) -> Option<i64> {
    let mut gone = None;
    for pid in w.children().into_iter().filter(|pid| !process_table::is_zombie(*pid as i32)) {
        let now = threads_of(pid);
        // The threads are stored by their IDs, with that of the child.
        while let Some(id) = w.key_of(pid, |id| !now.contains(&id)) {
            w.remove(id);
            // Threads that terminated along with the process do not count.
            if process_table::read(pid as i32).is_ok_and(|found| found.is_some()) {
                gone = Some(id);
            }
        }
        for id in now {
            w.insert(id, pid);
        }
    }
    gone
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "thread-of-child-is-child",
        "a wait for any child reports a thread of a child that has exited",
        &posix::THREADS_EXIT_IS_NO_EVENT,
    )
    .call(|w, r| match exited_thread(w) {
        Some(id) if r.is_any() => Ok(report(r, id, exited(0))),
        _ => w.real(r),
    }),
    blind(
        "thread-id-finds-child",
        "a wait for the ID of a child's thread finds the child",
        &linux::THREADS_OF_CHILD_NEVER_WAITABLE,
    )
    .call(|w, r| match r.pid().and_then(|id| owner_of_thread(w, id)) {
        Some(pid) => w.real(&r.with_pid(pid)),
        None => w.real(r),
    }),
    blind(
        "wnothread-live-child-of-sibling",
        "__WNOTHREAD treats a live child of another thread as the caller's: it blocks, or returns 0",
        &linux::THREADS_WNOTHREAD_SIBLING,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let others_live = w.has_children() && w.peek(r).is_none();
        if !r.has(option("__WNOTHREAD")) || seen.errno() != Some(ECHILD) || !others_live {
            return Ok(seen);
        }
        finds_nothing(r)
    }),
    blind(
        "wnothread-stops-of-siblings",
        "__WNOTHREAD reports the stops of other threads' children",
        &linux::THREADS_WNOTHREAD_SIBLING,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let such = r.has(option("__WNOTHREAD")) && r.has(WUNTRACED) && seen.child().is_none();
        match w.peek_for(r, WSTOPPED) {
            Some(_) if such => w.real(&r.without(option("__WNOTHREAD"))),
            _ => Ok(seen),
        }
    }),
    blind(
        "wnothread-exits-only",
        "stops and continues are not reported with __WNOTHREAD",
        &linux::THREADS_WNOTHREAD_OWN,
    )
    .call(|w, r| exits_only(w, r, r.has(option("__WNOTHREAD")))),
    blind(
        "wnothread-without-usage",
        "the rusage is all zeros with __WNOTHREAD",
        &linux::THREADS_WNOTHREAD_OWN,
    )
    .call(|w, r| without_usage(w, r, r.has(option("__WNOTHREAD")))),
    blind(
        "wnothread-nohang-zero",
        "WNOHANG with __WNOTHREAD returns 0 for a zombie",
        &linux::THREADS_WNOTHREAD_OWN,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if r.has(WNOHANG) && r.has(option("__WNOTHREAD")) && seen.is_termination() {
                *seen = nothing(r);
            }
        })
    }),
    blind(
        "wnothread-swallows-eintr",
        "a handler without SA_RESTART does not interrupt a wait with __WNOTHREAD",
        &posix::WAITPID_EINTR,
    )
    .call(|w, r| swallows_eintr(w, r, r.has(option("__WNOTHREAD")))),
    blind(
        "clone-wait-swallows-eintr",
        "a handler without SA_RESTART does not interrupt a wait with __WALL or __WCLONE",
        &posix::WAITPID_EINTR,
    )
    .call(|w, r| swallows_eintr(w, r, for_clones(r))),
    blind(
        "wall-exits-only",
        "stops and continues are not reported with __WALL",
        &linux::CLONE_WALL_FINDS_ALL,
    )
    .call(|w, r| exits_only(w, r, r.has(option("__WALL")))),
    blind(
        "wclone-exits-only",
        "stops and continues are not reported with __WCLONE",
        &linux::CLONE_WCLONE_FINDS_CLONE_CHILDREN,
    )
    .call(|w, r| exits_only(w, r, r.has(option("__WCLONE")))),
    blind("wall-peek-reaps", "WNOWAIT with __WALL or __WCLONE reaps", &linux::WAITID_CLONE_OPTIONS)
        .call(|w, r| if for_clones(r) { w.real(&r.without(WNOWAIT)) } else { w.real(r) }),
    blind(
        "clone-child-without-usage",
        "the rusage is all zeros with __WALL or __WCLONE",
        &linux::RUSAGE_OF_CLONE_CHILDREN,
    )
    .call(|w, r| without_usage(w, r, for_clones(r))),
    blind("wall-nohang-blocks", "WNOHANG has no effect with __WALL", &linux::CLONE_WALL_FINDS_ALL)
        .call(|w, r| if r.has(option("__WALL")) { w.real(&r.without(WNOHANG)) } else { w.real(r) }),
    blind(
        "pidfd-finds-clone-children",
        "a wait through a pidfd finds a child without an exit signal, even without __WALL",
        &linux::CLONE_NO_EXIT_SIGNAL_SKIPPED,
    )
    .call(|w, r| {
        if by_pidfd(r) && !r.has(option("__WCLONE")) { w.real(&r.with(option("__WALL"))) } else { w.real(r) }
    }),
    blind(
        "continue-wakes-no-pidfd-waiter",
        "a continue does not wake a wait on a pidfd",
        &linux::PIDFD_WAIT_STOP_CONTINUE,
    )
    .call(|w, r| unwoken(w, r, by_pidfd(r) && r.has(WCONTINUED))),
    blind(
        "one-stop-for-all",
        "the report of a stop consumes the stops of all children",
        &posix::STATUS_EVENTS_OF_EACH_CHILD,
    )
    .call(|w, r| consumes_all(w, r, ObservationExt::is_stop, WSTOPPED)),
    blind(
        "one-continue-for-all",
        "the report of a continue consumes the continues of all children",
        &posix::STATUS_EVENTS_OF_EACH_CHILD,
    )
    .call(|w, r| consumes_all(w, r, ObservationExt::is_continue, WCONTINUED)),
    blind(
        "stop-once-for-each-call",
        "a stop that one call has reported is reported again by another",
        &posix::STATUS_CONSUMED_ONCE,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if let (Some(pid), true) = (seen.child(), seen.is_stop() && !r.has(WNOWAIT)) {
            w.insert(pid, r.call as i64);
            return Ok(seen);
        }
        match w.any_entry() {
            Some((pid, by)) if seen.is_nothing() && r.has(WUNTRACED) && by != r.call as i64 => {
                w.remove(pid);
                Ok(report(r, pid, stopped(libc::SIGSTOP)))
            }
            _ => Ok(seen),
        }
    }),
    blind(
        "stop-that-wakes-is-kept",
        "a stop that wakes a wait is reported without being consumed",
        &posix::STATUS_CONSUMED_ONCE,
    )
    .call(|w, r| {
        if !r.blocks() || !r.has(WUNTRACED) || r.has(WNOWAIT) || w.peek(r).is_some() {
            return w.real(r);
        }
        match w.waitid(r, WEXITED | WSTOPPED | WNOWAIT | (r.options & WCONTINUED)) {
            Some((pid, word)) if !is_termination(word) => Ok(report(r, pid, word)),
            _ => w.real(r),
        }
    }),
    blind(
        "credited-to-a-thread",
        "RUSAGE_CHILDREN excludes the children that a thread other than the initial one has reaped",
        &posix::RUSAGE_CHILDREN_ANY_THREAD,
    )
    .call(|w, r| {
        let other = process::thread_id() != process::pid();
        credited(w, r, |seen| other && seen.is_termination())
    })
    .after_reply(withhold),
    blind(
        "exec-loses-children-of-threads",
        "an exec in the parent loses the zombies of its threads other than the initial one",
        &posix::EXEC_KEEPS_CHILDREN_OF_THREADS,
    )
    .before_request(|w, line| {
        while let (true, Some((pid, _))) = (line.word() == "exec", w.any_entry()) {
            w.remove(pid);
            w.reap(pid);
        }
    })
    .after_reply(|w, request, reply| {
        if let ("spawn", Ok(Some(thread)), Ok(pid)) =
            (request.word(), request.number_opt("thread"), reply.number("pid"))
            && thread > 0_i64
        {
            w.insert(pid, thread);
        }
    }),
    blind(
        "sigchld-lost-with-creator",
        "no SIGCHLD is generated for the children of a thread that has exited",
        &posix::SIGCHLD_TO_PROCESS,
    )
    .before_request(|w, line| {
        if line.word() == "exit-thread" {
            w.swap(1);
        }
    })
    .after_reply(|w, request, reply| {
        if request.word() == "signals" && w.value() == 1 {
            reply.set("count", "0");
        }
    }),
    blind(
        "waitid-exits-and-stops-show-continues",
        "waitid for exits and stops reports continues, too",
        &posix::WAITID_PAIRS_OF_EVENTS,
    )
    .call(|w, r| {
        let both = r.uses_idtype() && r.has(WEXITED) && r.has(WSTOPPED);
        if both { w.real(&r.with(WCONTINUED)) } else { w.real(r) }
    }),
    blind(
        "waitid-stops-and-continues-reap",
        "waitid for stops and continues reports terminations, too",
        &posix::WAITID_PAIRS_OF_EVENTS,
    )
    .call(|w, r| {
        let both = r.uses_idtype() && r.has(WSTOPPED) && r.has(WCONTINUED);
        if both { w.real(&r.with(WEXITED)) } else { w.real(r) }
    }),
    blind(
        "peek-nohang-dirty",
        "a WNOHANG peek with nothing to report does not zero the siginfo",
        &posix::WAITID_NOHANG_ZEROES,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if r.has(WNOWAIT) && seen.is_nothing() && matches!(seen.info, Memory::Wrote(_)) {
                seen.info = Memory::Untouched;
            }
        })
    }),
];
