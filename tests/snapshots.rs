//! Complete user-visible output: help, errors, and a failure in each report format.
//!
//! `INSTA_UPDATE=always cargo test --test snapshots` regenerates `tests/snapshots/`. Times, pids and the names of this
//! machine are masked.

use std::process::{Command, Stdio};

/// What the program prints with these arguments, on both streams, and its exit code.
fn shown(arguments: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    program.args(arguments).stdin(Stdio::null()).env_remove("CLICOLOR_FORCE").env_remove("COLUMNS");
    let output = program.output().expect("the program starts");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let code = output.status.code().map_or("killed".to_owned(), |code| code.to_string());
    format!("{}{}exit code {code}\n", masked(&out), masked(&err))
}

/// The text without what differs from run to run and from machine to machine.
fn masked(text: &str) -> String {
    // A run that takes long says so.
    let lines = text.lines().filter(|line| !line.contains(" has been running for "));
    lines.map(|line| masked_line(line) + "\n").collect()
}

fn masked_line(line: &str) -> String {
    // The top of a report describes the machine.
    for label in ["subject   ", "observed  ", "note      "] {
        if line.starts_with(label) {
            return format!("{label}[this machine]");
        }
    }
    if let Some(rest) = line.strip_prefix(concat!("waitspec ", env!("CARGO_PKG_VERSION"), "   ")) {
        let trials = rest.split("   ").nth(1).unwrap_or_default();
        return format!("waitspec [version]   [this machine]   {trials}");
    }
    let line = line.replace(env!("CARGO_PKG_VERSION"), "[version]");
    let line = after(&line, "pid ", |c| c.is_ascii_digit(), "[pid]");
    let line = after(&line, "pid=", |c| c.is_ascii_digit(), "[pid]");
    let line = after(&line, "time=\"", |c| c.is_ascii_digit() || c == '.', "[time]");
    let line = after(&line, "duration_ms: ", |c| c.is_ascii_digit() || c == '.', "[time]");
    // The C library's version identifies the subject.
    let line = after(&line, "glibc ", |c| c.is_ascii_digit() || c == '.', "[version]");
    seconds(&line)
}

/// Replaces the characters of a kind that follow a label.
fn after(line: &str, label: &str, of: impl Fn(char) -> bool, mask: &str) -> String {
    let mut parts = line.split(label);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(&of);
        let mask = if rest.len() == part.len() { "" } else { mask };
        format!("{text}{label}{mask}{rest}")
    })
}

/// Replaces `0.213 s` and the blanks that align it.
fn seconds(line: &str) -> String {
    let Some(start) = line.strip_suffix(" s") else { return line.to_owned() };
    let number = start.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if number.len() == start.len() { line.to_owned() } else { format!("{}   [time]", number.trim_end()) }
}

#[test]
fn masks() {
    assert_eq!(masked_line("  children  A asleep, pid 6723"), "  children  A asleep, pid [pid]");
    assert_eq!(masked_line("1 hang   1 trial   0.216 s"), "1 hang   1 trial   [time]");
    assert_eq!(masked_line("nothing of that"), "nothing of that");
}

#[test]
fn help() {
    insta::assert_snapshot!("help", shown(&["--help"]));
    insta::assert_snapshot!("help_run", shown(&["run", "--help"]));
    insta::assert_snapshot!("help_explore", shown(&["explore", "-h"]));
}

#[test]
fn errors() {
    let wrong: [&[&str]; 9] = [
        &["run", "nohang.runing-child"],
        &["run", "--subject", "libcc"],
        &["run", "--subject", "agent:"],
        &["run", "--jobs", "0"],
        &["run", "--shard", "3/2"],
        &["run", "--timeout-scale", "-1"],
        &["explain", "posix/waitpid/echld"],
        &["decode", "0xzz"],
        &["child", "exti-0"],
    ];
    let text: String = wrong
        .iter()
        .map(|arguments| format!("$ waitspec {}\n{}\n", arguments.join(" "), shown(arguments)))
        .collect();
    insta::assert_snapshot!("errors", text);
}

#[cfg(target_os = "linux")]
#[test]
fn a_failure_in_each_format() {
    let run = ["run", "nohang.running-child@wait4", "--subject", "mutant:nohang-blocks", "--jobs", "1"];
    insta::assert_snapshot!("failure_terminal", shown(&run));
    insta::assert_snapshot!("failure_tap", shown(&[run.as_slice(), &["--format", "tap"]].concat()));
    insta::assert_snapshot!("failure_junit", shown(&[run.as_slice(), &["--format", "junit"]].concat()));
}

#[test]
fn explanations() {
    insta::assert_snapshot!("decode", shown(&["decode", "0x137f"]));
    insta::assert_snapshot!("explain_case", shown(&["explain", "nohang.running-child"]));
    insta::assert_snapshot!("explain_clause", shown(&["explain", "posix/waitpid/nohang-zero"]));
}
