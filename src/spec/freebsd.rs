//! FreeBSD: wait(2), pdfork(2), procctl(2), sigaction(2) and `<sys/wait.h>`.

use super::clause::clauses;

clauses! {
    /// waitid and wait6 report terminations only with WEXITED.
    WAIT6_NEEDS_WEXITED: Must, "freebsd/wait6/needs-wexited", "FreeBSD wait(2), WEXITED";
    /// waitid and wait6 report traps of traced children only with WTRAPPED; the other calls always report
    /// them.
    WAIT6_NEEDS_WTRAPPED: Must, "freebsd/wait6/needs-wtrapped", "FreeBSD wait(2), WTRAPPED";
    /// On FreeBSD, waitid and wait6 without any of WEXITED, WUNTRACED, WSTOPPED, WTRAPPED and WCONTINUED fail
    /// with EINVAL.
    WAIT6_NO_EVENT_OPTION_EINVAL: Must, "freebsd/wait6/no-event-option-einval", "FreeBSD wait(2), options";
    /// On FreeBSD, wait6 with WNOHANG and nothing to report returns 0.
    WAIT6_NOHANG_ZERO: Must, "freebsd/wait6/nohang-zero", "FreeBSD wait(2), WNOHANG";
    /// wait6 returns the pid of the child and stores both its status word and its siginfo.
    WAIT6_RETURNS_PID: Must, "freebsd/wait6/returns-pid", "FreeBSD wait(2), RETURN VALUES";
    /// On FreeBSD, any of the status, wrusage and siginfo pointers of wait6 may be null.
    WAIT6_NULL_POINTERS: Must, "freebsd/wait6/null-pointers", "FreeBSD wait(2), DESCRIPTION";
    /// wait6 returns the child's own usage in wru_self and that of its reaped children in wru_children; the
    /// rusage of wait4 is the sum of both.
    WAIT6_USAGE_SPLIT: Must, "freebsd/wait6/usage-split", "FreeBSD wait(2), wrusage";
    /// wait4 is equivalent to wait6 with WEXITED and WTRAPPED added: same child, same status.
    WAIT4_EQUALS_WAIT6: Must, "freebsd/wait4/equals-wait6", "FreeBSD wait(2), DESCRIPTION";
    /// waitpid and wait4 accept WNOWAIT, which leaves the child waitable.
    WAITPID_ACCEPTS_WNOWAIT: Must, "freebsd/waitpid/accepts-wnowait", "FreeBSD wait(2), STANDARDS",
        bugs "pkg#1853";
    /// waitpid and wait4 accept WEXITED, which they imply.
    WAITPID_ACCEPTS_WEXITED: Must, "freebsd/waitpid/accepts-wexited", "FreeBSD wait(2), WEXITED",
        bugs "gcli#149";
    /// On FreeBSD, P_PID and P_PGID with id 0 select children in the caller's process group.
    WAITID_ID_ZERO_IS_OWN_GROUP: Must, "freebsd/waitid/id-zero-is-own-group", "FreeBSD wait(2), idtype";
    /// P_UID selects children by effective user ID and P_GID by effective group ID.
    WAITID_P_UID_P_GID: Must, "freebsd/waitid/p-uid-p-gid", "FreeBSD wait(2), idtype";
    /// P_SID selects children by session ID: a child that called setsid is found by its own pid.
    WAITID_P_SID: Must, "freebsd/waitid/p-sid", "FreeBSD wait(2), idtype";
    /// P_JAILID selects children by the ID of their jail.
    WAITID_P_JAILID: Must, "freebsd/waitid/p-jailid", "FreeBSD wait(2), idtype";
    /// On FreeBSD, an idtype that <sys/wait.h> defines but the system does not implement (P_PPID, P_CID, P_CPUID,
    /// P_PSETID) fails with EINVAL.
    WAITID_UNIMPLEMENTED_IDTYPE: Must, "freebsd/waitid/unimplemented-idtype", "FreeBSD wait(2), ERRORS";
    /// On FreeBSD, the si_status of a child that exited is the full 32-bit value; the status word holds its
    /// low eight bits.
    WAITID_STATUS_32_BITS: Must, "freebsd/waitid/status-32-bits", "FreeBSD wait(2), si_status";
    /// On FreeBSD, a WNOHANG waitid with nothing to report sets si_signo and si_pid to 0.
    WAITID_NOHANG_ZEROES: Must, "freebsd/waitid/nohang-zeroes", "FreeBSD wait(2), WNOHANG";
    /// waitid with a null infop reaps the child and returns 0.
    WAITID_NULL_INFOP: Must, "freebsd/waitid/null-infop", "FreeBSD wait(2), infop";
    /// Exactly one of WIFCONTINUED, WIFEXITED, WIFSIGNALED and WIFSTOPPED is true for any status.
    STATUS_ONE_PREDICATE: Must, "freebsd/status/one-predicate", "FreeBSD wait(2), macros",
        bugs "rust-lang/libc#1782";
    /// The status word of a continue is SIGCONT (0x13), and is not a death by signal.
    STATUS_WORD_CONTINUE: Must, "freebsd/status/word-continue", "FreeBSD <sys/wait.h>",
        bugs "rust-lang/libc#1782";
    /// One SIGCHLD is queued per child that changes state; a call that reports a child discards the SIGCHLD
    /// queued for it and leaves the others pending.
    SIGCHLD_QUEUED_PER_CHILD: Must, "freebsd/sigchld/queued-per-child", "FreeBSD wait(2), NOTES";
    /// With SIGCHLD ignored or SA_NOCLDWAIT set, a wait fails with ECHILD once there are no children left.
    SIGCHLD_IGNORED_ECHILD: Must, "freebsd/sigchld/ignored-echild", "FreeBSD wait(2), ERRORS";
    /// A child created by pdfork is reported only to a call that specifies its pid: a wait for any child skips it.
    PDFORK_ONLY_BY_PID: Must, "freebsd/pdfork/only-by-pid", "FreeBSD wait(2), RETURN VALUES";
    /// A wait for a process group skips a child created by pdfork.
    PDFORK_NOT_BY_GROUP: Must, "freebsd/pdfork/not-by-group", "FreeBSD wait(2), RETURN VALUES";
    /// The termination of a child created by pdfork raises no SIGCHLD.
    PDFORK_NO_SIGCHLD: Must, "freebsd/pdfork/no-sigchld", "FreeBSD pdfork(2), DESCRIPTION";
    /// poll reports POLLHUP on the process descriptor of a terminated child.
    PDFORK_POLLHUP: Must, "freebsd/pdfork/pollhup", "FreeBSD pdfork(2)";
    /// Closing the last descriptor of a pdfork child kills it with SIGKILL, unless it was created with
    /// PD_DAEMON.
    PDFORK_CLOSE_KILLS: Must, "freebsd/pdfork/close-kills", "FreeBSD pdfork(2)";
    /// The pid of a pdfork child is not reused while its descriptor is open, even after it is reaped.
    PDFORK_PID_NOT_REUSED_WHILE_OPEN: Must, "freebsd/pdfork/pid-not-reused-while-open",
        "FreeBSD sys/kern/sys_procdesc.c",
        untestable "a specific pid cannot be requested, and trying all of them takes minutes";
    /// pdwait reports what wait6 would report for the process that the descriptor refers to, and returns 0; it reaps one that
    /// has terminated.
    PDWAIT_REPORTS: Must, "freebsd/pdwait/reports", "FreeBSD pdfork(2), pdwait";
    /// pdwait with WNOHANG and nothing to report fails with EWOULDBLOCK.
    PDWAIT_NOHANG_EWOULDBLOCK: Must, "freebsd/pdwait/nohang-ewouldblock",
        "FreeBSD sys/kern/kern_exit.c, kern_pdwait";
    /// pdwait with WNOWAIT leaves the process waitable.
    PDWAIT_NOWAIT: Must, "freebsd/pdwait/nowait", "FreeBSD pdfork(2), pdwait; wait(2), WNOWAIT";
    /// pdwait without any of WEXITED, WUNTRACED, WSTOPPED, WTRAPPED and WCONTINUED fails with EINVAL.
    PDWAIT_NO_EVENT_OPTION_EINVAL: Must, "freebsd/pdwait/no-event-option-einval",
        "FreeBSD pdfork(2), pdwait; wait(2), options";
    /// pdwait fails with EINVAL if the descriptor is not a process descriptor, and with EBADF if it is not open.
    PDWAIT_BAD_DESCRIPTOR: Must, "freebsd/pdwait/bad-descriptor",
        "FreeBSD sys/kern/kern_exit.c, kern_pdwait";
    /// pdwait on the descriptor of a reaped child fails with ESRCH.
    PDWAIT_AFTER_REAP_ESRCH: Must, "freebsd/pdwait/after-reap-esrch",
        "FreeBSD sys/kern/kern_exit.c, kern_pdwait";
    /// The error of pdwait without WEXITED for a process that has terminated is unspecified.
    PDWAIT_NOT_EXITED: Implementation, "freebsd/pdwait/not-exited", "FreeBSD sys/kern/kern_exit.c, kern_pdwait";
    /// On FreeBSD, NOTE_EXIT of EVFILT_PROC reports the termination of a child, with its status word in data, and a
    /// blocking wait then reaps the child.
    NOTE_EXIT_STATUS: Must, "freebsd/kqueue/note-exit-status", "FreeBSD kqueue(2), NOTE_EXIT";
    /// On FreeBSD, whether a WNOHANG wait right after NOTE_EXIT reports the child is unspecified.
    NOTE_EXIT_EARLY: Implementation, "freebsd/kqueue/note-exit-early", "FreeBSD sys/kern/kern_exit.c, exit1";
    /// An orphan is reparented to its reaper (PROC_REAP_ACQUIRE), which receives SIGCHLD when it terminates
    /// and can reap it.
    REAPER_ADOPTS: Must, "freebsd/reaper/adopts", "FreeBSD procctl(2); wait(2), NOTES";
    /// Without a reaper, an orphan is reparented to process 1.
    ORPHAN_TO_INIT: Must, "freebsd/orphan/to-init", "FreeBSD wait(2), NOTES",
        untestable "the warden of every trial is a reaper, which adopts orphans before process 1";
    /// An invalid status or rusage pointer fails with EFAULT, at the latest when there is a child to report.
    WAIT_EFAULT: Must, "freebsd/wait/efault", "FreeBSD wait(2), ERRORS";
    /// On FreeBSD, whether the child is lost or kept after EFAULT is unspecified.
    WAIT_CHILD_AFTER_EFAULT: Implementation, "freebsd/wait/child-after-efault", "FreeBSD wait(2), ERRORS";
    /// On FreeBSD, the result for pid INT_MIN is unspecified.
    WAIT_INT_MIN: Implementation, "freebsd/wait/int-min", "FreeBSD sys/kern/kern_exit.c";
    /// On FreeBSD, the rusage returned with a stop or a continue is unspecified.
    RUSAGE_ON_STOP: Implementation, "freebsd/rusage/on-stop", "FreeBSD wait(2), rusage";
    /// ru_maxrss is in kilobytes.
    RUSAGE_MAXRSS_KILOBYTES: Must, "freebsd/rusage/maxrss-kilobytes", "FreeBSD getrusage(2), ru_maxrss",
        bugs "nix#2331";
    /// PROC_REAP_STATUS reports whether the process is a reaper, which process is its reaper, how many children and descendants
    /// the latter has, and the pid of one of them, or -1.
    REAPER_STATUS: Must, "freebsd/reaper/status", "FreeBSD procctl(2), PROC_REAP_STATUS";
    /// PROC_REAP_GETPIDS lists the descendants of a reaper, including zombies, each with the child of the reaper that it descends from.
    REAPER_GETPIDS: Must, "freebsd/reaper/getpids", "FreeBSD procctl(2), PROC_REAP_GETPIDS";
    /// PROC_REAP_KILL with REAPER_KILL_SUBTREE signals a child of the reaper and its descendants, no other process, and counts them.
    REAPER_KILL_SUBTREE: Must, "freebsd/reaper/kill-subtree", "FreeBSD procctl(2), PROC_REAP_KILL";
    /// PROC_REAP_KILL with REAPER_KILL_CHILDREN signals the children of the reaper, but not their descendants.
    REAPER_KILL_CHILDREN: Must, "freebsd/reaper/kill-children", "FreeBSD procctl(2), PROC_REAP_KILL";
    /// On FreeBSD, a signal stops a traced child, and wait4 reports the stop without WUNTRACED, once.
    PTRACE_STOP: Must, "freebsd/ptrace/stop", "FreeBSD ptrace(2); wait(2)";
    /// On FreeBSD, PT_CONTINUE resumes a traced child, with the given signal or none.
    PTRACE_CONTINUE: Must, "freebsd/ptrace/continue", "FreeBSD ptrace(2), PT_CONTINUE";
}
