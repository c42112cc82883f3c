//! Process control for driver, warden, agents and children: create, exec, pin, signal, measure and kill.
//!
//! Errors are the system's. Nothing here blocks, [`reap`] included.

pub mod cancel;
pub mod clone;
pub mod container;
mod control;
pub mod existence;
pub mod exit_watch;
pub mod gate;
mod handle;
pub mod namespace;
pub mod pidfd;
pub mod procdesc;
mod program;
pub mod ptrace;
pub mod raw;
pub mod reaper;
pub mod stamp;
pub mod workload;

pub use control::{
    Forked, Reaped, Who, allow_owner, die_with_parent, exec, exec_with, exit_now, exit_thread, fork, group,
    group_of, is_root, kill, kill_and_reap, may_dump_core, new_session, open_files, parent_pid, pause, pid,
    reap, session_of, set_subreaper, sleep_until_parent_ends, spawn, system_names, thread_count, thread_id,
    times, usage,
};
pub(crate) use control::{check, environ, last_errno};
pub use handle::{Handle, prove_descriptors};
pub use program::run_program;

#[cfg(test)]
pub(crate) mod tests;
