//! Mutants of the process handle of this crate.
//!
//! | module | what is broken |
//! |---|---|
//! | `faults` | the faulty behaviour of the mutants of this crate's own handle |
//! | `others` | process handles that break a promise about other children, dropped handles, signals and programs |
//! | `promises` | process handles that break a promise |
//! | `spawning` | process handles that create children with something changed, or leave something behind |
//! | `waits` | process handles whose waits look at something else than the child, and results that are another child's |
//! | `ways` | process handles that are wrong for one way of asking for the result, or for one way of waiting elsewhere |

pub(crate) mod faults;
pub(crate) mod others;
pub(crate) mod promises;
pub(crate) mod spawning;
pub(crate) mod waits;
pub(crate) mod ways;
