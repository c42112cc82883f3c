//! What handles and programs promise, by theme.
//!
//! The standard binds no library: such a clause is a must only for a subject that announces the promise, with the source
//! that it names. For any other subject the outcome is recorded.

mod handle;
mod wrapper;

pub use handle::*;
pub use wrapper::*;

use super::clause::Clause;

/// All clauses of this book, by theme.
pub static ALL: &[&[&Clause]] = &[handle::ALL, wrapper::ALL];
