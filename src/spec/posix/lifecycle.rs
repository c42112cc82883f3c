//! The life cycle of a child: zombies, process IDs, fork, exec, threads, orphans.

use crate::spec::clause::clauses;

clauses! {
    /// A terminated child stays a zombie, with its status retained, until it is reaped, however late.
    ZOMBIE_UNTIL_REAPED: Must, "posix/zombie/until-reaped", "POSIX.1-2024 _Exit, Consequences; 2.13";
    /// A process that calls _exit, or to which a signal is delivered whose action is termination, terminates.
    PROCESS_TERMINATES: Must, "posix/process/terminates", "POSIX.1-2024 _Exit; 2.4.3 Signal Actions",
        untestable "every case that awaits a termination fails it: no subject of this suite can keep a process alive";
    /// A process to which SIGSTOP is delivered stops, and so does one at the default action of another stop signal
    /// unless its process group is orphaned.
    PROCESS_STOPS: Must, "posix/process/stops", "POSIX.1-2024 2.4.3 Signal Actions",
        untestable "every case that awaits a stop fails it: no subject of this suite can keep a process running";
    /// After a child is reaped, the process is gone: kill(pid, 0) fails with ESRCH unless the pid has been
    /// reused.
    ZOMBIE_ESRCH_AFTER_REAP: Must, "posix/zombie/esrch-after-reap", "POSIX.1-2024 2.13; kill, ERRORS";
    /// The pid of a zombie is not reused before it is reaped, however many processes are created.
    ZOMBIE_PID_NOT_REUSED: Must, "posix/zombie/pid-not-reused", "POSIX.1-2024 XBD Process ID Reuse",
        bugs "openzfs#11963";
    /// kill on a zombie child succeeds, with signal 0 and with any other signal.
    ZOMBIE_KILL_SUCCEEDS: Must, "posix/zombie/kill-succeeds", "POSIX.1-2024 kill; XBD Process Lifetime",
        bugs "WSL#3765";
    /// Which calls that take a pid, other than kill, find a zombie (getpgid, getsid, setpgid, getpriority) is
    /// recorded: by the definition of process lifetime all of them should, but systems differ.
    ZOMBIE_FOUND_BY_CALLS: Implementation, "posix/zombie/found-by-calls", "POSIX.1-2024 XBD Process Lifetime";
    /// Signals sent to a zombie (SIGKILL, SIGTERM, SIGSTOP, SIGCONT) have no effect: its status does not
    /// change, no event is generated, and a wait still returns.
    ZOMBIE_SIGNALS_CHANGE_NOTHING: Must, "posix/zombie/signals-change-nothing", "POSIX.1-2024 kill; 2.13",
        bugs "WSL#3741" "WSL#3765";
    /// A forked child has no children of its own: its wait fails with ECHILD even if its parent has other
    /// children.
    FORK_CHILD_HAS_NO_CHILDREN: Must, "posix/fork/child-has-no-children",
        "POSIX.1-2024 fork, DESCRIPTION; wait";
    /// A grandchild is not a child: its termination is reported only to its own parent.
    FORK_GRANDCHILD_IS_NOT_A_CHILD: Must, "posix/fork/grandchild-is-not-a-child",
        "POSIX.1-2024 wait, DESCRIPTION";
    /// Children survive exec in the parent: the new image can wait for children created by the old one.
    EXEC_KEEPS_CHILDREN: Must, "posix/exec/keeps-children", "POSIX.1-2024 exec, DESCRIPTION; wait",
        bugs "pyinstaller#2966" "wl-clipboard#156";
    /// A child that calls exec remains the same child: exec is not an event, and the exit of the new image is
    /// reported under the same pid.
    EXEC_CHILD_KEEPS_IDENTITY: Must, "posix/exec/child-keeps-identity", "POSIX.1-2024 exec, DESCRIPTION";
    /// exec in the parent also keeps the children that its other threads created.
    EXEC_KEEPS_CHILDREN_OF_THREADS: Must, "posix/exec/keeps-children-of-threads",
        "POSIX.1-2024 exec, DESCRIPTION; fork", bugs "DragonOS#2156";
    /// Zombies from before exec can still be reaped by the new image, with their status.
    EXEC_KEEPS_ZOMBIES: Must, "posix/exec/keeps-zombies", "POSIX.1-2024 exec; 2.13";
    /// Stops and continues of children from before exec are reported to the new image, once each.
    EXEC_KEEPS_EVENTS: Must, "posix/exec/keeps-events", "POSIX.1-2024 exec; 2.13";
    /// Whether an ignored SIGCHLD stays ignored in a new image is unspecified.
    EXEC_SIGCHLD_IGNORED: Implementation, "posix/exec/sigchld-ignored", "POSIX.1-2024 exec, DESCRIPTION",
        bugs "util-linux#4014" "freebsd-src#1675" "gdnsd#243" "ntp#13";
    /// A child created by posix_spawn can be waited for like a forked one: by pid, by process group and by
    /// any-child waits.
    SPAWN_CHILD_WAITABLE: Must, "posix/spawn/child-waitable", "POSIX.1-2024 posix_spawn, DESCRIPTION";
    /// Whether posix_spawn of a missing program fails without creating a child, or leaves a child that exits
    /// with 127, is unspecified.
    SPAWN_MISSING_PROGRAM: Implementation, "posix/spawn/missing-program", "POSIX.1-2024 posix_spawn, ERRORS";
    /// exit in any thread of a child terminates the whole process, which is reported with that exit value.
    THREADS_EXIT_TERMINATES_ALL: Must, "posix/threads/exit-terminates-all", "POSIX.1-2024 _Exit, DESCRIPTION";
    /// A child whose threads all terminate by pthread_exit is reported as exited with 0 once the last of them
    /// is gone.
    THREADS_LAST_THREAD_EXIT_IS_ZERO: Must, "posix/threads/last-thread-exit-is-zero",
        "POSIX.1-2024 pthread_exit, DESCRIPTION; wait";
    /// A child whose initial thread has exited while others run has not terminated: WNOHANG returns 0 for it.
    THREADS_INITIAL_THREAD_EXITS_FIRST: Must, "posix/threads/initial-thread-exits-first",
        "POSIX.1-2024 pthread_exit; wait";
    /// exec in any thread of a child terminates its other threads without a report; the child keeps its pid.
    THREADS_EXEC: Must, "posix/threads/exec", "POSIX.1-2024 exec, DESCRIPTION", bugs "DragonOS#2067"
        "DragonOS#2153";
    /// The exit of one thread of a child, while others live, is not an event: no call reports it, and it
    /// generates no SIGCHLD.
    THREADS_EXIT_IS_NO_EVENT: Must, "posix/threads/exit-is-no-event",
        "POSIX.1-2024 pthread_exit, DESCRIPTION; 2.13 Status Information";
    /// A fatal signal sent to a multithreaded child is reported once, for the process.
    THREADS_KILLED_ONCE: Must, "posix/threads/killed-once", "POSIX.1-2024 2.4.3; 2.13";
    /// A child can be waited for by its parent's other threads after the thread that created it has exited.
    THREADS_CREATOR_EXITS: Must, "posix/threads/creator-exits", "POSIX.1-2024 wait; pthread_exit";
    /// When a parent terminates, its live children are reparented to an implementation-defined process, as
    /// their getppid shows.
    ORPHAN_NEW_PARENT: Must, "posix/orphan/new-parent", "POSIX.1-2024 _Exit, Consequences",
        bugs "gvisor#2323";
    /// The zombies of a parent that terminates do not persist: their new parent disposes of them.
    ORPHAN_ZOMBIE_REAPED_BY_NEW_PARENT: Must, "posix/orphan/zombie-reaped-by-new-parent",
        "POSIX.1-2024 _Exit, Consequences",
        bugs "elks#628" "Asterinas#1996";
    /// If the termination of a process orphans a process group with a stopped member, every member gets
    /// SIGHUP and SIGCONT.
    ORPHAN_GROUP_HANGUP: Must, "posix/orphan/group-hangup", "POSIX.1-2024 _Exit, Consequences";
    /// A parent can wait for a child that has changed its user IDs: waiting requires no permission.
    WAIT_NEEDS_NO_PERMISSION: Must, "posix/wait/needs-no-permission",
        "POSIX.1-2024 wait, ERRORS (none for it)";
    /// Status information that is neither consumed nor replaced is retained for as long as the parent lives.
    STATUS_RETAINED_WHILE_PARENT_LIVES: Must, "posix/status/retained-while-parent-lives",
        "POSIX.1-2024 2.13 Status Information",
        untestable "a run is finite: a case can only show that the status is retained while it runs";
}
