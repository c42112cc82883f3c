//! What driver, warden, agents and children do with processes: make, replace, pin, signal, measure and end them.
//!
//! Errors are the system's own. No function here waits for anything, [`reap`] included.

pub mod clone;
mod control;
pub mod exit_watch;
mod handle;
pub mod pidfd;
pub mod ptrace;
pub mod raw;
pub mod workload;

pub use control::{
    Forked, Reaped, Who, die_with_parent, exec, exec_with, exit_now, exit_thread, fork, group, kill,
    kill_and_reap, parent_pid, pause, pid, reap, session_of, set_subreaper, spawn, thread_count, thread_id,
    times, usage,
};
pub(crate) use control::{check, environ, last_errno};
pub use handle::{Handle, prove_descriptors};

#[cfg(test)]
pub(crate) mod tests;
