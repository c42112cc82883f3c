//! Arguments that only together are taken wrongly: null pointers with options and targets, descriptors with bad options,
//! single events with one kind of target.

use crate::mutants::calls::children::every_kind::drops;
use crate::mutants::calls::edit::{ObservationExt, RequestExt, option};
use crate::mutants::calls::inner::{CallResult, Inner, error, finds_nothing, nothing};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::sigchld::kinds::{drop_such, record};
use crate::mutants::mutant::{Mutant, blind};
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Pointer, Request, Select};
use libc::{EBADF, ECHILD, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED, WUNTRACED};
use rustix::process::getpgrp;

/// A bit that no system defines.
const UNKNOWN: i32 = 1 << 25;

/// A `waitpid` that is to store no status.
fn without_status(r: &Request) -> bool {
    r.call == Call::Waitpid && r.status == Pointer::Null
}

/// Reports nothing under WNOHANG where such a call finds a child.
fn overlooks(w: &Inner, r: &Request, such: bool) -> CallResult {
    if such && r.has(WNOHANG) && w.peek_for(r, r.options & (WSTOPPED | WCONTINUED | WEXITED)).is_some() {
        finds_nothing(r)
    } else {
        w.real(r)
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("null-status-no-stops", "waitpid ignores WUNTRACED if status is null", &posix::WAITPID_NULL_STATUS)
        .call(|w, r| drops(w, r, WUNTRACED, without_status(r))),
    blind(
        "null-status-no-continues",
        "waitpid ignores WCONTINUED if status is null",
        &posix::WAITPID_NULL_STATUS,
    )
    .call(|w, r| drops(w, r, WCONTINUED, without_status(r))),
    blind(
        "null-status-any-group",
        "waitpid for a group waits for any child if status is null",
        &posix::WAITPID_NULL_STATUS,
    )
    .call(|w, r| {
        let such = without_status(r) && r.group().is_some();
        if such { w.real(&r.with_any()) } else { w.real(r) }
    }),
    blind(
        "null-rusage-nohang-echild",
        "wait4 with WNOHANG and nothing to report fails with ECHILD if rusage is null",
        &linux::WAIT4_NULL_RUSAGE,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let such = r.call == Call::Wait4 && r.rusage == Pointer::Null && seen.is_nothing();
        Ok(if such { error(r, ECHILD) } else { seen })
    }),
    blind(
        "wait-own-group",
        "wait() waits for the caller's process group only",
        &posix::WAIT_EQUALS_WAITPID_ANY,
    )
    .call(|w, r| match r.call {
        Call::Wait => w.real(&Request { call: Call::Waitpid, select: Select::Pid(0), ..*r }),
        _ => w.real(r),
    }),
    blind(
        "idtype-after-the-last",
        "the idtype that follows P_PIDFD waits for any child",
        &linux::WAITID_UNKNOWN_IDTYPE,
    )
    .call(|w, r| match r.select {
        Select::Id { idtype: 4, .. } => w.real(&r.with_any()),
        _ => w.real(r),
    }),
    blind(
        "unknown-option-in-a-peek",
        "waitid with WNOWAIT accepts an undefined option",
        &linux::WAITID_OPTION_BITS,
    )
    .call(|w, r| drops(w, r, UNKNOWN, r.uses_idtype() && r.has(WNOWAIT))),
    blind(
        "pidfd-before-options",
        "P_PIDFD with a bad descriptor and bad options fails with EBADF",
        &linux::PIDFD_ERROR_ORDER,
    )
    .call(|w, r| {
        let looked_up = Request { options: WEXITED | WNOHANG | WNOWAIT, ..*r };
        let bad = by_pidfd(r) && w.real(&looked_up)?.errno() == Some(EBADF);
        if bad { Ok(error(r, EBADF)) } else { w.real(r) }
    }),
    blind(
        "pidfd-after-children",
        "P_PIDFD with a bad descriptor fails with ECHILD if there are no children",
        &linux::PIDFD_ERROR_ORDER,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let bad = by_pidfd(r) && seen.errno() == Some(EBADF);
        Ok(if bad && !w.has_children() { error(r, ECHILD) } else { seen })
    }),
    blind(
        "pidfd-stop-alone",
        "P_PIDFD with WNOHANG and WSTOPPED, but not WEXITED, reports nothing",
        &linux::PIDFD_REPORTS_ALIKE,
    )
    .call(|w, r| overlooks(w, r, by_pidfd(r) && r.has(WSTOPPED) && !r.has(WEXITED | WCONTINUED))),
    blind(
        "null-infop-never-peeks",
        "waitid ignores WNOWAIT if infop is null",
        &linux::WAITID_NULL_INFOP_REAPS,
    )
    .call(|w, r| drops(w, r, WNOWAIT, r.uses_idtype() && r.info == Pointer::Null)),
    blind("bad-infop-unused", "a bad infop is ignored if there is nothing to report", &linux::WAITID_EFAULT)
        .raw()
        .call(|w, r| {
            let unused = r.info == Pointer::Bad && r.has(WNOHANG) && w.has_children() && w.peek(r).is_none();
            if unused { Ok(nothing(r)) } else { w.real(r) }
        }),
    blind(
        "own-group-of-the-first-call",
        "pid 0 means the group in which the caller's first call found it",
        &posix::WAITPID_OWN_GROUP_IS_CURRENT,
    )
    .call(|w, r| {
        let now = i64::from(getpgrp().as_raw_nonzero().get());
        if w.value() == 0 {
            w.swap(now);
        }
        if r.group() == Some(0) { w.real(&r.with_group(w.value())) } else { w.real(r) }
    }),
    blind(
        "wall-implies-wnothread",
        "a wait with __WALL leaves out the children of other threads",
        &linux::CLONE_WALL_FINDS_ALL,
    )
    .call(|w, r| if r.has(option("__WALL")) { w.real(&r.with(option("__WNOTHREAD"))) } else { w.real(r) }),
    blind(
        "lost-with-its-creator",
        "a child cannot be found by its pid once the thread that created it has exited",
        &posix::THREADS_CREATOR_EXITS,
    )
    .before_request(|w, line| {
        if line.word() == "exit-thread" {
            w.swap(1);
        }
    })
    .after_reply(|w, request, reply| {
        if let ("spawn", Ok(Some(1_i64..)), Ok(pid)) =
            (request.word(), request.number_opt("thread"), reply.number("pid"))
        {
            w.insert(pid, 1);
        }
    })
    .call(|w, r| {
        let lost = w.value() == 1 && r.pid().is_some_and(|pid| w.lookup(pid).is_some());
        if lost { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    blind(
        "nocldstop-silences-death",
        "with SA_NOCLDSTOP, the death of a child that was stopped last generates no SIGCHLD",
        &posix::SIGCHLD_NOCLDSTOP_EXIT,
    )
    .before_request(|w, line| {
        if line.word() == "sigaction" {
            w.swap(i64::from(line.flag("nocldstop")));
        }
        record(line);
    })
    .call(|w, r| {
        w.map(r, |seen| {
            if let (Some(pid), Some(word)) = (seen.child(), seen.word()) {
                if libc::WIFSTOPPED(word) {
                    w.insert(pid, 1);
                } else if libc::WIFCONTINUED(word) {
                    w.remove(pid);
                }
            }
        })
    })
    .after_reply(|w, request, reply| {
        let silent = |pid: &str| pid.parse().is_ok_and(|pid| w.lookup(pid).is_some());
        if w.value() == 1 {
            drop_such(request, reply, |fields| fields[1] == "CLD_KILLED" && silent(fields[2]));
        }
    }),
    blind(
        "stranger-by-pidfd-is-no-tracee",
        "a tracee that is no child cannot be waited for through a pidfd",
        &linux::PTRACE_STRANGER,
    )
    .call(|w, r| {
        let all = WEXITED | WSTOPPED | option("__WALL");
        match w.peek_for(r, all) {
            Some((pid, _)) if by_pidfd(r) && !w.children().contains(&pid) => Ok(error(r, ECHILD)),
            _ => w.real(r),
        }
    }),
    blind(
        "adopted-nohang-by-group",
        "a wait for a group with WNOHANG does not find an adopted child",
        &linux::SUBREAPER_ORDINARY_CHILD,
    )
    .call(|w, r| {
        let adopted = w.peek(r).is_some_and(|(pid, _)| !w.children().contains(&pid));
        overlooks(w, r, adopted && r.group().is_some())
    }),
];
