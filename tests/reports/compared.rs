//! `diff` and `matrix` of committed reports.

use super::{exits, fixture, program, read, said, waitspec, within};

#[test]
fn one_report_is_compared_with_several() {
    let (old, new) = (fixture("old.jsonl"), fixture("new.jsonl"));
    let text = exits(&["diff", &old, &new, &old], 1);
    let line = "  nohang.running-child@wait4 libc  pass -> fail (posix/waitpid/nohang-zero)   in ";
    assert!(text.contains(&format!("regressions\n{line}{new}\n")), "{text}");
    let twice = exits(&["diff", &old, &new, &new, "--format", "markdown"], 1);
    assert!(twice.contains("| pass → fail (posix/waitpid/nohang-zero) | in all 2 |"), "{twice}");
    let json: serde_json::Value =
        serde_json::from_str(&exits(&["diff", &old, &new, "--format", "json"], 1)).expect("JSON");
    assert_eq!(json["format"], 1);
    assert_eq!(json["changes"][0]["runs"][0], new.as_str());
}

#[test]
fn subjects_of_other_names_are_compared_under_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (other, path) = within(&folder, "musl.jsonl");
    let text = read(std::path::Path::new(&fixture("new.jsonl"))).replace("\"libc\"", "\"agent:musl\"");
    std::fs::write(&other, &text).expect("written");
    let old = fixture("old.jsonl");
    assert!(waitspec(&["diff", &old, &path]).err.contains("no trials in common"));
    let told = exits(&["diff", &old, &path, "--as", "wait"], 1);
    assert!(told.contains("nohang.running-child@wait4 wait  pass -> fail"), "{told}");
    let two = text.replacen(
        "\"subject\": \"agent:musl\", \"verdict\": \"pass\"",
        "\"subject\": \"b\", \"verdict\": \"pass\"",
        1,
    );
    std::fs::write(&other, two).expect("written");
    let refused = waitspec(&["diff", &old, &path, "--as", "wait"]);
    assert!(refused.err.contains("has several subjects: agent:musl, b"), "{}", refused.err);
}

#[test]
fn slower_trials_are_told_and_no_regression() {
    let folder = tempfile::tempdir().expect("a folder");
    let (slow, path) = within(&folder, "slow.jsonl");
    let old = fixture("old.jsonl");
    let text = read(std::path::Path::new(&old));
    std::fs::write(&slow, text.replacen("\"duration_us\": 1200", "\"duration_us\": 240000", 1))
        .expect("written");
    let told = exits(&["diff", &old, &path], 0);
    assert!(
        told.contains("slower trials\n  exit.code@wait4 libc  1.2 ms -> 240.0 ms (200.0 times)\n"),
        "{told}"
    );
    assert!(exits(&["diff", &old, &path, "--slower", "300"], 0).contains("slower trials: 0"));
}

#[test]
fn github_is_given_annotations_and_a_summary() {
    let folder = tempfile::tempdir().expect("a folder");
    let (summary, _) = within(&folder, "summary.md");
    std::fs::write(&summary, "before\n").expect("written");
    let arguments = ["diff", &fixture("old.jsonl"), &fixture("new.jsonl"), "--format", "github"];
    let told = said(program().args(arguments).env("GITHUB_STEP_SUMMARY", &summary));
    assert_eq!(told.code, Some(1), "{}", told.err);
    let lines: Vec<&str> = told.out.lines().collect();
    assert_eq!(
        lines[0],
        "::error title=regression%3A nohang.running-child@wait4 libc::pass -> fail (posix/waitpid/nohang-zero)"
    );
    assert!(lines.iter().all(|line| line.starts_with("::")), "{}", told.out);
    assert!(read(&summary).starts_with("before\n## waitspec diff\n"), "{}", read(&summary));
    let without = exits(&arguments, 1);
    assert!(without.contains("\n## waitspec diff\n"), "{without}");
}

#[test]
fn reports_are_one_table() {
    let (old, new) = (fixture("old.jsonl"), fixture("new.jsonl"));
    let text = exits(&["matrix", &old, &new], 0);
    assert!(text.contains("differences\n  AB\n"), "{text}");
    assert!(text.contains("  si_uid   info.uid\n"), "{text}");
    // In colour on request, and never in a file.
    let coloured = exits(&["matrix", &old, &new, "--color", "always"], 0);
    assert!(coloured.contains("\x1b[31m"), "{coloured}");
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), text);
    let folder = tempfile::tempdir().expect("a folder");
    let (file, name) = within(&folder, "matrix.txt");
    exits(&["matrix", &old, &new, "--color", "always", "--output", &name], 0);
    assert_eq!(read(&file), text);
    let markdown = exits(&["matrix", &old, &new, "--format", "markdown"], 0);
    assert!(markdown.starts_with("## waitspec: 2 subjects\n"), "{markdown}");
    let garbage = waitspec(&["matrix", &old, &fixture("garbage.jsonl")]);
    assert_eq!(garbage.code, Some(2));
    assert!(garbage.err.contains("garbage.jsonl, line 2: "), "{}", garbage.err);
    assert_eq!(waitspec(&["matrix"]).code, Some(2));
}
