//! The operating system, and the only `unsafe` code of the crate.
//!
//! [`call::abi`] names a call of the wait family and what it returned and wrote; the other files perform them and read
//! what the system tells about processes without any wait call.

pub mod call;
pub mod cpu;
pub mod descriptors;
pub mod fault;
mod platform;
pub mod process;
pub mod process_table;
pub mod sandbox;
pub mod signal;
pub mod terminal;
