//! Promises of process handles.

use crate::spec::clause::clauses;

clauses! {
    /// The result of a child that exited is its exit code, each of 0 to 255 as it is.
    HANDLE_EXIT_CODE: Must, "promise/handle/exit-code", "the subject's documentation";
    /// The result of a child that a signal killed is that signal, told apart from every exit code as far as the form can.
    HANDLE_SIGNAL: Must, "promise/handle/signal", "the subject's documentation",
        bugs "php-src#21292";
    /// Where the result shows it, a core is reported as dumped exactly when it was.
    HANDLE_CORE: Must, "promise/handle/core", "the subject's documentation";
    /// The resource usage in a result is that of the child, and of no other.
    HANDLE_USAGE: Must, "promise/handle/usage", "the subject's documentation";
    /// A result is never invented: where somebody else has reaped the child, the handle reports what the child did, an
    /// error, or that it does not know.
    HANDLE_NEVER_INVENTED: Must, "promise/handle/never-invented", "the subject's documentation",
        bugs "cpython#96863";
    /// As long as the child lives, a poll returns at once and reports that it has not terminated.
    HANDLE_POLL_RUNNING: Must, "promise/handle/poll-running", "the subject's documentation";
    /// Once the child has terminated, the next poll reports its result; where it shows what a loop has noticed, one soon after.
    HANDLE_POLL_AT_ONCE: Must, "promise/handle/poll-at-once", "the subject's documentation",
        bugs "cpython#127050";
    /// A child that stops or continues has not terminated: its handle reports nothing, and a wait goes on.
    HANDLE_STOP_IS_NO_EXIT: Must, "promise/handle/stop-is-no-exit", "the subject's documentation",
        bugs "swift-subprocess#371" "go#60321";
    /// A handle that has reported a result reports the same one whenever it is asked again, by poll and by wait.
    HANDLE_STABLE: Must, "promise/handle/stable", "the subject's documentation",
        bugs "php-src#10239";
    /// A wait does not return before the child has terminated.
    HANDLE_WAIT_BLOCKS: Must, "promise/handle/wait-blocks", "the subject's documentation";
    /// A wait, with a timeout or without, returns once the child has terminated.
    HANDLE_WAIT_RETURNS: Must, "promise/handle/wait-returns", "the subject's documentation",
        bugs "cpython#113536";
    /// A wait that times out leaves the child alone: it lives on, and a later wait reports its result.
    HANDLE_TIMEOUT_KEEPS: Must, "promise/handle/timeout-keeps", "the subject's documentation";
    /// Of two concurrent waits of the same handle, each reports the result.
    HANDLE_TWO_WAITERS: Must, "promise/handle/two-waiters", "the subject's documentation";
    /// A signal that the process catches during a wait neither ends the wait nor changes its result.
    HANDLE_SIGNAL_DURING_WAIT: Must, "promise/handle/signal-during-wait", "the subject's documentation",
        bugs "rust#159855";
    /// A SIGCHLD while no child has changed is no exit.
    HANDLE_SPURIOUS_SIGCHLD: Must, "promise/handle/spurious-sigchld", "the subject's documentation";
    /// In a process that was started with SIGCHLD blocked, a wait returns the result all the same.
    HANDLE_SIGCHLD_BLOCKED: Must, "promise/handle/sigchld-blocked", "the subject's documentation";
    /// Whether a child starts with the ignored or blocked SIGCHLD of the process that made it is up to the implementation.
    HANDLE_CHILD_INHERITS: Implementation, "promise/handle/child-inherits", "the subject's documentation";
    /// Once a wait has reported a result, the child is no zombie any more.
    HANDLE_NO_ZOMBIE: Must, "promise/handle/no-zombie", "the subject's documentation";
    /// A handle takes the status of no other handle's child: each reports the result of its own.
    HANDLE_OTHERS_KEPT: Must, "promise/handle/others-kept", "the subject's documentation";
    /// A child that the process made without a handle is left to whoever made it.
    HANDLE_STRANGERS_KEPT: Must, "promise/handle/strangers-kept", "the subject's documentation";
    /// Each of many children that terminate at once is reported by its own handle, with its own result.
    HANDLE_MANY: Must, "promise/handle/many", "the subject's documentation";
    /// A child whose handle is dropped lives on.
    HANDLE_DROP_KEEPS: Must, "promise/handle/drop-keeps", "the subject's documentation";
    /// A child whose handle was dropped is reaped once it has terminated.
    HANDLE_DROP_REAPS: Must, "promise/handle/drop-reaps", "the subject's documentation",
        bugs "tokio#2685";
    /// A signal that is sent by the handle of a live child arrives there.
    HANDLE_KILL_DELIVERS: Must, "promise/handle/kill-delivers", "the subject's documentation";
    /// Once the result was reported, a signal that is sent by the handle reaches nobody, whoever has the pid by then.
    HANDLE_KILL_AFTER_EXIT: Must, "promise/handle/kill-after-exit", "the subject's documentation",
        bugs "cpython#82811" "cpython#127049";
    /// The same where somebody else has reaped the child.
    HANDLE_KILL_AFTER_LOSS: Must, "promise/handle/kill-after-loss", "the subject's documentation";
    /// Where the program cannot be run, making the handle is an error, and no result of a child.
    HANDLE_EXEC_FAILS: Must, "promise/handle/exec-fails", "the subject's documentation";
    /// Whether a wait goes on while another process holds the child's standard output is up to the implementation.
    HANDLE_WAIT_AND_PIPES: Implementation, "promise/handle/wait-and-pipes", "the subject's documentation";
}
