//! Signals: children killed by one, and waits interrupted by one.

use crate::trial::Case;

pub(crate) mod eintr;
pub(crate) mod interrupted;
pub(crate) mod own_sigchld;
pub(crate) mod restarted;
pub(crate) mod signal_death;
pub(crate) mod stopped_waiter;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[
    interrupted::CASES,
    restarted::CASES,
    own_sigchld::CASES,
    signal_death::CASES,
    eintr::CASES,
    stopped_waiter::CASES,
];
