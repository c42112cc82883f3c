//! Status words and status information: encoding, generation, replacement and consumption.

use crate::spec::clause::clauses;

clauses! {
    /// For every status that a call stores, exactly one of WIFEXITED, WIFSIGNALED, WIFSTOPPED and
    /// WIFCONTINUED is true.
    STATUS_ONE_PREDICATE: Must, "posix/status/one-predicate",
        "POSIX.1-2024 waitpid, DESCRIPTION; <sys/wait.h>", bugs "rust-lang/libc#5458" "fish-shell#12929"
        "android/ndk#1878" "rust-lang/libc#1784" "rust-lang/libc#1782" "boostorg/process#51"
        "llvm-test-suite#144" "mlibc#466";
    /// For an untraced child, a call without WUNTRACED and WCONTINUED stores only a status for which
    /// WIFEXITED or WIFSIGNALED is true.
    STATUS_TERMINATION_ONLY: Must, "posix/status/termination-only", "POSIX.1-2024 waitpid, DESCRIPTION";
    /// The status word is 0 if and only if the child exited with 0.
    STATUS_ZERO_IFF_EXIT_ZERO: Must, "posix/status/zero-iff-exit-zero", "POSIX.1-2024 wait, DESCRIPTION",
        bugs "serenity#14298" "mystikos#561" "openradar-mirror#1554" "gem5#2754" "phoenix-rtos-project#1448";
    /// An exit value outside 0 to 255, including a negative one, is reported as a normal exit with its low
    /// eight bits.
    STATUS_EXIT_MASKED: Must, "posix/status/exit-masked", "POSIX.1-2024 waitpid, DESCRIPTION (WEXITSTATUS)",
        bugs "phoenix-rtos-project#1448" "rust-lang/libc#4213" "fish-shell#10919" "cpython#84319";
    /// Every exit value from 0 to 255 is reported unchanged, including those above 127.
    STATUS_EXIT_EVERY_VALUE: Must, "posix/status/exit-every-value",
        "POSIX.1-2024 waitpid, DESCRIPTION (WEXITSTATUS)", bugs "lind-wasm#857" "MentOS#234";
    /// An exit with n or with 128 + n is a normal exit: it is never reported as a death by signal n or as a
    /// core dump.
    STATUS_EXIT_IS_NOT_A_SIGNAL: Must, "posix/status/exit-is-not-a-signal",
        "POSIX.1-2024 waitpid, DESCRIPTION",
        bugs "gem5#2754" "MentOS#235" "lind-wasm#910";
    /// Returning n from main is reported as an exit with n.
    STATUS_RETURN_FROM_MAIN: Must, "posix/status/return-from-main",
        "POSIX.1-2024 waitpid, DESCRIPTION; exit";
    /// For a child terminated by a signal, WIFSIGNALED is true and WTERMSIG is that signal, for every
    /// standard signal whose default action is to terminate.
    STATUS_SIGNALED: Must, "posix/status/signaled", "POSIX.1-2024 waitpid, DESCRIPTION (WTERMSIG)",
        bugs "MentOS#234" "box64#4400" "mystikos#561" "gem5#3343";
    /// For a child terminated by a real-time signal, WIFSIGNALED is true and WTERMSIG is that signal.
    STATUS_SIGNALED_REALTIME: Must, "posix/status/signaled-realtime",
        "POSIX.1-2024 waitpid (WTERMSIG); 2.4.2", bugs "nix#495" "tracexec#36";
    /// The status does not depend on whether the fatal signal was sent by the parent, by the child's own kill
    /// or by raise.
    STATUS_SIGNALED_ANY_SENDER: Must, "posix/status/signaled-any-sender", "POSIX.1-2024 waitpid; 2.4.3",
        bugs "box64#4400";
    /// For a child that faults (invalid memory access, division by zero), WIFSIGNALED is true and WTERMSIG is
    /// the signal of that fault, SIGSEGV or SIGFPE.
    STATUS_SIGNALED_FAULT: Must, "posix/status/signaled-fault", "POSIX.1-2024 waitpid (WTERMSIG); 2.4.1",
        bugs "box64#4400";
    /// A child that exceeds RLIMIT_CPU is reported as killed by SIGXCPU.
    STATUS_SIGNALED_CPU_LIMIT: Must, "posix/status/signaled-cpu-limit",
        "POSIX.1-2024 getrlimit (RLIMIT_CPU)", bugs "openradar-mirror#1554";
    /// For a child that called abort, WIFSIGNALED is true with SIGABRT, even if SIGABRT was ignored or
    /// blocked or its handler returned.
    STATUS_ABORT: Must, "posix/status/abort", "POSIX.1-2024 abort, DESCRIPTION", bugs "MentOS#234";
    /// A child that catches a fatal signal and calls _exit in the handler is reported as exited with that
    /// code.
    STATUS_EXIT_IN_HANDLER: Must, "posix/status/exit-in-handler", "POSIX.1-2024 waitpid, DESCRIPTION; 2.4.3";
    /// A child whose handler restores the default action and raises the signal again is reported as killed by
    /// it.
    STATUS_RERAISED_SIGNAL: Must, "posix/status/reraised-signal", "POSIX.1-2024 waitpid (WTERMSIG); 2.4.3";
    /// A caught signal whose handler returns (SIGTERM, SIGTSTP, SIGCONT) generates no event.
    STATUS_CAUGHT_SIGNAL_NO_EVENT: Must, "posix/status/caught-signal-no-event",
        "POSIX.1-2024 2.4.3 Signal Actions; 2.13";
    /// WCOREDUMP is never true for a child that exited, stopped or continued.
    STATUS_CORE_NEEDS_SIGNAL: Must, "posix/status/core-needs-signal",
        "POSIX.1-2024 <sys/wait.h> (WCOREDUMP)", bugs "gem5#3343";
    /// WCOREDUMP is false for a signal whose default action terminates without dumping core, such as SIGTERM
    /// and SIGKILL.
    STATUS_CORE_NOT_FOR_TERM: Must, "posix/status/core-not-for-term",
        "POSIX.1-2024 <sys/wait.h>; <signal.h>";
    /// Whether WCOREDUMP is set for a core-dumping signal, with RLIMIT_CORE 0 or raised, depends on limits
    /// and settings.
    STATUS_CORE_FLAG: Implementation, "posix/status/core-flag", "POSIX.1-2024 <sys/wait.h> (WCOREDUMP)";
    /// For every status word that the system can store, the macros (or a subject's methods) give the one event
    /// that the word represents, with its exit value or signal.
    STATUS_EVERY_WORD: Must, "posix/status/every-word", "POSIX.1-2024 <sys/wait.h>; the system's ABI",
        bugs "rust-lang/libc#5458" "android/ndk#1878" "rust-lang/libc#1782" "boostorg/process#51";
    /// For the word of a death with a core dump, only WIFSIGNALED is true, WTERMSIG is the signal without the
    /// flag, and WCOREDUMP is true; for the same death without the flag, WCOREDUMP is false.
    STATUS_CORE_WORD: Must, "posix/status/core-word",
        "POSIX.1-2024 <sys/wait.h> (WCOREDUMP); the system's ABI";
    /// If a subject maps a termination to a single number, that is the exit value of an exit, and the negated
    /// signal number of a death, with or without a core dump. No other word maps to one.
    STATUS_EXIT_CODE: Must, "posix/status/exit-code",
        "the subject's promise (`exitcode` of `decode`); Python os.waitstatus_to_exitcode";
    /// For a stopped child, WIFSTOPPED is true and WSTOPSIG is the signal that stopped it.
    STATUS_STOPPED: Must, "posix/status/stopped", "POSIX.1-2024 waitpid, DESCRIPTION (WSTOPSIG)";
    /// A stop by SIGTSTP, SIGTTIN or SIGTTOU in a process group that is not orphaned is reported with that
    /// signal.
    STATUS_STOPPED_JOB_CONTROL: Must, "posix/status/stopped-job-control",
        "POSIX.1-2024 waitpid (WSTOPSIG); 2.4.3";
    /// A background process that reads from its controlling terminal is stopped by SIGTTIN, and the stop is
    /// reported.
    STATUS_STOPPED_BY_TERMINAL: Must, "posix/status/stopped-by-terminal", "POSIX.1-2024 XBD 11.1.4";
    /// A background process that writes to its controlling terminal with TOSTOP set is stopped by SIGTTOU, and
    /// the stop is reported. A process that ignores SIGTTOU is not stopped.
    STATUS_STOPPED_BY_OUTPUT: Must, "posix/status/stopped-by-output", "POSIX.1-2024 XBD 11.1.4";
    /// A background process that makes its group the foreground group is stopped by SIGTTOU, and the stop is
    /// reported. A process that ignores SIGTTOU is not stopped.
    STATUS_STOPPED_BY_TCSETPGRP: Must, "posix/status/stopped-by-tcsetpgrp",
        "POSIX.1-2024 tcsetpgrp, DESCRIPTION";
    /// The suspend character stops every process in the foreground process group with SIGTSTP, and no process
    /// in another group; each stop is reported.
    STATUS_STOPPED_BY_KEY: Must, "posix/status/stopped-by-key", "POSIX.1-2024 XBD 11.1.9 Special Characters";
    /// The interrupt and quit characters terminate the processes of the foreground process group with SIGINT
    /// and SIGQUIT, and no process in another group.
    STATUS_SIGNALED_BY_KEY: Must, "posix/status/signaled-by-key",
        "POSIX.1-2024 XBD 11.1.9 Special Characters";
    /// For a continued child, WIFCONTINUED is true.
    STATUS_CONTINUED: Must, "posix/status/continued",
        "POSIX.1-2024 waitpid, DESCRIPTION (WIFCONTINUED, XSI)", bugs "serenity#14298" "rust-lang/libc#5458"
        "android/ndk#1878";
    /// A stop is reported once: a second call with WUNTRACED and WNOHANG returns 0.
    STATUS_STOP_ONCE: Must, "posix/status/stop-once", "POSIX.1-2024 waitpid (WUNTRACED); 2.13",
        bugs "elks#2523";
    /// A continue is reported once: a second call with WCONTINUED and WNOHANG returns 0.
    STATUS_CONTINUE_ONCE: Must, "posix/status/continue-once", "POSIX.1-2024 waitpid (WCONTINUED); 2.13";
    /// Each further stop or continue is a new event once the previous one has been reported.
    STATUS_EVENTS_REPEAT: Must, "posix/status/events-repeat", "POSIX.1-2024 waitpid, DESCRIPTION; 2.13";
    /// Each child has its own stops and continues: reporting one child's does not consume another's.
    STATUS_EVENTS_OF_EACH_CHILD: Must, "posix/status/events-of-each-child", "POSIX.1-2024 waitpid; 2.13";
    /// A continue replaces a stop that has not been reported: only the continue can then be reported.
    STATUS_CONTINUE_REPLACES_STOP: Must, "posix/status/continue-replaces-stop",
        "POSIX.1-2024 2.13 Status Information";
    /// A stop replaces a continue that has not been reported: only the new stop, with its own signal, can
    /// then be reported.
    STATUS_STOP_REPLACES_CONTINUE: Must, "posix/status/stop-replaces-continue",
        "POSIX.1-2024 2.13 Status Information";
    /// Termination replaces a stop or continue that has not been reported: only the termination can then be
    /// reported.
    STATUS_EXIT_REPLACES_ALL: Must, "posix/status/exit-replaces-all", "POSIX.1-2024 2.13 Status Information";
    /// A stop signal sent to a child that is already stopped generates no new event.
    STATUS_STOP_WHILE_STOPPED: Must, "posix/status/stop-while-stopped",
        "POSIX.1-2024 2.4.3 Signal Actions; 2.13";
    /// SIGCONT sent to a child that is not stopped generates no event.
    STATUS_CONTINUE_WHILE_RUNNING: Must, "posix/status/continue-while-running",
        "POSIX.1-2024 waitpid (WCONTINUED); 2.4.3";
    /// SIGCONT continues a stopped child even if the child ignores, blocks or catches SIGCONT, and the continue is
    /// reported.
    STATUS_CONTINUE_IF_IGNORED: Must, "posix/status/continue-if-ignored",
        "POSIX.1-2024 2.4.1 Signal Generation";
    /// SIGTSTP does not stop a child that ignores or catches it, and generates no event.
    STATUS_CAUGHT_STOP: Must, "posix/status/caught-stop", "POSIX.1-2024 2.4.3 Signal Actions";
    /// A stop signal that is pending because it is blocked stops the child once it is unblocked, unless SIGCONT has been
    /// sent meanwhile, which discards it.
    STATUS_CONTINUE_DISCARDS_STOP: Must, "posix/status/continue-discards-stop",
        "POSIX.1-2024 2.4.1 Signal Generation";
    /// SIGTSTP, SIGTTIN and SIGTTOU at their default action do not stop a process in an orphaned process
    /// group.
    STATUS_ORPHANED_GROUP_NO_STOP: Must, "posix/status/orphaned-group-no-stop",
        "POSIX.1-2024 2.4.3 Signal Actions";
    /// SIGKILL terminates a stopped child immediately, and the child is reported as killed by SIGKILL.
    STATUS_KILL_WHILE_STOPPED: Must, "posix/status/kill-while-stopped", "POSIX.1-2024 2.4.3 Signal Actions";
    /// Any other fatal signal sent to a stopped child takes effect when the child is continued; until then it
    /// stays stopped.
    STATUS_TERM_WHILE_STOPPED: Must, "posix/status/term-while-stopped", "POSIX.1-2024 2.4.3 Signal Actions";
    /// A stop signal stops all threads of a child and generates one event, not one per thread.
    STATUS_STOP_IS_ONE_EVENT: Must, "posix/status/stop-is-one-event", "POSIX.1-2024 2.4.3; 2.13",
        bugs "Asterinas#2166";
    /// Once a call without WNOWAIT has reported a termination, no later call reports it again, whether it selects
    /// that child, its group, or any child, and whether or not another child is ready.
    STATUS_NOT_REPORTED_TWICE: Must, "posix/status/not-reported-twice", "POSIX.1-2024 2.13 Status Information",
        bugs "pyinstaller#2966";
    /// Each status is consumed by exactly one call without WNOWAIT, whichever call of the family it is.
    STATUS_CONSUMED_ONCE: Must, "posix/status/consumed-once", "POSIX.1-2024 2.13 Status Information",
        bugs "pyinstaller#2966" "rust#150412" "boxlite#523";
}
