//! Cases of the interface `program`: programs that run a program.

use crate::trial::Case;

mod wrapper;

/// All themes.
pub(crate) const THEMES: &[&[Case]] = &[wrapper::CASES];
