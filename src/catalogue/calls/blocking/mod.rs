//! When a call blocks, and when it does not.

use crate::trial::Case;

pub(crate) mod aftermath;
pub(crate) mod blocked;
pub(crate) mod latency;
pub(crate) mod nohang;
pub(crate) mod wake_up;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] =
    &[blocked::CASES, nohang::CASES, latency::CASES, wake_up::CASES, aftermath::CASES];
