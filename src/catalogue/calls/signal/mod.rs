//! Signals: children that die of one, and waits that one interrupts.

use crate::trial::Case;

pub(crate) mod interrupted;
pub(crate) mod signal_death;

/// Every case of this room.
pub(crate) const THEMES: &[&[Case]] = &[interrupted::CASES, signal_death::CASES];
