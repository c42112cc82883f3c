//! The wrong child: targets taken for others.

use super::edit::{ObservationEdit, RequestView, is_termination};
use super::inner::{error, never, nothing};
use super::mutant::{Mutant, blind, made_for, seen_in};
use crate::spec::posix;
use crate::sys::call::abi::Return;
use crate::sys::process;
use libc::{ECHILD, EINVAL, WEXITED};

/// The agent's process group when it began: it leads one of its own.
fn first_group() -> i64 {
    process::pid().into()
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("any-skips-last", "an any-child wait skips the last child created", &posix::WAITPID_ANY_EACH_ONCE)
        .call(|w, r| {
            let born = w.born();
            let (Some(last), true) = (born.last(), r.is_any()) else { return w.real(r) };
            match w.look(r) {
                // Another one may be ready beside it.
                Some((pid, _)) if pid == *last => {
                    let other = born.iter().find(|p| **p != *last && w.look(&r.of_pid(**p)).is_some());
                    match other {
                        Some(other) => w.real(&r.of_pid(*other)),
                        None if r.blocks() => never(),
                        None => Ok(nothing(r)),
                    }
                }
                _ => w.real(r),
            }
        }),
    blind(
        "any-duplicates-pid",
        "two children that terminate together are reported with the same pid",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            let (Some(pid), true) = (seen.child(), seen.is_termination() && r.is_any()) else { return };
            let together = w.look_for(r, WEXITED).is_some();
            let before = w.remember(if together { pid } else { 0 });
            if before != 0 {
                seen.info(|info| info.pid = Some(before));
                if !r.is_by_id() {
                    seen.ret = Return::Value(before);
                }
            }
        })
    }),
    blind(
        "by-pid-reaps-any",
        "waitpid(pid) returns whichever child is ready",
        &posix::WAITPID_PID_ONLY_THAT_CHILD,
    )
    .call(|w, r| if r.pid().is_some() { w.real(&r.any()) } else { w.real(r) }),
    blind(
        "by-pid-drains-others",
        "waitpid(pid) silently reaps other zombies",
        &posix::WAITPID_BY_PID_PRESERVES_OTHERS,
    )
    .call(|w, r| {
        if let Some(pid) = r.pid() {
            for other in w.siblings(pid) {
                w.steal(other);
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
        w.then(r, |seen| {
            let (Some(pid), Some(word), true) = (seen.child(), seen.word(), seen.is_termination()) else {
                return;
            };
            if let Some(other) = w.forget(pid) {
                seen.set_word(other as i32);
                return;
            }
            let older = |p: &i64| w.born().iter().position(|b| b == p);
            let zombie = w.siblings(pid).into_iter().find_map(|p| w.look_for(&r.of_pid(p), WEXITED));
            if let Some((other, its)) = zombie.filter(|(other, _)| older(other) < older(&pid)) {
                w.keep(other, word.into());
                seen.set_word(its);
            }
        })
    }),
    blind("any-own-group-only", "pid -1 matches only the caller's process group", &posix::WAITPID_ANY_EVERY_GROUP)
        .call(|w, r| if r.is_any() { w.real(&r.of_group(0)) } else { w.real(r) }),
    blind("zero-is-any", "pid 0 matches every child", &posix::WAITPID_OWN_GROUP)
        .call(|w, r| if r.group() == Some(0) { w.real(&r.any()) } else { w.real(r) }),
    blind(
        "zero-group-at-fork",
        "pid 0 uses the caller's process group at startup",
        &posix::WAITPID_OWN_GROUP_IS_CURRENT,
    )
    .call(|w, r| if r.group() == Some(0) { w.real(&r.of_group(first_group())) } else { w.real(r) }),
    blind("negative-is-any", "pid < -1 matches every child", &posix::WAITPID_NAMED_GROUP)
        .call(|w, r| if r.group().is_some_and(|g| g > 0) { w.real(&r.any()) } else { w.real(r) }),
    blind("negative-is-einval", "pid < -1 fails with EINVAL", &posix::WAITPID_NAMED_GROUP).call(
        |w, r| {
            if r.group().is_some_and(|g| g > 0) && !r.is_by_id() { Ok(error(r, EINVAL)) } else { w.real(r) }
        },
    ),
    blind("negative-is-pid", "pid -N matches process N instead of process group N", &posix::WAITPID_NAMED_GROUP)
        .call(|w, r| match r.group() {
            Some(group) if group > 0 => w.real(&r.of_pid(group)),
            _ => w.real(r),
        }),
    blind(
        "group-at-fork",
        "a child matches by its process group at creation",
        &posix::WAITPID_GROUP_AFTER_SETPGID,
    )
    .call(|w, r| match r.group() {
        // All were made in the agent's group.
        Some(group) if group == 0 || group == first_group() => w.real(&r.any()),
        Some(group) if group > 0 => Ok(error(r, ECHILD)),
        _ => w.real(r),
    }),
    blind(
        "group-forgets-zombies",
        "a wait for a process group misses zombies",
        &posix::WAITPID_GROUP_OF_ZOMBIE,
    )
    .call(|w, r| {
        let zombie =
            r.group().is_some_and(|g| g > 0) && w.look(r).is_some_and(|(_, word)| is_termination(word));
        if zombie { Ok(error(r, ECHILD)) } else { w.real(r) }
    }),
    blind("waitid-all-uses-id", "P_ALL filters by id", &posix::WAITID_P_ALL).call(|w, r| match r.as_id() {
        (_, id) if r.is_any() && id != 0 => w.real(&r.of_pid(id)),
        _ => w.real(r),
    }),
    blind("waitid-pgid-is-pid", "P_PGID matches by pid", &posix::WAITID_P_PGID).call(|w, r| {
        match r.group() {
            Some(group) if group > 0 && r.is_by_id() => w.real(&r.of_pid(group)),
            _ => w.real(r),
        }
    }),
    seen_in(
        "childprocess#151",
        "group-blocks",
        "a wait for a process group blocks even if a child in it is ready",
        &posix::WAITPID_NAMED_GROUP,
    )
    .call(|w, r| {
        let ready = r.group().is_some_and(|g| g > 0) && r.blocks() && w.look(r).is_some();
        if ready { never() } else { w.real(r) }
    }),
    made_for(
        "own-group-by-number-only",
        "pid 0 fails with ECHILD: the own process group is found only by its ID",
        &posix::WAITPID_OWN_GROUP,
    )
    .call(|w, r| if r.group() == Some(0) { Ok(error(r, ECHILD)) } else { w.real(r) }),
    made_for(
        "pids-shifted",
        "the pid returned is that of the previously reported child",
        &posix::WAITPID_ANY_EACH_ONCE,
    )
    .call(|w, r| {
        w.then(r, |seen| {
            if let (Return::Value(pid), true) = (seen.ret, seen.is_termination() && !r.is_by_id()) {
                let before = w.remember(pid);
                if before != 0 {
                    seen.ret = Return::Value(before);
                }
            }
        })
    }),
    made_for(
        "by-pid-blocked-by-other-zombie",
        "waitpid(pid) blocks while another child is a zombie",
        &posix::WAITPID_PID_ONLY_THAT_CHILD,
    )
    .call(|w, r| {
        let other = r.pid().is_some_and(|pid| w.look_for(&r.any(), WEXITED).is_some_and(|(p, _)| p != pid));
        if other && r.blocks() { never() } else { w.real(r) }
    }),
];
