//! Inherited state, missing resources and limits.

use super::run::{Ended, run};
use super::skip::skip;
use super::tools::works;
use std::fs::File;
use std::path::PathBuf;

/// A random sample of the catalogue.
const SOME: [&str; 3] = ["--format=json", "--shuffle=3", "--shard=1/20"];

/// Checks that nothing fails and at least 20 trials pass.
fn conformant(ended: Ended) -> Ended {
    let ended = ended.code(0);
    assert!(ended.count("pass") >= 20, "{}", ended.out);
    ended
}

/// Runs some cases after a shell script.
fn after(script: &str) -> Ended {
    run(&SOME).after(script).finish()
}

/// Runs some cases after a Python statement, which changes the signal dispositions.
fn with_signals(statement: &str) -> Option<Ended> {
    let script = format!("import os, signal, sys\n{statement}\nos.execv(sys.argv[1], sys.argv[1:])");
    let there = works(&["python3", "-c", "pass"]);
    there.then(|| conformant(run(&SOME).by(&["python3", "-c", &script]).finish()))
}

#[test]
fn sigchld_ignored() {
    match with_signals("signal.signal(signal.SIGCHLD, signal.SIG_IGN)") {
        Some(ended) => assert!(ended.out.contains("SIGCHLD was ignored on entry")),
        None => skip("no python3 to ignore a signal"),
    }
}

#[test]
fn signals_blocked() {
    match with_signals("signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())") {
        Some(ended) => assert!(ended.out.contains("signals were blocked on entry")),
        None => skip("no python3 to block signals"),
    }
}

#[test]
fn children_inherited() {
    // After exec, the children of the shell are children of the driver.
    conformant(after("sleep 0 & sleep 1 &"));
}

#[test]
fn standard_streams_closed() {
    let report = tempfile::NamedTempFile::new().expect("a temporary file");
    let option = format!("--output={}", report.path().display());
    let arguments = [SOME.as_slice(), &[&option]].concat();
    let ended = run(&arguments).after("exec <&- >&- 2>&-").finish().code(0);
    assert_eq!((ended.out.as_str(), ended.err.as_str()), ("", ""));
    let written = std::fs::read_to_string(report.path()).expect("a report");
    assert!(written.lines().last().is_some_and(|line| line.contains("\"summary\"")), "{written}");
}

/// The process limit is hit at any point of a run: whichever fork fails, the run terminates and says why.
#[test]
fn few_processes() {
    if !works(&["prlimit", "--nproc", "true"]) {
        return skip("no prlimit");
    }
    for most in 1..=6 {
        let limit = format!("--nproc={most}");
        let all = ["nohang.running-child@wait4", "--subject=libc", "--jobs=2", "--format=json"];
        let run = run(&all);
        // Limits do not apply to root.
        let Some(run) = run.by(&["prlimit", &limit]).by_a_user() else { return skip("no setpriv") };
        let ended = run.finish();
        match ended.code {
            Some(0) if most >= 5 => drop(ended.code(0)),
            _ => {
                let said = ended.err.contains("EAGAIN")
                    || ended.err.contains("no thread")
                    || ended.trials().iter().any(|t| t.reason.contains("EAGAIN"));
                assert!(said, "{most}: {ended:?}");
                ended.code(3);
            }
        }
    }
}

/// A wait for which the agent has no thread has not failed.
#[test]
fn few_threads() {
    if !works(&["prlimit", "--nproc", "true"]) {
        return skip("no prlimit");
    }
    // The two hundred children fit, and a thread for each of them does not.
    let case = ["handle-others.many-at-once", "--subject=handle:waitspec", "--jobs=1", "--format=json"];
    let Some(run) = run(&case).by(&["prlimit", "--nproc=250"]).by_a_user() else { return skip("no setpriv") };
    let trials = run.finish().code(0).trials();
    let [trial] = &trials[..] else { panic!("{trials:?}") };
    assert_eq!(trial.verdict, "skip", "{trial:?}");
    assert!(trial.reason.ends_with("the agent cannot start a thread: EAGAIN"), "{trial:?}");
}

#[test]
fn no_temporary_folder() {
    run(&SOME).with("TMPDIR", "/nonexistent/folder").finish().code(3).saying("/nonexistent/folder");
}

#[test]
fn a_temporary_folder_that_cannot_be_written() {
    // Not even for root.
    if File::open("/proc/self/stat").is_err() {
        return skip("no /proc");
    }
    run(&SOME).with("TMPDIR", "/proc/self").finish().code(3).saying("/proc/self");
}

#[test]
fn a_temporary_folder_whose_path_is_too_long_for_a_socket() {
    let started = run(&SOME);
    let long: PathBuf = started.folder().join("x".repeat(100)).join("y".repeat(100));
    std::fs::create_dir_all(&long).expect("a long path");
    conformant(started.with("TMPDIR", long).finish());
}

#[test]
fn a_working_folder_that_cannot_be_written() {
    conformant(after("cd /proc 2>/dev/null || cd /"));
}

#[test]
fn the_reader_of_the_report_is_gone() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    // The reader has closed the pipe; the exit code still counts.
    run(&SOME).into(writer).finish().code(0);
}

#[test]
fn a_full_disk() {
    let Ok(full) = File::options().write(true).open("/dev/full") else { return skip("no /dev/full") };
    run(&SOME).into(full).finish().code(3).saying("cannot write the report");
}
