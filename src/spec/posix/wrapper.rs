//! Utilities that invoke a utility: env, nice and the like, and the shell that runs a single command.

use crate::spec::clause::clauses;

clauses! {
    /// The exit status of a wrapper that has invoked a utility is that of the utility.
    WRAPPER_EXIT_STATUS: Must, "posix/wrapper/exit-status", "POSIX.1-2024 env, EXIT STATUS; nice, EXIT STATUS";
    /// Where the utility cannot be found, the exit status of the wrapper is 127.
    WRAPPER_NOT_FOUND: Must, "posix/wrapper/not-found", "POSIX.1-2024 env, EXIT STATUS; XCU 2.8.2";
    /// Where the utility is found but cannot be invoked, the exit status of the wrapper is 126.
    WRAPPER_NOT_EXECUTABLE: Must, "posix/wrapper/not-executable", "POSIX.1-2024 env, EXIT STATUS; XCU 2.8.2";
    /// Where a signal kills the utility, the exit status of the wrapper is over 128 for a shell: the wrapper is killed by
    /// the same signal, or exits with a code over 128.
    WRAPPER_SIGNAL: Must, "posix/wrapper/signal", "POSIX.1-2024 env, EXIT STATUS; XCU 2.8.2";
    /// A utility that stops and continues has no exit status yet: the wrapper exits when the utility terminates.
    WRAPPER_STOP_IS_NO_EXIT: Must, "posix/wrapper/stop-is-no-exit", "POSIX.1-2024 env, EXIT STATUS; XCU 2.8.2";
    /// A SIGCHLD that was blocked when the wrapper started changes nothing: what the wrapper inherited does not alter its exit status.
    WRAPPER_SIGCHLD_BLOCKED: Must, "posix/wrapper/sigchld-blocked", "POSIX.1-2024 env, EXIT STATUS; nice, EXIT STATUS";
    /// What a wrapper makes of a SIGCHLD that was ignored when it started is open: the statuses of its children may be
    /// discarded.
    WRAPPER_SIGCHLD_IGNORED: Implementation, "posix/wrapper/sigchld-ignored", "POSIX.1-2024 XSH 2.4.3, SIG_IGN";
    /// The user time that `time` prints is that of the utility and the descendants that it reaped.
    TIME_USER: Must, "posix/time/user", "POSIX.1-2024 time, STDERR";
    /// The system time that `time` prints is that of the utility and the descendants that it reaped.
    TIME_SYSTEM: Must, "posix/time/system", "POSIX.1-2024 time, STDERR";
}
