//! The calls of the wait family: as data, as functions, and as observations of poisoned buffers.

pub mod abi;
pub mod bare;
pub mod functions;
mod hostile;
pub mod library;
pub(crate) mod memory;
pub mod observe;
pub mod raw;
pub mod retained;
pub(crate) mod room;
