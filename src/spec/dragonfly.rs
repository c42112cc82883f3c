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
    /// waitpid accepts WNOWAIT, which leaves the child waitable.
    WAITPID_ACCEPTS_WNOWAIT: Must, "dragonfly/waitpid/accepts-wnowait", "DragonFly wait(2), STANDARDS";
    /// On DragonFly, P_PID and P_PGID with id 0 select children in the caller's process group.
    WAITID_ID_ZERO_IS_OWN_GROUP: Must, "dragonfly/waitid/id-zero-is-own-group", "DragonFly wait(2), idtype";
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
}
