//! Histories performed by an agent, and judged.

mod actor;
mod concurrent;
#[cfg(feature = "cli")]
pub mod explore;
pub mod perform;
pub mod played;
mod sequential;
