//! `explore` and `replay`: the built-in subjects pass, mutants are caught, and failures can be reproduced by `replay` and by a C
//! program.
#![cfg(feature = "cli")]

#[path = "common/skip.rs"]
mod skip;

use skip::skip;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn waitspec(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    command.args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn exits(args: &[&str], code: i32) -> String {
    let output = waitspec(args);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", text(&output));
    text(&output)
}

/// The committed traces, by name.
fn traces() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/traces");
    let mut traces: Vec<(String, PathBuf)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    traces.sort();
    assert!(traces.len() >= 11);
    traces.retain(|(name, _)| cfg!(target_os = "linux") || name != "pidfd");
    traces
}

#[test]
fn built_in_subjects_pass() {
    let said = exits(&["explore", "--runs", "200", "--seed", "11"], 0);
    assert!(said.lines().filter(|line| line.starts_with("ok ")).count() >= 3, "{said}");
}

#[test]
fn built_in_subjects_pass_with_concurrent_waiters() {
    exits(&["explore", "--runs", "100", "--seed", "12", "--waiters", "4", "--subject", "libc"], 0);
}

#[test]
fn every_short_history_is_run() {
    let said = exits(&["explore", "--exhaustive", "3", "--subject", "waitspec"], 0);
    let (count, _) = said.split_once(" distinct histories of up to 3 operations").unwrap();
    assert!(count.parse::<u64>().unwrap() > 100, "{said}");
}

#[test]
fn mutants_are_caught() {
    let folder = tempfile::tempdir().unwrap();
    for (mutant, clause) in [
        ("returns-one", "posix/waitpid/returns-pid"),
        ("waitid-returns-pid", "posix/waitid/returns-zero"),
        ("nohang-minus-one-eagain", "posix/waitpid/nohang-zero"),
        ("echild-is-esrch", "echild"),
        ("double-reap", "posix/status/consumed-once"),
        ("reaps-two", "posix/"),
        ("bad-options-accepted", "posix/waitpid/einval-options"),
        ("stop-repeats", "posix/status/stop-once"),
        ("exit-seven-bits", "posix/waitpid/exit-code"),
        ("continued-is-zero", "posix/status/continued"),
        ("waitid-signo-zero", "posix/waitid/si-signo"),
        ("nohang-clears-status", "linux/wait4/nohang-writes-nothing"),
        ("nocldstop-hides-status", "posix/waitpid/no-block-if-ready"),
    ] {
        if !cfg!(target_os = "linux") && clause.starts_with("linux") {
            continue;
        }
        let trace = folder.path().join(mutant);
        let trace = trace.to_str().unwrap();
        let subject = format!("mutant:{mutant}");
        let args = ["explore", "--runs", "500", "--seed", "1", "--subject", &subject, "--output", trace];
        let said = exits(&args, 1);
        assert!(said.contains(clause), "{mutant}: {said}");
        // The trace reproduces the failure, and passes with a correct subject.
        let again = exits(&["replay", trace, "--subject", &subject], 1);
        assert!(again.contains(clause), "{mutant}: {again}");
        exits(&["replay", trace, "--subject", "libc"], 0);
    }
}

#[test]
fn a_race_is_replayed_until_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("race");
    fs::write(&trace, "spawn A exit 2; race B 6: wait3(any); waitid(any, WEXITED)").unwrap();
    let trace = trace.to_str().unwrap();
    // It fails only if B is dead when A is reaped.
    let said = exits(&["replay", trace, "--subject", "mutant:reaps-two"], 1);
    assert!(said.contains(" of up to 100\n"), "{said}");
    let said = exits(&["replay", trace, "--subject", "libc", "--times", "7"], 0);
    assert!(said.contains("# run 7 of up to 7\n"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn hostile_calls_are_answered_as_predicted() {
    let said = exits(&["explore", "--raw", "--runs", "120", "--seed", "21"], 0);
    assert!(said.contains("syscall"), "{said}");
    exits(&["explore", "--raw", "--runs", "40", "--seed", "22", "--subject", "libc"], 0);
}

#[cfg(target_os = "linux")]
#[test]
fn hostile_calls_catch_mutants() {
    for (mutant, clause) in [
        ("bad-options-accepted", "linux/wait/option-bits"),
        ("int-min-echild", "linux/wait/int-min-esrch"),
        ("wclone-refused", "posix/"),
        ("waitid-bad-idtype", "posix/waitid/einval-idtype"),
        ("waitid-no-event-accepted", "linux/waitid/no-event-option-einval"),
        ("bad-status-unnoticed", "linux/wait/efault-status"),
        ("bad-rusage-unnoticed", "/efault"),
        ("bad-infop-unnoticed", "linux/waitid/efault"),
    ] {
        let subject = format!("mutant:{mutant}");
        let args = ["explore", "--raw", "--runs", "200", "--seed", "1", "--subject", &subject];
        let said = exits(&args, 1);
        assert!(said.contains(clause), "{mutant}: {said}");
        // The command that reproduces it does.
        let seed = said.rsplit("--seed ").next().unwrap().split(' ').next().unwrap();
        let args = ["explore", "--raw", "--runs", "1", "--seed", seed, "--subject", &subject];
        assert!(exits(&args, 1).contains(clause), "{mutant}: {said}");
    }
}

#[test]
fn a_seed_reproduces_a_run() {
    let run = || exits(&["explore", "--runs", "20", "--seed", "5", "--subject", "libc"], 0);
    let count = |said: &str| said.split(" operations").next().map(str::to_owned);
    assert_eq!(count(&run()), count(&run()));
}

#[test]
fn every_committed_trace_passes() {
    for (name, path) in traces() {
        let said = exits(&["replay", path.to_str().unwrap()], 0);
        assert!(said.contains("# libc"), "{name}: {said}");
    }
}

#[test]
fn an_invalid_trace_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad");
    fs::write(&bad, "spawn A\nspwan B\n").unwrap();
    assert!(exits(&["replay", bad.to_str().unwrap()], 2).contains("line 2: 'spwan B' is not an operation"));
    fs::write(&bad, "# nothing\n").unwrap();
    exits(&["replay", bad.to_str().unwrap()], 2);
    exits(&["replay", "/nowhere/at/all"], 2);
    exits(&["explore", "--subject", "nobody"], 2);
}

/// Debian's dietlibc and klibc: neither has `waitid`, and klibc has no `siginfo_t`, no `popen` and no `WIFCONTINUED`.
const SMALL: [&[&str]; 2] = [&["diet", "gcc"], &["klcc"]];

/// What the program of a history prints with each small C library that is installed, and its exit code.
fn with_small_libraries(ops: &str) -> Vec<(i32, String)> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("history.trace"), ops).unwrap();
    let emitted = waitspec(&["replay", at("history.trace").to_str().unwrap(), "--emit", "c"]);
    fs::write(at("history.c"), &emitted.stdout).unwrap();
    let mut ran = Vec::new();
    for compiler in SMALL {
        let flags = ["-std=gnu99", "-Werror=implicit-function-declaration", "-o", "history", "history.c"];
        let mut command = Command::new(compiler[0]);
        let compiled = command.args(&compiler[1..]).args(flags).current_dir(folder.path()).output();
        let Ok(compiled) = compiled else {
            skip(format_args!("no {}", compiler[0]));
            continue;
        };
        assert!(compiled.status.success(), "{compiler:?}: {}", text(&compiled));
        let program = Command::new(at("history")).stdin(Stdio::null()).output().unwrap();
        ran.push((program.status.code().unwrap_or(-1), text(&program)));
    }
    ran
}

#[test]
fn small_c_libraries_compile_a_history() {
    let stops = "spawn A\nstop A\nwait4(any, WNOHANG|WUNTRACED)\ncont A\nwaitpid(A, WNOHANG|WCONTINUED)\nexit A 7\nwait(any)";
    for (code, said) in with_small_libraries(stops) {
        assert_eq!(code, 0, "{said}");
    }
    for (code, said) in with_small_libraries("spawn A exit 7\nwaitid(A, WEXITED)") {
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("this C library has no waitid"), "{said}");
    }
}

/// Without a process table nothing shows when a child has stopped: a call might precede the stop.
#[test]
fn a_history_is_not_judged_where_its_order_cannot_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("history.trace"), "spawn A\nstop A\nwaitpid(A, WNOHANG|WUNTRACED)\n").unwrap();
    let emitted = waitspec(&["replay", at("history.trace").to_str().unwrap(), "--emit", "c"]);
    fs::write(at("history.c"), &emitted.stdout).unwrap();
    let compiled = Command::new("cc")
        .args(["-static", "-o", "history", "history.c"])
        .current_dir(folder.path())
        .output();
    let may_chroot = rustix::process::geteuid().is_root();
    if !may_chroot || !compiled.is_ok_and(|compiled| compiled.status.success()) {
        return skip("no chroot, or no static C library");
    }
    let folder = folder.path().to_str().unwrap();
    let ran = Command::new("chroot").args([folder, "/history"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(ran.status.code(), Some(2), "{}", text(&ran));
    assert!(
        text(&ran).contains("there is no process table that shows when a child has changed"),
        "{}",
        text(&ran)
    );
}

/// A library with two bugs, for a program that includes it first.
const BROKEN: &str = "\
#define _GNU_SOURCE
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/wait.h>
static pid_t broken_waitpid(pid_t pid, int *status, int options) { return waitpid(pid, status, options & ~WUNTRACED); }
static pid_t broken_wait(int *status) { pid_t pid = wait(status); if (pid > 0) *status ^= 0x100; return pid; }
#define waitpid broken_waitpid
#define wait broken_wait
";

#[test]
fn a_trace_becomes_a_c_program() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("broken.h"), BROKEN).unwrap();
    let mut caught = 0;
    for (name, path) in traces() {
        let emitted = waitspec(&["replay", path.to_str().unwrap(), "--emit", "c"]);
        if name == "threads" {
            assert_eq!(emitted.status.code(), Some(2));
            continue;
        }
        assert!(emitted.status.success(), "{}", text(&emitted));
        fs::write(at("history.c"), &emitted.stdout).unwrap();
        let compiled = |extra: &[&str]| {
            let flags =
                ["-std=c99", "-Wall", "-Wextra", "-Wno-unused-function", "-o", "history", "history.c"];
            let compiled =
                Command::new("cc").args(flags).args(extra).current_dir(folder.path()).output().unwrap();
            assert!(compiled.status.success() && compiled.stderr.is_empty(), "{name}: {}", text(&compiled));
            Command::new(at("history")).stdin(Stdio::null()).output().unwrap()
        };
        let ran = compiled(&[]);
        assert_eq!(ran.status.code(), Some(0), "{name}: {}", text(&ran));
        assert!(text(&ran).ends_with("all as expected\n"), "{name}: {}", text(&ran));
        let ran = compiled(&["-include", "broken.h"]);
        if ran.status.code() == Some(1) {
            caught += 1;
            assert!(text(&ran).contains("EXPECTED"), "{name}: {}", text(&ran));
        } else {
            assert_eq!(ran.status.code(), Some(0), "{name}: {}", text(&ran));
        }
    }
    assert!(caught >= 4, "{caught}");
}
