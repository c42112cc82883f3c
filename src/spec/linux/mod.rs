//! Linux: the manuals (wait(2), wait4(2), pidfd_open(2), getrusage(2), clone(2), ptrace(2), prctl(2)) and
//! long-standing kernel behaviour.

mod adoption;
mod pidfd;
mod ptrace;
mod rusage;
mod threads;
mod wait;
mod waitid;

pub use adoption::*;
pub use pidfd::*;
pub use ptrace::*;
pub use rusage::*;
pub use threads::*;
pub use wait::*;
pub use waitid::*;

use super::clause::Clause;

/// All clauses of this book, by theme.
pub static ALL: &[&[&Clause]] =
    &[wait::ALL, waitid::ALL, pidfd::ALL, rusage::ALL, threads::ALL, ptrace::ALL, adoption::ALL];
