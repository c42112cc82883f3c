//! waitid: results, event filters, siginfo, WNOWAIT, errors.

use crate::spec::clause::clauses;

clauses! {
    /// waitid returns 0 when it reports a child: the pid appears only in the siginfo.
    WAITID_RETURNS_ZERO: Must, "posix/waitid/returns-zero", "POSIX.1-2024 waitid, RETURN VALUE",
        bugs "cpython#116448" "opendcdiag#535";
    /// In the siginfo of a reported child, si_signo is SIGCHLD.
    WAITID_SI_SIGNO: Must, "posix/waitid/si-signo", "POSIX.1-2024 waitid, DESCRIPTION", bugs "opendcdiag#62"
        "nix#1584";
    /// In the siginfo of a child that terminated or stopped, si_pid is the process ID of that child.
    WAITID_SI_PID: Must, "posix/waitid/si-pid", "POSIX.1-2024 <signal.h>, SIGCHLD", bugs "nix#1584";
    /// In the siginfo of a reported child, si_uid is the real user ID of that child.
    WAITID_SI_UID: Must, "posix/waitid/si-uid", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// A child that called _exit is reported with si_code CLD_EXITED and its exit value, unshifted, in
    /// si_status.
    WAITID_EXITED: Must, "posix/waitid/exited", "POSIX.1-2024 <signal.h>, SIGCHLD", bugs "graphene#1821";
    /// The si_status of a child that exited is the full int passed to _exit, not just its low eight bits.
    WAITID_FULL_EXIT_VALUE: Must, "posix/waitid/full-exit-value", "POSIX.1-2024 <signal.h>, SIGCHLD",
        bugs "cpython#84319";
    /// A child killed by a signal without dumping core is reported with si_code CLD_KILLED and that signal in
    /// si_status.
    WAITID_KILLED: Must, "posix/waitid/killed", "POSIX.1-2024 <signal.h>, SIGCHLD", bugs "corefx#29370"
        "graphene#1821";
    /// A child killed by a signal that dumped core is reported with si_code CLD_DUMPED and that signal in
    /// si_status; WCOREDUMP from waitpid agrees.
    WAITID_DUMPED: Must, "posix/waitid/dumped", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// A stopped child is reported with si_code CLD_STOPPED and the stop signal in si_status.
    WAITID_STOPPED: Must, "posix/waitid/stopped", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// A continued child is reported with si_code CLD_CONTINUED and SIGCONT in si_status.
    WAITID_CONTINUED: Must, "posix/waitid/continued", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// In the siginfo of a continued child, si_pid is the child, not the process that sent SIGCONT.
    WAITID_CONTINUED_PID: Must, "posix/waitid/continued-pid", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// With P_PID, only the child with that process ID is reported, whatever other children are ready.
    WAITID_P_PID: Must, "posix/waitid/p-pid", "POSIX.1-2024 waitid, DESCRIPTION";
    /// With P_PGID, only children in that process group are reported.
    WAITID_P_PGID: Must, "posix/waitid/p-pgid", "POSIX.1-2024 waitid, DESCRIPTION";
    /// With P_ALL, any child matches and id is ignored, whatever its value.
    WAITID_P_ALL: Must, "posix/waitid/p-all", "POSIX.1-2024 waitid, DESCRIPTION";
    /// With WEXITED alone a stop or a continue is neither reported nor consumed.
    WAITID_EXITED_ONLY: Must, "posix/waitid/exited-only", "POSIX.1-2024 waitid, DESCRIPTION (WEXITED)",
        bugs "swift-subprocess#371" "dotnet/runtime#131944" "dotnet/runtime#133930";
    /// With two of the three event options, every event of those kinds is reported, and none of the third kind.
    WAITID_PAIRS_OF_EVENTS: Must, "posix/waitid/pairs-of-events", "POSIX.1-2024 waitid, DESCRIPTION (options)";
    /// With WSTOPPED alone, a continue or a termination is neither reported nor consumed.
    WAITID_STOPPED_ONLY: Must, "posix/waitid/stopped-only", "POSIX.1-2024 waitid, DESCRIPTION (WSTOPPED)";
    /// With WCONTINUED alone, a stop or a termination is neither reported nor consumed.
    WAITID_CONTINUED_ONLY: Must, "posix/waitid/continued-only",
        "POSIX.1-2024 waitid, DESCRIPTION (WCONTINUED)";
    /// Event options can be combined: any of the requested events is reported, each with its own si_code.
    WAITID_EVENTS_COMBINE: Must, "posix/waitid/events-combine", "POSIX.1-2024 waitid, DESCRIPTION";
    /// Whether waiting only for stops or continues of a child that is already a zombie fails with ECHILD or
    /// blocks is unspecified.
    WAITID_STOPPED_ONLY_ZOMBIE: Implementation, "posix/waitid/stopped-only-zombie",
        "POSIX.1-2024 waitid, DESCRIPTION (silent)";
    /// With WNOHANG, waitid returns 0 without blocking if children match but there is nothing to report.
    WAITID_NOHANG_ZERO: Must, "posix/waitid/nohang-zero", "POSIX.1-2024 waitid, RETURN VALUE";
    /// With WNOHANG, waitid never suspends its thread, whatever there is to report and whatever other threads wait for.
    WAITID_NOHANG_NEVER_BLOCKS: Must, "posix/waitid/nohang-never-blocks",
        "POSIX.1-2024 waitid, DESCRIPTION (WNOHANG)";
    /// A WNOHANG waitid with nothing to report sets si_signo and si_pid to 0, overwriting whatever the
    /// siginfo held.
    WAITID_NOHANG_ZEROES: Must, "posix/waitid/nohang-zeroes", "POSIX.1-2024 waitid, DESCRIPTION (WNOHANG)",
        bugs "corefx#39060" "corefx#39078" "DragonOS#1991";
    /// With WNOHANG and a matching event pending, waitid reports it exactly as it does without the option.
    WAITID_NOHANG_REPORTS_READY: Must, "posix/waitid/nohang-reports-ready",
        "POSIX.1-2024 waitid, DESCRIPTION", bugs "tokio#7144";
    /// With WNOHANG, waitid fails with ECHILD if no child matches.
    WAITID_NOHANG_ECHILD: Must, "posix/waitid/nohang-echild", "POSIX.1-2024 waitid, ERRORS";
    /// If a matching event precedes the call, waitid returns it without blocking.
    WAITID_NO_BLOCK_IF_READY: Must, "posix/waitid/no-block-if-ready", "POSIX.1-2024 waitid, DESCRIPTION",
        bugs "cpython#113536" "shared_child#3" "nuttx#2475";
    /// Without WNOHANG, waitid blocks until a matching event occurs, and then reports it.
    WAITID_BLOCKS_UNTIL_EVENT: Must, "posix/waitid/blocks-until-event", "POSIX.1-2024 waitid, DESCRIPTION";
    /// With WNOWAIT, a terminated child stays waitable: repeated peeks return the same siginfo.
    WAITID_NOWAIT_EXIT: Must, "posix/waitid/nowait-exit", "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)",
        bugs "nuttx#20104" "DragonOS#1850";
    /// The call that reaps a child after a WNOWAIT peek reports the same pid, code and status as the peek.
    WAITID_NOWAIT_PEEK_EQUALS_REAP: Must, "posix/waitid/nowait-peek-equals-reap",
        "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)";
    /// A WNOWAIT peek does not consume a stop: the peek can be repeated, and a call without WNOWAIT still
    /// reports the stop.
    WAITID_NOWAIT_STOP: Must, "posix/waitid/nowait-stop", "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)",
        bugs "Asterinas#2984";
    /// A WNOWAIT peek does not consume a continue: the peek can be repeated, and a call without WNOWAIT still
    /// reports the continue.
    WAITID_NOWAIT_CONTINUE: Must, "posix/waitid/nowait-continue",
        "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)", bugs "Asterinas#2984";
    /// Once a terminated child has been peeked at and reaped, a further wait for it fails with ECHILD.
    WAITID_NOWAIT_ECHILD_AFTER_REAP: Must, "posix/waitid/nowait-echild-after-reap",
        "POSIX.1-2024 2.13 Status Information";
    /// A child that has been peeked at can be reaped by any other call of the family.
    WAITID_NOWAIT_OTHER_CALL: Must, "posix/waitid/nowait-other-call", "POSIX.1-2024 2.13 Status Information";
    /// What a peek has reported is there for every call that selects the child in another way: by its pid or its group, as
    /// any child, or through a pidfd.
    WAITID_NOWAIT_OTHER_TARGET: Must, "posix/waitid/nowait-other-target",
        "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT); 2.13 Status Information";
    /// A peek does not preserve an event: once another event has replaced the one that it reported, only the new one is reported.
    WAITID_NOWAIT_KEEPS_NOTHING: Must, "posix/waitid/nowait-keeps-nothing",
        "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT); 2.13 Status Information";
    /// With WNOWAIT, the call blocks, or returns 0 with WNOHANG, just as it does without WNOWAIT.
    WAITID_NOWAIT_BLOCKS: Must, "posix/waitid/nowait-blocks", "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)";
    /// Several threads blocked with WNOWAIT on one child all see its termination.
    WAITID_NOWAIT_ALL_WAITERS_SEE: Should, "posix/waitid/nowait-all-waiters-see",
        "POSIX.1-2024 2.13 Status Information";
    /// Which child repeated any-child peeks return, and whether it is the one that is then reaped, is
    /// unspecified.
    WAITID_NOWAIT_ANY_ORDER: Implementation, "posix/waitid/nowait-any-order",
        "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)";
    /// If several events are pending, which of them waitid reports first is unspecified.
    WAITID_ANY_ORDER: Implementation, "posix/waitid/any-order", "POSIX.1-2024 waitid, DESCRIPTION";
    /// waitid fails with ECHILD if no child matches, including after the child has been reaped.
    WAITID_ECHILD: Must, "posix/waitid/echild", "POSIX.1-2024 waitid, ERRORS", bugs "managarm#262";
    /// An id that matches no child, or a process group with no child in it, fails with ECHILD without
    /// blocking, even with a live child.
    WAITID_ECHILD_WITH_LIVE_CHILD: Must, "posix/waitid/echild-with-live-child", "POSIX.1-2024 waitid, ERRORS";
    /// waitid fails with EINVAL if options contains an undefined bit.
    WAITID_EINVAL_OPTIONS: Must, "posix/waitid/einval-options", "POSIX.1-2024 waitid, ERRORS",
        bugs "phoenix-rtos-project#1449";
    /// waitid fails with EINVAL if idtype is undefined.
    WAITID_EINVAL_IDTYPE: Must, "posix/waitid/einval-idtype", "POSIX.1-2024 waitid, ERRORS";
    /// A waitid that fails with EINVAL consumes nothing.
    WAITID_EINVAL_KEEPS_CHILD: Must, "posix/waitid/einval-keeps-child", "POSIX.1-2024 waitid, ERRORS; 2.13";
    /// The result of waitid without WEXITED, WSTOPPED or WCONTINUED is unspecified (EINVAL on most systems).
    WAITID_NO_EVENT_OPTION: Implementation, "posix/waitid/no-event-option",
        "POSIX.1-2024 waitid, DESCRIPTION (options)";
    /// What id 0 selects with P_PID or P_PGID is unspecified.
    WAITID_ID_ZERO: Implementation, "posix/waitid/id-zero", "POSIX.1-2024 waitid (silent)";
    /// The result of a negative id with P_PID or P_PGID is unspecified.
    WAITID_ID_NEGATIVE: Implementation, "posix/waitid/id-negative", "POSIX.1-2024 waitid (silent)";
    /// The result of a null infop is unspecified: the standard requires it to point to a siginfo_t.
    WAITID_NULL_INFOP: Implementation, "posix/waitid/null-infop", "POSIX.1-2024 waitid, DESCRIPTION (infop)";
    /// The result of an infop outside the address space is undefined, as is whether the child is lost.
    WAITID_BAD_POINTER: Implementation, "posix/waitid/bad-pointer", "POSIX.1-2024 2.1.1 (undefined)";
    /// The contents of the siginfo after a failed waitid are unspecified.
    WAITID_SIGINFO_ON_ERROR: Implementation, "posix/waitid/siginfo-on-error",
        "POSIX.1-2024 waitid, DESCRIPTION";
    /// A blocked waitid fails with EINTR if a signal is caught by a handler that was installed without
    /// SA_RESTART.
    WAITID_EINTR: Must, "posix/waitid/eintr", "POSIX.1-2024 waitid, ERRORS", bugs "rust#159855"
        "cpython#116449";
    /// A waitid that fails with EINTR consumes nothing.
    WAITID_EINTR_KEEPS_CHILD: Must, "posix/waitid/eintr-keeps-child", "POSIX.1-2024 waitid, ERRORS; 2.13";
    /// A signal caught by a handler that was installed with SA_RESTART does not interrupt a blocked waitid.
    WAITID_RESTART: Must, "posix/waitid/restart", "POSIX.1-2024 sigaction, SA_RESTART", bugs "rust#159855";
    /// If several threads block on one child in waitid without WNOWAIT, exactly one of them returns 0 with
    /// it; the others fail with ECHILD.
    WAITID_ONE_WAITER_WINS: Must, "posix/waitid/one-waiter-wins", "POSIX.1-2024 2.13 Status Information";
}
