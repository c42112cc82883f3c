//! The six programs and the practices of the guide to `os.wait4`.

use crate::trial::Case;

pub(crate) mod practices;
pub(crate) mod programs;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[practices::CASES, programs::CASES];
