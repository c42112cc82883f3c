//! The safe wait API, used directly in the test process with forked children.
//!
//! The process is multi-threaded: after `fork` a child calls async-signal-safe functions only. Nothing sleeps to put
//! events in order: children wait for a byte on a pipe, and `waitid` with NOWAIT tells when they have changed. Every test
//! is serial, since some wait for any child.

#[path = "in_process/calls.rs"]
mod calls;
#[path = "in_process/child.rs"]
mod child;
#[path = "in_process/observe.rs"]
mod observe;
#[path = "in_process/timeouts.rs"]
mod timeouts;
