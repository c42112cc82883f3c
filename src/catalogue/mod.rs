//! The cases: one directory per interface, one file per theme.
//!
//! A theme is a plain const table: a forgotten theme or case is an unused item and so a build error.

use crate::spec::Clause;
use std::sync::LazyLock;

pub use crate::trial::Case;

mod calls;
mod handle;
mod program;

/// Every case, in the order of directories and themes.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    static ALL: LazyLock<Vec<&Case>> = LazyLock::new(|| {
        let themes = calls::TOPICS.iter().copied().flatten().chain(handle::THEMES).chain(program::THEMES);
        themes.copied().flatten().collect()
    });
    ALL.iter().copied()
}

/// The cases that cite a clause.
pub fn citing(clause: &Clause) -> impl Iterator<Item = &'static Case> {
    cases().filter(move |case| case.clauses.iter().any(|cited| cited.id == clause.id))
}

/// The theme that CONTRIBUTING.md shows.
#[cfg(test)]
#[path = "../../fixtures/guide/once.rs"]
mod guide;

#[cfg(test)]
mod tests {
    #[test]
    fn the_guide_shows_a_theme_that_compiles() {
        let theme = include_str!("../../fixtures/guide/once.rs");
        assert!(include_str!("../../CONTRIBUTING.md").contains(&format!("```rust,ignore\n{theme}```\n")));
        assert_eq!(super::guide::CASES.len(), 1);
        assert_eq!(super::guide::CASES[0].id, "once.second-wait");
    }
}
