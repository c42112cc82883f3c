//! Calls outside the wait family: those that take a pid and do not find an existing process, and a clone3 that creates the wrong
//! kind of child.

use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::process_table::{self, State};

/// Answers `exists` with an error if that call asks about a zombie.
fn misses_zombies(by: &str, request: &Line, reply: &mut Line) {
    let dead = |pid: i64| {
        let process = process_table::read(pid as i32).ok().flatten();
        process.is_some_and(|process| process.state == State::Zombie)
    };
    if request.word() == "exists"
        && request.get("by").as_deref() == Some(by)
        && request.number("pid").is_ok_and(dead)
    {
        *reply = Line::new("err").with("id", reply.id().unwrap_or_default()).with("errno", "ESRCH");
    }
}

/// Has clone3 create an ordinary child instead of one with `CLONE_AUTOREAP`.
fn without_autoreap(line: &mut Line) {
    if line.word() == "autoreap" {
        let mut plain = Line::new("clone");
        for key in line.keys().filter(|key| *key != "autokill") {
            plain = match key {
                "argv" => plain.with_list(key, line.byte_list(key)),
                _ => plain.with(key, line.get(key).unwrap_or_default()),
            };
        }
        *line = plain.with("clone3", "yes");
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    from_bug(
        "WSL#3765",
        "kill-misses-zombies",
        "kill(pid, 0) of a zombie fails with ESRCH",
        &posix::ZOMBIE_KILL_SUCCEEDS,
    )
    .after_reply(|_, request, reply| misses_zombies("kill", request, reply)),
    blind(
        "killpg-misses-zombies",
        "kill(-pgid, 0) of a group of zombies fails with ESRCH",
        &linux::ZOMBIE_FOUND_BY_PID,
    )
    .after_reply(|_, request, reply| misses_zombies("killpg", request, reply)),
    blind("getpgid-misses-zombies", "getpgid of a zombie fails with ESRCH", &linux::ZOMBIE_FOUND_BY_PID)
        .after_reply(|_, request, reply| misses_zombies("getpgid", request, reply)),
    blind("setpgid-misses-zombies", "setpgid of a zombie fails with ESRCH", &linux::ZOMBIE_FOUND_BY_PID)
        .after_reply(|_, request, reply| misses_zombies("setpgid", request, reply)),
    // Does not need a kernel with the flags.
    blind(
        "clone3-ignores-new-flags",
        "clone3 ignores CLONE_AUTOREAP and CLONE_PIDFD_AUTOKILL: the child is like any other",
        &linux::CLONE_AUTOREAP_NEVER_REPORTED,
    )
    .before_request(|_, line| without_autoreap(line)),
    from_catalogue(
        "kill-finds-reaped",
        "kill(pid, 0) finds a child that has been reaped",
        &posix::ZOMBIE_ESRCH_AFTER_REAP,
    )
    .after_reply(|_, request, reply| {
        if request.word() == "exists" && request.get("by").as_deref() == Some("kill") {
            *reply = Line::new("ok").with("id", reply.id().unwrap_or_default());
        }
    }),
];
