//! A run: its settings, the plan, the workers, and the events that reporters see.

pub mod event;
pub mod interrupt;
pub mod plan;
pub mod pool;
pub mod run;
pub mod select;
pub mod settings;
pub mod wardens;

pub(crate) mod command;
mod handshake;
mod opening;
mod orphan_reaper;
mod queue;
mod run_trial;
mod verdict;
mod worker;
