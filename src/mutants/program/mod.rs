//! Mutants of the programs of this crate that run other programs.
//!
//! | module | what is broken |
//! |---|---|
//! | `init` | inits and supervisors that are wrong |
//! | `reaping` | the ways in which some of them reap |
//! | `shell` | shells that are wrong |
//! | `timing` | programs that report wrong resource usage |
//! | `wrapper` | wrappers that pass on something wrong |

pub(crate) mod init;
mod reaping;
pub(crate) mod shell;
pub(crate) mod timing;
pub(crate) mod wrapper;
