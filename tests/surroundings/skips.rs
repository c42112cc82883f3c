//! What is skipped in a surrounding is a committed list, so that a new skip is seen.
//!
//! `WAITSPEC_BLESS=1 cargo test --test surroundings skips` writes the lists of `fixtures/skips` anew: for each reason, the
//! trials of each subject. What a machine lacks is listed by a run that lacks it (`prlimit --core=0`, `taskset -c 0`), and stays
//! listed.

use super::run::{Run, run};
use super::tools::{file, skip};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// Trials (`subject case@call`) by the reason for which they are skipped.
type Skips = BTreeMap<String, BTreeSet<String>>;

/// Whether a reason depends on the machine: its trials are all skipped for it, or none is.
fn is_of_the_machine(reason: &str) -> bool {
    reason == "needs two processors" || reason.split([' ', ':']).any(|word| word == "here")
}

/// What a list holds: a line `["reason"]`, below it a line `"subject case@call"` for each trial.
fn parse(text: &str) -> Skips {
    let mut skips = Skips::new();
    let mut reason = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("[\"").and_then(|rest| rest.strip_suffix("\"]")) {
            reason = name.to_owned();
        } else {
            let (subject, trials) = line.split_once(" = ").expect("subject = [trials]");
            let trials = trials.trim_matches(['[', ']']).split(", ").map(|t| t.trim_matches('"'));
            skips.entry(reason.clone()).or_default().extend(trials.map(|t| format!("{subject} {t}")));
        }
    }
    skips
}

fn render(skips: &Skips) -> String {
    let mut text = "# Written by WAITSPEC_BLESS=1 cargo test --test surroundings skips.\n".to_owned();
    for (reason, trials) in skips {
        let _ = writeln!(text, "\n[\"{reason}\"]");
        let mut by_subject: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for trial in trials {
            let (subject, id) = trial.split_once(' ').expect("both");
            by_subject.entry(subject).or_default().push(id);
        }
        for (subject, ids) in by_subject {
            let ids: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
            let _ = writeln!(text, "{subject} = [{}]", ids.join(", "));
        }
    }
    text
}

/// Runs every case, and compares what is skipped with the list of that name.
fn compare(name: &str, run: Run) {
    let path = file("fixtures/skips").join(name).with_extension("toml");
    if !cfg!(target_os = "linux") {
        return skip("the lists are those of Linux");
    }
    let ended = run.finish().code(0);
    let mut seen = Skips::new();
    for trial in ended.trials().iter().filter(|t| t.verdict == "skip") {
        seen.entry(trial.reason.clone()).or_default().insert(format!("{} {}", trial.subject, trial.id));
    }
    let listed = parse(&read(&path));
    for (reason, trials) in listed.iter().filter(|(reason, _)| is_of_the_machine(reason)) {
        seen.entry(reason.clone()).or_insert_with(|| trials.clone());
    }
    if std::env::var_os("WAITSPEC_BLESS").is_some() {
        std::fs::create_dir_all(file("fixtures/skips")).expect("a folder");
        std::fs::write(&path, render(&seen)).expect("a list");
        return;
    }
    // What this machine lacks and the one of the list had.
    seen.retain(|reason, trials| {
        let known = listed.contains_key(reason) || !is_of_the_machine(reason);
        if !known {
            eprintln!("not to be tried on this machine: {reason}: {trials:?}");
        }
        known
    });
    let reasons: BTreeSet<&String> = seen.keys().chain(listed.keys()).collect();
    let mut differences = String::new();
    for reason in reasons {
        let empty = BTreeSet::new();
        let (now, then) = (seen.get(reason).unwrap_or(&empty), listed.get(reason).unwrap_or(&empty));
        for trial in now.difference(then) {
            let _ = writeln!(differences, "new: {trial}: {reason}");
        }
        for trial in then.difference(now) {
            let _ = writeln!(differences, "gone: {trial}: {reason}");
        }
    }
    assert!(differences.is_empty(), "{} is not what is skipped\n{differences}", path.display());
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn skips_of_the_superuser() {
    if rustix::process::geteuid().is_root() {
        compare("root", run(&["--format=json"]));
    } else {
        skip("not the superuser");
    }
}

#[test]
fn skips_of_an_ordinary_user() {
    match run(&["--format=json"]).by_a_user() {
        Some(run) => compare("user", run),
        None => skip("no setpriv to become an ordinary user"),
    }
}
