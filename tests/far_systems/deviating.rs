//! The known deviations: for each row of the table, a subject with exactly that deviation, and one with a different result.

use super::acts::{
    REPORTS, continue_does_not_wake, second_stop_unseen, usage_with_that_of_children, usage_without_children,
    wait6,
};
use super::edits::{
    continued_is_signaled, continued_is_stopped, eagain, instead_of_cancelled, instead_of_einval, nothing,
    second_reports_nothing, si_status, signals, status_in_handler, stopped, ticks_short, unchanged,
};
use super::far::{Act, Far, Reply, SYSTEMS, System, number};
use super::{bsd, netbsd, procdesc};
use std::sync::atomic::Ordering;
use waitspec::protocol::Line;
use waitspec::subject::{Observation, Subject, libc::Libc};
use waitspec::sys::call::abi::{Call, Request, Select};

/// How a subject answers.
type Edit = fn(&System, &Reply, &mut Reply);

/// A row, and how to show it.
pub struct Row {
    pub system: &'static str,
    pub clause: &'static str,
    pub case: &'static str,
    pub call: Call,
    /// As in the table.
    known: Edit,
    /// Different from the table.
    other: Edit,
    release: &'static str,
    /// The architecture that its program is built for, if not that of the system.
    arch: Option<&'static str>,
    /// How the calls of the first and of the second differ from Linux.
    acts: [Option<Act>; 2],
    /// The requests that the first passes on.
    request: fn(Line) -> Line,
    /// The case changes users.
    pub needs_root: bool,
}

const fn row(
    (system, clause): (&'static str, &'static str),
    (case, call): (&'static str, Call),
    known: Edit,
    other: Edit,
) -> Row {
    let needs_root = matches!(clause.as_bytes(), b"posix/waitid/si-uid");
    let request = procdesc::for_this_kernel;
    Row {
        system,
        clause,
        case,
        call,
        known,
        other,
        release: "",
        arch: None,
        acts: [None; 2],
        request,
        needs_root,
    }
}

/// The subject with the known deviation, and the other one.
pub fn subjects(row: &Row) -> [Far; 2] {
    let system = SYSTEMS.iter().find(|known| known.os == row.system).expect("a system");
    let [known, other] = row.acts;
    let known = ("deviates", row.known, known, row.request);
    let other = ("departs otherwise", row.other, other, procdesc::for_this_kernel as fn(Line) -> Line);
    [known, other].map(|(how, edit, act, request)| {
        let name = format!("{} {how}", row.clause).replace([' ', '/'], "-");
        let right = Far::named(system, &name);
        // Only the C library's own calls can be cancelled, and those of mutants.
        let cancelled = row.clause == CANCELLATION_POINT;
        Far {
            name: format!("{}{}", if cancelled { "mutant:" } else { "" }, right.name()),
            request,
            edit,
            release: row.release,
            arch: row.arch.unwrap_or(right.arch),
            call: act.unwrap_or(right.call),
            ..right
        }
    })
}

const CANCELLATION_POINT: &str = "posix/wait/cancellation-point";

/// The user that a child of the cases becomes.
const OTHER_USER: &str = "65533";

/// DragonFly's siginfo of a stop and a continue, which has only an `si_code`, and one with something else in one field.
macro_rules! bare {
    ($clause:literal, $case:literal, $field:literal) => {
        row(("dragonfly", $clause), ($case, Call::Waitid), bsd::bare_code, |system, request, reply| {
            bsd::bare_code(system, request, reply);
            if matches!(reply.get("si_code"), Some("5" | "6")) {
                reply.set($field, "7");
            }
        })
    };
}

pub const ROWS: &[Row] = &[
    row(
        ("linux", "posix/sigchld/pending-cleared"),
        ("sigchld.pending-after-reap", Call::Wait4),
        |_, _, _| {},
        second_reports_nothing,
    ),
    row(
        ("linux", "posix/waitid/full-exit-value"),
        ("waitid.full-exit-value", Call::Waitid),
        |_, _, _| {},
        |_, _, reply| si_status(reply, |_| 0x5b),
    ),
    Row {
        // It sleeps until any child exits, and reports that.
        acts: [None, Some(|request| Libc.call(&Request { select: Select::Pid(-1), ..*request }))],
        ..row(
            ("linux", "posix/waitpid/echild-after-setpgid"),
            ("blocked.echild-after-setpgid", Call::Wait4),
            |_, _, _| {},
            |_, _, _| {},
        )
    },
    Row {
        release: "5.10.0",
        ..row(
            ("linux", "linux/threads/peek-group-code"),
            ("threads.group-exit-after-leader", Call::Waitid),
            |_, request, reply| {
                if request.has_option("WNOWAIT") {
                    si_status(reply, |_| 5);
                }
            },
            |_, request, reply| {
                if request.has_option("WNOWAIT") {
                    si_status(reply, |_| 6);
                }
            },
        )
    },
    Row {
        arch: Some("x86"),
        ..row(
            ("linux", "linux/clone/exit-signal-sent"),
            ("clone.exit-signal-sent", Call::Wait4),
            |_, request, reply| status_in_handler(request, reply, "0"),
            |_, request, reply| status_in_handler(request, reply, "8"),
        )
    },
    Row {
        arch: Some("x86"),
        ..row(
            ("linux", "posix/rusage/times-agree"),
            ("rusage-children.agrees-with-times", Call::Wait4),
            |_, request, reply| ticks_short(request, reply, 3),
            |_, request, reply| ticks_short(request, reply, 5),
        )
    },
    row(("netbsd", "posix/waitpid/nohang-echild"), ("nohang.no-children", Call::Wait4), nothing, eagain),
    row(("netbsd", "posix/waitid/nohang-echild"), ("nohang.no-children", Call::Waitid), nothing, eagain),
    Row {
        acts: [Some(continue_does_not_wake), None],
        ..row(
            ("netbsd", "posix/waitpid/stop-wakes-waiter"),
            ("stop-continue.wakes-waiter", Call::Wait4),
            unchanged,
            |system, _, reply| {
                // A stop instead of the continue.
                reply.replace("status", |word| {
                    let stopped = system.number("SIGSTOP") << 8 | 0x7f;
                    (word == "0xffff").then(|| format!("{stopped:#06x}"))
                });
            },
        )
    },
    Row {
        acts: [Some(continue_does_not_wake), None],
        ..row(
            ("netbsd", "posix/waitid/blocks-until-event"),
            ("stop-continue.wakes-waiter", Call::Waitid),
            unchanged,
            |_, _, reply| reply.replace("si_code", |code| (code == "6").then(|| "5".to_owned())),
        )
    },
    row(
        ("netbsd", "posix/sigchld/nocldstop-silent"),
        ("sigchld.nocldstop", Call::Wait4),
        |_, request, reply| signals(request, reply, "1"),
        |_, request, reply| signals(request, reply, "2"),
    ),
    Row {
        acts: [
            Some(|request| Libc.call(&Request { select: Select::Pid(-1), ..*request })),
            Some(|request| Libc.call(&Request { options: request.options | libc::WNOHANG, ..*request })),
        ],
        ..row(
            ("netbsd", "posix/sigchld/ignored-by-pid"),
            ("blocked.echild-with-sigchld-ignored", Call::Wait4),
            unchanged,
            unchanged,
        )
    },
    Row {
        acts: [Some(usage_with_that_of_children), Some(usage_without_children)],
        ..row(
            ("netbsd", "netbsd/wait6/usage-split"),
            ("os.wait6-usage-split", Call::Wait6),
            unchanged,
            unchanged,
        )
    },
    Row {
        acts: [Some(|request| wait6(request, true)), Some(|request| wait6(request, false))],
        ..row(
            ("netbsd", "netbsd/waitid/nohang-zeroes"),
            ("os.nohang-zero", Call::Wait6),
            unchanged,
            |_, _, reply| reply.replace("si_signo", |_| Some("7".to_owned())),
        )
    },
    row(
        ("netbsd", "posix/waitid/einval-idtype"),
        ("errors.unknown-idtype", Call::Waitid),
        |system, _, reply| instead_of_einval(system, reply, "ECHILD"),
        |system, _, reply| instead_of_einval(system, reply, "ESRCH"),
    ),
    row(
        ("netbsd", "posix/sigchld/pending-cleared"),
        ("sigchld.pending-after-reap", Call::Wait4),
        unchanged,
        second_reports_nothing,
    ),
    Row {
        acts: [Some(second_stop_unseen), None],
        ..row(
            ("netbsd", "posix/status/stopped-by-tcsetpgrp"),
            ("terminal.background-write", Call::Wait4),
            unchanged,
            |system, _, reply| {
                let (known, other) = (system.number("SIGTTOU"), system.number("SIGTTIN"));
                let reported = |word: &str| number(word) == Some(known << 8 | 0x7f);
                if reply.get("status").is_some_and(reported) && REPORTS.fetch_add(1, Ordering::SeqCst) == 1 {
                    reply.set("status", &format!("{:#06x}", other << 8 | 0x7f));
                }
            },
        )
    },
    Row {
        acts: [
            Some(netbsd::call),
            Some(|request| match request.options & libc::WNOHANG {
                0 => Libc.call(request),
                _ => Ok(Observation::error(libc::EAGAIN)),
            }),
        ],
        ..row(
            ("netbsd", "posix/wait/finds-among-all"),
            ("among.any-child", Call::Wait4),
            unchanged,
            unchanged,
        )
    },
    row(
        ("netbsd", CANCELLATION_POINT),
        ("cancelled.asleep", Call::Waitid),
        |system, _, reply| instead_of_cancelled(system, reply, "EINTR"),
        |system, _, reply| instead_of_cancelled(system, reply, "EAGAIN"),
    ),
    Row {
        acts: [Some(usage_with_that_of_children), Some(usage_without_children)],
        ..row(
            ("freebsd", "freebsd/wait6/usage-split"),
            ("os.wait6-usage-split", Call::Wait6),
            unchanged,
            unchanged,
        )
    },
    row(
        ("freebsd", "posix/waitid/einval-idtype"),
        ("errors.unknown-idtype", Call::Waitid),
        |system, _, reply| instead_of_einval(system, reply, "ECHILD"),
        |system, _, reply| instead_of_einval(system, reply, "ESRCH"),
    ),
    Row {
        acts: [Some(procdesc::by_pid_or_group), Some(procdesc::as_in_the_manual)],
        ..row(
            ("freebsd", "freebsd/pdfork/not-by-group"),
            ("procdesc.not-by-group", Call::Wait4),
            unchanged,
            |system, _, reply| reply.replace("errno", |_| Some(system.errno("ESRCH").to_string())),
        )
    },
    Row {
        acts: [Some(bsd::call), Some(bsd::call)],
        ..row(
            ("freebsd", "freebsd/waitid/unimplemented-idtype"),
            ("os.unimplemented-idtypes", Call::Waitid),
            unchanged,
            |system, _, reply| reply.replace("errno", |_| Some(system.errno("ESRCH").to_string())),
        )
    },
    Row {
        acts: [Some(|request| wait6(request, true)), Some(|request| wait6(request, false))],
        ..row(
            ("freebsd", "freebsd/waitid/nohang-zeroes"),
            ("os.nohang-zero", Call::Wait6),
            unchanged,
            |_, _, reply| reply.replace("si_signo", |_| Some("7".to_owned())),
        )
    },
    effective_user("freebsd"),
    effective_user("netbsd"),
    effective_user("dragonfly"),
    row(
        ("dragonfly", "posix/waitid/einval-idtype"),
        ("errors.unknown-idtype", Call::Waitid),
        |system, _, reply| instead_of_einval(system, reply, "ECHILD"),
        |system, _, reply| instead_of_einval(system, reply, "ESRCH"),
    ),
    Row {
        acts: [Some(bsd::call), Some(bsd::call)],
        ..row(
            ("dragonfly", "dragonfly/waitid/unimplemented-idtype"),
            ("os.unimplemented-idtypes", Call::Wait6),
            unchanged,
            |system, _, reply| reply.replace("errno", |_| Some(system.errno("ESRCH").to_string())),
        )
    },
    bare!("posix/waitid/si-pid", "waitid.stop-fields", "si_pid"),
    bare!("posix/waitid/si-signo", "waitid.stop-fields", "si_signo"),
    bare!("posix/waitid/stopped", "waitid.stop-fields", "si_status"),
    bare!("posix/waitid/continued", "waitid.continue-fields", "si_status"),
    bare!("posix/waitid/continued-pid", "waitid.continue-fields", "si_pid"),
    row(
        ("dragonfly", "posix/sigchld/pending-cleared"),
        ("sigchld.pending-after-reap", Call::Wait4),
        unchanged,
        second_reports_nothing,
    ),
    row(
        ("dragonfly", "dragonfly/sigchld/queued-per-child"),
        ("os.reap-discards-queued-sigchld", Call::Wait4),
        unchanged,
        second_reports_nothing,
    ),
    Row {
        acts: [Some(bsd::any_jail), Some(bsd::no_jail)],
        ..row(
            ("dragonfly", "dragonfly/waitid/p-jailid"),
            ("os.by-jail-id", Call::Waitid),
            unchanged,
            unchanged,
        )
    },
    Row {
        request: without_cancel,
        ..row(
            ("dragonfly", CANCELLATION_POINT),
            ("cancelled.asleep", Call::Waitid),
            unchanged,
            |system, _, reply| instead_of_cancelled(system, reply, "EINTR"),
        )
    },
    effective_user("openbsd"),
    row(
        ("dragonfly", "posix/status/one-predicate"),
        ("status.one-predicate-per-stop-or-continue", Call::Wait4),
        continued_is_signaled,
        continued_is_stopped,
    ),
    row(
        ("dragonfly", "posix/status/every-word"),
        ("decode.exits-stops-and-continues", Call::Wait4),
        continued_is_signaled,
        continued_is_stopped,
    ),
    row(
        ("dragonfly", "posix/waitid/full-exit-value"),
        ("waitid.full-exit-value", Call::Waitid),
        |_, _, _| {},
        |_, _, reply| si_status(reply, |_| 0x5a5a),
    ),
    row(
        ("dragonfly", "posix/waitid/dumped"),
        ("signal-death.core-file", Call::Waitid),
        |_, _, reply| reply.replace("si_code", |code| Some(if code == "3" { "2" } else { code }.to_owned())),
        |system, _, reply| {
            reply.replace("si_code", |code| Some(if code == "3" { "2" } else { code }.to_owned()));
            si_status(reply, |_| system.number("SIGTERM"));
        },
    ),
    row(
        ("macos", "posix/waitid/continued-pid"),
        ("waitid.continue-fields", Call::Waitid),
        |_, _, reply| reply.replace("si_pid", |_| Some(std::os::unix::process::parent_id().to_string())),
        |_, _, reply| reply.replace("si_pid", |_| Some("1".to_owned())),
    ),
    row(
        ("macos", "posix/waitid/continued"),
        ("waitid.continue-fields", Call::Waitid),
        |system, _, reply| si_status(reply, |_| system.number("SIGSTOP")),
        |system, _, reply| si_status(reply, |_| system.number("SIGTSTP")),
    ),
    row(
        ("macos", "posix/waitid/nowait-peek-equals-reap"),
        ("nowait.exit", Call::Waitid),
        |_, request, reply| {
            let first = request.has_option("WNOWAIT");
            si_status(reply, |status| match status {
                0x5a if first => 0x5a5a_5a5a,
                0x5a => 0x5a_5a5a,
                other => other,
            });
        },
        |_, request, reply| {
            let first = request.has_option("WNOWAIT");
            si_status(reply, |status| if status == 0x5a && first { 0x5a5a_5a5a } else { status });
        },
    ),
    row(
        ("macos", "posix/waitid/nohang-zeroes"),
        ("waitid.nohang-zeroes", Call::Waitid),
        |_, _, reply| {
            if reply.get("si_signo") == Some("0") {
                reply.strike("si_");
                reply.set("info", "untouched");
            }
        },
        |_, _, reply| reply.replace("si_signo", |_| Some("7".to_owned())),
    ),
    row(
        ("macos", "posix/waitid/si-uid"),
        ("waitid.uid-after-setuid", Call::Waitid),
        |_, _, reply| reply.replace("si_uid", |_| Some("0".to_owned())),
        |_, _, reply| reply.replace("si_uid", |_| Some("7".to_owned())),
    ),
    row(("macos", "posix/waitid/einval-idtype"), ("errors.unknown-idtype", Call::Waitid), nothing, eagain),
    row(
        ("macos", "posix/waitid/exited-only"),
        ("waitid.exited-only", Call::Waitid),
        |system, request, reply| stopped(system, request, reply, "SIGSTOP", "5"),
        |system, request, reply| stopped(system, request, reply, "SIGCONT", "6"),
    ),
    row(
        ("macos", "posix/sigchld/pending-cleared"),
        ("sigchld.pending-after-reap", Call::Wait4),
        |_, _, _| {},
        second_reports_nothing,
    ),
];

/// The thread is not cancelled, and nobody says so.
fn without_cancel(request: Line) -> Line {
    match request.word() {
        "cancel" => Line::new("sigpending").with("id", request.id().unwrap_or_default()),
        _ => procdesc::for_this_kernel(request),
    }
}

/// `si_uid` is that of the effective user, on a system whose kernel takes it from the credentials.
const fn effective_user(system: &'static str) -> Row {
    row(
        (system, "posix/waitid/si-uid"),
        ("waitid.uid-after-setuid", Call::Waitid),
        |_, _, reply| reply.replace("si_uid", |_| Some(OTHER_USER.to_owned())),
        |_, _, reply| {
            reply.replace("si_uid", |uid| Some(if uid == OTHER_USER { uid } else { "7" }.to_owned()))
        },
    )
}
