//! `waitspec run`: which trials, which reports, which exit code.

use super::program::{program, waitspec};
use super::{json, refused, some_case, well};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

#[test]
fn a_filter_that_matches_nothing_exits_with_4() {
    let (case, call) = some_case();
    assert!(refused(&["run", "no-such-case"], 4).contains("`no-such-case`"));
    assert!(
        refused(&["run", &format!("{case}@wait9")], 4).contains(&call),
        "the error lists the calls of the case"
    );
    refused(&["run", &case, "no-such-case"], 4);
    assert!(
        refused(&["run", "--call", "wait4", "--subject", "rustix"], 4)
            .contains("offered: wait, waitpid, waitid"),
        "the error lists the calls of the subjects"
    );
    refused(&["run", &case, "--shard", "4000/4000"], 4);
}

#[test]
fn a_trial_in_every_report_format() {
    let (case, call) = some_case();
    let id = format!("{case}@{call}");
    let run = |more: &[&str]| waitspec(&[&["run", id.as_str(), "--subject", "libc"], more].concat());

    let text = run(&["-v", "--durations", "1"]);
    assert_eq!(text.code, Some(0), "{}{}", text.out, text.err);
    assert!(
        [id.as_str(), "slowest\n", " for a bare fork = ", "1 trial,"]
            .iter()
            .all(|part| text.out.contains(part)),
        "{}",
        text.out
    );
    assert!(!text.out.contains('\u{1b}'), "no colours where there is no terminal");

    let lines: Vec<_> = run(&["--format", "json"]).out.lines().map(json).collect();
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str().expect("a type")).collect();
    assert_eq!(types, ["run", "trial", "summary"]);
    assert_eq!((&lines[1]["id"], &lines[1]["subject"]), (&id.as_str().into(), &"libc".into()));
    assert_eq!(lines[2][lines[1]["verdict"].as_str().expect("a verdict")], 1);

    let tap = run(&["--format", "tap"]).out;
    assert!(tap.starts_with("TAP version 13\nok 1 - ") && tap.ends_with("1..1\n"), "{tap}");
    assert!(run(&["--format", "junit"]).out.contains(r#"<testsuite name="libc" tests="1""#));
}

#[test]
fn a_report_file_does_not_replace_the_terminal_report() {
    let (case, call) = some_case();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.jsonl");
    let path = file.to_str().expect("text");
    let said = waitspec(&["run", &format!("{case}@{call}"), "--subject", "libc", "--output", path]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert!(said.out.contains("1 trial,"), "{}", said.out);
    assert!(well(&["diff", path, path]).contains("1 trials compared"));
}

#[test]
fn an_interrupted_run_writes_its_report_and_dies_by_the_signal() {
    let (case, call) = some_case();
    let mut run = program()
        .args(["run", &format!("{case}@{call}"), "--subject", "libc", "--repeat", "5000", "--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines =
        BufReader::new(run.stdout.take().expect("a pipe")).lines().map(|line| line.expect("text"));
    let first = lines.by_ref().find(|line| json(line)["type"] == "trial");
    assert!(first.is_some(), "a trial ran");
    let pid = rustix::process::Pid::from_child(&run);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it still runs");
    let last = json(&lines.last().expect("a footer"));
    assert_eq!((&last["type"], &last["interrupted"]), (&"summary".into(), &true.into()));
    assert_eq!(run.wait().expect("a status").signal(), Some(15));
}

#[test]
fn too_few_passes_fail_a_run() {
    let (case, call) = some_case();
    let said = waitspec(&["run", &format!("{case}@{call}"), "--subject", "libc", "--min-trials", "1000"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("--min-trials 1000: only "), "{}", said.err);
}

#[test]
fn min_trials_counts_passes_only() {
    // A skip (the C library's waitid has no rusage argument), a recorded value, and a pass.
    let trials =
        ["waitid.raw-rusage@waitid", "pidfd-lifetime.open-thread-id@waitid", "nohang.running-child@waitid"];
    let with = |least: &str| {
        let options = ["--subject", "libc", "--format", "json", "--min-trials", least];
        waitspec(&[["run"].as_slice(), &trials, &options].concat())
    };
    let said = with("2");
    let verdicts: Vec<String> =
        said.out.lines().map(json).filter_map(|r| r["verdict"].as_str().map(str::to_owned)).collect();
    assert_eq!(verdicts.iter().filter(|verdict| *verdict == "pass").count(), 1, "{verdicts:?}");
    assert_eq!((said.code, verdicts.len()), (Some(1), 3), "{}", said.err);
    assert!(said.err.contains("--min-trials 2: only 1 passed"), "{}", said.err);
    assert_eq!(with("1").code, Some(0));
}

#[test]
fn trials_are_listed_and_left_out() {
    let listed = |arguments: &[&str]| well(&[&["run", "--list"], arguments].concat());
    let all = listed(&["nohang"]);
    assert!(
        all.lines().count() > 10 && all.lines().all(|id| id.contains("nohang") && id.contains('@')),
        "{all}"
    );
    let without = listed(&["nohang", "--exclude", "running", "--exclude", "*@wait3"]);
    assert!(without.lines().all(|id| !id.contains("running") && !id.ends_with("@wait3")), "{without}");
    assert!(!without.is_empty() && without.len() < all.len());
    assert!(
        refused(&["run", "--exclude", "nohang.runing-child"], 4).contains("nearest: nohang.running-child")
    );
}

#[test]
fn a_clause_is_not_a_case() {
    let said = refused(&["run", "posix/waitpid/echild"], 4);
    assert!(said.contains("for clauses: --clause 'posix/waitpid/echild'"), "{said}");
    assert!(refused(&["run", "posix/waitid"], 4).contains("--clause 'posix/waitid*'"));
}

#[test]
fn how_much_a_run_prints() {
    let run = ["run", "nohang.running-child@wait4", "--subject", "libc"];
    let said = |more: &[&str]| well(&[&run, more].concat());
    let quiet = said(&["-q"]);
    assert!(quiet.trim_end().lines().count() == 1 && quiet.contains("1 pass"), "{quiet}");
    assert!(!said(&[]).contains('\x1b'));
    assert!(said(&["--color", "always"]).contains('\x1b'));
    let lines = said(&["--output", "-", "--format", "json"]);
    assert!(lines.lines().all(|line| line.starts_with("{\"type\":")), "{lines}");
    assert!(
        said(&["--format", "ktap"]).starts_with("KTAP version 1\n1..1\nok 1 nohang.running-child@wait4 libc")
    );
    let said = waitspec(&[
        "run",
        "nohang",
        "--subject",
        "mutant:nohang-blocks",
        "--max-failures",
        "2",
        "--jobs=1",
        "-q",
    ]);
    // A trial that was in progress when the second one failed is finished.
    let hangs = said
        .out
        .lines()
        .last()
        .and_then(|line| line.split(" hang").next()?.split(' ').next_back()?.parse().ok());
    assert!(said.code == Some(1) && hangs.is_some_and(|n: u32| (2..5).contains(&n)), "{}", said.out);
}

#[test]
fn a_missing_warden_is_reported_once() {
    let said = refused(&["run", "nohang", "--warden", "/no/such/program warden", "--jobs", "3"], 2);
    assert!(said.contains("cannot execute the warden `/no/such/program`"), "{said}");
    assert!(refused(&["run", "nohang", "--warden", "no-such-program"], 2).contains("not found in PATH"));
}

#[test]
fn a_missing_program_is_reported_with_its_remedy() {
    let said = refused(&["run", "--subject", "wrapper:no-such-program"], 5);
    let hint = "cannot execute no-such-program: ENOENT; no-such-program: not found in PATH: install it, or give its path\n";
    assert!(said.ends_with(hint) && !said.contains("last line on stderr"), "{said}");
}
