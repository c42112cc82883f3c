//! The driver's end of the stream to a warden.

pub(crate) mod child_lines;
pub(crate) mod connection;
pub(crate) mod framed;
pub(crate) mod frames;
pub(crate) mod incoming;
pub(crate) mod outstanding;
pub(crate) mod stream;

pub use self::connection::{Link, LinkError, Message};
