//! SIGCHLD: when it is generated, what it carries, and what ignoring it means.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, exited, killed};
use crate::mutants::calls::inner::{Inner, block_forever, error, nothing, report};
use crate::mutants::calls::signal_lines::{
    drop_records, edit_accepted, edit_records, sets_action, sets_to, track_ignored,
};
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::protocol::Line;
use crate::spec::{linux, posix};
use crate::sys::process_table;
use crate::sys::signal::{self, Action, Flags};
use crate::wait::names;
use libc::{ECHILD, EINTR, WNOHANG};

/// Silently reaps every zombie.
fn reap_zombies(w: &Inner) {
    for pid in w.children() {
        w.reap(pid);
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("one-per-sigchld", "only one child is reported per SIGCHLD", &posix::SIGCHLD_COALESCES).call(
        |w, r| {
            if r.has(WNOHANG) && r.is_any() && w.swap(0) == 1 {
                return Ok(nothing(r));
            }
            w.map(r, |seen| {
                w.swap(i64::from(seen.is_termination()));
            })
        },
    ),
    blind(
        "sigchld-late",
        "SIGCHLD arrives before a WNOHANG wait can report the child",
        &posix::SIGCHLD_WAIT_IN_HANDLER,
    )
    .before_request(|w, line| {
        if sets_to(line, "wait") {
            w.swap(1);
        }
    })
    .call(|w, r| {
        let early = r.has(WNOHANG) && r.is_any() && w.value() == 1 && w.peek(r).is_some();
        if early {
            w.swap(0);
            return Ok(nothing(r));
        }
        w.real(r)
    }),
    blind("sigchld-missing", "no SIGCHLD is generated when a child exits", &posix::SIGCHLD_ON_EXIT)
        .before_request(|_, line| {
            // Records show which signals are from exits.
            if sets_to(line, "count") {
                line.set("do", "record");
            }
        })
        .after_reply(|_, request, reply| {
            drop_records(request, reply, |code| code != "CLD_STOPPED" && code != "CLD_CONTINUED")
        }),
    blind(
        "nocldstop-ignored",
        "SA_NOCLDSTOP does not suppress the SIGCHLD of a stop",
        &posix::SIGCHLD_NOCLDSTOP_SILENT,
    )
    .before_request(|_, line| {
        if sets_action(line) {
            line.set("nocldstop", "no");
        }
    }),
    blind(
        "nocldstop-hides-status",
        "stops are not reported with SA_NOCLDSTOP",
        &posix::SIGCHLD_NOCLDSTOP_KEEPS_STATUS,
    )
    .before_request(|w, line| {
        if sets_action(line) {
            w.swap(i64::from(line.flag("nocldstop")));
        }
    })
    .call(|w, r| {
        let hidden = w.value() == 1 && r.has(libc::WUNTRACED);
        match w.peek_for(r, libc::WSTOPPED) {
            Some(_) if hidden && r.blocks() => block_forever(),
            Some(_) if hidden => Ok(nothing(r)),
            _ => w.real(r),
        }
    }),
    blind(
        "sigchld-code-swapped",
        "si_code and si_status are swapped in SIGCHLD",
        &posix::SIGCHLD_INFO_EXITED,
    )
    .after_reply(|_, request, reply| {
        edit_records(request, reply, |fields| {
            let code = names::child_code(&fields[1]).unwrap_or(0).to_string();
            fields[1] = std::mem::replace(&mut fields[4], code);
        })
    }),
    blind(
        "ignored-makes-zombie",
        "children become zombies with SIGCHLD ignored",
        &posix::SIGCHLD_IGNORED_NO_ZOMBIE,
    )
    .before_request(|_, line| {
        if sets_to(line, "ignore") {
            line.set("do", "default");
        }
    }),
    blind(
        "ignored-hangs",
        "a wait with SIGCHLD ignored never returns",
        &posix::SIGCHLD_IGNORED_WAITS_FOR_LAST_EXIT,
    )
    .before_request(track_ignored)
    .call(|w, r| {
        let seen = w.real(r)?;
        let hangs = w.value() == 1 && r.blocks() && seen.errno() == Some(ECHILD);
        if hangs { block_forever() } else { Ok(seen) }
    }),
    blind(
        "ignored-first-child",
        "a wait with SIGCHLD ignored fails with ECHILD when the first of two children terminates",
        &posix::SIGCHLD_IGNORED_WAITS_FOR_LAST_EXIT,
    )
    .before_request(|w, line| {
        track_ignored(w, line);
        // SA_NOCLDWAIT leaves no zombies either, and the handler interrupts the wait.
        if sets_to(line, "ignore") {
            line.set("do", "count");
            line.set("nocldwait", "yes");
            line.set("restart", "no");
        }
    })
    .call(|w, r| {
        w.map(r, |seen| {
            if w.value() == 1 && seen.errno() == Some(EINTR) {
                *seen = error(r, ECHILD);
            }
        })
    }),
    blind(
        "ignored-reports",
        "a wait with SIGCHLD ignored reports the child and its status",
        &posix::SIGCHLD_IGNORED_BY_PID,
    )
    .before_request(|w, line| {
        track_ignored(w, line);
        if sets_to(line, "ignore") {
            line.set("do", "record");
            line.set("nocldwait", "yes");
            line.set("restart", "yes");
        }
    })
    .call(|w, r| {
        let seen = w.real(r)?;
        if w.value() == 0 || seen.errno() != Some(ECHILD) {
            return Ok(seen);
        }
        // The signal still shows which child terminated, and how.
        let (_, records) = signal::take_records();
        let mine = records.iter().find(|e| r.pid().is_none_or(|pid| pid == i64::from(e.pid)));
        let word = |e: &signal::Record| {
            if e.code == libc::CLD_EXITED { exited(e.status) } else { killed(e.status) }
        };
        Ok(mine.map_or(seen, |e| report(r, e.pid.into(), word(e))))
    }),
    blind(
        "ignored-kills-zombies",
        "setting SIG_IGN discards existing zombies",
        &posix::SIGCHLD_IGNORED_EARLIER_ZOMBIE,
    )
    .before_request(|w, line| {
        if sets_to(line, "ignore") {
            reap_zombies(w);
        }
    }),
    blind("nocldwait-ignored", "SA_NOCLDWAIT has no effect", &posix::SIGCHLD_NOCLDWAIT_NO_ZOMBIE)
        .before_request(|_, line| {
            if sets_action(line) {
                line.set("nocldwait", "no");
            }
        }),
    blind(
        "default-is-ignored",
        "SIG_DFL is treated like SIG_IGN: children leave no zombies",
        &posix::SIGCHLD_DEFAULT_ZOMBIE,
    )
    .before_request(|_, line| {
        if sets_to(line, "default") {
            line.set("do", "ignore");
        }
    }),
    blind("zombie-expires", "zombies vanish at the next fork", &posix::ZOMBIE_UNTIL_REAPED).before_request(
        |w, line| {
            if line.word() == "spawn" {
                reap_zombies(w);
            }
        },
    ),
    blind("orphan-lost", "an orphan is not reparented to the subreaper", &linux::SUBREAPER_ADOPTS)
        .before_request(|_, line| {
            if line.word() == "subreaper" {
                line.set("on", "no");
            }
        }),
    blind(
        "orphan-zombie-lost",
        "a zombie that is reparented is never reported to its new parent",
        &linux::SUBREAPER_ADOPTS_ZOMBIE,
    )
    .call(|w, r| {
        while let Some((pid, _)) = w.peek_for(r, libc::WEXITED).filter(|(pid, _)| !w.children().contains(pid))
        {
            w.reap(pid);
        }
        w.real(r)
    }),
    from_bug(
        "systemd#4855",
        "sigchld-parent-pid",
        "the SIGCHLD of a child carries the pid of the parent",
        &posix::SIGCHLD_INFO_KILLED,
    )
    .after_reply(|_, request, reply| {
        let own = crate::sys::process::pid().to_string();
        edit_records(request, reply, |fields| fields[2].clone_from(&own));
    }),
    from_bug(
        "tgoskits#535",
        "blocked-sigchld-dropped",
        "a blocked SIGCHLD is discarded instead of kept pending",
        &posix::SIGCHLD_BLOCKED_PENDS,
    )
    .before_request(|_, line| {
        // Setting an action that ignores the signal discards a pending one.
        if line.word() == "sigprocmask" && line.get("how").as_deref() == Some("unblock") {
            let _ = signal::set_action(libc::SIGCHLD, Action::Default, Flags::default());
        }
    })
    .after_reply(|_, request, reply| {
        if request.word() == "sigpending" {
            *reply = Line::new(reply.word()).with("id", reply.id().unwrap_or(0)).with_list("sigs", [""; 0]);
        }
    }),
    from_catalogue(
        "sigchld-stop-status-zero",
        "the SIGCHLD of a stop or a continue carries si_status 0",
        &posix::SIGCHLD_INFO_STOPPED,
    )
    .after_reply(|_, request, reply| {
        edit_records(request, reply, |fields| {
            if fields[1] == "CLD_STOPPED" || fields[1] == "CLD_CONTINUED" {
                fields[4] = "0".to_owned();
            }
        });
    }),
    from_catalogue(
        "sigchld-wrong-uid",
        "SIGCHLD carries a different uid than waitid returns",
        &posix::SIGCHLD_INFO_EQUALS_WAITID,
    )
    .call(|w, r| w.map(r, |seen| seen.edit_info(|info| info.uid = Some(77)))),
    from_catalogue(
        "sigwait-exit-is-kill",
        "sigwaitinfo returns CLD_KILLED for an exit",
        &posix::SIGCHLD_INFO_EXITED,
    )
    .after_reply(|_, request, reply| {
        edit_accepted(request, reply, |fields| {
            if fields[1] == "CLD_EXITED" {
                fields[1] = "CLD_KILLED".to_owned();
            }
        });
    }),
    from_catalogue(
        "sigwait-stop-without-signal",
        "sigwaitinfo returns si_status 0 for a stop",
        &posix::SIGCHLD_INFO_STOPPED,
    )
    .after_reply(|_, request, reply| {
        edit_accepted(request, reply, |fields| {
            if fields[1] == "CLD_STOPPED" {
                fields[4] = "0".to_owned();
            }
        });
    }),
    from_catalogue(
        "sigwait-continue-without-signal",
        "sigwaitinfo returns si_status 0 for a continue",
        &linux::SIGCHLD_ON_CONTINUE,
    )
    .after_reply(|_, request, reply| {
        edit_accepted(request, reply, |fields| {
            if fields[1] == "CLD_CONTINUED" {
                fields[4] = "0".to_owned();
            }
        });
    }),
    from_catalogue(
        "sigchld-never-dumped",
        "the SIGCHLD of a core dump carries CLD_KILLED",
        &posix::SIGCHLD_INFO_KILLED,
    )
    .after_reply(|_, request, reply| {
        edit_records(request, reply, |fields| {
            if fields[1] == "CLD_DUMPED" {
                fields[1] = "CLD_KILLED".to_owned();
            }
        });
    }),
    from_catalogue(
        "sigchld-exits-only",
        "no SIGCHLD is generated when a child stops or continues",
        &posix::SIGCHLD_ON_STOP,
    )
    .before_request(|_, line| {
        if sets_action(line) {
            line.set("nocldstop", "yes");
        }
    }),
    from_catalogue(
        "nocldstop-silences-exits",
        "SA_NOCLDSTOP also suppresses the SIGCHLD of a termination",
        &posix::SIGCHLD_NOCLDSTOP_EXIT,
    )
    .before_request(|_, line| {
        if sets_action(line) && line.flag("nocldstop") {
            line.set("do", "default");
        }
    }),
    from_catalogue(
        "nocldwait-silent",
        "no SIGCHLD is generated with SA_NOCLDWAIT",
        &linux::SIGCHLD_NOCLDWAIT_STILL_SENT,
    )
    .before_request(|_, line| {
        if sets_action(line) && line.flag("nocldwait") {
            line.set("do", "ignore");
        }
    }),
    from_catalogue(
        "ignored-is-permanent",
        "once SIGCHLD has been ignored, children never leave zombies again",
        &posix::SIGCHLD_DEFAULT_ZOMBIE,
    )
    .before_request(|w, line| {
        if sets_to(line, "ignore") {
            w.swap(1);
        }
        if sets_action(line) && w.value() == 1 {
            line.set("do", "ignore");
        }
    }),
    from_catalogue(
        "ignored-nohang-echild",
        "WNOHANG with SIGCHLD ignored fails with ECHILD with a live child",
        &posix::SIGCHLD_IGNORED_NOHANG,
    )
    .before_request(track_ignored)
    .call(|w, r| {
        w.map(r, |seen| {
            if w.value() == 1 && r.has(WNOHANG) && seen.is_nothing() {
                *seen = error(r, ECHILD);
            }
        })
    }),
    from_catalogue(
        "ignored-no-children-hangs",
        "a wait with SIGCHLD ignored and no children blocks",
        &posix::SIGCHLD_IGNORED_NO_CHILDREN_LEFT,
    )
    .before_request(track_ignored)
    .call(|w, r| {
        let hangs = w.value() == 1 && r.blocks() && !w.has_children();
        if hangs { block_forever() } else { w.real(r) }
    }),
    from_catalogue(
        "ignored-stops-lost",
        "stops and continues are not reported with SIGCHLD ignored",
        &posix::SIGCHLD_IGNORED_STOPS,
    )
    .before_request(track_ignored)
    .call(|w, r| {
        let events = libc::WUNTRACED | libc::WCONTINUED;
        if w.value() == 1 && r.has(events) { w.real(&r.without(events).with(WNOHANG)) } else { w.real(r) }
    }),
    from_catalogue(
        "ignored-at-fork",
        "the SIGCHLD action at fork decides whether a child becomes a zombie",
        &posix::SIGCHLD_IGNORED_AFTER_FORK,
    )
    .before_request(|w, line| {
        let live = w.children().iter().any(|pid| matches!(process_table::read(*pid as i32), Ok(Some(_))));
        if sets_to(line, "ignore") && live {
            line.set("do", "default");
        }
    }),
    from_catalogue(
        "pending-always-cleared",
        "a wait also clears the pending SIGCHLD of other children",
        &posix::SIGCHLD_PENDING_WHILE_OTHERS_WAITABLE,
    )
    .call(|w, r| {
        let seen = w.real(r)?;
        w.add(i64::from(seen.is_termination()));
        Ok(seen)
    })
    .after_reply(|w, request, reply| {
        if request.word() == "sigpending" && w.value() > 0 {
            *reply = Line::new(reply.word()).with("id", reply.id().unwrap_or(0)).with_list("sigs", [""; 0]);
        }
    }),
    from_catalogue(
        "pending-not-discarded",
        "SIG_IGN does not discard a pending SIGCHLD",
        &posix::SIGCHLD_IGNORED_DISCARDS_PENDING,
    )
    .before_request(track_ignored)
    .after_reply(|w, request, reply| {
        if request.word() == "sigpending" && w.value() == 1 {
            *reply =
                Line::new(reply.word()).with("id", reply.id().unwrap_or(0)).with_list("sigs", ["SIGCHLD"]);
        }
    }),
    from_catalogue(
        "sigchld-for-grandchildren",
        "a process also receives the SIGCHLD of a grandchild",
        &posix::SIGCHLD_NOT_FOR_GRANDCHILD,
    )
    .after_reply(|_, request, reply| {
        if request.word() == "signals" {
            let count = reply.number("count").unwrap_or(0);
            reply.set("count", count + 1);
        }
    }),
    from_catalogue(
        "sigchld-not-for-continues",
        "no SIGCHLD is generated when a child continues",
        &linux::SIGCHLD_ON_CONTINUE,
    )
    .before_request(|_, line| {
        if sets_to(line, "count") {
            line.set("do", "record");
        }
    })
    .after_reply(|_, request, reply| drop_records(request, reply, |code| code == "CLD_CONTINUED")),
];
