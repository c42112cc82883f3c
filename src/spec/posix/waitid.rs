//! waitid: results, event filters, siginfo, WNOWAIT, errors.

use crate::spec::clause::clauses;

clauses! {
    /// waitid returns 0 when it reports a child; the pid is in the siginfo only.
    WAITID_RETURNS_ZERO: Must, "posix/waitid/returns-zero", "POSIX.1-2024 waitid, RETURN VALUE",
        bugs "cpython#116448" "opendcdiag#535";
    /// In the siginfo of a reported child si_signo is SIGCHLD.
    WAITID_SI_SIGNO: Must, "posix/waitid/si-signo", "POSIX.1-2024 waitid, DESCRIPTION", bugs "opendcdiag#62"
        "nix#1584";
    /// In the siginfo of a child that terminated or stopped si_pid is that child's process ID.
    WAITID_SI_PID: Must, "posix/waitid/si-pid", "POSIX.1-2024 <signal.h>, SIGCHLD", bugs "nix#1584";
    /// In the siginfo of a reported child si_uid is that child's real user ID.
    WAITID_SI_UID: Must, "posix/waitid/si-uid", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// A child that called _exit has si_code CLD_EXITED and its exit value in si_status, not shifted.
    WAITID_EXITED: Must, "posix/waitid/exited", "POSIX.1-2024 <signal.h>, SIGCHLD", bugs "graphene#1821";
    /// si_status of a child that exited is the whole int given to _exit, not only its low eight bits.
    WAITID_FULL_EXIT_VALUE: Must, "posix/waitid/full-exit-value", "POSIX.1-2024 <signal.h>, SIGCHLD",
        bugs "cpython#84319";
    /// A child killed by a signal, without a core dump, has si_code CLD_KILLED and that signal in si_status.
    WAITID_KILLED: Must, "posix/waitid/killed", "POSIX.1-2024 <signal.h>, SIGCHLD", bugs "corefx#29370"
        "graphene#1821";
    /// A child killed by a signal that dumped core has si_code CLD_DUMPED and that signal in si_status;
    /// waitpid's core flag for the same death agrees.
    WAITID_DUMPED: Must, "posix/waitid/dumped", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// A stopped child has si_code CLD_STOPPED and the stop signal in si_status.
    WAITID_STOPPED: Must, "posix/waitid/stopped", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// A continued child has si_code CLD_CONTINUED and SIGCONT in si_status.
    WAITID_CONTINUED: Must, "posix/waitid/continued", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// In the siginfo of a continued child si_pid is the child, not the process that sent SIGCONT.
    WAITID_CONTINUED_PID: Must, "posix/waitid/continued-pid", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// With P_PID only the child of that process ID is reported, whatever others are ready.
    WAITID_P_PID: Must, "posix/waitid/p-pid", "POSIX.1-2024 waitid, DESCRIPTION";
    /// With P_PGID only children of that process group are reported.
    WAITID_P_PGID: Must, "posix/waitid/p-pgid", "POSIX.1-2024 waitid, DESCRIPTION";
    /// With P_ALL any child is reported and id is ignored, whatever it holds.
    WAITID_P_ALL: Must, "posix/waitid/p-all", "POSIX.1-2024 waitid, DESCRIPTION";
    /// With WEXITED alone a stop or a continue is neither reported nor consumed.
    WAITID_EXITED_ONLY: Must, "posix/waitid/exited-only", "POSIX.1-2024 waitid, DESCRIPTION (WEXITED)",
        bugs "swift-subprocess#371" "dotnet/runtime#131944" "dotnet/runtime#133930";
    /// With WSTOPPED alone a continue or a termination is neither reported nor consumed.
    WAITID_STOPPED_ONLY: Must, "posix/waitid/stopped-only", "POSIX.1-2024 waitid, DESCRIPTION (WSTOPPED)";
    /// With WCONTINUED alone a stop or a termination is neither reported nor consumed.
    WAITID_CONTINUED_ONLY: Must, "posix/waitid/continued-only",
        "POSIX.1-2024 waitid, DESCRIPTION (WCONTINUED)";
    /// Event options given together report any of their events, each with its own si_code.
    WAITID_EVENTS_COMBINE: Must, "posix/waitid/events-combine", "POSIX.1-2024 waitid, DESCRIPTION";
    /// The result of waiting for stops or continues of a child that is already a zombie (ECHILD, or asleep)
    /// is open.
    WAITID_STOPPED_ONLY_ZOMBIE: Implementation, "posix/waitid/stopped-only-zombie",
        "POSIX.1-2024 waitid, DESCRIPTION (silent)";
    /// With WNOHANG, children that match and nothing to report, waitid returns 0 at once.
    WAITID_NOHANG_ZERO: Must, "posix/waitid/nohang-zero", "POSIX.1-2024 waitid, RETURN VALUE";
    /// A WNOHANG waitid that found nothing sets si_signo and si_pid to 0 over whatever was in the siginfo.
    WAITID_NOHANG_ZEROES: Must, "posix/waitid/nohang-zeroes", "POSIX.1-2024 waitid, DESCRIPTION (WNOHANG)",
        bugs "corefx#39060" "corefx#39078" "DragonOS#1991";
    /// With WNOHANG and a matching event at hand, waitid reports it as without the option.
    WAITID_NOHANG_REPORTS_READY: Must, "posix/waitid/nohang-reports-ready",
        "POSIX.1-2024 waitid, DESCRIPTION", bugs "tokio#7144";
    /// With WNOHANG and no child that matches, waitid fails with ECHILD.
    WAITID_NOHANG_ECHILD: Must, "posix/waitid/nohang-echild", "POSIX.1-2024 waitid, ERRORS";
    /// When a matching event is there before the call, waitid returns it without blocking.
    WAITID_NO_BLOCK_IF_READY: Must, "posix/waitid/no-block-if-ready", "POSIX.1-2024 waitid, DESCRIPTION",
        bugs "cpython#113536" "shared_child#3" "nuttx#2475";
    /// Without WNOHANG waitid sleeps until a matching event happens, and then reports it.
    WAITID_BLOCKS_UNTIL_EVENT: Must, "posix/waitid/blocks-until-event", "POSIX.1-2024 waitid, DESCRIPTION";
    /// With WNOWAIT a terminated child stays waitable: peeks repeat with equal siginfo.
    WAITID_NOWAIT_EXIT: Must, "posix/waitid/nowait-exit", "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)",
        bugs "nuttx#20104" "DragonOS#1850";
    /// The take after a WNOWAIT peek at a termination reports the same pid, code and status as the peek did.
    WAITID_NOWAIT_PEEK_EQUALS_REAP: Must, "posix/waitid/nowait-peek-equals-reap",
        "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)";
    /// A WNOWAIT peek at a stop does not count as reported: it repeats, and a take still finds the stop.
    WAITID_NOWAIT_STOP: Must, "posix/waitid/nowait-stop", "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)",
        bugs "Asterinas#2984";
    /// A WNOWAIT peek at a continue does not count as reported: it repeats, and a take still finds the
    /// continue.
    WAITID_NOWAIT_CONTINUE: Must, "posix/waitid/nowait-continue",
        "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)", bugs "Asterinas#2984";
    /// After a peek and one take nothing is left: a further wait for a terminated child fails with ECHILD.
    WAITID_NOWAIT_ECHILD_AFTER_REAP: Must, "posix/waitid/nowait-echild-after-reap", "POSIX.1-2024 2.13 Status Information";
    /// A child that was peeked at can be taken by every other call of the family.
    WAITID_NOWAIT_OTHER_CALL: Must, "posix/waitid/nowait-other-call", "POSIX.1-2024 2.13 Status Information";
    /// With WNOWAIT the call blocks, and returns 0 under WNOHANG, just as without it.
    WAITID_NOWAIT_BLOCKS: Must, "posix/waitid/nowait-blocks", "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)";
    /// Several threads asleep in a WNOWAIT wait for one child all see its termination.
    WAITID_NOWAIT_ALL_WAITERS_SEE: Should, "posix/waitid/nowait-all-waiters-see", "POSIX.1-2024 2.13 Status Information";
    /// Which child repeated any-child peeks show, and whether it is the one that a take then reports, is
    /// open.
    WAITID_NOWAIT_ANY_ORDER: Implementation, "posix/waitid/nowait-any-order",
        "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)";
    /// With several events ready, which of them waitid reports first is open.
    WAITID_ANY_ORDER: Implementation, "posix/waitid/any-order", "POSIX.1-2024 waitid, DESCRIPTION";
    /// With no child that matches, waitid fails with ECHILD; also after the child was taken.
    WAITID_ECHILD: Must, "posix/waitid/echild", "POSIX.1-2024 waitid, ERRORS", bugs "managarm#262";
    /// An id that names no child or a group without children fails at once with ECHILD although other
    /// children live.
    WAITID_ECHILD_WITH_LIVE_CHILD: Must, "posix/waitid/echild-with-live-child", "POSIX.1-2024 waitid, ERRORS";
    /// Option bits that the system does not define make waitid fail with EINVAL.
    WAITID_EINVAL_OPTIONS: Must, "posix/waitid/einval-options", "POSIX.1-2024 waitid, ERRORS",
        bugs "phoenix-rtos-project#1449";
    /// An idtype that the system does not define makes waitid fail with EINVAL.
    WAITID_EINVAL_IDTYPE: Must, "posix/waitid/einval-idtype", "POSIX.1-2024 waitid, ERRORS";
    /// A waitid that failed with EINVAL consumed nothing.
    WAITID_EINVAL_KEEPS_CHILD: Must, "posix/waitid/einval-keeps-child", "POSIX.1-2024 waitid, ERRORS; 2.13";
    /// What waitid does without WEXITED, WSTOPPED and WCONTINUED is open (most systems: EINVAL).
    WAITID_NO_EVENT_OPTION: Implementation, "posix/waitid/no-event-option", "POSIX.1-2024 waitid, DESCRIPTION (options)";
    /// What id 0 selects with P_PID and with P_PGID is open.
    WAITID_ID_ZERO: Implementation, "posix/waitid/id-zero", "POSIX.1-2024 waitid (silent)";
    /// What a negative id gives with P_PID and with P_PGID is open.
    WAITID_ID_NEGATIVE: Implementation, "posix/waitid/id-negative", "POSIX.1-2024 waitid (silent)";
    /// What a null infop gives is open: the standard wants a siginfo there.
    WAITID_NULL_INFOP: Implementation, "posix/waitid/null-infop", "POSIX.1-2024 waitid, DESCRIPTION (infop)";
    /// What an infop outside the address space gives, and whether the child is lost by it, is open.
    WAITID_BAD_POINTER: Implementation, "posix/waitid/bad-pointer", "POSIX.1-2024 2.1.1 (undefined)";
    /// What a failing waitid leaves in the siginfo is open.
    WAITID_SIGINFO_ON_ERROR: Implementation, "posix/waitid/siginfo-on-error", "POSIX.1-2024 waitid, DESCRIPTION";
    /// A caught signal whose handler was installed without SA_RESTART ends a blocked waitid with EINTR.
    WAITID_EINTR: Must, "posix/waitid/eintr", "POSIX.1-2024 waitid, ERRORS", bugs "rust#159855"
        "cpython#116449";
    /// A waitid that ended with EINTR consumed nothing.
    WAITID_EINTR_KEEPS_CHILD: Must, "posix/waitid/eintr-keeps-child", "POSIX.1-2024 waitid, ERRORS; 2.13";
    /// A caught signal whose handler was installed with SA_RESTART leaves a blocked waitid waiting.
    WAITID_RESTART: Must, "posix/waitid/restart", "POSIX.1-2024 sigaction, SA_RESTART", bugs "rust#159855";
    /// Of several threads asleep in waitid for one child, without WNOWAIT, exactly one returns 0 with it; the
    /// others fail with ECHILD.
    WAITID_ONE_WAITER_WINS: Must, "posix/waitid/one-waiter-wins", "POSIX.1-2024 2.13 Status Information";
}
