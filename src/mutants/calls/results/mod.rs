//! What a call returns and writes.
//!
//! | module | what is broken |
//! |---|---|
//! | `buffers` | buffers that only some results, and only some ways to find a child, get wrong |
//! | `decode` | macros that misread status words that no child of a case produces |
//! | `info` | the fields of a siginfo |
//! | `memory` | memory that is written when it must not be, or not written when it must be |
//! | `returns` | wrong return values and errors; children reaped twice or not at all |
//! | `status` | status words of exits and deaths by signal, and the macros that decode them |
//! | `users` | which uid a siginfo carries when a child has changed its own |
//! | `wrong_fields` | single wrong fields of siginfo, usage and SIGCHLD records, written without the catalogue |

pub(crate) mod buffers;
pub(crate) mod decode;
pub(crate) mod info;
pub(crate) mod memory;
pub(crate) mod returns;
pub(crate) mod status;
pub(crate) mod users;
pub(crate) mod wrong_fields;
