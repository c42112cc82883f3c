//! waitid on Linux: argument checks, siginfo, the raw system call.

use crate::spec::clause::clauses;

clauses! {
    /// waitid without WEXITED, WSTOPPED or WCONTINUED fails with EINVAL: with options 0, WNOHANG alone or
    /// WNOWAIT alone.
    WAITID_NO_EVENT_OPTION_EINVAL: Must, "linux/waitid/no-event-option-einval",
        "Linux kernel/exit.c, waitid: checks";
    /// waitid fails with EINVAL for every undefined option bit.
    WAITID_OPTION_BITS: Must, "linux/waitid/option-bits", "wait(2), ERRORS";
    /// waitid fails with EINVAL for every idtype other than P_ALL, P_PID, P_PGID and P_PIDFD.
    WAITID_UNKNOWN_IDTYPE: Must, "linux/waitid/unknown-idtype", "Linux kernel/exit.c, waitid: checks";
    /// P_PID with id <= 0 fails with EINVAL.
    WAITID_PID_NOT_POSITIVE: Must, "linux/waitid/pid-not-positive", "Linux kernel/exit.c, waitid: checks";
    /// P_PGID with a negative id fails with EINVAL.
    WAITID_PGID_NEGATIVE: Must, "linux/waitid/pgid-negative", "Linux kernel/exit.c, waitid: checks";
    /// P_PGID with id 0 selects children in the caller's own process group (since Linux 5.4).
    WAITID_PGID_ZERO_IS_OWN_GROUP: Must, "linux/waitid/pgid-zero-is-own-group", "wait(2), P_PGID";
    /// An invalid options, idtype or id fails with EINVAL even if the caller has no children.
    WAITID_EINVAL_BEFORE_ECHILD: Must, "linux/waitid/einval-before-echild", "Linux kernel/exit.c, waitid";
    /// A WNOHANG waitid with nothing to report sets si_signo, si_errno, si_code, si_pid, si_uid and si_status
    /// to 0.
    WAITID_NOHANG_ZEROES_ALL: Must, "linux/waitid/nohang-zeroes-all", "Linux kernel/exit.c, waitid",
        bugs "DragonOS#1991";
    /// In the siginfo of a reported child, si_errno is 0.
    WAITID_SI_ERRNO_ZERO: Must, "linux/waitid/si-errno-zero", "Linux kernel/exit.c, waitid";
    /// The si_status of a child that exited holds only the low eight bits of the exit value.
    WAITID_STATUS_EIGHT_BITS: Must, "linux/waitid/status-eight-bits",
        "_exit(2), DESCRIPTION; Linux kernel/exit.c";
    /// si_uid is the child's real user ID at the time of the report: the new one if the child has changed it.
    WAITID_SI_UID_REAL: Must, "linux/waitid/si-uid-real", "wait(2), si_uid";
    /// WUNTRACED is the same as WSTOPPED in waitid: it reports stops.
    WAITID_WUNTRACED_IS_WSTOPPED: Must, "linux/waitid/wuntraced-is-wstopped", "<sys/wait.h>: the same bit";
    /// A waitid only for stops or continues fails with ECHILD if the only child is a zombie, which stays
    /// waitable.
    WAITID_STOPPED_ONLY_ZOMBIE: Must, "linux/waitid/stopped-only-zombie",
        "Linux kernel/exit.c, wait_consider_task";
    /// waitid with a null infop succeeds and reaps the child.
    WAITID_NULL_INFOP_REAPS: Must, "linux/waitid/null-infop-reaps", "wait(2), BUGS";
    /// With a null infop, waitid sleeps until there is an event that it asks for, and consumes it, just as with a buffer.
    WAITID_NULL_INFOP_ALIKE: Must, "linux/waitid/null-infop-alike", "wait(2), BUGS; Linux kernel/exit.c, kernel_waitid";
    /// Whether waitid with a null infop returns 0 or, as on older kernels, the pid is unspecified.
    WAITID_NULL_INFOP_RESULT: Implementation, "linux/waitid/null-infop-result", "wait(2), BUGS";
    /// The raw waitid call fills its fifth argument with the child's resource usage, like wait4.
    WAITID_RAW_RUSAGE: Must, "linux/waitid/raw-rusage", "wait(2), C library/kernel differences";
    /// waitid fails with EFAULT if infop is outside the address space.
    WAITID_EFAULT: Must, "linux/waitid/efault", "Linux kernel/exit.c, waitid";
    /// The raw call fails with EFAULT if infop is a kernel address, and writes nothing there.
    WAITID_EFAULT_KERNEL_ADDRESS: Must, "linux/waitid/efault-kernel-address", "CVE-2017-5123";
    /// Whether waitid loses the child (as on Linux 6.18) or keeps it when it fails with EFAULT is
    /// unspecified.
    WAITID_CHILD_AFTER_EFAULT: Implementation, "linux/waitid/child-after-efault",
        "Linux kernel/exit.c: reaped before copied out";
    /// Whether waitid leaves the bytes outside the defined fields of the siginfo unchanged is unspecified.
    WAITID_UNDEFINED_SIGINFO_BYTES: Implementation, "linux/waitid/undefined-siginfo-bytes",
        "Linux kernel/exit.c, waitid";
    /// waitid writes nothing beyond the siginfo_t or, in the raw call, beyond the struct rusage.
    WAITID_NO_OVERRUN: Must, "linux/waitid/no-overrun", "wait(2), DESCRIPTION", bugs "nix#1584";
    /// waitid accepts __WNOTHREAD, __WCLONE and __WALL (since Linux 4.7) with the same meaning as in wait4.
    WAITID_CLONE_OPTIONS: Must, "linux/waitid/clone-options", "wait(2), Linux notes";
    /// The si_uid of a child in another user namespace or with unmapped IDs is the overflow UID.
    WAITID_SI_UID_UNMAPPED: Must, "linux/waitid/si-uid-unmapped",
        "user_namespaces(7), Unmapped user and group IDs";
    /// The idtype, the id and the options of waitid are ints: the upper halves of their registers are ignored.
    WAITID_INT_ARGUMENTS: Must, "linux/waitid/int-arguments", "Linux kernel/exit.c, SYSCALL_DEFINE5(waitid)";
}
