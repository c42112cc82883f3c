//! Targets, options and pointers that are taken wrongly.
//!
//! | module | what is broken |
//! |---|---|
//! | `by_target` | faults that affect only waits by group, pid or pidfd, and not waits for any child |
//! | `in_combination` | arguments that only together are taken wrongly: null pointers with options and targets, descriptors with bad options, single events with one kind of target |
//! | `options` | options that are ignored, implied or confused |
//! | `pointers` | null and invalid pointers, and arguments that select no process |
//! | `some_ways` | what only some ways to find a child get wrong: values in the report, several kinds of events at once, peeks by one way and calls by another |
//! | `targets` | the wrong child: targets mistaken for others |

pub(crate) mod by_target;
pub(crate) mod in_combination;
pub(crate) mod options;
pub(crate) mod pointers;
pub(crate) mod some_ways;
pub(crate) mod targets;
