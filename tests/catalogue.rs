//! Clauses and cases as a whole: coverage, and ids that are never lost or reused.
//!
//! `WAITSPEC_BLESS=1 cargo test --test catalogue` regenerates `fixtures/catalogue.lock`: the id of every clause and case and, as
//! retired, every earlier one. A retired id is never reused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use waitspec::catalogue;
use waitspec::spec::{self, Book, Level};
use waitspec::trial::InterfaceName;

/// What each id of the lock is: `clause`, `case`, or one of these after `retired`.
type Lock = BTreeMap<String, String>;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/catalogue.lock")
}

fn read() -> Lock {
    let text = std::fs::read_to_string(path()).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (what, id) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no line of a lock: {line}"));
            (id.to_owned(), what.to_owned())
        })
        .collect()
}

/// Every id in use.
fn present() -> Lock {
    let clauses = spec::clauses().map(|clause| (clause.id.to_owned(), "clause".to_owned()));
    let cases = catalogue::cases().map(|case| (case.id.to_owned(), "case".to_owned()));
    clauses.chain(cases).collect()
}

fn cited() -> BTreeSet<&'static str> {
    catalogue::cases().flat_map(|case| case.clauses).map(|clause| clause.id).collect()
}

#[test]
fn no_id_is_lost_or_reused() {
    let (locked, present) = (read(), present());
    if std::env::var_os("WAITSPEC_BLESS").is_some() {
        let mut lock = present.clone();
        for (id, what) in &locked {
            let retired = if what.starts_with("retired") { what.clone() } else { format!("retired {what}") };
            let back = present.contains_key(id) && what.starts_with("retired");
            assert!(!back, "{id} is retired and must not be reused");
            lock.entry(id.clone()).or_insert(retired);
        }
        let mut text = "# Written by WAITSPEC_BLESS=1 cargo test --test catalogue.\n".to_owned();
        for (id, what) in &lock {
            text += &format!("{what} {id}\n");
        }
        std::fs::write(path(), text).expect("write the lock");
        return;
    }
    for (id, what) in &present {
        assert_eq!(locked.get(id), Some(what), "{id} is not in the lock: regenerate it");
    }
    for (id, what) in &locked {
        let retired = what.starts_with("retired");
        assert!(
            retired || present.contains_key(id),
            "{what} {id} is gone: regenerate the lock, which retires it"
        );
    }
}

#[test]
fn every_must_is_covered_or_untestable() {
    let cited = cited();
    let open = spec::clauses().filter(|c| c.untestable.is_none() && !cited.contains(c.id));
    let open: Vec<_> = open.filter(|c| c.level == Level::Must).map(|c| c.id).collect();
    assert!(open.is_empty(), "neither covered nor untestable: {open:#?}");
}

#[test]
fn every_clause_is_covered_or_untestable() {
    let cited = cited();
    let open = spec::clauses().filter(|c| c.untestable.is_none() && !cited.contains(c.id));
    let open: Vec<_> = open.map(|c| c.id).collect();
    assert!(open.is_empty(), "neither covered nor untestable: {open:#?}");
}

#[test]
fn no_case_cites_an_untestable_clause() {
    let cited = cited();
    for clause in spec::clauses().filter(|clause| clause.untestable.is_some()) {
        assert!(!cited.contains(clause.id), "{} is untestable, but a case cites it", clause.id);
    }
}

#[test]
fn handles_and_programs_are_bound_by_the_standard_and_by_their_own_promises() {
    for case in catalogue::cases().filter(|case| case.interface() != InterfaceName::Calls) {
        for clause in case.clauses {
            let binds = matches!(clause.book(), Book::Posix | Book::Promise);
            assert!(binds, "{} cites {}, which is of a system", case.id, clause.id);
        }
    }
}
