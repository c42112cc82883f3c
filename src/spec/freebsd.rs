//! FreeBSD: its manuals wait(2), pdfork(2), procctl(2), sigaction(2) and `<sys/wait.h>`.

use super::clause::clauses;

clauses! {
    /// waitid and wait6 report terminations only if WEXITED is given.
    WAIT6_NEEDS_WEXITED: Must, "freebsd/wait6/needs-wexited", "FreeBSD wait(2), WEXITED";
    /// waitid and wait6 report the traps of traced children only if WTRAPPED is given; the other calls always
    /// do.
    WAIT6_NEEDS_WTRAPPED: Must, "freebsd/wait6/needs-wtrapped", "FreeBSD wait(2), WTRAPPED";
    /// On FreeBSD waitid and wait6 without any of WEXITED, WUNTRACED, WSTOPPED, WTRAPPED and WCONTINUED fail
    /// with EINVAL.
    WAIT6_NO_EVENT_OPTION_EINVAL: Must, "freebsd/wait6/no-event-option-einval", "FreeBSD wait(2), options";
    /// On FreeBSD wait6 with WNOHANG and nothing to report returns 0.
    WAIT6_NOHANG_ZERO: Must, "freebsd/wait6/nohang-zero", "FreeBSD wait(2), WNOHANG";
    /// wait6 returns the pid of the child and gives its status word and its siginfo in the same call.
    WAIT6_RETURNS_PID: Must, "freebsd/wait6/returns-pid", "FreeBSD wait(2), RETURN VALUES";
    /// On FreeBSD in wait6 each of the status, wrusage and siginfo pointers may be null.
    WAIT6_NULL_POINTERS: Must, "freebsd/wait6/null-pointers", "FreeBSD wait(2), DESCRIPTION";
    /// wait6 gives the child's own usage in wru_self and that of its taken children in wru_children; wait4's
    /// rusage of a like child is the sum of both.
    WAIT6_USAGE_SPLIT: Must, "freebsd/wait6/usage-split", "FreeBSD wait(2), wrusage";
    /// wait4 is wait6 with WEXITED and WTRAPPED added: same child, same status.
    WAIT4_EQUALS_WAIT6: Must, "freebsd/wait4/equals-wait6", "FreeBSD wait(2), DESCRIPTION";
    /// waitpid and wait4 take WNOWAIT, which leaves the child waitable.
    WAITPID_ACCEPTS_WNOWAIT: Must, "freebsd/waitpid/accepts-wnowait", "FreeBSD wait(2), STANDARDS",
        bugs "pkg#1853";
    /// waitpid and wait4 take WEXITED, which they imply.
    WAITPID_ACCEPTS_WEXITED: Must, "freebsd/waitpid/accepts-wexited", "FreeBSD wait(2), WEXITED",
        bugs "gcli#149";
    /// On FreeBSD P_PID and P_PGID with id 0 select the children in the caller's process group.
    WAITID_ID_ZERO_IS_OWN_GROUP: Must, "freebsd/waitid/id-zero-is-own-group", "FreeBSD wait(2), idtype";
    /// P_UID selects children by effective user ID and P_GID by effective group ID.
    WAITID_P_UID_P_GID: Must, "freebsd/waitid/p-uid-p-gid", "FreeBSD wait(2), idtype",
        untestable "libc 0.2 has no name for the idtype there, and its number is no part of the manual";
    /// P_SID selects children by session ID: a child that called setsid is found by its own pid.
    WAITID_P_SID: Must, "freebsd/waitid/p-sid", "FreeBSD wait(2), idtype",
        untestable "libc 0.2 has no name for the idtype there, and its number is no part of the manual";
    /// P_JAILID selects children by the ID of their jail.
    WAITID_P_JAILID: Must, "freebsd/waitid/p-jailid", "FreeBSD wait(2), idtype",
        untestable "no request makes a jail, for which a host would have to be prepared";
    /// On FreeBSD si_status of a child that exited is the full 32-bit value; the status word holds its low
    /// eight bits.
    WAITID_STATUS_32_BITS: Must, "freebsd/waitid/status-32-bits", "FreeBSD wait(2), si_status";
    /// On FreeBSD a WNOHANG waitid that found nothing sets si_signo and si_pid to 0.
    WAITID_NOHANG_ZEROES: Must, "freebsd/waitid/nohang-zeroes", "FreeBSD wait(2), WNOHANG";
    /// waitid with a null infop takes the child and returns 0.
    WAITID_NULL_INFOP: Must, "freebsd/waitid/null-infop", "FreeBSD wait(2), infop";
    /// Exactly one of WIFCONTINUED, WIFEXITED, WIFSIGNALED and WIFSTOPPED is true for a status.
    STATUS_ONE_PREDICATE: Must, "freebsd/status/one-predicate", "FreeBSD wait(2), macros",
        bugs "rust-lang/libc#1782";
    /// The status word of a continue is SIGCONT itself, 0x13, and is not a death by signal.
    STATUS_WORD_CONTINUE: Must, "freebsd/status/word-continue", "FreeBSD <sys/wait.h>",
        bugs "rust-lang/libc#1782";
    /// One SIGCHLD is queued for each child that changed state; a wait that reports a child discards the one
    /// queued for its pid and leaves the others pending.
    SIGCHLD_QUEUED_PER_CHILD: Must, "freebsd/sigchld/queued-per-child", "FreeBSD wait(2), NOTES";
    /// With SIGCHLD ignored or SA_NOCLDWAIT set, a wait fails with ECHILD once no children are left.
    SIGCHLD_IGNORED_ECHILD: Must, "freebsd/sigchld/ignored-echild", "FreeBSD wait(2), ERRORS";
    /// A child made by pdfork is reported only to a call that names its pid: any-child and group waits pass
    /// it over.
    PDFORK_ONLY_BY_PID: Must, "freebsd/pdfork/only-by-pid", "FreeBSD wait(2), RETURN VALUES",
        untestable "no request makes a child by pdfork";
    /// The process descriptor of a child that terminated shows POLLHUP.
    PDFORK_POLLHUP: Must, "freebsd/pdfork/pollhup", "FreeBSD pdfork(2)",
        untestable "no request makes a child by pdfork";
    /// Closing the last descriptor of a pdfork child kills it with SIGKILL unless PD_DAEMON was given.
    PDFORK_CLOSE_KILLS: Must, "freebsd/pdfork/close-kills", "FreeBSD pdfork(2)",
        untestable "no request makes a child by pdfork";
    /// The pid of a pdfork child is not used again while its descriptor is open, taken or not.
    PDFORK_PID_NOT_REUSED_WHILE_OPEN: Must, "freebsd/pdfork/pid-not-reused-while-open", "FreeBSD sys/kern/sys_procdesc.c",
        untestable "no request makes a child by pdfork";
    /// pdwait on a descriptor whose child was taken fails with ESRCH.
    PDWAIT_AFTER_REAP_ESRCH: Must, "freebsd/pdwait/after-reap-esrch", "FreeBSD pdwait(2), ERRORS",
        untestable "no request makes a child by pdfork, and pdwait is no call of the family";
    /// Orphans of a process below a reaper (PROC_REAP_ACQUIRE) become the reaper's children, which gets
    /// SIGCHLD for their end and can take them.
    REAPER_ADOPTS: Must, "freebsd/reaper/adopts", "FreeBSD procctl(2); wait(2), NOTES";
    /// Without a reaper an orphan becomes a child of process 1.
    ORPHAN_TO_INIT: Must, "freebsd/orphan/to-init", "FreeBSD wait(2), NOTES",
        untestable "the warden of every trial is a reaper, which is nearer than process 1";
    /// The calls with a bad status or rusage pointer fail with EFAULT, when they would report a child if not
    /// before.
    WAIT_EFAULT: Must, "freebsd/wait/efault", "FreeBSD wait(2), ERRORS";
    /// On FreeBSD whether the child is lost or kept after EFAULT is recorded.
    WAIT_CHILD_AFTER_EFAULT: Implementation, "freebsd/wait/child-after-efault", "FreeBSD wait(2), ERRORS";
    /// On FreeBSD the result of pid INT_MIN is recorded.
    WAIT_INT_MIN: Implementation, "freebsd/wait/int-min", "FreeBSD sys/kern/kern_exit.c";
    /// On FreeBSD what the rusage of a report of a stop or a continue holds is recorded.
    RUSAGE_ON_STOP: Implementation, "freebsd/rusage/on-stop", "FreeBSD wait(2), rusage";
    /// ru_maxrss is in kilobytes.
    RUSAGE_MAXRSS_KILOBYTES: Must, "freebsd/rusage/maxrss-kilobytes", "FreeBSD getrusage(2), ru_maxrss",
        bugs "nix#2331";
}
