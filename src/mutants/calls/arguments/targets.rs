//! The wrong child: targets mistaken for others.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, is_termination};
use crate::mutants::calls::inner::{CallResult, Inner, block_forever, error, nothing, report};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::protocol::Line;
use crate::spec::posix;
use crate::sys::call::abi::{Call, Pointer, Request, Select};
use crate::sys::process;
use libc::{ECHILD, EINVAL, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WSTOPPED};
use rustix::process::Pid;

/// The process group that the agent started in: its own.
fn initial_group() -> i64 {
    process::pid().into()
}

/// The child that a request of the driver moves to another process group.
fn moved(line: &Line) -> Option<i64> {
    if line.word() == "setpgid" { line.number("pid").ok().filter(|pid| *pid != 0) } else { None }
}

/// Remembers the children that requests have moved.
fn note_moved(w: &Inner, line: &mut Line) {
    if let Some(pid) = moved(line) {
        w.insert(pid, 1);
    }
}

/// The process group that a child is in.
fn group_of(pid: i64) -> Option<i64> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    rustix::process::getpgid(Some(pid)).ok().map(|group| group.as_raw_nonzero().get().into())
}

/// The same call for that child.
fn by_pid(pid: i64) -> Request {
    Request {
        call: Call::Waitid,
        select: Select::Id { idtype: i64::from(libc::P_PID), id: pid },
        options: 0,
        status: Pointer::Null,
        rusage: Pointer::Null,
        info: Pointer::Buffer,
    }
}

/// Reports the child that was reaped last once more if nothing is ready for such a call.
fn reported_again(w: &Inner, r: &Request, such: bool) -> CallResult {
    let last = w.value();
    if such && last != 0 && w.has_children() && w.peek(r).is_none() {
        w.swap(0);
        return Ok(report(r, last >> 32, last as u32 as i32));
    }
    w.map(r, |seen| {
        if let (Some(pid), Some(word), true) = (seen.child(), seen.word(), seen.is_termination()) {
            w.swap(pid << 32 | i64::from(word.cast_unsigned()));
        }
    })
}

/// Sleeps on when a child that was moved to the group that a call waits for changes like that.
fn asleep_for_moved(w: &Inner, r: &Request, such: fn(i32) -> bool) -> CallResult {
    if r.group().is_none() || !r.blocks() || w.peek(r).is_some() {
        return w.real(r);
    }
    let events = WEXITED | WNOWAIT | (r.options & (WSTOPPED | WCONTINUED));
    match w.waitid(r, events) {
        Some((pid, word)) if such(word) && w.lookup(pid).is_some() => block_forever(),
        _ => w.real(r),
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("any-skips-last", "an any-child wait skips the last child created", &posix::WAITPID_ANY_EACH_ONCE)
        .call(|w, r| {
            let children = w.children();
            let (Some(last), true) = (children.last(), r.is_any()) else { return w.real(r) };
            match w.peek(r) {
                // Another child may be ready as well.
                Some((pid, _)) if pid == *last => {
                    let other = children.iter().find(|p| **p != *last && w.peek(&r.with_pid(**p)).is_some());
                    match other {
                        Some(other) => w.real(&r.with_pid(*other)),
                        None if r.blocks() => block_forever(),
                        None => Ok(nothing(r)),
                    }
                }
                _ => w.real(r),
            }
        }),
    blind(
        "reported-twice",
        "the child that was reaped last is reported again by the next call that would block",
        &posix::STATUS_NOT_REPORTED_TWICE,
    )
    .call(|w, r| reported_again(w, r, r.is_any() && r.blocks())),
    blind(
        "reported-twice-by-group",
        "a call for a process group reports the child that was reaped last again",
        &posix::STATUS_NOT_REPORTED_TWICE,
    )
    .call(|w, r| reported_again(w, r, r.group().is_some())),
    blind(
        "any-duplicates-pid",
        "two children that terminate together are reported with the same pid",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            let (Some(pid), true) = (seen.child(), seen.is_termination() && r.is_any()) else { return };
            let together = w.peek_for(r, WEXITED).is_some();
            let before = w.swap(if together { pid } else { 0 });
            if before != 0 {
                seen.edit_info(|info| info.pid = Some(before));
                if !r.uses_idtype() {
                    seen.ret = Ok(before);
                }
            }
        })
    }),
    blind(
        "by-pid-reaps-any",
        "waitpid(pid) returns whichever child is ready",
        &posix::WAITPID_PID_ONLY_THAT_CHILD,
    )
    .call(|w, r| if r.pid().is_some() { w.real(&r.with_any()) } else { w.real(r) }),
    blind(
        "by-pid-drains-others",
        "waitpid(pid) silently reaps other zombies",
        &posix::WAITPID_BY_PID_PRESERVES_OTHERS,
    )
    .call(|w, r| {
        if let Some(pid) = r.pid() {
            for other in w.siblings(pid) {
                w.reap(other);
            }
        }
        w.real(r)
    }),
    blind(
        "statuses-swapped",
        "two zombies reaped out of order have their statuses swapped",
        &posix::WAITPID_BY_PID_PRESERVES_OTHERS,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            let (Some(pid), Some(word), true) = (seen.child(), seen.word(), seen.is_termination()) else {
                return;
            };
            if let Some(other) = w.remove(pid) {
                seen.set_word(other as i32);
                return;
            }
            let position = |p: &i64| w.children().iter().position(|b| b == p);
            let zombie = w.siblings(pid).into_iter().find_map(|p| w.peek_for(&r.with_pid(p), WEXITED));
            if let Some((other, its)) = zombie.filter(|(other, _)| position(other) < position(&pid)) {
                w.insert(other, word.into());
                seen.set_word(its);
            }
        })
    }),
    blind(
        "any-own-group-only",
        "pid -1 matches only the caller's process group",
        &posix::WAITPID_ANY_EVERY_GROUP,
    )
    .call(|w, r| if r.is_any() { w.real(&r.with_group(0)) } else { w.real(r) }),
    blind("zero-is-any", "pid 0 matches every child", &posix::WAITPID_OWN_GROUP)
        .call(|w, r| if r.group() == Some(0) { w.real(&r.with_any()) } else { w.real(r) }),
    blind(
        "zero-group-at-fork",
        "pid 0 uses the caller's process group at startup",
        &posix::WAITPID_OWN_GROUP_IS_CURRENT,
    )
    .call(|w, r| if r.group() == Some(0) { w.real(&r.with_group(initial_group())) } else { w.real(r) }),
    blind("negative-is-any", "pid < -1 matches every child", &posix::WAITPID_NAMED_GROUP)
        .call(|w, r| if r.group().is_some_and(|g| g > 0) { w.real(&r.with_any()) } else { w.real(r) }),
    blind("negative-is-einval", "pid < -1 fails with EINVAL", &posix::WAITPID_NAMED_GROUP).call(|w, r| {
        if r.group().is_some_and(|g| g > 0) && !r.uses_idtype() { Ok(error(r, EINVAL)) } else { w.real(r) }
    }),
    blind(
        "negative-is-pid",
        "pid -N matches process N instead of process group N",
        &posix::WAITPID_NAMED_GROUP,
    )
    .call(|w, r| match r.group() {
        Some(group) if group > 0 => w.real(&r.with_pid(group)),
        _ => w.real(r),
    }),
    blind(
        "group-at-fork",
        "a child matches by its process group at creation",
        &posix::WAITPID_GROUP_AFTER_SETPGID,
    )
    .call(|w, r| match r.group() {
        // All were created in the agent's process group.
        Some(group) if group == 0 || group == initial_group() => w.real(&r.with_any()),
        Some(group) if group > 0 => Ok(error(r, ECHILD)),
        _ => w.real(r),
    }),
    blind(
        "moved-by-parent-not-in-group",
        "a child that its parent has moved to a group wakes no wait for that group",
        &posix::WAITPID_GROUP_AFTER_SETPGID,
    )
    .before_request(note_moved)
    .call(|w, r| asleep_for_moved(w, r, is_termination)),
    blind(
        "stop-of-moved-by-parent-lost",
        "the stop of a child that its parent has moved to a group wakes no wait for that group",
        &posix::WAITPID_GROUP_AFTER_SETPGID,
    )
    .before_request(note_moved)
    .call(|w, r| asleep_for_moved(w, r, |word| !is_termination(word))),
    blind(
        "setpgid-loses-event",
        "an unreported stop or continue is lost when the parent moves the child to another group",
        &posix::WAIT_EVENT_FOLLOWS_SETPGID,
    )
    .before_request(|w, line| {
        if let Some(pid) = moved(line) {
            w.waitid(&by_pid(pid), WSTOPPED | WCONTINUED | WNOHANG);
        }
    }),
    blind(
        "event-stays-in-group",
        "a stop or a continue is reported for the group that the child was in when it happened",
        &posix::WAIT_EVENT_FOLLOWS_SETPGID,
    )
    .before_request(|w, line| {
        if let Some(pid) = moved(line)
            && w.peek_for(&by_pid(pid), WSTOPPED | WCONTINUED).is_some()
            && let Some(group) = group_of(pid)
        {
            w.insert(pid, group);
        }
    })
    .call(|w, r| {
        let group = r.group().map(|group| if group == 0 { initial_group() } else { group });
        let left = group.and_then(|group| w.key_of(group, |_| true));
        match left {
            Some(pid) if w.peek(&r.with_pid(pid)).is_some_and(|(_, word)| !is_termination(word)) => {
                w.remove(pid);
                w.real(&r.with_pid(pid))
            }
            _ => w.real(r),
        }
    }),
    blind(
        "group-forgets-zombies",
        "a wait for a process group misses zombies",
        &posix::WAITPID_GROUP_OF_ZOMBIE,
    )
    .call(|w, r| {
        let zombie =
            r.group().is_some_and(|g| g > 0) && w.peek(r).is_some_and(|(_, word)| is_termination(word));
        if zombie { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    blind("waitid-all-uses-id", "P_ALL filters by id", &posix::WAITID_P_ALL).call(|w, r| {
        match r.idtype_and_id() {
            (_, id) if r.is_any() && id != 0 => w.real(&r.with_pid(id)),
            _ => w.real(r),
        }
    }),
    blind("waitid-pgid-is-pid", "P_PGID matches by pid", &posix::WAITID_P_PGID).call(|w, r| {
        match r.group() {
            Some(group) if group > 0 && r.uses_idtype() => w.real(&r.with_pid(group)),
            _ => w.real(r),
        }
    }),
    from_bug(
        "childprocess#151",
        "group-blocks",
        "a wait for a process group blocks even if a child in it is ready",
        &posix::WAITPID_NAMED_GROUP,
    )
    .call(|w, r| {
        let ready = r.group().is_some_and(|g| g > 0) && r.blocks() && w.peek(r).is_some();
        if ready { block_forever() } else { w.real(r) }
    }),
    from_catalogue(
        "own-group-by-number-only",
        "pid 0 fails with ECHILD: the caller's own process group is found only by its ID",
        &posix::WAITPID_OWN_GROUP,
    )
    .call(|w, r| if r.group() == Some(0) { Ok(error(r, ECHILD)) } else { w.real(r) }),
    from_catalogue(
        "pids-shifted",
        "the pid returned is that of the previously reported child",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if let (Ok(pid), true) = (seen.ret, seen.is_termination() && !r.uses_idtype()) {
                let before = w.swap(pid);
                if before != 0 {
                    seen.ret = Ok(before);
                }
            }
        })
    }),
    from_catalogue(
        "by-pid-blocked-by-other-zombie",
        "waitpid(pid) blocks while another child is a zombie",
        &posix::WAITPID_PID_ONLY_THAT_CHILD,
    )
    .call(|w, r| {
        let other =
            r.pid().is_some_and(|pid| w.peek_for(&r.with_any(), WEXITED).is_some_and(|(p, _)| p != pid));
        if other && r.blocks() { block_forever() } else { w.real(r) }
    }),
];
