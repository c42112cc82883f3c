//! POSIX.1-2024: wait, waitpid, waitid, `<sys/wait.h>`, status information, `_Exit`, `sigaction`,
//! `getrusage`.
//!
//! Where the standard leaves a value open, the clause is implementation-defined: the value is recorded, never
//! judged.

mod lifecycle;
mod rusage;
mod sigchld;
mod status;
mod waitid;
mod waitpid;

pub use lifecycle::*;
pub use rusage::*;
pub use sigchld::*;
pub use status::*;
pub use waitid::*;
pub use waitpid::*;

use super::clause::Clause;

/// Every clause of this book, by theme.
pub static ALL: &[&[&Clause]] =
    &[waitpid::ALL, waitid::ALL, status::ALL, lifecycle::ALL, sigchld::ALL, rusage::ALL];
