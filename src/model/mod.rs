//! The model: an executable specification of the wait family, and histories judged by it.
//!
//! A *history* is a list of operations on a few children: they are created, stop, continue, exit and move between process
//! groups, and wait calls are made. The [`oracle`] tracks every state the children may be in after each operation, and
//! so every result a call may return; any other result violates a clause.
//!
//! | module | contents |
//! |---|---|
//! | [`op`] | the operations |
//! | [`script`] | their notation |
//! | [`state`] | one state of the children, and the results a call may return in it |
//! | [`oracle`] | the judge: sets of states, one step per operation; which clause a wrong result violates |
//! | `run` | performs histories on an agent, sequentially or concurrently; `explore` on all wardens (feature `cli`) |
//! | [`linearize`] | concurrent calls: whether some sequential order explains them |
//! | [`exhaustive`] | every history up to a length |
//! | [`emit_c`] | a history as a C program |
//! | [`trace`] | a history as a file |
//! | [`raw`] | calls with hostile arguments, and what Linux must return |
//! | `generate` | randomized histories (feature `cli`) |

pub mod chance;
pub mod emit_c;
pub mod exhaustive;
pub mod generate;
pub mod linearize;
pub mod op;
pub mod oracle;
pub mod raw;
pub mod run;
pub mod script;
pub mod state;
pub mod trace;
