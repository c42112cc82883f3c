//! SIGCHLD: handled, ignored, blocked, and accepted synchronously.

use crate::trial::Case;

pub(crate) mod handler;
pub(crate) mod ignored_blocked;
pub(crate) mod sigwait;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[handler::CASES, ignored_blocked::CASES, sigwait::CASES];
