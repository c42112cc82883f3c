//! Promises of programs that run a program.

use crate::spec::clause::clauses;

clauses! {
    /// Where the utility is killed by signal n, the program shows it as its documentation says: by the exit code 128 + n or
    /// another, or by dying of the same signal.
    WRAPPER_SIGNAL_CODE: Must, "promise/wrapper/signal-code", "the program's documentation";
    /// When the wrapper has exited, the process that it ran is gone: neither alive nor a zombie.
    WRAPPER_LEAVES_NOTHING: Must, "promise/wrapper/leaves-nothing", "the program's documentation";
    /// The exit code of the utility is shown by the one that the documentation gives for it.
    WRAPPER_EXIT_CODES: Must, "promise/wrapper/exit-codes", "the program's documentation";
    /// Where the utility cannot be found, the program exits with the code that its documentation gives.
    WRAPPER_CODE_NOT_FOUND: Must, "promise/wrapper/not-found", "the program's documentation";
    /// Where the utility cannot be invoked, the program exits with the code that its documentation gives.
    WRAPPER_CODE_NOT_EXECUTABLE: Must, "promise/wrapper/not-executable", "the program's documentation";
    /// A signal to the wrapper is passed on to the utility.
    WRAPPER_FORWARDS: Must, "promise/wrapper/forwards", "the program's documentation";
    /// The utility starts with SIGHUP ignored, and survives it.
    WRAPPER_IGNORES_HANGUP: Must, "promise/wrapper/ignores-hangup", "the program's documentation";
    /// A utility that takes too long is sent SIGTERM, and the wrapper exits with the code for that.
    TIMEOUT_EXPIRED: Must, "promise/timeout/expired", "the program's documentation";
    /// Where it is killed by SIGKILL instead, the wrapper exits with another code.
    TIMEOUT_KILLED: Must, "promise/timeout/killed", "the program's documentation";
    /// On request the wrapper exits with the status of the utility although it took too long.
    TIMEOUT_PRESERVES: Must, "promise/timeout/preserves", "the program's documentation";
}
