//! Utilities that invoke another utility: env, nice and the like, and a shell that runs a single command.

use crate::spec::clause::clauses;

clauses! {
    /// The exit status of a wrapper that has invoked a utility is that of the utility.
    WRAPPER_EXIT_STATUS: Must, "posix/wrapper/exit-status", "POSIX.1-2024 env, EXIT STATUS; nice, EXIT STATUS";
    /// If the utility cannot be found, the exit status of the wrapper is 127.
    WRAPPER_NOT_FOUND: Must, "posix/wrapper/not-found", "POSIX.1-2024 env, EXIT STATUS; XCU 2.8.2";
    /// If the utility is found but cannot be invoked, the exit status of the wrapper is 126.
    WRAPPER_NOT_EXECUTABLE: Must, "posix/wrapper/not-executable", "POSIX.1-2024 env, EXIT STATUS; XCU 2.8.2";
    /// If the utility cannot be invoked for any other reason, the exit status of the wrapper is 126 or 127.
    WRAPPER_NOT_INVOKED: Must, "posix/wrapper/not-invoked", "POSIX.1-2024 env, EXIT STATUS; XCU 2.8.2";
    /// If a signal kills the utility, a shell sees an exit status of the wrapper greater than 128: the wrapper is killed by the
    /// same signal, or exits with a code greater than 128.
    WRAPPER_SIGNAL: Must, "posix/wrapper/signal", "POSIX.1-2024 env, EXIT STATUS; XCU 2.8.2";
    /// A utility that stops and continues has no exit status yet: the wrapper exits when the utility terminates.
    WRAPPER_STOP_IS_NO_EXIT: Must, "posix/wrapper/stop-is-no-exit", "POSIX.1-2024 env, EXIT STATUS; XCU 2.8.2";
    /// Starting the wrapper with SIGCHLD blocked does not change its exit status.
    WRAPPER_SIGCHLD_BLOCKED: Must, "posix/wrapper/sigchld-blocked", "POSIX.1-2024 env, EXIT STATUS; nice, EXIT STATUS";
    /// How a wrapper that was started with SIGCHLD ignored behaves is unspecified: the statuses of its children may be
    /// discarded.
    WRAPPER_SIGCHLD_IGNORED: Implementation, "posix/wrapper/sigchld-ignored", "POSIX.1-2024 XSH 2.4.3, SIG_IGN";
    /// The real time that `time` prints is that from the start of the utility to its termination.
    TIME_REAL: Must, "posix/time/real", "POSIX.1-2024 time, STDERR";
    /// What `time` prints goes to standard error, and nothing to standard output.
    TIME_STDERR: Must, "posix/time/stderr", "POSIX.1-2024 time, STDOUT, STDERR";
    /// The user time that `time` prints is that of the utility and the descendants that it reaped.
    TIME_USER: Must, "posix/time/user", "POSIX.1-2024 time, STDERR";
    /// The system time that `time` prints is that of the utility and the descendants that it reaped.
    TIME_SYSTEM: Must, "posix/time/system", "POSIX.1-2024 time, STDERR";
}
