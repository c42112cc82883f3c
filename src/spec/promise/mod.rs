//! What handles and programs promise, by theme.
//!
//! The standard binds no library: such a clause is a must only for a subject that announces the promise, with the source
//! that it names. For any other subject the outcome is recorded.

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
