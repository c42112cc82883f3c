//! Performing histories on an agent, and judging them.

mod concurrent;
mod crossover;
mod executor;
pub mod explore;
pub mod perform;
pub mod played;
pub mod raw;
mod sequential;
