//! What systems other than Linux promise beyond the standard; checked only there.

use crate::trial::Case;

pub(crate) mod idtypes;
pub(crate) mod kqueue;
pub(crate) mod options;
pub(crate) mod procdesc;
pub(crate) mod reaper;
pub(crate) mod reports;
pub(crate) mod traced;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[
    options::CASES,
    idtypes::CASES,
    kqueue::CASES,
    procdesc::CASES,
    reaper::CASES,
    reports::CASES,
    traced::CASES,
];
