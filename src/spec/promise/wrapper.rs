//! Promises of programs that run a program.

use crate::spec::clause::clauses;

clauses! {
    /// Where the utility is killed by signal n, the wrapper exits with 128 + n.
    WRAPPER_SIGNAL_CODE: Must, "promise/wrapper/signal-code", "the program's documentation";
    /// When the wrapper has exited, the process that it ran is gone: neither alive nor a zombie.
    WRAPPER_LEAVES_NOTHING: Must, "promise/wrapper/leaves-nothing", "the program's documentation";
}
