//! pidfds: what they wait for, and when they are readable.

use super::edit::{ObservationEdit, RequestView};
use super::inner::{Wrapped, error, never, nothing};
use super::mutant::{Mutant, blind, made_for, seen_in};
use crate::protocol::Line;
use crate::spec::linux;
use crate::sys::call::abi::{Request, Return};
use crate::sys::process_table::{self, Process, State};
use crate::wait::names;
use libc::{EAGAIN, EBADF, ECHILD, EINVAL, ESRCH, WNOHANG};

/// The call waits for what is behind a pidfd.
pub(crate) fn by_handle(r: &Request) -> bool {
    r.is_by_id() && Some(r.as_id().0) == names::idtype("P_PIDFD")
}

/// Keeps which process each pidfd is of.
fn note_handle(w: &Wrapped, request: &Line, reply: &Line) {
    if let ("pidfd_open", Ok(pid), Ok(fd)) = (request.word(), request.number("pid"), reply.number("fd")) {
        w.keep(fd, pid);
    }
}

/// Answers a poll of a pidfd whose process is so: readable.
fn readable(w: &Wrapped, request: &Line, reply: &mut Line, is: fn(&Process) -> bool) {
    note_handle(w, request, reply);
    let pid = request.number("fd").ok().and_then(|fd| w.kept(fd));
    if let ("poll", Some(pid)) = (request.word(), pid)
        && process_table::read(pid as i32).ok().flatten().is_some_and(|p| is(&p))
    {
        *reply = Line::new("ok").with("id", reply.id().unwrap_or(0)).with_list("revents", ["POLLIN"]);
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("pidfd-nonblock-blocks", "a nonblocking pidfd makes waitid sleep", &linux::PIDFD_NONBLOCK_EAGAIN)
        .call(|w, r| {
            let seen = w.real(r)?;
            if by_handle(r) && seen.errno() == Some(EAGAIN) { never() } else { Ok(seen) }
        }),
    blind(
        "pidfd-readable-early",
        "the pidfd is readable when the initial thread ends",
        &linux::PIDFD_POLL_WHOLE_PROCESS,
    )
    .edit_reply(|w, request, reply| readable(w, request, reply, |p| p.state == State::Zombie)),
    blind("pidfd-stop-readable", "a stop makes the pidfd readable", &linux::PIDFD_POLL_ALIVE)
        .edit_reply(|w, request, reply| readable(w, request, reply, |p| p.state == State::Stopped)),
    blind("pidfd-other-fd-einval", "P_PIDFD with a file gives EINVAL", &linux::PIDFD_OTHER_FD_EBADF).call(
        |w, r| {
            w.then(r, |seen| {
                if by_handle(r) && seen.errno() == Some(EBADF) {
                    seen.ret = Return::Errno(EINVAL);
                }
            })
        },
    ),
    seen_in("gvisor#5839", "pidfd-idtype-unknown", "P_PIDFD is no idtype", &linux::PIDFD_WAIT_EXIT)
        .call(|w, r| if by_handle(r) { Ok(error(r, EINVAL)) } else { w.real(r) }),
    seen_in(
        "tokio#7144",
        "pidfd-readable-nohang-zero",
        "once a pidfd is readable WNOHANG finds nothing at the first call",
        &linux::PIDFD_READABLE_IS_WAITABLE,
    )
    .edit_reply(|w, request, reply| {
        if request.word() == "poll" && reply.list("revents").iter().any(|e| e == "POLLIN") {
            w.remember(1);
        }
    })
    .call(|w, r| {
        let early = r.has(WNOHANG) && w.remember(0) == 1;
        if early { Ok(nothing(r)) } else { w.real(r) }
    }),
    seen_in(
        "rust#150412",
        "pidfd-reaped-esrch",
        "a pidfd whose child was taken gives ESRCH, not ECHILD",
        &linux::PIDFD_AFTER_REAP_ECHILD,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if by_handle(r) && seen.errno() == Some(ECHILD) {
                seen.ret = Return::Errno(ESRCH);
            }
        })
    }),
    made_for("pidfd-any", "P_PIDFD means any child", &linux::PIDFD_NOT_A_CHILD_ECHILD)
        .call(|w, r| if by_handle(r) { w.real(&r.any()) } else { w.real(r) }),
    made_for(
        "pidfd-only-exits",
        "with P_PIDFD stops and continues are not reported",
        &linux::PIDFD_WAIT_STOP_CONTINUE,
    )
    .call(|w, r| {
        let events = libc::WSTOPPED | libc::WCONTINUED;
        if by_handle(r) && r.has(events) {
            w.real(&r.without(events).with(libc::WEXITED | WNOHANG))
        } else {
            w.real(r)
        }
    }),
    made_for("pidfd-peek-reaps", "with P_PIDFD WNOWAIT takes the child", &linux::PIDFD_NOWAIT)
        .call(|w, r| if by_handle(r) { w.real(&r.without(libc::WNOWAIT)) } else { w.real(r) }),
    made_for(
        "pidfd-nohang-eagain",
        "with P_PIDFD WNOHANG fails with EAGAIN when nothing is ready",
        &linux::PIDFD_NOHANG_ZERO,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if by_handle(r) && seen.is_nothing() && r.has(WNOHANG) {
                *seen = error(r, EAGAIN);
            }
        })
    }),
    made_for(
        "pidfd-nonblock-not-ready",
        "a nonblocking pidfd gives EAGAIN for a zombie at the first call",
        &linux::PIDFD_NONBLOCK_READY,
    )
    .edit_request(|w, line| {
        if line.flag("nonblock") {
            w.remember(1);
        }
    })
    .call(|w, r| {
        let early = by_handle(r) && w.look(r).is_some() && w.remember(0) == 1;
        if early { Ok(error(r, EAGAIN)) } else { w.real(r) }
    }),
    made_for(
        "pidfd-bad-fd-echild",
        "P_PIDFD with a descriptor that is none finds no child",
        &linux::PIDFD_NEGATIVE_EINVAL,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if by_handle(r) && matches!(seen.errno(), Some(EINVAL | EBADF)) {
                seen.ret = Return::Errno(ECHILD);
            }
        })
    }),
    made_for("pidfd-never-readable", "a pidfd is never readable", &linux::PIDFD_POLL_ZOMBIE).edit_reply(
        |_, request, reply| {
            if request.word() == "poll" {
                *reply = Line::new("ok").with("id", reply.id().unwrap_or(0)).with_list("revents", [""; 0]);
            }
        },
    ),
    made_for(
        "pidfd-stays-nonblocking",
        "a nonblocking pidfd stays so when O_NONBLOCK is cleared",
        &linux::PIDFD_NONBLOCK_CLEARED,
    )
    .edit_request(|_, line| {
        if line.word() == "blocking" {
            line.set("on", "no");
        }
    }),
    made_for(
        "pidfd-signal-zombie-esrch",
        "a signal to a zombie by its pidfd fails with ESRCH",
        &linux::PIDFD_SIGNAL_ZOMBIE,
    )
    .edit_reply(|_, request, reply| {
        if request.word() == "pidfd_signal" {
            *reply = Line::new("err").with("id", reply.id().unwrap_or(0)).with("errno", "ESRCH");
        }
    }),
    made_for(
        "pidfd-signal-reaped-succeeds",
        "a signal to a child that was taken, by its pidfd, succeeds",
        &linux::PIDFD_SIGNAL_AFTER_REAP_ESRCH,
    )
    .edit_reply(|_, request, reply| {
        if request.word() == "pidfd_signal" && reply.word() == "err" {
            *reply = Line::new("ok").with("id", reply.id().unwrap_or(0));
        }
    }),
    made_for(
        "pidfd-pollers-not-woken",
        "nobody who sleeps for a pidfd is woken",
        &linux::PIDFD_WAKES_POLLERS,
    )
    .edit_reply(|w, request, reply| {
        if let ("epoll", Ok(fd)) = (request.word(), reply.number("fd")) {
            w.keep(fd, 1);
        }
        let watcher = request.number("fd").is_ok_and(|fd| w.kept(fd).is_some());
        if request.word() == "poll" && watcher {
            *reply = Line::new("ok").with("id", reply.id().unwrap_or(0)).with_list("revents", [""; 0]);
        }
    }),
    made_for(
        "pidfd-reaped-not-readable",
        "a pidfd whose child was taken is not readable any more",
        &linux::PIDFD_POLL_AFTER_REAP,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if seen.is_termination() && !r.has(libc::WNOWAIT) {
                w.remember(1);
            }
        })
    })
    .edit_reply(|w, request, reply| {
        if request.word() == "poll" && w.remembered() == 1 {
            *reply = Line::new("ok").with("id", reply.id().unwrap_or(0)).with_list("revents", [""; 0]);
        }
    }),
    made_for(
        "pidfd-open-errors-swapped",
        "pidfd_open fails with ECHILD, whatever is wrong",
        &linux::PIDFD_OPEN_AFTER_REAP_ESRCH,
    )
    .edit_reply(|_, request, reply| {
        if request.word() == "pidfd_open" && reply.word() == "err" {
            reply.set("errno", "ECHILD");
        }
    }),
    made_for(
        "pidfd-open-einval-esrch",
        "pidfd_open of a number that is no pid fails with ESRCH",
        &linux::PIDFD_OPEN_EINVAL,
    )
    .edit_reply(|_, request, reply| {
        if request.word() == "pidfd_open" && reply.get("errno").as_deref() == Some("EINVAL") {
            reply.set("errno", "ESRCH");
        }
    }),
];
