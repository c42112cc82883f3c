//! POSIX.1-2024: wait, waitpid, waitid, `<sys/wait.h>`, status information, `_Exit`, `sigaction`,
//! `getrusage`, utilities that invoke other utilities, the shell.
//!
//! A clause about behaviour that the standard leaves open is implementation-defined: the result is recorded,
//! never judged.

mod lifecycle;
mod rusage;
mod shell;
mod sigchld;
mod status;
mod waitid;
mod waitpid;
mod wrapper;

pub use lifecycle::*;
pub use rusage::*;
pub use shell::*;
pub use sigchld::*;
pub use status::*;
pub use waitid::*;
pub use waitpid::*;
pub use wrapper::*;

use super::clause::Clause;

/// All clauses of this book, by theme.
pub static ALL: &[&[&Clause]] = &[
    waitpid::ALL,
    waitid::ALL,
    status::ALL,
    lifecycle::ALL,
    sigchld::ALL,
    rusage::ALL,
    wrapper::ALL,
    shell::ALL,
];
