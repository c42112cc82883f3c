//! Promises of process handles.

use crate::spec::clause::clauses;

clauses! {
    /// The result of a child that exited is its exit code, each of 0 to 255 as it is.
    HANDLE_EXIT_CODE: Must, "promise/handle/exit-code", "the subject's documentation";
    /// The result of a child that a signal killed is that signal, and reads as no exit code.
    HANDLE_SIGNAL: Must, "promise/handle/signal", "the subject's documentation";
    /// As long as the child lives, a poll reports nothing.
    HANDLE_POLL_RUNNING: Must, "promise/handle/poll-running", "the subject's documentation";
    /// Once the child has terminated, the next poll reports its result.
    HANDLE_POLL_AT_ONCE: Must, "promise/handle/poll-at-once", "the subject's documentation";
    /// A handle that has reported a result reports the same one whenever it is asked again, by poll and by wait.
    HANDLE_STABLE: Must, "promise/handle/stable", "the subject's documentation";
    /// A wait that times out leaves the child alone: it lives on, and a later wait reports its result.
    HANDLE_TIMEOUT_KEEPS: Must, "promise/handle/timeout-keeps", "the subject's documentation";
    /// A child that stops or continues has not terminated: its handle reports nothing.
    HANDLE_STOP_IS_NO_EXIT: Must, "promise/handle/stop-is-no-exit", "the subject's documentation",
        bugs "swift-subprocess#371";
    /// Once a wait has reported a result, the child is no zombie any more.
    HANDLE_NO_ZOMBIE: Must, "promise/handle/no-zombie", "the subject's documentation";
    /// A handle takes the status of no other child: each handle reports the result of its own.
    HANDLE_OTHERS_KEPT: Must, "promise/handle/others-kept", "the subject's documentation";
    /// A result is never invented: where somebody else has reaped the child, the handle reports what the child did, an
    /// error, or that it does not know.
    HANDLE_NEVER_INVENTED: Must, "promise/handle/never-invented", "the subject's documentation",
        bugs "cpython#96863";
}
