//! Histories performed by an agent, and judged.

pub mod concurrent;
#[cfg(feature = "cli")]
pub mod explore;
pub mod sequential;
mod stage;
