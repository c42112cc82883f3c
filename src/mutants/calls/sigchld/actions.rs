//! Corner cases of SIGCHLD's action: SA_NOCLDWAIT without a handler and temporarily, ignored and blocked, clone children, and
//! signals without an event.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, option};
use crate::mutants::calls::inner::Inner;
use crate::mutants::calls::signal_lines::{edit_records, sets_action, sets_to};
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::process_table;
use libc::{WNOHANG, WNOWAIT};

/// Whether SIGCHLD is blocked, as far as the requests up to this one have changed that.
fn is_blocked(w: &Inner, line: &Line) -> bool {
    if line.word() == "sigprocmask" && line.get("sig").as_deref() == Some("SIGCHLD") {
        w.swap(i64::from(line.get("how").as_deref() == Some("block")));
    }
    w.value() == 1
}

/// The number of signals in a reply to `signals`, with more of them.
fn add_signals(request: &Line, reply: &mut Line, more: i64) {
    if request.word() == "signals"
        && more > 0
        && let Ok(count) = reply.number("count")
    {
        reply.set("count", count + more);
    }
}

/// Whether a clone child has an exit signal other than SIGCHLD.
fn is_unusual(request: &Line) -> bool {
    request.word() == "clone" && request.get("exit-signal").as_deref() != Some("SIGCHLD")
}

/// A stopped child's pid is stored when its stop is reported.
fn note_stop(w: &Inner, seen: &crate::sys::call::abi::Observation) {
    if let (Some(pid), true) = (seen.child(), seen.is_stop()) {
        w.insert(pid, 1);
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "nocldwait-needs-a-handler",
        "SA_NOCLDWAIT has no effect with the default action",
        &posix::SIGCHLD_NOCLDWAIT_NO_ZOMBIE,
    )
    .before_request(|_, line| {
        if sets_to(line, "default") {
            line.set("nocldwait", "no");
        }
    }),
    blind(
        "nocldwait-is-permanent",
        "once SA_NOCLDWAIT has been set, no later action cancels its effect",
        &posix::SIGCHLD_NOCLDWAIT_CLEARED,
    )
    .before_request(|w, line| {
        if sets_action(line) && !sets_to(line, "ignore") {
            if line.flag("nocldwait") {
                w.swap(1);
            } else if w.value() == 1 {
                line.set("nocldwait", "yes");
            }
        }
    }),
    blind(
        "blocked-and-ignored-makes-zombies",
        "children leave zombies with SIGCHLD ignored if it is blocked, too",
        &posix::SIGCHLD_IGNORED_WHILE_BLOCKED,
    )
    .before_request(|w, line| {
        if is_blocked(w, line) && sets_to(line, "ignore") {
            line.set("do", "default");
        }
    }),
    blind(
        "blocked-nocldwait-makes-zombies",
        "SA_NOCLDWAIT has no effect while SIGCHLD is blocked",
        &posix::SIGCHLD_IGNORED_WHILE_BLOCKED,
    )
    .before_request(|w, line| {
        if is_blocked(w, line) && sets_action(line) {
            line.set("nocldwait", "no");
        }
    }),
    blind(
        "ignored-takes-clone-children",
        "with SIGCHLD ignored, children with another exit signal leave no zombies, either",
        &linux::CLONE_IGNORED_SIGCHLD_KEEPS,
    )
    .before_request(|w, line| {
        if sets_action(line) {
            w.swap(i64::from(sets_to(line, "ignore")));
        }
    })
    .after_reply(|w, request, reply| {
        if is_unusual(request)
            && let Ok(pid) = reply.number("pid")
        {
            w.insert(pid, 1);
        }
    })
    .call(|w, r| {
        let dead = w.key_of(1, |pid| w.value() == 1 && process_table::is_zombie(pid as i32));
        if let Some(pid) = dead {
            w.remove(pid);
            w.waitid(&r.with_pid(pid), libc::WEXITED | WNOHANG | option("__WALL"));
        }
        w.real(r)
    }),
    blind(
        "sigchld-for-a-reap",
        "the wait that reaps a child generates another SIGCHLD",
        &linux::SIGCHLD_ONLY_EVENTS,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            w.add(i64::from(seen.is_termination() && !r.has(WNOWAIT)));
        })
    })
    .after_reply(|w, request, reply| {
        if request.word() == "signals" {
            add_signals(request, reply, w.swap(0));
        }
    }),
    blind(
        "kill-continues-the-stopped",
        "the SIGCHLD for a stopped child killed by SIGKILL carries CLD_CONTINUED",
        &linux::SIGCHLD_ONLY_EVENTS,
    )
    .call(|w, r| w.map(r, |seen| note_stop(w, seen)))
    .after_reply(|w, request, reply| {
        let stopped = |pid: &str| pid.parse().is_ok_and(|pid: i64| w.lookup(pid).is_some());
        edit_records(request, reply, |fields| {
            if fields[1] == "CLD_KILLED" && stopped(&fields[2]) {
                fields[1] = "CLD_CONTINUED".to_owned();
            }
        });
    }),
    blind(
        "sigchld-shows-traps-as-stops",
        "the SIGCHLD of a traced child's stop carries CLD_STOPPED",
        &linux::PTRACE_SIGCHLD_TRAPPED,
    )
    .after_reply(|_, request, reply| {
        edit_records(request, reply, |fields| {
            if fields[1] == "CLD_TRAPPED" {
                fields[1] = "CLD_STOPPED".to_owned();
            }
        });
    }),
];
