//! What only `waitid` has: siginfo, `WNOWAIT`, and its pointer arguments; and what buffers hold.

use crate::trial::Case;

pub(crate) mod buffers;
pub(crate) mod fields;
pub(crate) mod late_write;
pub(crate) mod nowait;
pub(crate) mod null_pointers;
pub(crate) mod peeked;
pub(crate) mod pointers;
pub(crate) mod siginfo;
pub(crate) mod unwritten;

/// Every case on this topic.
pub(crate) const THEMES: &[&[Case]] = &[
    buffers::CASES,
    fields::CASES,
    late_write::CASES,
    nowait::CASES,
    null_pointers::CASES,
    pointers::CASES,
    unwritten::CASES,
    siginfo::CASES,
    peeked::CASES,
];
