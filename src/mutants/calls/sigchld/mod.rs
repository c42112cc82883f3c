//! SIGCHLD, and waits that are built on it.
//!
//! | module | what is broken |
//! |---|---|
//! | `actions` | corner cases of SIGCHLD's action: SA_NOCLDWAIT without a handler and temporarily, ignored and blocked, clone children, and signals without an event |
//! | `generation` | SIGCHLD: when it is generated, what it carries, and what ignoring it means |
//! | `kinds` | SIGCHLD that is lost for some kinds of children, or after the first time, and values that it carries wrongly |
//! | `regardless` | waits that are built on SIGCHLD: what becomes of the signal decides what they find, and they take it out of the queue |

pub(crate) mod actions;
pub(crate) mod generation;
pub(crate) mod kinds;
pub(crate) mod regardless;
