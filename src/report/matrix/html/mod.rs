//! The matrix as one page: no network, light and dark, for wide screens, phones, keyboards and screen readers.
//!
//! The document is complete before any script runs: it uses tables, and native disclosure elements for what expands.
//! The script only searches, filters and copies.

mod cases;
mod clauses;
mod page;
mod parts;
mod subjects;
mod values;

pub use page::page;
