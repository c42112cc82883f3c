//! The command line: the output and the exit code of each verb.
#![cfg(feature = "cli")]

#[cfg(feature = "full")]
#[path = "cli/documents.rs"]
mod documents;
#[path = "common/program.rs"]
mod program;
#[path = "cli/run.rs"]
mod run;

use program::{fixture, program, said, waitspec};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;

/// The standard output of a command that must succeed.
fn well(arguments: &[&str]) -> String {
    let said = waitspec(arguments);
    assert_eq!(said.code, Some(0), "{arguments:?}: {}{}", said.out, said.err);
    said.out
}

/// The error, of one line, of a command that must fail with this code.
fn refused(arguments: &[&str], code: i32) -> String {
    let said = waitspec(arguments);
    assert_eq!(said.code, Some(code), "{arguments:?}: {}{}", said.out, said.err);
    assert_eq!(said.out, "", "{arguments:?}");
    assert_eq!(said.err.lines().count(), 1, "{arguments:?}: {}", said.err);
    said.err
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The id of a case, and a call it runs with.
fn some_case() -> (String, String) {
    let cases = json(&well(&["list", "cases", "--format", "json"]));
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    (text(&cases[0]["case"]), text(&cases[0]["calls"][0]))
}

#[test]
fn every_verb_has_help_with_examples() {
    for verb in ["run", "list", "explain", "decode", "child", "diff", "completions"] {
        let help = well(&[verb, "--help"]);
        assert!(help.contains("Usage: waitspec") && help.contains("Examples:"), "{help}");
    }
    for verbs in [["baseline", "update"], ["agent", "check"]] {
        assert!(well(&[verbs[0], verbs[1], "--help"]).contains("Examples:"));
    }
    assert!(well(&["--version"]).starts_with("waitspec "));
    assert!(!well(&["--help"]).contains("warden  "), "the warden is not for interactive use");
    assert_eq!(waitspec(&[]).code, Some(2));
}

#[test]
fn an_unknown_name_is_a_one_line_error_with_the_nearest_names() {
    let (case, _) = some_case();
    let wrong_case = format!("{case}x");
    for (arguments, near) in [
        (vec!["rnu"], "run"),
        (vec!["run", "--jbos", "2"], "--jobs"),
        (vec!["run", "--call", "wiat4"], "wait4"),
        (vec!["run", "--profile", "linx"], "linux"),
        (vec!["run", "--subject", "lbic"], "libc"),
        (vec!["run", "--clause", "posix/waitpid/nohang-zer"], "posix/waitpid/nohang-zero"),
        (vec!["run", "--format", "jsno"], "json"),
        (vec!["list", "caces"], "cases"),
        (vec!["explain", &wrong_case], &case),
        (vec!["explain", "posix/waitpid/echidl"], "posix/waitpid/echild"),
        (vec!["explain", "mutant:nohang-block"], "nohang-blocks"),
        (vec!["explain", "tinni"], "tini"),
        (vec!["explain", "lbic"], "libc"),
        (vec!["explain", "wraper:timeout 10"], "wrapper"),
        (vec!["decode", "0", "--os", "lunix"], "linux"),
        (vec!["child", "exit-24"], "exit-"),
        (vec!["child", "raise sig=SIGTERMM"], "SIGTERM"),
        (vec!["completions", "bsh"], "bash"),
    ] {
        let line = refused(&arguments, 2);
        assert!(line.starts_with("waitspec") && line.contains(near), "{arguments:?}: {line}");
    }
}

#[test]
fn invalid_values_are_refused() {
    for arguments in [
        vec!["run", "--shard", "3/2"],
        vec!["run", "--shard", "0/2"],
        vec!["run", "--shard", "1"],
        vec!["run", "--jobs", "0"],
        vec!["run", "--repeat", "0"],
        vec!["run", "--timeout-scale", "0"],
        vec!["run", "--timeout-scale", "inf"],
        vec!["run", "--timeout-scale", "1e300"],
        vec!["explore", "--runs", "0"],
        vec!["explore", "--ops", "0"],
        vec!["bench", "--children", "99999999"],
        vec!["run", "--subject", "agent:"],
        vec!["run", "--subject", "agent:'"],
        vec!["run", "--subject", "mutant:"],
        vec!["run", "--child", "'"],
        vec!["run", "--baseline", "/nonexistent/baseline"],
        vec!["run", "--output", "/nonexistent/report.jsonl"],
        vec!["run", "--output", "/", "--format", "json"],
        vec!["list", "calls", "--uncovered"],
        vec!["decode"],
        vec!["child"],
        vec!["agent", "check", ""],
    ] {
        refused(&arguments, 2);
    }
}

#[test]
fn an_error_says_what_was_expected_in_words() {
    for (value, expected) in [
        (["run", "--jobs", "0"], "'0' for '--jobs <N>': expected a positive whole number"),
        (["run", "--repeat", "x"], "'x' for '--repeat <N>': expected a whole number"),
        (["run", "--repeat", ""], "'' for '--repeat <N>': expected a whole number"),
        (["run", "--jobs", "-1"], "'-1' for '--jobs <N>': the number must not be negative"),
        (["run", "--min-trials", "-3"], "'-3' for '--min-trials <N>': the number must not be negative"),
        (["run", "--jobs", "99999999999999999999"], ": the number is too large"),
        (["run", "--timeout-scale", "-1"], ": expected a number greater than 0, up to 1000000"),
        (["run", "--timeout-scale", "1e300"], ": expected a number greater than 0, up to 1000000"),
    ] {
        let error = refused(&value, 2);
        assert!(error.trim_end().ends_with(expected), "{value:?}: {error}");
    }
}

#[test]
fn bytes_that_are_no_text_are_a_usage_error() {
    let bytes = OsStr::from_bytes(b"\xff");
    for verb in ["", "run", "list", "explain", "decode", "explore", "matrix", "diff", "baseline", "child"] {
        let mut command = program();
        command.args(Some(verb).filter(|verb| !verb.is_empty())).arg(bytes);
        let error = said(&mut command);
        assert_eq!(error.code, Some(2), "{verb}: {}", error.err);
        assert_eq!(error.err.lines().count(), 1, "{verb}: {}", error.err);
    }
}

#[test]
fn list_in_every_format() {
    for what in ["cases", "clauses", "scenarios", "subjects", "mutants", "calls"] {
        let column = what.strip_suffix('s').expect("a plural").to_uppercase();
        assert!(well(&["list", what]).starts_with(&column));
        assert!(json(&well(&["list", what, "--format", "json"])).is_array());
        assert!(well(&["list", what, "--format", "markdown"]).contains("|---|"));
    }
    assert!(well(&["list", "subjects"]).contains("\nagent:CMD "));
    assert!(well(&["list", "scenarios"]).contains("\nexit-42 "));
    for clause in json(&well(&["list", "--uncovered", "--format", "json"])).as_array().expect("an array") {
        assert_eq!(clause["coverage"], "uncovered");
    }
    let summary = json(&well(&["list", "--summary", "--format", "json"]));
    let all = summary.as_array().and_then(|rows| rows.last()).expect("a row of totals");
    let cases = json(&well(&["list", "--format", "json"]));
    assert_eq!(all["cases"], cases.as_array().expect("an array").len());
}

#[test]
fn explain_a_case_and_a_clause() {
    let (case, call) = some_case();
    let text = well(&["explain", &case]);
    assert!(text.starts_with(&case) && text.contains("  calls ") && text.contains(".rs:"), "{text}");
    assert_eq!(well(&["explain", &format!("{case}@{call}")]), text, "as in a report");
    let clause =
        text.lines().find_map(|line| line.strip_prefix("  clause    ")).expect("a clause").to_owned();
    let text = well(&["explain", &clause]);
    assert!(text.contains("  text ") && text.contains(&case), "{text}");
}

#[test]
fn renamed_ids_are_followed() {
    let (old, new) = ("any-child.is-waitpid", "any-child.matches-waitpid");
    let text = well(&["explain", old]);
    assert!(text.starts_with(&format!("{old} was renamed to {new}\n\n{new}\n")), "{text}");
    assert!(well(&["explain", &format!("{old}@wait")]).contains(&format!("\n{new}\n")));
    for (arguments, code) in [
        (["run", old], 4),
        (["run", "any-child.is-waitpid@wait"], 4),
        (["explain", "any-child.is-waitpidd"], 2),
    ] {
        let line = refused(&arguments, code);
        assert_eq!(line.contains(&format!("; renamed to {new}")), arguments[0] == "run", "{line}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let trial = |id: &str, verdict: &str| {
        format!(
            "{{\"type\":\"trial\",\"id\":\"{id}@wait\",\"subject\":\"libc\",\"verdict\":\"{verdict}\"}}\n"
        )
    };
    let header = "{\"type\":\"run\"}\n";
    std::fs::write(path("old.jsonl"), header.to_owned() + &trial(old, "pass")).expect("written");
    std::fs::write(path("new.jsonl"), header.to_owned() + &trial(new, "fail")).expect("written");
    let changes = waitspec(&["diff", &path("old.jsonl"), &path("new.jsonl")]);
    assert_eq!(changes.code, Some(1), "{}", changes.err);
    assert!(
        changes.out.contains(&format!("regressions\n  {new}@wait libc  pass -> fail\n")),
        "{}",
        changes.out
    );
    std::fs::write(path("known"), format!("{old}@wait libc fail\n")).expect("written");
    well(&["run", &format!("{new}@wait4"), "--subject", "syscall", "--baseline", &path("known")]);
    well(&["baseline", "update", &path("old.jsonl"), "--file", &path("known")]);
    let known = std::fs::read_to_string(path("known")).expect("a baseline");
    assert!(!known.contains("any-child"), "it passes, under either name: {known}");
}

#[test]
fn decode_differs_by_system() {
    let text = well(&["decode", "0x137f"]);
    assert!(text.starts_with("4991 = 0x137f = 00000000 00000000 00010011 01111111\n"), "{text}");
    let meaning = |word: &str, os: &str| {
        let rows = json(&well(&["decode", word, "--os", os, "--format", "json"]));
        (rows[0]["meaning"].as_str().expect("text").to_owned(), rows[0]["exit_code"].clone())
    };
    for (word, os, means, code) in [
        ("0", "linux", "exited with 0", Some(0)),
        ("0x2a00", "linux", "exited with 42", Some(42)),
        ("10752", "openbsd", "exited with 42", Some(42)),
        ("9", "freebsd", "killed by SIGKILL", Some(-9)),
        ("0x86", "macos", "killed by SIGABRT, core dumped", Some(-6)),
        ("0x137f", "macos", "continued", None),
        ("0x137f", "freebsd", "stopped by SIGCONT", None),
        ("0x13", "dragonfly", "continued", None),
        ("0x13", "netbsd", "killed by SIGCONT", Some(-19)),
        ("0xffff", "Linux", "continued", None),
        ("65535", "illumos", "continued", None),
    ] {
        assert_eq!(meaning(word, os), (means.to_owned(), code.into()), "{word} {os}");
    }
    let full = well(&["decode", "0x8b", "--os", "linux"]);
    assert!(full.contains("WTERMSIG      11 (SIGSEGV)\n") && full.contains("WCOREDUMP     true\n"), "{full}");
    assert!(well(&["decode", "-1"]).starts_with(&well(&["decode", "0xffffffff"])));
    assert!(well(&["decode", "137"]).contains("killed by SIGKILL (128 + 9), or exited with 137"));
    assert!(well(&["decode", "-9"]).contains("subprocess.returncode"));
    for word in ["x", "", "1.5", "0x", "4294967296", "-2147483649"] {
        assert!(refused(&["decode", word], 2).contains("expected a 32-bit integer"));
    }
}

#[test]
fn a_child_terminates_as_its_scenario_says() {
    let ends = |steps: &[&str]| program().arg("child").args(steps).status().expect("a status");
    assert_eq!(ends(&["exit-42"]).code(), Some(42));
    assert_eq!(ends(&["exit code=300"]).code(), Some(44));
    assert_eq!(ends(&["raise sig=SIGTERM"]).signal(), Some(15));
}

#[test]
fn diff_shows_what_changed() {
    let (old, new) = (fixture("old.jsonl"), fixture("new.jsonl"));
    let said = waitspec(&["diff", &old, &new]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "a regression");
    for part in [
        "regressions\n  nohang.running-child@wait4 libc  pass -> fail (posix/waitpid/nohang-zero)\n",
        "fixes\n  nohang.running-child@waitpid libc  fail (posix/waitpid/nohang-zero) -> pass\n",
        "changed verdicts\n  pgid.member@wait4 libc  pass -> skip (no setpgid here)\n",
        "changed values\n  info.uid@waitid libc  si_uid = real -> si_uid = effective\n",
        "new trials\n  exit.new@wait4 libc  pass\n",
        "removed trials\n  exit.old@wait4 libc  pass\n",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let markdown = waitspec(&["diff", &old, &new, "--format", "markdown"]);
    assert!(markdown.out.contains("### regressions\n\n| trial | subject | change |\n|---|---|---|\n"));
    let changes = json(&waitspec(&["diff", &old, &new, "--format", "json"]).out);
    assert_eq!(
        (&changes["counts"]["regression"], &changes["changes"][0]["kind"]),
        (&1.into(), &"regression".into())
    );
    assert!(well(&["diff", &old, &old]).starts_with("regressions: 0, fixes: 0"));
    assert_eq!(waitspec(&["diff", &new, &old]).code, Some(1));
}

#[test]
fn diff_reads_a_partial_report_and_names_an_invalid_line() {
    let text = well(&["diff", &fixture("old.jsonl"), &fixture("cut-off.jsonl")]);
    assert!(text.contains("cut-off.jsonl is partial: 3 trials\n"), "{text}");
    let garbage = refused(&["diff", &fixture("old.jsonl"), &fixture("garbage.jsonl")], 2);
    assert!(garbage.contains("garbage.jsonl, line 2: "), "{garbage}");
    refused(&["diff", &fixture("old.jsonl"), "/nonexistent"], 2);
    refused(&["diff", &fixture("old.jsonl"), env!("CARGO_BIN_EXE_waitspec")], 2);
}

#[test]
fn a_baseline_is_updated_from_reports() {
    let folder = tempfile::tempdir().expect("a folder");
    let file: PathBuf = folder.path().join("known");
    let path = file.to_str().expect("text");
    let entries = || {
        let text = std::fs::read_to_string(&file).expect("a baseline");
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    well(&["baseline", "update", &fixture("old.jsonl"), "--file", path]);
    assert_eq!(entries(), ["nohang.running-child@waitpid libc fail"]);
    well(&["baseline", "update", &fixture("new.jsonl"), "--file", path]);
    assert_eq!(entries(), ["nohang.running-child@wait4 libc fail"]);
    refused(&["baseline", "update", &fixture("garbage.jsonl"), "--file", path], 2);
    std::fs::write(&file, "no.such-case@wait4 libc fail\n").expect("written");
    assert!(refused(&["run", "--baseline", path], 2).contains("unknown case `no.such-case`"));
    std::fs::write(&file, "# known\nx@wait4 libc good\n").expect("written");
    assert!(refused(&["run", "--baseline", path], 2).contains("line 2: "));
}

#[test]
fn completions_for_shells() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(well(&["completions", shell]).contains("waitspec"));
    }
    assert!(!well(&["completions", "bash"]).contains("\u{1b}"));
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let mut child = program()
        .args(["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it exits");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = program().args(["list", "clauses"]).stdout(full).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write"));
}

#[test]
fn an_invalid_agent_exits_with_5() {
    let said = waitspec(&["agent", "check", "true"]);
    assert_eq!(said.code, Some(5), "{}{}", said.out, said.err);
    assert!(said.out.contains("violates the protocol"), "{}", said.out);
    let said = waitspec(&["agent", "check", "/nonexistent/agent"]);
    assert_eq!((said.code, said.out.as_str()), (Some(5), ""));
    let why = said.err.lines().last().expect("a reason");
    assert!(why.starts_with("waitspec: the agent did not start: /nonexistent/agent: No such file"), "{why}");
    assert_eq!(waitspec(&["run", "--subject", "agent:/nonexistent/agent"]).code, Some(5));
}

#[test]
fn unknown_verbs_of_a_verb_have_the_verbs_of_that_one() {
    let said = refused(&["baseline", "show"], 2);
    assert!(said.contains("expected one of: update") && !said.contains("decode"), "{said}");
}

#[test]
fn lists_take_patterns_and_names_are_explained_by_their_beginning() {
    let cases = well(&["list", "cases", "nohang.*"]);
    assert!(
        cases.lines().skip(1).all(|line| line.starts_with("nohang.")) && cases.lines().count() > 3,
        "{cases}"
    );
    assert!(well(&["list", "mutants", "WNOHANG"]).contains("nohang-blocks"));
    assert!(refused(&["list", "scenarios", "stpo"], 4).contains("nearest: stop"));
    assert!(well(&["explain", "posix/waitid/nowait"]).lines().count() > 5);
    assert!(well(&["explain", "nohang.run"]).contains("nohang.running-child"));
    assert_eq!(well(&["explain", "nohang.*"]), well(&["explain", "nohang."]), "a pattern, as for `run`");
    assert!(well(&["explain", "stop-then-exit"]).contains("waitspec child stop-then-exit"));
    assert!(well(&["explain", "nohang-blocks"]).contains("--subject mutant:nohang-blocks"));
    assert!(well(&["explain", "waitid"]).contains("cases run with it"));
    assert!(refused(&["explain", "nohang-blokcs"], 2).contains("nearest: nohang-blocks"));
}

#[test]
fn subjects_and_contracts_are_explained() {
    let libc = well(&["explain", "libc"]);
    assert!(
        libc.contains("wait waitpid wait3 wait4 waitid") && libc.contains("run --subject libc"),
        "{libc}"
    );
    let tini = well(&["explain", "tini"]);
    assert!(tini.contains("init/forwards = all") && tini.contains("README of tini 0.19.0"), "{tini}");
    assert!(tini.contains("run --subject container-init:CMD --contract tini"), "{tini}");
    let timeout = well(&["explain", "wrapper:timeout 10"]);
    assert!(timeout.contains("timeout/expired = 124") && timeout.contains("EXIT status"), "{timeout}");
    assert!(timeout.contains("run --subject 'wrapper:timeout 10'"), "{timeout}");
    let busybox = well(&["explain", "time:/bin/busybox time -v"]);
    assert!(busybox.contains("contract  busybox-time"), "{busybox}");
    let open = well(&["explain", "wrapper:strace"]);
    assert!(open.contains("open      wrapper/not-found") && open.contains("It is recorded."), "{open}");
    let other = well(&["explain", "wrapper:tiemout"]);
    assert!(other.contains("POSIX binds it") && other.contains("nearest: timeout"), "{other}");
    // A contract, and a theme of cases.
    let time = well(&["explain", "time"]);
    assert!(time.contains("time/peak = KiB") && time.contains("\ntime.times"), "{time}");
    assert!(well(&["explain", "program:waitspec-init"]).contains("init/idle = yes"));
}

#[test]
fn bug_reports_are_links() {
    let links = well(&["list", "clauses", "posix/waitpid/eintr", "--format", "markdown"]);
    assert!(links.contains("[rust#159855](https://github.com/rust-lang/rust/issues/159855)"), "{links}");
    let shown = well(&["explain", "posix/waitpid/eintr", "--color", "always"]);
    assert!(shown.contains("\x1b]8;;https://github.com/rust-lang/rust/issues/159855"), "{shown}");
    assert!(!well(&["explain", "posix/waitpid/eintr"]).contains("https://github.com"));
}

#[test]
fn a_shell_completes_names() {
    let completed = |words: &[&str]| {
        let mut asked = program();
        let index = (words.len() - 1).to_string();
        asked.arg("--").args(words).env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", index);
        asked.env("_CLAP_IFS", "\n").env("_CLAP_COMPLETE_COMP_TYPE", "9").env("_CLAP_COMPLETE_SPACE", "true");
        String::from_utf8(asked.output().expect("it starts").stdout).expect("text")
    };
    let subjects = completed(&["waitspec", "run", "--subject", "mutant:nohang-bl"]);
    assert!(subjects.contains("nohang-blocks"), "{subjects}");
    assert!(completed(&["waitspec", "explain", "nohang.runn"]).contains("nohang.running-child"));
    assert!(well(&["completions", "bash"]).contains("COMPLETE="));
}

#[test]
fn cases_that_were_never_run_are_unverified() {
    let unverified = |what: &str, key: &str| -> Vec<String> {
        let listed = json(&well(&["list", what, "--format", "json"]));
        let rows = listed.as_array().expect("an array").iter();
        let marked = rows.filter(|row| row["unverified"] == true);
        marked.map(|row| row[key].as_str().expect("an id").to_owned()).collect()
    };
    let clauses = unverified("clauses", "clause");
    assert!(clauses.iter().any(|id| id == "freebsd/wait6/returns-pid"), "{clauses:?}");
    assert!(!clauses.iter().any(|id| id.starts_with("posix/") || id.starts_with("linux/")), "{clauses:?}");
    // A case is verified by the clauses of one system that has run it.
    let cases = unverified("cases", "case");
    assert!(cases.iter().any(|id| id == "os.no-cld-dumped"), "{cases:?}");
    assert!(!cases.iter().any(|id| id == "os.no-event-option"), "{cases:?}");
    assert!(well(&["list", "cases", "os.no-cld-dumped"]).contains(" (unverified)\n"));
    assert!(well(&["list", "clauses", "dragonfly/waitid/no-cld-dumped"]).contains("1 case, unverified"));
    for name in ["os.no-cld-dumped", "freebsd/wait6/returns-pid"] {
        assert!(
            well(&["explain", name]).contains("unverified: known from source code or a manual"),
            "{name}"
        );
    }
    assert!(!well(&["explain", "netbsd/wait4/nohang-zero"]).contains("unverified"));
}

#[test]
fn a_quick_selftest_ends_with_the_first_kill() {
    let quick = |words: &[&str]| {
        let words = [&["selftest", "--quick", "--format", "json"], words].concat();
        json(&well(&words))["mutants"].clone()
    };
    // Of the many cases that kill it, one is run.
    let mutants = quick(&["--mutant", "returns-one"]);
    let (name, cases) = (&mutants[0]["mutant"], &mutants[0]["cases"]);
    assert_eq!((name, cases, &mutants[0]["by_its_clause"]), (&"returns-one".into(), &1.into(), &true.into()));
    // None of those that kill it is selected.
    let elsewhere = quick(&["decode.*", "--mutant", "returns-one"]);
    assert_eq!(elsewhere, serde_json::json!([]));
    assert!(refused(&["selftest", "--quick", "--save", "x"], 2).contains("--save"));
}
