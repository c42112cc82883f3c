//! Property tests: the encoding of statuses, WNOHANG polling, any-child reaping.
//!
//! Tests that fork are serial: some wait for any child of the process.

#[path = "properties/child.rs"]
mod child;
#[path = "properties/histories.rs"]
mod histories;
#[path = "properties/status.rs"]
mod status;
