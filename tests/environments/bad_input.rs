//! Invalid child programs and agents.

use super::run::{Ended, LIMIT, run};
use std::io::Write;
use std::process::{Command, Stdio};

const CASE: &str = "nohang.running-child@wait4";

/// A run whose child program `make` creates.
fn child_is(make: impl Fn(&std::path::Path)) -> Ended {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("child");
    make(&program);
    let option = format!("--child={}", program.display());
    run(&[CASE, &option]).finish().code(3).saying(&program.display().to_string())
}

/// Written by another process: a file open for writing here could be inherited by a process that another test is starting, and
/// could not be executed in the meantime.
fn write(path: &std::path::Path, bytes: &[u8], mode: u32) {
    let mut shell = Command::new("sh")
        .args(["-c", "cat >\"$0\" && chmod \"$1\" \"$0\""])
        .arg(path)
        .arg(format!("{mode:o}"))
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell");
    shell.stdin.take().expect("its input").write_all(bytes).expect("it reads");
    assert!(shell.wait().expect("our child").success(), "{}", path.display());
}

#[test]
fn a_missing_child_program_is_broken() {
    child_is(|_| {}).saying("ENOENT");
}

#[test]
fn a_child_program_without_permission_is_broken() {
    child_is(|path| write(path, b"#!/bin/sh\n", 0o644)).saying("EACCES");
}

#[test]
fn a_child_program_of_another_machine_is_broken() {
    // The header of a 64-bit executable for another machine (SPARC V9 or s390).
    let machine = if cfg!(target_arch = "s390x") { 43_u16 } else { 22 };
    let mut header = b"\x7fELF\x02\x02\x01\0\0\0\0\0\0\0\0\0\0\x02".to_vec();
    header.extend(machine.to_be_bytes());
    header.resize(64, 0);
    child_is(|path| write(path, &header, 0o755)).saying("run it under an emulator");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("agent");
    write(&program, &header, 0o755);
    let option = format!("--subject=agent:{}", program.display());
    run(&[CASE, &option]).finish().code(5).saying("run it under an emulator");
    let option = format!("--warden={}", program.display());
    run(&[CASE, &option]).finish().code(3).saying("run it under an emulator");
}

#[test]
fn a_warden_that_ends_at_once_is_broken() {
    run(&[CASE, "--warden=sh -c 'exit 3'"]).finish().code(3).saying("does `sh -c exit 3` start a warden?");
    // Like an emulator that cannot load its program.
    run(&[CASE, "--warden=sh -c 'kill -9 $$'"])
        .finish()
        .code(3)
        .saying("the warden exited before it answered");
}

/// It is ended with the run, which [`run`] checks.
#[test]
fn a_command_that_is_no_warden_is_broken() {
    for (command, why) in [
        ("cat", "the command echoes what it is sent"),
        ("sh -c 'echo Linux version 9.9; exec sleep 1000'", "`--warden 'framed:COMMAND'` passes over"),
        ("sleep 1000", "no answer in time"),
        ("sh -c 'trap \"\" TERM; while :; do sleep 1000; done'", "no answer in time"),
    ] {
        let warden = format!("--warden={command}");
        run(&[CASE, &warden, "--timeout-scale=0.1"]).finish().code(3).saying(why);
    }
}

#[test]
fn a_child_program_that_exits_at_once_is_broken() {
    child_is(|path| write(path, b"#!/bin/sh\nexit 0\n", 0o755)).saying("terminated before it connected");
    // Like an emulator that dies.
    child_is(|path| write(path, b"#!/bin/sh\nkill -9 $$\n", 0o755)).saying("terminated before it connected");
}

#[test]
fn an_invalid_agent_exits_with_5() {
    for (agent, why) in [
        ("sh -c 'exit 3'", "exited before its hello"),
        ("sh -c 'echo who am I >&2; kill -9 $$'", "who am I"),
        ("/nonexistent/agent", "/nonexistent/agent: No such file or directory"),
        ("nonexistent-interpreter agent.x", "not found in PATH: install it, or give its path"),
        ("sh -c 'echo Loading the agent...'", "standard output is for the protocol alone"),
        ("yes", "a reply is ok, err, unsupported or malformed"),
        ("cat /dev/zero", "65536 bytes"),
        ("echo hello protocol=9", "protocol '9'"),
    ] {
        let subject = format!("--subject=agent:{agent}");
        run(&[CASE, &subject]).finish().code(5).saying(why);
    }
}

#[test]
fn an_agent_without_its_interpreter_exits_with_5() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("agent");
    write(&program, b"#!/nonexistent/interpreter -x\n", 0o755);
    let subject = format!("--subject=agent:{}", program.display());
    run(&[CASE, &subject]).finish().code(5).saying("its interpreter /nonexistent/interpreter is missing");
}

#[test]
fn an_unresponsive_agent_times_out() {
    let started = ["sleep 1000", "cat", "sh -c 'kill -STOP $$'"].map(|agent| {
        let subject = format!("--subject=agent:{agent}");
        // Not shorter: the wardens have as much less time to answer.
        (agent, run(&[CASE, &subject, "--timeout-scale=0.3"]).start())
    });
    for (agent, running) in started {
        let ended = running.finish().code(5).saying("in time");
        assert!(ended.took < LIMIT / 2, "{agent}: {:?}", ended.took);
    }
}
