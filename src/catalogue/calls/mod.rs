//! Cases of the interface `calls`: the wait family itself, one directory per topic.

use crate::trial::Case;

pub(crate) mod blocking;
pub(crate) mod examples;
pub(crate) mod exit;
pub(crate) mod lifecycle;
pub(crate) mod os;
pub(crate) mod pidfd;
pub(crate) mod ptrace;
pub(crate) mod rusage;
pub(crate) mod select;
pub(crate) mod sigchld;
pub(crate) mod signal;
pub(crate) mod stop;
pub(crate) mod threads;
pub(crate) mod waitid;

/// All topics.
pub(crate) const TOPICS: &[&[&[Case]]] = &[
    exit::THEMES,
    signal::THEMES,
    select::THEMES,
    blocking::THEMES,
    stop::THEMES,
    waitid::THEMES,
    sigchld::THEMES,
    rusage::THEMES,
    pidfd::THEMES,
    threads::THEMES,
    ptrace::THEMES,
    lifecycle::THEMES,
    os::THEMES,
    examples::THEMES,
];
