//! Traced children: what the tracer and the parent see.

use crate::spec::clause::clauses;

clauses! {
    /// The stop of a traced child is reported to its tracer without WUNTRACED, as WIFSTOPPED, not as an exit.
    PTRACE_STOP_WITHOUT_WUNTRACED: Must, "linux/ptrace/stop-without-wuntraced",
        "wait(2), WUNTRACED; ptrace(2)", bugs "dotnet/runtime#133736" "dotnet/runtime#133948" "go#60321";
    /// Any signal but SIGKILL that reaches a traced child stops it, with that signal as WSTOPSIG, real-time
    /// ones too.
    PTRACE_STOP_ANY_SIGNAL: Must, "linux/ptrace/stop-any-signal", "ptrace(2), Signal-delivery-stop",
        bugs "nix#495";
    /// An event stop has SIGTRAP as WSTOPSIG and the event's number in bits 16 to 23 of the status word.
    PTRACE_EVENT_BITS: Must, "linux/ptrace/event-bits", "ptrace(2), PTRACE_EVENT stops", bugs "nix#434"
        "nix#741";
    /// With PTRACE_O_TRACESYSGOOD a system-call stop has SIGTRAP with 0x80 as WSTOPSIG.
    PTRACE_SYSCALL_STOP: Must, "linux/ptrace/syscall-stop", "ptrace(2), PTRACE_O_TRACESYSGOOD",
        bugs "nix#434";
    /// exec in a child that called PTRACE_TRACEME stops it with SIGTRAP.
    PTRACE_EXEC_TRAP: Must, "linux/ptrace/exec-trap", "ptrace(2), PTRACE_TRACEME";
    /// waitid reports the stop of a traced child with CLD_TRAPPED, with WEXITED alone too.
    PTRACE_CLD_TRAPPED: Must, "linux/ptrace/cld-trapped", "wait(2), si_code; ptrace(2)";
    /// A WNOWAIT peek at a ptrace stop repeats, and a take still finds the stop.
    PTRACE_NOWAIT: Must, "linux/ptrace/nowait", "wait(2), WNOWAIT; ptrace(2)", bugs "Asterinas#2984"
        "dotnet/runtime#133948";
    /// WNOHANG for a traced child that runs returns 0.
    PTRACE_NOHANG_RUNNING: Must, "linux/ptrace/nohang-running", "ptrace(2); wait(2), WNOHANG";
    /// A traced child or thread is found whatever its exit signal: __WALL is implied (Linux 4.7 and later).
    PTRACE_WALL_IMPLIED: Must, "linux/ptrace/wall-implied", "wait(2), Linux notes";
    /// When a child is traced by another process, its death is reported to the tracer first; until then the
    /// parent's WNOHANG wait returns 0.
    PTRACE_TRACER_FIRST: Must, "linux/ptrace/tracer-first", "ptrace(2), Death under ptrace",
        bugs "tokio#7144";
    /// After the tracer took the death of a child that it traced, the parent can take it too, with the same
    /// status.
    PTRACE_PARENT_AFTER: Must, "linux/ptrace/parent-after", "ptrace(2), Death under ptrace",
        bugs "proot#291" "cctools#504" "pete#100";
    /// A wait that sleeps for a child while a tracer attaches to it and detaches reports the child's true end
    /// and no empty siginfo.
    PTRACE_DETACH_DURING_WAIT: Must, "linux/ptrace/detach-during-wait", "ptrace(2), PTRACE_DETACH",
        bugs "opendcdiag#535" "opendcdiag#62";
    /// A group stop of a child attached with PTRACE_SEIZE carries PTRACE_EVENT_STOP in bits 16 to 23 and the
    /// stop signal as WSTOPSIG.
    PTRACE_GROUP_STOP: Must, "linux/ptrace/group-stop", "ptrace(2), Group-stop";
    /// The end of a traced process's initial thread is reported only after all other threads are gone.
    PTRACE_LEADER_DELAYED: Must, "linux/ptrace/leader-delayed", "ptrace(2), BUGS", bugs "edb#382";
    /// The parent is told of stops of a child that another process traces according to the child's group
    /// stop, not of each ptrace stop.
    PTRACE_PARENT_SEES_NO_TRAPS: Must, "linux/ptrace/parent-sees-no-traps", "ptrace(2), Stopped states";
    /// A tracer's any-child wait leaves the deaths of its own untraced children waitable and reports them.
    PTRACE_ANY_INCLUDES_UNTRACED: Must, "linux/ptrace/any-includes-untraced", "ptrace(2); wait(2)", bugs "proot#291" "pete#119";
    /// What poll on the pidfd of a zombie says to the parent while a tracer holds it is recorded.
    PTRACE_PIDFD_READABLE: Implementation, "linux/ptrace/pidfd-readable", "Linux kernel/exit.c, exit_notify",
        bugs "tokio#7144";
    /// PTRACE_ATTACH stops a child, and the stop is reported to the tracer with SIGSTOP and without WUNTRACED; after
    /// PTRACE_DETACH the child runs and its end is an ordinary one.
    PTRACE_ATTACH_STOPS: Must, "linux/ptrace/attach-stops", "ptrace(2), PTRACE_ATTACH and PTRACE_DETACH";
    /// A ptrace stop is reported once: until the child goes on and stops again, a WNOHANG wait returns 0.
    PTRACE_STOP_ONCE: Must, "linux/ptrace/stop-once", "ptrace(2), Stopped states; wait(2)";
    /// With PTRACE_O_TRACEFORK a process that a traced child forks is traced too: its first stop, by SIGSTOP, is
    /// reported under its own pid, although it is no child of the tracer.
    PTRACE_FORK_AUTO_ATTACHED: Must, "linux/ptrace/fork-auto-attached", "ptrace(2), PTRACE_O_TRACEFORK";
    /// When a tracer that is not the parent ends, the children that it traced are released: a wait of their parent reports
    /// their end as ever.
    PTRACE_TRACER_EXITS: Must, "linux/ptrace/tracer-exits", "ptrace(2), PTRACE_O_EXITKILL";
}
