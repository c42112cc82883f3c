//! Shells that are wrong.

use crate::mutants::mutant::{Mutant, blind};
use crate::spec::clause::Clause;
use crate::spec::{posix, promise};
use crate::subject::Program;
use crate::subject::shell::{During, Shell};
use crate::subject::wrapper::{code, no_program};
use crate::wait::{Errno, Event};

pub(super) const fn broken(
    name: &'static str,
    breaks: &'static str,
    clause: &'static Clause,
    shell: Shell,
) -> Mutant {
    blind(name, breaks, clause).program(Program::Shell(shell))
}

pub(crate) const MUTANTS: &[Mutant] = &[
    broken(
        "shell-seven-bits",
        "$? has only seven bits of an exit code",
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
        "shell-five-bits-of-signal",
        "$? has five bits of the number of a signal",
        &promise::WRAPPER_SIGNAL_CODE,
        Shell {
            code: |event| match event {
                Event::Signaled { signal, .. } => 128 + (signal.number() & 0x1f),
                event => code(event),
            },
            ..Shell::CORRECT
        },
    ),
    broken(
        "shell-last-killed",
        "a script whose last command a signal killed exits with 0",
        &posix::SHELL_SIGNAL_OVER_128,
        Shell { of_script: |status| if status > 128 { 0 } else { status }, ..Shell::CORRECT },
    ),
    broken(
        "shell-subshell-killed",
        "$? of a subshell whose last command a signal killed is the number of the signal",
        &posix::SHELL_SUBSHELL,
        Shell { of_subshell: |status| if status > 128 { status - 128 } else { status }, ..Shell::CORRECT },
    ),
    broken(
        "shell-background-interrupted",
        "a command in the background dies of SIGINT",
        &posix::SHELL_BACKGROUND_IGNORES,
        Shell { shields: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-pipefail-killed",
        "with pipefail, a command that a signal killed has not failed",
        &posix::SHELL_PIPEFAIL,
        Shell { has_failed: |status| (1..=128).contains(&status), ..Shell::CORRECT },
    ),
    broken(
        "shell-trap-in-foreground",
        "a signal that has a trap ends the wait for a command in the foreground",
        &posix::SHELL_TRAP_DEFERRED,
        Shell { defers_trap: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-core-bit",
        "$? after a death with a core dump has 128 added, and wraps to below 128",
        &posix::SHELL_SIGNAL_OVER_128,
        Shell {
            code: |event| match event {
                Event::Signaled { core: true, .. } => (code(event) + 128) & 0xff,
                event => code(event),
            },
            ..Shell::CORRECT
        },
    ),
    broken(
        "shell-background-keeps",
        "$? is unchanged after starting a background command",
        &posix::SHELL_BACKGROUND_STATUS,
        Shell { of_background: |before| before, ..Shell::CORRECT },
    ),
    broken(
        "shell-wait-none-127",
        "a wait without operands fails if there is nothing to wait for",
        &posix::SHELL_WAIT_ALL,
        Shell { of_none: 127, ..Shell::CORRECT },
    ),
    broken(
        "shell-kill-l",
        "kill -l prints the next signal",
        &posix::SHELL_KILL_L,
        Shell { signal_of: |status| status - 127, ..Shell::CORRECT },
    ),
    broken(
        "shell-not-found-1",
        "$? is 1 for a command that is not found",
        &posix::SHELL_NOT_FOUND,
        Shell {
            no_program: |errno| if errno == crate::wait::Errno::NOENT { 1 } else { 126 },
            ..Shell::CORRECT
        },
    ),
    broken(
        "shell-not-executable-127",
        "$? is 127 for a command that cannot be executed",
        &posix::SHELL_NOT_EXECUTABLE,
        Shell { no_program: |_| 127, ..Shell::CORRECT },
    ),
    broken(
        "shell-unknown-zero",
        "a wait for an unknown pid returns 0",
        &posix::SHELL_WAIT_UNKNOWN,
        Shell { unknown: 0, ..Shell::CORRECT },
    ),
    broken(
        "shell-forgets-jobs",
        "only the statuses of the last eight jobs are remembered",
        &posix::SHELL_REMEMBERS,
        Shell { remembered: 8, ..Shell::CORRECT },
    ),
    broken(
        "shell-forgets-meanwhile",
        "the status of a job that terminates while another command runs in the foreground is lost",
        &posix::SHELL_WAIT_PID,
        Shell { remembers_meanwhile: |_, during| during != During::Foreground, ..Shell::CORRECT },
    ),
    broken(
        "shell-forgets-successes",
        "a job that exits with 0 while another command runs is forgotten",
        &posix::SHELL_WAIT_PID,
        Shell { remembers_meanwhile: |status, _| status != 0, ..Shell::CORRECT },
    ),
    broken(
        "shell-substitution-forgets",
        "the status of a job that terminates during a command substitution is lost",
        &posix::SHELL_WAIT_PID,
        Shell { remembers_meanwhile: |_, during| during != During::Substitution, ..Shell::CORRECT },
    ),
    broken(
        "shell-stop-is-status",
        "a job that is killed while it is stopped has the status of the stop",
        &posix::SHELL_KILL_L,
        Shell { after_stop: |stop, status| if status > 128 { 128 + stop } else { status }, ..Shell::CORRECT },
    ),
    broken(
        "shell-once-stopped",
        "a job that has been stopped and exits has the status of the stop",
        &posix::SHELL_WAIT_PID,
        Shell { after_stop: |stop, status| if status > 128 { status } else { 128 + stop }, ..Shell::CORRECT },
    ),
    broken(
        "shell-subshell-traps",
        "a subshell keeps the traps of the shell outside of it",
        &posix::SHELL_SUBSHELL_TRAPS,
        Shell { subshell_resets: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-command-pipe",
        "a command starts with SIGPIPE ignored",
        &posix::SHELL_COMMAND_SIGNALS,
        Shell { ignores_pipe: true, ..Shell::CORRECT },
    ),
    broken(
        "shell-other-errors-1",
        "$? is 1 for a command that cannot be executed for a rare reason",
        &posix::SHELL_NOT_RUN,
        Shell {
            no_program: |errno| match errno {
                Errno::NOENT | Errno::ACCESS => no_program(errno),
                _ => 1,
            },
            ..Shell::CORRECT
        },
    ),
    broken(
        "shell-wait-any",
        "a wait without operands returns when one command has terminated",
        &posix::SHELL_WAIT_ALL,
        Shell { waits_for_all: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-wait-all-status",
        "a wait without operands returns the status of a command",
        &posix::SHELL_WAIT_ALL,
        Shell { status_of_all: |last| last, ..Shell::CORRECT },
    ),
    broken(
        "shell-first-operand",
        "a wait for several commands returns the status of the first",
        &posix::SHELL_WAIT_SEVERAL,
        Shell { of_operands: |statuses| statuses.first().copied().unwrap_or(0), ..Shell::CORRECT },
    ),
    broken(
        "shell-failed-operand",
        "a wait for several commands does not wait for a running one after one that failed",
        &posix::SHELL_WAIT_SEVERAL,
        Shell { waits_for_rest: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-unknown-operand",
        "a wait for several commands skips an unknown one",
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
        "a signal with a trap does not interrupt a wait",
        &posix::SHELL_WAIT_TRAP,
        Shell { trap_ends_wait: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-trap-status",
        "a wait interrupted by a trapped signal returns the number of the signal",
        &posix::SHELL_WAIT_TRAP,
        Shell { trap_status: |signal| signal, ..Shell::CORRECT },
    ),
    broken(
        "shell-trap-all-zero",
        "a wait without operands interrupted by a trapped signal returns 0",
        &posix::SHELL_WAIT_TRAP,
        Shell { trap_status_of_all: |_| 0, ..Shell::CORRECT },
    ),
    broken(
        "shell-ignored-ends-wait",
        "an ignored signal interrupts a wait",
        &posix::SHELL_WAIT_IGNORED,
        Shell { ignores: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-sigchld-blocked",
        "a shell that starts with SIGCHLD blocked waits for a SIGCHLD",
        &posix::WRAPPER_SIGCHLD_BLOCKED,
        Shell { unblocks: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-trap-lost",
        "the trap does not run",
        &posix::SHELL_RUNS_TRAP,
        Shell { trap_runs: 0, ..Shell::CORRECT },
    ),
    broken(
        "shell-trap-twice",
        "the trap runs twice for one signal",
        &posix::SHELL_RUNS_TRAP,
        Shell { trap_runs: 2, ..Shell::CORRECT },
    ),
    broken(
        "shell-subshell-knows",
        "a wait in a subshell for a command of the shell outside of it returns 0",
        &posix::SHELL_WAIT_UNKNOWN,
        Shell { unknown_in_subshell: 0, ..Shell::CORRECT },
    ),
    broken(
        "shell-stopped-left-out",
        "a wait without operands does not wait for a command that has stopped",
        &posix::SHELL_STOP_IS_NO_EXIT,
        Shell { waits_for_stopped: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-trap-forgets",
        "the command is unknown after a trap",
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
        "pipefail is accepted but has no effect",
        &posix::SHELL_PIPEFAIL,
        Shell { pipefail: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-not-killed",
        "! of a command that a signal killed is not 0",
        &posix::SHELL_NOT,
        Shell { not: |status| if status > 128 { status } else { i32::from(status == 0) }, ..Shell::CORRECT },
    ),
    broken(
        "shell-errexit-killed",
        "with set -e, the script goes on after a command that a signal killed",
        &posix::SHELL_ERREXIT,
        Shell { exits_after: |status| (1..=128).contains(&status), ..Shell::CORRECT },
    ),
    broken(
        "shell-substitution-zero",
        "$? of an assignment is 0, whatever is substituted in it",
        &posix::SHELL_SUBSTITUTION,
        Shell { of_substitution: |_| 0, ..Shell::CORRECT },
    ),
    broken(
        "shell-exit-trap-sees-zero",
        "$? is 0 at the start of a trap on EXIT",
        &posix::SHELL_EXIT_TRAP,
        Shell { in_exit_trap: |_| 0, ..Shell::CORRECT },
    ),
    broken(
        "shell-exit-trap-status",
        "a script exits with the status of the last command of its trap on EXIT",
        &posix::SHELL_EXIT_TRAP,
        Shell { after_exit_trap: |_, after| after, ..Shell::CORRECT },
    ),
    broken(
        "shell-ignored-reset",
        "a signal that the shell ignores is not ignored in a command",
        &posix::SHELL_COMMAND_SIGNALS,
        Shell { keeps_ignored: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-trapped-ignored",
        "a signal that has a trap is ignored in a command",
        &posix::SHELL_COMMAND_SIGNALS,
        Shell { resets_trapped: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-stop-is-exit",
        "a stopped command is taken for a terminated one",
        &posix::SHELL_STOP_IS_NO_EXIT,
        Shell { stop_is_no_exit: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-waits-for-stopped",
        "the shell keeps waiting for a foreground command that stops",
        &posix::SHELL_FOREGROUND_STOP,
        Shell { stop_gives_back: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-stops-unseen",
        "jobs shows a stopped command as running",
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
