//! Resource usage.
//!
//! | module | what is broken |
//! |---|---|
//! | `accounts` | usage that is wrong only in some situations: above a second, or after a busy child |
//! | `rusage` | resource usage: wrong fields, wrong units, accounted at the wrong time |

pub(crate) mod accounts;
pub(crate) mod rusage;
