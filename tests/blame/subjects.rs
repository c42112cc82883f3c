//! Subjects that are each wrong in one way, or whose children are.

use std::sync::atomic::{AtomicBool, Ordering};
use waitspec::protocol::Line;
use waitspec::subject::{Call, Decoded, NotOffered, Observation, Request, Subject, libc::Libc};
use waitspec::sys::call::abi::Memory;

type Answer = fn(&Request) -> Result<Observation, NotOffered>;

/// The C library, with different answers or different children.
struct Odd {
    name: &'static str,
    call: Answer,
    spawn: fn(Line) -> Line,
}

fn right(request: &Request) -> Result<Observation, NotOffered> {
    Libc.call(request)
}

fn as_it_is(request: Line) -> Line {
    request
}

const SUBJECTS: [Odd; 16] = [
    Odd { name: "forbidden-step", call: right, spawn: |line| in_place_of_steps(line, "setpgid pgid=1") },
    Odd { name: "wrong-step", call: right, spawn: |line| in_place_of_steps(line, "setpgid pgid=-1") },
    Odd { name: "two-wrong-steps", call: right, spawn: two_wrong_steps },
    Odd { name: "no-program", call: right, spawn: |line| run(line, &["/no/such/program"]) },
    Odd { name: "foreign-program", call: right, spawn: |line| run(line, &["/bin/sh", "-c", "exit 2"]) },
    Odd { name: "unknown-step", call: right, spawn: |line| executed(in_place_of_steps(line, "leap")) },
    Odd { name: "lost-connection", call: right, spawn: unconnected },
    Odd { name: "says-64", call: |request| exited(request, 64), spawn: as_it_is },
    Odd { name: "says-70", call: |request| exited(request, 70), spawn: as_it_is },
    Odd { name: "says-71", call: |request| exited(request, 71), spawn: as_it_is },
    Odd { name: "says-127", call: |request| exited(request, 127), spawn: as_it_is },
    Odd { name: "says-1", call: |request| exited(request, 1), spawn: as_it_is },
    Odd { name: "sleeps", call: sleep, spawn: as_it_is },
    Odd { name: "no-waitid", call: without_waitid, spawn: as_it_is },
    Odd { name: "no-continued", call: without_continued, spawn: as_it_is },
    Odd { name: "einval-once", call: einval_once, spawn: as_it_is },
];

pub fn all() -> Vec<Box<dyn Subject>> {
    SUBJECTS.into_iter().map(|odd| Box::new(odd) as Box<dyn Subject>).collect()
}

/// Has a child that does not connect perform a different step.
fn in_place_of_steps(line: Line, step: &str) -> Line {
    let mut argv = line.list("argv");
    if line.word() == "spawn" && argv.iter().any(|word| word == "--if-failed") {
        argv.truncate(argv.iter().position(|word| word == "--if-failed").map_or(0, |at| at + 1));
        argv.push(step.to_owned());
        return line.with_list("argv", argv);
    }
    line
}

/// Has a child connect where nothing is listening.
fn unconnected(line: Line) -> Line {
    let mut argv = line.list("argv");
    let Some(at) = argv.iter().position(|word| word == "--connect") else { return line };
    argv[at + 1] = "/no/such/socket".to_owned();
    let line = line.with_list("argv", argv);
    in_place_of_steps(line, "setpgid pgid=-1")
}

/// Has two children perform a different step instead of dying of a signal.
fn two_wrong_steps(line: Line) -> Line {
    let dies_by = |signal: &str| line.list("argv").iter().any(|word| word.ends_with(signal));
    if dies_by("=SIG63") || dies_by("=SIG64") { in_place_of_steps(line, "setpgid pgid=-1") } else { line }
}

/// Has a child created with an exec.
fn executed(line: Line) -> Line {
    let argv = line.list("argv");
    run(line, &argv.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Has a child execute something else.
fn run(line: Line, argv: &[&str]) -> Line {
    if line.word() != "spawn" {
        return line;
    }
    let id = line.get("id").unwrap_or_default();
    Line::new("spawn").with("id", id).with_list("argv", argv)
}

/// Reports every exit with that code.
fn exited(request: &Request, code: i32) -> Result<Observation, NotOffered> {
    let mut seen = Libc.call(request)?;
    if let Memory::Wrote(info) = &mut seen.info
        && info.code == Some(libc::CLD_EXITED.into())
    {
        info.status = Some(code.into());
    }
    if let Memory::Wrote(status) = &mut seen.status
        && libc::WIFEXITED(*status)
    {
        *status = code << 8;
    }
    Ok(seen)
}

fn sleep(request: &Request) -> Result<Observation, NotOffered> {
    if request.options & libc::WNOHANG != 0 {
        return Libc.call(request);
    }
    loop {
        waitspec::sys::process::pause();
    }
}

fn without_waitid(request: &Request) -> Result<Observation, NotOffered> {
    match request.call {
        Call::Waitid => Ok(Observation::error(libc::ENOSYS)),
        _ => Libc.call(request),
    }
}

fn without_continued(request: &Request) -> Result<Observation, NotOffered> {
    match request.options & libc::WCONTINUED {
        0 => Libc.call(request),
        _ => Ok(Observation::error(libc::EINVAL)),
    }
}

fn einval_once(request: &Request) -> Result<Observation, NotOffered> {
    static FIRST: AtomicBool = AtomicBool::new(true);
    if request.options & libc::WNOHANG != 0 && FIRST.swap(false, Ordering::Relaxed) {
        return Ok(Observation::error(libc::EINVAL));
    }
    Libc.call(request)
}

impl Subject for Odd {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn calls(&self) -> Vec<Call> {
        Libc.calls()
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        (self.call)(request)
    }

    fn macros(&self, status: i32) -> Option<Decoded> {
        Libc.macros(status)
    }

    fn edit_request(&self, request: Line) -> Line {
        (self.spawn)(request)
    }
}
