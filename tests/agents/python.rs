//! Replies of the Python agent to requests that `agent check` does not make.

use std::process::Command;
#[cfg(target_os = "linux")]
use std::process::Stdio;
#[cfg(target_os = "linux")]
use std::time::Duration;

use waitspec::sys::process;
#[cfg(target_os = "linux")]
use waitspec::sys::process_table::{self, Asleep, State};

#[cfg(target_os = "linux")]
use super::poll::poll;
use super::talk::Talk;

fn start() -> Talk {
    Talk::start(Command::new("python3").arg(super::fixture("python/agent.py")))
}

/// Handlers, masks, usage, and what the language cannot express.
pub fn requests() {
    let mut talk = start();
    assert_eq!(talk.text("sigaction sig=SIGCHLD do=wait restart=yes"), "ok");
    let pid = talk.spawn("any", &["exit code=6"]);
    let seen = talk.until("signals", |line| !line.list("waited").is_empty());
    assert_eq!(seen.list("waited"), [format!("{pid}:0x0600")]);
    talk.reaped(pid);
    assert_eq!(talk.text("sigaction sig=SIGCHLD do=default"), "ok");

    let pid = talk.spawn("any", &[]);
    assert_eq!(talk.text(&format!("wait4 pid={pid} options=WNOHANG")), "ok ret=0");
    assert_eq!(talk.text("waitid idtype=P_ALL who=0 options=WEXITED,WNOHANG"), "ok ret=0");
    process::kill(pid, libc::SIGTERM).expect("it is the agent's child");
    let reaped = talk.ask("wait3");
    assert_eq!(
        (reaped.number("ret"), reaped.number("status")),
        (Ok(i64::from(pid)), Ok(i64::from(libc::SIGTERM)))
    );
    assert!(reaped.number("ru_maxrss").expect("a number") > 0, "{reaped}");
    talk.reaped(pid);

    assert_eq!(talk.text("sigprocmask how=block sig=SIGUSR2"), "ok");
    assert_eq!(talk.text("sigaction sig=SIGUSR2 do=count restart=yes"), "ok");
    process::kill(talk.pid(), libc::SIGUSR2).expect("it is ours");
    assert_eq!(talk.text("sigpending"), "ok sigs=SIGUSR2");
    assert_eq!(talk.text("sigprocmask how=unblock sig=SIGUSR2"), "ok");
    assert_eq!(talk.text("signals"), "ok count=1 seen= waited=");

    assert_eq!(talk.text("waitpid pid=-1 options=0x00100000"), "err errno=EINVAL");
    assert!(talk.ask("getrusage who=children").number("ru_maxrss").expect("a number") > 0);
    let decoded = talk.text("decode status=0x0009");
    assert!(decoded.starts_with("ok exited=no signaled=yes stopped=no"), "{decoded}");
    for request in [
        "wait status=null",
        "wait4 pid=-1 rusage=null",
        "wait4 pid=-1 rusage=bad",
        "waitid idtype=P_ALL who=0 options=WEXITED rusage=buffer",
        "waitid idtype=P_ALL who=0 options=WEXITED info=null",
        "wait6 idtype=P_ALL who=0 options=WEXITED",
        "waitpid pid=99999999999",
        "wait thread=1",
        "sigaction sig=SIGUSR1 do=record restart=yes",
        "sigaction sig=SIGNONSENSE do=default",
        "subreaper on=yes",
    ] {
        let line = talk.ask(request);
        assert!(["unsupported", "malformed"].contains(&line.word()), "{request}: {line}");
    }
    assert_eq!(talk.end(Some("bye")).code(), Some(0));
    assert_eq!(start().end(None).code(), Some(0));
}

/// Sleeps uninterruptibly, as a process does that waits for a page of its program: until its child, which opens a FIFO before its
/// exec, has got there.
#[cfg(target_os = "linux")]
const SPAWNS: &str = "import os, sys
os.posix_spawn('/bin/true', ['true'], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 0, sys.argv[1], os.O_RDONLY, 0)])";

/// Waiting for a disk is not sleeping in a call: a busy disk makes no hang.
#[cfg(target_os = "linux")]
pub fn uninterruptible_sleep() {
    const LONG: Duration = Duration::from_secs(60);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success()));
    let mut python = Command::new("python3");
    let mut child = python.args(["-c", SPAWNS]).arg(&fifo).stdin(Stdio::null()).spawn().expect("Python");
    let pid = i32::try_from(child.id()).expect("a pid");
    let state = || process_table::read(pid).ok().flatten().map(|process| process.state);
    let slept = poll(LONG, || (state() == Some(State::DiskSleep)).then_some(()));
    let asleep = process_table::is_asleep_in_wait(pid, pid);
    // Both ends are open for as long as the child needs one.
    let end = std::fs::File::options().read(true).write(true).open(&fifo);
    let ended = poll(LONG, || child.try_wait().expect("it is our child"));
    drop(end);
    assert!(slept.is_some(), "{:?}", state());
    assert_eq!(asleep, Asleep::Awake);
    assert!(ended.is_some_and(|status| status.success()));
}
