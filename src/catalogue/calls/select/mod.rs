//! Which children a call selects, and which arguments it rejects.

use crate::trial::Case;

pub(crate) mod alike;
pub(crate) mod among;
pub(crate) mod any_child;
pub(crate) mod by_pid;
pub(crate) mod bystanders;
pub(crate) mod errors;
pub(crate) mod every_kind;
pub(crate) mod every_target;
pub(crate) mod group;
pub(crate) mod values;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[
    any_child::CASES,
    by_pid::CASES,
    errors::CASES,
    every_kind::CASES,
    every_target::CASES,
    group::CASES,
    alike::CASES,
    bystanders::CASES,
    values::CASES,
    among::CASES,
];
