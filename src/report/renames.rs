//! Ids that have been renamed: old reports, baselines and command lines may still hold the old ones.
//!
//! The table is `fixtures/renames.tsv`: a kind, the old name and the new name, separated by tabs.

use crate::sorted::Map;
use std::borrow::Cow;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../../fixtures/renames.tsv");

/// What a name belongs to.
#[derive(Debug, Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The id of a case, without its call.
    Case,
    /// The id of a clause.
    Clause,
    /// The name of a mutant, without `mutant:`.
    Mutant,
}

static NEW_NAMES: LazyLock<Map<(Kind, &str), &str>> =
    LazyLock::new(|| rows().map(|(kind, old, new)| ((kind, old), new)).collect());

/// The rows of the table; a line that is not one is left out, and fails the unit tests.
fn rows() -> impl Iterator<Item = (Kind, &'static str, &'static str)> {
    TABLE.lines().filter_map(|line| {
        let [kind, old, new] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let kind = match kind {
            "case" => Kind::Case,
            "clause" => Kind::Clause,
            "mutant" => Kind::Mutant,
            _ => return None,
        };
        Some((kind, old, new))
    })
}

/// The new name of what used to be called `old`; `None` if nothing was.
pub fn new_name(kind: Kind, old: &str) -> Option<&'static str> {
    NEW_NAMES.get(&(kind, old)).copied()
}

/// The current id of a clause.
pub fn clause(id: &str) -> Cow<'_, str> {
    new_name(Kind::Clause, id).map_or(Cow::Borrowed(id), Cow::Borrowed)
}

/// The current id of a trial, `case@call`, or of a case.
pub fn trial(id: &str) -> Cow<'_, str> {
    let (case, call) = id.split_once('@').map_or((id, None), |(case, call)| (case, Some(call)));
    match (new_name(Kind::Case, case), call) {
        (None, _) => Cow::Borrowed(id),
        (Some(new), None) => Cow::Borrowed(new),
        (Some(new), Some(call)) => Cow::Owned(format!("{new}@{call}")),
    }
}

/// The current name of a subject as `--subject` takes it: mutants are renamed, too.
pub fn subject(name: &str) -> Cow<'_, str> {
    match name.strip_prefix("mutant:").and_then(|mutant| new_name(Kind::Mutant, mutant)) {
        Some(new) => Cow::Owned(format!("mutant:{new}")),
        None => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sorted::Set;
    use crate::{catalogue, mutants, spec};

    fn exists(kind: Kind, name: &str) -> bool {
        match kind {
            Kind::Case => catalogue::cases().any(|case| case.id == name),
            Kind::Clause => spec::clause(name).is_some(),
            Kind::Mutant => mutants::mutants().any(|mutant| mutant.name == name),
        }
    }

    #[test]
    fn every_line_is_a_row() {
        assert_eq!(rows().count(), TABLE.lines().count());
    }

    #[test]
    fn old_names_are_gone_and_new_names_exist() {
        let gone: Vec<_> = rows().filter(|(kind, _, new)| !exists(*kind, new)).collect();
        assert!(gone.is_empty(), "no such new name: {gone:?}");
        let kept: Vec<_> = rows().filter(|(kind, old, _)| exists(*kind, old)).collect();
        assert!(kept.is_empty(), "the old name still exists: {kept:?}");
    }

    #[test]
    fn names_are_unique() {
        let (mut olds, mut news) = (Set::new(), Set::new());
        for (kind, old, new) in rows() {
            assert!(olds.insert((kind, old)), "two rows rename {old}");
            assert!(news.insert((kind, new)), "two rows rename something to {new}");
        }
    }

    #[test]
    fn ids_are_brought_up_to_date() {
        let (_, old, new) = rows().find(|(kind, ..)| *kind == Kind::Case).unwrap();
        assert_eq!(trial(old), new);
        assert_eq!(trial(&format!("{old}@wait4")), format!("{new}@wait4"));
        assert_eq!(trial("nohang.running-child@wait4"), "nohang.running-child@wait4");
        let (_, old, new) = rows().find(|(kind, ..)| *kind == Kind::Mutant).unwrap();
        assert_eq!(subject(&format!("mutant:{old}")), format!("mutant:{new}"));
        assert_eq!(subject(old), old, "only mutants are renamed");
        let (_, old, new) = rows().find(|(kind, ..)| *kind == Kind::Clause).unwrap();
        assert_eq!((clause(old), clause(new)), (new.into(), new.into()));
    }
}
