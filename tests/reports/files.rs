//! The files that a run writes, by their extensions; reports that are read or rejected.

use super::{exits, fixture, program, read, said, waitspec, within};

const CASE: &str = "nohang.running-child@waitpid";
const MUTANT: &str = "mutant:nohang-minus-one-eagain";

#[test]
fn each_extension_is_a_format_and_the_terminal_report_is_still_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["r.html", "r.md", "r.txt", "r.xml", "r.tap", "r.jsonl"];
    let paths = names.map(|name| within(&folder, name));
    let mut run = program();
    run.args(["run", CASE, "--subject", "libc", "--subject", MUTANT]);
    for (_, path) in &paths {
        run.args(["--output", path]);
    }
    let run = said(&mut run);
    assert_eq!(run.code, Some(1), "{}{}", run.out, run.err);
    assert!(run.out.contains(&format!("FAIL  {CASE}")) && run.out.contains("1 pass, 1 fail"), "{}", run.out);
    let [html, markdown, text, xml, tap, json] = paths.map(|(path, _)| read(&path));
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("EAGAIN"), "{html}");
    assert!(markdown.starts_with("## waitspec: 2 subjects\n") && markdown.contains("EAGAIN"), "{markdown}");
    assert!(text.contains(&format!("FAIL  {CASE}")) && !text.contains('\u{1b}'), "{text}");
    assert!(xml.starts_with("<?xml") && xml.contains("failures=\"1\""), "{xml}");
    assert!(tap.starts_with("TAP version 13\n") && tap.ends_with("1..2\n"), "{tap}");
    assert_eq!(json.lines().count(), 4, "{json}");
    assert!(json.starts_with("{\"type\":\"run\",\"format\":1,"), "{json}");
    // A format written at the end of the run is not lost if others are requested, too.
    let page = exits(&["run", CASE, "--subject", "libc", "--format", "html"], 0);
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
}

#[test]
fn an_unknown_extension_is_rejected() {
    for (output, more) in
        [("report.pdf", "unknown extension `.pdf`"), ("r.jsno", "unknown extension `.jsno`")]
    {
        let refused = waitspec(&["run", CASE, "--output", output]);
        assert_eq!(refused.code, Some(2));
        assert!(refused.err.contains(more) && refused.err.lines().count() == 1, "{}", refused.err);
        assert!(!std::path::Path::new(output).exists());
        assert_eq!(waitspec(&["matrix", &fixture("old.jsonl"), "--output", output]).code, Some(2));
    }
    let several = ["run", CASE, "--format", "tap", "--output", "a.tap", "--output", "b.tap"];
    assert!(waitspec(&several).err.contains("--format applies to a single --output"));
}

fn fixtures(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(fixture(folder)).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    names
}

#[test]
fn valid_reports_are_read_and_invalid_ones_refused() {
    for name in fixtures("valid") {
        exits(&["matrix", &fixture(&format!("valid/{name}"))], 0);
    }
    for name in fixtures("invalid") {
        let read = waitspec(&["matrix", &fixture(&format!("invalid/{name}"))]);
        // The schema describes what is written; readers accept less.
        let code = if name.starts_with("schema-") { 0 } else { 2 };
        assert_eq!(read.code, Some(code), "{name}: {}", read.err);
        assert!(code == 0 || read.err.contains(", line "), "{name}: {}", read.err);
    }
}

#[test]
fn a_known_failure_is_excused_with_its_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, path) = within(&folder, "known");
    let (report, report_path) = within(&folder, "r.jsonl");
    let entry = format!("{CASE} {MUTANT} fail # broken on purpose: https://example.org/1\n");
    std::fs::write(&file, &entry).expect("written");
    exits(&["run", CASE, "--subject", MUTANT, "--baseline", &path, "--output", &report_path], 0);
    assert!(read(&report).contains("known to fail: broken on purpose: https://example.org/1"));
    exits(&["baseline", "update", &report_path, "--file", &path], 0);
    assert!(read(&file).ends_with(&entry), "{}", read(&file));
    exits(&["run", CASE, "--subject", MUTANT, "--output", &report_path], 1);
    exits(&["baseline", "update", &report_path, "--file", &path], 0);
    assert!(read(&file).ends_with(&entry), "{}", read(&file));
}

/// Writing to a link or a FIFO goes through it: a name that is not a regular file, such as `/dev/null`, is never replaced.
#[cfg(unix)]
#[test]
fn an_output_is_written_in_place() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    let link = |name: &str, to: &std::path::Path| {
        let (path, text) = within(&folder, name);
        symlink(to, &path).expect("a link");
        (path, text)
    };
    let is_link = |path: &std::path::Path| path.symlink_metadata().expect("a link").file_type().is_symlink();
    let (report, _) = within(&folder, "target");
    let (to_report, report_path) = link("r.jsonl", &report);
    let (to_null, null_path) = link("null.xml", std::path::Path::new("/dev/null"));
    let outputs = ["--output", &report_path, "--output", &null_path];
    let was_device = std::fs::metadata("/dev/null").expect("/dev/null").file_type().is_char_device();
    exits(&[&["run", CASE, "--subject", MUTANT], &outputs[..]].concat(), 1);
    assert!(is_link(&to_report) && is_link(&to_null));
    assert_eq!(read(&report).lines().count(), 3);
    let (baseline, _) = within(&folder, "known");
    let (to_baseline, baseline_path) = link("waitspec.baseline", &baseline);
    exits(&["baseline", "update", &report_path, "--file", &baseline_path], 0);
    exits(&["baseline", "update", &report_path, "--file", &null_path], 0);
    exits(&["matrix", &report_path, "--output", &null_path, "--format", "html"], 0);
    assert!(is_link(&to_baseline) && is_link(&to_null));
    assert!(read(&baseline).contains(&format!("{CASE} {MUTANT} fail\n")));
    let null = std::fs::metadata("/dev/null").expect("/dev/null");
    assert_eq!(null.file_type().is_char_device(), was_device);

    let (fifo, fifo_path) = within(&folder, "fifo.md");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo starts");
    assert!(made.success());
    let reader = {
        let fifo = fifo.clone();
        std::thread::spawn(move || std::fs::read_to_string(fifo).expect("the report"))
    };
    exits(&["run", CASE, "--subject", "libc", "--output", &fifo_path], 0);
    assert!(fifo.symlink_metadata().expect("the FIFO").file_type().is_fifo());
    assert!(reader.join().expect("the reader").starts_with("## waitspec: "));
}
