//! Process control for driver, warden, agents and children: create, exec, pin, signal, measure and kill.
//!
//! Errors are the system's. Nothing here blocks, [`reap`] included.

mod account;
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

pub use account::{Who, allow_owner, is_root, may_dump_core, open_files, system_names, times, usage};
pub use control::{
    Forked, Reaped, die_with_parent, exec, exec_with, exit_now, exit_thread, fork, group, group_of, kill,
    kill_and_reap, new_session, parent_pid, pause, pid, reap, session_of, set_subreaper,
    sleep_until_parent_ends, spawn, thread_count, thread_id,
};
pub(crate) use control::{check, environ, last_errno};
pub use handle::{Handle, prove_descriptors};
pub use program::run_program;

#[cfg(test)]
pub(crate) mod tests;
