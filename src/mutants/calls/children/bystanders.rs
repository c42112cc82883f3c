//! Faults that affect only some children (spawned, of another session or user, after an exec, with others around), some ways to
//! reap them, or the call after a peek.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, is_termination, stopped};
use crate::mutants::calls::inner::{CallResult, Inner, finds_nothing, nothing, report};
use crate::mutants::calls::pidfd::by_pidfd;
use crate::mutants::calls::signal_lines::edit_records;
use crate::mutants::calls::usage::rusage::{credited, withhold};
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::call::abi::Request;
use crate::sys::process;
use libc::{WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED};

/// Hides the stops of such children: the call continues with other events.
fn hides_stops_of(w: &Inner, r: &Request, such: impl Fn(i64) -> bool) -> CallResult {
    let seen = w.real(r)?;
    let hidden = seen.is_stop() && seen.child().is_some_and(such);
    if hidden { w.real(r) } else { Ok(seen) }
}

/// Consumes such events of all children behind the caller's back.
fn drains(w: &Inner, r: &Request, events: i32) {
    if r.options & events != 0 && !r.has(WNOWAIT) {
        while w.waitid(&r.with_any(), events | WNOHANG).is_some() {}
    }
}

/// What [`image`] returns for a process without arguments.
const NO_IMAGE: i64 = 1;

/// The image of a child, identified by its arguments.
fn image(pid: i64) -> i64 {
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    arguments.iter().fold(NO_IMAGE, |sum, byte| (sum * 31 + i64::from(*byte)) % 1_000_003)
}

/// Remembers the image of a child that was created.
fn note_image(w: &Inner, request: &Line, reply: &Line) {
    if let ("spawn", Ok(pid)) = (request.word(), reply.number("pid")) {
        // The child has the agent's image until it execs.
        w.insert(pid, image(process::pid().into()));
    }
}

/// Whether a live child has a different image than at first; a zombie has none.
fn has_execed(w: &Inner, pid: i64) -> bool {
    let now = image(pid);
    now != NO_IMAGE && w.lookup(pid).is_some_and(|first| first != now)
}

/// A process's session or user, from that line of the process table.
fn status_line(pid: i64, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find(|line| line.starts_with(key)).map(str::to_owned)
}

fn session(pid: i64) -> Option<i32> {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).ok()?);
    rustix::process::getsid(pid).ok().map(|sid| sid.as_raw_nonzero().get())
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "stops-of-spawned-children-lost",
        "the stop of a child created by posix_spawn is not reported",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .after_reply(|w, request, reply| {
        if let ("posix_spawn", Ok(pid)) = (request.word(), reply.number("pid")) {
            w.insert(pid, 1);
        }
    })
    .call(|w, r| hides_stops_of(w, r, |pid| w.lookup(pid).is_some())),
    blind(
        "stops-of-other-sessions-lost",
        "the stop of a child in another session is not reported",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| hides_stops_of(w, r, |pid| session(pid) != session(0))),
    blind(
        "stops-of-other-users-lost",
        "the stop of a child of another user is not reported",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .call(|w, r| {
        let user = |pid| status_line(pid, "Uid:");
        hides_stops_of(w, r, |pid| user(pid) != user(process::pid().into()))
    }),
    blind(
        "stops-after-exec-lost",
        "the stop of a child that has execed is not reported",
        &posix::WAIT_REPORTS_ALIKE,
    )
    .after_reply(|w, request, reply| note_image(w, request, reply))
    .call(|w, r| hides_stops_of(w, r, |pid| has_execed(w, pid))),
    blind(
        "exec-loses-continue",
        "an unreported continue is lost when the child execs",
        &posix::WAIT_EVENT_SURVIVES_CHANGE,
    )
    .after_reply(|w, request, reply| note_image(w, request, reply))
    .call(|w, r| {
        for pid in w.children().into_iter().filter(|pid| has_execed(w, *pid)) {
            w.insert(pid, image(pid));
            w.waitid(&r.with_pid(pid), WCONTINUED | WNOHANG);
        }
        w.real(r)
    }),
    blind(
        "exec-leaves-the-group",
        "a child that has execed is not found by a wait for its group",
        &posix::EXEC_CHILD_KEEPS_IDENTITY,
    )
    .after_reply(|w, request, reply| note_image(w, request, reply))
    .call(|w, r| match w.peek(r) {
        Some((pid, _)) if r.group().is_some() && has_execed(w, pid) => finds_nothing(r),
        _ => w.real(r),
    }),
    blind(
        "exec-between-calls-is-a-stop",
        "a call with WUNTRACED reports a child that has execed since the last call as stopped by SIGTRAP",
        &posix::EXEC_CHILD_KEEPS_IDENTITY,
    )
    .after_reply(|w, request, reply| note_image(w, request, reply))
    .call(|w, r| {
        let execed = w.children().into_iter().find(|pid| w.value() > 0 && has_execed(w, *pid));
        w.swap(1);
        match execed {
            Some(pid) if r.is_any() && r.has(WSTOPPED) => {
                w.insert(pid, image(pid));
                Ok(report(r, pid, stopped(libc::SIGTRAP)))
            }
            _ => w.real(r),
        }
    }),
    blind(
        "sibling-stop-ends-wait",
        "a wait by pid with WUNTRACED returns 0 once another child has stopped",
        &posix::WAITPID_EVENTS_OF_OTHERS,
    )
    .call(|w, r| {
        let misled = r.blocks() && r.pid().is_some() && r.has(WSTOPPED);
        if misled && w.peek(r).is_none() && w.has_children() {
            // Sleep until something happens to any of them.
            let woken = w.waitid(&r.with_any(), WEXITED | WSTOPPED | WNOWAIT);
            if woken.is_some() && w.peek(r).is_none() {
                return Ok(nothing(r));
            }
        }
        w.real(r)
    }),
    blind(
        "by-pid-drains-stops",
        "a wait by pid with WUNTRACED consumes the stops of all children",
        &posix::WAITPID_EVENTS_OF_OTHERS,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if r.pid().is_some() {
            drains(w, r, WSTOPPED);
        }
        Ok(seen)
    }),
    blind(
        "group-drains-stops",
        "a wait for a group with WUNTRACED consumes the stops of all children",
        &posix::WAITPID_EVENTS_OF_OTHERS,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        if r.group().is_some() {
            drains(w, r, WSTOPPED);
        }
        Ok(seen)
    }),
    blind("group-one-is-any", "P_PGID with 1 matches any child", &posix::WAITID_P_PGID)
        .call(|w, r| w.real(&if r.uses_idtype() && r.group() == Some(1) { r.with_any() } else { *r })),
    blind(
        "group-without-uid",
        "si_uid is not stored for a child selected by its group",
        &posix::WAITID_SI_UID,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if r.group().is_some() {
                seen.edit_info(|info| info.uid = None);
            }
        })
    }),
    blind(
        "peeked-event-outlives-the-next",
        "a stop or a continue that has been peeked at is reported even if another event has replaced it",
        &posix::WAITID_NOWAIT_KEEPS_NOTHING,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        let (Some(pid), Some(word)) = (seen.child(), seen.word()) else { return Ok(seen) };
        if r.has(WNOWAIT) {
            if !is_termination(word) {
                w.insert(pid, word.into());
            }
            return Ok(seen);
        }
        match w.remove(pid) {
            Some(peeked) if peeked != i64::from(word) => Ok(report(r, pid, peeked as i32)),
            _ => Ok(seen),
        }
    }),
    blind(
        "group-not-credited",
        "a child reaped by its group is not included in RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_EVERY_WAY,
    )
    .call(|w, r| credited(w, r, |seen| r.group().is_some() && seen.is_termination()))
    .after_reply(withhold),
    blind(
        "pidfd-not-credited",
        "a child reaped through a pidfd is not included in RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_EVERY_WAY,
    )
    .call(|w, r| credited(w, r, |seen| by_pidfd(r) && seen.is_termination()))
    .after_reply(withhold),
    blind(
        "nohang-not-credited",
        "a child reaped with WNOHANG is not included in RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_EVERY_WAY,
    )
    .call(|w, r| credited(w, r, |seen| !r.blocks() && seen.is_termination()))
    .after_reply(withhold),
    blind(
        "killed-not-credited",
        "a child killed by a signal is not included in RUSAGE_CHILDREN",
        &posix::RUSAGE_CHILDREN_EVERY_WAY,
    )
    .call(|w, r| {
        credited(w, r, |seen| {
            seen.is_termination() && seen.word().is_some_and(|word| libc::WIFSIGNALED(word))
        })
    })
    .after_reply(withhold),
    blind("table-of-256", "the 257th reaped child is not reported", &posix::WAITPID_MANY_CHILDREN).call(
        |w, r| {
            let seen = w.real(r)?;
            let lost = seen.is_termination() && !r.has(WNOWAIT) && w.count() == 257;
            if lost { w.real(r) } else { Ok(seen) }
        },
    ),
    blind(
        "pids-of-16-bits",
        "only the low 16 bits of a pid or a process group ID count",
        &posix::WAITPID_PID_ONLY_THAT_CHILD,
    )
    .call(|w, r| {
        let low = |number: i64| (number > 0xffff).then_some(number & 0xffff);
        match (r.pid().and_then(low), r.group().and_then(low)) {
            (Some(pid), _) => w.real(&r.with_pid(pid)),
            (_, Some(group)) => w.real(&r.with_group(group)),
            _ => w.real(r),
        }
    }),
    blind(
        "zombies-stay-in-their-group",
        "setpgid of a zombie succeeds and has no effect",
        &posix::WAITPID_GROUP_AFTER_SETPGID,
    )
    .before_request(|_, line| {
        let dead = |pid: i64| pid > 0 && crate::sys::process_table::is_zombie(pid as i32);
        if line.word() == "setpgid" && line.number("pid").is_ok_and(dead) {
            *line = Line::new("sigpending").with("id", line.id().unwrap_or_default());
        }
    }),
    blind(
        "sigchld-inner-pid",
        "the SIGCHLD for a child that is init of a PID namespace carries its pid within the namespace",
        &linux::PIDNS_OUTER_PID,
    )
    .after_reply(|w, request, reply| {
        if let (Some(_), Ok(pid)) = (request.get("newpid"), reply.number("pid")) {
            w.insert(pid, 1);
        }
        let is_init = |pid: &str| pid.parse().is_ok_and(|pid: i64| w.lookup(pid).is_some());
        edit_records(request, reply, |fields| {
            if is_init(&fields[2]) {
                fields[2] = "1".to_owned();
            }
        });
    }),
];
