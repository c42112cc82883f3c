//! illumos and Solaris: waitid(2), wait(3C), waitpid(3C) and wait.h(3HEAD).

use super::clause::clauses;

clauses! {
    /// waitid with WEXITED | WTRAPPED reports the same as wait (for P_ALL) or waitpid (for P_PID).
    WAITID_EQUALS_WAITPID: Must, "illumos/waitid/equals-waitpid", "illumos waitid(2), USAGE";
    /// waitid reports traps of traced children only with WTRAPPED.
    WAITID_NEEDS_WTRAPPED: Must, "illumos/waitid/needs-wtrapped", "illumos waitid(2), WTRAPPED";
    /// A WNOHANG waitid with nothing to report returns 0 and sets si_pid to 0.
    WAITID_NOHANG_SI_PID: Must, "illumos/waitid/nohang-si-pid", "illumos waitid(2), RETURN VALUES";
    /// How many bits of the exit value si_status holds is unspecified.
    WAITID_STATUS_BITS: Implementation, "illumos/waitid/status-bits", "illumos waitid(2); siginfo.h(3HEAD)";
    /// Whether waitpid accepts WNOWAIT is unspecified.
    WAITPID_WNOWAIT: Implementation, "illumos/waitpid/wnowait", "illumos waitpid(3C), options";
    /// The status word of a continue is 0xffff; its high byte is 0 for a death by signal and nonzero for a
    /// stop.
    STATUS_WORDS: Must, "illumos/status/words", "illumos wait.h(3HEAD)", bugs "boostorg/process#51";
    /// One SIGCHLD is queued per child that changes state; a call that reaps a child discards the SIGCHLD
    /// queued for it, unless WNOWAIT is given, and leaves the others pending.
    SIGCHLD_QUEUED_PER_CHILD: Must, "illumos/sigchld/queued-per-child", "illumos waitid(2); wait(3C)";
    /// With SIGCHLD ignored or SA_NOCLDWAIT set, and no earlier zombies, wait blocks until all children have
    /// terminated and then fails with ECHILD.
    SIGCHLD_IGNORED_BLOCKS: Must, "illumos/sigchld/ignored-blocks", "illumos wait(3C), DESCRIPTION";
    /// The unit of ru_maxrss (believed to be pages) is unspecified.
    RUSAGE_MAXRSS_UNIT: Implementation, "illumos/rusage/maxrss-unit", "illumos getrusage(3C)",
        bugs "libuv#3721";
    /// On illumos, an orphan is reparented to process 1.
    ORPHAN_TO_INIT: Must, "illumos/orphan/to-init", "illumos wait(3C), DESCRIPTION";
}
