//! Threads and clone on Linux: whose children, which children, and when a process has ended.

use crate::spec::clause::clauses;

clauses! {
    /// A thread can take a child that a sibling thread created.
    THREADS_SHARE_CHILDREN: Must, "linux/threads/share-children", "wait(2), Linux notes", bugs "nuttx#20104";
    /// With __WNOTHREAD a thread's own children are reported.
    THREADS_WNOTHREAD_OWN: Must, "linux/threads/wnothread-own", "wait(2), __WNOTHREAD";
    /// With __WNOTHREAD a sibling thread's child is no candidate: ECHILD if there is no other, and the child
    /// is kept.
    THREADS_WNOTHREAD_SIBLING: Must, "linux/threads/wnothread-sibling", "wait(2), __WNOTHREAD";
    /// A thread is no child: waiting for its id fails at once with ECHILD, with __WALL too.
    THREADS_NEVER_WAITABLE: Must, "linux/threads/never-waitable", "clone(2), CLONE_THREAD";
    /// A child whose initial thread left by the raw exit call while others run is not reported.
    THREADS_LEADER_EXITS_FIRST: Must, "linux/threads/leader-exits-first", "Linux kernel/exit.c, delay_group_leader",
        bugs "DragonOS#2156" "edb#382";
    /// Which exit code is reported when all threads leave by the raw exit call (the last thread's or the
    /// initial one's) is recorded.
    THREADS_LAST_THREAD_CODE: Implementation, "linux/threads/last-thread-code",
        "Linux kernel/exit.c (changed over versions)";
    /// exit_group from any thread gives that call's code, whatever code the initial thread left with before.
    THREADS_EXIT_GROUP_CODE: Must, "linux/threads/exit-group-code", "exit_group(2)";
    /// A WNOWAIT peek reports the code of the group exit, never one of the initial thread alone.
    THREADS_PEEK_GROUP_CODE: Must, "linux/threads/peek-group-code", "exit_group(2); wait(2), WNOWAIT";
    /// exec from a thread other than the initial one keeps the pid: the child is reported once, with the exit
    /// code of the new image.
    THREADS_EXEC_KEEPS_PID: Must, "linux/threads/exec-keeps-pid", "execve(2), NOTES", bugs "DragonOS#2067"
        "DragonOS#2153" "DragonOS#2156";
    /// A waiter is not woken with a status, nor told ECHILD, while a child hands its pid over in such an
    /// exec.
    THREADS_EXEC_NO_SPURIOUS_WAKE: Must, "linux/threads/exec-no-spurious-wake", "execve(2), NOTES", bugs "DragonOS#2067"
        "DragonOS#2156";
    /// After the thread that created a child ended, the child stays waitable by the other threads, and a wait
    /// that was asleep for it goes on.
    THREADS_CREATOR_EXITS: Must, "linux/threads/creator-exits", "Linux kernel/exit.c, find_new_reaper";
    /// A child that was made over to another thread of its parent is found by that thread with __WNOTHREAD.
    THREADS_WNOTHREAD_AFTER_CREATOR_EXIT: Implementation, "linux/threads/wnothread-after-creator-exit",
        "Linux kernel/exit.c, find_new_reaper";
    /// A child cloned with exit signal SIGCHLD is an ordinary child to every call.
    CLONE_SIGCHLD_ORDINARY: Must, "linux/clone/sigchld-ordinary", "clone(2); wait(2), Linux notes";
    /// A child cloned without an exit signal is passed over by a wait without __WCLONE or __WALL: ECHILD if
    /// there is no other.
    CLONE_NO_EXIT_SIGNAL_SKIPPED: Must, "linux/clone/no-exit-signal-skipped", "wait(2), __WCLONE",
        bugs "DragonOS#1850";
    /// With __WCLONE a child cloned without an exit signal, or with one other than SIGCHLD, is reported.
    CLONE_WCLONE_FINDS_CLONE_CHILDREN: Must, "linux/clone/wclone-finds-clone-children", "wait(2), __WCLONE", bugs "DragonOS#1850";
    /// With __WCLONE an ordinary child is passed over: ECHILD if there is no other.
    CLONE_WCLONE_SKIPS_FORKED: Must, "linux/clone/wclone-skips-forked", "wait(2), __WCLONE";
    /// With __WALL both kinds of children are reported; __WCLONE beside it changes nothing.
    CLONE_WALL_FINDS_ALL: Must, "linux/clone/wall-finds-all", "wait(2), __WALL";
    /// The end of a child cloned with another exit signal sends that signal, not SIGCHLD.
    CLONE_EXIT_SIGNAL_SENT: Must, "linux/clone/exit-signal-sent", "clone(2), The child termination signal";
    /// exec makes a child with another exit signal an ordinary child: its end sends SIGCHLD and a plain wait
    /// finds it.
    CLONE_EXEC_RESETS_SIGNAL: Must, "linux/clone/exec-resets-signal", "Linux fs/exec.c, begin_new_exec";
    /// clone3 with an exit signal that is no signal fails with EINVAL and makes no child.
    CLONE_BAD_SIGNAL_EINVAL: Must, "linux/clone/bad-signal-einval", "clone(2), ERRORS";
    /// A child made with CLONE_PARENT is a sibling of its creator: the creator's parent takes it, the creator
    /// gets ECHILD.
    CLONE_CLONE_PARENT_SIBLING: Must, "linux/clone/clone-parent-sibling", "clone(2), CLONE_PARENT";
    /// Children made by fork, vfork, posix_spawn, clone and clone3 are reported alike.
    CLONE_ALL_PRIMITIVES_AGREE: Must, "linux/clone/all-primitives-agree", "fork(2); vfork(2); clone(2)",
        bugs "occlum#1247";
    /// The parent in vfork goes on when the child calls exec or _exit, and can then take it.
    VFORK_CHILD_WAITABLE: Must, "linux/vfork/child-waitable", "vfork(2), DESCRIPTION", bugs "occlum#1247";
}
