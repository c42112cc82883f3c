//! Resource usage of children, as getrusage and times show it.

use crate::spec::clause::clauses;

clauses! {
    /// A child's CPU time is in the parent's RUSAGE_CHILDREN once a wait has taken the child.
    RUSAGE_CHILDREN_AFTER_REAP: Must, "posix/rusage/children-after-reap",
        "POSIX.1-2024 getrusage, DESCRIPTION", bugs "graphene#785" "Quark#596" "mlibc#1048";
    /// A zombie that was not taken yet adds nothing to the parent's RUSAGE_CHILDREN.
    RUSAGE_CHILDREN_NOT_BEFORE_REAP: Must, "posix/rusage/children-not-before-reap",
        "POSIX.1-2024 getrusage, DESCRIPTION", bugs "DragonOS#1915";
    /// A WNOWAIT peek adds nothing to the parent's RUSAGE_CHILDREN; the take that follows does.
    RUSAGE_CHILDREN_NOT_ON_PEEK: Must, "posix/rusage/children-not-on-peek",
        "POSIX.1-2024 getrusage; waitid (WNOWAIT)", bugs "DragonOS#1915";
    /// Reports of stops and continues add nothing to the parent's RUSAGE_CHILDREN.
    RUSAGE_CHILDREN_NOT_ON_STOP: Must, "posix/rusage/children-not-on-stop",
        "POSIX.1-2024 getrusage, DESCRIPTION", bugs "elfuse#162";
    /// A child's usage is added once in all, also when stops and continues of it were reported before.
    RUSAGE_CHILDREN_ONCE: Must, "posix/rusage/children-once", "POSIX.1-2024 getrusage, DESCRIPTION",
        bugs "elfuse#162";
    /// The CPU times of several taken children are added up.
    RUSAGE_CHILDREN_SUM: Must, "posix/rusage/children-sum", "POSIX.1-2024 getrusage, DESCRIPTION";
    /// A live child adds nothing to the parent's RUSAGE_CHILDREN.
    RUSAGE_CHILDREN_NOT_LIVE: Must, "posix/rusage/children-not-live", "POSIX.1-2024 getrusage, DESCRIPTION",
        bugs "webvm#170";
    /// RUSAGE_CHILDREN is apart from RUSAGE_SELF: the parent's own CPU time is not in it.
    RUSAGE_CHILDREN_NOT_SELF: Must, "posix/rusage/children-not-self", "POSIX.1-2024 getrusage, DESCRIPTION",
        bugs "Quark#596" "mlibc#1048" "webvm#170";
    /// Taking a child also adds the usage of those descendants that the child itself had taken.
    RUSAGE_CHILDREN_DESCENDANTS: Must, "posix/rusage/children-descendants",
        "POSIX.1-2024 times, DESCRIPTION";
    /// A grandchild that its own parent never took adds nothing to the grandparent's RUSAGE_CHILDREN.
    RUSAGE_CHILDREN_UNREAPED_GRANDCHILD: Must, "posix/rusage/children-unreaped-grandchild",
        "POSIX.1-2024 times, DESCRIPTION";
    /// A child that left no zombie (SIGCHLD ignored or SA_NOCLDWAIT) adds nothing to RUSAGE_CHILDREN.
    RUSAGE_CHILDREN_NOT_AUTO_REAPED: Must, "posix/rusage/children-not-auto-reaped",
        "POSIX.1-2024 getrusage, DESCRIPTION";
    /// A process that fork has just created has zero RUSAGE_CHILDREN, whatever its parent had taken.
    RUSAGE_CHILDREN_ZERO_AT_FORK: Must, "posix/rusage/children-zero-at-fork",
        "POSIX.1-2024 fork, DESCRIPTION";
    /// RUSAGE_CHILDREN outlives exec.
    RUSAGE_CHILDREN_ACROSS_EXEC: Must, "posix/rusage/children-across-exec",
        "POSIX.1-2024 exec, DESCRIPTION (tms times)";
    /// wait, waitpid, waitid and the calls with resource usage all credit RUSAGE_CHILDREN alike.
    RUSAGE_CHILDREN_EVERY_CALL: Must, "posix/rusage/children-every-call",
        "POSIX.1-2024 getrusage, DESCRIPTION";
    /// The CPU time of threads that ended before their process did is part of what a take credits.
    RUSAGE_CHILDREN_EXITED_THREADS: Must, "posix/rusage/children-exited-threads",
        "POSIX.1-2024 getrusage; 2.13";
    /// tms_cutime and tms_cstime of times show the same child CPU time as RUSAGE_CHILDREN, to one clock tick.
    RUSAGE_TIMES_AGREE: Must, "posix/rusage/times-agree", "POSIX.1-2024 times, DESCRIPTION";
    /// RUSAGE_CHILDREN times never go back while a process takes children.
    RUSAGE_CHILDREN_MONOTONIC: Must, "posix/rusage/children-monotonic",
        "POSIX.1-2024 getrusage, DESCRIPTION";
    /// In every struct rusage the microseconds of both times are between 0 and 999,999.
    RUSAGE_TIMEVAL_NORMALIZED: Must, "posix/rusage/timeval-normalized", "POSIX.1-2024 <sys/time.h>; getrusage",
        bugs "mlibc#133";
}
