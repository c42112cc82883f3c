//! Resource usage: of the reported child, and `RUSAGE_CHILDREN`.

use crate::trial::Case;

pub(crate) mod bounds;
pub(crate) mod children;
pub(crate) mod counts;
pub(crate) mod credited;
pub(crate) mod every_report;
pub(crate) mod every_way;
pub(crate) mod fresh;
pub(crate) mod reported;
pub(crate) mod seconds;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[
    seconds::CASES,
    fresh::CASES,
    children::CASES,
    counts::CASES,
    reported::CASES,
    every_report::CASES,
    every_way::CASES,
    credited::CASES,
];
