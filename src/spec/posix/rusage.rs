//! Resource usage of children, as reported by getrusage and times.

use crate::spec::clause::clauses;

clauses! {
    /// The CPU time of a child is included in the parent's RUSAGE_CHILDREN once the child is reaped.
    RUSAGE_CHILDREN_AFTER_REAP: Must, "posix/rusage/children-after-reap",
        "POSIX.1-2024 getrusage, DESCRIPTION", bugs "graphene#785" "Quark#596" "mlibc#1048";
    /// A zombie that has not been reaped adds nothing to the parent's RUSAGE_CHILDREN.
    RUSAGE_CHILDREN_NOT_BEFORE_REAP: Must, "posix/rusage/children-not-before-reap",
        "POSIX.1-2024 getrusage, DESCRIPTION", bugs "DragonOS#1915";
    /// A WNOWAIT peek adds nothing to the parent's RUSAGE_CHILDREN; reaping the child then does.
    RUSAGE_CHILDREN_NOT_ON_PEEK: Must, "posix/rusage/children-not-on-peek",
        "POSIX.1-2024 getrusage; waitid (WNOWAIT)", bugs "DragonOS#1915";
    /// Reporting a stop or a continue adds nothing to the parent's RUSAGE_CHILDREN.
    RUSAGE_CHILDREN_NOT_ON_STOP: Must, "posix/rusage/children-not-on-stop",
        "POSIX.1-2024 getrusage, DESCRIPTION", bugs "elfuse#162";
    /// The usage of a child is added only once, even if its stops and continues were reported before.
    RUSAGE_CHILDREN_ONCE: Must, "posix/rusage/children-once", "POSIX.1-2024 getrusage, DESCRIPTION",
        bugs "elfuse#162";
    /// RUSAGE_CHILDREN is the sum of the CPU times of all reaped children.
    RUSAGE_CHILDREN_SUM: Must, "posix/rusage/children-sum", "POSIX.1-2024 getrusage, DESCRIPTION";
    /// A live child adds nothing to the parent's RUSAGE_CHILDREN.
    RUSAGE_CHILDREN_NOT_LIVE: Must, "posix/rusage/children-not-live", "POSIX.1-2024 getrusage, DESCRIPTION",
        bugs "webvm#170";
    /// RUSAGE_CHILDREN is separate from RUSAGE_SELF: it does not include the parent's own CPU time.
    RUSAGE_CHILDREN_NOT_SELF: Must, "posix/rusage/children-not-self", "POSIX.1-2024 getrusage, DESCRIPTION",
        bugs "Quark#596" "mlibc#1048" "webvm#170";
    /// Reaping a child also adds the usage of the descendants that the child itself has reaped.
    RUSAGE_CHILDREN_DESCENDANTS: Must, "posix/rusage/children-descendants",
        "POSIX.1-2024 times, DESCRIPTION";
    /// A grandchild that was not reaped by its own parent adds nothing to the grandparent's RUSAGE_CHILDREN.
    RUSAGE_CHILDREN_UNREAPED_GRANDCHILD: Must, "posix/rusage/children-unreaped-grandchild",
        "POSIX.1-2024 times, DESCRIPTION";
    /// A child that leaves no zombie (SIGCHLD ignored or SA_NOCLDWAIT) adds nothing to RUSAGE_CHILDREN.
    RUSAGE_CHILDREN_NOT_AUTO_REAPED: Must, "posix/rusage/children-not-auto-reaped",
        "POSIX.1-2024 getrusage, DESCRIPTION";
    /// RUSAGE_CHILDREN is zero in a newly forked process, whatever its parent has reaped.
    RUSAGE_CHILDREN_ZERO_AT_FORK: Must, "posix/rusage/children-zero-at-fork",
        "POSIX.1-2024 fork, DESCRIPTION";
    /// RUSAGE_CHILDREN is preserved across exec.
    RUSAGE_CHILDREN_ACROSS_EXEC: Must, "posix/rusage/children-across-exec",
        "POSIX.1-2024 exec, DESCRIPTION (tms times)";
    /// wait, waitpid, waitid and the calls that return resource usage all add the same to RUSAGE_CHILDREN.
    RUSAGE_CHILDREN_EVERY_CALL: Must, "posix/rusage/children-every-call",
        "POSIX.1-2024 getrusage, DESCRIPTION";
    /// The usage of a reaped child is in RUSAGE_CHILDREN however the call selected it, whichever results it was asked for,
    /// whether it slept or not, with WNOHANG or without; however the child was made, and whether it exited or was killed.
    RUSAGE_CHILDREN_EVERY_WAY: Must, "posix/rusage/children-every-way", "POSIX.1-2024 getrusage, DESCRIPTION";
    /// RUSAGE_CHILDREN belongs to the process: whichever of its threads reaps a child, the child's usage is added.
    RUSAGE_CHILDREN_ANY_THREAD: Must, "posix/rusage/children-any-thread", "POSIX.1-2024 getrusage, DESCRIPTION";
    /// The CPU time of threads that exited before their process is included when the process is reaped.
    RUSAGE_CHILDREN_EXITED_THREADS: Must, "posix/rusage/children-exited-threads",
        "POSIX.1-2024 getrusage; 2.13";
    /// tms_cutime and tms_cstime from times agree with RUSAGE_CHILDREN to within one clock tick.
    RUSAGE_TIMES_AGREE: Must, "posix/rusage/times-agree", "POSIX.1-2024 times, DESCRIPTION";
    /// The times in RUSAGE_CHILDREN never decrease as a process reaps children.
    RUSAGE_CHILDREN_MONOTONIC: Must, "posix/rusage/children-monotonic",
        "POSIX.1-2024 getrusage, DESCRIPTION";
    /// In every struct rusage, the microseconds of both times are between 0 and 999,999.
    RUSAGE_TIMEVAL_NORMALIZED: Must, "posix/rusage/timeval-normalized",
        "POSIX.1-2024 <sys/time.h>; getrusage",
        bugs "mlibc#133";
}
