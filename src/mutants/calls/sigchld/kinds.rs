//! SIGCHLD that is lost for some kinds of children, or after the first time, and values that it carries wrongly.

use crate::mutants::calls::inner::Inner;
use crate::mutants::calls::signal_lines::{edit_accepted, edit_records, sets_action, sets_to};
use crate::mutants::mutant::{Mutant, blind};
use crate::protocol::Line;
use crate::spec::posix;
use crate::sys::process_table;
use rustix::process::{Pid, getpgid, getsid};

/// Records show which signals are meant.
pub(crate) fn record(line: &mut Line) {
    if sets_to(line, "count") {
        line.set("do", "record");
    }
}

/// Drops the signals whose fields are like that: `SIG:CODE:PID:UID:STATUS`.
pub(crate) fn drop_such(request: &Line, reply: &mut Line, such: impl Fn(&[&str]) -> bool) {
    if request.word() != "signals" {
        return;
    }
    let seen = reply.list("seen");
    let dropped = |record: &&String| {
        let fields: Vec<&str> = record.split(':').collect();
        fields.len() == 5 && such(&fields)
    };
    let left: Vec<String> = seen.iter().filter(|record| !dropped(record)).cloned().collect();
    if left.len() < seen.len() {
        *reply = Line::new(reply.word())
            .with("id", reply.id().unwrap_or(0))
            .with("count", left.len())
            .with_list("seen", left)
            .with_list("waited", reply.byte_list("waited"));
    }
}

/// The process of a record, as long as it exists.
fn process(fields: &[&str]) -> Option<Pid> {
    let pid = fields[2].parse().ok().and_then(Pid::from_raw)?;
    process_table::read(pid.as_raw_nonzero().get()).ok().flatten().map(|_| pid)
}

/// One of the agent's children that posix_spawn has created.
fn is_spawned(w: &Inner, fields: &[&str]) -> bool {
    fields[2].parse().is_ok_and(|pid: i64| w.lookup(pid).is_some())
}

/// The low bits of the number in a record with that code.
fn low_bits(fields: &mut [String], code: &str, bits: i64) {
    if let (true, Ok(number)) = (fields[1] == code, fields[4].parse::<i64>()) {
        fields[4] = (number & bits).to_string();
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "no-sigchld-from-other-sessions",
        "no SIGCHLD is generated for a child in another session",
        &posix::SIGCHLD_ALIKE,
    )
    .before_request(|_, line| record(line))
    .after_reply(|_, request, reply| {
        drop_such(request, reply, |fields| {
            process(fields).is_some_and(|pid| getsid(Some(pid)).ok() != getsid(None).ok())
        });
    }),
    blind(
        "no-sigchld-from-other-groups",
        "no SIGCHLD is generated for a child in another process group",
        &posix::SIGCHLD_ALIKE,
    )
    .before_request(|_, line| record(line))
    .after_reply(|_, request, reply| {
        drop_such(request, reply, |fields| {
            process(fields).is_some_and(|pid| getpgid(Some(pid)).ok() != getpgid(None).ok())
        });
    }),
    blind(
        "no-sigchld-from-spawned-children",
        "no SIGCHLD is generated for a child created by posix_spawn",
        &posix::SIGCHLD_ALIKE,
    )
    .before_request(|_, line| record(line))
    .after_reply(|w, request, reply| {
        if let ("posix_spawn", Ok(pid)) = (request.word(), reply.number("pid")) {
            w.insert(pid, 1);
        }
        drop_such(request, reply, |fields| is_spawned(w, fields));
    }),
    blind(
        "sigchld-for-the-first-stop-only",
        "only the first stop of a child generates SIGCHLD",
        &posix::SIGCHLD_ALIKE,
    )
    .before_request(|_, line| record(line))
    .after_reply(|w, request, reply| {
        let stops = reply.list("seen").iter().any(|record| record.contains("CLD_STOPPED"));
        if w.value() == 1 {
            drop_such(request, reply, |fields| fields[1] == "CLD_STOPPED");
        }
        if stops {
            w.swap(1);
        }
    }),
    blind(
        "sigchld-for-sigstop-only",
        "a stop by any signal other than SIGSTOP generates no SIGCHLD",
        &posix::SIGCHLD_ALIKE,
    )
    .before_request(|_, line| record(line))
    .after_reply(|_, request, reply| {
        let sigstop = libc::SIGSTOP.to_string();
        drop_such(request, reply, |fields| fields[1] == "CLD_STOPPED" && fields[4] != sigstop);
    }),
    blind(
        "sigchld-exit-seven-bits",
        "si_status of SIGCHLD is the exit value without its eighth bit",
        &posix::SIGCHLD_ALIKE,
    )
    .after_reply(|_, request, reply| {
        edit_records(request, reply, |fields| low_bits(fields, "CLD_EXITED", 0x7f));
    }),
    blind(
        "sigchld-signal-five-bits",
        "si_status of SIGCHLD has five bits of the signal that killed the child",
        &posix::SIGCHLD_ALIKE,
    )
    .after_reply(|_, request, reply| {
        edit_records(request, reply, |fields| low_bits(fields, "CLD_KILLED", 0x1f));
    }),
    blind("sigchld-stop-is-sigstop", "si_status of SIGCHLD is SIGSTOP for every stop", &posix::SIGCHLD_ALIKE)
        .after_reply(|_, request, reply| {
            edit_records(request, reply, |fields| {
                if fields[1] == "CLD_STOPPED" {
                    fields[4] = libc::SIGSTOP.to_string();
                }
            });
        }),
    blind("sigchld-uid-off-by-one", "si_uid of SIGCHLD is off by one", &posix::SIGCHLD_INFO_UID).after_reply(
        |_, request, reply| {
            edit_records(request, reply, |fields| {
                if let Ok(uid) = fields[3].parse::<i64>() {
                    fields[3] = (uid + 1).to_string();
                }
            });
        },
    ),
    blind(
        "nocldstop-once",
        "SA_NOCLDSTOP suppresses the SIGCHLD of the first stop only",
        &posix::SIGCHLD_NOCLDSTOP_SILENT,
    )
    .before_request(|w, line| {
        if sets_action(line) {
            w.swap(i64::from(line.flag("nocldstop")));
            line.set("nocldstop", "no");
            record(line);
        }
    })
    .after_reply(|w, request, reply| {
        if w.value() == 0 || reply.list("seen").is_empty() {
            return;
        }
        let first = w.insert(0, 1).is_none();
        let ended = |code: &str| matches!(code, "CLD_EXITED" | "CLD_KILLED" | "CLD_DUMPED");
        drop_such(request, reply, |fields| first && !ended(fields[1]));
    }),
    blind(
        "accepted-exit-seven-bits",
        "si_status of a SIGCHLD that is accepted is the exit value without its eighth bit",
        &posix::SIGCHLD_ALIKE,
    )
    .after_reply(|_, request, reply| {
        edit_accepted(request, reply, |fields| low_bits(fields, "CLD_EXITED", 0x7f));
    }),
    blind("accepted-uid-zero", "si_uid of a SIGCHLD that is accepted is 0", &posix::SIGCHLD_ALIKE)
        .after_reply(|_, request, reply| edit_accepted(request, reply, |fields| fields[3] = "0".to_owned())),
    blind(
        "accepted-death-is-exit",
        "a SIGCHLD that is accepted carries CLD_EXITED for a death by a signal",
        &posix::SIGCHLD_ALIKE,
    )
    .after_reply(|_, request, reply| {
        edit_accepted(request, reply, |fields| {
            if fields[1] == "CLD_KILLED" {
                fields[1] = "CLD_EXITED".to_owned();
            }
        });
    }),
];
