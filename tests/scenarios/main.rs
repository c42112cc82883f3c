//! Children, one process each, observed through the process table, their own reports, and `waitpid` for one pid.
//!
//! The binary has one thread, so that it can fork children that continue as ordinary programs. Called as
//! `scenarios child ...`, it is the child program itself, for the steps that execute it.

use std::io::Write;

use libtest_mimic::{Arguments, Trial};
use rustix::process::{Pid, WaitOptions, waitpid};
use waitspec::protocol::fields::{CHILDREN, OWN, get_usage};
use waitspec::scenario::child::{self, CONNECTION_LOST, STEP_FAILED};
use waitspec::scenario::{ChildOptions, Scenario, Step, library, parse_script};
use waitspec::sys::call::abi::Usage;
use waitspec::sys::process::{self, kill, set_subreaper};
use waitspec::sys::process_table::{self, State};
use waitspec::wait::Signal;

mod connected;
#[path = "../common/poll.rs"]
mod poll;
#[path = "../common/skip.rs"]
mod skip;
use connected::*;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).is_some_and(|first| first == "child") {
        child::main_from_args(&args[2..]);
    }
    // Removes core files too, if the system writes them to the working directory.
    let directory = tempfile::tempdir().expect("a directory");
    std::env::set_current_dir(&directory).expect("a working directory");
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let trials = TESTS.iter().map(|&(name, run)| {
        Trial::test(name, move || {
            run();
            Ok(())
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    // Exiting drops nothing.
    drop(directory);
    conclusion.exit();
}

macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        const TESTS: &[(&str, fn())] = &[$((stringify!($name), $name)),*];
    };
}

tests![
    every_low_exit_code,
    exit_codes_of_32_bits,
    deaths_by_signal,
    core_or_no_core,
    steps_are_answered,
    what_is_refused,
    a_lost_connection_terminates_the_child,
    stop_and_continue,
    ignored_and_blocked_signals,
    burns_reach_their_fields,
    memory_is_touched_and_released,
    faults_and_switches,
    groups_and_sessions,
    another_user,
    grandchildren_are_forked_and_reaped,
    a_grandchild_connects,
    an_orphan_outlives_its_parent,
    vforks,
    the_last_thread_determines_the_exit_code,
    a_thread_continues_without_its_leader,
    a_thread_terminates_the_group,
    exec_reconnects,
    a_failing_exec_is_reported,
    the_child_program,
    a_traced_child_stops,
    pause_ends_with_the_connection,
];

fn every_low_exit_code() {
    for code in (0..=255).step_by(if cfg!(debug_assertions) { 5 } else { 1 }) {
        assert_eq!(run([Step::exit(code)]), exited(code));
    }
    assert_eq!(run([Step::Setsid]), 0, "a child without a connection exits with 0 at the end");
}

fn exit_codes_of_32_bits() {
    for code in [256, 0x1234, -1, i32::MIN, i32::MAX, 0x5a5a_5a5a] {
        assert_eq!(run([Step::exit(code)]), exited(code), "{code:#x}");
    }
}

fn deaths_by_signal() {
    let deadly = [
        "HUP", "INT", "QUIT", "ABRT", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "BUS", "FPE",
        "ILL",
    ];
    for name in deadly {
        for word in ["raise", "kill-self"] {
            let text = format!("{word} sig=SIG{name} core=no");
            let expected = Signal::from_name(&format!("SIG{name}")).expect("a signal").number();
            assert_eq!(run([step(&text)]), expected, "{text}");
        }
    }
    for signal in Signal::realtime_range().into_iter().flatten().take(2) {
        assert_eq!(run(Scenario::dies(Signal::from_number(signal)).steps), signal);
    }
    // The child survives a signal whose default action is not to terminate.
    let mut child = Socket::new().spawn([]);
    child.ok("raise sig=SIGCHLD");
    child.ok("kill-self sig=SIGCONT");
    child.exit();
}

fn core_or_no_core() {
    let socket = Socket::new();
    let mut child = socket.spawn([]);
    child.send("raise sig=SIGABRT core=no report=yes");
    let last = child.read().expect("last");
    assert_eq!(last.word(), "last");
    assert!(get_usage(&last, OWN).is_some() && get_usage(&last, CHILDREN).is_some(), "{last}");
    assert_eq!(child.read(), None);
    assert_eq!(reap(child.pid), Signal::ABRT.number(), "no core bit under a limit of 0");
}

fn steps_are_answered() {
    let mut child = Socket::new().spawn([]);
    let ids = child.ok("getids");
    assert_eq!(number(&ids, "pid"), child.pid);
    assert_eq!(number(&ids, "uid"), i32::try_from(rustix::process::getuid().as_raw()).expect("a uid"));
    child.ok("sleep ms=1");
    child.send("exit code=7 report=yes");
    let last = child.read().expect("last");
    assert!(get_usage(&last, OWN).expect("a usage").maxrss > Some(0), "{last}");
    assert_eq!(child.read(), None);
    assert_eq!(reap(child.pid), exited(7));
}

fn what_is_refused() {
    let mut child = Socket::new().spawn([]);
    let answer = child.tell("exti code=7");
    assert_eq!(answer.word(), "unsupported");
    assert_eq!(answer.get("why").as_deref(), Some("unknown step or scenario 'exti'; did you mean 'exit'?"));
    for (text, errno) in [
        ("exit", "EINVAL"),
        ("raise sig=SIGNOTHING", "EINVAL"),
        ("wait", "ECHILD"),
        ("wait pid=1", "ECHILD"),
        ("ignore sig=SIGKILL", "EINVAL"),
        ("setpgid pgid=-1", "EINVAL"),
    ] {
        let answer = child.tell(text);
        assert_eq!(
            (answer.word(), answer.get("errno").as_deref()),
            ("err", Some(errno)),
            "'{text}': {answer}"
        );
    }
    child.stream.get_mut().write_all(b"Exit code=7\nreport\n").expect("sent");
    for _ in 0..2 {
        let answer = child.read().expect("an answer");
        assert_eq!((answer.word(), answer.id()), ("err", None), "{answer}");
    }
    child.exit();

    // An initial step that fails terminates the child.
    let mut child = Socket::new().spawn([step("wait")]);
    let answer = child.read().expect("an answer");
    assert_eq!(answer.to_string(), "err errno=ECHILD step=wait");
    assert_eq!(child.read(), None);
    assert_eq!(reap(child.pid), exited(STEP_FAILED));
}

fn a_lost_connection_terminates_the_child() {
    let child = Socket::new().spawn([]);
    let pid = child.pid;
    drop(child);
    assert_eq!(reap(pid), exited(CONNECTION_LOST));
    let nowhere =
        ChildOptions { connect: Some(("/nonexistent".into(), "A".into())), ..ChildOptions::default() };
    assert_eq!(reap(fork_child(nowhere)), exited(CONNECTION_LOST));
}

fn pause_ends_with_the_connection() {
    let mut child = Socket::new().spawn([]);
    child.send("pause");
    let pid = child.pid;
    drop(child);
    assert_eq!(reap(pid), exited(CONNECTION_LOST));
    let mut child = Socket::new().spawn([]);
    child.send("pause");
    kill(child.pid, Signal::TERM.number()).expect("kill");
    assert_eq!(reap(child.pid), Signal::TERM.number());
}

fn stop_and_continue() {
    let socket = Socket::new();
    let mut child = socket.spawn([]);
    // A stop by SIGTSTP needs a group that is not orphaned: the child's own, with the parent in another group of the session.
    child.ok("setpgid");
    for sig in ["SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"] {
        child.send(&format!("stop sig={sig}"));
        until("a stopped child", || process_table::is_stopped(child.pid).then_some(()));
        let status = wait_for(child.pid, WaitOptions::UNTRACED);
        assert_eq!(status.stopping_signal(), Signal::from_name(sig).map(Signal::number));
        kill(child.pid, Signal::CONT.number()).expect("kill");
        assert!(wait_for(child.pid, WaitOptions::CONTINUED).continued());
        assert_eq!(child.read().expect("an answer").word(), "ok");
    }
    child.exit();
}

fn ignored_and_blocked_signals() {
    let mut child = Socket::new().spawn([]);
    child.ok("ignore sig=SIGTERM");
    child.ok("raise sig=SIGTERM");
    child.ok("block sig=SIGUSR1");
    child.ok("kill-self sig=SIGUSR1");
    child.ok("default sig=SIGTERM");
    assert_eq!(child.end("unblock sig=SIGUSR1"), Signal::USR1.number());
}

/// A field of rusage, as children report it.
type Field = fn(&Usage) -> Option<i64>;

fn grew(child: &mut ConnectedChild, text: &str, field: Field, by: i64) -> bool {
    let before = field(&child.usage()).expect("the field");
    if !child.has(text) {
        return false;
    }
    let after = field(&child.usage()).expect("the field");
    assert!(after - before >= by, "'{text}': from {before} to {after}");
    true
}

fn burns_reach_their_fields() {
    let mut child = Socket::new().spawn([]);
    assert!(grew(&mut child, "burn-user us=20000", |u| u.utime_us, 20_000));
    assert!(grew(&mut child, "burn-system us=20000", |u| u.stime_us, 20_000));
    child.exit();
}

fn memory_is_touched_and_released() {
    let mut child = Socket::new().spawn([]);
    // The unit is KiB or bytes; 8 MiB exceed either reading of a small process.
    child.ok("allocate bytes=8388608");
    let touched = child.usage().maxrss.expect("maxrss");
    assert!(touched >= 8192, "{touched}");
    child.ok("release");
    assert!(child.usage().maxrss >= Some(touched));
    assert_eq!(child.tell("allocate bytes=0").get("errno").as_deref(), Some("EINVAL"));
    child.exit();
}

fn faults_and_switches() {
    let mut child = Socket::new().spawn([]);
    assert!(grew(&mut child, "minor-faults count=100", |u| u.minflt, 100));
    assert!(grew(&mut child, "voluntary-switches count=10", |u| u.nvcsw, 10));
    // These two depend on the system and the file system: they succeed, or are refused.
    grew(&mut child, "major-faults count=3", |u| u.majflt, 3);
    grew(&mut child, "block-output count=8", |u| u.oublock, 8);
    let answer = child.tell("involuntary-switches count=3");
    assert!(cfg!(not(target_os = "linux")) || answer.word() == "ok", "{answer}");
    child.exit();
}

fn groups_and_sessions() {
    let mut child = Socket::new().spawn([]);
    let parent = number(&child.ok("getids"), "pgid");
    child.ok("setpgid");
    assert_eq!(number(&child.ok("getids"), "pgid"), child.pid);
    // 0 if its leader is outside of this PID namespace.
    if parent != 0 {
        child.ok(&format!("setpgid pgid={parent}"));
        assert_eq!(number(&child.ok("getids"), "pgid"), parent);
    }
    child.exit();
    // A process that is not a group leader may create a session.
    let mut child = Socket::new().spawn([]);
    child.ok("setsid");
    let ids = child.ok("getids");
    assert_eq!((number(&ids, "pgid"), number(&ids, "sid")), (child.pid, child.pid));
    child.exit();
}

fn another_user() {
    let mut child = Socket::new().spawn([]);
    let answer = child.tell("setuid uid=65534");
    if rustix::process::geteuid().is_root() {
        assert_eq!(answer.word(), "ok");
        let ids = child.ok("getids");
        assert_eq!((number(&ids, "uid"), number(&ids, "euid")), (65534, 65534));
    } else {
        assert_eq!(answer.get("errno").as_deref(), Some("EPERM"));
    }
    child.exit();
}

fn grandchildren_are_forked_and_reaped() {
    let mut child = Socket::new().spawn([]);
    let born = number(&child.ok("fork steps=burn-user%20us=20000,exit%20code=5"), "pid");
    let reaped = child.ok("wait");
    assert_eq!((number(&reaped, "pid"), number(&reaped, "status")), (born, exited(5)));
    let theirs = get_usage(&child.ok("report"), CHILDREN).expect("a usage");
    assert!(theirs.utime_us >= Some(20_000), "{theirs:?}");
    assert_eq!(child.tell("wait").get("errno").as_deref(), Some("ECHILD"));
    child.exit();
}

fn a_grandchild_connects() {
    let socket = Socket::new();
    let mut child = socket.spawn([]);
    let born = number(&child.ok("fork token=B"), "pid");
    let mut grandchild = socket.accept("B");
    assert_eq!((grandchild.pid, number(&grandchild.hello, "ppid")), (born, child.pid));
    grandchild.send("exit code=9");
    assert_eq!(grandchild.read(), None);
    assert_eq!(number(&child.ok("wait"), "status"), exited(9));
    child.exit();
}

fn an_orphan_outlives_its_parent() {
    let adopted = set_subreaper(true).is_ok();
    let socket = Socket::new();
    let mut child = socket.spawn([]);
    child.ok("fork token=B orphan=yes");
    let mut orphan = socket.accept("B");
    child.exit();
    // The parent has been reaped, so its children have a new parent.
    let parent = number(&orphan.ok("getids"), "ppid");
    if adopted {
        assert_eq!(parent, process::pid());
        assert_eq!(orphan.end("exit code=6"), exited(6));
        set_subreaper(false).expect("given back");
    } else {
        orphan.send("exit code=6");
        assert_eq!(orphan.read(), None);
    }
}

fn vforks() {
    let socket = Socket::new();
    let mut child = socket.spawn([]);
    if !child.has("vfork code=4") {
        return child.exit();
    }
    assert_eq!(number(&child.ok("wait"), "status"), exited(4));
    let born = number(&child.ok("vfork-exec token=B"), "pid");
    let mut grandchild = socket.accept("B");
    assert_eq!(grandchild.pid, born);
    grandchild.send("raise sig=SIGTERM");
    assert_eq!(grandchild.read(), None);
    assert_eq!(number(&child.ok("wait"), "status"), Signal::TERM.number());
    child.exit();
}

fn the_last_thread_determines_the_exit_code() {
    if !has_leader_exit() {
        return;
    }
    let status = run([step("leader-exit code=10"), step("thread-exit code=11")]);
    assert_eq!(status, exited(11));
    assert_eq!(run([step("thread-exit code=12")]), exited(12));
}

/// Asks a new child, because only a child knows.
fn has_leader_exit() -> bool {
    let mut child = Socket::new().spawn([]);
    let has = child.has("leader-exit");
    child.exit();
    if !has {
        skip::skip("no step leader-exit here");
    }
    has
}

fn a_thread_continues_without_its_leader() {
    if !has_leader_exit() {
        return;
    }
    let mut child = Socket::new().spawn([]);
    child.ok("leader-exit code=3");
    if let Ok(Some(seen)) = process_table::read(child.pid) {
        assert_eq!(seen.state, State::Zombie);
        assert!(!seen.is_waitable_zombie(), "{seen:?}");
    }
    let pid = Pid::from_raw(child.pid);
    assert_eq!(waitpid(pid, WaitOptions::NOHANG).expect("waitpid").map(|(pid, _)| pid), None);
    child.ok("getids");
    let born = number(&child.ok("fork steps=exit%20code=2"), "pid");
    assert_eq!(number(&child.ok("wait"), "pid"), born);
    assert_eq!(child.end("thread-exit code=4"), exited(4));
}

fn a_thread_terminates_the_group() {
    assert_eq!(run([step("group-exit code=12")]), exited(12));
}

fn exec_reconnects() {
    let socket = Socket::new();
    for word in ["exec", "exec-from-thread"] {
        let mut child = socket.spawn([]);
        let pid = child.pid;
        child.send(&format!("{word} steps=allocate%20bytes=4096"));
        assert_eq!(child.read(), None);
        let again = socket.accept("A");
        assert_eq!(again.pid, pid);
        assert_eq!(again.end("exit code=13"), exited(13));
    }
    assert_eq!(run([step("exec steps=exit%20code=14")]), exited(14));
    assert_eq!(run([step("exec-from-thread steps=exit%20code=15")]), exited(15));
}

fn a_failing_exec_is_reported() {
    let socket = Socket::new();
    let mut options = socket.options("A", []);
    options.program = vec!["/nonexistent".to_owned()];
    fork_child(options);
    let mut child = socket.accept("A");
    for word in ["exec", "exec-from-thread"] {
        assert_eq!(child.tell(word).get("errno").as_deref(), Some("ENOENT"));
    }
    let answer = child.tell("vfork-exec");
    assert!(
        ["ENOENT", "ENOTSUP", "EOPNOTSUPP"].map(Some).contains(&answer.get("errno").as_deref()),
        "{answer}"
    );
    child.exit();
}

fn the_child_program() {
    // As a new image, with its own arguments.
    let socket = Socket::new();
    let options = socket.options("A", parse_script(&["ignore-term"]).expect("a scenario")[..1].to_vec());
    let argv = options.to_argv().expect("arguments");
    let pid = process::spawn(|| {
        process::exec(&argv);
        127
    })
    .expect("fork");
    let mut child = socket.accept("A");
    assert_eq!(child.pid, pid);
    child.ok("kill-self sig=SIGTERM");
    child.exit();
    // Every scenario that terminates on its own does so without a connection.
    for named in library::LIBRARY {
        let steps = named.steps();
        let alone = steps
            .iter()
            .all(|s| !matches!(s, Step::Pause | Step::Stop(_) | Step::Sleep { ms: 2000 } | Step::Traceme));
        let ends = steps.last().is_some_and(Step::is_last) || named.name == "stop";
        assert!(ends || named.name == "held", "{}", named.name);
        if alone
            && ends
            && !["fault-major", "write-blocks"].contains(&named.name)
            && !named.name.contains("involuntary")
        {
            let status = run(steps);
            assert!(
                status != exited(STEP_FAILED) || !cfg!(target_os = "linux"),
                "{}: {status:#x}",
                named.name
            );
        }
    }
}

fn a_traced_child_stops() {
    let mut child = Socket::new().spawn([]);
    if !child.has("traceme") {
        return child.exit();
    }
    child.send("raise sig=SIGTRAP");
    let status = wait_for(child.pid, WaitOptions::empty());
    assert_eq!(status.stopping_signal(), Some(Signal::TRAP.number()), "a tracer sees it without WUNTRACED");
    kill(child.pid, Signal::KILL.number()).expect("kill");
    assert_eq!(reap(child.pid), Signal::KILL.number());
}
