//! What the GitHub Action does once waitspec is installed: `scripts/action run`, with the environment that action.yml sets up.
#![cfg(all(feature = "cli", target_os = "linux"))]

use std::path::Path;
use std::process::{Command, Stdio};

/// What a run of the action leaves behind.
struct Ran {
    code: Option<i32>,
    stdout: String,
    summary: String,
    folder: tempfile::TempDir,
}

impl Ran {
    fn report(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join("waitspec-report").join(name)).expect(name)
    }
}

fn action(inputs: &[(&str, &str)]) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Path::new(env!("CARGO_BIN_EXE_waitspec")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").expect("a path"));
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join("action"));
    command.arg("run").env("PATH", path).env("RUNNER_TEMP", folder.path()).stdin(Stdio::null());
    for name in ["SUBJECT", "SELECT", "ARGUMENTS", "COMPARE"] {
        let given = inputs.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        command.env(name, given);
    }
    for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
        command.env(name, folder.path().join(name));
    }
    let output = command.output().expect("bash");
    let summary = std::fs::read_to_string(folder.path().join("GITHUB_STEP_SUMMARY")).unwrap_or_default();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    Ran { code: output.status.code(), stdout, summary, folder }
}

const ONE: (&str, &str) = ("SELECT", "nohang.running-child");
const WRONG: (&str, &str) = ("SUBJECT", "mutant:nohang-minus-one-eagain");

#[test]
fn a_conformant_subject_passes_and_is_reported() {
    let ran = action(&[ONE, ("SUBJECT", "libc\nsyscall\n")]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.report("report.xml").contains("<testsuite"));
    assert!(ran.report("report.html").contains("nohang.running-child"));
    assert!(ran.report("report.jsonl").contains(r#""subject":"syscall""#));
    assert!(ran.summary.contains("libc"), "{}", ran.summary);
    let outputs = std::fs::read_to_string(ran.folder.path().join("GITHUB_OUTPUT")).expect("outputs");
    assert_eq!(outputs, format!("reports={}/waitspec-report\n", ran.folder.path().display()));
}

#[test]
fn a_failure_fails_the_job_and_is_in_the_summary() {
    let ran = action(&[ONE, WRONG]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.summary.contains("posix/waitpid/nohang-zero"), "{}", ran.summary);
}

#[test]
fn with_a_report_to_compare_with_only_a_regression_fails_the_job() {
    let old = action(&[ONE, WRONG]);
    let old = old.folder.path().join("waitspec-report").join("report.jsonl");
    let old = ("COMPARE", old.to_str().expect("text"));
    assert_eq!(action(&[ONE, WRONG, old]).code, Some(0), "it failed before");
    let good = action(&[ONE, ("SUBJECT", "libc")]);
    let report = good.report("report.jsonl").replace(r#""libc""#, r#""mutant:nohang-minus-one-eagain""#);
    let edited = good.folder.path().join("edited.jsonl");
    std::fs::write(&edited, report).expect("written");
    let ran = action(&[ONE, WRONG, ("COMPARE", edited.to_str().expect("text"))]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains("::error"), "{}", ran.stdout);
}

#[test]
fn a_run_that_judges_nothing_keeps_its_exit_code() {
    let old = action(&[ONE, WRONG]);
    let old = old.folder.path().join("waitspec-report").join("report.jsonl");
    let compare = ("COMPARE", old.to_str().expect("text"));
    assert_eq!(action(&[("SELECT", "no-such-case"), compare]).code, Some(4));
    let arguments = ("ARGUMENTS", "--exclude 'nohang.*' --quiet");
    assert_eq!(action(&[ONE, arguments]).code, Some(4));
}
