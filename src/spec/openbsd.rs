//! OpenBSD: wait(2), waitid(2) and kern_exit.c.

use super::clause::clauses;

clauses! {
    /// waitpid and wait4 accept WNOHANG, WUNTRACED and WCONTINUED; any other option bit fails with EINVAL.
    WAIT_OPTION_BITS: Must, "openbsd/wait/option-bits", "OpenBSD wait(2), ERRORS; sys/kern/kern_exit.c",
        bugs "pkg#1853";
    /// waitid without any of WEXITED, WSTOPPED, WTRAPPED and WCONTINUED fails with EINVAL (since OpenBSD
    /// 7.3).
    WAITID_NO_EVENT_OPTION_EINVAL: Must, "openbsd/waitid/no-event-option-einval",
        "OpenBSD waitid(2), options";
    /// waitid reports each kind of event (exit, stop, continue, trap) only with the corresponding option.
    WAITID_NEEDS_EVENT_OPTIONS: Must, "openbsd/waitid/needs-event-options", "OpenBSD waitid(2), si_code";
    /// An idtype other than P_ALL, P_PID and P_PGID fails with EINVAL.
    WAITID_EINVAL_IDTYPE: Must, "openbsd/waitid/einval-idtype", "OpenBSD waitid(2), ERRORS";
    /// The si_status of a child that exited is the full int passed to _exit.
    WAITID_FULL_EXIT_VALUE: Must, "openbsd/waitid/full-exit-value", "OpenBSD waitid(2), CLD_EXITED";
    /// si_uid is the child's effective user ID.
    WAITID_SI_UID_EFFECTIVE: Must, "openbsd/waitid/si-uid-effective", "OpenBSD waitid(2), si_uid",
        untestable "no step gives a child an effective user ID other than its real one";
    /// A WNOHANG waitid with nothing to report zeroes the siginfo.
    WAITID_NOHANG_ZEROES: Must, "openbsd/waitid/nohang-zeroes", "OpenBSD waitid(2); sys/kern/kern_exit.c";
    /// A continued child has SIGCONT in si_status.
    WAITID_CONTINUED: Must, "openbsd/waitid/continued", "OpenBSD waitid(2), CLD_CONTINUED";
    /// The result of waitid with a null infop (EFAULT after the child is reaped) is unspecified.
    WAITID_NULL_INFOP: Implementation, "openbsd/waitid/null-infop", "OpenBSD sys/kern/kern_exit.c";
    /// On OpenBSD, the result of P_PID with id 0 is unspecified.
    WAITID_ID_ZERO: Implementation, "openbsd/waitid/id-zero", "OpenBSD sys/kern/kern_exit.c";
    /// On OpenBSD, NOTE_EXIT of EVFILT_PROC reports the termination of a child, with its status word in data, and a
    /// blocking wait then reaps the child.
    NOTE_EXIT_STATUS: Must, "openbsd/kqueue/note-exit-status", "OpenBSD kqueue(2), NOTE_EXIT";
    /// On OpenBSD, whether a WNOHANG wait right after NOTE_EXIT reports the child is unspecified.
    NOTE_EXIT_EARLY: Implementation, "openbsd/kqueue/note-exit-early", "OpenBSD kqueue(2) (silent)";
    /// The status word of a continue is 0xffff, for which WIFSTOPPED is false.
    STATUS_WORD_CONTINUE: Must, "openbsd/status/word-continue", "OpenBSD <sys/wait.h>",
        bugs "rust-lang/libc#1784";
    /// The rusage returned with a stop, a continue or a trap is all zeros.
    RUSAGE_ZERO_ON_STOP: Must, "openbsd/rusage/zero-on-stop",
        "OpenBSD wait(2), rusage; sys/kern/kern_exit.c";
    /// The parent of a traced child can reap it only after the debugger is done with it.
    PTRACE_PARENT_AFTER_DEBUGGER: Must, "openbsd/ptrace/parent-after-debugger",
        "OpenBSD sys/kern/kern_exit.c",
        untestable "no request traces a process on OpenBSD";
    /// On OpenBSD, whether the child is lost or kept after EFAULT is unspecified.
    WAIT_CHILD_AFTER_EFAULT: Implementation, "openbsd/wait/child-after-efault", "OpenBSD wait(2), ERRORS";
    /// On OpenBSD, the result for pid INT_MIN is unspecified.
    WAIT_INT_MIN: Implementation, "openbsd/wait/int-min", "OpenBSD sys/kern/kern_exit.c";
    /// On OpenBSD, whether reaping a child discards its pending SIGCHLD is unspecified.
    SIGCHLD_PENDING_AFTER_REAP: Implementation, "openbsd/sigchld/pending-after-reap",
        "OpenBSD wait(2) (silent)";
    /// On OpenBSD, an orphan is reparented to process 1.
    ORPHAN_TO_INIT: Must, "openbsd/orphan/to-init", "OpenBSD wait(2), NOTES";
    /// On OpenBSD, a signal stops a traced child, and wait4 reports the stop without WUNTRACED, once.
    PTRACE_STOP: Must, "openbsd/ptrace/stop", "OpenBSD ptrace(2); wait(2)";
    /// On OpenBSD, PT_CONTINUE resumes a traced child, with the given signal or none.
    PTRACE_CONTINUE: Must, "openbsd/ptrace/continue", "OpenBSD ptrace(2), PT_CONTINUE";
}
