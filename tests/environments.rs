//! A run in any environment: it terminates in bounded time with the right exit code and reason, and leaves no process and no file
//! behind.
//!
//! If the machine lacks something (strace, another user, namespaces), a message on standard error says so, and the test is
//! skipped.
#![cfg(feature = "cli")]

#[path = "environments/ahead.rs"]
mod ahead;
#[path = "environments/bad_input.rs"]
mod bad_input;
#[path = "environments/fault_injection.rs"]
mod fault_injection;
#[path = "environments/hostile.rs"]
mod hostile;
#[path = "environments/killed.rs"]
mod killed;
#[path = "common/kit.rs"]
mod kit;
#[path = "environments/lacking.rs"]
mod lacking;
#[path = "common/poll.rs"]
mod poll;
#[path = "environments/run.rs"]
mod run;
#[path = "common/skip.rs"]
mod skip;
#[path = "environments/skip_lists.rs"]
mod skip_lists;
#[path = "environments/skips.rs"]
mod skips;
#[path = "environments/tools.rs"]
mod tools;
