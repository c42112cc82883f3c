//! Waits through pidfds, and what else a pidfd reveals.

use crate::trial::Case;

pub(crate) mod lifetime;
pub(crate) mod wait;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[lifetime::CASES, wait::CASES];
