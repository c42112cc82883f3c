//! pidfds: what they refer to, and when they are readable.

use crate::mutants::calls::edit::{ObservationExt, RequestExt};
use crate::mutants::calls::inner::{CallResult, Inner, block_forever, error, nothing, report};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::Request;
use crate::sys::process_table::{self, Process, State};
use crate::wait::names;
use libc::{EAGAIN, EBADF, ECHILD, EINVAL, ESRCH, WNOHANG};

/// Whether the call waits on a pidfd.
pub(crate) fn by_pidfd(r: &Request) -> bool {
    r.uses_idtype() && Some(r.idtype_and_id().0) == names::idtype("P_PIDFD")
}

/// Records which process each pidfd refers to.
fn track_pidfd(w: &Inner, request: &Line, reply: &Line) {
    if let ("pidfd_open", Ok(pid), Ok(fd)) = (request.word(), request.number("pid"), reply.number("fd")) {
        w.insert(fd, pid);
    }
}

/// Reports a pidfd as readable if its process matches.
fn report_readable(w: &Inner, request: &Line, reply: &mut Line, matches: fn(&Process) -> bool) {
    track_pidfd(w, request, reply);
    let pid = request.number("fd").ok().and_then(|fd| w.lookup(fd));
    if let ("poll", Some(pid)) = (request.word(), pid)
        && process_table::read(pid as i32).ok().flatten().is_some_and(|p| matches(&p))
    {
        *reply = Line::new("ok").with("id", reply.id().unwrap_or(0)).with_list("revents", ["POLLIN"]);
    }
}

/// Takes a process whose initial thread has exited for a dead one, in such a peek.
fn peeks_at_leader(w: &Inner, r: &Request, pid: Option<i64>) -> CallResult {
    let leaderless = |pid: &i64| {
        let process = process_table::read(*pid as i32).ok().flatten();
        process.is_some_and(|p| p.state == State::Zombie && p.threads.is_some_and(|n| n > 1))
    };
    match pid.filter(|_| r.has(libc::WNOWAIT)).filter(leaderless) {
        Some(pid) => Ok(report(r, pid, 0)),
        None => w.real(r),
    }
}

/// Remembers the process that each number referred to first.
fn track_numbers(w: &Inner, request: &Line, reply: &Line) {
    let Ok(fd) = reply.number("fd") else { return };
    let pid = match request.word() {
        "pidfd_open" => request.number("pid").ok(),
        "duplicate" => request.number("fd").ok().and_then(|from| w.lookup(from)),
        _ => None,
    };
    if let (Some(pid), None) = (pid, w.lookup(fd)) {
        w.insert(fd, pid);
    }
}

/// A wait through such a pidfd fails with EBADF.
fn refuses_number(w: &Inner, r: &Request, such: impl Fn(i64) -> bool) -> CallResult {
    if by_pidfd(r) && such(r.idtype_and_id().1) { Ok(error(r, EBADF)) } else { w.real(r) }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("pidfd-zero-ebadf", "a wait through a pidfd with the number 0 fails", &linux::PIDFD_ANY_NUMBER)
        .call(|w, r| refuses_number(w, r, |fd| fd == 0)),
    blind("pidfd-in-an-fd-set", "a wait through a pidfd fails from number 64 on", &linux::PIDFD_ANY_NUMBER)
        .call(|w, r| refuses_number(w, r, |fd| (64..4096).contains(&fd))),
    blind(
        "pidfd-number-cached",
        "a pidfd's number goes on to refer to the process that it referred to first",
        &linux::PIDFD_ANY_NUMBER,
    )
    .after_reply(|w, request, reply| track_numbers(w, request, reply))
    .call(|w, r| match w.lookup(r.idtype_and_id().1).filter(|_| by_pidfd(r)) {
        Some(pid) => w.real(&r.with_pid(pid)),
        None => w.real(r),
    }),
    blind(
        "pidfd-peek-sees-leader",
        "a peek through a pidfd reports a child whose initial thread has exited, although others live",
        &linux::PIDFD_POLL_WHOLE_PROCESS,
    )
    .after_reply(|w, request, reply| track_pidfd(w, request, reply))
    .call(|w, r| peeks_at_leader(w, r, w.lookup(r.idtype_and_id().1).filter(|_| by_pidfd(r)))),
    blind(
        "peek-sees-leader",
        "a peek by pid reports a child whose initial thread has exited, although others live",
        &posix::THREADS_INITIAL_THREAD_EXITS_FIRST,
    )
    .call(|w, r| peeks_at_leader(w, r, r.pid())),
    blind("pidfd-nonblock-blocks", "waitid blocks on a nonblocking pidfd", &linux::PIDFD_NONBLOCK_EAGAIN)
        .call(|w, r| {
            let seen = w.real(r)?;
            if by_pidfd(r) && seen.errno() == Some(EAGAIN) { block_forever() } else { Ok(seen) }
        }),
    blind(
        "pidfd-readable-early",
        "the pidfd becomes readable when the initial thread exits",
        &linux::PIDFD_POLL_WHOLE_PROCESS,
    )
    .after_reply(|w, request, reply| report_readable(w, request, reply, |p| p.state == State::Zombie)),
    blind("pidfd-stop-readable", "a stop makes the pidfd readable", &linux::PIDFD_POLL_ALIVE)
        .after_reply(|w, request, reply| report_readable(w, request, reply, |p| p.state == State::Stopped)),
    blind(
        "pidfd-other-fd-einval",
        "P_PIDFD with a descriptor that is not a pidfd fails with EINVAL",
        &linux::PIDFD_OTHER_FD_EBADF,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if by_pidfd(r) && seen.errno() == Some(EBADF) {
                seen.ret = Err(EINVAL);
            }
        })
    }),
    from_bug(
        "gvisor#5839",
        "pidfd-idtype-unknown",
        "P_PIDFD is rejected as an unknown idtype",
        &linux::PIDFD_WAIT_EXIT,
    )
    .call(|w, r| if by_pidfd(r) { Ok(error(r, EINVAL)) } else { w.real(r) }),
    from_bug(
        "tokio#7144",
        "pidfd-readable-nohang-zero",
        "the first WNOHANG call after a pidfd becomes readable returns 0",
        &linux::PIDFD_READABLE_IS_WAITABLE,
    )
    .after_reply(|w, request, reply| {
        if request.word() == "poll" && reply.list("revents").iter().any(|e| e == "POLLIN") {
            w.swap(1);
        }
    })
    .call(|w, r| {
        let early = r.has(WNOHANG) && w.swap(0) == 1;
        if early { Ok(nothing(r)) } else { w.real(r) }
    }),
    from_bug(
        "rust#150412",
        "pidfd-reaped-esrch",
        "waitid on the pidfd of a reaped child fails with ESRCH, not ECHILD",
        &linux::PIDFD_AFTER_REAP_ECHILD,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if by_pidfd(r) && seen.errno() == Some(ECHILD) {
                seen.ret = Err(ESRCH);
            }
        })
    }),
    from_catalogue("pidfd-any", "P_PIDFD matches any child", &linux::PIDFD_NOT_A_CHILD_ECHILD)
        .call(|w, r| if by_pidfd(r) { w.real(&r.with_any()) } else { w.real(r) }),
    from_catalogue(
        "pidfd-only-exits",
        "stops and continues are not reported with P_PIDFD",
        &linux::PIDFD_WAIT_STOP_CONTINUE,
    )
    .call(|w, r| {
        let events = libc::WSTOPPED | libc::WCONTINUED;
        if by_pidfd(r) && r.has(events) {
            w.real(&r.without(events).with(libc::WEXITED | WNOHANG))
        } else {
            w.real(r)
        }
    }),
    from_catalogue("pidfd-peek-reaps", "WNOWAIT reaps the child with P_PIDFD", &linux::PIDFD_NOWAIT)
        .call(|w, r| if by_pidfd(r) { w.real(&r.without(libc::WNOWAIT)) } else { w.real(r) }),
    from_catalogue(
        "pidfd-nohang-eagain",
        "WNOHANG with P_PIDFD fails with EAGAIN when there is nothing to report",
        &linux::PIDFD_NOHANG_ZERO,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if by_pidfd(r) && seen.is_nothing() && r.has(WNOHANG) {
                *seen = error(r, EAGAIN);
            }
        })
    }),
    from_catalogue(
        "pidfd-nonblock-not-ready",
        "the first call on a nonblocking pidfd of a zombie fails with EAGAIN",
        &linux::PIDFD_NONBLOCK_READY,
    )
    .before_request(|w, line| {
        if line.flag("nonblock") {
            w.swap(1);
        }
    })
    .call(|w, r| {
        let early = by_pidfd(r) && w.peek(r).is_some() && w.swap(0) == 1;
        if early { Ok(error(r, EAGAIN)) } else { w.real(r) }
    }),
    from_catalogue(
        "pidfd-bad-fd-echild",
        "P_PIDFD with an invalid descriptor fails with ECHILD",
        &linux::PIDFD_NEGATIVE_EINVAL,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if by_pidfd(r) && matches!(seen.errno(), Some(EINVAL | EBADF)) {
                seen.ret = Err(ECHILD);
            }
        })
    }),
    from_catalogue("pidfd-never-readable", "a pidfd is never readable", &linux::PIDFD_POLL_ZOMBIE)
        .after_reply(|_, request, reply| {
            if request.word() == "poll" {
                *reply = Line::new("ok").with("id", reply.id().unwrap_or(0)).with_list("revents", [""; 0]);
            }
        }),
    from_catalogue(
        "pidfd-stays-nonblocking",
        "clearing O_NONBLOCK on a nonblocking pidfd has no effect",
        &linux::PIDFD_NONBLOCK_CLEARED,
    )
    .before_request(|_, line| {
        if line.word() == "blocking" {
            line.set("on", "no");
        }
    }),
    from_catalogue(
        "pidfd-signal-zombie-esrch",
        "pidfd_send_signal to a zombie fails with ESRCH",
        &linux::PIDFD_SIGNAL_ZOMBIE,
    )
    .after_reply(|_, request, reply| {
        if request.word() == "pidfd_signal" {
            *reply = Line::new("err").with("id", reply.id().unwrap_or(0)).with("errno", "ESRCH");
        }
    }),
    from_catalogue(
        "pidfd-signal-reaped-succeeds",
        "pidfd_send_signal to a reaped child succeeds",
        &linux::PIDFD_SIGNAL_AFTER_REAP_ESRCH,
    )
    .after_reply(|_, request, reply| {
        if request.word() == "pidfd_signal" && reply.word() == "err" {
            *reply = Line::new("ok").with("id", reply.id().unwrap_or(0));
        }
    }),
    from_catalogue(
        "pidfd-pollers-not-woken",
        "threads polling a pidfd are never woken",
        &linux::PIDFD_WAKES_POLLERS,
    )
    .after_reply(|w, request, reply| {
        if let ("epoll", Ok(fd)) = (request.word(), reply.number("fd")) {
            w.insert(fd, 1);
        }
        let watcher = request.number("fd").is_ok_and(|fd| w.lookup(fd).is_some());
        if request.word() == "poll" && watcher {
            *reply = Line::new("ok").with("id", reply.id().unwrap_or(0)).with_list("revents", [""; 0]);
        }
    }),
    from_catalogue(
        "pidfd-reaped-not-readable",
        "the pidfd of a reaped child is no longer readable",
        &linux::PIDFD_POLL_AFTER_REAP,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_termination() && !r.has(libc::WNOWAIT) {
                w.swap(1);
            }
        })
    })
    .after_reply(|w, request, reply| {
        if request.word() == "poll" && w.value() == 1 {
            *reply = Line::new("ok").with("id", reply.id().unwrap_or(0)).with_list("revents", [""; 0]);
        }
    }),
    from_catalogue(
        "pidfd-open-errors-swapped",
        "pidfd_open fails with ECHILD, whatever the error",
        &linux::PIDFD_OPEN_AFTER_REAP_ESRCH,
    )
    .after_reply(|_, request, reply| {
        if request.word() == "pidfd_open" && reply.word() == "err" {
            reply.set("errno", "ECHILD");
        }
    }),
    from_catalogue(
        "pidfd-open-einval-esrch",
        "pidfd_open of an invalid pid fails with ESRCH",
        &linux::PIDFD_OPEN_EINVAL,
    )
    .after_reply(|_, request, reply| {
        if request.word() == "pidfd_open" && reply.get("errno").as_deref() == Some("EINVAL") {
            reply.set("errno", "ESRCH");
        }
    }),
];
