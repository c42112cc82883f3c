//! SIGCHLD: when it comes, what it carries, and what it means to ignore it.

use super::edit::{ObservationEdit, RequestView, exited, killed};
use super::inner::{Wrapped, error, never, nothing, report};
use super::mutant::{Mutant, blind, made_for, seen_in};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::process_table;
use crate::sys::signal::{self, Action, Flags};
use crate::wait::names;
use libc::{ECHILD, EINTR, WNOHANG};

/// Whether a request sets the action of SIGCHLD, to that.
fn sets(line: &Line, action: &str) -> bool {
    is_action(line) && line.get("do").as_deref() == Some(action)
}

/// Whether a request sets the action of SIGCHLD.
fn is_action(line: &Line) -> bool {
    line.word() == "sigaction" && line.get("sig").as_deref() == Some("SIGCHLD")
}

/// Remembers whether SIGCHLD is ignored.
fn note_ignored(w: &Wrapped, line: &mut Line) {
    if is_action(line) {
        w.remember(i64::from(sets(line, "ignore")));
    }
}

/// Takes every zombie, unseen.
fn dispose(w: &Wrapped) {
    for pid in w.born() {
        w.steal(pid);
    }
}

/// Changes the records that a request for caught signals tells: `SIG:CODE:PID:UID:STATUS`.
pub(crate) fn records(request: &Line, reply: &mut Line, change: impl Fn(&mut Vec<String>)) {
    if request.word() == "signals" {
        change_records(reply, change);
    }
}

/// The same of one that was blocked, and is taken.
fn record_taken(request: &Line, reply: &mut Line, change: impl Fn(&mut Vec<String>)) {
    if matches!(request.word(), "sigwait" | "signalfd") {
        change_records(reply, change);
    }
}

fn change_records(reply: &mut Line, change: impl Fn(&mut Vec<String>)) {
    let changed: Vec<String> = reply
        .list("seen")
        .iter()
        .map(|record| {
            let mut fields: Vec<String> = record.split(':').map(str::to_owned).collect();
            if fields.len() == 5 {
                change(&mut fields);
            }
            fields.join(":")
        })
        .collect();
    let mut line = Line::new(reply.word());
    for key in reply.keys().filter(|key| *key != "seen") {
        // Numbers are texts alike; `waited` is a list.
        line = match key {
            "waited" => line.with_list(key, reply.byte_list(key)),
            _ => line.with(key, reply.get(key).unwrap_or_default()),
        };
    }
    *reply = line.with_list("seen", changed);
}

/// Drops the caught signals of these codes.
fn without(request: &Line, reply: &mut Line, lost: impl Fn(&str) -> bool) {
    if request.word() != "signals" {
        return;
    }
    let seen = reply.list("seen");
    let kept = seen.iter().filter(|record| !record.split(':').nth(1).is_some_and(&lost));
    let kept: Vec<String> = kept.cloned().collect();
    if kept.len() < seen.len() {
        *reply = Line::new(reply.word())
            .with("id", reply.id().unwrap_or(0))
            .with("count", kept.len())
            .with_list("seen", kept)
            .with_list("waited", reply.byte_list("waited"));
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "one-per-sigchld",
        "only one of several children that died before one SIGCHLD is reported",
        &posix::SIGCHLD_COALESCES,
    )
    .call(|w, r| {
        if r.has(WNOHANG) && r.is_any() && w.remember(0) == 1 {
            return Ok(nothing(r));
        }
        w.then(r, |seen| {
            w.remember(i64::from(seen.is_termination()));
        })
    }),
    blind(
        "sigchld-late",
        "SIGCHLD arrives before a WNOHANG wait can see the child",
        &posix::SIGCHLD_WAIT_IN_HANDLER,
    )
    .edit_request(|w, line| {
        if sets(line, "wait") {
            w.remember(1);
        }
    })
    .call(|w, r| {
        let early = r.has(WNOHANG) && r.is_any() && w.remembered() == 1 && w.look(r).is_some();
        if early {
            w.remember(0);
            return Ok(nothing(r));
        }
        w.real(r)
    }),
    blind("sigchld-missing", "no SIGCHLD for a child that exits", &posix::SIGCHLD_ON_EXIT)
        .edit_request(|_, line| {
            // Its records tell which signals are of exits.
            if sets(line, "count") {
                line.set("do", "record");
            }
        })
        .edit_reply(|_, request, reply| {
            without(request, reply, |code| code != "CLD_STOPPED" && code != "CLD_CONTINUED")
        }),
    blind(
        "nocldstop-ignored",
        "SA_NOCLDSTOP does not silence SIGCHLD of stops",
        &posix::SIGCHLD_NOCLDSTOP_SILENT,
    )
    .edit_request(|_, line| {
        if is_action(line) {
            line.set("nocldstop", "no");
        }
    }),
    blind(
        "nocldstop-hides-status",
        "SA_NOCLDSTOP hides stops from wait calls",
        &posix::SIGCHLD_NOCLDSTOP_KEEPS_STATUS,
    )
    .edit_request(|w, line| {
        if is_action(line) {
            w.remember(i64::from(line.flag("nocldstop")));
        }
    })
    .call(|w, r| {
        let hidden = w.remembered() == 1 && r.has(libc::WUNTRACED);
        match w.look_for(r, libc::WSTOPPED) {
            Some(_) if hidden && r.blocks() => never(),
            Some(_) if hidden => Ok(nothing(r)),
            _ => w.real(r),
        }
    }),
    blind("sigchld-code-swapped", "si_code and si_status are exchanged", &posix::SIGCHLD_INFO_EXITED)
        .edit_reply(|_, request, reply| {
            records(request, reply, |fields| {
                let code = names::child_code(&fields[1]).unwrap_or(0).to_string();
                fields[1] = std::mem::replace(&mut fields[4], code);
            })
        }),
    blind(
        "ignored-makes-zombie",
        "SIGCHLD ignored: children still become zombies",
        &posix::SIGCHLD_IGNORED_NO_ZOMBIE,
    )
    .edit_request(|_, line| {
        if sets(line, "ignore") {
            line.set("do", "default");
        }
    }),
    blind("ignored-hangs", "SIGCHLD ignored: a wait never ends", &posix::SIGCHLD_IGNORED_WAITS_FOR_LAST_EXIT)
        .edit_request(note_ignored)
        .call(|w, r| {
            let seen = w.real(r)?;
            let hangs = w.remembered() == 1 && r.blocks() && seen.errno() == Some(ECHILD);
            if hangs { never() } else { Ok(seen) }
        }),
    blind(
        "ignored-first-child",
        "SIGCHLD ignored: a wait fails with ECHILD when the first of two children ends",
        &posix::SIGCHLD_IGNORED_WAITS_FOR_LAST_EXIT,
    )
    .edit_request(|w, line| {
        note_ignored(w, line);
        // Zombies are left by neither, and a handler ends the wait.
        if sets(line, "ignore") {
            line.set("do", "count");
            line.set("nocldwait", "yes");
            line.set("restart", "no");
        }
    })
    .call(|w, r| {
        w.then(r, |seen| {
            if w.remembered() == 1 && seen.errno() == Some(EINTR) {
                *seen = error(r, ECHILD);
            }
        })
    }),
    blind(
        "ignored-reports",
        "SIGCHLD ignored: a wait reports the child and its status",
        &posix::SIGCHLD_IGNORED_BY_PID,
    )
    .edit_request(|w, line| {
        note_ignored(w, line);
        if sets(line, "ignore") {
            line.set("do", "record");
            line.set("nocldwait", "yes");
            line.set("restart", "yes");
        }
    })
    .call(|w, r| {
        let seen = w.real(r)?;
        if w.remembered() == 0 || seen.errno() != Some(ECHILD) {
            return Ok(seen);
        }
        // The signal still tells who ended, and how.
        let (_, ended) = signal::take_records();
        let mine = ended.iter().find(|e| r.pid().is_none_or(|pid| pid == i64::from(e.pid)));
        let word = |e: &signal::Record| {
            if e.code == libc::CLD_EXITED { exited(e.status) } else { killed(e.status) }
        };
        Ok(mine.map_or(seen, |e| report(r, e.pid.into(), word(e))))
    }),
    blind(
        "ignored-kills-zombies",
        "setting SIG_IGN disposes of zombies that were there",
        &posix::SIGCHLD_IGNORED_EARLIER_ZOMBIE,
    )
    .edit_request(|w, line| {
        if sets(line, "ignore") {
            dispose(w);
        }
    }),
    blind("nocldwait-ignored", "SA_NOCLDWAIT has no effect", &posix::SIGCHLD_NOCLDWAIT_NO_ZOMBIE)
        .edit_request(|_, line| {
            if is_action(line) {
                line.set("nocldwait", "no");
            }
        }),
    blind(
        "default-is-ignored",
        "SIG_DFL is treated like SIG_IGN: no zombies",
        &posix::SIGCHLD_DEFAULT_ZOMBIE,
    )
    .edit_request(|_, line| {
        if sets(line, "default") {
            line.set("do", "ignore");
        }
    }),
    blind(
        "zombie-expires",
        "a zombie vanishes after a while, or after some forks",
        &posix::ZOMBIE_UNTIL_REAPED,
    )
    .edit_request(|w, line| {
        if line.word() == "spawn" {
            dispose(w);
        }
    }),
    blind("orphan-lost", "an orphan is not given to the subreaper", &linux::SUBREAPER_ADOPTS).edit_request(
        |_, line| {
            if line.word() == "subreaper" {
                line.set("on", "no");
            }
        },
    ),
    blind(
        "orphan-zombie-lost",
        "a zombie that changes parents is never reported to the new one",
        &linux::SUBREAPER_ADOPTS_ZOMBIE,
    )
    .call(|w, r| {
        while let Some((pid, _)) = w.look_for(r, libc::WEXITED).filter(|(pid, _)| !w.born().contains(pid)) {
            w.steal(pid);
        }
        w.real(r)
    }),
    seen_in(
        "systemd#4855",
        "sigchld-parent-pid",
        "the SIGCHLD of a child carries the pid of the parent",
        &posix::SIGCHLD_INFO_KILLED,
    )
    .edit_reply(|_, request, reply| {
        let own = crate::sys::process::pid().to_string();
        records(request, reply, |fields| fields[2].clone_from(&own));
    }),
    seen_in(
        "tgoskits#535",
        "blocked-sigchld-dropped",
        "a SIGCHLD that is blocked is dropped, not kept pending",
        &posix::SIGCHLD_BLOCKED_PENDS,
    )
    .edit_request(|_, line| {
        // Ignoring discards what is pending; the next action finds none.
        if line.word() == "sigprocmask" && line.get("how").as_deref() == Some("unblock") {
            let _ = signal::set_action(libc::SIGCHLD, Action::Default, Flags::default());
        }
    })
    .edit_reply(|_, request, reply| {
        if request.word() == "sigpending" {
            *reply = Line::new(reply.word()).with("id", reply.id().unwrap_or(0)).with_list("sigs", [""; 0]);
        }
    }),
    made_for(
        "sigchld-stop-status-zero",
        "the SIGCHLD of a stop or continue carries status 0",
        &posix::SIGCHLD_INFO_STOPPED,
    )
    .edit_reply(|_, request, reply| {
        records(request, reply, |fields| {
            if fields[1] == "CLD_STOPPED" || fields[1] == "CLD_CONTINUED" {
                fields[4] = "0".to_owned();
            }
        });
    }),
    made_for(
        "sigchld-wrong-uid",
        "the SIGCHLD carries another user than waitid tells",
        &posix::SIGCHLD_INFO_EQUALS_WAITID,
    )
    .call(|w, r| w.then(r, |seen| seen.info(|info| info.uid = Some(77)))),
    made_for(
        "sigwait-exit-is-kill",
        "a SIGCHLD that is waited for says CLD_KILLED of an exit",
        &posix::SIGCHLD_INFO_EXITED,
    )
    .edit_reply(|_, request, reply| {
        record_taken(request, reply, |fields| {
            if fields[1] == "CLD_EXITED" {
                fields[1] = "CLD_KILLED".to_owned();
            }
        });
    }),
    made_for(
        "sigwait-stop-without-signal",
        "a SIGCHLD that is waited for has status 0 for a stop",
        &posix::SIGCHLD_INFO_STOPPED,
    )
    .edit_reply(|_, request, reply| {
        record_taken(request, reply, |fields| {
            if fields[1] == "CLD_STOPPED" {
                fields[4] = "0".to_owned();
            }
        });
    }),
    made_for(
        "sigwait-continue-without-signal",
        "a SIGCHLD that is waited for has status 0 for a continue",
        &linux::SIGCHLD_ON_CONTINUE,
    )
    .edit_reply(|_, request, reply| {
        record_taken(request, reply, |fields| {
            if fields[1] == "CLD_CONTINUED" {
                fields[4] = "0".to_owned();
            }
        });
    }),
    made_for(
        "sigchld-never-dumped",
        "a death with a core dump has CLD_KILLED in the SIGCHLD",
        &posix::SIGCHLD_INFO_KILLED,
    )
    .edit_reply(|_, request, reply| {
        records(request, reply, |fields| {
            if fields[1] == "CLD_DUMPED" {
                fields[1] = "CLD_KILLED".to_owned();
            }
        });
    }),
    made_for("sigchld-exits-only", "no SIGCHLD for a child that stops or continues", &posix::SIGCHLD_ON_STOP)
        .edit_request(|_, line| {
            if is_action(line) {
                line.set("nocldstop", "yes");
            }
        }),
    made_for(
        "nocldstop-silences-exits",
        "with SA_NOCLDSTOP there is no SIGCHLD of an end either",
        &posix::SIGCHLD_NOCLDSTOP_EXIT,
    )
    .edit_request(|_, line| {
        if is_action(line) && line.flag("nocldstop") {
            line.set("do", "default");
        }
    }),
    made_for(
        "nocldwait-silent",
        "with SA_NOCLDWAIT there is no SIGCHLD",
        &linux::SIGCHLD_NOCLDWAIT_STILL_SENT,
    )
    .edit_request(|_, line| {
        if is_action(line) && line.flag("nocldwait") {
            line.set("do", "ignore");
        }
    }),
    made_for(
        "ignored-is-permanent",
        "after SIGCHLD was ignored children leave no zombies, whatever comes after",
        &posix::SIGCHLD_DEFAULT_ZOMBIE,
    )
    .edit_request(|w, line| {
        if sets(line, "ignore") {
            w.remember(1);
        }
        if is_action(line) && w.remembered() == 1 {
            line.set("do", "ignore");
        }
    }),
    made_for(
        "ignored-nohang-echild",
        "with SIGCHLD ignored WNOHANG fails with ECHILD beside a live child",
        &posix::SIGCHLD_IGNORED_NOHANG,
    )
    .edit_request(note_ignored)
    .call(|w, r| {
        w.then(r, |seen| {
            if w.remembered() == 1 && r.has(WNOHANG) && seen.is_nothing() {
                *seen = error(r, ECHILD);
            }
        })
    }),
    made_for(
        "ignored-no-children-hangs",
        "with SIGCHLD ignored a wait that finds no child at once sleeps",
        &posix::SIGCHLD_IGNORED_NO_CHILDREN_LEFT,
    )
    .edit_request(note_ignored)
    .call(|w, r| {
        let hangs = w.remembered() == 1 && r.blocks() && !w.has_children();
        if hangs { never() } else { w.real(r) }
    }),
    made_for(
        "ignored-stops-lost",
        "with SIGCHLD ignored stops and continues are not reported",
        &posix::SIGCHLD_IGNORED_STOPS,
    )
    .edit_request(note_ignored)
    .call(|w, r| {
        let events = libc::WUNTRACED | libc::WCONTINUED;
        if w.remembered() == 1 && r.has(events) {
            w.real(&r.without(events).with(WNOHANG))
        } else {
            w.real(r)
        }
    }),
    made_for(
        "ignored-at-fork",
        "what counts is the action of SIGCHLD when the child was made",
        &posix::SIGCHLD_IGNORED_AFTER_FORK,
    )
    .edit_request(|w, line| {
        let live = w.born().iter().any(|pid| matches!(process_table::read(*pid as i32), Ok(Some(_))));
        if sets(line, "ignore") && live {
            line.set("do", "default");
        }
    }),
    made_for(
        "pending-always-cleared",
        "a wait clears the pending SIGCHLD, also of other children",
        &posix::SIGCHLD_PENDING_WHILE_OTHERS_WAITABLE,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        w.add(i64::from(seen.is_termination()));
        Ok(seen)
    })
    .edit_reply(|w, request, reply| {
        if request.word() == "sigpending" && w.remembered() > 0 {
            *reply = Line::new(reply.word()).with("id", reply.id().unwrap_or(0)).with_list("sigs", [""; 0]);
        }
    }),
    made_for(
        "pending-not-discarded",
        "SIG_IGN leaves a pending SIGCHLD pending",
        &posix::SIGCHLD_IGNORED_DISCARDS_PENDING,
    )
    .edit_request(note_ignored)
    .edit_reply(|w, request, reply| {
        if request.word() == "sigpending" && w.remembered() == 1 {
            *reply =
                Line::new(reply.word()).with("id", reply.id().unwrap_or(0)).with_list("sigs", ["SIGCHLD"]);
        }
    }),
    made_for(
        "sigchld-for-grandchildren",
        "one SIGCHLD more than children ended: a grandchild's",
        &posix::SIGCHLD_NOT_FOR_GRANDCHILD,
    )
    .edit_reply(|_, request, reply| {
        if request.word() == "signals" {
            let count = reply.number("count").unwrap_or(0);
            reply.set("count", count + 1);
        }
    }),
    made_for(
        "sigchld-not-for-continues",
        "no SIGCHLD for a child that continues",
        &linux::SIGCHLD_ON_CONTINUE,
    )
    .edit_request(|_, line| {
        if sets(line, "count") {
            line.set("do", "record");
        }
    })
    .edit_reply(|_, request, reply| without(request, reply, |code| code == "CLD_CONTINUED")),
];
