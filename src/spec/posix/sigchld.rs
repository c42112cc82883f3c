//! SIGCHLD: when it is generated, what it carries, and the actions that prevent zombies.

use crate::spec::clause::clauses;

clauses! {
    /// A process receives SIGCHLD when one of its children terminates.
    SIGCHLD_ON_EXIT: Must, "posix/sigchld/on-exit", "POSIX.1-2024 _Exit, Consequences", bugs "libuv#3441";
    /// SIGCHLD is generated for the process: a thread that does not block it handles it, even if the thread that created the
    /// child has exited.
    SIGCHLD_TO_PROCESS: Must, "posix/sigchld/to-process",
        "POSIX.1-2024 2.4.1 Signal Generation and Delivery; _Exit, Consequences";
    /// A process whose SIGCHLD action lacks SA_NOCLDSTOP receives SIGCHLD when one of its children stops.
    SIGCHLD_ON_STOP: Must, "posix/sigchld/on-stop", "POSIX.1-2024 sigaction, SA_NOCLDSTOP";
    /// Whether SIGCHLD is also generated when a stopped child continues is unspecified.
    SIGCHLD_ON_CONTINUE: Implementation, "posix/sigchld/on-continue",
        "POSIX.1-2024 sigaction, SA_NOCLDSTOP (XSI)";
    /// With SA_NOCLDSTOP, no SIGCHLD is generated when a child stops or continues.
    SIGCHLD_NOCLDSTOP_SILENT: Must, "posix/sigchld/nocldstop-silent", "POSIX.1-2024 sigaction, SA_NOCLDSTOP";
    /// SA_NOCLDSTOP suppresses only the signal: the wait calls still report stops and continues.
    SIGCHLD_NOCLDSTOP_KEEPS_STATUS: Must, "posix/sigchld/nocldstop-keeps-status",
        "POSIX.1-2024 sigaction; 2.13";
    /// With SA_NOCLDSTOP, the termination of a child still generates SIGCHLD.
    SIGCHLD_NOCLDSTOP_EXIT: Must, "posix/sigchld/nocldstop-exit", "POSIX.1-2024 sigaction, SA_NOCLDSTOP";
    /// The SIGCHLD for a child that exited carries CLD_EXITED, its pid, its real uid and its exit value.
    SIGCHLD_INFO_EXITED: Must, "posix/sigchld/info-exited", "POSIX.1-2024 <signal.h>, SIGCHLD",
        bugs "graphene#1821";
    /// The SIGCHLD for a child killed by a signal carries CLD_KILLED or CLD_DUMPED, its pid and that signal.
    SIGCHLD_INFO_KILLED: Must, "posix/sigchld/info-killed", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// The SIGCHLD for a child that stopped carries CLD_STOPPED, its pid and the stop signal.
    SIGCHLD_INFO_STOPPED: Must, "posix/sigchld/info-stopped", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// A SIGCHLD is generated for the stop and for the termination of any child, whatever its group, session, user and image
    /// are, whoever created it, and however often that has happened before; it carries the value that waitid reports.
    SIGCHLD_ALIKE: Must, "posix/sigchld/alike",
        "POSIX.1-2024 _Exit, Consequences of Process Termination; <signal.h>, SIGCHLD; 2.4.3 Signal Actions";
    /// si_uid of SIGCHLD is the real user ID of the child, not that of the process that receives the signal.
    SIGCHLD_INFO_UID: Must, "posix/sigchld/info-uid", "POSIX.1-2024 <signal.h>, si_uid";
    /// waitid returns the same siginfo for an event as its SIGCHLD carried: si_signo, si_code, si_pid, si_uid
    /// and si_status.
    SIGCHLD_INFO_EQUALS_WAITID: Must, "posix/sigchld/info-equals-waitid", "POSIX.1-2024 waitid, DESCRIPTION",
        bugs "tgoskits#535" "systemd#4855";
    /// A WNOHANG wait in the SIGCHLD handler reports the child whose event generated the signal.
    SIGCHLD_WAIT_IN_HANDLER: Must, "posix/sigchld/wait-in-handler",
        "POSIX.1-2024 _Exit, Consequences; 2.4.3", bugs "bitwiseworks/libc#10" "libuv#3451";
    /// After sigwaitinfo returns the SIGCHLD for a child, a WNOHANG wait for that child reports it.
    SIGCHLD_WAIT_AFTER_SIGWAIT: Must, "posix/sigchld/wait-after-sigwait", "POSIX.1-2024 sigwaitinfo; _Exit",
        bugs "bitwiseworks/libc#10" "tgoskits#535";
    /// A caught SIGCHLD that is blocked stays pending until it is unblocked, and is then delivered.
    SIGCHLD_BLOCKED_PENDS: Must, "posix/sigchld/blocked-pends", "POSIX.1-2024 2.4.1 Signal Generation";
    /// Whether a blocked SIGCHLD at its default action stays pending, so that sigwaitinfo can accept it, or
    /// is discarded is unspecified.
    SIGCHLD_BLOCKED_DEFAULT: Implementation, "posix/sigchld/blocked-default", "POSIX.1-2024 2.4.1",
        bugs "tgoskits#535";
    /// Several terminations may share one SIGCHLD but generate at least one: looping over WNOHANG waits after
    /// it reaps every child.
    SIGCHLD_COALESCES: Must, "posix/sigchld/coalesces", "POSIX.1-2024 2.4.1 Signal Generation; 2.13",
        bugs "earlyoom#279" "WSL#40248";
    /// With SIGCHLD blocked, a wait that reaps the only child with status available clears the pending
    /// SIGCHLD.
    SIGCHLD_PENDING_CLEARED: Must, "posix/sigchld/pending-cleared", "POSIX.1-2024 wait, DESCRIPTION",
        bugs "phoenix-rtos-project#188";
    /// With SIGCHLD blocked, a pending SIGCHLD survives a wait as long as the status of another child is
    /// available.
    SIGCHLD_PENDING_WHILE_OTHERS_WAITABLE: Should, "posix/sigchld/pending-while-others-waitable",
        "POSIX.1-2024 wait, DESCRIPTION";
    /// A WNOWAIT peek does not clear a pending SIGCHLD.
    SIGCHLD_PENDING_AFTER_PEEK: Should, "posix/sigchld/pending-after-peek",
        "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)";
    /// With SIGCHLD blocked, a call that reports nothing, because it returns 0 or fails, does not clear a pending SIGCHLD.
    SIGCHLD_PENDING_WITHOUT_REPORT: Must, "posix/sigchld/pending-without-report",
        "POSIX.1-2024 wait, DESCRIPTION; 2.4.1 Signal Generation";
    /// A change of a child ends a call that sleeps, and a call with WNOHANG finds it, whatever becomes of SIGCHLD: with the
    /// signal ignored, blocked or pending, and with SA_NOCLDSTOP or SA_NOCLDWAIT.
    SIGCHLD_WAKES_REGARDLESS: Must, "posix/sigchld/wakes-regardless",
        "POSIX.1-2024 wait, DESCRIPTION; sigaction, SA_NOCLDSTOP and SA_NOCLDWAIT; 2.13";
    /// A child that became a zombie before SA_NOCLDWAIT was set stays waitable with its status.
    SIGCHLD_NOCLDWAIT_EARLIER_ZOMBIE: Must, "posix/sigchld/nocldwait-earlier-zombie",
        "POSIX.1-2024 2.13; sigaction, SA_NOCLDWAIT";
    /// A process receives no SIGCHLD for a grandchild whose own parent is alive.
    SIGCHLD_NOT_FOR_GRANDCHILD: Must, "posix/sigchld/not-for-grandchild", "POSIX.1-2024 _Exit, Consequences";
    /// With SIGCHLD set to SIG_IGN, a child that terminates leaves no zombie.
    SIGCHLD_IGNORED_NO_ZOMBIE: Must, "posix/sigchld/ignored-no-zombie", "POSIX.1-2024 _Exit, Consequences",
        bugs "phoenix-rtos-project#861" "managarm#975";
    /// With SIGCHLD ignored, an any-child wait blocks until the last child is gone and then fails with
    /// ECHILD.
    SIGCHLD_IGNORED_WAITS_FOR_LAST_EXIT: Must, "posix/sigchld/ignored-waits-for-last-exit",
        "POSIX.1-2024 2.13; waitid, USAGE", bugs "mimiker#695";
    /// A wait that is asleep when SIGCHLD becomes ignored fails with ECHILD once the last child is gone.
    SIGCHLD_IGNORED_WHILE_ASLEEP: Must, "posix/sigchld/ignored-while-asleep",
        "POSIX.1-2024 _Exit, Consequences; 2.13";
    /// With SIGCHLD ignored, a wait blocked on one child fails with ECHILD when that child terminates.
    SIGCHLD_IGNORED_BY_PID: Must, "posix/sigchld/ignored-by-pid",
        "POSIX.1-2024 _Exit, Consequences; wait, ERRORS",
        bugs "mimiker#695";
    /// With SIGCHLD ignored and all children already gone, a wait fails with ECHILD without blocking.
    SIGCHLD_IGNORED_NO_CHILDREN_LEFT: Must, "posix/sigchld/ignored-no-children-left",
        "POSIX.1-2024 wait, ERRORS",
        bugs "mimiker#695";
    /// With SIGCHLD ignored and a live child, a WNOHANG wait returns 0.
    SIGCHLD_IGNORED_NOHANG: Must, "posix/sigchld/ignored-nohang", "POSIX.1-2024 waitpid, RETURN VALUE";
    /// With SIGCHLD ignored, stops and continues are still reported to calls that request them.
    SIGCHLD_IGNORED_STOPS: Must, "posix/sigchld/ignored-stops", "POSIX.1-2024 _Exit, Consequences; waitpid";
    /// A child that became a zombie before SIGCHLD was set to SIG_IGN stays waitable with its status.
    SIGCHLD_IGNORED_EARLIER_ZOMBIE: Must, "posix/sigchld/ignored-earlier-zombie", "POSIX.1-2024 2.13; _Exit";
    /// The action in effect when the child terminates decides: setting SIG_IGN after the fork also prevents a
    /// zombie.
    SIGCHLD_IGNORED_AFTER_FORK: Must, "posix/sigchld/ignored-after-fork", "POSIX.1-2024 _Exit, Consequences";
    /// Setting SIGCHLD to SIG_IGN discards a pending SIGCHLD.
    SIGCHLD_IGNORED_DISCARDS_PENDING: Must, "posix/sigchld/ignored-discards-pending",
        "POSIX.1-2024 2.4.3 Signal Actions (SIG_IGN)";
    /// With SA_NOCLDWAIT, a child that terminates leaves no zombie, whatever the handler.
    SIGCHLD_NOCLDWAIT_NO_ZOMBIE: Must, "posix/sigchld/nocldwait-no-zombie",
        "POSIX.1-2024 sigaction, SA_NOCLDWAIT", bugs "managarm#975";
    /// With SA_NOCLDWAIT, an any-child wait blocks until the last child is gone and then fails with ECHILD.
    SIGCHLD_NOCLDWAIT_WAITS_FOR_LAST_EXIT: Must, "posix/sigchld/nocldwait-waits-for-last-exit",
        "POSIX.1-2024 sigaction, SA_NOCLDWAIT; 2.13", bugs "managarm#975";
    /// Once the action of SIGCHLD has been set without SA_NOCLDWAIT, children leave zombies again.
    SIGCHLD_NOCLDWAIT_CLEARED: Must, "posix/sigchld/nocldwait-cleared", "POSIX.1-2024 sigaction, SA_NOCLDWAIT";
    /// With SIGCHLD ignored or SA_NOCLDWAIT set, children leave no zombies even while the signal is blocked.
    SIGCHLD_IGNORED_WHILE_BLOCKED: Must, "posix/sigchld/ignored-while-blocked",
        "POSIX.1-2024 _Exit, Consequences; sigaction, SA_NOCLDWAIT";
    /// Whether a child that terminates under SA_NOCLDWAIT still generates SIGCHLD is unspecified.
    SIGCHLD_NOCLDWAIT_SIGNAL: Implementation, "posix/sigchld/nocldwait-signal",
        "POSIX.1-2024 sigaction, SA_NOCLDWAIT";
    /// With SA_RESETHAND, the handler runs for one SIGCHLD only; then the action is the default one, and a child that
    /// terminates leaves a zombie and interrupts no wait.
    SIGCHLD_RESETHAND: Must, "posix/sigchld/resethand", "POSIX.1-2024 sigaction, SA_RESETHAND";
    /// With SIGCHLD at its default action, children become zombies, even though that action ignores the
    /// signal.
    SIGCHLD_DEFAULT_ZOMBIE: Must, "posix/sigchld/default-zombie",
        "POSIX.1-2024 _Exit, Consequences; sigaction";
    /// After SIGCHLD is changed from SIG_IGN back to the default, children that terminate become zombies
    /// again.
    SIGCHLD_DEFAULT_RESTORED: Must, "posix/sigchld/default-restored",
        "POSIX.1-2024 _Exit, Consequences; sigaction";
}
