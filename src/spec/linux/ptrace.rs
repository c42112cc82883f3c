//! Traced children, as seen by the tracer and by the parent.

use crate::spec::clause::clauses;

clauses! {
    /// The stop of a traced child is reported to its tracer even without WUNTRACED, as WIFSTOPPED and not as
    /// an exit.
    PTRACE_STOP_WITHOUT_WUNTRACED: Must, "linux/ptrace/stop-without-wuntraced",
        "wait(2), WUNTRACED; ptrace(2)", bugs "dotnet/runtime#133736" "dotnet/runtime#133948" "go#60321";
    /// The stop of a traced child is reported, without WUNTRACED, to a wait by pid, for its group and through a pidfd as it
    /// is to one for any child, and it wakes each of them.
    PTRACE_STOP_EVERY_TARGET: Must, "linux/ptrace/stop-every-target", "wait(2), WUNTRACED; ptrace(2)";
    /// Any signal but SIGKILL that is delivered to a traced child stops it with that signal as WSTOPSIG,
    /// including real-time signals.
    PTRACE_STOP_ANY_SIGNAL: Must, "linux/ptrace/stop-any-signal", "ptrace(2), Signal-delivery-stop",
        bugs "nix#495";
    /// A PTRACE_EVENT stop has SIGTRAP as WSTOPSIG and the event number in bits 16 to 23 of the status word.
    PTRACE_EVENT_BITS: Must, "linux/ptrace/event-bits", "ptrace(2), PTRACE_EVENT stops", bugs "nix#434"
        "nix#741";
    /// With PTRACE_O_TRACESYSGOOD, a syscall stop has SIGTRAP | 0x80 as WSTOPSIG.
    PTRACE_SYSCALL_STOP: Must, "linux/ptrace/syscall-stop", "ptrace(2), PTRACE_O_TRACESYSGOOD",
        bugs "nix#434";
    /// exec in a child that called PTRACE_TRACEME stops it with SIGTRAP.
    PTRACE_EXEC_TRAP: Must, "linux/ptrace/exec-trap", "ptrace(2), PTRACE_TRACEME";
    /// waitid reports the stop of a traced child with CLD_TRAPPED, even with WEXITED alone.
    PTRACE_CLD_TRAPPED: Must, "linux/ptrace/cld-trapped", "wait(2), si_code; ptrace(2)";
    /// A WNOWAIT peek does not consume a ptrace stop: the peek can be repeated, and a call without WNOWAIT
    /// still reports the stop.
    PTRACE_NOWAIT: Must, "linux/ptrace/nowait", "wait(2), WNOWAIT; ptrace(2)", bugs "Asterinas#2984"
        "dotnet/runtime#133948";
    /// WNOHANG returns 0 for a traced child that is running.
    PTRACE_NOHANG_RUNNING: Must, "linux/ptrace/nohang-running", "ptrace(2); wait(2), WNOHANG";
    /// A traced child or thread is found whatever its exit signal: __WALL is implied (since Linux 4.7).
    PTRACE_WALL_IMPLIED: Must, "linux/ptrace/wall-implied", "wait(2), Linux notes";
    /// The death of a child that another process traces is reported to the tracer first; until then, the
    /// parent's WNOHANG wait returns 0.
    PTRACE_TRACER_FIRST: Must, "linux/ptrace/tracer-first", "ptrace(2), Death under ptrace",
        bugs "tokio#7144";
    /// A child that another process traces is hidden, not gone: whether it runs or is dead, a WNOHANG wait for
    /// it by pid, by process group or through a pidfd returns 0 until the tracer has reaped it.
    PTRACE_HIDDEN_BY_TARGET: Must, "linux/ptrace/hidden-by-target", "ptrace(2), Death under ptrace",
        bugs "tokio#7144";
    /// A tracer's waits, by pid and for any child, report the stops and the death of a tracee that is not its
    /// descendant; before attaching and after detaching, a wait for that process fails with ECHILD.
    PTRACE_STRANGER: Must, "linux/ptrace/stranger", "ptrace(2), PTRACE_ATTACH; wait(2), NOTES";
    /// The usage of a tracee that is not the tracer's child is not added to the tracer's RUSAGE_CHILDREN when it reaps it: the
    /// parent reaps it, too.
    PTRACE_STRANGER_NOT_CREDITED: Must, "linux/ptrace/stranger-not-credited",
        "getrusage(2), RUSAGE_CHILDREN; Linux kernel/exit.c, wait_task_zombie";
    /// After the tracer reaps a tracee that is not its child, the parent can reap it too, with the same
    /// status.
    PTRACE_PARENT_AFTER: Must, "linux/ptrace/parent-after", "ptrace(2), Death under ptrace",
        bugs "proot#291" "cctools#504" "pete#100";
    /// Once the tracer has detached, a child is reported like one that was never traced.
    PTRACE_DETACHED_ALIKE: Must, "linux/ptrace/detached-alike", "ptrace(2), PTRACE_DETACH";
    /// A call blocked on a child while a tracer attaches to it and detaches reports the real termination of
    /// the child, not an empty siginfo.
    PTRACE_DETACH_DURING_WAIT: Must, "linux/ptrace/detach-during-wait", "ptrace(2), PTRACE_DETACH",
        bugs "opendcdiag#535" "opendcdiag#62";
    /// A group stop of a child attached with PTRACE_SEIZE has PTRACE_EVENT_STOP in bits 16 to 23 and the stop
    /// signal as WSTOPSIG.
    PTRACE_GROUP_STOP: Must, "linux/ptrace/group-stop", "ptrace(2), Group-stop";
    /// The exit of a tracee's initial thread is reported only after all its other threads are gone.
    PTRACE_LEADER_DELAYED: Must, "linux/ptrace/leader-delayed", "ptrace(2), BUGS", bugs "edb#382";
    /// For a child that another process traces, the parent sees only group stops, not every ptrace stop.
    PTRACE_PARENT_SEES_NO_TRAPS: Must, "linux/ptrace/parent-sees-no-traps", "ptrace(2), Stopped states";
    /// A tracer's any-child wait also reports the deaths of its untraced children.
    PTRACE_ANY_INCLUDES_UNTRACED: Must, "linux/ptrace/any-includes-untraced",
        "ptrace(2); wait(2)", bugs "proot#291" "pete#119";
    /// What poll reports to the parent on the pidfd of a zombie that its tracer has not reaped is
    /// unspecified.
    PTRACE_PIDFD_READABLE: Implementation, "linux/ptrace/pidfd-readable", "Linux kernel/exit.c, exit_notify",
        bugs "tokio#7144";
    /// PTRACE_ATTACH stops a child, and the stop is reported to the tracer as SIGSTOP even without WUNTRACED.
    /// After PTRACE_DETACH the child runs, and its termination is reported as usual.
    PTRACE_ATTACH_STOPS: Must, "linux/ptrace/attach-stops", "ptrace(2), PTRACE_ATTACH and PTRACE_DETACH";
    /// A ptrace stop is reported once: a WNOHANG wait returns 0 until the child resumes and stops again.
    PTRACE_STOP_ONCE: Must, "linux/ptrace/stop-once", "ptrace(2), Stopped states; wait(2)";
    /// A stop of a traced child sends its tracer SIGCHLD with CLD_TRAPPED, its pid, its real user ID and the signal.
    PTRACE_SIGCHLD_TRAPPED: Must, "linux/ptrace/sigchld-trapped",
        "Linux kernel/signal.c, ptrace_stop and do_notify_parent_cldstop";
    /// Without __WNOTHREAD, the stops of a child traced by one thread are reported to every thread of the tracing process.
    PTRACE_STOPS_FOR_ANY_THREAD: Must, "linux/ptrace/stops-for-any-thread",
        "wait(2), __WNOTHREAD; Linux kernel/exit.c, do_wait and ptrace_do_wait";
    /// With PTRACE_O_TRACEFORK, a process forked by a tracee is traced too: its initial SIGSTOP is reported
    /// to the tracer under its own pid, although it is not the tracer's child.
    PTRACE_FORK_AUTO_ATTACHED: Must, "linux/ptrace/fork-auto-attached", "ptrace(2), PTRACE_O_TRACEFORK";
    /// With PTRACE_O_TRACECLONE, a thread that a tracee starts is traced too: its stops and its exit are reported to
    /// the tracer under its own ID, while the process lives.
    PTRACE_THREADS: Must, "linux/ptrace/threads", "ptrace(2), PTRACE_O_TRACECLONE; Death under ptrace";
    /// When a tracer that is not the parent terminates, its tracees are detached, and their parent's wait
    /// reports their termination as usual.
    PTRACE_TRACER_EXITS: Must, "linux/ptrace/tracer-exits", "ptrace(2), PTRACE_O_EXITKILL";
}
