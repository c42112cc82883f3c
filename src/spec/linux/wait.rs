//! wait, waitpid, wait3 and wait4 on Linux: status words, options, errors, pointers, SIGCHLD.

use crate::spec::clause::clauses;

clauses! {
    /// wait4 with WNOHANG and nothing to report writes neither the status nor the rusage.
    WAIT4_NOHANG_WRITES_NOTHING: Must, "linux/wait4/nohang-writes-nothing",
        "Linux kernel/exit.c, wait4: copied out only for a reported child";
    /// wait4(pid, status, options, rusage) reports the same as waitpid(pid, status, options).
    WAIT4_EQUALS_WAITPID: Must, "linux/wait4/equals-waitpid", "wait4(2), DESCRIPTION";
    /// wait3(status, options, rusage) reports the same as waitpid(-1, status, options).
    WAIT3_EQUALS_WAITPID_ANY: Must, "linux/wait3/equals-waitpid-any", "wait4(2), DESCRIPTION";
    /// A call that is asleep when its own child changes state returns that child, even if the SIGCHLD for that
    /// change runs a handler that was installed without SA_RESTART: it checks the children again before it
    /// checks for signals.
    WAIT_OWN_SIGCHLD: Must, "linux/wait/own-sigchld", "Linux kernel/exit.c, do_wait";
    /// A call that a handler with SA_RESTART interrupts is made again with all its arguments: the options that select clone
    /// children, and the pointers to status and usage.
    WAIT_RESTART_KEEPS_ARGUMENTS: Must, "linux/wait/restart-keeps-arguments",
        "signal(7), Interruption of system calls by signal handlers; Linux kernel/exit.c, do_wait";
    /// wait4 with a null rusage still reports the child and its status.
    WAIT4_NULL_RUSAGE: Must, "linux/wait4/null-rusage", "wait4(2), DESCRIPTION";
    /// wait4 with a null status reaps the child and fills in the rusage.
    WAIT4_NULL_STATUS: Must, "linux/wait4/null-status", "wait4(2); wait(2), DESCRIPTION", bugs "gem5#3343";
    /// wait4 writes one int of status and one struct rusage of the C library's size, and nothing beyond them.
    WAIT4_NO_OVERRUN: Must, "linux/wait4/no-overrun", "wait4(2); getrusage(2), DESCRIPTION",
        bugs "bun#30392" "strace#122" "mlibc#133" "mlibc#134";
    /// A call that fails with ECHILD or EINVAL writes neither the status nor the rusage.
    WAIT_ERROR_WRITES_NOTHING: Must, "linux/wait/error-writes-nothing",
        "Linux kernel/exit.c, wait4: copied out only for a reported child";
    /// The status word of a normal exit is the low eight bits of the exit code, shifted left by eight.
    WAIT_WORD_EXIT: Must, "linux/wait/word-exit", "wait(2); Linux ABI of the status word",
        bugs "lind-wasm#857" "mlibc#466" "yurtos-kernel#70";
    /// The status word of a death by signal s without a core dump is s itself, for real-time signals too.
    WAIT_WORD_SIGNAL: Must, "linux/wait/word-signal", "wait(2); Linux ABI of the status word",
        bugs "gem5#2754" "MentOS#234" "mlibc#466";
    /// A core dump, and nothing else, adds 0x80 to the status word of a death by signal.
    WAIT_WORD_CORE: Must, "linux/wait/word-core", "wait(2), WCOREDUMP; Linux ABI of the status word",
        bugs "gem5#3343";
    /// A child that has made itself non-dumpable is killed by a core-dumping signal without the core flag,
    /// and with CLD_KILLED.
    WAIT_CORE_NEEDS_DUMPABLE: Must, "linux/wait/core-needs-dumpable", "prctl(2), PR_SET_DUMPABLE; core(5)";
    /// A child that exceeds the hard RLIMIT_CPU is killed by SIGKILL, whatever it does with SIGXCPU.
    WAIT_CPU_HARD_LIMIT: Must, "linux/wait/cpu-hard-limit", "getrlimit(2), RLIMIT_CPU";
    /// The status word of a stop by signal s is s shifted left by eight, with 0x7f in the low byte.
    WAIT_WORD_STOP: Must, "linux/wait/word-stop", "wait(2); Linux ABI of the status word", bugs "mlibc#466";
    /// The status word of a continue is 0xffff.
    WAIT_WORD_CONTINUE: Must, "linux/wait/word-continue", "wait(2); Linux ABI of the status word",
        bugs "serenity#14298" "rust-lang/libc#5458" "android/ndk#1878";
    /// waitpid and wait4 reject WEXITED with EINVAL, and the child stays waitable.
    WAIT_REJECTS_WEXITED: Must, "linux/wait/rejects-wexited", "Linux kernel/exit.c, wait4: allowed options",
        bugs "gcli#149";
    /// waitpid and wait4 reject WNOWAIT with EINVAL, and the child stays waitable.
    WAIT_REJECTS_WNOWAIT: Must, "linux/wait/rejects-wnowait", "Linux kernel/exit.c, wait4: allowed options",
        bugs "pkg#1853";
    /// waitpid and wait4 fail with EINVAL for every option bit other than WNOHANG, WUNTRACED, WCONTINUED,
    /// __WNOTHREAD, __WCLONE and __WALL.
    WAIT_OPTION_BITS: Must, "linux/wait/option-bits", "Linux kernel/exit.c, wait4: allowed options";
    /// Invalid options fail with EINVAL even if the caller has no children.
    WAIT_EINVAL_BEFORE_ECHILD: Must, "linux/wait/einval-before-echild",
        "Linux kernel/exit.c, wait4: order of checks";
    /// wait4 with invalid options fails with EINVAL even if a pointer is invalid, too, and consumes nothing.
    WAIT_EINVAL_BEFORE_EFAULT: Must, "linux/wait/einval-before-efault",
        "Linux kernel/exit.c, kernel_wait4: order of checks";
    /// waitpid and wait4 with pid INT_MIN fail with ESRCH.
    WAIT_INT_MIN_ESRCH: Must, "linux/wait/int-min-esrch", "wait(2), ERRORS";
    /// waitpid for a process group ID that no process has, up to INT_MAX, fails with ECHILD.
    WAIT_NO_SUCH_GROUP: Must, "linux/wait/no-such-group", "wait(2), ERRORS";
    /// A call that would report a child fails with EFAULT if the status pointer is outside the address space.
    WAIT_EFAULT_STATUS: Must, "linux/wait/efault-status", "Linux kernel/exit.c, wait4: put_user";
    /// A call that would report a child fails with EFAULT if the rusage pointer is outside the address space.
    WAIT_EFAULT_RUSAGE: Must, "linux/wait/efault-rusage", "Linux kernel/exit.c, wait4: copy_to_user";
    /// A call asleep for a process group goes by the groups at the time of an event: it reports a child that has joined
    /// since the call began, and none that has left.
    WAIT_GROUP_AT_EVENT: Must, "linux/wait/group-at-event", "Linux kernel/exit.c, child_wait_callback: eligible_pid";
    /// Status, rusage and siginfo may be at any writable address: the calls require no alignment, and no memory
    /// beyond the buffer.
    WAIT_ANY_WRITABLE_ADDRESS: Must, "linux/wait/any-writable-address",
        "Linux kernel/exit.c: wait4's put_user and copy_to_user, waitid's user_write_access_begin";
    /// Invalid pointers are not accessed if there is nothing to report: WNOHANG returns 0, and no children is
    /// ECHILD.
    WAIT_EFAULT_ONLY_ON_REPORT: Must, "linux/wait/efault-only-on-report", "Linux kernel/exit.c, wait4";
    /// Whether wait4 loses the child (as on Linux 6.18) or keeps it when it fails with EFAULT is unspecified.
    WAIT_CHILD_AFTER_EFAULT: Implementation, "linux/wait/child-after-efault",
        "Linux kernel/exit.c: reaped before copied out";
    /// Which of status and rusage is written before the other fails with EFAULT is unspecified.
    WAIT_EFAULT_PARTIAL_WRITE: Implementation, "linux/wait/efault-partial-write",
        "Linux kernel/exit.c, wait4: order of copies";
    /// SIGCHLD is generated when a stopped child continues, unless SA_NOCLDSTOP is set. It carries
    /// CLD_CONTINUED, the child's pid and SIGCONT.
    SIGCHLD_ON_CONTINUE: Must, "linux/sigchld/on-continue", "sigaction(2), SA_NOCLDSTOP";
    /// A blocked SIGCHLD stays pending even at its default action, and sigwaitinfo accepts it.
    SIGCHLD_BLOCKED_DEFAULT_PENDS: Must, "linux/sigchld/blocked-default-pends", "sigaction(2); signal(7)",
        bugs "tgoskits#535";
    /// With SIGCHLD ignored, a wait that sleeps for a process group or through a pidfd fails with ECHILD once its
    /// last candidate is gone, even if other children are alive.
    SIGCHLD_IGNORED_EVERY_TARGET: Must, "linux/sigchld/ignored-every-target",
        "Linux kernel/exit.c, do_notify_parent and do_wait";
    /// A call that peeks, or that reports a stop or a continue, does not clear a pending SIGCHLD as long as the status of
    /// another child is available.
    SIGCHLD_PENDING_AFTER_EVENT: Must, "linux/sigchld/pending-after-event",
        "POSIX.1-2024 wait, DESCRIPTION; Linux kernel/exit.c, do_wait";
    /// With SA_NOCLDWAIT and a handler, SIGCHLD is still generated when a child terminates, with the siginfo of its end.
    SIGCHLD_NOCLDWAIT_STILL_SENT: Must, "linux/sigchld/nocldwait-still-sent", "sigaction(2), SA_NOCLDWAIT";
    /// An exit, a stop and a continue of a child generate one SIGCHLD each. None is generated by a wait that reports a child, a
    /// stop signal sent to a stopped child, SIGCONT sent to a running one, or waking a stopped child that is killed.
    SIGCHLD_ONLY_EVENTS: Must, "linux/sigchld/only-events",
        "signal(7); Linux kernel/signal.c, prepare_signal and do_notify_parent_cldstop";
    /// An ignored SIGCHLD stays ignored across exec.
    SIGCHLD_IGNORED_ACROSS_EXEC: Must, "linux/sigchld/ignored-across-exec", "execve(2); signal(7)",
        bugs "util-linux#4014" "freebsd-src#1675";
    /// After the SIGCHLD for a child is read from a signalfd, a WNOHANG wait for that child reports it.
    SIGCHLD_WAIT_AFTER_SIGNALFD: Must, "linux/sigchld/wait-after-signalfd", "signalfd(2)";
    /// What is reported for a child frozen by its cgroup, and for events while it is frozen, is unspecified.
    CGROUP_FREEZE: Implementation, "linux/cgroup/freeze", "Linux admin-guide/cgroup-v2.rst, cgroup.freeze";
}
