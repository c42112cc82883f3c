//! Waits through pidfds, and what else a pidfd shows.

use crate::trial::Case;

pub(crate) mod lifetime;
pub(crate) mod wait;

/// Every case of this room.
pub(crate) const THEMES: &[&[Case]] = &[lifetime::CASES, wait::CASES];
