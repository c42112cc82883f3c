//! Exits: codes, other ways to terminate, and the status word.

use crate::trial::Case;

pub(crate) mod decode;
pub(crate) mod exit_code;
pub(crate) mod status_word;
pub(crate) mod termination;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] =
    &[decode::CASES, exit_code::CASES, status_word::CASES, termination::CASES];
