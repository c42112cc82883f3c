//! macOS and its relatives: wait(2), `<sys/wait.h>` and kern_exit.c of XNU.

use super::clause::clauses;

clauses! {
    /// The status word of a continue is 0x137f, for which WIFCONTINUED is true and WIFSTOPPED is false.
    STATUS_WORD_CONTINUE: Must, "macos/status/word-continue", "macOS <sys/wait.h>; XNU bsd/kern/kern_exit.c";
    /// WSTOPPED and WUNTRACED are distinct: waitid reports stops only with WSTOPPED.
    WAITID_WSTOPPED_IS_NOT_WUNTRACED: Must, "macos/waitid/wstopped-is-not-wuntraced", "macOS <sys/wait.h>";
    /// Whether the siginfo of a continue holds the sender of SIGCONT in si_pid and the last stop signal in
    /// si_status is unspecified.
    WAITID_CONTINUED_FIELDS: Implementation, "macos/waitid/continued-fields",
        "XNU bsd/kern/kern_exit.c, waitidcontinue";
    /// How many bits of the exit value si_status holds, on a first and on a second peek, is unspecified.
    WAITID_STATUS_BITS: Implementation, "macos/waitid/status-bits", "XNU bsd/kern/kern_exit.c, p_xhighbits";
    /// Whether a WNOHANG waitid with nothing to report leaves the siginfo unchanged is unspecified.
    WAITID_NOHANG_SIGINFO: Implementation, "macos/waitid/nohang-siginfo", "XNU bsd/kern/kern_exit.c, waitid",
        bugs "corefx#39060";
    /// The result of waitid with WNOHANG but no event option is unspecified.
    WAITID_NO_EVENT_OPTION: Implementation, "macos/waitid/no-event-option",
        "XNU bsd/kern/kern_exit.c, waitid";
    /// On macOS, the result of P_PID with id 0 is unspecified.
    WAITID_ID_ZERO: Implementation, "macos/waitid/id-zero", "XNU bsd/kern/kern_exit.c, waitid";
    /// Whether wait4 ignores or rejects WNOWAIT and WEXITED is unspecified.
    WAIT4_WAITID_ONLY_OPTIONS: Implementation, "macos/wait4/waitid-only-options",
        "XNU bsd/kern/kern_exit.c, wait4",
        bugs "pkg#1853" "gcli#149";
    /// After EFAULT for the status, the child is still waitable.
    WAIT4_EFAULT_KEEPS_CHILD: Must, "macos/wait4/efault-keeps-child", "XNU bsd/kern/kern_exit.c, wait4";
    /// Whether reporting a stop or a continue leaves the rusage unchanged is unspecified.
    RUSAGE_ON_STOP: Implementation, "macos/rusage/on-stop", "XNU bsd/kern/kern_exit.c, wait4";
    /// ru_maxrss is in bytes.
    RUSAGE_MAXRSS_BYTES: Must, "macos/rusage/maxrss-bytes", "XNU bsd/kern/kern_resource.c",
        bugs "libuv#4027" "nix#2331" "swift#15621";
    /// If several waiters contend for one child, each returns with the child or an error, and none stays
    /// blocked.
    WAIT_WAITER_COLLISION: Must, "macos/wait/waiter-collision", "XNU bsd/kern/kern_exit.c, wait4: P_LWAITING";
    /// Whether a WNOHANG wait right after NOTE_EXIT reports the child is unspecified: the child is exiting
    /// but not necessarily waitable.
    NOTE_EXIT_EARLY: Implementation, "macos/kqueue/note-exit-early", "macOS kqueue(2), NOTE_EXIT",
        bugs "libuv#3441" "libuv#3521" "rift#465";
    /// On macOS, the result for pid INT_MIN is unspecified.
    WAIT_INT_MIN: Implementation, "macos/wait/int-min", "XNU bsd/kern/kern_exit.c, wait4";
    /// On macOS, an orphan is reparented to process 1.
    ORPHAN_TO_INIT: Must, "macos/orphan/to-init", "macOS wait(2), NOTES";
    /// On macOS, NOTE_EXIT of EVFILT_PROC reports the termination of a child, and a blocking wait then reaps the child.
    NOTE_EXIT: Must, "macos/kqueue/note-exit", "macOS kqueue(2), NOTE_EXIT";
    /// On macOS, a signal stops a traced child, and wait4 reports the stop without WUNTRACED, once.
    PTRACE_STOP: Must, "macos/ptrace/stop", "macOS ptrace(2); wait(2)";
    /// On macOS, PT_CONTINUE resumes a traced child, with the given signal or none.
    PTRACE_CONTINUE: Must, "macos/ptrace/continue", "macOS ptrace(2), PT_CONTINUE";
}
