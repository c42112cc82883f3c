//! When a call sleeps, what wakes it, and what others do meanwhile.
//!
//! | module | what is broken |
//! |---|---|
//! | `asleep` | faults while a call sleeps: restarts by group and pidfd, options lost in a restart, SIGCHLD ignored in the meantime |
//! | `blocking` | calls that block when they must not, or do not block when they must; lost wake-ups |
//! | `interrupted` | signals that arrive during a call |
//! | `meanwhile` | a thread that sleeps in a wait, and what other threads do meanwhile |
//! | `nohang` | WNOHANG that blocks, misses children or writes too much |
//! | `polling` | waits that are late, or that poll instead of sleeping |
//! | `threads` | waiting in several threads, and multithreaded children |
//! | `waiters` | sleeping calls: which of several a change wakes, which one a signal interrupts, and what only they report |

pub(crate) mod asleep;
pub(crate) mod blocking;
pub(crate) mod interrupted;
pub(crate) mod meanwhile;
pub(crate) mod nohang;
pub(crate) mod polling;
pub(crate) mod threads;
pub(crate) mod waiters;
