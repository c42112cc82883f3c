//! Promises of process handles.

use crate::spec::clause::clauses;

clauses! {
    /// The result of a child that exited is its exit code, unchanged for every value from 0 to 255.
    HANDLE_EXIT_CODE: Must, "promise/handle/exit-code", "the subject's documentation";
    /// The result of a child killed by a signal is that signal, distinct from every exit code as far as the form of results allows.
    HANDLE_SIGNAL: Must, "promise/handle/signal", "the subject's documentation",
        bugs "php-src#21292";
    /// If results have a core flag, it is set exactly when a core was dumped.
    HANDLE_CORE: Must, "promise/handle/core", "the subject's documentation";
    /// The resource usage in a result is that of the child alone.
    HANDLE_USAGE: Must, "promise/handle/usage", "the subject's documentation";
    /// A result is never made up: if the status of the child is lost, for instance because other code has reaped it, the handle
    /// reports the true result, an error, or that the result is unknown.
    HANDLE_NEVER_INVENTED: Must, "promise/handle/never-invented", "the subject's documentation",
        bugs "cpython#96863";
    /// While the child is alive, a poll returns at once and reports that it has not terminated.
    HANDLE_POLL_RUNNING: Must, "promise/handle/poll-running", "the subject's documentation";
    /// Once the child has terminated, the next poll reports its result, or a later one if polls depend on an event loop.
    HANDLE_POLL_AT_ONCE: Must, "promise/handle/poll-at-once", "the subject's documentation",
        bugs "cpython#127050";
    /// A child that stops or continues has not terminated: its handle reports nothing, and a wait keeps waiting.
    HANDLE_STOP_IS_NO_EXIT: Must, "promise/handle/stop-is-no-exit", "the subject's documentation",
        bugs "swift-subprocess#371" "go#60321";
    /// A handle that has reported a result reports the same result for every later poll and wait.
    HANDLE_STABLE: Must, "promise/handle/stable", "the subject's documentation",
        bugs "php-src#10239";
    /// A wait does not return before the child has terminated, or its timeout has passed.
    HANDLE_WAIT_BLOCKS: Must, "promise/handle/wait-blocks", "the subject's documentation";
    /// A wait, with a timeout or without, returns once the child has terminated.
    HANDLE_WAIT_RETURNS: Must, "promise/handle/wait-returns", "the subject's documentation",
        bugs "cpython#113536";
    /// A process sleeps while it waits: it uses no CPU time, and does not wake up to look.
    HANDLE_WAIT_IDLE: Must, "promise/handle/wait-idle", "the subject's documentation";
    /// A process sleeps during a wait with a timeout, too, and does not wake up to look, where the system has pidfds.
    HANDLE_TIMEOUT_IDLE: Must, "promise/handle/timeout-idle", "the subject's documentation";
    /// A wait that times out does not affect the child: it keeps running, and a later wait reports its result.
    HANDLE_TIMEOUT_KEEPS: Must, "promise/handle/timeout-keeps", "the subject's documentation";
    /// A wait that reports nothing because its timeout has passed returns no sooner than that.
    HANDLE_TIMEOUT_PASSES: Must, "promise/handle/timeout-passes", "the subject's documentation";
    /// Two concurrent waits on the same handle both report the result.
    HANDLE_TWO_WAITERS: Must, "promise/handle/two-waiters", "the subject's documentation";
    /// A signal caught by the process during a wait neither interrupts the wait nor changes its result, and does not extend its
    /// timeout.
    HANDLE_SIGNAL_DURING_WAIT: Must, "promise/handle/signal-during-wait", "the subject's documentation",
        bugs "rust#159855";
    /// A SIGCHLD without a state change of any child is not taken for an exit.
    HANDLE_SPURIOUS_SIGCHLD: Must, "promise/handle/spurious-sigchld", "the subject's documentation";
    /// A wait returns the result even in a process that was started with SIGCHLD blocked.
    HANDLE_SIGCHLD_BLOCKED: Must, "promise/handle/sigchld-blocked", "the subject's documentation";
    /// In a process that catches SIGCHLD itself, a wait returns the result all the same.
    HANDLE_SIGCHLD_CAUGHT: Must, "promise/handle/sigchld-caught", "the subject's documentation";
    /// Whether a child inherits the ignored or blocked SIGCHLD of the process that creates it is up to the implementation.
    HANDLE_CHILD_INHERITS: Implementation, "promise/handle/child-inherits", "the subject's documentation";
    /// A child starts with the default action of SIGPIPE, even if the runtime ignores it.
    HANDLE_CHILD_SIGPIPE: Must, "promise/handle/child-sigpipe", "the subject's documentation",
        bugs "rust#25784";
    /// A child is run with the words that were given for it, and inherits the working directory, environment, limits, umask,
    /// nice value, process group, session and standard error of the process; no signal is ignored or blocked in it that is not in the process.
    HANDLE_CHILD_STARTS: Must, "promise/handle/child-starts", "the subject's documentation";
    /// A child inherits none of the descriptors that the handles of the process have open.
    HANDLE_CHILD_DESCRIPTORS: Must, "promise/handle/child-descriptors", "the subject's documentation";
    /// Creating a child, waiting for it and signalling it do not change what the process passes on: its working directory, umask,
    /// environment, limits, ignored and blocked signals.
    HANDLE_KEEPS_PROCESS: Must, "promise/handle/keeps-process", "the subject's documentation";
    /// Once a child has been waited for and its handle dropped, or a program could not be executed, nothing of it remains in the
    /// process: no descriptor, no thread and no zombie.
    HANDLE_RELEASES: Must, "promise/handle/releases", "the subject's documentation",
        bugs "cpython#87474";
    /// Once a wait has reported a result, the child is no longer a zombie.
    HANDLE_NO_ZOMBIE: Must, "promise/handle/no-zombie", "the subject's documentation";
    /// A handle never takes the status of another handle's child: each reports the result of its own.
    HANDLE_OTHERS_KEPT: Must, "promise/handle/others-kept", "the subject's documentation";
    /// A child created without a handle is left to the code that created it.
    HANDLE_STRANGERS_KEPT: Must, "promise/handle/strangers-kept", "the subject's documentation";
    /// During a wait for one child, another one can be created.
    HANDLE_CONCURRENT: Must, "promise/handle/concurrent", "the subject's documentation";
    /// Each of many children that terminate at once is reported by its own handle, with its own result.
    HANDLE_MANY: Must, "promise/handle/many", "the subject's documentation";
    /// A child whose handle is dropped keeps running.
    HANDLE_DROP_KEEPS: Must, "promise/handle/drop-keeps", "the subject's documentation";
    /// A child whose handle was dropped is reaped once it has terminated.
    HANDLE_DROP_REAPS: Must, "promise/handle/drop-reaps", "the subject's documentation",
        bugs "tokio#2685";
    /// A signal sent through the handle of a live child is delivered to it, once.
    HANDLE_KILL_DELIVERS: Must, "promise/handle/kill-delivers", "the subject's documentation";
    /// A signal that is sent by the handle arrives at the child alone, and not at a process that the child has made.
    HANDLE_KILL_SPARES: Must, "promise/handle/kill-spares", "the subject's documentation";
    /// Once the result has been reported, a signal sent through the handle reaches no process, even if the pid has been reused.
    HANDLE_KILL_AFTER_EXIT: Must, "promise/handle/kill-after-exit", "the subject's documentation",
        bugs "cpython#82811" "cpython#127049";
    /// A signal sent through the handle reaches no process if other code has reaped the child, even if the pid has been reused.
    HANDLE_KILL_AFTER_LOSS: Must, "promise/handle/kill-after-loss", "the subject's documentation";
    /// If the program cannot be executed, creating the handle fails, rather than a child reporting a result.
    HANDLE_EXEC_FAILS: Must, "promise/handle/exec-fails", "the subject's documentation";
    /// Whether a wait keeps waiting while another process holds the child's standard output open is up to the implementation.
    HANDLE_WAIT_AND_PIPES: Implementation, "promise/handle/wait-and-pipes", "the subject's documentation";
}
