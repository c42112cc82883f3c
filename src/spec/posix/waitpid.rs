//! wait and waitpid: results, selection, options, errors, blocking, concurrent waiters.

use crate::spec::clause::clauses;

clauses! {
    /// A call that reports a child returns the process ID of that child: never 0, 1 or the ID of another
    /// child.
    WAITPID_RETURNS_PID: Must, "posix/waitpid/returns-pid", "POSIX.1-2024 waitpid, RETURN VALUE";
    /// With WNOHANG, the call returns 0 without blocking if children match but none of them has changed
    /// state.
    WAITPID_NOHANG_ZERO: Must, "posix/waitpid/nohang-zero", "POSIX.1-2024 waitpid, RETURN VALUE",
        bugs "nuttx#1304" "nuttx#2229" "occlum#417" "elfuse#261" "wasix-libc#124";
    /// With WNOHANG, the call never suspends its thread, whatever there is to report and whatever other threads wait
    /// for.
    WAITPID_NOHANG_NEVER_BLOCKS: Must, "posix/waitpid/nohang-never-blocks",
        "POSIX.1-2024 waitpid, DESCRIPTION (WNOHANG)";
    /// With WNOHANG and a matching child that has already terminated, the call returns that child and its
    /// status, exactly as it does without the option.
    WAITPID_NOHANG_REPORTS_READY: Must, "posix/waitpid/nohang-reports-ready",
        "POSIX.1-2024 waitpid, DESCRIPTION (WNOHANG)", bugs "elks#622";
    /// With WNOHANG, the call returns 0 without blocking or spinning if the matching child is running and the
    /// only zombie is a child that does not match.
    WAITPID_NOHANG_WITH_UNRELATED_ZOMBIE: Must, "posix/waitpid/nohang-with-unrelated-zombie",
        "POSIX.1-2024 waitpid, DESCRIPTION (WNOHANG)", bugs "phoenix-rtos-project#184"
        "phoenix-rtos-kernel#302";
    /// With WNOHANG, the call fails with ECHILD, rather than returning 0, if no child matches.
    WAITPID_NOHANG_ECHILD: Must, "posix/waitpid/nohang-echild", "POSIX.1-2024 waitpid, ERRORS",
        bugs "netbsd#51606" "DragonOS#1689" "managarm#262";
    /// A WNOHANG call that returns 0 leaves the status object unchanged.
    WAITPID_NOHANG_STATUS_UNTOUCHED: Should, "posix/waitpid/nohang-status-untouched",
        "POSIX.1-2024 waitpid, DESCRIPTION (stat_loc is stored for a reported child only)";
    /// A child that called _exit(n) is reported as exited with the low eight bits of n.
    WAITPID_EXIT_CODE: Must, "posix/waitpid/exit-code", "POSIX.1-2024 waitpid, DESCRIPTION (WEXITSTATUS)",
        bugs "gem5#2754" "lind-wasm#857" "yurtos-kernel#70";
    /// The call fails with ECHILD if no child matches.
    WAITPID_ECHILD: Must, "posix/waitpid/echild", "POSIX.1-2024 waitpid, ERRORS", bugs "managarm#262"
        "zig#7143";
    /// A second wait for a child that has already been reaped fails with ECHILD.
    WAITPID_ECHILD_AFTER_REAP: Must, "posix/waitpid/echild-after-reap", "POSIX.1-2024 waitpid, ERRORS",
        bugs "nuttx#2475" "go#67926";
    /// Waiting for an existing process that is not a child of the caller (the caller itself, its parent, a
    /// grandchild) fails with ECHILD without blocking.
    WAITPID_ECHILD_NOT_A_CHILD: Must, "posix/waitpid/echild-not-a-child", "POSIX.1-2024 waitpid, ERRORS";
    /// A pid that is not that of a child fails with ECHILD without blocking, even with a live child.
    WAITPID_ECHILD_WITH_LIVE_CHILD: Must, "posix/waitpid/echild-with-live-child",
        "POSIX.1-2024 waitpid, ERRORS",
        bugs "elks#2646";
    /// A process group that contains no child of the caller fails with ECHILD without blocking, even with
    /// live children in other groups.
    WAITPID_ECHILD_EMPTY_GROUP: Must, "posix/waitpid/echild-empty-group", "POSIX.1-2024 waitpid, ERRORS",
        bugs "elks#2646" "DragonOS#1689" "childprocess#151";
    /// wait(stat_loc) is equivalent to waitpid(-1, stat_loc, 0): same child, same status, same errors.
    WAIT_EQUALS_WAITPID_ANY: Must, "posix/wait/equals-waitpid-any", "POSIX.1-2024 wait, DESCRIPTION";
    /// wait reports terminations only: it neither returns for a stop or a continue nor consumes it.
    WAIT_ONLY_TERMINATION: Must, "posix/wait/only-termination", "POSIX.1-2024 wait, DESCRIPTION";
    /// If the status of a matching child is already available, a call without WNOHANG returns it without
    /// blocking.
    WAITPID_NO_BLOCK_IF_READY: Must, "posix/waitpid/no-block-if-ready", "POSIX.1-2024 wait, DESCRIPTION",
        bugs "mimiker#695";
    /// Without WNOHANG, the call blocks while the matching children run and returns once one of them
    /// terminates.
    WAITPID_BLOCKS_UNTIL_CHANGE: Must, "posix/waitpid/blocks-until-change", "POSIX.1-2024 wait, DESCRIPTION",
        bugs "yurtos-kernel#70" "nanvix#2542" "Asterinas#2166";
    /// A sleeping call returns promptly once a child is ready: as fast as a sleeping poll, not at the next tick
    /// of a timer. Polling is detected if its period is at least 35 round trips, 20 ms on most machines.
    WAITPID_WAKES_PROMPTLY: Should, "posix/waitpid/wakes-promptly", "POSIX.1-2024 wait, DESCRIPTION (suspends)",
        bugs "elfuse#261";
    /// A sleeping call is suspended: its thread is not scheduled as long as no child changes state and no signal
    /// arrives.
    WAITPID_SLEEPS_UNDISTURBED: Should, "posix/waitpid/sleeps-undisturbed",
        "POSIX.1-2024 wait, DESCRIPTION (suspends)";
    /// However close to the moment when a call goes to sleep a child dies, the call returns that child: no
    /// wake-up is lost.
    WAITPID_NO_LOST_WAKE_UP: Must, "posix/waitpid/no-lost-wake-up", "POSIX.1-2024 wait, DESCRIPTION",
        bugs "Asterinas#2166" "DragonOS#1992";
    /// wait, waitpid and waitid are cancellation points: a thread that is cancelled while it sleeps in one of
    /// them terminates.
    WAIT_CANCELLATION_POINT: Must, "posix/wait/cancellation-point", "POSIX.1-2024 XSH 2.9.5.2";
    /// A wait during which its thread was cancelled has reaped nothing.
    WAIT_CANCELLED_REAPS_NOTHING: Must, "posix/wait/cancelled-reaps-nothing",
        "POSIX.1-2024 XSH 2.9.5.2; 2.13";
    /// If several children are ready, the order in which any-child waits report them is unspecified.
    WAITPID_ANY_ORDER: Implementation, "posix/waitpid/any-order", "POSIX.1-2024 wait, DESCRIPTION";
    /// Repeated any-child waits report each terminated child once, with its own status, and then fail with
    /// ECHILD.
    WAITPID_ANY_EACH_ONCE: Must, "posix/waitpid/any-each-once", "POSIX.1-2024 wait, DESCRIPTION; 2.13",
        bugs "earlyoom#279" "DragonOS#2067";
    /// With pid > 0, only that child is reported, whatever other children are ready.
    WAITPID_PID_ONLY_THAT_CHILD: Must, "posix/waitpid/pid-only-that-child",
        "POSIX.1-2024 waitpid, DESCRIPTION", bugs "elks#622";
    /// Reaping a child by pid does not affect the others: each can be reaped later, in any order, with its
    /// own status.
    WAITPID_BY_PID_PRESERVES_OTHERS: Must, "posix/waitpid/by-pid-preserves-others",
        "POSIX.1-2024 waitpid, DESCRIPTION";
    /// With pid -1, children in every process group match.
    WAITPID_ANY_EVERY_GROUP: Must, "posix/waitpid/any-every-group", "POSIX.1-2024 waitpid, DESCRIPTION";
    /// With pid 0, only children in the caller's own process group match.
    WAITPID_OWN_GROUP: Must, "posix/waitpid/own-group", "POSIX.1-2024 waitpid, DESCRIPTION";
    /// With pid 0, the process group is the caller's at the time of the call, even if the caller has changed
    /// groups.
    WAITPID_OWN_GROUP_IS_CURRENT: Must, "posix/waitpid/own-group-is-current",
        "POSIX.1-2024 waitpid, DESCRIPTION";
    /// With pid < -1, only children in the process group whose ID is the absolute value of pid match.
    WAITPID_NAMED_GROUP: Must, "posix/waitpid/named-group", "POSIX.1-2024 waitpid, DESCRIPTION",
        bugs "elks#673" "WSL#2534";
    /// A child matches by its current process group: after setpgid it is found under the new group and no
    /// longer under the old one.
    WAITPID_GROUP_AFTER_SETPGID: Must, "posix/waitpid/group-after-setpgid",
        "POSIX.1-2024 waitpid, DESCRIPTION", bugs "childprocess#151";
    /// An unreported stop or continue follows a child whose process group changes: a call for the new group
    /// reports it, and one for the old group does not.
    WAIT_EVENT_FOLLOWS_SETPGID: Must, "posix/wait/event-follows-setpgid",
        "POSIX.1-2024 waitpid, DESCRIPTION; 2.13 Status Information";
    /// What is reported for a child does not depend on how the call selects it, on whether the call slept, on WNOHANG and
    /// WNOWAIT, or on the thread that makes it; nor on how the child was created and what it has become since.
    WAIT_REPORTS_ALIKE: Must, "posix/wait/reports-alike", "POSIX.1-2024 waitpid, waitid, DESCRIPTION";
    /// A continue that has not been reported is not lost when the child execs or creates a session.
    WAIT_EVENT_SURVIVES_CHANGE: Must, "posix/wait/event-survives-change",
        "POSIX.1-2024 2.13 Status Information; exec, setsid, DESCRIPTION";
    /// What a call does depends on its arguments and on the state of the children, not on what an earlier call returned:
    /// after any result the next call sleeps, or reports what it asks for, like the first one.
    WAIT_INDEPENDENT_OF_EARLIER_CALLS: Must, "posix/wait/independent-of-earlier-calls",
        "POSIX.1-2024 wait, waitid, DESCRIPTION; 2.13 Status Information";
    /// A call for stops and continues of one child, or of a group, does not return for those of other children, and does not
    /// consume them.
    WAITPID_EVENTS_OF_OTHERS: Must, "posix/waitpid/events-of-others", "POSIX.1-2024 waitpid, DESCRIPTION; 2.13";
    /// A call finds the event that it asks for among all children that match, whatever state the others are in: running,
    /// stopped, continued or dead.
    WAIT_FINDS_AMONG_ALL: Must, "posix/wait/finds-among-all", "POSIX.1-2024 waitpid, waitid, DESCRIPTION; 2.13";
    /// A call that sleeps suspends only its own thread: meanwhile the other threads of the process create children, move
    /// them to other groups, change signal actions and masks, and read the usage.
    WAIT_SUSPENDS_ONE_THREAD: Must, "posix/wait/suspends-one-thread",
        "POSIX.1-2024 wait, waitid, DESCRIPTION (the calling thread)";
    /// A call has no effect on its process but those specified: it leaves the signal mask, the actions, other pending signals,
    /// the open descriptors, the timers, the floating-point modes, the alternate signal stack, the ids, limits and directory,
    /// and the thread's cancelability as they were.
    WAIT_LEAVES_CALLER: Must, "posix/wait/leaves-caller", "POSIX.1-2024 wait, waitid, DESCRIPTION; 2.4 Signal Concepts";
    /// A call does not set errno to 0.
    ERRNO_NEVER_ZERO: Must, "posix/wait/errno-never-zero", "POSIX.1-2024 2.3 Error Numbers; errno, DESCRIPTION";
    /// A call that does not reap has no effect on the child: a child that it reports as stopped stays stopped.
    WAIT_LEAVES_CHILD: Must, "posix/wait/leaves-child", "POSIX.1-2024 waitpid, DESCRIPTION (WUNTRACED); 2.13";
    /// A call that sleeps is not ended by the calls of other threads that leave its child alone.
    WAIT_OTHER_CALLS_NO_WAKE: Must, "posix/wait/other-calls-no-wake", "POSIX.1-2024 wait, DESCRIPTION";
    /// A zombie remains in its process group, so a wait for that group reports it.
    WAITPID_GROUP_OF_ZOMBIE: Must, "posix/waitpid/group-of-zombie",
        "POSIX.1-2024 waitpid, DESCRIPTION; XBD Process Lifetime";
    /// Whether a child that joins the awaited process group during a blocked call is then matched is
    /// unspecified.
    WAITPID_GROUP_JOINED_WHILE_BLOCKED: Implementation, "posix/waitpid/group-joined-while-blocked",
        "POSIX.1-2024 waitpid (silent on when membership is judged)";
    /// The result for pid INT_MIN, whose absolute value is not a valid pid, is unspecified.
    WAITPID_INT_MIN: Implementation, "posix/waitpid/int-min", "POSIX.1-2024 waitpid (silent)";
    /// With WUNTRACED, a matching child that has stopped is reported by pid if that stop has not been
    /// reported yet.
    WAITPID_WUNTRACED_REPORTS_STOP: Must, "posix/waitpid/wuntraced-reports-stop",
        "POSIX.1-2024 waitpid, DESCRIPTION (WUNTRACED)", bugs "mrsh#174" "tgoskits#925";
    /// With WCONTINUED, a matching child that has continued from a stop is reported by pid if that continue
    /// has not been reported yet.
    WAITPID_WCONTINUED_REPORTS_CONTINUE: Must, "posix/waitpid/wcontinued-reports-continue",
        "POSIX.1-2024 waitpid, DESCRIPTION (WCONTINUED, XSI)", bugs "mrsh#174" "serenity#14298";
    /// Without WUNTRACED, a stop is not reported: WNOHANG returns 0 and a blocked call stays blocked.
    WAITPID_STOP_NEEDS_WUNTRACED: Must, "posix/waitpid/stop-needs-wuntraced",
        "POSIX.1-2024 waitpid, DESCRIPTION (WUNTRACED)", bugs "go#60321";
    /// Without WCONTINUED, a continue is not reported: WNOHANG returns 0 and a blocked call stays blocked.
    WAITPID_CONTINUE_NEEDS_WCONTINUED: Must, "posix/waitpid/continue-needs-wcontinued",
        "POSIX.1-2024 waitpid, DESCRIPTION (WCONTINUED, XSI)";
    /// A call without WUNTRACED does not consume a stop: a later call with WUNTRACED still reports it.
    WAITPID_UNREQUESTED_STOP_RETAINED: Must, "posix/waitpid/unrequested-stop-retained",
        "POSIX.1-2024 waitpid, DESCRIPTION; 2.13";
    /// Termination is reported with any combination of WUNTRACED and WCONTINUED.
    WAITPID_TERMINATION_ALWAYS: Must, "posix/waitpid/termination-always",
        "POSIX.1-2024 waitpid, DESCRIPTION";
    /// WNOHANG, WUNTRACED and WCONTINUED can be combined, each keeping its meaning.
    WAITPID_OPTIONS_COMBINE: Must, "posix/waitpid/options-combine", "POSIX.1-2024 waitpid, DESCRIPTION",
        bugs "wasix-libc#124";
    /// A call blocked with WUNTRACED or WCONTINUED is woken by the stop or continue itself.
    WAITPID_STOP_WAKES_WAITER: Must, "posix/waitpid/stop-wakes-waiter", "POSIX.1-2024 waitpid, DESCRIPTION",
        bugs "Asterinas#2166";
    /// The call fails with EINVAL if options contains an undefined bit, even if a child is ready.
    WAITPID_EINVAL_OPTIONS: Must, "posix/waitpid/einval-options", "POSIX.1-2024 waitpid, ERRORS",
        bugs "phoenix-rtos-project#1449";
    /// A call that fails with EINVAL consumes nothing: the child can still be reaped with its status.
    WAITPID_EINVAL_KEEPS_CHILD: Must, "posix/waitpid/einval-keeps-child",
        "POSIX.1-2024 waitpid, ERRORS; 2.13";
    /// If the options are invalid and there is no child, which of EINVAL and ECHILD is returned is
    /// unspecified.
    WAITPID_EINVAL_OR_ECHILD: Implementation, "posix/waitpid/einval-or-echild",
        "POSIX.1-2024 2.3 Error Numbers (order of errors)";
    /// If the options are invalid and a pointer is, too, which of EINVAL and EFAULT is returned is unspecified.
    WAITPID_EINVAL_OR_EFAULT: Implementation, "posix/waitpid/einval-or-efault",
        "POSIX.1-2024 2.3 Error Numbers (order of errors)";
    /// Whether waitpid accepts the waitid-only options (WNOWAIT, WEXITED) is unspecified.
    WAITPID_WAITID_ONLY_OPTIONS: Implementation, "posix/waitpid/waitid-only-options",
        "POSIX.1-2024 waitpid, ERRORS",
        bugs "pkg#1853" "gcli#149";
    /// A null status pointer is valid: the child is reported and reaped, and no status is stored.
    WAITPID_NULL_STATUS: Must, "posix/waitpid/null-status", "POSIX.1-2024 wait, DESCRIPTION (stat_loc)",
        bugs "gem5#3343";
    /// The contents of the status object after a failed call are unspecified.
    WAITPID_STATUS_ON_ERROR: Implementation, "posix/waitpid/status-on-error",
        "POSIX.1-2024 wait, RETURN VALUE";
    /// The result of a status pointer outside the address space (EFAULT, a signal) is undefined, as is
    /// whether the child is lost.
    WAITPID_BAD_POINTER: Implementation, "posix/waitpid/bad-pointer", "POSIX.1-2024 2.1.1 (undefined)";
    /// A call writes to the objects that it was given only until it returns: a child that changes state later
    /// does not change what an earlier call stored there.
    WAIT_WRITES_DURING_CALL: Must, "posix/wait/writes-during-call",
        "POSIX.1-2024 waitpid, DESCRIPTION (stat_loc); waitid (infop)";
    /// Each call of the family exists and accepts each option that the standard defines for it: without children it fails
    /// with ECHILD, neither with ENOSYS nor with EINVAL.
    WAITPID_PROVIDED: Must, "posix/waitpid/provided", "POSIX.1-2024 <sys/wait.h>; waitpid, waitid, ERRORS",
        bugs "tgoskits#925";
    /// A blocked call fails with EINTR if a signal is caught by a handler that was installed without
    /// SA_RESTART.
    WAITPID_EINTR: Must, "posix/waitpid/eintr", "POSIX.1-2024 wait, DESCRIPTION and ERRORS",
        bugs "rust#159855";
    /// A call that fails with EINTR consumes nothing: the next call reports the child, and so does one that asks for a stop
    /// or a continue that the interrupted call did not ask for.
    WAITPID_EINTR_KEEPS_CHILD: Must, "posix/waitpid/eintr-keeps-child", "POSIX.1-2024 wait, ERRORS; 2.13";
    /// Whether a blocked call returns the child or fails with EINTR is unspecified if the SIGCHLD for that very
    /// child is caught by a handler that was installed without SA_RESTART.
    WAITPID_OWN_SIGCHLD: Implementation, "posix/waitpid/own-sigchld", "POSIX.1-2024 wait, ERRORS (EINTR)";
    /// A signal caught by a handler that was installed with SA_RESTART does not interrupt a blocked call: it
    /// blocks again once the handler returns, and reports the child.
    WAITPID_RESTART: Must, "posix/waitpid/restart", "POSIX.1-2024 sigaction, SA_RESTART", bugs "rust#159855";
    /// SA_RESTART restarts the same call, with the same target and the same options.
    WAIT_RESTART_SAME_CALL: Must, "posix/wait/restart-same-call", "POSIX.1-2024 sigaction, SA_RESTART";
    /// A stop or a continue that occurs while a call is interrupted is reported by that call once SA_RESTART has
    /// restarted it.
    WAIT_RESTART_FINDS_EVENT: Must, "posix/wait/restart-finds-event",
        "POSIX.1-2024 sigaction, SA_RESTART; wait, DESCRIPTION";
    /// An ignored signal does not interrupt a blocked call.
    WAITPID_IGNORED_SIGNAL: Must, "posix/waitpid/ignored-signal", "POSIX.1-2024 wait, DESCRIPTION";
    /// A signal that is blocked in the waiting thread does not interrupt a blocked call.
    WAITPID_MASKED_SIGNAL: Must, "posix/waitpid/masked-signal", "POSIX.1-2024 wait, DESCRIPTION; 2.4.1";
    /// SIGCHLD at its default action does not interrupt a blocked call: the SIGCHLD of another child leaves
    /// the call blocked.
    WAITPID_DEFAULT_SIGCHLD: Must, "posix/waitpid/default-sigchld", "POSIX.1-2024 wait, DESCRIPTION; 2.4.3";
    /// A waiter that is stopped and continued during the call keeps waiting: it does not fail with EINTR, and
    /// it reports the child when it terminates.
    WAITPID_STOPPED_WAITER: Must, "posix/waitpid/stopped-waiter", "POSIX.1-2024 wait, DESCRIPTION",
        bugs "tgoskits#2322";
    /// A handler that runs on one thread does not interrupt a call on another thread that has the signal blocked.
    WAIT_SIGNAL_OF_OTHER_THREAD: Must, "posix/wait/signal-of-other-thread",
        "POSIX.1-2024 wait, DESCRIPTION; 2.4.1 Signal Generation and Delivery";
    /// A call blocked on one child does not return when another child terminates.
    WAITPID_OTHER_CHILD_NO_WAKE: Must, "posix/waitpid/other-child-no-wake",
        "POSIX.1-2024 waitpid, DESCRIPTION";
    /// A call blocked on a child that another thread then reaps fails with ECHILD once no child matches.
    WAITPID_ECHILD_AFTER_CONCURRENT_REAP: Must, "posix/waitpid/echild-after-concurrent-reap",
        "POSIX.1-2024 waitpid, ERRORS; 2.13",
        bugs "phoenix-rtos-kernel#793";
    /// A call blocked on a process group whose only child leaves the group and terminates does not block
    /// forever: it fails with ECHILD.
    WAITPID_ECHILD_AFTER_SETPGID: Must, "posix/waitpid/echild-after-setpgid", "POSIX.1-2024 waitpid, ERRORS";
    /// A state change of a child wakes the wait that asks for it, whatever other threads wait for, and whichever of them
    /// started first.
    WAIT_EACH_WAITER: Must, "posix/wait/each-waiter", "POSIX.1-2024 wait, DESCRIPTION; 2.13 Status Information";
    /// If several threads block on the same child, exactly one of them gets its status.
    WAITPID_ONE_WAITER_WINS: Must, "posix/waitpid/one-waiter-wins", "POSIX.1-2024 2.13 Status Information";
    /// With as many threads in any-child waits as there are children, each thread gets one child and no
    /// thread stays blocked.
    WAITPID_WAITERS_SHARE: Must, "posix/waitpid/waiters-share", "POSIX.1-2024 2.13 Status Information",
        bugs "Asterinas#2166" "DragonOS#1992";
    /// An any-child wait is not starved by another thread blocked on a single pid: it still reports a third
    /// child.
    WAITPID_ANY_WITH_BY_PID_WAITER: Must, "posix/waitpid/any-with-by-pid-waiter",
        "POSIX.1-2024 waitpid, DESCRIPTION",
        bugs "ruby#8245" "ruby#10771";
    /// Children belong to the process: any thread can wait for a child created by another thread.
    WAITPID_ANY_THREAD: Must, "posix/waitpid/any-thread", "POSIX.1-2024 wait, DESCRIPTION; 2.13",
        bugs "nuttx#20104";
    /// A blocked any-child call also reports a child that another thread creates after the call began.
    WAITPID_CHILD_FORKED_WHILE_BLOCKED: Must, "posix/waitpid/child-forked-while-blocked",
        "POSIX.1-2024 waitpid, DESCRIPTION";
    /// A thousand children that terminate in any order are each reported exactly once.
    WAITPID_MANY_CHILDREN: Must, "posix/waitpid/many-children",
        "POSIX.1-2024 2.13 Status Information", bugs "rift#465"
        "earlyoom#279" "libuv#3441";
    /// wait, waitpid, waitid and the calls that return resource usage all report the same death in the same way.
    WAITPID_CALLS_AGREE: Must, "posix/waitpid/calls-agree", "POSIX.1-2024 wait, waitid, DESCRIPTION",
        bugs "corefx#29370" "box64#4400";
    /// A call with valid arguments fails only with the errors that its specification lists.
    WAITPID_NO_STRAY_ERRNO: Must, "posix/waitpid/no-stray-errno", "POSIX.1-2024 wait, ERRORS; 2.3",
        bugs "yurtos-kernel#70" "WSL#2534";
}
