//! Whatever a run meets or is done to it: it ends in bounded time with the exit code that it should, says why, and leaves
//! no process and no file behind.
//!
//! What a machine lacks (strace, another user, namespaces) is said on standard error, and the test is not made.
#![cfg(feature = "cli")]

#[path = "surroundings/bad_input.rs"]
mod bad_input;
#[path = "surroundings/hostile.rs"]
mod hostile;
#[path = "surroundings/killed.rs"]
mod killed;
#[path = "surroundings/lists.rs"]
mod lists;
#[path = "surroundings/lying.rs"]
mod lying;
#[path = "surroundings/run.rs"]
mod run;
#[path = "surroundings/skips.rs"]
mod skips;
#[path = "surroundings/tools.rs"]
mod tools;
