//! Systems whose process table this crate cannot read: every question is answered with "not known".

use super::{Asleep, Process, State, Stop};
use rustix::io::Errno;

pub(super) const TABLE: &str = "none";
pub(super) const WAIT_SYSCALLS: &[i64] = &[];

pub(super) fn read(_: i32) -> Result<Option<Process>, Errno> {
    Err(Errno::NOSYS)
}

pub(super) fn all() -> Result<Vec<Process>, Errno> {
    Err(Errno::NOSYS)
}

pub(super) fn threads(_: i32) -> Vec<(i32, State)> {
    Vec::new()
}

pub(super) fn stop_of(_: i32) -> Stop {
    Stop::No
}

pub(super) fn syscall_of(_: i32, _: i32) -> Option<i64> {
    None
}

pub(super) fn asleep(_: i32, _: i32) -> Asleep {
    Asleep::Unknown
}

pub(super) fn blocked_method(_: i32) -> &'static str {
    "none"
}
