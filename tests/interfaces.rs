//! Handles and programs tested from the command line: correct ones pass, and what cannot be judged is reported in bounded time.

#[cfg(target_os = "linux")]
#[path = "common/poll.rs"]
mod poll;
#[path = "common/skip.rs"]
mod skip;

use skip::skip;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn waitspec(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(subject: &str) -> Output {
    waitspec(&["run", "--subject", subject, "--format", "json"]).output().expect("it starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn clean(subject: &str, interface: &str) {
    let output = run(subject);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{subject}: {said}");
    assert!(said.contains(&format!("\"interface\":\"{interface}\"")), "{said}");
    let trials = said.lines().filter(|line| line.contains("\"type\":\"trial\""));
    let passed = trials.clone().filter(|line| line.contains("\"verdict\":\"pass\"")).count();
    assert!(passed >= 5, "{passed} of {} trials of {subject} pass: {said}", trials.count());
}

/// Whether a program is installed; otherwise its part of a test is skipped by name.
fn is_there(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    let there = path.split(':').any(|folder| Path::new(folder).join(program).exists());
    if !there {
        skip(format_args!("{program} is not there"));
    }
    there
}

#[test]
fn this_crate_s_own_handle_passes() {
    clean("handle:waitspec", "handle");
}

#[test]
fn this_crate_s_own_programs_pass() {
    clean("program:waitspec", "program");
    clean("program:waitspec-time", "program");
    clean("program:waitspec-shell", "program");
}

#[test]
fn this_crate_s_own_init_and_supervisor_pass_where_there_is_a_namespace() {
    for subject in ["program:waitspec-init", "program:waitspec-supervisor"] {
        let output = run(subject);
        assert_eq!(output.status.code(), Some(0), "{subject}: {}", said(&output));
    }
}

#[test]
fn known_wrappers_pass() {
    for (program, subject) in [
        ("env", "wrapper:env"),
        ("nice", "wrapper:nice"),
        ("nohup", "wrapper:nohup"),
        ("timeout", "wrapper:timeout 1000"),
        ("xargs", "wrapper:xargs"),
        ("sh", r#"wrapper:sh -c '"$@"; exit $?' sh"#),
    ] {
        if is_there(program) {
            clean(subject, "program");
        }
    }
}

#[test]
fn a_contract_from_a_file_binds() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine");
    let path = file.to_str().expect("a path");
    let judge = |text: &str| {
        std::fs::write(&file, text).expect("a file");
        let arguments = ["run", "wrapper.not-found", "--subject", "wrapper:env", "--contract", path];
        waitspec(&arguments).output().expect("it starts")
    };
    let held = judge("name mine\nwrapper/not-found = 127 | mine(1) 1.0\n");
    assert_eq!(held.status.code(), Some(0), "{}", said(&held));
    let broken = judge("name mine\nwrapper/not-found = 99 | mine(1) 1.0\n");
    assert_eq!(broken.status.code(), Some(1), "{}", said(&broken));
    assert!(said(&broken).contains("promised by mine(1) 1.0"), "{}", said(&broken));
    let malformed = judge("wrapper/not-found = 99\n");
    assert_eq!(malformed.status.code(), Some(2), "{}", said(&malformed));
}

#[test]
fn a_program_that_cannot_be_judged_is_named_in_bounded_time() {
    for (subject, why) in [
        ("wrapper:/no/such/program", "cannot execute /no/such/program: ENOENT"),
        ("wrapper:true", "before its child connected"),
        ("wrapper:sh -c 'exec sleep 1000' sh", "did not run its child"),
        ("wrapper:sh -c 'while :; do echo much; done' sh", "did not run its child"),
        ("wrapper:sh -c 'exec cat /dev/zero' sh", "did not run its child"),
        ("wrapper:sh -c 'trap \"\" TERM; exec sleep 1000' sh", "did not run its child"),
        ("wrapper:sh -c 'kill -STOP $$' sh", "did not run its child"),
        ("wrapper:sh -c 'kill -KILL $PPID; sleep 1000' sh", "did not run its child"),
        ("shell:true", "before its child connected"),
        ("time:true", "before its child connected"),
        ("container-init:true", "before its child connected"),
        ("supervisor:true", "before its child connected"),
    ] {
        let began = Instant::now();
        let output = run(subject);
        assert_eq!(output.status.code(), Some(5), "{subject}: {}", said(&output));
        assert!(said(&output).contains(why), "{subject}: {}", said(&output));
        assert!(began.elapsed() < Duration::from_secs(600), "{subject}");
    }
}

/// An init that continues every child that stops.
#[cfg(target_os = "linux")]
const CONTINUES: &str = r"
import os, signal, sys
main = os.fork() or os.execvp(sys.argv[1], sys.argv[1:])
while True:
    pid, status = os.waitpid(-1, os.WUNTRACED)
    if os.WIFSTOPPED(status): os.kill(pid, signal.SIGCONT)
    elif pid == main: os._exit(os.waitstatus_to_exitcode(status) & 0xff)
";

#[cfg(target_os = "linux")]
#[test]
fn a_child_that_the_program_continues_is_a_reason_to_skip() {
    if !is_there("python3") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let init = folder.path().join("init.py");
    std::fs::write(&init, CONTINUES).expect("a file");
    let subject = format!("container-init:python3 {}", init.display());
    // The time to wait for a stop that does not last is long.
    let arguments = ["run", "wrapper.stop-is-no-exit", "--subject", &subject, "--timeout-scale", "0.3"];
    let output = waitspec(&arguments).output().expect("it starts");
    let said = said(&output);
    // It may have been seen to stop.
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("does not stay stopped") || said.contains("1 pass"), "{said}");
}

#[test]
fn a_programs_changes_to_its_environment_vanish_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let exit_code = |subject: &str| {
        let arguments = ["run", "wrapper.exit-code", "--subject", subject, "--format", "json"];
        waitspec(&arguments).env("TMPDIR", folder.path()).current_dir(&folder).output().expect("it starts")
    };
    // Files, no descriptors, no environment, a process group and a session of its own.
    for subject in [
        r#"wrapper:sh -c 'echo x > nohup.out; echo x > core; "$@"' sh"#,
        r#"wrapper:sh -c 'exec <&- >&- 2>&-; "$@"' sh"#,
        "wrapper:env -i",
        r#"wrapper:sh -c 'yes & y=$!; "$@"; c=$?; kill $y; wait $y; exit $c' sh"#,
    ] {
        let output = exit_code(subject);
        assert_eq!(output.status.code(), Some(0), "{subject}: {}", said(&output));
    }
    // A program that exits without its command cannot pass on an exit code, and one that leaves another process behind leaks.
    let daemon = exit_code(r#"wrapper:sh -c '"$@" & exit 0' sh"#);
    assert_eq!(daemon.status.code(), Some(1), "{}", said(&daemon));
    // In a session of its own, and an orphan.
    let daemon = exit_code(r#"wrapper:sh -c '(setsid "$@" &) ; exit 0' sh"#);
    assert_eq!(daemon.status.code(), Some(1), "{}", said(&daemon));
    // Its command starts long after it has exited.
    let late = exit_code(r#"wrapper:sh -c '(sleep 1; exec "$@") & exit 0' sh"#);
    assert_eq!(late.status.code(), Some(1), "{}", said(&late));
    let leaves = exit_code(r#"wrapper:sh -c '(sleep 1000 &); "$@"' sh"#);
    assert!(said(&leaves).contains("\"verdict\":\"leak\""), "{}", said(&leaves));
    let left: Vec<_> = std::fs::read_dir(&folder).expect("the folder").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_that_is_run_by_something_else_is_told_to_exit() {
    let folder = tempfile::tempdir().expect("a folder");
    let fifo = folder.path().join("commands");
    let made = Command::new("mkfifo").arg(&fifo).status();
    assert!(made.is_ok_and(|made| made.success()), "no fifo");
    let commands = fifo.clone();
    // Like a service manager that a program asks to run its command.
    let elsewhere = std::thread::spawn(move || {
        let command = std::fs::read_to_string(commands).expect("a command");
        Command::new("sh").args(["-c", &format!("exec {command}")]).output().expect("it starts")
    });
    let output = run(&format!("wrapper:sh -c 'echo \"$*\" > {}; exec sleep 1000' sh", fifo.display()));
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert!(said(&output).contains("supervised elsewhere: child A"), "{}", said(&output));
    elsewhere.join().expect("the child exits");
}

/// The processes whose command line contains that text.
#[cfg(target_os = "linux")]
fn with_words(text: &str) -> Vec<i32> {
    let pids = std::fs::read_dir("/proc").expect("/proc").flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let has = |pid: &i32| {
        std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|words| String::from_utf8_lossy(&words).replace('\0', " ").contains(text))
    };
    pids.filter(has).collect()
}

#[cfg(target_os = "linux")]
fn until(what: &str, mut done: impl FnMut() -> bool) {
    poll::poll(Duration::from_secs(60), || done().then_some(())).unwrap_or_else(|| panic!("{what}"));
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_outlives_driver_and_warden_that_are_killed() {
    let tried = waitspec(&["run", "init.reaps-one", "--subject", "program:waitspec-init"]).output();
    if said(&tried.expect("it starts")).contains("no PID namespace here") {
        return skip("no PID namespace here");
    }
    // Not by a pid: a run that was killed may have left one of the same number.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("the time");
    let sleeper = format!("sleep 1000.{}", now.as_nanos());
    let subject = format!("wrapper:sh -c '(setsid sh -c \"{sleeper}\" &); sleep 1000' sh");
    // No process is left to remove the files they created there.
    let folder = tempfile::tempdir().expect("a folder");
    let mut driver = waitspec(&["run", "--subject", &subject, "--jobs", "1"])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let own = |pid: &i32| {
        let link = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        !link.ends_with("waitspec")
    };
    until("the sleeper starts", || with_words(&sleeper).iter().any(own));
    let driver_pid = i32::try_from(driver.id()).expect("a pid");
    let children = std::fs::read_to_string(format!("/proc/{driver_pid}/task/{driver_pid}/children"));
    let wardens: Vec<i32> =
        children.unwrap_or_default().split(' ').filter_map(|pid| pid.parse().ok()).collect();
    assert!(!wardens.is_empty(), "no warden");
    for pid in [driver_pid].into_iter().chain(wardens) {
        let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    let _ = driver.wait();
    until("everything dies with the warden", || !with_words(&sleeper).iter().any(own));
}
