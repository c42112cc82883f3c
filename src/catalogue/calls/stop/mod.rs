//! Stops, continues and job control.

use crate::trial::Case;

pub(crate) mod frozen;
pub(crate) mod stop_continue;
pub(crate) mod terminal;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[stop_continue::CASES, terminal::CASES, frozen::CASES];
