//! Linux: its manuals (wait(2), wait4(2), pidfd_open(2), getrusage(2), clone(2), ptrace(2), prctl(2)) and
//! what the kernel has promised by long practice.

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

/// Every clause of this book, by theme.
pub static ALL: &[&[&Clause]] =
    &[wait::ALL, waitid::ALL, pidfd::ALL, rusage::ALL, threads::ALL, ptrace::ALL, adoption::ALL];
