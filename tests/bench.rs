//! `waitspec bench`: slowness shows in the figures, whatever the load on the machine; what cannot be measured has a reason.
#![cfg(feature = "full")]

#[allow(dead_code, reason = "other tests use more of it")]
#[path = "common/kit.rs"]
mod kit;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "common/program.rs"]
mod program;
#[path = "common/skip.rs"]
mod skip;

use program::waitspec;
use skip::skip;
use std::path::Path;
use std::process::Command;

/// How many times a figure is measured before load on the machine no longer excuses it.
const TRIES: usize = 10;

/// What one quick measurement of a subject prints.
fn bench(subject: &str, rest: &[&str]) -> String {
    let said = waitspec(&[&["bench", "--subject", subject], rest].concat());
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    said.out
}

/// The numbers at the end of the first line that begins like this.
fn row(out: &str, title: &str) -> Vec<f64> {
    let line = out.lines().find(|line| line.trim_start().starts_with(title));
    let line = line.unwrap_or_else(|| panic!("{title} in {out}"));
    line.trim_start()[title.len()..].split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// The vertical position of the last point of a curve on the page, from the top.
#[cfg(target_os = "linux")]
fn last_point(section: &str, class: &str) -> f64 {
    let (_, curve) = section.split_once(&format!("<polyline class=\"{class}\"")).expect(class);
    let (_, points) = curve.split_once("points=\"").expect("points");
    let points = points.split('"').next().unwrap_or_default();
    let y = points.rsplit([' ', ',']).find(|word| !word.is_empty()).expect("a point");
    y.parse().unwrap_or_else(|e| panic!("{y}: {e}"))
}

/// Measures until a figure is as expected.
fn shows(subject: &str, rest: &[&str], is_so: impl Fn(&str) -> bool) {
    let seen: Vec<String> =
        std::iter::repeat_with(|| bench(subject, rest)).take(TRIES).take_while(|out| !is_so(out)).collect();
    assert!(seen.len() < TRIES, "{}", seen.join("\n"));
}

#[test]
fn a_wait_that_polls_shows_in_the_latency() {
    // On a very busy machine the median of the C loop is that of the mutant; its least time is not.
    let ratios = |out: &str| row(out, "blocked wait, ratio")[..2].to_vec();
    let quick = ["--children", "10", "--rounds", "2"];
    shows("mutant:polls-every-5-ms", &quick, |out| ratios(out).iter().any(|ratio| *ratio > 4.0));
    shows("libc", &quick, |out| ratios(out).iter().any(|ratio| *ratio < 2.0));
}

#[test]
#[cfg(target_os = "linux")]
fn a_quadratic_wait_is_visible_in_the_growth() {
    let children = format!("/proc/self/task/{}/children", std::process::id());
    if !Path::new(&children).exists() {
        return skip(format_args!("no {children}"));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let library = folder.path().join("asks-every-child.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/subjects/asks-every-child.c");
    let mut cc = Command::new("cc");
    cc.args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(source);
    match cc.status() {
        Ok(status) => assert!(status.success(), "{cc:?}: {status}"),
        Err(error) => return skip(format_args!("cc: {error}")),
    }
    let subject = format!("so:{}", library.display());
    let is_shown = |text: &str| {
        let growth =
            |by: &str| text.lines().find(|line| line.contains(&format!("reaping by {by} (wait4) grows")));
        let (any, pid) = (growth("any child").expect("any child"), growth("pid").expect("pid"));
        any.contains("NOT linear; the C loop as n^") && pid.ends_with(": linear")
    };
    let rest = ["--children", "1000", "--rounds", "1"];
    shows(&subject, &rest, is_shown);
    // The page says the same below the two curves: that of the subject leaves that of the C loop.
    let page = folder.path().join("bench.html");
    shows(&subject, &[&rest[..], &["--output", page.to_str().expect("text")]].concat(), |_| {
        let page = std::fs::read_to_string(&page).expect("a page");
        let (_, section) = page.split_once("<h3>Reaping by any child").expect("a section");
        let section = section.split("<h3>").next().unwrap_or_default();
        is_shown(&page.replace("</p>", "\n"))
            && last_point(section, "own") < last_point(section, "floor") / 2.0
    });
}

#[test]
fn an_agent_without_loops_is_measured_by_requests() {
    let agent = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/agents/python/agent.py");
    if Command::new("python3").arg("--version").output().is_err() {
        return skip("no python3");
    }
    let subject = format!("agent:python3 {}", agent.display());
    let out = bench(&subject, &["--children", "10", "--rounds", "1"]);
    assert!(out.contains("measured by requests"), "{out}");
    assert!(row(&out, "poll, wait4").len() >= 2, "{out}");
    assert!(row(&out, "blocked wait, ratio").iter().all(|ratio| *ratio > 0.0), "{out}");
    assert!(out.contains("not measured: bounded wait: the protocol has no wait with a timeout"), "{out}");
}

#[test]
#[cfg(target_os = "linux")]
fn the_kit_has_loops_of_its_own() {
    if !kit::has("cc") {
        return skip("no C compiler");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = kit::build(folder.path(), &["cc"]).expect("the kit");
    let warden = format!("{} warden", program.display());
    let out = bench("libc", &["--children", "100", "--rounds", "1", "--warden", &warden]);
    for title in ["spawn and reap, wait4", "poll, waitid", "blocked wait, ratio"] {
        assert!(row(&out, title).iter().any(|figure| *figure > 0.0), "{title}: {out}");
    }
    for way in ["any child, wait4", "pid, wait4", "pidfd, waitid"] {
        assert!(out.contains(&format!("  reaping by {way}")), "{way}: {out}");
    }
    let missing: Vec<&str> = out.lines().filter(|line| line.contains("not measured")).collect();
    assert_eq!(missing, ["  not measured: bounded wait: it has no bounded wait"], "{out}");
}

#[test]
fn the_format_follows_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = folder.path().join("bench.html");
    let path = page.to_str().expect("text");
    assert_eq!(bench("waitspec", &["--children", "10", "--rounds", "1", "--output", path]), "");
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("bounded wait"), "{page}");
    let said = waitspec(&["bench", "--output", "figures.csv"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("unknown extension `.csv`"), "{}", said.err);
}
