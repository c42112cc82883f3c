//! Cases of the interface `handle`: process handles of runtimes.

use crate::trial::Case;

mod poll;
mod result;
mod wait;

/// All themes.
pub(crate) const THEMES: &[&[Case]] = &[result::CASES, poll::CASES, wait::CASES];
