//! Shells: statuses, `wait`, traps and job control.

use crate::spec::clause::clauses;

clauses! {
    /// `$?` after a command is its exit status, each of 0 to 255, and a script that ends has that of its last command.
    SHELL_EXIT_STATUS: Must, "posix/shell/exit-status", "POSIX.1-2024 XCU 2.8.2; POSIX.1-2017 XCU 2.8.2";
    /// `$?` is over 128 after a command that a signal killed.
    SHELL_SIGNAL_OVER_128: Must, "posix/shell/signal-over-128", "POSIX.1-2024 XCU 2.8.2; POSIX.1-2017 XCU 2.8.2";
    /// `kill -l` with a `$?` over 128 gives the name of the signal.
    SHELL_KILL_L: Must, "posix/shell/kill-l", "POSIX.1-2024 kill, OPERANDS; POSIX.1-2017 kill, OPERANDS";
    /// `$?` is 127 for a command that is not found.
    SHELL_NOT_FOUND: Must, "posix/shell/not-found", "POSIX.1-2024 XCU 2.8.2; POSIX.1-2017 XCU 2.8.2";
    /// `$?` is 126 for a command that is found and is not an executable utility.
    SHELL_NOT_EXECUTABLE: Must, "posix/shell/not-executable", "POSIX.1-2024 XCU 2.8.2; POSIX.1-2017 XCU 2.8.2";
    /// `wait PID` waits until that command has terminated, and has its exit status.
    SHELL_WAIT_PID: Must, "posix/shell/wait-pid", "POSIX.1-2024 wait, DESCRIPTION; POSIX.1-2017 wait, DESCRIPTION";
    /// `wait PID` of a process that the shell does not know exits with 127.
    SHELL_WAIT_UNKNOWN: Must, "posix/shell/wait-unknown", "POSIX.1-2024 wait, DESCRIPTION; POSIX.1-2017 wait, DESCRIPTION";
    /// `wait` without operands waits for all commands, and exits with 0.
    SHELL_WAIT_ALL: Must, "posix/shell/wait-all", "POSIX.1-2024 wait, DESCRIPTION; POSIX.1-2017 wait, DESCRIPTION";
    /// `wait` with several operands has the status of the last one.
    SHELL_WAIT_SEVERAL: Must, "posix/shell/wait-several", "POSIX.1-2024 wait, EXIT STATUS; POSIX.1-2017 wait, EXIT STATUS";
    /// `$!` of a pipeline is its last command: `wait $!` has the exit status of the pipeline.
    SHELL_WAIT_PIPELINE: Must, "posix/shell/wait-pipeline", "POSIX.1-2024 XCU 2.5.2; POSIX.1-2017 XCU 2.5.2";
    /// A signal that has a trap ends a wait at once, which exits with over 128 although the command lives.
    SHELL_WAIT_TRAP: Must, "posix/shell/wait-trap", "POSIX.1-2024 XCU 2.12; POSIX.1-2017 XCU 2.11";
    /// A signal that is ignored by an empty trap does not end a wait.
    SHELL_WAIT_IGNORED: Must, "posix/shell/wait-ignored", "POSIX.1-2024 XCU 2.15 trap; POSIX.1-2017 XCU 2.14 trap";
    /// Right after that wait, the trap is executed.
    SHELL_RUNS_TRAP: Must, "posix/shell/runs-trap", "POSIX.1-2024 XCU 2.12; POSIX.1-2017 XCU 2.11";
    /// After that, a second wait has the status of the command.
    SHELL_WAIT_AGAIN: Must, "posix/shell/wait-again", "POSIX.1-2024 XCU 2.9.3.1; POSIX.1-2017 XCU 2.9.3.1";
    /// The statuses of at least _POSIX_CHILD_MAX (25) commands in the background are remembered.
    SHELL_REMEMBERS: Must, "posix/shell/remembers", "POSIX.1-2024 XCU 2.9.3.1; POSIX.1-2017 XCU 2.9.3.1";
    /// How many more are remembered is open.
    SHELL_REMEMBERS_MORE: Implementation, "posix/shell/remembers-more", "POSIX.1-2024 XCU 2.9.3.1; POSIX.1-2017 XCU 2.9.3.1";
    /// The exit status of a pipeline is that of its last command.
    SHELL_PIPELINE: Must, "posix/shell/pipeline", "POSIX.1-2024 XCU 2.9.2; POSIX.1-2017 XCU 2.9.2";
    /// With the option `pipefail`, it is that of the last command that failed.
    SHELL_PIPEFAIL: Must, "posix/shell/pipefail", "POSIX.1-2024 XCU 2.9.2; not in POSIX.1-2017";
    /// A command that stops and continues has not terminated: `wait PID` waits on.
    SHELL_STOP_IS_NO_EXIT: Must, "posix/shell/stop-is-no-exit", "POSIX.1-2024 wait, DESCRIPTION; POSIX.1-2017 wait, DESCRIPTION";
    /// With job control, `jobs` shows a job that has stopped as stopped or suspended.
    SHELL_JOBS_STOPPED: Must, "posix/shell/jobs-stopped", "POSIX.1-2024 jobs, STDOUT; POSIX.1-2017 jobs, STDOUT";
    /// With job control, a foreground command that stops gives the shell back, with `$?` over 128.
    SHELL_FOREGROUND_STOP: Must, "posix/shell/foreground-stop", "POSIX.1-2024 XCU 2.11; POSIX.1-2017 XCU 2.9.3.1, set -m";
    /// `bg` continues a stopped job, and does not wait for it.
    SHELL_BG: Must, "posix/shell/bg", "POSIX.1-2024 bg, DESCRIPTION; POSIX.1-2017 bg, DESCRIPTION";
    /// `fg` continues a job, waits for it, and has its exit status.
    SHELL_FG: Must, "posix/shell/fg", "POSIX.1-2024 fg, DESCRIPTION; POSIX.1-2017 fg, DESCRIPTION";
    /// What a second `wait PID` has for a command that was waited for is open.
    SHELL_WAIT_TWICE: Implementation, "posix/shell/wait-twice", "POSIX.1-2024 wait, DESCRIPTION; POSIX.1-2017 wait, DESCRIPTION";
    /// Whether a trap on CHLD ends a wait is open.
    SHELL_CHLD_TRAP: Implementation, "posix/shell/chld-trap", "POSIX.1-2024 wait, RATIONALE";
    /// `wait -n` and `wait -p` are extensions.
    SHELL_WAIT_OPTIONS: Implementation, "posix/shell/wait-options", "POSIX.1-2024 wait, OPTIONS: none";
}
