//! The safe wait API, used directly in the test process with forked children.
//!
//! The process is multi-threaded: after `fork` a child calls async-signal-safe functions only. Nothing is ordered by
//! sleeping: children wait for a byte on a pipe, and `waitid` with NOWAIT returns when they have changed. All tests are
//! serial, because some wait for any child.

#[path = "in_process/calls.rs"]
mod calls;
#[path = "in_process/child.rs"]
mod child;
#[path = "in_process/observe.rs"]
mod observe;
#[path = "in_process/owned.rs"]
mod owned;
#[path = "in_process/timeouts.rs"]
mod timeouts;
