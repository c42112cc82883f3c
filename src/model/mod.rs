//! The model: an executable specification of the wait family, and histories that are judged by it.
//!
//! A *history* is a list of operations on a few children: they are made, stop, continue, end, move between process groups,
//! and calls of the family are made. The [`oracle`] knows every state that the children may be in after each of them, and
//! so everything that a call may come back with; what comes back instead breaks a clause.
//!
//! | file | what it holds |
//! |---|---|
//! | [`op`] | the operations, and the script that a person reads |
//! | [`state`] | one state of the children, and what a call may come back with in it |
//! | [`oracle`] | the judge: sets of states, one step for each operation |
//! | [`detail`] | what a report has to hold besides who and what: words, siginfo, memory, usage |
//! | [`blame`] | which clause a wrong answer breaks |
//! | [`play`] | a history performed by an agent; `actor` is what is done to it, `crowd` calls of several threads |
//! | [`linearize`] | calls that are made at the same time: whether some order explains them |
//! | [`exhaustive`] | every history up to a length |
//! | [`emit_c`] | a history as a C program |
//! | [`trace`] | a history as a file |
//! | `generate`, `explore` | histories by chance, and many of them on all wardens (feature `cli`) |

pub mod emit_c;
pub mod exhaustive;
#[cfg(feature = "cli")]
pub mod generate;
pub mod linearize;
pub mod op;
pub mod oracle;
pub mod run;
pub mod state;
pub mod trace;
