//! Kinds of children, and their relation to the caller and to other processes.
//!
//! | module | what is broken |
//! |---|---|
//! | `adopted` | adopted children, and processes that have stopped adopting |
//! | `bystanders` | faults that affect only some children (spawned, of another session or user, after an exec, with others around), some ways to reap them, or the call after a peek |
//! | `crowd` | children beyond the first 64 that live at once |
//! | `every_kind` | kinds of children, numbers and options that only some calls get wrong |
//! | `existence` | calls outside the wait family: those that take a pid and do not find an existing process, and a clone3 that creates the wrong kind of child |
//! | `kinds` | faults that affect only some kinds of children and some combinations of options: clone children, those of other threads, threads of a child, `__WALL` with everything else |
//! | `once_traced` | children that another process has traced, or that are init of a PID namespace: what is reported of them |
//! | `tracees` | children that another process traces, and that are lost to their parent |

pub(crate) mod adopted;
pub(crate) mod bystanders;
pub(crate) mod crowd;
pub(crate) mod every_kind;
pub(crate) mod existence;
pub(crate) mod kinds;
pub(crate) mod once_traced;
pub(crate) mod tracees;
