//! What people read.

pub mod failure;
pub mod progress;
pub mod terminal;
