//! Promises of programs that run other programs.

use crate::spec::clause::clauses;

clauses! {
    /// If the utility is killed by signal n, the program reports it as documented: by exit code 128 + n or another code, or by
    /// being killed by the same signal.
    WRAPPER_SIGNAL_CODE: Must, "promise/wrapper/signal-code", "the program's documentation";
    /// Once the wrapper has exited, the process that it ran is gone: neither alive nor a zombie.
    WRAPPER_LEAVES_NOTHING: Must, "promise/wrapper/leaves-nothing", "the program's documentation";
    /// The wrapper maps the exit code of the utility to the one that its documentation gives.
    WRAPPER_EXIT_CODES: Must, "promise/wrapper/exit-codes", "the program's documentation";
    /// If the utility cannot be found, the program exits with the code that its documentation gives.
    WRAPPER_CODE_NOT_FOUND: Must, "promise/wrapper/not-found", "the program's documentation";
    /// If the utility cannot be invoked, the program exits with the code that its documentation gives.
    WRAPPER_CODE_NOT_EXECUTABLE: Must, "promise/wrapper/not-executable", "the program's documentation";
    /// A signal sent to the wrapper is forwarded to the utility, once.
    WRAPPER_FORWARDS: Must, "promise/wrapper/forwards", "the program's documentation";
    /// The utility starts with SIGHUP ignored, and survives it.
    WRAPPER_IGNORES_HANGUP: Must, "promise/wrapper/ignores-hangup", "the program's documentation";
    /// The utility starts with the signals ignored and blocked that the program was started with, and no others.
    WRAPPER_COMMAND_SIGNALS: Must, "promise/wrapper/command-signals", "the program's documentation",
        bugs "cpython#45993";
    /// The utility is run with the words that were given for it, and inherits all that the program has, except for what this is
    /// there to change: streams, descriptors, working directory, environment, limits, umask, nice value, process group and session, signals.
    WRAPPER_COMMAND_INHERITS: Must, "promise/wrapper/inherits", "the program's documentation";
    /// The wrapper exits when the utility terminates, even if a process that the utility has made lives on.
    WRAPPER_EXITS_WITH_COMMAND: Must, "promise/wrapper/exits-with-command", "the program's documentation";
    /// The wrapper sleeps while its utility runs: it does not wake up to look for it.
    WRAPPER_IDLE: Must, "promise/wrapper/idle", "the program's documentation";
    /// A utility that takes too long is sent SIGTERM, and the wrapper exits with the code for that.
    TIMEOUT_EXPIRED: Must, "promise/timeout/expired", "the program's documentation";
    /// A utility is not sent that signal before its time is over.
    TIMEOUT_PASSES: Must, "promise/timeout/passes", "the program's documentation";
    /// If it has to be killed with SIGKILL, the wrapper exits with a different code.
    TIMEOUT_KILLED: Must, "promise/timeout/killed", "the program's documentation";
    /// A utility that has stopped when its time is over is continued, so that the signal reaches it.
    TIMEOUT_CONTINUES: Must, "promise/timeout/continues", "the program's documentation";
    /// On request a utility that survives that signal is killed some time later, and the wrapper exits with the code for that.
    TIMEOUT_KILLS_LATER: Must, "promise/timeout/kills-later", "the program's documentation";
    /// On request, the wrapper exits with the status of the utility even though it took too long.
    TIMEOUT_PRESERVES: Must, "promise/timeout/preserves", "the program's documentation";
}
