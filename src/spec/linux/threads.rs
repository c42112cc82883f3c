//! Threads and clone on Linux: which children a thread can wait for, and when a process has terminated.

use crate::spec::clause::clauses;

clauses! {
    /// A thread can reap a child created by another thread of its process.
    THREADS_SHARE_CHILDREN: Must, "linux/threads/share-children", "wait(2), Linux notes", bugs "nuttx#20104";
    /// With __WNOTHREAD, a thread's own children are reported.
    THREADS_WNOTHREAD_OWN: Must, "linux/threads/wnothread-own", "wait(2), __WNOTHREAD";
    /// With __WNOTHREAD, children of other threads do not match: the call fails with ECHILD if there are no
    /// others, and consumes nothing.
    THREADS_WNOTHREAD_SIBLING: Must, "linux/threads/wnothread-sibling", "wait(2), __WNOTHREAD";
    /// A thread is not a child: waiting for its thread ID fails with ECHILD without blocking, even with
    /// __WALL.
    THREADS_NEVER_WAITABLE: Must, "linux/threads/never-waitable", "clone(2), CLONE_THREAD";
    /// The ID of any thread of a child but the first is not the ID of a child: waiting for it fails with ECHILD, even with
    /// __WALL.
    THREADS_OF_CHILD_NEVER_WAITABLE: Must, "linux/threads/of-child-never-waitable",
        "clone(2), CLONE_THREAD; Linux kernel/exit.c, do_wait_pid";
    /// A child whose initial thread has exited by the raw exit call while others run is not reported.
    THREADS_LEADER_EXITS_FIRST: Must, "linux/threads/leader-exits-first",
        "Linux kernel/exit.c, delay_group_leader",
        bugs "DragonOS#2156" "edb#382";
    /// Whether the exit code of the last thread or of the initial thread is reported when all threads exit by
    /// the raw exit call is unspecified.
    THREADS_LAST_THREAD_CODE: Implementation, "linux/threads/last-thread-code",
        "Linux kernel/exit.c (changed over versions)";
    /// exit_group in any thread sets the reported exit code, whatever code the initial thread exited with
    /// before.
    THREADS_EXIT_GROUP_CODE: Must, "linux/threads/exit-group-code", "exit_group(2)";
    /// A WNOWAIT peek reports the exit code of the thread group, never that of the initial thread alone.
    THREADS_PEEK_GROUP_CODE: Must, "linux/threads/peek-group-code", "exit_group(2); wait(2), WNOWAIT";
    /// exec in a thread other than the initial one keeps the pid: the child is reported once, with the exit
    /// code of the new image.
    THREADS_EXEC_KEEPS_PID: Must, "linux/threads/exec-keeps-pid", "execve(2), NOTES", bugs "DragonOS#2067"
        "DragonOS#2153" "DragonOS#2156";
    /// While such an exec transfers the pid to the new leader, a waiter neither returns a status nor fails
    /// with ECHILD.
    THREADS_EXEC_NO_SPURIOUS_WAKE: Must, "linux/threads/exec-no-spurious-wake",
        "execve(2), NOTES", bugs "DragonOS#2067"
        "DragonOS#2156";
    /// After the thread that created a child exits, the other threads can still wait for the child, and a
    /// wait already blocked on it stays blocked.
    THREADS_CREATOR_EXITS: Must, "linux/threads/creator-exits", "Linux kernel/exit.c, find_new_reaper";
    /// A child that has been reparented to another thread of its parent is found by that thread with
    /// __WNOTHREAD.
    THREADS_WNOTHREAD_AFTER_CREATOR_EXIT: Implementation, "linux/threads/wnothread-after-creator-exit",
        "Linux kernel/exit.c, find_new_reaper";
    /// A child cloned with SIGCHLD as its exit signal is an ordinary child to every call.
    CLONE_SIGCHLD_ORDINARY: Must, "linux/clone/sigchld-ordinary", "clone(2); wait(2), Linux notes";
    /// A call without __WCLONE or __WALL skips a child cloned without an exit signal, and fails with ECHILD
    /// if there is no other.
    CLONE_NO_EXIT_SIGNAL_SKIPPED: Must, "linux/clone/no-exit-signal-skipped", "wait(2), __WCLONE",
        bugs "DragonOS#1850";
    /// With __WCLONE, a child cloned without an exit signal, or with one other than SIGCHLD, is reported.
    CLONE_WCLONE_FINDS_CLONE_CHILDREN: Must, "linux/clone/wclone-finds-clone-children",
        "wait(2), __WCLONE", bugs "DragonOS#1850";
    /// With __WCLONE, an ordinary child is skipped: the call fails with ECHILD if there is no other.
    CLONE_WCLONE_SKIPS_FORKED: Must, "linux/clone/wclone-skips-forked", "wait(2), __WCLONE";
    /// With __WALL, both kinds of children are reported; adding __WCLONE changes nothing.
    CLONE_WALL_FINDS_ALL: Must, "linux/clone/wall-finds-all", "wait(2), __WALL";
    /// The termination of a child cloned with another exit signal sends that signal, not SIGCHLD.
    CLONE_EXIT_SIGNAL_SENT: Must, "linux/clone/exit-signal-sent", "clone(2), The child termination signal";
    /// With SIGCHLD ignored, a child with another exit signal, or with none, still becomes a zombie, even if its own exit
    /// signal is ignored, too.
    CLONE_IGNORED_SIGCHLD_KEEPS: Must, "linux/clone/ignored-sigchld-keeps", "Linux kernel/signal.c, do_notify_parent";
    /// exec resets a child's exit signal: its termination sends SIGCHLD, and a call without __WCLONE or
    /// __WALL reports it.
    CLONE_EXEC_RESETS_SIGNAL: Must, "linux/clone/exec-resets-signal", "Linux fs/exec.c, begin_new_exec";
    /// clone3 with an invalid exit signal fails with EINVAL and creates no child.
    CLONE_BAD_SIGNAL_EINVAL: Must, "linux/clone/bad-signal-einval", "clone(2), ERRORS";
    /// A child created with CLONE_AUTOREAP (Linux 7.1) is reaped automatically when it exits: it leaves no zombie, sends no signal,
    /// and every wait for it fails with ECHILD, even with __WALL. Other children are reported as usual.
    CLONE_AUTOREAP_NEVER_REPORTED: Must, "linux/clone/autoreap-never-reported",
        "Linux kernel/exit.c, exit_notify (7.1)";
    /// The pidfd of a child created with CLONE_AUTOREAP becomes readable when the child exits, and PIDFD_GET_INFO returns its
    /// status word; a wait through it fails with ECHILD.
    CLONE_AUTOREAP_PIDFD: Must, "linux/clone/autoreap-pidfd", "Linux kernel/fork.c, CLONE_AUTOREAP (7.1)";
    /// CLONE_AUTOREAP is not inherited: a child of such a child becomes a zombie, which its parent can reap.
    CLONE_AUTOREAP_NOT_INHERITED: Must, "linux/clone/autoreap-not-inherited",
        "Linux kernel/fork.c, CLONE_AUTOREAP (7.1)";
    /// clone3 with CLONE_AUTOREAP and an exit signal fails with EINVAL, and creates no child.
    CLONE_AUTOREAP_EXIT_SIGNAL: Must, "linux/clone/autoreap-exit-signal",
        "Linux kernel/fork.c, CLONE_AUTOREAP (7.1)";
    /// The last close of the pidfd that clone3 returned with CLONE_PIDFD_AUTOKILL kills the child; closing one from
    /// pidfd_open does not.
    CLONE_AUTOKILL_CLOSE_KILLS: Must, "linux/clone/autokill-close-kills",
        "Linux kernel/fork.c, CLONE_PIDFD_AUTOKILL (7.1)";
    /// A child created with CLONE_PARENT is a sibling of its creator: the creator's parent reaps it, and the
    /// creator gets ECHILD.
    CLONE_CLONE_PARENT_SIBLING: Must, "linux/clone/clone-parent-sibling", "clone(2), CLONE_PARENT";
    /// A zombie exists until it is reaped for every call that takes a pid (kill, killpg, getpgid, getsid,
    /// setpgid, getpriority, sched_getscheduler, sched_getaffinity, prlimit, tgkill, clock_getcpuclockid,
    /// pidfd_open); after that, each fails with ESRCH.
    ZOMBIE_FOUND_BY_PID: Must, "linux/zombie/found-by-pid",
        "POSIX.1-2024 XBD Process Lifetime; Linux kernel/exit.c, release_task";
    /// Children created by fork, vfork, posix_spawn, clone and clone3 are reported in the same way.
    CLONE_ALL_PRIMITIVES_AGREE: Must, "linux/clone/all-primitives-agree", "fork(2); vfork(2); clone(2)",
        bugs "occlum#1247";
    /// The parent in vfork resumes when the child calls exec or _exit, and can then reap it.
    VFORK_CHILD_WAITABLE: Must, "linux/vfork/child-waitable", "vfork(2), DESCRIPTION", bugs "occlum#1247";
}
