//! illumos and Solaris: the manuals waitid(2), wait(3C), waitpid(3C) and wait.h(3HEAD).

use super::clause::clauses;

clauses! {
    /// waitid(P_ALL, 0, info, WEXITED | WTRAPPED) reports what wait does, and with P_PID what waitpid does.
    WAITID_EQUALS_WAITPID: Must, "illumos/waitid/equals-waitpid", "illumos waitid(2), USAGE";
    /// waitid reports the traps of traced children only with WTRAPPED.
    WAITID_NEEDS_WTRAPPED: Must, "illumos/waitid/needs-wtrapped", "illumos waitid(2), WTRAPPED";
    /// A WNOHANG waitid that found nothing returns 0 with si_pid 0.
    WAITID_NOHANG_SI_PID: Must, "illumos/waitid/nohang-si-pid", "illumos waitid(2), RETURN VALUES";
    /// How many bits of the exit value si_status holds is recorded.
    WAITID_STATUS_BITS: Implementation, "illumos/waitid/status-bits", "illumos waitid(2); siginfo.h(3HEAD)";
    /// Whether waitpid takes WNOWAIT is recorded.
    WAITPID_WNOWAIT: Implementation, "illumos/waitpid/wnowait", "illumos waitpid(3C), options";
    /// The status word of a continue is 0xffff; a death by signal has a high byte of 0 and a stop one that is
    /// not 0.
    STATUS_WORDS: Must, "illumos/status/words", "illumos wait.h(3HEAD)", bugs "boostorg/process#51";
    /// One SIGCHLD is queued for each child that changed state; a wait that takes a child discards the one
    /// pending for its pid, unless WNOWAIT is given, and leaves the others.
    SIGCHLD_QUEUED_PER_CHILD: Must, "illumos/sigchld/queued-per-child", "illumos waitid(2); wait(3C)";
    /// With SIGCHLD ignored or SA_NOCLDWAIT set, and no zombies from before, wait blocks until all children
    /// have ended and then fails with ECHILD.
    SIGCHLD_IGNORED_BLOCKS: Must, "illumos/sigchld/ignored-blocks", "illumos wait(3C), DESCRIPTION";
    /// The unit of ru_maxrss (pages, by what is known) is recorded.
    RUSAGE_MAXRSS_UNIT: Implementation, "illumos/rusage/maxrss-unit", "illumos getrusage(3C)",
        bugs "libuv#3721";
    /// On illumos an orphan becomes a child of process 1.
    ORPHAN_TO_INIT: Must, "illumos/orphan/to-init", "illumos wait(3C), DESCRIPTION";
}
