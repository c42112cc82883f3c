//! wait and waitpid: results, targets, options, errors, blocking, concurrent waiters.

use crate::spec::clause::clauses;

clauses! {
    /// A wait that reports a child returns that child's process ID, never 0, 1 or another child's.
    WAITPID_RETURNS_PID: Must, "posix/waitpid/returns-pid", "POSIX.1-2024 waitpid, RETURN VALUE";
    /// With WNOHANG, when children match but none has changed state, the call returns 0 at once.
    WAITPID_NOHANG_ZERO: Must, "posix/waitpid/nohang-zero", "POSIX.1-2024 waitpid, RETURN VALUE",
        bugs "nuttx#1304" "nuttx#2229" "occlum#417" "elfuse#261" "wasix-libc#124";
    /// With WNOHANG and a matching child that already terminated, the call returns that child and its status,
    /// exactly as without the option.
    WAITPID_NOHANG_REPORTS_READY: Must, "posix/waitpid/nohang-reports-ready",
        "POSIX.1-2024 waitpid, DESCRIPTION (WNOHANG)", bugs "elks#622";
    /// With WNOHANG the call neither blocks nor spins while the matching child runs and another child, which
    /// does not match, is an unreaped zombie: it returns 0.
    WAITPID_NOHANG_WITH_UNRELATED_ZOMBIE: Must, "posix/waitpid/nohang-with-unrelated-zombie",
        "POSIX.1-2024 waitpid, DESCRIPTION (WNOHANG)", bugs "phoenix-rtos-project#184"
        "phoenix-rtos-kernel#302";
    /// With WNOHANG and no child that matches, the call fails with ECHILD; it does not return 0.
    WAITPID_NOHANG_ECHILD: Must, "posix/waitpid/nohang-echild", "POSIX.1-2024 waitpid, ERRORS",
        bugs "netbsd#51606" "DragonOS#1689" "managarm#262";
    /// A WNOHANG call that returns 0 leaves the status object as it was.
    WAITPID_NOHANG_STATUS_UNTOUCHED: Should, "posix/waitpid/nohang-status-untouched",
        "POSIX.1-2024 waitpid, DESCRIPTION (stat_loc is stored for a reported child only)";
    /// A child that called _exit(n) is reported as exited with the low eight bits of n.
    WAITPID_EXIT_CODE: Must, "posix/waitpid/exit-code", "POSIX.1-2024 waitpid, DESCRIPTION (WEXITSTATUS)",
        bugs "gem5#2754" "lind-wasm#857" "yurtos-kernel#70";
    /// With no child left that matches, the call fails with ECHILD.
    WAITPID_ECHILD: Must, "posix/waitpid/echild", "POSIX.1-2024 waitpid, ERRORS", bugs "managarm#262"
        "zig#7143";
    /// A second wait for a child that was already taken fails with ECHILD.
    WAITPID_ECHILD_AFTER_REAP: Must, "posix/waitpid/echild-after-reap", "POSIX.1-2024 waitpid, ERRORS",
        bugs "nuttx#2475" "go#67926";
    /// Waiting for the process ID of an existing process that is not a child (the caller itself, its parent,
    /// a grandchild) fails at once with ECHILD.
    WAITPID_ECHILD_NOT_A_CHILD: Must, "posix/waitpid/echild-not-a-child", "POSIX.1-2024 waitpid, ERRORS";
    /// A pid that names no child fails at once with ECHILD although other children live.
    WAITPID_ECHILD_WITH_LIVE_CHILD: Must, "posix/waitpid/echild-with-live-child", "POSIX.1-2024 waitpid, ERRORS",
        bugs "elks#2646";
    /// A process group that holds no child fails at once with ECHILD although children in other groups live.
    WAITPID_ECHILD_EMPTY_GROUP: Must, "posix/waitpid/echild-empty-group", "POSIX.1-2024 waitpid, ERRORS",
        bugs "elks#2646" "DragonOS#1689" "childprocess#151";
    /// wait(stat_loc) behaves as waitpid(-1, stat_loc, 0) does: same child, same status, same errors.
    WAIT_EQUALS_WAITPID_ANY: Must, "posix/wait/equals-waitpid-any", "POSIX.1-2024 wait, DESCRIPTION";
    /// wait reports termination only: a stopped or continued child neither ends it nor is consumed by it.
    WAIT_ONLY_TERMINATION: Must, "posix/wait/only-termination", "POSIX.1-2024 wait, DESCRIPTION";
    /// When status of a matching child is already available, a call without WNOHANG returns it without
    /// blocking.
    WAITPID_NO_BLOCK_IF_READY: Must, "posix/waitpid/no-block-if-ready", "POSIX.1-2024 wait, DESCRIPTION",
        bugs "mimiker#695";
    /// Without WNOHANG the call sleeps while matching children run, and returns once one of them terminates.
    WAITPID_BLOCKS_UNTIL_CHANGE: Must, "posix/waitpid/blocks-until-change", "POSIX.1-2024 wait, DESCRIPTION",
        bugs "yurtos-kernel#70" "nanvix#2542" "Asterinas#2166";
    /// Of several children that are ready, which one an any-child wait reports first is open.
    WAITPID_ANY_ORDER: Implementation, "posix/waitpid/any-order", "POSIX.1-2024 wait, DESCRIPTION";
    /// Repeated any-child waits report each terminated child once, with its own status, and then fail with
    /// ECHILD.
    WAITPID_ANY_EACH_ONCE: Must, "posix/waitpid/any-each-once", "POSIX.1-2024 wait, DESCRIPTION; 2.13",
        bugs "earlyoom#279" "DragonOS#2067";
    /// With pid above 0 only that child is reported, whatever other children are ready.
    WAITPID_PID_ONLY_THAT_CHILD: Must, "posix/waitpid/pid-only-that-child",
        "POSIX.1-2024 waitpid, DESCRIPTION", bugs "elks#622";
    /// Taking one child by pid leaves the others as they were: each can be taken later, in any order, with
    /// its own status.
    WAITPID_BY_PID_PRESERVES_OTHERS: Must, "posix/waitpid/by-pid-preserves-others", "POSIX.1-2024 waitpid, DESCRIPTION";
    /// With pid -1 children of every process group are candidates.
    WAITPID_ANY_EVERY_GROUP: Must, "posix/waitpid/any-every-group", "POSIX.1-2024 waitpid, DESCRIPTION";
    /// With pid 0 only children in the caller's own process group are reported.
    WAITPID_OWN_GROUP: Must, "posix/waitpid/own-group", "POSIX.1-2024 waitpid, DESCRIPTION";
    /// With pid 0 the group is the one that the caller is in when it calls, also after the caller changed
    /// group.
    WAITPID_OWN_GROUP_IS_CURRENT: Must, "posix/waitpid/own-group-is-current",
        "POSIX.1-2024 waitpid, DESCRIPTION";
    /// With pid below -1 only children of the process group of its absolute value are reported.
    WAITPID_NAMED_GROUP: Must, "posix/waitpid/named-group", "POSIX.1-2024 waitpid, DESCRIPTION",
        bugs "elks#673" "WSL#2534";
    /// Groups are matched by the group that the child is in now: one moved with setpgid after the fork is
    /// found by its new group and no longer by its old one.
    WAITPID_GROUP_AFTER_SETPGID: Must, "posix/waitpid/group-after-setpgid",
        "POSIX.1-2024 waitpid, DESCRIPTION", bugs "childprocess#151";
    /// A zombie is still in its process group, so a wait for that group reports it.
    WAITPID_GROUP_OF_ZOMBIE: Must, "posix/waitpid/group-of-zombie",
        "POSIX.1-2024 waitpid, DESCRIPTION; XBD Process Lifetime";
    /// Whether a child that joins the awaited group while the call sleeps becomes a candidate is open.
    WAITPID_GROUP_JOINED_WHILE_BLOCKED: Implementation, "posix/waitpid/group-joined-while-blocked",
        "POSIX.1-2024 waitpid (silent on when membership is judged)";
    /// The result of pid INT_MIN, whose absolute value is no pid, is open.
    WAITPID_INT_MIN: Implementation, "posix/waitpid/int-min", "POSIX.1-2024 waitpid (silent)";
    /// With WUNTRACED a matching child that stopped, and whose stop is unreported, is reported by its pid.
    WAITPID_WUNTRACED_REPORTS_STOP: Must, "posix/waitpid/wuntraced-reports-stop",
        "POSIX.1-2024 waitpid, DESCRIPTION (WUNTRACED)", bugs "mrsh#174" "tgoskits#925";
    /// With WCONTINUED a matching child that was continued from a stop, unreported since, is reported by its
    /// pid.
    WAITPID_WCONTINUED_REPORTS_CONTINUE: Must, "posix/waitpid/wcontinued-reports-continue",
        "POSIX.1-2024 waitpid, DESCRIPTION (WCONTINUED, XSI)", bugs "mrsh#174" "serenity#14298";
    /// Without WUNTRACED a stop is not reported: WNOHANG returns 0 and a blocked call sleeps on.
    WAITPID_STOP_NEEDS_WUNTRACED: Must, "posix/waitpid/stop-needs-wuntraced",
        "POSIX.1-2024 waitpid, DESCRIPTION (WUNTRACED)", bugs "go#60321";
    /// Without WCONTINUED a continue is not reported: WNOHANG returns 0 and a blocked call sleeps on.
    WAITPID_CONTINUE_NEEDS_WCONTINUED: Must, "posix/waitpid/continue-needs-wcontinued",
        "POSIX.1-2024 waitpid, DESCRIPTION (WCONTINUED, XSI)";
    /// A stop that was passed over by a call without WUNTRACED is still there for a later call with it.
    WAITPID_UNREQUESTED_STOP_RETAINED: Must, "posix/waitpid/unrequested-stop-retained",
        "POSIX.1-2024 waitpid, DESCRIPTION; 2.13";
    /// Termination is reported with every combination of WUNTRACED and WCONTINUED.
    WAITPID_TERMINATION_ALWAYS: Must, "posix/waitpid/termination-always",
        "POSIX.1-2024 waitpid, DESCRIPTION";
    /// WNOHANG, WUNTRACED and WCONTINUED can be given together, each keeping its meaning.
    WAITPID_OPTIONS_COMBINE: Must, "posix/waitpid/options-combine", "POSIX.1-2024 waitpid, DESCRIPTION",
        bugs "wasix-libc#124";
    /// A call that is asleep with WUNTRACED or WCONTINUED is woken by the stop or the continue itself.
    WAITPID_STOP_WAKES_WAITER: Must, "posix/waitpid/stop-wakes-waiter", "POSIX.1-2024 waitpid, DESCRIPTION",
        bugs "Asterinas#2166";
    /// Option bits that the system does not define make the call fail with EINVAL, even if a child is ready.
    WAITPID_EINVAL_OPTIONS: Must, "posix/waitpid/einval-options", "POSIX.1-2024 waitpid, ERRORS",
        bugs "phoenix-rtos-project#1449";
    /// A call that failed with EINVAL consumed nothing: the child can be taken with its status afterwards.
    WAITPID_EINVAL_KEEPS_CHILD: Must, "posix/waitpid/einval-keeps-child",
        "POSIX.1-2024 waitpid, ERRORS; 2.13";
    /// Whether bad options or the lack of children decides the error, when both hold, is open.
    WAITPID_EINVAL_OR_ECHILD: Implementation, "posix/waitpid/einval-or-echild",
        "POSIX.1-2024 2.3 Error Numbers (order of errors)";
    /// Whether waitpid takes the options of waitid alone (WNOWAIT, WEXITED) is open.
    WAITPID_WAITID_ONLY_OPTIONS: Implementation, "posix/waitpid/waitid-only-options", "POSIX.1-2024 waitpid, ERRORS",
        bugs "pkg#1853" "gcli#149";
    /// A null status pointer is allowed: the child is reported and taken, and nothing is stored.
    WAITPID_NULL_STATUS: Must, "posix/waitpid/null-status", "POSIX.1-2024 wait, DESCRIPTION (stat_loc)",
        bugs "gem5#3343";
    /// What a failing call leaves in the status object is open.
    WAITPID_STATUS_ON_ERROR: Implementation, "posix/waitpid/status-on-error", "POSIX.1-2024 wait, RETURN VALUE";
    /// What a status pointer outside the address space gives (EFAULT, a signal), and whether the child is
    /// lost by it, is open.
    WAITPID_BAD_POINTER: Implementation, "posix/waitpid/bad-pointer", "POSIX.1-2024 2.1.1 (undefined)";
    /// A caught signal whose handler was installed without SA_RESTART ends a blocked call with EINTR.
    WAITPID_EINTR: Must, "posix/waitpid/eintr", "POSIX.1-2024 wait, DESCRIPTION and ERRORS",
        bugs "rust#159855";
    /// A call that ended with EINTR consumed nothing: the child is reported by the next call.
    WAITPID_EINTR_KEEPS_CHILD: Must, "posix/waitpid/eintr-keeps-child", "POSIX.1-2024 wait, ERRORS; 2.13";
    /// A caught signal whose handler was installed with SA_RESTART does not end a blocked call: after the
    /// handler it sleeps on and then reports the child.
    WAITPID_RESTART: Must, "posix/waitpid/restart", "POSIX.1-2024 sigaction, SA_RESTART", bugs "rust#159855";
    /// A signal that the process ignores does not end a blocked call.
    WAITPID_IGNORED_SIGNAL: Must, "posix/waitpid/ignored-signal", "POSIX.1-2024 wait, DESCRIPTION";
    /// A signal that the waiting thread blocks does not end a blocked call.
    WAITPID_MASKED_SIGNAL: Must, "posix/waitpid/masked-signal", "POSIX.1-2024 wait, DESCRIPTION; 2.4.1";
    /// SIGCHLD with its default action does not end a blocked call: one for another child leaves it asleep.
    WAITPID_DEFAULT_SIGCHLD: Must, "posix/waitpid/default-sigchld", "POSIX.1-2024 wait, DESCRIPTION; 2.4.3";
    /// A waiter that is itself stopped and continued during the call goes on waiting: no EINTR, and the child
    /// is reported when it terminates.
    WAITPID_STOPPED_WAITER: Must, "posix/waitpid/stopped-waiter", "POSIX.1-2024 wait, DESCRIPTION",
        bugs "tgoskits#2322";
    /// A call that sleeps for one child is not ended by the termination of another one.
    WAITPID_OTHER_CHILD_NO_WAKE: Must, "posix/waitpid/other-child-no-wake",
        "POSIX.1-2024 waitpid, DESCRIPTION";
    /// A call asleep for a child that another thread then takes fails with ECHILD once nothing matches any
    /// more.
    WAITPID_ECHILD_AFTER_CONCURRENT_REAP: Must, "posix/waitpid/echild-after-concurrent-reap", "POSIX.1-2024 waitpid, ERRORS; 2.13",
        bugs "phoenix-rtos-kernel#793";
    /// A call asleep for a process group whose only child has left it and terminated does not sleep for ever:
    /// it fails with ECHILD.
    WAITPID_ECHILD_AFTER_SETPGID: Must, "posix/waitpid/echild-after-setpgid", "POSIX.1-2024 waitpid, ERRORS";
    /// Of several threads that sleep for the same child exactly one obtains its status.
    WAITPID_ONE_WAITER_WINS: Must, "posix/waitpid/one-waiter-wins", "POSIX.1-2024 2.13 Status Information";
    /// With as many threads in any-child waits as there are children, each child goes to one thread and no
    /// thread is left asleep.
    WAITPID_WAITERS_SHARE: Must, "posix/waitpid/waiters-share", "POSIX.1-2024 2.13 Status Information",
        bugs "Asterinas#2166" "DragonOS#1992";
    /// An any-child wait is not starved by another thread that sleeps for one pid: it reports a third child.
    WAITPID_ANY_WITH_BY_PID_WAITER: Must, "posix/waitpid/any-with-by-pid-waiter", "POSIX.1-2024 waitpid, DESCRIPTION",
        bugs "ruby#8245" "ruby#10771";
    /// Children belong to the process: any thread can wait for a child that another thread created.
    WAITPID_ANY_THREAD: Must, "posix/waitpid/any-thread", "POSIX.1-2024 wait, DESCRIPTION; 2.13",
        bugs "nuttx#20104";
    /// An any-child call that is asleep also reports a child that another thread created after the call
    /// began.
    WAITPID_CHILD_FORKED_WHILE_BLOCKED: Must, "posix/waitpid/child-forked-while-blocked", "POSIX.1-2024 waitpid, DESCRIPTION";
    /// A thousand children that terminate in any order are each reported once, none lost and none twice.
    WAITPID_MANY_CHILDREN: Must, "posix/waitpid/many-children", "POSIX.1-2024 2.13 Status Information", bugs "rift#465"
        "earlyoom#279" "libuv#3441";
    /// Children that died alike are reported alike by wait, waitpid, waitid and the calls with resource
    /// usage.
    WAITPID_CALLS_AGREE: Must, "posix/waitpid/calls-agree", "POSIX.1-2024 wait, waitid, DESCRIPTION",
        bugs "corefx#29370" "box64#4400";
    /// Only the errors that the interface defines come back from a wait with good arguments.
    WAITPID_NO_STRAY_ERRNO: Must, "posix/waitpid/no-stray-errno", "POSIX.1-2024 wait, ERRORS; 2.3",
        bugs "yurtos-kernel#70" "WSL#2534";
}
