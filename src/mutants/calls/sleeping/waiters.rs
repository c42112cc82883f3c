//! Sleeping calls: which of several a change wakes, which one a signal interrupts, and what only they report.

use crate::mutants::calls::arguments::by_target::sleeps;
use crate::mutants::calls::edit::{CONTINUED, ObservationExt, RequestExt, exited, is_termination};
use crate::mutants::calls::inner::{CallResult, Inner, block_forever, error, finds_nothing, report};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::sleeping::interrupted::swallows_eintr;
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Pointer, Request, Select};
use crate::sys::process_table::State;
use crate::sys::{process, process_table};
use libc::{ECHILD, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED};

/// Whether a call has children to wait for, but none to report.
fn has_to_sleep(w: &Inner, r: &Request) -> bool {
    let (idtype, id) = r.idtype_and_id();
    let look = Request {
        call: Call::Waitid,
        select: Select::Id { idtype, id },
        options: WEXITED | WNOHANG | WNOWAIT,
        status: Pointer::Null,
        rusage: Pointer::Null,
        info: Pointer::Buffer,
    };
    r.blocks() && w.real(&look).is_ok_and(|seen| seen.is_nothing())
}

/// Keeps sleeping when another thread has reaped the last child that such a call could report.
fn loser_hangs(w: &Inner, r: &Request, such: bool) -> CallResult {
    let asleep = such && w.value() == 0 && has_to_sleep(w, r);
    let seen = w.real(r)?;
    if asleep && seen.errno() == Some(ECHILD) { block_forever() } else { Ok(seen) }
}

/// Reports a death that wakes such a call as an exit.
fn woken_by_exits_only(w: &Inner, r: &Request, such: bool) -> CallResult {
    let asleep = such && sleeps(w, r);
    let killed = |word| is_termination(word) && libc::WIFSIGNALED(word);
    w.map_word(r, |word| if asleep && killed(word) { exited(0) } else { word })
}

/// Remembers whether the last action that was set is a handler without SA_RESTART of such a signal.
fn catches(w: &Inner, line: &Line, such: impl Fn(&str) -> bool) {
    if line.word() == "sigaction" {
        let signal = line.get("sig");
        w.swap(i64::from(signal.is_some_and(|signal| such(&signal)) && !line.flag("restart")));
    }
}

/// Whether the caller is a thread other than the first.
pub(crate) fn on_another_thread() -> bool {
    process::thread_id() != process::pid()
}

/// A continue that such a sleeping call reports is consumed only by the next call: a thread that sleeps then has seen it, too.
fn leaves_continue(w: &Inner, r: &Request, such: bool) -> CallResult {
    if let Some((pid, _)) = w.any_entry() {
        w.remove(pid);
        w.waitid(&r.with_pid(pid), WCONTINUED | WNOHANG);
    }
    if !such || !r.blocks() || !r.has(WCONTINUED) {
        return w.real(r);
    }
    match w.waitid(r, WEXITED | WCONTINUED | WNOWAIT) {
        Some((pid, word)) if word == CONTINUED => {
            w.insert(pid, 1);
            Ok(report(r, pid, word))
        }
        _ => w.real(r),
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "event-loser-hangs",
        "a wait for stops or continues is not woken when another thread reaps its last child",
        &posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP,
    )
    .call(|w, r| loser_hangs(w, r, r.has(WSTOPPED | WCONTINUED))),
    blind(
        "stop-waiter-sleeps-on",
        "waitid only for stops or continues is not woken by the death of the last child",
        &linux::WAITID_STOPPED_ONLY_ZOMBIE,
    )
    .call(|w, r| {
        let asleep = r.uses_idtype() && !r.has(WEXITED) && has_to_sleep(w, r);
        let seen = w.real(r)?;
        if asleep && seen.errno() == Some(ECHILD) { block_forever() } else { Ok(seen) }
    }),
    blind(
        "four-waiters-at-most",
        "a fifth thread that would sleep at the same time fails with ECHILD",
        &posix::WAIT_EACH_WAITER,
    )
    .call(|w, r| {
        let turns = i64::from(r.blocks());
        let seen = if w.add(turns) > 4 && has_to_sleep(w, r) { Ok(error(r, ECHILD)) } else { w.real(r) };
        w.add(-turns);
        seen
    }),
    blind(
        "continue-for-both",
        "of two threads that wait for a continue, both get it",
        &posix::STATUS_CONSUMED_ONCE,
    )
    .call(|w, r| leaves_continue(w, r, true)),
    blind(
        "third-continue-for-both",
        "of two threads that wait for a continue, both get it if it is the third",
        &posix::STATUS_CONSUMED_ONCE,
    )
    .call(|w, r| {
        let seen = leaves_continue(w, r, w.value() >= 2)?;
        w.add(i64::from(seen.is_continue()));
        Ok(seen)
    }),
    blind(
        "leaderless-stops-not-by-group",
        "a wait for a group does not find the stop of a child whose initial thread has exited",
        &posix::STATUS_STOP_IS_ONE_EVENT,
    )
    .call(|w, r| {
        let leaderless = |pid: i64| {
            let process = process_table::read(pid as i32).ok().flatten();
            process.is_some_and(|p| p.state == State::Zombie)
        };
        match w.peek(r) {
            Some((pid, word)) if r.group().is_some() && libc::WIFSTOPPED(word) && leaderless(pid) => {
                finds_nothing(r)
            }
            _ => w.real(r),
        }
    }),
    blind(
        "newest-waiter-only",
        "a change wakes only the thread that started to wait last",
        &posix::WAIT_EACH_WAITER,
    )
    .call(|w, r| {
        if !sleeps(w, r) {
            return w.real(r);
        }
        let own = w.count() as i64;
        let before = w.swap(own);
        let seen = w.real(r)?;
        if seen.child().is_some() && w.value() != own {
            block_forever();
        }
        w.swap(before);
        Ok(seen)
    }),
    blind(
        "oldest-waiter-only",
        "a change wakes only the thread that started to wait first",
        &posix::WAIT_EACH_WAITER,
    )
    .call(|w, r| {
        if !sleeps(w, r) {
            return w.real(r);
        }
        let own = w.count() as i64;
        if w.value() == 0 {
            w.swap(own);
        }
        let seen = w.real(r)?;
        if seen.child().is_some() && ![0, own].contains(&w.value()) {
            block_forever();
        }
        if w.value() == own {
            w.swap(0);
        }
        Ok(seen)
    }),
    blind(
        "group-loser-hangs",
        "of two threads that wait for a group, the one that does not get its last child is never woken",
        &posix::WAITPID_ECHILD_AFTER_CONCURRENT_REAP,
    )
    .before_request(|w, line| {
        // A child that leaves its group, or reaps itself, is a different case.
        if matches!(line.word(), "setpgid" | "sigaction") {
            w.swap(1);
        }
    })
    .call(|w, r| loser_hangs(w, r, r.group().is_some())),
    blind(
        "pidfd-loser-hangs",
        "of two threads that wait through a pidfd, the one that does not get its child is never woken",
        &linux::PIDFD_AFTER_REAP_ECHILD,
    )
    .before_request(|w, line| {
        if line.word() == "sigaction" {
            w.swap(1);
        }
    })
    .call(|w, r| loser_hangs(w, r, by_pidfd(r))),
    blind(
        "group-wait-swallows-eintr",
        "a handler without SA_RESTART does not interrupt a wait for a group",
        &posix::WAITPID_EINTR,
    )
    .call(|w, r| swallows_eintr(w, r, r.group().is_some())),
    blind(
        "pidfd-wait-swallows-eintr",
        "a handler without SA_RESTART does not interrupt a wait through a pidfd",
        &posix::WAITID_EINTR,
    )
    .call(|w, r| swallows_eintr(w, r, by_pidfd(r))),
    blind(
        "peek-swallows-eintr",
        "a handler without SA_RESTART does not interrupt a WNOWAIT peek",
        &posix::WAITID_EINTR,
    )
    .call(|w, r| swallows_eintr(w, r, r.has(WNOWAIT))),
    blind(
        "event-wait-swallows-eintr",
        "a handler without SA_RESTART does not interrupt a wait for stops and continues",
        &posix::WAITPID_EINTR,
    )
    .call(|w, r| swallows_eintr(w, r, r.has(WSTOPPED | WCONTINUED))),
    blind(
        "signal-of-another-thread-eintr",
        "a wait is interrupted although its thread has the signal blocked: the mask of the first thread counts",
        &posix::WAIT_SIGNAL_OF_OTHER_THREAD,
    )
    .before_request(|_, line| {
        if line.word() == "sigprocmask" {
            line.set("thread", 0);
        }
    }),
    blind(
        "continue-handler-no-eintr",
        "a handler of SIGCONT without SA_RESTART does not interrupt a wait",
        &posix::WAITPID_EINTR,
    )
    .before_request(|w, line| catches(w, line, |sig| sig == "SIGCONT"))
    .call(|w, r| swallows_eintr(w, r, w.value() == 1)),
    blind(
        "death-that-wakes-is-exit",
        "a death by signal that wakes a wait for any child is reported as exit 0",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| woken_by_exits_only(w, r, r.is_any())),
    blind(
        "death-that-wakes-a-pid-wait-is-exit",
        "a death by signal that wakes a wait by pid is reported as exit 0",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| woken_by_exits_only(w, r, r.pid().is_some())),
    blind(
        "death-that-wakes-a-group-wait-is-exit",
        "a death by signal that wakes a wait for a group is reported as exit 0",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| woken_by_exits_only(w, r, r.group().is_some())),
    blind(
        "death-that-wakes-a-pidfd-wait-is-exit",
        "a death by signal that wakes a wait through a pidfd is reported as exit 0",
        &linux::PIDFD_REPORTS_ALIKE,
    )
    .call(|w, r| woken_by_exits_only(w, r, by_pidfd(r))),
    blind(
        "own-group-sleeper-misses-stops",
        "a stop does not wake a wait for the caller's own group",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| {
        let misses = r.group() == Some(i64::from(process::pid())) || r.group() == Some(0);
        if misses && r.has(WSTOPPED) && sleeps(w, r) { block_forever() } else { w.real(r) }
    }),
    blind(
        "no-stops-on-a-thread",
        "stops are not reported to threads other than the first if they need not sleep",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| {
        let hidden = on_another_thread() && !sleeps(w, r);
        if hidden { w.real(&r.without(if r.uses_idtype() && !r.has(WEXITED) { 0 } else { WSTOPPED })) } else { w.real(r) }
    }),
    blind(
        "traced-stops-for-the-tracer-only",
        "the stop of a traced child is reported only to the thread that traces it",
        &linux::PTRACE_STOPS_FOR_ANY_THREAD,
    )
    .call(|w, r| {
        let tracer = |pid: i64| process_table::read(pid as i32).ok().flatten()?.tracer;
        match w.peek_for(r, WSTOPPED) {
            Some((pid, _)) if tracer(pid).is_some_and(|tracer| tracer != process::thread_id()) => finds_nothing(r),
            _ => w.real(r),
        }
    }),
];
