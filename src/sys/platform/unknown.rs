//! Systems whose process table this crate cannot read: everything is unknown.

use crate::sys::process_table::state::{Asleep, Process, State, StopState};
use rustix::io::Errno;

pub(crate) const TABLE: &str = "none";
pub(crate) const WAIT_SYSCALLS: &[i64] = &[];

pub(crate) fn read(_: i32) -> Result<Option<Process>, Errno> {
    Err(Errno::NOSYS)
}

pub(crate) fn all() -> Result<Vec<Process>, Errno> {
    Err(Errno::NOSYS)
}

pub(crate) fn threads(_: i32) -> Vec<(i32, State)> {
    Vec::new()
}

pub(crate) fn stop_of(_: i32) -> StopState {
    StopState::No
}

pub(crate) fn syscall_of(_: i32, _: i32) -> Option<i64> {
    None
}

pub(crate) fn asleep(_: i32, _: i32) -> Asleep {
    Asleep::Unknown
}

pub(crate) fn blocked_method(_: i32) -> &'static str {
    "none"
}
