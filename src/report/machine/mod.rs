//! What programs read.

pub mod json;
pub mod junit;
pub mod read;
pub mod record;
pub mod tap;
