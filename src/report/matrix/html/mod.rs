//! The matrix as one page: no network, light and dark, for a wide screen, a telephone, a keyboard and a screen reader.
//!
//! Everything is in the document before any script runs: tables, and native disclosure elements for what expands.
//! The script only searches, filters and copies.

mod cases;
mod clauses;
mod page;
mod parts;
mod subjects;
mod values;

pub use page::page;
