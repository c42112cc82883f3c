//! Text for people.

pub mod failure;
pub mod lines;
#[cfg(feature = "cli")]
pub mod progress;
#[cfg(feature = "cli")]
pub mod terminal;
