//! The six programs and the practices of the guide to `os.wait4`.

use crate::trial::Case;

pub(crate) mod practices;
pub(crate) mod programs;

/// Every case of this room.
pub(crate) const THEMES: &[&[Case]] = &[practices::CASES, programs::CASES];
