//! NetBSD: wait(2) and `<sys/wait.h>`.

use super::clause::clauses;

clauses! {
    /// On NetBSD, waitid and wait6 without any of WEXITED, WUNTRACED, WSTOPPED, WTRAPPED and WCONTINUED fail
    /// with EINVAL.
    WAIT6_NO_EVENT_OPTION_EINVAL: Must, "netbsd/wait6/no-event-option-einval", "NetBSD wait(2), options";
    /// On NetBSD, waitid and wait6 report terminations only with WEXITED and traps only with WTRAPPED.
    WAIT6_NEEDS_EVENT_OPTIONS: Must, "netbsd/wait6/needs-event-options", "NetBSD wait(2), DESCRIPTION";
    /// wait6 returns the child's own usage in wru_self and that of its reaped children in wru_children.
    WAIT6_USAGE_SPLIT: Must, "netbsd/wait6/usage-split", "NetBSD wait(2), wrusage";
    /// On NetBSD, any of the status, wrusage and siginfo pointers of wait6 may be null.
    WAIT6_NULL_POINTERS: Must, "netbsd/wait6/null-pointers", "NetBSD wait(2), DESCRIPTION";
    /// wait4 with WNOHANG and nothing to report returns 0.
    WAIT4_NOHANG_ZERO: Must, "netbsd/wait4/nohang-zero", "NetBSD wait(2), WNOHANG";
    /// With WNOZOMBIE, zombies do not match: the call waits for live children only.
    WAIT_WNOZOMBIE: Must, "netbsd/wait/wnozombie", "NetBSD wait(2), WNOZOMBIE";
    /// With WALTSIG (__WCLONE), only children whose exit signal is not SIGCHLD match; with neither it nor WALLSIG, only the
    /// others.
    WAIT_WALTSIG: Must, "netbsd/wait/waltsig", "NetBSD wait(2), WALTSIG";
    /// With WALLSIG (__WALL), children match whatever their exit signal.
    WAIT_WALLSIG: Must, "netbsd/wait/wallsig", "NetBSD wait(2), WALLSIG";
    /// Whether waitpid and wait4 accept WNOWAIT and WEXITED is unspecified.
    WAITPID_WAITID_ONLY_OPTIONS: Implementation, "netbsd/waitpid/waitid-only-options",
        "NetBSD wait(2), options";
    /// On NetBSD, P_PID and P_PGID with id 0 select children in the caller's process group.
    WAITID_ID_ZERO_IS_OWN_GROUP: Must, "netbsd/waitid/id-zero-is-own-group", "NetBSD wait(2), idtype";
    /// P_UID, P_GID and P_SID select children by effective user ID, effective group ID and session ID.
    WAITID_P_UID_P_GID_P_SID: Must, "netbsd/waitid/p-uid-p-gid-p-sid", "NetBSD wait(2), idtype";
    /// On NetBSD, the error for an idtype that <sys/idtype.h> defines but the system does not implement is unspecified.
    WAITID_UNIMPLEMENTED_IDTYPE: Implementation, "netbsd/waitid/unimplemented-idtype",
        "NetBSD wait(2) (silent)";
    /// On NetBSD, the si_status of a child that exited is the full 32-bit value; the status word holds its
    /// low eight bits.
    WAITID_STATUS_32_BITS: Must, "netbsd/waitid/status-32-bits", "NetBSD wait(2), si_status";
    /// On NetBSD, a WNOHANG waitid with nothing to report sets si_signo and si_pid to 0.
    WAITID_NOHANG_ZEROES: Must, "netbsd/waitid/nohang-zeroes", "NetBSD wait(2), WNOHANG";
    /// The status word of a continue is 0xffff, for which WIFSTOPPED is false (NetBSD 8 and later).
    STATUS_WORD_CONTINUE: Must, "netbsd/status/word-continue", "NetBSD <sys/wait.h>",
        bugs "rust-lang/libc#5458";
    /// WEXITSTATUS and WSTOPSIG are masked to eight bits.
    STATUS_MASKED: Must, "netbsd/status/masked", "NetBSD <sys/wait.h>", bugs "rust-lang/libc#4213";
    /// On NetBSD, the rusage returned with a stop or a continue is unspecified.
    RUSAGE_ON_STOP: Implementation, "netbsd/rusage/on-stop", "NetBSD wait(2), rusage";
    /// On NetBSD, whether the child is lost or kept after EFAULT is unspecified.
    WAIT_CHILD_AFTER_EFAULT: Implementation, "netbsd/wait/child-after-efault", "NetBSD wait(2), ERRORS";
    /// On NetBSD, whether reaping a child discards its pending SIGCHLD is unspecified.
    SIGCHLD_PENDING_AFTER_REAP: Implementation, "netbsd/sigchld/pending-after-reap",
        "NetBSD wait(2) (silent)";
    /// On NetBSD, an orphan is reparented to process 1.
    ORPHAN_TO_INIT: Must, "netbsd/orphan/to-init", "NetBSD wait(2), NOTES";
    /// On NetBSD, NOTE_EXIT of EVFILT_PROC reports the termination of a child, with its status word in data, and a blocking wait
    /// then reaps the child.
    NOTE_EXIT_STATUS: Must, "netbsd/kqueue/note-exit-status", "NetBSD sys/kern/kern_event.c, knote_proc_exit";
    /// On NetBSD, whether a WNOHANG wait right after NOTE_EXIT reports the child is unspecified.
    NOTE_EXIT_EARLY: Implementation, "netbsd/kqueue/note-exit-early", "NetBSD sys/kern/kern_exit.c, exit1";
    /// On NetBSD, a signal stops a traced child, and wait4 reports the stop without WUNTRACED, once.
    PTRACE_STOP: Must, "netbsd/ptrace/stop", "NetBSD ptrace(2); wait(2)";
    /// On NetBSD, PT_CONTINUE resumes a traced child, with the given signal or none.
    PTRACE_CONTINUE: Must, "netbsd/ptrace/continue", "NetBSD ptrace(2), PT_CONTINUE";
}
