//! Orphans on Linux: subreapers, PID namespaces.

use crate::spec::clause::clauses;

clauses! {
    /// An orphan becomes a child of its nearest living ancestor that is a subreaper, which can then wait for
    /// it.
    SUBREAPER_ADOPTS: Must, "linux/subreaper/adopts", "prctl(2), PR_SET_CHILD_SUBREAPER", bugs "gvisor#2323";
    /// With several subreapers above an orphan the nearest one adopts it, and the others get ECHILD for it.
    SUBREAPER_NEAREST: Must, "linux/subreaper/nearest", "prctl(2), PR_SET_CHILD_SUBREAPER";
    /// When a subreaper ends, its children, the adopted ones included, go to the next subreaper above it.
    SUBREAPER_EXIT_REPARENTS_CHILDREN: Must, "linux/subreaper/exit-reparents-children", "prctl(2), PR_SET_CHILD_SUBREAPER", bugs "Asterinas#1996";
    /// Being a subreaper is not inherited by children that fork or clone create.
    SUBREAPER_NOT_INHERITED: Must, "linux/subreaper/not-inherited", "prctl(2), PR_SET_CHILD_SUBREAPER";
    /// Being a subreaper outlives exec.
    SUBREAPER_SURVIVES_EXEC: Must, "linux/subreaper/survives-exec", "prctl(2), PR_SET_CHILD_SUBREAPER";
    /// The end of an adopted child sends its adopter SIGCHLD with that child's pid, code and status.
    SUBREAPER_SIGCHLD: Must, "linux/subreaper/sigchld", "prctl(2), PR_SET_CHILD_SUBREAPER",
        bugs "systemd#4855";
    /// A zombie whose parent ends is adopted as a zombie: the adopter gets SIGCHLD and takes it with its
    /// status.
    SUBREAPER_ADOPTS_ZOMBIE: Must, "linux/subreaper/adopts-zombie", "prctl(2); Linux kernel/exit.c",
        bugs "elks#628";
    /// A zombie that is adopted by a process that ignores SIGCHLD disappears.
    SUBREAPER_SIGCHLD_IGNORED_ZOMBIE: Must, "linux/subreaper/sigchld-ignored-zombie",
        "Linux kernel/exit.c, reparent_leader";
    /// A wait for any child that is asleep in the adopter reports children adopted after it began.
    SUBREAPER_BLOCKED_WAIT: Must, "linux/subreaper/blocked-wait", "wait(2); prctl(2)", bugs "Asterinas#1996";
    /// A subreaper whose initial thread ended goes on adopting while another of its threads lives.
    SUBREAPER_LEADER_EXITED: Must, "linux/subreaper/leader-exited",
        "Linux kernel/exit.c, find_alive_thread";
    /// Adoption makes a child with another exit signal an ordinary one: its end sends SIGCHLD.
    SUBREAPER_RESETS_EXIT_SIGNAL: Must, "linux/subreaper/resets-exit-signal",
        "Linux kernel/exit.c, reparent_leader";
    /// Every orphan of a subreaper can be taken: after as many any-child waits as there were descendants,
    /// ECHILD.
    SUBREAPER_REAPS_ALL: Must, "linux/subreaper/reaps-all", "prctl(2); wait(2)", bugs "bun#29930";
    /// Without a subreaper an orphan becomes a child of the init process of its PID namespace.
    ORPHAN_TO_INIT: Must, "linux/orphan/to-init", "pid_namespaces(7), The namespace init process";
    /// A child in a new PID namespace is reported to its parent by its pid in the parent's namespace.
    PIDNS_OUTER_PID: Must, "linux/pidns/outer-pid", "pid_namespaces(7)";
    /// When the init process of a PID namespace ends, all other processes in it are killed before init is
    /// reported.
    PIDNS_INIT_EXITS: Must, "linux/pidns/init-exits", "pid_namespaces(7), The namespace init process";
    /// The first process of a PID namespace is not killed by a signal that it or another process there sends, SIGKILL
    /// included; SIGKILL from the parent namespace kills it, and is reported.
    PIDNS_INIT_SIGNALS: Must, "linux/pidns/init-signals", "pid_namespaces(7), The namespace init process";
}
