//! The book of clauses and the cases as a whole: what is covered, and that no id is lost or means something else one day.
//!
//! `WAITSPEC_BLESS=1 cargo test --test catalogue` writes `fixtures/catalogue.lock` anew: every id of a clause and of a case that
//! there is, and, as retired, every one that there ever was. An id that was retired is never used again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use waitspec::catalogue;
use waitspec::spec::{self, Level};

/// What is behind an id of the lock: `clause`, `case` or `retired`, and for the last which of the two it was.
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

/// Every id that there is.
fn present() -> Lock {
    let clauses = spec::clauses().map(|clause| (clause.id.to_owned(), "clause".to_owned()));
    let cases = catalogue::cases().map(|case| (case.id.to_owned(), "case".to_owned()));
    clauses.chain(cases).collect()
}

fn cited() -> BTreeSet<&'static str> {
    catalogue::cases().flat_map(|case| case.clauses).map(|clause| clause.id).collect()
}

#[test]
fn no_id_is_lost_or_used_again() {
    let (locked, present) = (read(), present());
    if std::env::var_os("WAITSPEC_BLESS").is_some() {
        let mut lock = present.clone();
        for (id, what) in &locked {
            let retired = if what.starts_with("retired") { what.clone() } else { format!("retired {what}") };
            let back = present.contains_key(id) && what.starts_with("retired");
            assert!(!back, "{id} was retired and may not be used again");
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
        assert_eq!(locked.get(id), Some(what), "{id} is not in the lock as it is: bless it");
    }
    for (id, what) in &locked {
        let retired = what.starts_with("retired");
        assert!(retired || present.contains_key(id), "{what} {id} is gone: bless it, and it is retired");
    }
}

#[test]
fn every_must_is_covered_or_says_why_not() {
    let cited = cited();
    let open = spec::clauses().filter(|c| c.untestable.is_none() && !cited.contains(c.id));
    let open: Vec<_> = open.filter(|c| c.level == Level::Must).map(|c| c.id).collect();
    assert!(open.is_empty(), "neither covered nor said to be untestable: {open:#?}");
}

#[test]
fn every_other_clause_is_covered_or_says_why_not() {
    let cited = cited();
    let open = spec::clauses().filter(|c| c.untestable.is_none() && !cited.contains(c.id));
    let open: Vec<_> = open.map(|c| c.id).collect();
    assert!(open.is_empty(), "neither covered nor said to be untestable: {open:#?}");
}

#[test]
fn what_is_untestable_is_cited_by_no_case() {
    let cited = cited();
    for clause in spec::clauses().filter(|clause| clause.untestable.is_some()) {
        assert!(!cited.contains(clause.id), "{} is said to be untestable, and a case cites it", clause.id);
    }
}

#[test]
fn the_catalogue_is_as_large_as_it_was() {
    let linux = |case: &&catalogue::Case| case.applies_to(spec::Profile::Linux);
    let cases: Vec<_> = catalogue::cases().filter(linux).collect();
    assert!(cases.len() >= 250, "{} cases", cases.len());
    let trials: usize = cases.iter().map(|case| case.calls.list().len()).sum();
    assert!(trials >= 900, "{trials} trials");
}
