//! DragonFly BSD: wait(2) and `<sys/wait.h>`.

use super::clause::clauses;

clauses! {
    /// On DragonFly, waitid and wait6 without any of WEXITED, WUNTRACED, WSTOPPED, WTRAPPED and WCONTINUED
    /// fail with EINVAL.
    WAIT6_NO_EVENT_OPTION_EINVAL: Must, "dragonfly/wait6/no-event-option-einval",
        "DragonFly wait(2), options";
    /// On DragonFly, waitid and wait6 report terminations only with WEXITED and traps only with WTRAPPED.
    WAIT6_NEEDS_EVENT_OPTIONS: Must, "dragonfly/wait6/needs-event-options", "DragonFly wait(2), DESCRIPTION";
    /// On DragonFly, wait6 with WNOHANG and nothing to report returns 0.
    WAIT6_NOHANG_ZERO: Must, "dragonfly/wait6/nohang-zero", "DragonFly wait(2), WNOHANG";
    /// On DragonFly, wait6 returns the pid of the child and stores both its status word and its siginfo.
    WAIT6_RETURNS_PID: Must, "dragonfly/wait6/returns-pid", "DragonFly wait(2), RETURN VALUES";
    /// On DragonFly, any of the status, wrusage and siginfo pointers of wait6 may be null.
    WAIT6_NULL_POINTERS: Must, "dragonfly/wait6/null-pointers", "DragonFly wait(2), DESCRIPTION";
    /// On DragonFly, wait6 returns the child's own usage in wru_self and that of its reaped children in
    /// wru_children.
    WAIT6_USAGE_SPLIT: Must, "dragonfly/wait6/usage-split", "DragonFly wait(2), wrusage";
    /// waitpid accepts WNOWAIT, which leaves the child waitable.
    WAITPID_ACCEPTS_WNOWAIT: Must, "dragonfly/waitpid/accepts-wnowait", "DragonFly wait(2), STANDARDS";
    /// On DragonFly, P_PID and P_PGID with id 0 select children in the caller's process group.
    WAITID_ID_ZERO_IS_OWN_GROUP: Must, "dragonfly/waitid/id-zero-is-own-group", "DragonFly wait(2), idtype";
    /// On DragonFly, P_UID selects children by effective user ID and P_GID by effective group ID.
    WAITID_P_UID_P_GID: Must, "dragonfly/waitid/p-uid-p-gid", "DragonFly wait(2), idtype";
    /// On DragonFly, P_SID selects children by session ID.
    WAITID_P_SID: Must, "dragonfly/waitid/p-sid", "DragonFly wait(2), idtype";
    /// On DragonFly, P_JAILID selects children by the ID of their jail.
    WAITID_P_JAILID: Must, "dragonfly/waitid/p-jailid", "DragonFly wait(2), idtype";
    /// On DragonFly, an idtype that <sys/wait.h> defines but the system does not implement fails with EINVAL.
    WAITID_UNIMPLEMENTED_IDTYPE: Must, "dragonfly/waitid/unimplemented-idtype", "DragonFly wait(2), ERRORS";
    /// The si_status of a child that exited is its exit code, from 0 to 255.
    WAITID_STATUS_EIGHT_BITS: Must, "dragonfly/waitid/status-eight-bits", "DragonFly wait(2), si_status";
    /// A child that dumped core is reported with CLD_KILLED: CLD_DUMPED is not used.
    WAITID_NO_CLD_DUMPED: Must, "dragonfly/waitid/no-cld-dumped", "DragonFly wait(2), si_code";
    /// On DragonFly, a WNOHANG waitid with nothing to report sets si_signo and si_pid to 0.
    WAITID_NOHANG_ZEROES: Must, "dragonfly/waitid/nohang-zeroes", "DragonFly wait(2), WNOHANG";
    /// The status word of a continue is SIGCONT (0x13), for which WIFCONTINUED is true.
    STATUS_WORD_CONTINUE: Must, "dragonfly/status/word-continue", "DragonFly <sys/wait.h>";
    /// One SIGCHLD is queued per child that changes state; a call that reports a child discards the SIGCHLD
    /// queued for it.
    SIGCHLD_QUEUED_PER_CHILD: Must, "dragonfly/sigchld/queued-per-child", "DragonFly wait(2), NOTES";
    /// On DragonFly, whether the child is lost or kept after EFAULT is unspecified.
    WAIT_CHILD_AFTER_EFAULT: Implementation, "dragonfly/wait/child-after-efault", "DragonFly wait(2), ERRORS";
    /// On DragonFly, an orphan is reparented to process 1.
    ORPHAN_TO_INIT: Must, "dragonfly/orphan/to-init", "DragonFly wait(2), NOTES",
        untestable "the warden of every trial is a reaper, which adopts orphans before process 1";
    /// On DragonFly, an orphan is reparented to its reaper (PROC_REAP_ACQUIRE), which can reap it.
    REAPER_ADOPTS: Must, "dragonfly/reaper/adopts", "DragonFly procctl(2), PROC_REAP_ACQUIRE";
    /// On DragonFly, PROC_REAP_STATUS reports whether the process is a reaper, and the pid of its first child, or -1.
    REAPER_STATUS: Must, "dragonfly/reaper/status", "DragonFly sys/kern/kern_fork.c, sys_procctl";
    /// On DragonFly, NOTE_EXIT of EVFILT_PROC reports the termination of a child, with its status word in data, and a blocking
    /// wait then reaps the child.
    NOTE_EXIT_STATUS: Must, "dragonfly/kqueue/note-exit-status", "DragonFly sys/kern/kern_event.c, filt_proc";
    /// On DragonFly, whether a WNOHANG wait right after NOTE_EXIT reports the child is unspecified.
    NOTE_EXIT_EARLY: Implementation, "dragonfly/kqueue/note-exit-early", "DragonFly kqueue(2) (silent)";
    /// On DragonFly, a signal stops a traced child, and wait4 reports the stop without WUNTRACED, once.
    PTRACE_STOP: Must, "dragonfly/ptrace/stop", "DragonFly ptrace(2); wait(2)";
    /// On DragonFly, PT_CONTINUE resumes a traced child, with the given signal or none.
    PTRACE_CONTINUE: Must, "dragonfly/ptrace/continue", "DragonFly ptrace(2), PT_CONTINUE";
}
