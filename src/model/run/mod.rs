//! Performing histories on an agent, and judging them.

mod concurrent;
mod crossover;
mod executor;
#[cfg(feature = "cli")]
pub mod explore;
pub mod perform;
pub mod played;
#[cfg(feature = "cli")]
pub mod raw;
mod sequential;
