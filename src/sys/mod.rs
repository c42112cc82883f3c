//! The operating system, and the only `unsafe` code of the crate.
//!
//! [`family`] names a call of the wait family and what it returned and wrote; the other files perform them and read
//! what the system tells about processes without any wait call.

pub mod any_number;
pub mod calls;
pub mod cause;
pub mod child_acts;
pub mod confine;
pub mod descriptors;
pub mod exit_watch;
pub mod family;
pub mod make;
mod memory;
pub mod observe;
pub mod pidfds;
pub mod process;
pub mod process_table;
pub mod processors;
pub mod signals;
pub mod terminal;
pub mod trace;
