//! macOS and its relatives: the manual wait(2), `<sys/wait.h>` and the kernel's kern_exit.c.

use super::clause::clauses;

clauses! {
    /// The status word of a continue is 0x137f, for which WIFCONTINUED is true and WIFSTOPPED is false.
    STATUS_WORD_CONTINUE: Must, "macos/status/word-continue", "macOS <sys/wait.h>; XNU bsd/kern/kern_exit.c";
    /// WSTOPPED is not WUNTRACED: waitid reports stops for the first only.
    WAITID_WSTOPPED_IS_NOT_WUNTRACED: Must, "macos/waitid/wstopped-is-not-wuntraced", "macOS <sys/wait.h>";
    /// The siginfo of a continue holds the sender of SIGCONT in si_pid and the last stop signal in si_status:
    /// what it holds is recorded.
    WAITID_CONTINUED_FIELDS: Implementation, "macos/waitid/continued-fields",
        "XNU bsd/kern/kern_exit.c, waitidcontinue";
    /// How many bits of the exit value si_status holds, in a first and in a second look, is recorded.
    WAITID_STATUS_BITS: Implementation, "macos/waitid/status-bits", "XNU bsd/kern/kern_exit.c, p_xhighbits";
    /// Whether a WNOHANG waitid that found nothing leaves the siginfo untouched is recorded.
    WAITID_NOHANG_SIGINFO: Implementation, "macos/waitid/nohang-siginfo", "XNU bsd/kern/kern_exit.c, waitid",
        bugs "corefx#39060";
    /// What waitid with WNOHANG alone, without an event option, gives is recorded.
    WAITID_NO_EVENT_OPTION: Implementation, "macos/waitid/no-event-option", "XNU bsd/kern/kern_exit.c, waitid";
    /// On macOS what P_PID with id 0 gives is recorded.
    WAITID_ID_ZERO: Implementation, "macos/waitid/id-zero", "XNU bsd/kern/kern_exit.c, waitid";
    /// Whether wait4 ignores or refuses WNOWAIT and WEXITED is recorded.
    WAIT4_WAITID_ONLY_OPTIONS: Implementation, "macos/wait4/waitid-only-options", "XNU bsd/kern/kern_exit.c, wait4",
        bugs "pkg#1853" "gcli#149";
    /// After EFAULT for the status the child is still waitable.
    WAIT4_EFAULT_KEEPS_CHILD: Must, "macos/wait4/efault-keeps-child", "XNU bsd/kern/kern_exit.c, wait4";
    /// Whether a report of a stop or a continue leaves the rusage untouched is recorded.
    RUSAGE_ON_STOP: Implementation, "macos/rusage/on-stop", "XNU bsd/kern/kern_exit.c, wait4";
    /// ru_maxrss is in bytes.
    RUSAGE_MAXRSS_BYTES: Must, "macos/rusage/maxrss-bytes", "XNU bsd/kern/kern_resource.c",
        bugs "libuv#4027" "nix#2331" "swift#15621";
    /// Waiters that meet at one child wait for each other: all end with the child or with an error, none
    /// sleeps on.
    WAIT_WAITER_COLLISION: Must, "macos/wait/waiter-collision", "XNU bsd/kern/kern_exit.c, wait4: P_LWAITING";
    /// NOTE_EXIT of a kqueue says that a child is ending, not that it is waitable: whether a WNOHANG wait
    /// right after it finds the child is recorded.
    NOTE_EXIT_EARLY: Implementation, "macos/kqueue/note-exit-early", "macOS kqueue(2), NOTE_EXIT",
        bugs "libuv#3441" "libuv#3521" "rift#465",
        untestable "no request has a kqueue";
    /// On macOS the result of pid INT_MIN is recorded.
    WAIT_INT_MIN: Implementation, "macos/wait/int-min", "XNU bsd/kern/kern_exit.c, wait4";
    /// On macOS an orphan becomes a child of process 1.
    ORPHAN_TO_INIT: Must, "macos/orphan/to-init", "macOS wait(2), NOTES";
}
