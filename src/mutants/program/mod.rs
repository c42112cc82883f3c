//! Mutants of the programs of this crate that run other programs.
//!
//! | module | what is broken |
//! |---|---|
//! | `inheriting` | programs whose command inherits something else than they do |
//! | `init` | inits and supervisors that are wrong |
//! | `reaping` | the ways in which some of them reap |
//! | `shell` | shells that are wrong |
//! | `timing` | programs that report wrong resource usage |
//! | `wrapper` | wrappers that pass on something wrong |

pub(crate) mod inheriting;
pub(crate) mod init;
mod reaping;
pub(crate) mod shell;
pub(crate) mod timing;
pub(crate) mod wrapper;
