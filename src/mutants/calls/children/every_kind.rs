//! Kinds of children, numbers and options that only some calls get wrong.

use crate::mutants::calls::arguments::by_target::{exits_only, sleeps};
use crate::mutants::calls::edit::{ObservationExt, RequestExt, is_termination, option};
use crate::mutants::calls::inner::{CallResult, Inner, block_forever, error, no_usage};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::signal_lines::{sets_action, sets_to};
use crate::mutants::calls::usage::rusage::edit_children;
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::{linux, pairs, posix};
use crate::sys::call::abi::{Call, Pointer, Request, Select};
use crate::sys::process;
use crate::sys::process_table::{self, State};
use crate::sys::signal::{self, Action, Flags};
use libc::{EAGAIN, ECHILD, EINTR, EINVAL, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WUNTRACED};
use rustix::process::{Pid, getpgid, getsid};

/// Only these bits of the idtype count.
fn idtype_bits(w: &Inner, r: &Request, bits: i64) -> CallResult {
    match r.select {
        Select::Id { idtype, id } => w.real(&r.selecting(Select::Id { idtype: idtype & bits, id })),
        Select::Pid(_) => w.real(r),
    }
}

/// Two options exclude each other.
fn exclude(w: &Inner, r: &Request, one: i32, other: i32) -> CallResult {
    if r.has(one) && r.has(other) { Ok(error(r, EINVAL)) } else { w.real(r) }
}

/// Without that option in such a call.
pub(crate) fn drops(w: &Inner, r: &Request, option: i32, such: bool) -> CallResult {
    if such { w.real(&r.without(option)) } else { w.real(r) }
}

fn pid_of(pid: i64) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Reports that nothing has happened to a pidfd.
fn not_readable(reply: &mut Line) {
    *reply = Line::new("ok").with("id", reply.id().unwrap_or(0)).with_list("revents", [""; 0]);
}

/// The process behind the pidfd of a request to poll, and records those that are opened.
fn polled(w: &Inner, request: &Line, reply: &Line) -> Option<i64> {
    if let ("pidfd_open", Ok(pid), Ok(fd)) = (request.word(), request.number("pid"), reply.number("fd")) {
        w.insert(fd, pid);
    }
    let fd = request.number("fd").ok().filter(|_| request.word() == "poll")?;
    w.lookup(fd)
}

/// A look at the children of that kind.
fn look(select: Select) -> Request {
    Request {
        call: Call::Waitid,
        select,
        options: WEXITED,
        status: Pointer::Null,
        rusage: Pointer::Null,
        info: Pointer::Buffer,
    }
}

/// Remembers whether a handler without SA_RESTART catches SIGCHLD.
fn track_handler(w: &Inner, line: &mut Line) {
    if sets_action(line) {
        w.swap(i64::from(sets_to(line, "count") && !line.flag("restart")));
    }
}

/// Fails with EINTR where the change of its own child has woken such a call.
fn own_sigchld(w: &Inner, r: &Request, such: bool) -> CallResult {
    if !(such && w.value() == 1 && sleeps(w, r)) {
        return w.real(r);
    }
    let events = WEXITED | (r.options & (WUNTRACED | WCONTINUED));
    match w.waitid(r, events | WNOWAIT) {
        Some(_) => Ok(error(r, EINTR)),
        None => w.real(r),
    }
}

/// Has SIGCONT interrupt calls.
fn catch_continues(w: &Inner) {
    if w.count() == 1 {
        let _ = signal::set_action(libc::SIGCONT, Action::Count, Flags::default());
    }
}

/// Only such a call fails when a SIGCONT has interrupted it.
fn after_a_continue(w: &Inner, r: &Request, such: bool) -> CallResult {
    loop {
        let before = signal::count(libc::SIGCONT);
        let seen = w.real(r)?;
        let continued = signal::count(libc::SIGCONT) != before;
        if such || !continued || seen.errno() != Some(EINTR) {
            return Ok(seen);
        }
    }
}

/// A process's parent.
fn parent(pid: i64) -> Option<i64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "group-without-sessions",
        "a wait for a group does not find a child in another session",
        &posix::WAITPID_NAMED_GROUP,
    )
    .call(|w, r| {
        let elsewhere = |pid| getsid(pid_of(pid)).ok() != getsid(None).ok();
        match w.peek(r) {
            Some((pid, _)) if r.group().is_some() && elsewhere(pid) => Ok(error(r, ECHILD)),
            _ => w.real(r),
        }
    }),
    blind("idtype-low-byte", "only the low eight bits of an idtype count", &posix::WAITID_EINVAL_IDTYPE)
        .call(|w, r| idtype_bits(w, r, 0xff)),
    blind("idtype-low-half", "only the low sixteen bits of an idtype count", &posix::WAITID_EINVAL_IDTYPE)
        .call(|w, r| idtype_bits(w, r, 0xffff)),
    blind(
        "wnothread-excludes-wclone",
        "__WNOTHREAD with __WCLONE fails with EINVAL",
        pairs::OPTION_BITS.waitpid,
    )
    .call(|w, r| exclude(w, r, option("__WNOTHREAD"), option("__WCLONE"))),
    blind(
        "wnothread-excludes-wcontinued",
        "__WNOTHREAD with WCONTINUED fails with EINVAL",
        pairs::OPTION_BITS.waitpid,
    )
    .call(|w, r| exclude(w, r, option("__WNOTHREAD"), WCONTINUED)),
    blind(
        "pidfd-nonblock-peek-blocks",
        "a peek through a nonblocking pidfd blocks",
        &linux::PIDFD_NONBLOCK_EAGAIN,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let blocks = by_pidfd(r) && r.has(WNOWAIT) && seen.errno() == Some(EAGAIN);
        if blocks { block_forever() } else { Ok(seen) }
    }),
    blind(
        "pidfd-of-the-killed-not-readable",
        "the pidfd of a child that a signal has killed is not readable",
        &linux::PIDFD_POLL_ZOMBIE,
    )
    .after_reply(|w, request, reply| {
        let Some(pid) = polled(w, request, reply) else { return };
        let look = look(Select::Id { idtype: libc::P_PID.into(), id: pid });
        let found = w.waitid(&look, WEXITED | WNOHANG | WNOWAIT);
        if found.is_some_and(|(_, word)| libc::WIFSIGNALED(word)) {
            not_readable(reply);
        }
    }),
    blind(
        "pidfd-of-other-groups-not-readable",
        "the pidfd of a child in another process group is never readable",
        &linux::PIDFD_POLL_ZOMBIE,
    )
    .after_reply(|w, request, reply| {
        let group = polled(w, request, reply).and_then(|pid| getpgid(pid_of(pid)).ok());
        if group.is_some() && group != getpgid(None).ok() {
            not_readable(reply);
        }
    }),
    blind(
        "kill-misses-the-peeked",
        "kill(pid, 0) does not find a zombie that has been peeked at",
        &posix::ZOMBIE_KILL_SUCCEEDS,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if let (Some(pid), true, true) = (seen.child(), r.has(WNOWAIT), seen.is_termination()) {
                w.insert(pid, 1);
            }
        })
    })
    .after_reply(|w, request, reply| {
        let peeked = request.number("pid").is_ok_and(|pid: i64| w.lookup(pid).is_some());
        if request.word() == "exists" && peeked {
            *reply = Line::new("err").with("id", reply.id().unwrap_or_default()).with("errno", "ESRCH");
        }
    }),
    blind(
        "stranger-credited",
        "RUSAGE_CHILDREN of a tracer includes a tracee that is not its child",
        &linux::PTRACE_STRANGER_NOT_CREDITED,
    )
    .before_request(|w, line| {
        if let ("ptrace", Ok(pid)) = (line.word(), line.number("pid"))
            && parent(pid).is_some_and(|parent| parent != i64::from(process::pid()))
        {
            w.insert(pid, 1);
        }
    })
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_termination() && seen.child().is_some_and(|pid| w.lookup(pid).is_some()) {
                w.add(50);
            }
        })
    })
    .after_reply(|w, request, reply| {
        edit_children(request, reply, |usage| usage.minflt = usage.minflt.map(|n| n + w.value()));
    }),
    blind("nohang-event-bits-lost", "WNOHANG drops the event of a ptrace stop", &linux::PTRACE_EVENT_BITS)
        .call(|w, r| {
            w.map_word(r, |word| {
                let event = word >> 16 != 0 && !libc::WIFCONTINUED(word);
                if r.has(WNOHANG) && event { word & 0xffff } else { word }
            })
        }),
    blind(
        "stop-of-another-no-eintr",
        "a SIGCHLD handler without SA_RESTART does not interrupt a wait by pid if another child is stopped",
        &posix::WAITPID_EINTR,
    )
    .call(|w, r| {
        let stopped = |pid: &i64| matches!(process_table::read(*pid as i32), Ok(Some(p)) if p.state == State::Stopped);
        loop {
            let seen = w.real(r)?;
            let swallows = seen.errno() == Some(EINTR) && r.pid().is_some();
            if !swallows || !w.children().iter().any(stopped) {
                return Ok(seen);
            }
        }
    }),
    blind(
        "continue-expires-at-fork",
        "an unreported continue is lost when another child is created",
        &posix::STATUS_EVENTS_OF_EACH_CHILD,
    )
    .before_request(|w, line| {
        if line.word() == "spawn" {
            let select = |pid| Select::Id { idtype: libc::P_PID.into(), id: pid };
            for pid in w.children() {
                w.waitid(&look(select(pid)), WCONTINUED | WNOHANG);
            }
        }
    }),
    blind(
        "no-times-with-events",
        "the times of a child that terminates are 0 if the call asks for stops or continues, too",
        &linux::RUSAGE_EVERY_WAY,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.is_termination() && r.has(WUNTRACED | WCONTINUED) {
                seen.edit_usage(|usage| (usage.utime_us, usage.stime_us) = (Some(0), Some(0)));
            }
        })
    }),
    blind(
        "core-dump-without-usage",
        "the usage of a child that dumps core is zero",
        &linux::RUSAGE_KILLED,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.word().is_some_and(|word| is_termination(word) && libc::WCOREDUMP(word)) {
                seen.edit_usage(|usage| *usage = no_usage());
            }
        })
    }),
    blind(
        "own-sigchld-eintr-by-group",
        "a wait for a group fails with EINTR if the SIGCHLD of its own child runs a handler without SA_RESTART",
        &linux::WAIT_OWN_SIGCHLD,
    )
    .before_request(track_handler)
    .call(|w, r| own_sigchld(w, r, r.group().is_some())),
    blind(
        "own-sigchld-eintr-by-pidfd",
        "a wait through a pidfd fails with EINTR if the SIGCHLD of its own child runs a handler without SA_RESTART",
        &linux::WAIT_OWN_SIGCHLD,
    )
    .before_request(track_handler)
    .call(|w, r| own_sigchld(w, r, by_pidfd(r))),
    blind(
        "own-sigchld-eintr-in-a-peek",
        "a peek fails with EINTR if the SIGCHLD of its own child runs a handler without SA_RESTART",
        &linux::WAIT_OWN_SIGCHLD,
    )
    .before_request(track_handler)
    .call(|w, r| own_sigchld(w, r, r.has(WNOWAIT))),
    blind(
        "stopped-group-waiter-eintr",
        "a wait for a group fails with EINTR after the waiter is stopped and continued",
        &posix::WAITPID_STOPPED_WAITER,
    )
    .before_request(|w, _| catch_continues(w))
    .call(|w, r| after_a_continue(w, r, r.group().is_some())),
    blind(
        "stopped-pid-waiter-eintr",
        "a wait by pid fails with EINTR after the waiter is stopped and continued",
        &posix::WAITPID_STOPPED_WAITER,
    )
    .before_request(|w, _| catch_continues(w))
    .call(|w, r| after_a_continue(w, r, r.pid().is_some())),
    blind(
        "stopped-waiter-for-events-eintr",
        "a wait for stops or continues fails with EINTR after the waiter is stopped and continued",
        &posix::WAITPID_STOPPED_WAITER,
    )
    .before_request(|w, _| catch_continues(w))
    .call(|w, r| after_a_continue(w, r, r.has(WUNTRACED | WCONTINUED))),
    blind(
        "stopped-pidfd-waiter-eintr",
        "a wait through a pidfd fails with EINTR after the waiter is stopped and continued",
        &posix::WAITPID_STOPPED_WAITER,
    )
    .before_request(|w, _| catch_continues(w))
    .call(|w, r| after_a_continue(w, r, by_pidfd(r))),
    blind(
        "stopped-peeker-eintr",
        "a peek fails with EINTR after the waiter is stopped and continued",
        &posix::WAITPID_STOPPED_WAITER,
    )
    .before_request(|w, _| catch_continues(w))
    .call(|w, r| after_a_continue(w, r, r.has(WNOWAIT))),
    blind(
        "waitpid-group-exits-only",
        "waitpid for a group reports neither stops nor continues",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| exits_only(w, r, r.call == Call::Waitpid && r.group().is_some())),
    blind(
        "waitpid-event-bits-lost",
        "waitpid stores only the low sixteen bits of the status word of a ptrace stop",
        &linux::PTRACE_EVENT_BITS,
    )
    .call(|w, r| {
        w.map_word(r, |word| {
            let event = word >> 16 != 0 && !libc::WIFCONTINUED(word);
            if r.call == Call::Waitpid && event { word & 0xffff } else { word }
        })
    }),
    blind(
        "wnothread-by-group-ignored",
        "__WNOTHREAD has no effect for a group",
        &linux::THREADS_WNOTHREAD_SIBLING,
    )
    .call(|w, r| drops(w, r, option("__WNOTHREAD"), r.group().is_some())),
    blind(
        "wnothread-by-pidfd-ignored",
        "__WNOTHREAD has no effect with P_PIDFD",
        &linux::THREADS_WNOTHREAD_SIBLING,
    )
    .call(|w, r| drops(w, r, option("__WNOTHREAD"), by_pidfd(r))),
    blind("wclone-by-group-ignored", "__WCLONE has no effect for a group", &linux::CLONE_WCLONE_SKIPS_FORKED)
        .call(|w, r| drops(w, r, option("__WCLONE"), r.group().is_some())),
    blind("wclone-by-pidfd-ignored", "__WCLONE has no effect with P_PIDFD", &linux::CLONE_WCLONE_SKIPS_FORKED)
        .call(|w, r| drops(w, r, option("__WCLONE"), by_pidfd(r))),
    blind(
        "group-finds-clone-children",
        "a wait for a group finds a child without an exit signal, even without __WALL",
        &linux::CLONE_NO_EXIT_SIGNAL_SKIPPED,
    )
    .call(|w, r| {
        let finds = r.group().is_some() && !r.has(option("__WCLONE"));
        if finds { w.real(&r.with(option("__WALL"))) } else { w.real(r) }
    }),
    blind("wall-by-group-ignored", "__WALL has no effect for a group", &linux::CLONE_WALL_FINDS_ALL)
        .call(|w, r| drops(w, r, option("__WALL"), r.group().is_some())),
    blind("adopted-uid-zero", "si_uid of an adopted child is 0", &posix::WAITID_SI_UID).call(|w, r| {
        w.map(r, |seen| {
            let own = w.children();
            if seen.child().is_some_and(|pid| !own.is_empty() && !own.contains(&pid)) {
                seen.edit_info(|info| info.uid = Some(0));
            }
        })
    }),
    blind("clone-child-uid-zero", "si_uid of a child that clone has created is 0", &posix::WAITID_SI_UID)
        .after_reply(|w, request, reply| {
            if let ("clone", Ok(pid)) = (request.word(), reply.number("pid")) {
                w.insert(pid, 1);
            }
        })
        .call(|w, r| {
            w.map(r, |seen| {
                if seen.child().is_some_and(|pid| w.lookup(pid).is_some()) {
                    seen.edit_info(|info| info.uid = Some(0));
                }
            })
        }),
    blind("group-uid-zero", "si_uid is 0 for a child found by its group", &posix::WAITID_SI_UID).call(
        |w, r| {
            w.map(r, |seen| {
                if r.group().is_some() {
                    seen.edit_info(|info| info.uid = Some(0));
                }
            })
        },
    ),
];
