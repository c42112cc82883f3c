//! Stops, continues and peeks, and what reports that are no exits carry.
//!
//! | module | what is broken |
//! |---|---|
//! | `events` | stops and continues: lost, duplicated, out of order, mistaken for something else |
//! | `peeks` | WNOWAIT: peeks that reap, and calls that fail to reap after a peek |
//! | `reports` | reports other than exits with unfilled usage, and reports written to the buffers of earlier calls |

pub(crate) mod events;
pub(crate) mod peeks;
pub(crate) mod reports;
