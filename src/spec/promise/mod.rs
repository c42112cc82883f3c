//! What handles and programs promise, by theme.
//!
//! The standard does not bind libraries: such a clause is a must only for a subject that announces the promise, naming its
//! source. For any other subject the outcome is recorded.

mod handle;
mod init;
mod time;
mod wrapper;

pub use handle::*;
pub use init::*;
pub use time::*;
pub use wrapper::*;

use super::clause::Clause;

/// All clauses of this book, by theme.
pub static ALL: &[&[&Clause]] = &[handle::ALL, wrapper::ALL, time::ALL, init::ALL];
