//! How children are created, change parents and are reaped.

use crate::trial::Case;

pub(crate) mod adopted;
pub(crate) mod agent_exec;
pub(crate) mod autoreap;
pub(crate) mod clone;
pub(crate) mod exec_spawn;
pub(crate) mod existence;
pub(crate) mod orphans;
pub(crate) mod reparenting;
pub(crate) mod side_effects;
pub(crate) mod stress;
pub(crate) mod zombie;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[
    agent_exec::CASES,
    exec_spawn::CASES,
    orphans::CASES,
    reparenting::CASES,
    adopted::CASES,
    stress::CASES,
    clone::CASES,
    autoreap::CASES,
    zombie::CASES,
    existence::CASES,
    side_effects::CASES,
];
