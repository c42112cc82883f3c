//! Text for people.

pub mod failure;
pub mod progress;
pub mod terminal;
