//! Cases of the interface `handle`: process handles of runtimes.

use crate::trial::Case;

mod child;
mod drop;
mod invented;
mod kill;
mod others;
mod poll;
mod result;
mod spawn;
mod start;
mod wait;
mod ways;

/// All themes.
pub(crate) const THEMES: &[&[Case]] = &[
    result::CASES,
    invented::CASES,
    poll::CASES,
    wait::CASES,
    ways::CASES,
    start::CASES,
    child::CASES,
    others::CASES,
    drop::CASES,
    kill::CASES,
    spawn::CASES,
];
