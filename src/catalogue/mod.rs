//! The cases, one file per theme.
//!
//! A theme is a plain const table: a forgotten theme or case is an unused item, which is a build error.

pub use crate::harness::case::Case;
use crate::harness::trial::{Child, Seen};

mod any_child;
mod blocked;
mod cloned;
mod details;
mod elsewhere;
mod elsewhere_reports;
mod endings;
mod errors;
mod exit_code;
mod group;
mod guide;
mod interrupted;
mod lineage;
mod many_threads;
mod nohang;
mod nowait;
mod orphans;
mod pidfd;
mod pidfd_uses;
mod pointers;
mod practices;
mod re_exec;
mod rusage;
mod rusage_children;
mod rusage_counts;
mod scale;
mod sigchld;
mod sigchld_uncaught;
mod signal_death;
mod sigwait;
mod spawned;
mod specific;
mod status;
mod stop_continue;
mod terminal;
mod threads;
mod traced;
mod tracer;
mod usage;
mod waitid;
mod zombie;

/// Every case of every theme.
const THEMES: &[&[Case]] = &[
    any_child::CASES,
    blocked::CASES,
    cloned::CASES,
    details::CASES,
    elsewhere::CASES,
    elsewhere_reports::CASES,
    endings::CASES,
    errors::CASES,
    exit_code::CASES,
    group::CASES,
    guide::CASES,
    interrupted::CASES,
    lineage::CASES,
    many_threads::CASES,
    nohang::CASES,
    nowait::CASES,
    orphans::CASES,
    pidfd::CASES,
    pidfd_uses::CASES,
    pointers::CASES,
    practices::CASES,
    re_exec::CASES,
    rusage::CASES,
    rusage_children::CASES,
    rusage_counts::CASES,
    scale::CASES,
    sigchld::CASES,
    sigchld_uncaught::CASES,
    signal_death::CASES,
    sigwait::CASES,
    spawned::CASES,
    specific::CASES,
    status::CASES,
    stop_continue::CASES,
    terminal::CASES,
    threads::CASES,
    traced::CASES,
    tracer::CASES,
    waitid::CASES,
    zombie::CASES,
];

/// Every case, in the order of the themes.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    THEMES.iter().copied().flatten()
}

/// Takes the child that a report is about out of those that are left: the one whose pid it tells, or, where a typed `waitid`
/// tells none, the one that what is told `fits`. A report of none of them leaves the first, to be judged against.
fn taken<T>(seen: &Seen, left: &mut Vec<(Child, T)>, fits: impl Fn(&T) -> bool) -> (Child, T) {
    let found = left.iter().position(|(child, what)| match seen.pid() {
        Some(pid) => pid == child.pid,
        None => fits(what),
    });
    left.remove(found.unwrap_or(0))
}
