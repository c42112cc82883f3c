//! Shells: statuses, `wait`, traps and job control.

use crate::spec::clause::clauses;

clauses! {
    /// `$?` after a command is its exit status, for every value from 0 to 255, and a script exits with that of its last command.
    SHELL_EXIT_STATUS: Must, "posix/shell/exit-status", "POSIX.1-2024 XCU 2.8.2; POSIX.1-2017 XCU 2.8.2";
    /// `$?` is greater than 128 after a command was killed by a signal.
    SHELL_SIGNAL_OVER_128: Must, "posix/shell/signal-over-128", "POSIX.1-2024 XCU 2.8.2; POSIX.1-2017 XCU 2.8.2";
    /// `kill -l` with a `$?` greater than 128 prints the name of the signal.
    SHELL_KILL_L: Must, "posix/shell/kill-l", "POSIX.1-2024 kill, OPERANDS; POSIX.1-2017 kill, OPERANDS";
    /// `$?` is 0 after a command was started in the background.
    SHELL_BACKGROUND_STATUS: Must, "posix/shell/background-status", "POSIX.1-2024 XCU 2.9.3.1; POSIX.1-2017 XCU 2.9.3";
    /// `$?` of a subshell is that of the last command in it.
    SHELL_SUBSHELL: Must, "posix/shell/subshell", "POSIX.1-2024 XCU 2.9.4.1; POSIX.1-2017 XCU 2.9.4.1";
    /// Without job control, a command in the background starts with SIGINT and SIGQUIT ignored.
    SHELL_BACKGROUND_IGNORES: Must, "posix/shell/background-ignores", "POSIX.1-2024 XCU 2.12; POSIX.1-2017 XCU 2.11";
    /// A command starts with the signals ignored that the shell was started with or ignores by a trap, and with the default action
    /// of those that have any other trap.
    SHELL_COMMAND_SIGNALS: Must, "posix/shell/command-signals", "POSIX.1-2024 XCU 2.12; POSIX.1-2017 XCU 2.11";
    /// A command inherits the working directory, the umask, the exported variables and what was redirected for it, as the shell has
    /// them at that time, and no other variable or descriptor; what a subshell changes of these, the shell keeps as it was.
    SHELL_COMMAND_ENVIRONMENT: Must, "posix/shell/command-environment", "POSIX.1-2024 XCU 2.13; POSIX.1-2017 XCU 2.12";
    /// `$?` of a command that is only an assignment is that of the command substitution in it.
    SHELL_SUBSTITUTION: Must, "posix/shell/substitution", "POSIX.1-2024 XCU 2.9.1; POSIX.1-2017 XCU 2.9.1";
    /// `$?` of a pipeline after `!` is 1 if it is 0 without that, and otherwise 0.
    SHELL_NOT: Must, "posix/shell/not", "POSIX.1-2024 XCU 2.9.2; POSIX.1-2017 XCU 2.9.2";
    /// With `set -e`, the shell exits once a command has failed, with the status of that.
    SHELL_ERREXIT: Must, "posix/shell/errexit", "POSIX.1-2024 XCU 2.15 set; POSIX.1-2017 XCU 2.14 set";
    /// A trap on EXIT is executed with `$?` being the exit status of the shell, which it does not change.
    SHELL_EXIT_TRAP: Must, "posix/shell/exit-trap", "POSIX.1-2024 XCU 2.15 trap, exit; POSIX.1-2017 XCU 2.14 trap, exit";
    /// A signal that was ignored when a shell without a terminal was started stays ignored: a trap for it has no effect.
    SHELL_IGNORED_AT_START: Must, "posix/shell/ignored-at-start", "POSIX.1-2024 XCU 2.15 trap; POSIX.1-2017 XCU 2.14 trap";
    /// `exit` without an operand in a trap exits with the status of the command before the trap.
    SHELL_EXIT_IN_TRAP: Must, "posix/shell/exit-in-trap", "POSIX.1-2024 XCU 2.15 exit; POSIX.1-2017 XCU 2.14 exit";
    /// `$?` is 127 for a command that is not found.
    SHELL_NOT_FOUND: Must, "posix/shell/not-found", "POSIX.1-2024 XCU 2.8.2; POSIX.1-2017 XCU 2.8.2";
    /// `$?` is 126 for a command that is found but is not an executable utility.
    SHELL_NOT_EXECUTABLE: Must, "posix/shell/not-executable", "POSIX.1-2024 XCU 2.8.2; POSIX.1-2017 XCU 2.8.2";
    /// `$?` is 126 or 127 for a command that cannot be executed for any other reason.
    SHELL_NOT_RUN: Must, "posix/shell/not-run", "POSIX.1-2024 XCU 2.8.2; POSIX.1-2017 XCU 2.8.2";
    /// In a subshell a signal that has a trap in the shell outside of it has its default action.
    SHELL_SUBSHELL_TRAPS: Must, "posix/shell/subshell-traps", "POSIX.1-2024 XCU 2.13; POSIX.1-2017 XCU 2.12";
    /// `wait PID` waits until that command has terminated, and returns its exit status.
    SHELL_WAIT_PID: Must, "posix/shell/wait-pid", "POSIX.1-2024 wait, DESCRIPTION; POSIX.1-2017 wait, DESCRIPTION";
    /// `wait PID` for a process that the shell does not know returns 127.
    SHELL_WAIT_UNKNOWN: Must, "posix/shell/wait-unknown", "POSIX.1-2024 wait, DESCRIPTION; POSIX.1-2017 wait, DESCRIPTION";
    /// With job control, `wait %N` waits for the job of that number, and returns its exit status.
    SHELL_WAIT_JOB: Must, "posix/shell/wait-job", "POSIX.1-2024 wait, OPERANDS; POSIX.1-2017 wait, OPERANDS";
    /// `wait` without operands waits for all commands, and returns 0.
    SHELL_WAIT_ALL: Must, "posix/shell/wait-all", "POSIX.1-2024 wait, DESCRIPTION; POSIX.1-2017 wait, DESCRIPTION";
    /// `wait` with several operands returns the status of the last one.
    SHELL_WAIT_SEVERAL: Must, "posix/shell/wait-several", "POSIX.1-2024 wait, EXIT STATUS; POSIX.1-2017 wait, EXIT STATUS";
    /// `$!` of a pipeline is its last command: `wait $!` returns the exit status of the pipeline.
    SHELL_WAIT_PIPELINE: Must, "posix/shell/wait-pipeline", "POSIX.1-2024 XCU 2.5.2; POSIX.1-2017 XCU 2.5.2";
    /// A signal with a trap interrupts `wait`, which returns immediately with a status greater than 128 although the command is alive.
    SHELL_WAIT_TRAP: Must, "posix/shell/wait-trap", "POSIX.1-2024 XCU 2.12; POSIX.1-2017 XCU 2.11";
    /// A signal ignored by an empty trap does not interrupt `wait`.
    SHELL_WAIT_IGNORED: Must, "posix/shell/wait-ignored", "POSIX.1-2024 XCU 2.15 trap; POSIX.1-2017 XCU 2.14 trap";
    /// Right after the interrupted `wait`, the trap is executed.
    SHELL_RUNS_TRAP: Must, "posix/shell/runs-trap", "POSIX.1-2024 XCU 2.12; POSIX.1-2017 XCU 2.11";
    /// A signal that has a trap does not end the wait for a foreground command: the trap is executed once that has terminated, and
    /// before the next command.
    SHELL_TRAP_DEFERRED: Must, "posix/shell/trap-deferred", "POSIX.1-2024 XCU 2.12; POSIX.1-2017 XCU 2.11";
    /// After an interrupted `wait`, a second one returns the status of the command.
    SHELL_WAIT_AGAIN: Must, "posix/shell/wait-again", "POSIX.1-2024 XCU 2.9.3.1; POSIX.1-2017 XCU 2.9.3.1";
    /// The statuses of at least _POSIX_CHILD_MAX (25) background commands are remembered.
    SHELL_REMEMBERS: Must, "posix/shell/remembers", "POSIX.1-2024 XCU 2.9.3.1; POSIX.1-2017 XCU 2.9.3.1";
    /// Whether the statuses of more background commands than that are remembered is unspecified.
    SHELL_REMEMBERS_MORE: Implementation, "posix/shell/remembers-more", "POSIX.1-2024 XCU 2.9.3.1; POSIX.1-2017 XCU 2.9.3.1";
    /// The exit status of a pipeline is that of its last command.
    SHELL_PIPELINE: Must, "posix/shell/pipeline", "POSIX.1-2024 XCU 2.9.2; POSIX.1-2017 XCU 2.9.2";
    /// With the option `pipefail`, the exit status of a pipeline is that of the last command that failed.
    SHELL_PIPEFAIL: Must, "posix/shell/pipefail", "POSIX.1-2024 XCU 2.9.2; not in POSIX.1-2017";
    /// A command that stops and continues has not terminated: `wait PID` keeps waiting.
    SHELL_STOP_IS_NO_EXIT: Must, "posix/shell/stop-is-no-exit", "POSIX.1-2024 wait, DESCRIPTION; POSIX.1-2017 wait, DESCRIPTION";
    /// With job control, `jobs` shows a job that has stopped as stopped or suspended.
    SHELL_JOBS_STOPPED: Must, "posix/shell/jobs-stopped", "POSIX.1-2024 jobs, STDOUT; POSIX.1-2017 jobs, STDOUT";
    /// With job control, when a foreground command stops, the shell resumes, with `$?` greater than 128.
    SHELL_FOREGROUND_STOP: Must, "posix/shell/foreground-stop", "POSIX.1-2024 XCU 2.11; POSIX.1-2017 XCU 2.9.3.1, set -m";
    /// `bg` continues a stopped job without waiting for it.
    SHELL_BG: Must, "posix/shell/bg", "POSIX.1-2024 bg, DESCRIPTION; POSIX.1-2017 bg, DESCRIPTION";
    /// `fg` continues a job, waits for it, and returns its exit status (POSIX.1-2017: 0).
    SHELL_FG: Must, "posix/shell/fg", "POSIX.1-2024 fg, DESCRIPTION and EXIT STATUS; POSIX.1-2017 the same";
    /// What a second `wait PID` for the same command returns is unspecified.
    SHELL_WAIT_TWICE: Implementation, "posix/shell/wait-twice", "POSIX.1-2024 wait, DESCRIPTION; POSIX.1-2017 wait, DESCRIPTION";
    /// Whether a trap on CHLD interrupts `wait` is unspecified.
    SHELL_CHLD_TRAP: Implementation, "posix/shell/chld-trap", "POSIX.1-2024 wait, RATIONALE";
    /// `wait -n` and `wait -p` are extensions.
    SHELL_WAIT_OPTIONS: Implementation, "posix/shell/wait-options", "POSIX.1-2024 wait, OPTIONS: none";
}
