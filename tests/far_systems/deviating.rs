//! The known deviations: for each row of the table a subject that deviates so, and one that does otherwise.

use super::far::{Act, Far, Reply, SYSTEMS, System, number};
use std::sync::atomic::{AtomicUsize, Ordering};
use waitspec::subject::{Subject, libc::Libc};
use waitspec::sys::call::abi::{Call, Request, Select};

/// How a subject answers.
type Edit = fn(&System, &Reply, &mut Reply);

/// A row, and what shows it.
pub struct Row {
    pub system: &'static str,
    pub clause: &'static str,
    pub case: &'static str,
    pub call: Call,
    /// As the table has it.
    known: Edit,
    /// As it has it not.
    other: Edit,
    release: &'static str,
    /// What its calls do otherwise in the second subject.
    acts: Option<Act>,
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
    Row { system, clause, case, call, known, other, release: "", acts: None, needs_root }
}

/// The subject that deviates as is known, and the other.
pub fn subjects(row: &Row) -> [Far; 2] {
    let system = SYSTEMS.iter().find(|known| known.os == row.system).expect("a system");
    [("deviates", row.known), ("departs otherwise", row.other)].map(|(how, edit)| {
        let name = format!("{} {how}", row.clause).replace([' ', '/'], "-");
        let right = Far::named(system, &name);
        let call = row.acts.filter(|_| how != "deviates").unwrap_or(right.call);
        Far { edit, release: row.release, call, ..right }
    })
}

/// No child, and `WNOHANG`: 0.
fn nothing(_: &System, request: &Reply, reply: &mut Reply) {
    if request.has_option("WNOHANG") && reply.word == "err" {
        let id = reply.get("id").unwrap_or_default().to_owned();
        *reply = Reply { word: "ok".to_owned(), pairs: vec![("id".to_owned(), id)] };
        reply.set("ret", "0");
    }
}

fn eagain(system: &System, request: &Reply, reply: &mut Reply) {
    if request.has_option("WNOHANG") {
        reply.replace("errno", |_| Some(system.errno("EAGAIN").to_string()));
    }
}

fn si_status(reply: &mut Reply, of: impl Fn(i32) -> i32) {
    reply.replace("si_status", |text| number(text).map(|status| of(status).to_string()));
}

/// The word of a continue, where the subject is asked what it means.
fn is_continue(request: &Reply) -> bool {
    request.word == "decode" && request.get("status").and_then(number) == Some(0x13)
}

fn continued_is_signaled(_: &System, request: &Reply, reply: &mut Reply) {
    if is_continue(request) {
        reply.set("signaled", "yes");
    }
}

fn continued_is_stopped(_: &System, request: &Reply, reply: &mut Reply) {
    if is_continue(request) {
        reply.set("stopped", "yes");
    }
}

/// The user that a child of the cases becomes.
const OTHER_USER: &str = "65533";

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
        acts: Some(|request| Libc.call(&Request { select: Select::Pid(-1), ..*request })),
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
    row(("netbsd", "posix/waitpid/nohang-echild"), ("nohang.no-children", Call::Wait4), nothing, eagain),
    row(("netbsd", "posix/waitid/nohang-echild"), ("nohang.no-children", Call::Waitid), nothing, eagain),
    row(
        ("openbsd", "posix/waitid/si-uid"),
        ("waitid.uid-after-setuid", Call::Waitid),
        |_, _, reply| reply.replace("si_uid", |_| Some(OTHER_USER.to_owned())),
        |_, _, reply| {
            reply.replace("si_uid", |uid| Some(if uid == OTHER_USER { uid } else { "7" }.to_owned()))
        },
    ),
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

/// How many calls of this agent have reported a child; each agent is a process of its own.
static REPORTS: AtomicUsize = AtomicUsize::new(0);

/// The second child is not reported.
fn second_reports_nothing(_: &System, request: &Reply, reply: &mut Reply) {
    let is_wait = Call::from_name(&request.word).is_some();
    if is_wait && reply.word == "ok" && REPORTS.fetch_add(1, Ordering::SeqCst) == 1 {
        reply.strike("status");
        reply.set("ret", "0");
    }
}

/// A `WNOHANG` peek that asks for ends reports the child, which is stopped.
fn stopped(system: &System, request: &Reply, reply: &mut Reply, signal: &str, code: &str) {
    if ["WNOHANG", "WNOWAIT", "WEXITED"].iter().all(|option| request.has_option(option))
        && reply.get("si_signo") == Some("0")
    {
        let pid = request.get("who").unwrap_or_default().to_owned();
        for (key, value) in [
            ("si_signo", system.number("SIGCHLD").to_string().as_str()),
            ("si_code", code),
            ("si_pid", &pid),
            ("si_status", &system.number(signal).to_string()),
        ] {
            reply.set(key, value);
        }
    }
}
