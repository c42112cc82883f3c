//! FreeBSD's process descriptors, simulated by children of `clone` without an exit signal, which this kernel reports only with
//! `__WALL`, and by their pidfds, which behave as in `kern_pdwait` (sys/kern/kern_exit.c) and sys/kern/sys_procdesc.c.

use super::far::{Act, Far, Reply, System};
use std::sync::Mutex;
use waitspec::protocol::Line;
use waitspec::subject::{NotOffered, Observation, Subject, libc::Libc};
use waitspec::sys::call::abi::{Call, Pointer, Request, Select};
use waitspec::wait::names;

/// The descriptors of this agent's children, each with its child unless that is a daemon.
static KILLED_BY_CLOSE: Mutex<Vec<(i64, i64)>> = Mutex::new(Vec::new());

/// A request translated for this kernel.
pub fn for_this_kernel(request: Line) -> Line {
    if let ("close", Ok(fd)) = (request.word(), request.number("fd")) {
        for (_, pid) in
            KILLED_BY_CLOSE.lock().expect("no thread panics").extract_if(.., |(own, _)| *own == fd)
        {
            let pid = rustix::process::Pid::from_raw(pid as i32).expect("a pid");
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
    without_kill(request)
}

/// The same, but closing kills no process.
fn without_kill(request: Line) -> Line {
    let id = request.id().unwrap_or_default();
    match request.word() {
        "pdfork" => Line::new("clone")
            .with("id", id)
            .with_list("argv", request.list("argv"))
            .with("image", "any")
            .with("words", request.get("words").unwrap_or_default())
            .with("exit-signal", 0)
            .with("pidfd", "yes")
            .with("daemon", request.get("daemon").unwrap_or_default()),
        "pdwait" => {
            let options = request.list("options").into_iter().chain(["__WALL".to_owned()]);
            Line::new("waitid")
                .with("id", id)
                .with("idtype", "P_PIDFD")
                .with("who", request.get("fd").unwrap_or_default())
                .with_list("options", options)
                .with("info", "buffer")
                .with("pdwait", "yes")
        }
        // The kqueue is a pidfd, and the event the end of a peek.
        "exit-note" => {
            Line::new("pidfd_open").with("id", id).with("pid", request.get("pid").unwrap_or_default())
        }
        "await-exit-note" => Line::new("waitid")
            .with("id", id)
            .with("idtype", "P_PID")
            .with("who", request.get("pid").unwrap_or_default())
            .with_list("options", ["WEXITED", "WNOWAIT"])
            .with("info", "buffer")
            .with("note", "yes"),
        _ => request,
    }
}

/// A termination raises `SIGCHLD`.
fn with_sigchld(request: Line) -> Line {
    let mut request = for_this_kernel(request);
    if request.get("exit-signal").is_some() {
        request.set("exit-signal", "SIGCHLD");
    }
    request
}

/// `pdwait` never reaps.
fn peeking(request: Line) -> Line {
    let request = for_this_kernel(request);
    let options = request.list("options").into_iter().chain(["WNOWAIT".to_owned()]);
    if is_pdwait(&request) { request.clone().with_list("options", options) } else { request }
}

/// `pdwait` always reaps.
fn taking(request: Line) -> Line {
    let request = for_this_kernel(request);
    let options = request.list("options").into_iter().filter(|option| option != "WNOWAIT");
    if is_pdwait(&request) { request.clone().with_list("options", options) } else { request }
}

fn is_pdwait(request: &Line) -> bool {
    request.flag("pdwait")
}

/// The reply as on FreeBSD, still in names.
pub fn answered(request: &Line, reply: &mut Reply) {
    let number = |key: &str| reply.get(key).and_then(|text| text.parse::<i64>().ok());
    if let ("clone", Some(fd), Some(pid)) = (request.word(), number("fd"), number("pid"))
        && !request.flag("daemon")
    {
        KILLED_BY_CLOSE.lock().expect("no thread panics").push((fd, pid));
    }
    if request.word() == "poll" {
        reply.replace("revents", |events| Some(events.replace("POLLIN", "POLLHUP")));
    }
    if !is_pdwait(request) {
        return;
    }
    let open = || std::fs::exists(format!("/proc/self/fd/{}", request.get("who").unwrap_or_default()));
    reply.replace("errno", |errno| match errno {
        "ECHILD" => Some("ESRCH".to_owned()),
        "EBADF" if open().is_ok_and(|open| open) => Some("EINVAL".to_owned()),
        _ => None,
    });
    if reply.word == "ok" && reply.get("si_pid") == Some("0") {
        reply.strike("si_");
        reply.word = "err".to_owned();
        reply.set("errno", "EAGAIN");
    }
}

/// The reply to `await-exit-note`, on every system with kqueues.
pub fn noted(request: &Line, reply: &mut Reply) {
    if request.flag("note")
        && let Ok(pid) = request.number("who")
    {
        note(pid, reply);
    }
}

/// The event has the status word, and the wait right after it finds the child.
fn note(pid: i64, reply: &mut Reply) {
    let waited = Request {
        call: Call::Waitpid,
        select: Select::Pid(pid as i32),
        options: libc::WNOHANG,
        status: Pointer::Buffer,
        rusage: Pointer::Null,
        info: Pointer::Null,
    };
    let Ok(seen) = Libc.call(&waited) else { return };
    reply.strike("si_");
    reply.strike("info");
    let word = seen.status.wrote().unwrap_or_default();
    reply.set("ret", &seen.ret.unwrap_or(-1).to_string());
    reply.set("status", &format!("{word:#06x}"));
    // The numbers of these words are the same on both systems.
    reply.set("data", &word.to_string());
}

/// Makes a call that finds the children of `pdfork` too, if it is one of those.
fn finding(request: &Request, such: bool) -> Result<Observation, NotOffered> {
    // Only Linux has it, and runs this; the others just compile it.
    let all = if such { names::option("__WALL").unwrap_or(0) } else { 0 };
    Libc.call(&Request { options: request.options | all, ..*request })
}

fn by_pid(request: &Request) -> bool {
    match request.select {
        Select::Pid(pid) => pid > 0,
        Select::Id { idtype, .. } => idtype == i64::from(libc::P_PID),
    }
}

fn by_group(request: &Request) -> bool {
    match request.select {
        Select::Pid(pid) => pid != -1 && pid <= 0,
        Select::Id { idtype, .. } => idtype == i64::from(libc::P_PGID),
    }
}

/// As documented.
pub fn as_in_the_manual(request: &Request) -> Result<Observation, NotOffered> {
    finding(request, by_pid(request))
}

/// Like the kernel.
pub fn by_pid_or_group(request: &Request) -> Result<Observation, NotOffered> {
    finding(request, by_pid(request) || by_group(request))
}

/// Every wait finds them.
fn by_any(request: &Request) -> Result<Observation, NotOffered> {
    finding(request, true)
}

/// Cases that a subject with process descriptors passes.
pub const CASES: &[(&str, Call)] = &[
    ("procdesc.only-by-pid", Call::Wait4),
    ("procdesc.only-by-pid", Call::Waitid),
    ("procdesc.not-by-group", Call::Waitpid),
    ("procdesc.no-sigchld", Call::Waitid),
    ("procdesc.pollhup", Call::Waitid),
    ("procdesc.close-kills", Call::Waitid),
    ("procdesc.pdwait-exit", Call::Waitid),
    ("procdesc.pdwait-stop-continue", Call::Waitid),
    ("procdesc.pdwait-nowait", Call::Waitid),
    ("procdesc.pdwait-errors", Call::Waitid),
    ("kqueue.note-exit", Call::Waitpid),
    ("kqueue.note-exit-of-kill", Call::Waitpid),
];

/// A faulty subject, where the fault is seen, and the clause that it violates.
pub struct Wrong {
    pub name: &'static str,
    pub case: &'static str,
    pub call: Call,
    pub clause: &'static str,
    request: fn(Line) -> Line,
    edit: fn(&System, &Reply, &mut Reply),
    act: Act,
}

const fn wrong(
    name: &'static str,
    (case, call): (&'static str, Call),
    clause: &'static str,
    edit: fn(&System, &Reply, &mut Reply),
) -> Wrong {
    Wrong { name, case, call, clause, request: for_this_kernel, edit, act: as_in_the_manual }
}

const fn by_request(
    name: &'static str,
    case: &'static str,
    clause: &'static str,
    request: fn(Line) -> Line,
) -> Wrong {
    Wrong { request, ..wrong(name, (case, Call::Waitid), clause, |_, _, _| {}) }
}
/// Replaces one error of `pdwait` with another, depending on whether `WEXITED` was given.
fn errno(system: &System, request: &Reply, reply: &mut Reply, exited: bool, names: [&str; 2]) {
    let [from, to] = names.map(|name| system.errno(name).to_string());
    if request.get("pdwait").is_some() && request.has_option("WEXITED") == exited {
        reply.replace("errno", |errno| (errno == from).then(|| to.clone()));
    }
}

pub const WRONG: &[Wrong] = &[
    Wrong {
        act: by_any,
        ..wrong(
            "pdfork-found-by-any",
            ("procdesc.only-by-pid", Call::Wait4),
            "freebsd/pdfork/only-by-pid",
            |_, _, _| {},
        )
    },
    by_request("pdfork-sigchld", "procdesc.no-sigchld", "freebsd/pdfork/no-sigchld", with_sigchld),
    wrong(
        "pdfork-pollin",
        ("procdesc.pollhup", Call::Waitid),
        "freebsd/pdfork/pollhup",
        |_, request, reply| {
            if request.word == "poll" {
                reply.replace("revents", |events| Some(events.replace("POLLHUP", "POLLIN")));
            }
        },
    ),
    by_request("pdfork-close", "procdesc.close-kills", "freebsd/pdfork/close-kills", without_kill),
    wrong(
        "pdwait-nohang",
        ("procdesc.pdwait-exit", Call::Waitid),
        "freebsd/pdwait/nohang-ewouldblock",
        |system, request, reply| errno(system, request, reply, true, ["EAGAIN", "ECHILD"]),
    ),
    wrong(
        "pdwait-echild",
        ("procdesc.pdwait-exit", Call::Waitid),
        "freebsd/pdwait/after-reap-esrch",
        |system, request, reply| errno(system, request, reply, true, ["ESRCH", "ECHILD"]),
    ),
    by_request("pdwait-peeks", "procdesc.pdwait-exit", "freebsd/pdwait/reports", peeking),
    by_request(
        "pdwait-repeats-stop",
        "procdesc.pdwait-stop-continue",
        "freebsd/pdwait/nohang-ewouldblock",
        peeking,
    ),
    by_request("pdwait-takes", "procdesc.pdwait-nowait", "freebsd/pdwait/nowait", taking),
    wrong(
        "pdwait-no-event",
        ("procdesc.pdwait-errors", Call::Waitid),
        "freebsd/pdwait/no-event-option-einval",
        |system, request, reply| errno(system, request, reply, false, ["EINVAL", "ESRCH"]),
    ),
    wrong(
        "note-without-status",
        ("kqueue.note-exit-of-kill", Call::Waitpid),
        "freebsd/kqueue/note-exit-status",
        |_, _, reply| reply.replace("data", |_| Some("0".to_owned())),
    ),
    wrong(
        "note-lost-child",
        ("kqueue.note-exit", Call::Waitpid),
        "freebsd/kqueue/note-exit-status",
        |system, _, reply| {
            if reply.get("data").is_some() {
                reply.word = "err".to_owned();
                reply.set("errno", &system.errno("ECHILD").to_string());
            }
        },
    ),
    wrong(
        "pdwait-file",
        ("procdesc.pdwait-errors", Call::Waitid),
        "freebsd/pdwait/bad-descriptor",
        |system, request, reply| errno(system, request, reply, true, ["EINVAL", "EBADF"]),
    ),
];

/// The correct subject, and the faulty ones.
pub fn subjects(system: &'static System) -> Vec<Far> {
    let right = Far { call: as_in_the_manual, ..Far::named(system, "procdesc") };
    let wrong = WRONG.iter().map(|wrong| Far {
        request: wrong.request,
        edit: wrong.edit,
        call: wrong.act,
        ..Far::named(system, wrong.name)
    });
    std::iter::once(right).chain(wrong).collect()
}
