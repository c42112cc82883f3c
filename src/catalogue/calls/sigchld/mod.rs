//! SIGCHLD: handled, ignored, blocked, and accepted synchronously.

use crate::trial::Case;

pub(crate) mod actions;
pub(crate) mod asleep;
pub(crate) mod every_kind;
pub(crate) mod handler;
pub(crate) mod ignored_blocked;
pub(crate) mod pending;
pub(crate) mod sigwait;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[
    handler::CASES,
    ignored_blocked::CASES,
    sigwait::CASES,
    actions::CASES,
    pending::CASES,
    asleep::CASES,
    every_kind::CASES,
];
