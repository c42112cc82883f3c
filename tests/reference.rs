//! The generated pages of clauses, cases and mutants: nothing is missing, and every link has a target.
#![cfg(feature = "cli")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use waitspec::{catalogue, mutants, spec};

/// The pages by their path in the directory.
type Pages = BTreeMap<String, String>;

fn written() -> Pages {
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    program.arg("reference").arg(folder.path()).args(["--sources", "https://example.org"]);
    let output = program.stdin(Stdio::null()).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut pages = Pages::new();
    for line in String::from_utf8(output.stdout).expect("text").lines() {
        let (path, title) = line.split_once('\t').expect("a page and its title");
        let text = std::fs::read_to_string(folder.path().join(path)).expect("the page");
        assert_eq!(text.lines().next(), Some(format!("# {title}").as_str()), "{path}");
        assert!(pages.insert(path.to_owned(), text).is_none(), "{path} is written twice");
    }
    pages
}

/// Every anchor, as `page#anchor`: of headings, and of rows of tables.
fn anchors(pages: &Pages) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for (path, text) in pages {
        let headings =
            text.lines().filter_map(|line| line.strip_prefix("## ")?.split_once("{#")?.1.strip_suffix('}'));
        let rows = text.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for anchor in headings.chain(rows) {
            assert!(anchors.insert(format!("{path}#{anchor}")), "{path} has {anchor} twice");
        }
    }
    anchors
}

/// The target of a link on a page, unless it is on another site.
fn target(page: &str, link: &str) -> Option<String> {
    if link.starts_with("https://") {
        return None;
    }
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let folder = Path::new(page).parent().expect("a folder");
    let mut parts: Vec<&str> = folder.iter().filter_map(|part| part.to_str()).collect();
    for part in file.split('/') {
        match part {
            ".." => drop(parts.pop().expect("a link within the folder")),
            _ => parts.push(part),
        }
    }
    let file = parts.join("/");
    Some(anchor.map_or(file.clone(), |anchor| format!("{file}#{anchor}")))
}

#[test]
fn every_clause_case_and_mutant_has_one_anchor() {
    let anchors = anchors(&written());
    let count = |folder: &str, anchor: &str| {
        let place = |known: &&String| {
            known.strip_prefix(folder).and_then(|rest| rest.split_once('#')).is_some_and(|(_, a)| a == anchor)
        };
        anchors.iter().filter(place).count()
    };
    for clause in spec::clauses() {
        assert_eq!(count("clauses/", clause.id), 1, "{}", clause.id);
    }
    for case in catalogue::cases() {
        assert_eq!(count("cases/", case.id), 1, "{}", case.id);
    }
    for mutant in mutants::mutants() {
        assert_eq!(count("tables/mutants.md", &format!("mutant-{}", mutant.name)), 1, "{}", mutant.name);
    }
}

#[test]
fn no_link_dangles() {
    let pages = written();
    let places: BTreeSet<String> = anchors(&pages).into_iter().chain(pages.keys().cloned()).collect();
    let mut links = 0;
    for (path, text) in &pages {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if let Some(target) = target(path, link) {
                assert!(places.contains(&target), "{path}: {link} leads nowhere");
                links += 1;
            }
        }
    }
    let least: usize = catalogue::cases().map(|case| 2 * case.clauses.len()).sum();
    assert!(links >= least, "{links} links, and each of a case and its clauses is one in either direction");
}

#[test]
fn a_clause_and_its_cases_link_to_each_other() {
    let pages = written();
    let section = |anchor: &str| {
        let heading = format!("{{#{anchor}}}\n");
        let found = pages.values().find_map(|text| text.split_once(&heading)).expect("a section").1;
        found.split("\n## ").next().unwrap_or_default().to_owned()
    };
    for case in catalogue::cases() {
        let text = section(case.id);
        for clause in case.clauses {
            assert!(text.contains(&format!("#{})", clause.id)), "{} does not link to {}", case.id, clause.id);
        }
    }
    for clause in spec::clauses() {
        let text = section(clause.id);
        for case in catalogue::cases().filter(|case| case.clauses.iter().any(|c| c.id == clause.id)) {
            assert!(text.contains(&format!("#{})", case.id)), "{} does not link to {}", clause.id, case.id);
        }
    }
}

#[test]
fn unconfirmed_results_are_marked() {
    let pages = written();
    let unverified = |id: &str| {
        let heading = format!("{{#{id}}}\n");
        let found = pages.values().find_map(|text| text.split_once(&heading)).expect("a section").1;
        found.split("\n## ").next().unwrap_or_default().contains("**unverified**")
    };
    // A deviation found in source code, and one that was measured.
    assert!(unverified("posix/waitid/si-uid"));
    assert!(!unverified("posix/status/stopped-by-tcsetpgrp"));
    // Of systems without a committed run.
    let system = spec::clauses().filter(|c| c.id.starts_with("freebsd/") && c.untestable.is_none());
    let judged = system.filter(|c| c.level != spec::Level::Implementation);
    assert!(judged.map(|c| c.id).all(unverified));
    assert!(!unverified("posix/waitpid/nohang-zero"));
}
