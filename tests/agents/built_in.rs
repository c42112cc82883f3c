//! The replies of the built-in agent, request by request.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use waitspec::sys::process;
use waitspec::sys::process_table::{self, Asleep};

use super::poll::poll;
use super::talk::Talk;

/// Each test, by name.
pub const TESTS: &[(&str, fn())] = &[
    ("a forked and an exec'ed child", children),
    ("a thread waits while another answers", threads),
    ("handlers count, keep and wait", handlers),
    ("a signal interrupts a call", interruption),
    ("masks and pending signals", masks),
    ("descriptors", descriptors),
    ("what is refused", refusals),
    ("a request without an id is malformed", without_an_id),
    ("the end of the input is the end", end_of_input),
    ("a panic ends the process", panic),
    #[cfg(target_os = "linux")]
    ("a pidfd", pidfd),
];

fn children() {
    let mut talk = Talk::with("libc");
    for image in ["any", ""] {
        let pid = talk.spawn(image, &["exit code=9"]);
        assert_eq!(talk.text("waitpid pid=-1"), format!("ok ret={pid} status=0x0900 spill=no"), "{image}");
        talk.reaped(pid);
    }
    assert_eq!(talk.text("wait4 pid=-1 rusage=null"), "err errno=ECHILD status=untouched spill=no");
    assert!(talk.ask("getrusage who=children").number("ru_maxrss").expect("a number") > 0);
    assert_eq!(talk.end(Some("bye")).code(), Some(0));
}

fn threads() {
    let mut talk = Talk::with("libc");
    let pid = talk.spawn("any", &[]);
    let call = talk.send("waitpid pid=-1 thread=1");
    let entering = talk.line();
    assert_eq!((entering.word(), entering.id()), ("entering", Some(call)));
    // The first thread still replies; a child of another thread is a child of the process.
    assert_eq!(talk.text(&format!("waitpid pid={pid} options=WNOHANG status=null")), "ok ret=0 spill=no");
    process::kill(pid, libc::SIGTERM).expect("it is the agent's child");
    let reply = talk.line();
    assert_eq!((reply.id(), reply.number("ret")), (Some(call), Ok(i64::from(pid))), "{reply}");
    talk.reaped(pid);
    assert_eq!(talk.text("exit-thread thread=1"), "ok");
    assert_eq!(talk.text("exit-thread thread=7"), "ok");
    // A new thread with that number, and a child of it: executed, although the request allows a fork.
    let again = talk.ask("wait thread=1");
    assert_eq!(again.get("errno").as_deref(), Some("ECHILD"));
    let pid = talk.spawn("any", &["exit code=3"]);
    assert_eq!(talk.text("wait"), format!("ok ret={pid} status=0x0300 spill=no"));
    talk.reaped(pid);
}

fn handlers() {
    let mut talk = Talk::with("libc");
    assert_eq!(talk.text("sigaction sig=SIGCHLD do=record restart=yes"), "ok");
    let pid = talk.spawn("any", &["exit code=5"]);
    assert_eq!(talk.ask("wait").number("ret"), Ok(i64::from(pid)));
    talk.reaped(pid);
    let seen = talk.until("signals", |line| line.number("count") != Ok(0));
    let [record] = &seen.list("seen")[..] else { panic!("{seen}") };
    assert!(record.starts_with(&format!("SIGCHLD:CLD_EXITED:{pid}:")) && record.ends_with(":5"), "{record}");
    assert_eq!(talk.text("signals"), "ok count=0 seen= waited=");

    assert_eq!(talk.text("sigaction sig=SIGCHLD do=wait restart=yes"), "ok");
    let pid = talk.spawn("any", &["exit code=6"]);
    let seen = talk.until("signals", |line| !line.list("waited").is_empty());
    assert_eq!(seen.list("waited"), [format!("{pid}:0x0600")]);
    talk.reaped(pid);
    assert_eq!(talk.ask("wait").get("errno").as_deref(), Some("ECHILD"));

    assert_eq!(talk.text("sigaction sig=SIGUSR1 do=count"), "ok");
    process::kill(talk.pid(), libc::SIGUSR1).expect("it is ours");
    let seen = talk.until("signals", |line| line.number("count") != Ok(0));
    assert_eq!((seen.number("count"), seen.list("seen")), (Ok(1), Vec::new()));

    assert_eq!(talk.text("sigaction sig=SIGCHLD do=ignore"), "ok");
    let pid = talk.spawn("any", &["exit code=0"]);
    assert_eq!(talk.ask("wait").get("errno").as_deref(), Some("ECHILD"));
    talk.reaped(pid);
}

fn interruption() {
    let mut talk = Talk::with("libc");
    assert_eq!(talk.text("sigaction sig=SIGUSR1 do=count"), "ok");
    let pid = talk.spawn("any", &[]);
    let call = talk.send("wait");
    let tid = talk.line().number("tid").expect("a thread");
    let tid = i32::try_from(tid).expect("a thread");
    // Where the call that it sleeps in is not visible, it may still be another one.
    let mut others = 0;
    let asleep = || {
        let state = process_table::is_asleep_in_wait(talk.pid(), tid);
        others = if state == Asleep::InOtherCall { others + 1 } else { 0 };
        (state == Asleep::InWait || others == 100).then_some(())
    };
    poll(Duration::from_secs(60), asleep).expect("it never slept");
    process::kill(talk.pid(), libc::SIGUSR1).expect("it is ours");
    let reply = talk.line();
    assert_eq!(reply.to_string(), format!("err id={call} errno=EINTR status=untouched spill=no"));
    process::kill(pid, libc::SIGKILL).expect("it is the agent's child");
    assert_eq!(talk.ask("wait").number("status"), Ok(i64::from(libc::SIGKILL)));
    talk.reaped(pid);
}

fn masks() {
    let mut talk = Talk::with("libc");
    assert_eq!(talk.text("sigprocmask how=block sig=SIGUSR2"), "ok");
    assert_eq!(talk.text("sigaction sig=SIGUSR2 do=record"), "ok");
    process::kill(talk.pid(), libc::SIGUSR2).expect("it is ours");
    assert_eq!(talk.text("sigpending"), "ok sigs=SIGUSR2");
    assert_eq!(talk.ask("signals").number("count"), Ok(0));
    assert_eq!(talk.text("sigprocmask how=unblock sig=SIGUSR2"), "ok");
    assert_eq!(talk.ask("signals").number("count"), Ok(1));
}

fn descriptors() {
    let mut talk = Talk::with("libc");
    let fd = talk.ask("open path=/dev/null").number("fd").expect("a descriptor");
    assert_eq!(talk.text(&format!("poll fd={fd}")), "ok revents=POLLIN");
    assert_eq!(talk.text(&format!("close fd={fd}")), "ok");
    assert_eq!(talk.text(&format!("close fd={fd}")), "err errno=EBADF");
    assert_eq!(talk.text(&format!("poll fd={fd}")), "err errno=EBADF");
    assert_eq!(talk.text("open path=/nonexistent"), "err errno=ENOENT");
    // Requests cannot use the agent's own streams.
    assert_eq!(talk.text("close fd=0"), "err errno=EBADF");
}

fn refusals() {
    let mut talk = Talk::with("libc");
    for (request, word) in [
        ("no-such-request", "unsupported"),
        ("waitpid pid=1 options=WNONSENSE", "unsupported"),
        ("waitid idtype=P_NONSENSE who=0", "unsupported"),
        ("waitpid pid=99999999999", "unsupported"),
        // A nonsensical request is the sender's error.
        ("spawn", "malformed"),
        ("spawn argv=/bin/sh%00", "malformed"),
        ("spawn argv=/bin/sh image=any", "malformed"),
        ("spawn argv=/bin/sh image=best", "malformed"),
        ("waitpid status=buffer", "malformed"),
        ("waitpid pid=any", "malformed"),
        ("wait thread=-1", "malformed"),
        ("sigaction sig=SIGNONSENSE do=count", "malformed"),
        ("sigaction sig=SIGUSR1 do=dance", "malformed"),
        ("sigaction sig=SIGUSR1 do=count restart=perhaps", "malformed"),
        ("sigprocmask how=set sig=SIGUSR1", "malformed"),
        ("getrusage who=everybody", "malformed"),
        ("decode status=zero", "malformed"),
        ("subreaper", "malformed"),
    ] {
        let line = talk.ask(request);
        assert_eq!(line.word(), word, "{request}: {line}");
        assert!(!line.get("why").unwrap_or_default().is_empty(), "{request}: {line}");
    }
    assert_eq!(talk.text("sigaction sig=SIGKILL do=ignore"), "err errno=EINVAL");
    assert_eq!(talk.text("setpgid pid=0 pgid=-1"), "err errno=EINVAL");
    let decoded = talk.ask("decode status=0x0900");
    assert_eq!((decoded.flag("exited"), decoded.number("wexitstatus")), (true, Ok(9)), "{decoded}");
}

fn without_an_id() {
    let mut talk = Talk::with("libc");
    talk.send_as_is("spawn argv=/bin/sh");
    let line = talk.line();
    assert_eq!((line.word(), line.id()), ("malformed", None), "{line}");
}

fn end_of_input() {
    assert_eq!(Talk::with("libc").end(None).code(), Some(0));
}

fn panic() {
    assert_eq!(Talk::with("panics").end(Some("wait thread=1")).signal(), Some(libc::SIGABRT));
}

#[cfg(target_os = "linux")]
fn pidfd() {
    let mut talk = Talk::with("libc");
    let pid = talk.spawn("any", &[]);
    let opened = talk.ask(&format!("pidfd_open pid={pid} nonblock=yes"));
    if opened.word() == "err" {
        return super::skip::skip("no non-blocking pidfd: a kernel before 5.10, or a filter");
    }
    let fd = opened.number("fd").expect("a descriptor");
    assert_eq!(talk.text(&format!("poll fd={fd}")), "ok revents=");
    let wait = format!("waitid idtype=P_PIDFD who={fd} options=WEXITED");
    assert_eq!(talk.ask(&wait).get("errno").as_deref(), Some("EAGAIN"));
    process::kill(pid, libc::SIGKILL).expect("it is the agent's child");
    talk.until(&format!("poll fd={fd}"), |line| line.list("revents") == ["POLLIN"]);
    let reaped = talk.ask(&wait);
    assert_eq!(reaped.get("si_code").as_deref(), Some("CLD_KILLED"), "{reaped}");
    talk.reaped(pid);
}
