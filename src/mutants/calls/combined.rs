//! Faults of two conditions at once: null pointers in calls that sleep, options of clone children on other threads and with
//! core dumps, kinds of children selected in one way, numbers beyond a table or 16 bits.

use crate::mutants::calls::arguments::by_target::sleeps;
use crate::mutants::calls::edit::{ObservationExt, RequestExt, option};
use crate::mutants::calls::inner::{
    CallResult, Inner, block_forever, error, finds_nothing, no_usage, nothing,
};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::sigchld::kinds::{drop_such, record};
use crate::mutants::calls::signal_lines::edit_records;
use crate::mutants::calls::sleeping::waiters::on_another_thread;
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::{Call, Pointer, Request};
use libc::{ECHILD, EFAULT, WCONTINUED, WEXITED, WNOHANG, WSTOPPED};

/// Sleeps through every event.
fn sleeps_on(w: &Inner, r: &Request, such: bool) -> CallResult {
    if such && sleeps(w, r) { block_forever() } else { w.real(r) }
}

/// Drops the core flag of such a call.
fn drops_core(w: &Inner, r: &Request, such: bool) -> CallResult {
    w.map_word(r, |word| if such && libc::WIFSIGNALED(word) { word & !0x80 } else { word })
}

/// Notes the children that such a request makes.
fn note(w: &Inner, reply: &Line, such: bool) {
    if let (true, Ok(pid)) = (such, reply.number("pid")) {
        w.insert(pid, 1);
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("null-status-sleeps-on", "a call with a null status never wakes up", &posix::WAITPID_NULL_STATUS)
        .call(|w, r| sleeps_on(w, r, r.status == Pointer::Null && !r.uses_idtype())),
    blind("null-rusage-sleeps-on", "a call with a null rusage never wakes up", &linux::WAIT4_NULL_RUSAGE)
        .call(|w, r| {
            let takes_usage = matches!(r.call, Call::Wait3 | Call::Wait4);
            sleeps_on(w, r, takes_usage && r.rusage == Pointer::Null && r.status == Pointer::Buffer)
        }),
    blind(
        "null-status-no-usage-of-events",
        "the usage of a stop or a continue is not stored if status is null",
        &linux::WAIT4_NULL_STATUS,
    )
    .call(|w, r| {
        let ends = w.peek_for(r, WEXITED).is_some();
        w.map(r, |seen| {
            if r.status == Pointer::Null && !r.uses_idtype() && !ends {
                seen.edit_usage(|usage| *usage = no_usage());
            }
        })
    }),
    blind("null-infop-sleeps-on", "waitid with a null infop never wakes up", &linux::WAITID_NULL_INFOP_ALIKE)
        .call(|w, r| sleeps_on(w, r, r.uses_idtype() && r.info == Pointer::Null)),
    blind(
        "null-infop-keeps-events",
        "waitid with a null infop does not consume a stop or a continue",
        &linux::WAITID_NULL_INFOP_ALIKE,
    )
    .call(|w, r| {
        let event = w
            .peek_for(r, r.options & (WSTOPPED | WCONTINUED | WEXITED))
            .is_some_and(|(_, word)| libc::WIFSTOPPED(word) || libc::WIFCONTINUED(word));
        if r.uses_idtype() && r.info == Pointer::Null && event { Ok(nothing(r)) } else { w.real(r) }
    }),
    blind(
        "null-infop-efault-by-pidfd",
        "waitid by pidfd with a null infop fails with EFAULT",
        &linux::WAITID_NULL_INFOP_ALIKE,
    )
    .call(|w, r| if by_pidfd(r) && r.info == Pointer::Null { Ok(error(r, EFAULT)) } else { w.real(r) }),
    blind(
        "wnothread-nohang-on-a-thread",
        "on a thread other than the first, WNOHANG with __WNOTHREAD finds nothing",
        &linux::THREADS_WNOTHREAD_OWN,
    )
    .call(|w, r| {
        let such = r.has(option("__WNOTHREAD")) && r.has(WNOHANG) && on_another_thread();
        if such { Ok(nothing(r)) } else { w.real(r) }
    }),
    blind(
        "wnothread-sleeps-on-a-thread",
        "on a thread other than the first, a call with __WNOTHREAD never wakes up",
        &linux::THREADS_WNOTHREAD_OWN,
    )
    .call(|w, r| sleeps_on(w, r, r.has(option("__WNOTHREAD")) && on_another_thread())),
    blind("wall-drops-core", "a call with __WALL drops the core flag", &posix::WAITID_DUMPED)
        .call(|w, r| drops_core(w, r, r.has(option("__WALL")))),
    blind("wclone-drops-core", "a call with __WCLONE drops the core flag", &posix::WAITID_DUMPED)
        .call(|w, r| drops_core(w, r, r.has(option("__WCLONE")))),
    blind("wait-drops-core", "only wait, which has no options, drops the core flag", &posix::WAITID_DUMPED)
        .call(|w, r| drops_core(w, r, r.call == Call::Wait)),
    blind("wait3-drops-core", "only wait3 drops the core flag", &posix::WAITID_DUMPED)
        .call(|w, r| drops_core(w, r, r.call == Call::Wait3)),
    blind(
        "waitpid-drops-core-by-target",
        "only waitpid with a target drops the core flag",
        &posix::WAITID_DUMPED,
    )
    .call(|w, r| drops_core(w, r, r.call == Call::Waitpid && !r.is_any())),
    blind(
        "waitpid-drops-core-with-options",
        "only waitpid with options drops the core flag",
        &posix::WAITID_DUMPED,
    )
    .call(|w, r| drops_core(w, r, r.call == Call::Waitpid && r.options != 0)),
    blind("raw-call-drops-core", "a raw system call drops the core flag", &posix::WAITID_DUMPED)
        .raw()
        .call(|w, r| drops_core(w, r, !r.uses_idtype())),
    blind("two-hundred-pids", "a process can wait for 200 children by pid", &posix::WAITPID_MANY_CHILDREN)
        .call(|w, r| if r.pid().is_some() && w.count() > 200 { Ok(error(r, ECHILD)) } else { w.real(r) }),
    blind(
        "adopted-without-a-thread",
        "a call with __WNOTHREAD does not find an adopted child",
        &linux::SUBREAPER_ORDINARY_CHILD,
    )
    .call(|w, r| {
        let adopted = w.peek(r).is_some_and(|(pid, _)| !w.children().contains(&pid));
        if r.has(option("__WNOTHREAD")) && adopted { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    blind(
        "ignored-exit-signal-reaps",
        "a child whose exit signal is ignored is reaped by itself",
        &linux::CLONE_IGNORED_SIGCHLD_KEEPS,
    )
    .before_request(|w, line| {
        if line.word() == "sigaction" && line.get("sig").as_deref() == Some("SIGUSR1") {
            w.swap(i64::from(line.get("do").as_deref() == Some("ignore")));
        }
    })
    .after_reply(|w, request, reply| {
        note(w, reply, request.get("exit-signal").as_deref() == Some("SIGUSR1"));
    })
    .call(|w, r| {
        let seen = w.real(r)?;
        let such = w.value() == 1 && seen.child().is_some_and(|pid| w.lookup(pid).is_some());
        Ok(if such { error(r, ECHILD) } else { seen })
    }),
    blind(
        "spawned-no-continue-by-group",
        "a wait for a group does not report the continue of a child that posix_spawn created",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .after_reply(|w, request, reply| note(w, reply, request.word() == "posix_spawn"))
    .call(|w, r| {
        let continued = w.peek_for(r, r.options & WCONTINUED).filter(|(_, word)| libc::WIFCONTINUED(*word));
        let such = r.group().is_some() && continued.is_some_and(|(pid, _)| w.lookup(pid).is_some());
        if such { finds_nothing(r) } else { w.real(r) }
    }),
    blind("uid-of-16-bits", "si_uid has 16 bits", &posix::WAITID_SI_UID)
        .call(|w, r| w.map(r, |seen| seen.edit_info(|info| info.uid = info.uid.map(|uid| uid & 0xffff)))),
    blind("sigchld-uid-of-16-bits", "si_uid of SIGCHLD has 16 bits", &posix::SIGCHLD_INFO_UID).after_reply(
        |_, request, reply| {
            edit_records(request, reply, |fields| {
                if let Ok(uid) = fields[3].parse::<i64>() {
                    fields[3] = (uid & 0xffff).to_string();
                }
            });
        },
    ),
    blind(
        "no-sigchld-of-pidns-init",
        "no SIGCHLD is generated for a child that is init of a PID namespace",
        &linux::PIDNS_REPORTS_ALIKE,
    )
    .before_request(|_, line| record(line))
    .after_reply(|w, request, reply| {
        note(w, reply, request.get("newpid").is_some());
        let init = |pid: &str| pid.parse().is_ok_and(|pid| w.lookup(pid).is_some());
        drop_such(request, reply, |fields| init(fields[2]));
    }),
    blind(
        "sigchld-trapped-without-uid",
        "si_uid of the SIGCHLD of a traced child's stop is -1",
        &linux::PTRACE_SIGCHLD_TRAPPED,
    )
    .after_reply(|_, request, reply| {
        edit_records(request, reply, |fields| {
            if fields[1] == "CLD_TRAPPED" {
                fields[3] = (-1).to_string();
            }
        });
    }),
];
