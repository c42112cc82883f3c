//! How the shell behaves: correctly, or as a mutant.

use crate::subject::wrapper::{code, no_program};
use crate::wait::{Errno, Event};

/// How it behaves; mutants differ in one of these.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Shell {
    /// `$?` after a command that terminated with this event.
    pub(crate) code: fn(Event) -> i32,
    /// `$?` after a command that cannot be run.
    pub(crate) no_program: fn(Errno) -> i32,
    /// The signal that `kill -l` prints for a status.
    pub(crate) signal_of: fn(i32) -> i32,
    /// `$?` after starting a background command, given its previous value.
    pub(crate) of_background: fn(i32) -> i32,
    /// A background command ignores the signals that a terminal sends to the foreground.
    pub(crate) shields: bool,
    /// `$?` of a subshell, given that of its last command.
    pub(crate) of_subshell: fn(i32) -> i32,
    /// The exit code of a script, given `$?` of its last command.
    pub(crate) of_script: fn(i32) -> i32,
    /// `$?` of a wait without operands if there are no commands.
    pub(crate) of_none: i32,
    /// `$?` of a wait for an unknown pid.
    pub(crate) unknown: i32,
    /// The same in a subshell, which knows no command of the shell outside of it.
    pub(crate) unknown_in_subshell: i32,
    /// The number of background commands that are remembered.
    pub(crate) remembered: usize,
    /// Whether one that terminates with this status is remembered if another one runs in the foreground, or in a command
    /// substitution.
    pub(crate) remembers_meanwhile: fn(i32, During) -> bool,
    /// `$?` of one that has been stopped by this signal, and has terminated with this status.
    pub(crate) after_stop: fn(i32, i32) -> i32,
    /// A subshell resets the traps.
    pub(crate) subshell_resets: bool,
    /// A command starts with SIGPIPE ignored.
    pub(crate) ignores_pipe: bool,
    /// Called before a command is executed.
    pub(crate) alters: fn(),
    /// A wait without operands waits for all.
    pub(crate) waits_for_all: bool,
    /// `$?` of that wait.
    pub(crate) status_of_all: fn(i32) -> i32,
    /// `$?` of a wait for several operands, from their statuses.
    pub(crate) of_operands: fn(&[i32]) -> i32,
    /// After an operand that failed, the remaining ones are still waited for.
    pub(crate) waits_for_rest: bool,
    /// `$!` after a pipeline is the pid of its last command.
    pub(crate) bang_is_last: bool,
    /// A trapped signal interrupts a wait.
    pub(crate) trap_ends_wait: bool,
    /// `$?` of that wait.
    pub(crate) trap_status: fn(i32) -> i32,
    /// `$?` of an interrupted wait without operands.
    pub(crate) trap_status_of_all: fn(i32) -> i32,
    /// It does not interrupt the wait for a foreground command.
    pub(crate) defers_trap: bool,
    /// A signal ignored by an empty trap does not interrupt a wait.
    pub(crate) ignores: bool,
    /// SIGCHLD is unblocked.
    pub(crate) unblocks: bool,
    /// How many times the trap runs before the next command.
    pub(crate) trap_runs: usize,
    /// After an interrupted wait, the command can still be waited for.
    pub(crate) keeps_after_trap: bool,
    /// The status of a pipeline is that of its last command.
    pub(crate) last_of_pipeline: bool,
    /// `set -o pipefail` takes effect.
    pub(crate) pipefail: bool,
    /// Whether a pipeline command with this status has failed.
    pub(crate) has_failed: fn(i32) -> bool,
    /// `$?` of a pipeline after `!`, given its own.
    pub(crate) not: fn(i32) -> i32,
    /// Whether `set -e` makes the shell exit after a command with this status.
    pub(crate) exits_after: fn(i32) -> bool,
    /// `$?` of an assignment of a command substitution, given that of the latter.
    pub(crate) of_substitution: fn(i32) -> i32,
    /// `$?` at the start of a trap on EXIT, given the exit status.
    pub(crate) in_exit_trap: fn(i32) -> i32,
    /// The exit status, given what it was before the trap and `$?` after it.
    pub(crate) after_exit_trap: fn(i32, i32) -> i32,
    /// A signal that is ignored is ignored in commands, too.
    pub(crate) keeps_ignored: bool,
    /// A signal that has a trap has its default action in commands.
    pub(crate) resets_trapped: bool,
    /// One that was ignored when the shell started cannot be trapped.
    pub(crate) keeps_ignored_at_start: bool,
    /// The exit status of an `exit` in a trap, given `$?` before the trap and now.
    pub(crate) exit_in_trap: fn(i32, i32) -> i32,
    /// The job that a number stands for.
    pub(crate) job_named: fn(usize) -> usize,
    /// A command that stops still exists.
    pub(crate) stop_is_no_exit: bool,
    /// A wait without operands waits for it, too.
    pub(crate) waits_for_stopped: bool,
    /// A foreground command that stops returns control to the shell.
    pub(crate) stop_gives_back: bool,
    /// `jobs` shows it as stopped.
    pub(crate) shows_stops: bool,
    /// `bg` continues it.
    pub(crate) bg_continues: bool,
    /// `fg` waits for it.
    pub(crate) fg_waits: bool,
}

/// What the shell waits for while a command in the background terminates.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum During {
    /// A command in the foreground.
    Foreground,
    /// A command substitution.
    Substitution,
}

impl Shell {
    /// The correct shell.
    pub(crate) const CORRECT: Shell = Shell {
        code,
        no_program,
        signal_of: |status| status - 128,
        of_background: |_| 0,
        shields: true,
        of_subshell: |status| status,
        of_script: |status| status,
        of_none: 0,
        unknown: 127,
        unknown_in_subshell: 127,
        remembered: usize::MAX,
        remembers_meanwhile: |_, _| true,
        after_stop: |_, status| status,
        subshell_resets: true,
        ignores_pipe: false,
        alters: || {},
        waits_for_all: true,
        status_of_all: |_| 0,
        of_operands: |statuses| statuses.last().copied().unwrap_or(0),
        waits_for_rest: true,
        bang_is_last: true,
        trap_ends_wait: true,
        trap_status: |signal| 128 + signal,
        trap_status_of_all: |signal| 128 + signal,
        defers_trap: true,
        ignores: true,
        unblocks: true,
        trap_runs: 1,
        keeps_after_trap: true,
        last_of_pipeline: true,
        pipefail: true,
        has_failed: |status| status != 0,
        not: |status| i32::from(status == 0),
        exits_after: |status| status != 0,
        of_substitution: |status| status,
        in_exit_trap: |status| status,
        after_exit_trap: |before, _| before,
        keeps_ignored: true,
        resets_trapped: true,
        keeps_ignored_at_start: true,
        exit_in_trap: |before, _| before,
        job_named: |number| number,
        stop_is_no_exit: true,
        waits_for_stopped: true,
        stop_gives_back: true,
        shows_stops: true,
        bg_continues: true,
        fg_waits: true,
    };
}
