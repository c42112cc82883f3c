//! The operating system, and all `unsafe` code of the crate.
//!
//! [`call::abi`] describes a wait call and what it returned and wrote; the other modules make the calls, and observe
//! processes without any wait call.

pub mod call;
pub mod caller;
pub mod cpu;
pub mod descriptors;
pub mod fault;
pub mod free_name;
pub mod makeshift;
mod platform;
pub mod process;
pub mod process_table;
pub mod sandbox;
pub mod signal;
#[cfg(all(feature = "cli", any(target_os = "linux", target_os = "android")))]
pub mod startup;
pub mod terminal;
