//! Text for people.

pub mod failure;
#[cfg(feature = "cli")]
pub mod progress;
#[cfg(feature = "cli")]
pub mod terminal;
