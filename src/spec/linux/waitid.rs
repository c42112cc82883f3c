//! waitid on Linux: checks, siginfo, the raw call.

use crate::spec::clause::clauses;

clauses! {
    /// waitid without WEXITED, WSTOPPED and WCONTINUED fails with EINVAL: options 0, WNOHANG alone, WNOWAIT
    /// alone.
    WAITID_NO_EVENT_OPTION_EINVAL: Must, "linux/waitid/no-event-option-einval", "Linux kernel/exit.c, waitid: checks";
    /// Each option bit that waitid does not define makes it fail with EINVAL.
    WAITID_OPTION_BITS: Must, "linux/waitid/option-bits", "wait(2), ERRORS";
    /// P_PID with id 0 or below fails with EINVAL.
    WAITID_PID_NOT_POSITIVE: Must, "linux/waitid/pid-not-positive", "Linux kernel/exit.c, waitid: checks";
    /// P_PGID with a negative id fails with EINVAL.
    WAITID_PGID_NEGATIVE: Must, "linux/waitid/pgid-negative", "Linux kernel/exit.c, waitid: checks";
    /// P_PGID with id 0 selects the children in the caller's own process group (Linux 5.4 and later).
    WAITID_PGID_ZERO_IS_OWN_GROUP: Must, "linux/waitid/pgid-zero-is-own-group", "wait(2), P_PGID";
    /// Bad options, idtype or id give EINVAL even for a caller without children.
    WAITID_EINVAL_BEFORE_ECHILD: Must, "linux/waitid/einval-before-echild", "Linux kernel/exit.c, waitid";
    /// A WNOHANG waitid that found nothing writes zero to si_signo, si_errno, si_code, si_pid, si_uid and
    /// si_status.
    WAITID_NOHANG_ZEROES_ALL: Must, "linux/waitid/nohang-zeroes-all", "Linux kernel/exit.c, waitid",
        bugs "DragonOS#1991";
    /// In the siginfo of a reported child si_errno is 0.
    WAITID_SI_ERRNO_ZERO: Must, "linux/waitid/si-errno-zero", "Linux kernel/exit.c, waitid";
    /// si_status of a child that exited holds the low eight bits of the exit value only.
    WAITID_STATUS_EIGHT_BITS: Must, "linux/waitid/status-eight-bits",
        "_exit(2), DESCRIPTION; Linux kernel/exit.c";
    /// si_uid is the child's real user ID as it is when reported: the new one if the child changed it.
    WAITID_SI_UID_REAL: Must, "linux/waitid/si-uid-real", "wait(2), si_uid";
    /// WUNTRACED given to waitid is WSTOPPED: it reports stops.
    WAITID_WUNTRACED_IS_WSTOPPED: Must, "linux/waitid/wuntraced-is-wstopped", "<sys/wait.h>: the same bit";
    /// A waitid for stops or continues alone, whose only child is a zombie, fails with ECHILD and keeps the
    /// zombie.
    WAITID_STOPPED_ONLY_ZOMBIE: Must, "linux/waitid/stopped-only-zombie",
        "Linux kernel/exit.c, wait_consider_task";
    /// waitid with a null infop succeeds, and takes the child.
    WAITID_NULL_INFOP_REAPS: Must, "linux/waitid/null-infop-reaps", "wait(2), BUGS";
    /// What waitid with a null infop returns (0, or the pid on older kernels) is recorded.
    WAITID_NULL_INFOP_RESULT: Implementation, "linux/waitid/null-infop-result", "wait(2), BUGS";
    /// The raw waitid call fills its fifth argument with the child's resource usage, as wait4 does.
    WAITID_RAW_RUSAGE: Must, "linux/waitid/raw-rusage", "wait(2), C library/kernel differences";
    /// An infop outside the address space makes waitid fail with EFAULT.
    WAITID_EFAULT: Must, "linux/waitid/efault", "Linux kernel/exit.c, waitid";
    /// An infop in the kernel's half of the address space makes the raw call fail with EFAULT and writes
    /// nothing there.
    WAITID_EFAULT_KERNEL_ADDRESS: Must, "linux/waitid/efault-kernel-address", "CVE-2017-5123";
    /// Whether waitid loses the child (as on Linux 6.18) or keeps it when it fails with EFAULT is recorded.
    WAITID_CHILD_AFTER_EFAULT: Implementation, "linux/waitid/child-after-efault",
        "Linux kernel/exit.c: reaped before copied out";
    /// Whether the bytes of the siginfo outside the defined fields are left as they were is recorded.
    WAITID_UNDEFINED_SIGINFO_BYTES: Implementation, "linux/waitid/undefined-siginfo-bytes", "Linux kernel/exit.c, waitid";
    /// waitid writes nothing beyond a siginfo_t and, in the raw call, nothing beyond a struct rusage.
    WAITID_NO_OVERRUN: Must, "linux/waitid/no-overrun", "wait(2), DESCRIPTION", bugs "nix#1584";
    /// waitid takes __WNOTHREAD, __WCLONE and __WALL (Linux 4.7 and later) with the meaning that wait4 gives
    /// them.
    WAITID_CLONE_OPTIONS: Must, "linux/waitid/clone-options", "wait(2), Linux notes";
    /// A child of another user namespace or with unmapped IDs has the overflow uid in si_uid.
    WAITID_SI_UID_UNMAPPED: Must, "linux/waitid/si-uid-unmapped",
        "user_namespaces(7), Unmapped user and group IDs";
}
