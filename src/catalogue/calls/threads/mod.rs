//! Multithreaded callers and multithreaded children.

use crate::trial::Case;

pub(crate) mod cancelled;
pub(crate) mod each_waiter;
pub(crate) mod meanwhile;
pub(crate) mod of_child;
pub(crate) mod shared;
pub(crate) mod thread_group;
pub(crate) mod undisturbed;
pub(crate) mod waiters;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[
    cancelled::CASES,
    of_child::CASES,
    shared::CASES,
    thread_group::CASES,
    waiters::CASES,
    each_waiter::CASES,
    undisturbed::CASES,
    meanwhile::CASES,
];
