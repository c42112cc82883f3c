//! Resource usage on Linux: wait4, wait3, the raw waitid, getrusage.

use crate::spec::clause::clauses;

clauses! {
    /// No field of the rusage that wait4 reports for a terminated child is below what the child read of
    /// itself (RUSAGE_SELF with RUSAGE_CHILDREN) right before it ended.
    RUSAGE_LOWER_BOUND: Must, "linux/rusage/lower-bound", "wait4(2); getrusage(2)", bugs "graphene#785"
        "DragonOS#1850" "mlibc#1048";
    /// No field is above what the child read of itself by more than the cost of ending.
    RUSAGE_UPPER_BOUND: Must, "linux/rusage/upper-bound", "wait4(2); getrusage(2)", bugs "elfuse#162"
        "webvm#170";
    /// User and system time together equal the CPU time that the child burned, whatever their split.
    RUSAGE_CPU_SUM: Must, "linux/rusage/cpu-sum", "getrusage(2), ru_utime and ru_stime";
    /// A child that worked in user mode has the larger part in ru_utime, one that made system calls a part in
    /// ru_stime that is not zero.
    RUSAGE_CPU_SPLIT: Should, "linux/rusage/cpu-split", "getrusage(2), ru_utime and ru_stime";
    /// The usage of a child is its own: what a sibling or the parent burned is not in it.
    RUSAGE_ISOLATED: Must, "linux/rusage/isolated", "wait4(2), DESCRIPTION", bugs "webvm#170" "Quark#596";
    /// ru_maxrss is in kilobytes: a child that touched N MiB shows at least N x 1024 more than one that did
    /// not, and less than twice that.
    RUSAGE_MAXRSS_KILOBYTES: Must, "linux/rusage/maxrss-kilobytes", "getrusage(2), ru_maxrss",
        bugs "nix#2331" "libuv#3721" "node#44332" "libuv#4027";
    /// ru_maxrss is a peak: it stays after the child unmapped the memory.
    RUSAGE_MAXRSS_PEAK: Must, "linux/rusage/maxrss-peak", "getrusage(2), ru_maxrss";
    /// How far a child's ru_maxrss starts at the peak of the process that spawned it, exec or not, is
    /// recorded.
    RUSAGE_MAXRSS_FLOOR: Implementation, "linux/rusage/maxrss-floor",
        "Linux fs/exec.c: maxrss kept over exec", bugs "bun#43308";
    /// ru_minflt is at least the number of fresh pages that the child touched.
    RUSAGE_MINOR_FAULTS: Must, "linux/rusage/minor-faults", "getrusage(2), ru_minflt";
    /// ru_nvcsw is at least the number of times that the child slept.
    RUSAGE_VOLUNTARY_SWITCHES: Must, "linux/rusage/voluntary-switches", "getrusage(2), ru_nvcsw";
    /// The fields that Linux does not maintain (ixrss, idrss, isrss, nswap, msgsnd, msgrcv, nsignals) are
    /// zero.
    RUSAGE_UNMAINTAINED_ZERO: Must, "linux/rusage/unmaintained-zero", "getrusage(2), unmaintained fields";
    /// wait4's rusage of a child includes the descendants that this child had taken.
    RUSAGE_DESCENDANTS: Must, "linux/rusage/descendants", "wait4(2); getrusage(2), RUSAGE_CHILDREN";
    /// wait4's rusage of a child leaves out grandchildren that the child did not take.
    RUSAGE_UNREAPED_GRANDCHILD_EXCLUDED: Must, "linux/rusage/unreaped-grandchild-excluded",
        "getrusage(2), RUSAGE_CHILDREN";
    /// The usage of threads that ended before the child did is in its rusage.
    RUSAGE_EXITED_THREADS: Must, "linux/rusage/exited-threads", "getrusage(2), RUSAGE_SELF";
    /// Usage from before the child called exec is in its rusage.
    RUSAGE_ACROSS_EXEC: Must, "linux/rusage/across-exec", "getrusage(2), NOTES";
    /// A child killed by a signal has its usage reported like one that exited.
    RUSAGE_KILLED: Must, "linux/rusage/killed", "wait4(2), DESCRIPTION";
    /// wait3 fills the rusage with the child's usage, not with zeros.
    RUSAGE_WAIT3: Must, "linux/rusage/wait3", "wait4(2), DESCRIPTION", bugs "void-packages#59368";
    /// The raw waitid reports the same usage in a WNOWAIT peek as in the take that follows.
    RUSAGE_PEEK_EQUALS_REAP: Must, "linux/rusage/peek-equals-reap", "wait(2), C library/kernel differences";
    /// RUSAGE_CHILDREN grows at a take by exactly the rusage that the take reported, the peaks excepted;
    /// times to one microsecond a child.
    RUSAGE_CHILDREN_DELTA: Must, "linux/rusage/children-delta", "getrusage(2), RUSAGE_CHILDREN",
        bugs "elfuse#162";
    /// ru_maxrss of RUSAGE_CHILDREN is that of the largest taken descendant, not a sum.
    RUSAGE_CHILDREN_MAXRSS: Must, "linux/rusage/children-maxrss", "getrusage(2), ru_maxrss";
    /// What the rusage of a report of a stop or a continue holds is recorded (Linux fills in the usage so
    /// far).
    RUSAGE_ON_STOP: Implementation, "linux/rusage/on-stop", "Linux kernel/exit.c, wait_task_stopped";
    /// ru_oublock counts what the child wrote to a file on a disk, in blocks of 512 bytes.
    RUSAGE_BLOCKS_OUT: Should, "linux/rusage/blocks-out", "getrusage(2), ru_oublock";
}
