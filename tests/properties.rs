//! Property-based tests: status words, everything that is printed and parsed, polling with WNOHANG, reaping any child.
//!
//! Tests that fork are serial, because some wait for any child.

#[path = "properties/child.rs"]
mod child;
#[path = "properties/histories.rs"]
mod histories;
#[cfg(feature = "cli")]
#[path = "properties/invariants.rs"]
mod invariants;
#[cfg(feature = "cli")]
#[path = "properties/parsing.rs"]
mod parsing;
#[path = "properties/status.rs"]
mod status;
