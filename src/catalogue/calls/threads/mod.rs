//! Threads that wait, and children with several threads.

use crate::trial::Case;

pub(crate) mod thread_group;
pub(crate) mod waiters;

/// Every case of this room.
pub(crate) const THEMES: &[&[Case]] = &[thread_group::CASES, waiters::CASES];
