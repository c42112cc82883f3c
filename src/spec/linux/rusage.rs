//! Resource usage on Linux: wait4, wait3, the raw waitid, getrusage.

use crate::spec::clause::clauses;

clauses! {
    /// No field of the rusage that wait4 returns for a terminated child is lower than what the child itself
    /// read (RUSAGE_SELF plus RUSAGE_CHILDREN) right before it terminated.
    RUSAGE_LOWER_BOUND: Must, "linux/rusage/lower-bound", "wait4(2); getrusage(2)", bugs "graphene#785"
        "DragonOS#1850" "mlibc#1048";
    /// No field exceeds what the child itself read by more than the cost of terminating.
    RUSAGE_UPPER_BOUND: Must, "linux/rusage/upper-bound", "wait4(2); getrusage(2)", bugs "elfuse#162"
        "webvm#170";
    /// The sum of user and system time is the CPU time that the child consumed, however it is split.
    RUSAGE_CPU_SUM: Must, "linux/rusage/cpu-sum", "getrusage(2), ru_utime and ru_stime";
    /// ru_utime dominates for a child that ran in user mode, and ru_stime is nonzero for a child that made
    /// system calls.
    RUSAGE_CPU_SPLIT: Should, "linux/rusage/cpu-split", "getrusage(2), ru_utime and ru_stime";
    /// The usage of a child does not include CPU time consumed by a sibling or the parent.
    RUSAGE_ISOLATED: Must, "linux/rusage/isolated", "wait4(2), DESCRIPTION", bugs "webvm#170" "Quark#596";
    /// ru_maxrss is in kilobytes: it is N x 1024 to 2 x N x 1024 higher for a child that touches N MiB than
    /// for one that does not.
    RUSAGE_MAXRSS_KILOBYTES: Must, "linux/rusage/maxrss-kilobytes", "getrusage(2), ru_maxrss",
        bugs "nix#2331" "libuv#3721" "node#44332" "libuv#4027";
    /// ru_maxrss is a peak: it does not decrease when the child unmaps memory.
    RUSAGE_MAXRSS_PEAK: Must, "linux/rusage/maxrss-peak", "getrusage(2), ru_maxrss";
    /// Whether the ru_maxrss of a child starts at the peak of the process that spawned it, with or without
    /// exec, is unspecified.
    RUSAGE_MAXRSS_FLOOR: Implementation, "linux/rusage/maxrss-floor",
        "Linux fs/exec.c: maxrss kept over exec", bugs "bun#43308";
    /// ru_minflt is at least the number of new pages that the child touched.
    RUSAGE_MINOR_FAULTS: Must, "linux/rusage/minor-faults", "getrusage(2), ru_minflt";
    /// ru_nvcsw is at least the number of times that the child blocked.
    RUSAGE_VOLUNTARY_SWITCHES: Must, "linux/rusage/voluntary-switches", "getrusage(2), ru_nvcsw";
    /// The fields that Linux does not maintain (ixrss, idrss, isrss, nswap, msgsnd, msgrcv, nsignals) are
    /// zero.
    RUSAGE_UNMAINTAINED_ZERO: Must, "linux/rusage/unmaintained-zero", "getrusage(2), unmaintained fields";
    /// The rusage that wait4 returns for a child includes the descendants that the child has reaped.
    RUSAGE_DESCENDANTS: Must, "linux/rusage/descendants", "wait4(2); getrusage(2), RUSAGE_CHILDREN";
    /// The rusage that wait4 returns for a child excludes grandchildren that the child has not reaped.
    RUSAGE_UNREAPED_GRANDCHILD_EXCLUDED: Must, "linux/rusage/unreaped-grandchild-excluded",
        "getrusage(2), RUSAGE_CHILDREN";
    /// The rusage of a child includes the usage of threads that exited before it terminated.
    RUSAGE_EXITED_THREADS: Must, "linux/rusage/exited-threads", "getrusage(2), RUSAGE_SELF";
    /// The rusage of a child includes its usage from before exec.
    RUSAGE_ACROSS_EXEC: Must, "linux/rusage/across-exec", "getrusage(2), NOTES";
    /// The usage of an adopted child is reported, and added to RUSAGE_CHILDREN, like that of any other.
    RUSAGE_ADOPTED: Must, "linux/rusage/adopted", "wait4(2), DESCRIPTION; getrusage(2), RUSAGE_CHILDREN";
    /// The usage of a child without an exit signal is reported like that of any other.
    RUSAGE_OF_CLONE_CHILDREN: Must, "linux/rusage/of-clone-children", "wait4(2), DESCRIPTION; wait(2), __WALL";
    /// The raw waitid fills the rusage even if infop is null, and leaves it unchanged if there is nothing to
    /// report.
    RUSAGE_RAW_WAITID: Must, "linux/rusage/raw-waitid", "Linux kernel/exit.c, waitid";
    /// The usage of a child killed by a signal is reported like that of one that exited.
    RUSAGE_KILLED: Must, "linux/rusage/killed", "wait4(2), DESCRIPTION";
    /// wait3 returns the child's usage in rusage, not zeros.
    RUSAGE_WAIT3: Must, "linux/rusage/wait3", "wait4(2), DESCRIPTION", bugs "void-packages#59368";
    /// The raw waitid returns the same usage in a WNOWAIT peek as in the call that then reaps the child.
    RUSAGE_PEEK_EQUALS_REAP: Must, "linux/rusage/peek-equals-reap", "wait(2), C library/kernel differences";
    /// Reaping a child adds exactly the returned rusage to RUSAGE_CHILDREN, except for peaks, and for times to
    /// within one microsecond per child.
    RUSAGE_CHILDREN_DELTA: Must, "linux/rusage/children-delta", "getrusage(2), RUSAGE_CHILDREN",
        bugs "elfuse#162";
    /// The ru_maxrss of RUSAGE_CHILDREN is that of the largest reaped descendant, not a sum.
    RUSAGE_CHILDREN_MAXRSS: Must, "linux/rusage/children-maxrss", "getrusage(2), ru_maxrss";
    /// The usage of a process starts at zero: no field of an idle child includes the usage of an earlier
    /// process.
    RUSAGE_BEGINS_AT_NOTHING: Must, "linux/rusage/begins-at-nothing", "getrusage(2); fork(2), NOTES";
    /// The rusage is filled in for every kind of report, including a stop, a continue and a stop of a traced child:
    /// no field except the peak is lower than what the child itself read before, or much higher.
    RUSAGE_EVERY_REPORT: Must, "linux/rusage/every-report",
        "wait4(2), DESCRIPTION; Linux kernel/exit.c, wait_task_stopped and wait_task_continued";
    /// Every field of the rusage is filled however the call selects the child, whether it sleeps or not, with WNOHANG or
    /// without, and with a null status.
    RUSAGE_EVERY_WAY: Must, "linux/rusage/every-way", "wait4(2), DESCRIPTION; getrusage(2)";
    /// The rusage returned with a stop or a continue is unspecified (on Linux, the usage so far).
    RUSAGE_ON_STOP: Implementation, "linux/rusage/on-stop", "Linux kernel/exit.c, wait_task_stopped";
    /// ru_oublock counts what the child wrote to a file on disk, in 512-byte blocks.
    RUSAGE_BLOCKS_OUT: Should, "linux/rusage/blocks-out", "getrusage(2), ru_oublock";
}
