//! The cases: one folder for each interface, one file for each theme.
//!
//! A theme is a plain const table: a forgotten theme or case is an unused item, which is a build error.

pub use crate::trial::Case;

mod calls;
mod handle;
mod program;

/// Every case, in the order of the folders and themes.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    let others = handle::THEMES.iter().chain(program::THEMES).copied().flatten();
    calls::TOPICS.iter().copied().flatten().copied().flatten().chain(others)
}
