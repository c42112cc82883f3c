//! Reports for programs.

pub mod json;
pub mod junit;
pub mod read;
pub mod record;
#[cfg(feature = "schema")]
pub mod schema;
pub mod tap;
