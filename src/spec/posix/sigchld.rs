//! SIGCHLD: when it is generated, what it carries, and the actions that do away with zombies.

use crate::spec::clause::clauses;

clauses! {
    /// A process gets SIGCHLD when a child of it terminates.
    SIGCHLD_ON_EXIT: Must, "posix/sigchld/on-exit", "POSIX.1-2024 _Exit, Consequences", bugs "libuv#3441";
    /// A process whose SIGCHLD action lacks SA_NOCLDSTOP gets SIGCHLD when a child of it stops.
    SIGCHLD_ON_STOP: Must, "posix/sigchld/on-stop", "POSIX.1-2024 sigaction, SA_NOCLDSTOP";
    /// Whether SIGCHLD is also generated when a stopped child continues is open.
    SIGCHLD_ON_CONTINUE: Implementation, "posix/sigchld/on-continue",
        "POSIX.1-2024 sigaction, SA_NOCLDSTOP (XSI)";
    /// With SA_NOCLDSTOP no SIGCHLD is generated when a child stops or continues.
    SIGCHLD_NOCLDSTOP_SILENT: Must, "posix/sigchld/nocldstop-silent", "POSIX.1-2024 sigaction, SA_NOCLDSTOP";
    /// SA_NOCLDSTOP silences the signal only: stops and continues are still reported by the wait calls.
    SIGCHLD_NOCLDSTOP_KEEPS_STATUS: Must, "posix/sigchld/nocldstop-keeps-status",
        "POSIX.1-2024 sigaction; 2.13";
    /// With SA_NOCLDSTOP the termination of a child still generates SIGCHLD.
    SIGCHLD_NOCLDSTOP_EXIT: Must, "posix/sigchld/nocldstop-exit", "POSIX.1-2024 sigaction, SA_NOCLDSTOP";
    /// The SIGCHLD of a child that exited carries CLD_EXITED, its pid, its real uid and its exit value.
    SIGCHLD_INFO_EXITED: Must, "posix/sigchld/info-exited", "POSIX.1-2024 <signal.h>, SIGCHLD",
        bugs "graphene#1821";
    /// The SIGCHLD of a child that a signal ended carries CLD_KILLED or CLD_DUMPED, its pid and that signal.
    SIGCHLD_INFO_KILLED: Must, "posix/sigchld/info-killed", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// The SIGCHLD of a child that stopped carries CLD_STOPPED, its pid and the stop signal.
    SIGCHLD_INFO_STOPPED: Must, "posix/sigchld/info-stopped", "POSIX.1-2024 <signal.h>, SIGCHLD";
    /// waitid's siginfo for an event equals the one that its SIGCHLD carried: si_signo, si_code, si_pid,
    /// si_uid and si_status.
    SIGCHLD_INFO_EQUALS_WAITID: Must, "posix/sigchld/info-equals-waitid", "POSIX.1-2024 waitid, DESCRIPTION",
        bugs "tgoskits#535" "systemd#4855";
    /// A WNOHANG wait inside the SIGCHLD handler finds the child whose event generated the signal.
    SIGCHLD_WAIT_IN_HANDLER: Must, "posix/sigchld/wait-in-handler",
        "POSIX.1-2024 _Exit, Consequences; 2.4.3", bugs "bitwiseworks/libc#10" "libuv#3451";
    /// Once sigwaitinfo returned SIGCHLD for a child, a WNOHANG wait for that child finds it.
    SIGCHLD_WAIT_AFTER_SIGWAIT: Must, "posix/sigchld/wait-after-sigwait", "POSIX.1-2024 sigwaitinfo; _Exit",
        bugs "bitwiseworks/libc#10" "tgoskits#535";
    /// A blocked SIGCHLD with a handler stays pending until it is unblocked, and is then delivered.
    SIGCHLD_BLOCKED_PENDS: Must, "posix/sigchld/blocked-pends", "POSIX.1-2024 2.4.1 Signal Generation";
    /// Whether a blocked SIGCHLD with default action pends (so that sigwaitinfo gets it) or is dropped is
    /// open.
    SIGCHLD_BLOCKED_DEFAULT: Implementation, "posix/sigchld/blocked-default", "POSIX.1-2024 2.4.1",
        bugs "tgoskits#535";
    /// Many terminations may share one SIGCHLD, but never none: a loop of WNOHANG waits after it finds every
    /// child.
    SIGCHLD_COALESCES: Must, "posix/sigchld/coalesces", "POSIX.1-2024 2.4.1 Signal Generation; 2.13",
        bugs "earlyoom#279" "WSL#40248";
    /// With SIGCHLD blocked, a wait that takes the only child with status clears the pending SIGCHLD.
    SIGCHLD_PENDING_CLEARED: Must, "posix/sigchld/pending-cleared", "POSIX.1-2024 wait, DESCRIPTION",
        bugs "phoenix-rtos-project#188";
    /// With SIGCHLD blocked, the pending SIGCHLD survives a wait while the status of another child is
    /// available.
    SIGCHLD_PENDING_WHILE_OTHERS_WAITABLE: Should, "posix/sigchld/pending-while-others-waitable",
        "POSIX.1-2024 wait, DESCRIPTION";
    /// A WNOWAIT peek leaves the pending SIGCHLD pending.
    SIGCHLD_PENDING_AFTER_PEEK: Should, "posix/sigchld/pending-after-peek",
        "POSIX.1-2024 waitid, DESCRIPTION (WNOWAIT)";
    /// A process gets no SIGCHLD for a grandchild whose parent is alive.
    SIGCHLD_NOT_FOR_GRANDCHILD: Must, "posix/sigchld/not-for-grandchild", "POSIX.1-2024 _Exit, Consequences";
    /// With SIGCHLD set to SIG_IGN a child that terminates leaves no zombie.
    SIGCHLD_IGNORED_NO_ZOMBIE: Must, "posix/sigchld/ignored-no-zombie", "POSIX.1-2024 _Exit, Consequences",
        bugs "phoenix-rtos-project#861" "managarm#975";
    /// With SIGCHLD ignored, a blocked wait for any child sleeps until the last child is gone, then fails
    /// with ECHILD.
    SIGCHLD_IGNORED_WAITS_FOR_LAST_EXIT: Must, "posix/sigchld/ignored-waits-for-last-exit",
        "POSIX.1-2024 2.13; waitid, USAGE", bugs "mimiker#695";
    /// With SIGCHLD ignored, a blocked wait for one child fails with ECHILD when that child terminates.
    SIGCHLD_IGNORED_BY_PID: Must, "posix/sigchld/ignored-by-pid", "POSIX.1-2024 _Exit, Consequences; wait, ERRORS",
        bugs "mimiker#695";
    /// With SIGCHLD ignored and all children gone before the call, a wait fails at once with ECHILD.
    SIGCHLD_IGNORED_NO_CHILDREN_LEFT: Must, "posix/sigchld/ignored-no-children-left", "POSIX.1-2024 wait, ERRORS",
        bugs "mimiker#695";
    /// With SIGCHLD ignored and a live child, a WNOHANG wait returns 0.
    SIGCHLD_IGNORED_NOHANG: Must, "posix/sigchld/ignored-nohang", "POSIX.1-2024 waitpid, RETURN VALUE";
    /// With SIGCHLD ignored, stops and continues are still reported to calls that ask for them.
    SIGCHLD_IGNORED_STOPS: Must, "posix/sigchld/ignored-stops", "POSIX.1-2024 _Exit, Consequences; waitpid";
    /// A zombie from before SIGCHLD was set to SIG_IGN stays waitable with its status.
    SIGCHLD_IGNORED_EARLIER_ZOMBIE: Must, "posix/sigchld/ignored-earlier-zombie", "POSIX.1-2024 2.13; _Exit";
    /// What counts is the action when the child terminates: set to SIG_IGN after the fork it still leaves no
    /// zombie.
    SIGCHLD_IGNORED_AFTER_FORK: Must, "posix/sigchld/ignored-after-fork", "POSIX.1-2024 _Exit, Consequences";
    /// Setting SIGCHLD to SIG_IGN discards a pending SIGCHLD.
    SIGCHLD_IGNORED_DISCARDS_PENDING: Must, "posix/sigchld/ignored-discards-pending",
        "POSIX.1-2024 2.4.3 Signal Actions (SIG_IGN)";
    /// With SA_NOCLDWAIT a child that terminates leaves no zombie, whatever the handler.
    SIGCHLD_NOCLDWAIT_NO_ZOMBIE: Must, "posix/sigchld/nocldwait-no-zombie",
        "POSIX.1-2024 sigaction, SA_NOCLDWAIT", bugs "managarm#975";
    /// With SA_NOCLDWAIT a blocked wait sleeps until the last child is gone, then fails with ECHILD.
    SIGCHLD_NOCLDWAIT_WAITS_FOR_LAST_EXIT: Must, "posix/sigchld/nocldwait-waits-for-last-exit",
        "POSIX.1-2024 sigaction, SA_NOCLDWAIT; 2.13", bugs "managarm#975";
    /// Whether a child that terminates under SA_NOCLDWAIT still generates SIGCHLD is open.
    SIGCHLD_NOCLDWAIT_SIGNAL: Implementation, "posix/sigchld/nocldwait-signal",
        "POSIX.1-2024 sigaction, SA_NOCLDWAIT";
    /// With SIGCHLD at its default action, although that ignores the signal, children become zombies.
    SIGCHLD_DEFAULT_ZOMBIE: Must, "posix/sigchld/default-zombie",
        "POSIX.1-2024 _Exit, Consequences; sigaction";
    /// After SIGCHLD went from SIG_IGN back to the default, children that terminate become zombies again.
    SIGCHLD_DEFAULT_RESTORED: Must, "posix/sigchld/default-restored",
        "POSIX.1-2024 _Exit, Consequences; sigaction";
}
