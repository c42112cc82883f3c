//! The six programs and the recommendations of the guide to `os.wait4`.

use crate::trial::Case;

pub(crate) mod programs;
pub(crate) mod recommendations;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[recommendations::CASES, programs::CASES];
