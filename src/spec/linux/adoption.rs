//! Orphans on Linux: subreapers, PID namespaces.

use crate::spec::clause::clauses;

clauses! {
    /// An orphan is reparented to its nearest living ancestor that is a subreaper, which can then wait for
    /// it.
    SUBREAPER_ADOPTS: Must, "linux/subreaper/adopts", "prctl(2), PR_SET_CHILD_SUBREAPER", bugs "gvisor#2323";
    /// An adopted child is a child like any other: it is found through its process group and a pidfd, its stops
    /// and continues are reported, even a stop from before its adoption, and WNOWAIT leaves it waitable.
    SUBREAPER_ORDINARY_CHILD: Must, "linux/subreaper/ordinary-child",
        "prctl(2), PR_SET_CHILD_SUBREAPER; Linux kernel/exit.c, reparent_leader";
    /// A process that has cleared the attribute adopts no more orphans, and keeps the children that it has already adopted.
    SUBREAPER_UNSET: Must, "linux/subreaper/unset", "prctl(2), PR_SET_CHILD_SUBREAPER";
    /// With several subreapers above an orphan, the nearest one adopts it, and the others get ECHILD for it.
    SUBREAPER_NEAREST: Must, "linux/subreaper/nearest", "prctl(2), PR_SET_CHILD_SUBREAPER";
    /// When a subreaper terminates, its children, including adopted ones, are reparented to the next
    /// subreaper above it.
    SUBREAPER_EXIT_REPARENTS_CHILDREN: Must, "linux/subreaper/exit-reparents-children",
        "prctl(2), PR_SET_CHILD_SUBREAPER", bugs "Asterinas#1996";
    /// The subreaper attribute is not inherited by children created by fork or clone.
    SUBREAPER_NOT_INHERITED: Must, "linux/subreaper/not-inherited", "prctl(2), PR_SET_CHILD_SUBREAPER";
    /// The subreaper attribute is preserved across exec.
    SUBREAPER_SURVIVES_EXEC: Must, "linux/subreaper/survives-exec", "prctl(2), PR_SET_CHILD_SUBREAPER";
    /// When an adopted child terminates, its adopter receives SIGCHLD with the child's pid, code and status.
    SUBREAPER_SIGCHLD: Must, "linux/subreaper/sigchld", "prctl(2), PR_SET_CHILD_SUBREAPER",
        bugs "systemd#4855";
    /// A zombie whose parent terminates is adopted as a zombie: the adopter receives SIGCHLD and can reap it
    /// with its status.
    SUBREAPER_ADOPTS_ZOMBIE: Must, "linux/subreaper/adopts-zombie", "prctl(2); Linux kernel/exit.c",
        bugs "elks#628";
    /// A zombie adopted by a process that ignores SIGCHLD disappears.
    SUBREAPER_SIGCHLD_IGNORED_ZOMBIE: Must, "linux/subreaper/sigchld-ignored-zombie",
        "Linux kernel/exit.c, reparent_leader";
    /// An any-child wait blocked in the adopter also reports children adopted after it began.
    SUBREAPER_BLOCKED_WAIT: Must, "linux/subreaper/blocked-wait", "wait(2); prctl(2)", bugs "Asterinas#1996";
    /// A subreaper whose initial thread has exited still adopts orphans as long as another of its threads
    /// lives.
    SUBREAPER_LEADER_EXITED: Must, "linux/subreaper/leader-exited",
        "Linux kernel/exit.c, find_alive_thread";
    /// Adoption resets the exit signal of a child: its termination sends SIGCHLD.
    SUBREAPER_RESETS_EXIT_SIGNAL: Must, "linux/subreaper/resets-exit-signal",
        "Linux kernel/exit.c, reparent_leader";
    /// A subreaper can reap all its orphaned descendants: once every one of them is reaped, an any-child wait
    /// fails with ECHILD.
    SUBREAPER_REAPS_ALL: Must, "linux/subreaper/reaps-all", "prctl(2); wait(2)", bugs "bun#29930";
    /// Without a subreaper, an orphan is reparented to the init process of its PID namespace.
    ORPHAN_TO_INIT: Must, "linux/orphan/to-init", "pid_namespaces(7), The namespace init process";
    /// A child in a new PID namespace is reported to its parent by its pid in the parent's namespace.
    PIDNS_OUTER_PID: Must, "linux/pidns/outer-pid", "pid_namespaces(7)";
    /// A child that is init of a PID namespace is reported like any other, by any selector, with its usage and user.
    PIDNS_REPORTS_ALIKE: Must, "linux/pidns/reports-alike", "pid_namespaces(7); Linux kernel/exit.c, wait_consider_task";
    /// When the init process of a PID namespace terminates, all other processes in the namespace are killed
    /// before init is reported.
    PIDNS_INIT_EXITS: Must, "linux/pidns/init-exits", "pid_namespaces(7), The namespace init process";
    /// The init process of a PID namespace cannot be killed from within the namespace, not even by SIGKILL.
    /// SIGKILL from the parent namespace kills it and is reported.
    PIDNS_INIT_SIGNALS: Must, "linux/pidns/init-signals", "pid_namespaces(7), The namespace init process";
}
