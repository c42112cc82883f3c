//! Features that only some of these systems have: options, reapers, the traps of traced children. Reapers answer like
//! `reap_status`, `reap_getpids` and `reap_kill` in FreeBSD's sys/kern/kern_procctl.c, and `sys_procctl` in DragonFly's
//! sys/kern/kern_fork.c; `WALTSIG`, `WALLSIG` and `WNOZOMBIE` are those of `find_stopped_child` of NetBSD's sys/kern/kern_exit.c.

use super::acts::wait6;
use super::far::{Far, Reply, System};
use std::sync::Mutex;
use waitspec::protocol::Line;
use waitspec::subject::{Memory, NotOffered, Observation, Pointer, Subject, libc::Libc};
use waitspec::sys::call::abi::{Call, Info, Request};
use waitspec::wait::names;

/// Whether this agent is a reaper; each agent is a separate process.
static REAPER: Mutex<bool> = Mutex::new(false);

/// The child that each descendant seen so far descends from: an orphan keeps it.
static SUBTREES: Mutex<Vec<(u32, u32)>> = Mutex::new(Vec::new());

/// A request translated for this kernel.
pub fn for_this_kernel(request: Line) -> Line {
    let id = request.id().unwrap_or_default();
    if request.word() == "subreaper" {
        *REAPER.lock().expect("no thread panics") = request.flag("on");
    }
    // Answered by this file.
    let instead = |what: &str| Line::new("sigpending").with("id", id).with("own", what);
    match request.word() {
        "reaper-status" => instead("status"),
        "reaper-pids" => instead("pids"),
        "reaper-kill" => instead("kill").with("killed", signalled(&request)),
        _ => with_options(request),
    }
}

/// The options by the names of those of this kernel that do the same.
fn with_options(request: Line) -> Line {
    let options = request.list("options");
    let own = |option: &String| match option.as_str() {
        "WALTSIG" => "__WCLONE".to_owned(),
        "WALLSIG" => "__WALL".to_owned(),
        "WTRAPPED" => "WSTOPPED".to_owned(),
        // A mark for `call`.
        "WNOZOMBIE" => "__WNOTHREAD".to_owned(),
        other => other.to_owned(),
    };
    if !options
        .iter()
        .any(|option| ["WALTSIG", "WALLSIG", "WTRAPPED", "WNOZOMBIE"].contains(&option.as_str()))
    {
        return request;
    }
    request.with_list("options", options.iter().map(own))
}

/// The children of a process, from the oldest to the newest.
fn children(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Every descendant of this process, with the child of this process that it descends from.
fn descendants() -> Vec<(u32, u32)> {
    let mut found: Vec<(u32, u32)> = children(std::process::id()).into_iter().map(|pid| (pid, pid)).collect();
    let mut at = 0;
    while at < found.len() {
        let (pid, subtree) = found[at];
        found.extend(children(pid).into_iter().map(|below| (below, subtree)));
        at += 1;
    }
    found
}

fn is_zombie(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z"))
}

/// Signals descendants of this process, and returns how many.
fn signalled(request: &Line) -> usize {
    let subtree = request.number("pid").unwrap_or_default();
    let meant = |(pid, of): &(u32, u32)| match request.get("to").as_deref() {
        Some("children") => pid == of,
        Some("subtree") => i64::from(*of) == subtree,
        _ => true,
    };
    let all: Vec<(u32, u32)> = descendants().into_iter().filter(meant).collect();
    for (pid, _) in &all {
        let pid = rustix::process::Pid::from_raw(*pid as i32).expect("a pid");
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    all.len()
}

/// The answer to such a request.
pub fn answered(system: &System, request: &Line, reply: &mut Reply) {
    let own = request.get("own").unwrap_or_default();
    if !own.is_empty() {
        reply.strike("sigs");
    }
    match own.as_str() {
        "status" => {
            let (own, all) = (children(std::process::id()), descendants());
            let owned = *REAPER.lock().expect("no thread panics");
            reply.set("owned", if owned { "yes" } else { "no" });
            reply.set("first", &own.last().map_or("-1".to_owned(), u32::to_string));
            if system.os == "freebsd" {
                let reaper = if owned { std::process::id() } else { std::os::unix::process::parent_id() };
                reply.set("reaper", &reaper.to_string());
                reply.set("children", &own.len().to_string());
                reply.set("descendants", &all.len().to_string());
            }
        }
        "pids" => {
            let words = |pid: u32, of: u32| match (pid == of, is_zombie(pid)) {
                (true, true) => "child+zombie",
                (true, false) => "child",
                (false, true) => "zombie",
                (false, false) => "-",
            };
            let mut subtrees = SUBTREES.lock().expect("no thread panics");
            let entry = |(pid, of): (u32, u32)| {
                let known = subtrees.iter().find(|(known, _)| *known == pid).map(|(_, first)| *first);
                subtrees.push((pid, of));
                format!("{pid}:{}:{}", known.unwrap_or(of), words(pid, of))
            };
            let entries: Vec<String> = descendants().into_iter().map(entry).collect();
            reply.set("below", &entries.join(","));
        }
        "kill" => reply.set("killed", &request.get("killed").unwrap_or_default()),
        _ => {}
    }
}

/// A stop of a traced child is reported only where stops are asked for, as `WTRAPPED` is here; with `WNOZOMBIE` the cases have no
/// child that matches and could be reported.
pub fn call(request: &Request) -> Result<Observation, NotOffered> {
    if request.options & names::option("__WNOTHREAD").unwrap_or(0) != 0 {
        let status = Memory::Untouched;
        return Ok(Observation { status, ..Observation::returned(Ok(0)) });
    }
    let one = |request: &Request| match request.call {
        Call::Wait6 => wait6(request, false),
        _ => Libc.call(request),
    };
    if request.options & libc::WSTOPPED != 0 || !matches!(request.call, Call::Wait6 | Call::Waitid) {
        return one(request);
    }
    let options = request.options | libc::WNOWAIT;
    let peek = Request { call: Call::Waitid, options, rusage: Pointer::Null, ..*request };
    let seen = Libc.call(&peek)?;
    match seen.info {
        Memory::Wrote(info) if info.code == Some(libc::CLD_TRAPPED.into()) => {
            let nothing = Info { signo: Some(0), pid: Some(0), ..Info::default() };
            Ok(Observation { ret: Ok(0), info: Memory::Wrote(nothing), ..seen })
        }
        _ => one(request),
    }
}

/// A case that the named subject passes on these systems.
pub struct Passes {
    pub case: &'static str,
    pub call: Call,
    pub systems: &'static [&'static str],
}

const fn passes(case: &'static str, call: Call, systems: &'static [&'static str]) -> Passes {
    Passes { case, call, systems }
}

const TRACING: &[&str] = &["freebsd", "netbsd", "openbsd", "dragonfly", "macos"];
const NOTING: &[&str] = &["netbsd", "openbsd", "dragonfly", "macos"];

pub const PASSES: &[Passes] = &[
    passes("reaper.status", Call::Waitpid, &["freebsd", "dragonfly"]),
    passes("reaper.pids", Call::Waitpid, &["freebsd"]),
    passes("reaper.kill-subtree", Call::Waitpid, &["freebsd"]),
    passes("reaper.kill-children", Call::Waitpid, &["freebsd"]),
    passes("traced.stop", Call::Wait4, TRACING),
    passes("traced.continued", Call::Wait4, TRACING),
    passes("os.needs-wtrapped", Call::Waitid, &["freebsd", "netbsd"]),
    passes("os.needs-wtrapped", Call::Wait6, &["freebsd", "netbsd"]),
    passes("os.exit-signals", Call::Wait4, &["netbsd"]),
    passes("os.wnozombie", Call::Wait4, &["netbsd"]),
    passes("kqueue.note-exit", Call::Waitpid, NOTING),
    passes("kqueue.note-exit-of-kill", Call::Waitpid, NOTING),
];

/// A faulty subject, where the fault is seen, and the clause of its system that it violates.
pub struct Wrong {
    pub name: &'static str,
    pub case: &'static str,
    pub call: Call,
    pub clause: &'static str,
    pub systems: &'static [&'static str],
    request: fn(Line) -> Line,
    edit: fn(&System, &Reply, &mut Reply),
}

const fn wrong(
    name: &'static str,
    (case, call): (&'static str, Call),
    clause: &'static str,
    systems: &'static [&'static str],
    edit: fn(&System, &Reply, &mut Reply),
) -> Wrong {
    Wrong { name, case, call, clause, systems, request: super::procdesc::for_this_kernel, edit }
}

fn set(reply: &mut Reply, key: &str, to: &str) {
    reply.replace(key, |_| Some(to.to_owned()));
}

/// The last report of a stop.
static STOP: Mutex<Option<(String, String)>> = Mutex::new(None);

pub const WRONG: &[Wrong] = &[
    wrong(
        "reaper-not-owned",
        ("reaper.status", Call::Waitpid),
        "reaper/status",
        &["freebsd", "dragonfly"],
        |_, _, reply| set(reply, "owned", "no"),
    ),
    wrong(
        "reaper-counts-children",
        ("reaper.status", Call::Waitpid),
        "reaper/status",
        &["freebsd"],
        |_, _, reply| {
            if let Some(children) = reply.get("children").map(str::to_owned) {
                reply.set("descendants", &children);
            }
        },
    ),
    wrong(
        "reaper-hides-zombies",
        ("reaper.pids", Call::Waitpid),
        "reaper/getpids",
        &["freebsd"],
        |_, _, reply| reply.replace("below", |below| Some(below.replace("+zombie", ""))),
    ),
    wrong(
        "reaper-kills-more",
        ("reaper.kill-subtree", Call::Waitpid),
        "reaper/kill-subtree",
        &["freebsd"],
        |_, _, reply| set(reply, "killed", "3"),
    ),
    Wrong {
        request: |mut request| {
            if request.word() == "reaper-kill" {
                request.set("to", "all");
            }
            super::procdesc::for_this_kernel(request)
        },
        ..wrong(
            "reaper-kills-all",
            ("reaper.kill-children", Call::Waitpid),
            "reaper/kill-children",
            &["freebsd"],
            |_, _, _| {},
        )
    },
    wrong("trap-twice", ("traced.stop", Call::Wait4), "ptrace/stop", TRACING, |_, _, reply| {
        let mut last = STOP.lock().expect("no thread panics");
        match (reply.get("ret").map(str::to_owned), reply.get("status").map(str::to_owned)) {
            (Some(ret), Some(status)) if ret != "0" => *last = Some((ret, status)),
            (Some(_), _) => {
                if let Some((ret, status)) = last.as_ref() {
                    reply.set("ret", ret);
                    reply.set("status", status);
                }
            }
            _ => {}
        }
    }),
    Wrong {
        request: |mut request| {
            if request.word() == "ptrace" && request.get("sig").is_some() {
                request.set("sig", "SIGKILL");
            }
            super::procdesc::for_this_kernel(request)
        },
        ..wrong(
            "trap-continued-otherwise",
            ("traced.continued", Call::Wait4),
            "ptrace/continue",
            TRACING,
            |_, _, _| {},
        )
    },
    wrong(
        "null-status-finds-nothing",
        ("os.wait6", Call::Wait6),
        "wait6/null-pointers",
        &["freebsd", "netbsd", "dragonfly"],
        |_, request, reply| {
            if request.get("status") == Some("null") && request.get("rusage") != Some("null") {
                reply.set("ret", "0");
            }
        },
    ),
    wrong(
        "null-infop-finds-nothing",
        ("os.wait6", Call::Wait6),
        "wait6/null-pointers",
        &["freebsd", "netbsd", "dragonfly"],
        |_, request, reply| {
            if request.get("info") == Some("null") && request.get("rusage") != Some("null") {
                reply.set("ret", "0");
            }
        },
    ),
    wrong(
        "traps-unasked",
        ("os.needs-wtrapped", Call::Waitid),
        "wait6/needs-wtrapped",
        &["freebsd"],
        |_, _, _| {},
    ),
    wrong(
        "traps-unasked",
        ("os.needs-wtrapped", Call::Waitid),
        "wait6/needs-event-options",
        &["netbsd"],
        |_, _, _| {},
    ),
    Wrong {
        request: |request| {
            let options = request.list("options").into_iter().filter(|option| option != "WALTSIG");
            super::procdesc::for_this_kernel(request.clone().with_list("options", options))
        },
        ..wrong(
            "waltsig-ignored",
            ("os.exit-signals", Call::Wait4),
            "wait/waltsig",
            &["netbsd"],
            |_, _, _| {},
        )
    },
    Wrong {
        request: |request| {
            let options = request.list("options").into_iter().filter(|option| option != "WALLSIG");
            super::procdesc::for_this_kernel(request.clone().with_list("options", options))
        },
        ..wrong(
            "wallsig-ignored",
            ("os.exit-signals", Call::Wait4),
            "wait/wallsig",
            &["netbsd"],
            |_, _, _| {},
        )
    },
    Wrong {
        request: |request| {
            let options = request.list("options").into_iter().filter(|option| option != "WNOZOMBIE");
            super::procdesc::for_this_kernel(request.clone().with_list("options", options))
        },
        ..wrong(
            "wnozombie-ignored",
            ("os.wnozombie", Call::Wait4),
            "wait/wnozombie",
            &["netbsd"],
            |_, _, _| {},
        )
    },
    wrong(
        "note-without-word",
        ("kqueue.note-exit-of-kill", Call::Waitpid),
        "kqueue/note-exit-status",
        &["netbsd", "openbsd", "dragonfly"],
        |_, _, reply| set(reply, "data", "0"),
    ),
    wrong(
        "note-lost",
        ("kqueue.note-exit", Call::Waitpid),
        "kqueue/note-exit",
        &["macos"],
        |system, _, reply| {
            if reply.get("data").is_some() {
                reply.word = "err".to_owned();
                reply.set("errno", &system.errno("ECHILD").to_string());
            }
        },
    ),
];

/// The correct subject, and the faulty ones of that system.
pub fn subjects(system: &'static System) -> Vec<Far> {
    let right = Far { call, ..Far::named(system, "own") };
    let here = |wrong: &&Wrong| wrong.systems.contains(&system.os);
    let wrong = WRONG.iter().filter(here).map(|wrong| Far {
        request: wrong.request,
        edit: wrong.edit,
        ..match wrong.call {
            Call::Wait6 => Far { call, ..Far::named(system, wrong.name) },
            _ => Far::named(system, wrong.name),
        }
    });
    std::iter::once(right).chain(wrong).collect()
}
