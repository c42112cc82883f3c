//! Arguments of requests.

use super::{Agent, lock};
use crate::protocol::Line;
use crate::protocol::line::FieldError;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Keeps a descriptor until `close`, and gives its number.
pub(super) fn keep(agent: &Agent, fd: OwnedFd) -> RawFd {
    let number = fd.as_raw_fd();
    lock(&agent.descriptors).insert(number, fd);
    number
}

/// The value of a key as a C int.
pub(super) fn int(line: &Line, key: &'static str) -> Result<i32, FieldError> {
    let number = line.number(key)?;
    i32::try_from(number).map_err(|_| FieldError::Bad(key, number.to_string()))
}
