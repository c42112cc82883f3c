//! Shells that do something else.

use super::mutant::{Mutant, blind};
use crate::spec::clause::Clause;
use crate::spec::{posix, promise};
use crate::subject::Program;
use crate::subject::shell::Shell;
use crate::subject::wrapper::code;
use crate::wait::Event;

const fn broken(name: &'static str, breaks: &'static str, clause: &'static Clause, shell: Shell) -> Mutant {
    blind(name, breaks, clause).program(Program::Shell(shell))
}

pub(crate) const MUTANTS: &[Mutant] = &[
    broken(
        "shell-seven-bits",
        "$? has seven bits of an exit code",
        &posix::SHELL_EXIT_STATUS,
        Shell {
            code: |event| match event {
                Event::Exited { code } => code & 0x7f,
                event => code(event),
            },
            ..Shell::CORRECT
        },
    ),
    broken(
        "shell-signal-zero",
        "$? is 0 after a death by a signal",
        &posix::SHELL_SIGNAL_OVER_128,
        Shell {
            code: |event| match event {
                Event::Signaled { .. } => 0,
                event => code(event),
            },
            ..Shell::CORRECT
        },
    ),
    broken(
        "shell-signal-off",
        "$? is 129 + n after a death by signal n",
        &promise::WRAPPER_SIGNAL_CODE,
        Shell {
            code: |event| match event {
                Event::Signaled { .. } => code(event) + 1,
                event => code(event),
            },
            ..Shell::CORRECT
        },
    ),
    broken(
        "shell-kill-l",
        "kill -l gives the next signal",
        &posix::SHELL_KILL_L,
        Shell { signal_of: |status| status - 127, ..Shell::CORRECT },
    ),
    broken(
        "shell-not-found-1",
        "$? is 1 for a command that is not there",
        &posix::SHELL_NOT_FOUND,
        Shell {
            no_program: |errno| if errno == crate::wait::Errno::NOENT { 1 } else { 126 },
            ..Shell::CORRECT
        },
    ),
    broken(
        "shell-not-executable-127",
        "$? is 127 for a command that cannot be run",
        &posix::SHELL_NOT_EXECUTABLE,
        Shell { no_program: |_| 127, ..Shell::CORRECT },
    ),
    broken(
        "shell-unknown-zero",
        "a wait for a pid that is not known is a success",
        &posix::SHELL_WAIT_UNKNOWN,
        Shell { unknown: 0, ..Shell::CORRECT },
    ),
    broken(
        "shell-forgets-jobs",
        "the status of the last eight jobs is remembered",
        &posix::SHELL_REMEMBERS,
        Shell { remembered: 8, ..Shell::CORRECT },
    ),
    broken(
        "shell-wait-any",
        "a wait without operands returns when one command has ended",
        &posix::SHELL_WAIT_ALL,
        Shell { waits_for_all: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-wait-all-status",
        "a wait without operands has the status of a command",
        &posix::SHELL_WAIT_ALL,
        Shell { status_of_all: |last| last, ..Shell::CORRECT },
    ),
    broken(
        "shell-first-operand",
        "a wait for several commands has the status of the first",
        &posix::SHELL_WAIT_SEVERAL,
        Shell { of_operands: |statuses| statuses.first().copied().unwrap_or(0), ..Shell::CORRECT },
    ),
    broken(
        "shell-failed-operand",
        "a wait for several commands does not wait for one that runs after one that failed",
        &posix::SHELL_WAIT_SEVERAL,
        Shell { waits_for_rest: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-unknown-operand",
        "a wait for several commands skips one that is not known",
        &posix::SHELL_WAIT_UNKNOWN,
        Shell {
            of_operands: |statuses| {
                let known = |status: &&i32| **status != 127;
                statuses.iter().rev().find(known).or(statuses.last()).copied().unwrap_or(0)
            },
            ..Shell::CORRECT
        },
    ),
    broken(
        "shell-bang-first",
        "$! of a pipeline is its first command",
        &posix::SHELL_WAIT_PIPELINE,
        Shell { bang_is_last: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-trap-late",
        "a signal that has a trap does not end a wait",
        &posix::SHELL_WAIT_TRAP,
        Shell { trap_ends_wait: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-trap-status",
        "a wait that a trap has ended has the number of the signal",
        &posix::SHELL_WAIT_TRAP,
        Shell { trap_status: |signal| signal, ..Shell::CORRECT },
    ),
    broken(
        "shell-trap-all-zero",
        "a wait without operands that a trap has ended is a success",
        &posix::SHELL_WAIT_TRAP,
        Shell { trap_status_of_all: |_| 0, ..Shell::CORRECT },
    ),
    broken(
        "shell-ignored-ends-wait",
        "a signal that is ignored ends a wait",
        &posix::SHELL_WAIT_IGNORED,
        Shell { ignores: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-sigchld-blocked",
        "a shell that starts with SIGCHLD blocked waits for one",
        &posix::WRAPPER_SIGCHLD_BLOCKED,
        Shell { unblocks: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-trap-lost",
        "the trap does not run",
        &posix::SHELL_RUNS_TRAP,
        Shell { runs_trap: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-trap-forgets",
        "after a trap the command is not known any more",
        &posix::SHELL_WAIT_AGAIN,
        Shell { keeps_after_trap: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-first-of-pipeline",
        "a pipeline has the status of its first command",
        &posix::SHELL_PIPELINE,
        Shell { last_of_pipeline: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-no-pipefail",
        "pipefail is accepted and has no effect",
        &posix::SHELL_PIPEFAIL,
        Shell { pipefail: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-stop-is-exit",
        "a command that stops counts as one that has ended",
        &posix::SHELL_STOP_IS_NO_EXIT,
        Shell { stop_is_no_exit: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-waits-for-stopped",
        "the shell waits on for a foreground command that stops",
        &posix::SHELL_FOREGROUND_STOP,
        Shell { stop_gives_back: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-stops-unseen",
        "jobs shows a command that has stopped as running",
        &posix::SHELL_JOBS_STOPPED,
        Shell { shows_stops: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-bg-stopped",
        "bg does not continue the job",
        &posix::SHELL_BG,
        Shell { bg_continues: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-fg-returns",
        "fg does not wait for the job",
        &posix::SHELL_FG,
        Shell { fg_waits: false, ..Shell::CORRECT },
    ),
];
