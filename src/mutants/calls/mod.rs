//! Mutants of the wait family.
//!
//! | module | what is broken |
//! |---|---|
//! | `arguments` | targets, options and pointers that are taken wrongly |
//! | `results` | what is returned and written |
//! | `changes` | stops, continues and peeks; what reports that are no exits carry |
//! | `sleeping` | when a call sleeps, what wakes it, what other threads and signals do meanwhile |
//! | `children` | kinds of children, and their relation to the caller and to others |
//! | `sigchld` | SIGCHLD, and waits that are built on it |
//! | `usage` | resource usage |
//! | `pidfd` | what pidfds refer to, and when they are readable |
//! | `effects` | side effects: on signals, descriptors, children and other threads |
//! | `caller` | what a call does to timers, signal stack, masks and `errno` of its caller |
//! | `combined` | two conditions at once |
//! | `aftermath` | state that a call leaves behind, and that misleads a later one |
//! | `corner_cases` | single values, calls and combinations of options |
//! | `intermittent` | bugs that show only occasionally |
//! | `inner`, `edit`, `signal_lines` | the correct calls, and what the tables use |

pub(crate) mod aftermath;
pub(crate) mod arguments;
pub(crate) mod caller;
pub(crate) mod changes;
pub(crate) mod children;
pub(crate) mod combined;
pub(crate) mod corner_cases;
pub(crate) mod edit;
pub(crate) mod effects;
pub(crate) mod inner;
pub(crate) mod intermittent;
pub(crate) mod pidfd;
pub(crate) mod results;
pub(crate) mod sigchld;
pub(crate) mod signal_lines;
pub(crate) mod sleeping;
pub(crate) mod usage;
