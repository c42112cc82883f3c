//! Property tests: the encoding of statuses, all that is printed and read, WNOHANG polling, any-child reaping.
//!
//! Tests that fork are serial: some wait for any child of the process.

#[path = "properties/child.rs"]
mod child;
#[path = "properties/histories.rs"]
mod histories;
#[cfg(feature = "cli")]
#[path = "properties/laws.rs"]
mod laws;
#[path = "properties/status.rs"]
mod status;
#[cfg(feature = "cli")]
#[path = "properties/texts.rs"]
mod texts;
