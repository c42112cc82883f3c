//! pidfds: waiting through P_PIDFD, readiness, errors.

use crate::spec::clause::clauses;

clauses! {
    /// waitid(P_PIDFD, fd, WEXITED) reaps the child that the pidfd refers to and no other, with the same
    /// siginfo as P_PID.
    PIDFD_WAIT_EXIT: Must, "linux/pidfd/wait-exit", "wait(2), P_PIDFD";
    /// waitid(P_PIDFD) reports stops with WSTOPPED and continues with WCONTINUED.
    PIDFD_WAIT_STOP_CONTINUE: Must, "linux/pidfd/wait-stop-continue", "wait(2), P_PIDFD";
    /// A WNOWAIT peek with P_PIDFD leaves the child waitable and the pidfd readable.
    PIDFD_NOWAIT: Must, "linux/pidfd/nowait", "wait(2), P_PIDFD and WNOWAIT";
    /// What is reported through a pidfd does not depend on whether the call slept, nor on WNOHANG or WNOWAIT.
    PIDFD_REPORTS_ALIKE: Must, "linux/pidfd/reports-alike", "wait(2), P_PIDFD";
    /// P_PIDFD with WNOHANG and a live child returns 0.
    PIDFD_NOHANG_ZERO: Must, "linux/pidfd/nohang-zero", "wait(2), P_PIDFD and WNOHANG";
    /// P_PIDFD with a negative id fails with EINVAL.
    PIDFD_NEGATIVE_EINVAL: Must, "linux/pidfd/negative-einval", "Linux kernel/exit.c, waitid: checks";
    /// P_PIDFD fails with EBADF if the descriptor is not open or is not a pidfd.
    PIDFD_OTHER_FD_EBADF: Must, "linux/pidfd/other-fd-ebadf", "Linux kernel/pid.c, pidfd_get_pid";
    /// P_PIDFD fails with EINVAL, not EBADF, if both the options and the descriptor are invalid, and with EBADF, not
    /// ECHILD, if the descriptor is invalid and the caller has no children.
    PIDFD_ERROR_ORDER: Must, "linux/pidfd/error-order", "Linux kernel/exit.c, waitid: order of checks";
    /// P_PIDFD fails with ECHILD if the pidfd refers to a process that is not a child, including the caller
    /// itself.
    PIDFD_NOT_A_CHILD_ECHILD: Must, "linux/pidfd/not-a-child-echild", "wait(2), ERRORS";
    /// A process that receives a pidfd for another process's child cannot wait on it: waitid fails with
    /// ECHILD.
    PIDFD_PASSED_ECHILD: Must, "linux/pidfd/passed-echild", "pidfd_open(2); wait(2), ERRORS";
    /// waitid without WNOHANG on a nonblocking pidfd of a live child fails with EAGAIN without blocking.
    PIDFD_NONBLOCK_EAGAIN: Must, "linux/pidfd/nonblock-eagain",
        "wait(2), ERRORS; pidfd_open(2), PIDFD_NONBLOCK";
    /// waitid with WNOHANG on a nonblocking pidfd of a live child returns 0, not EAGAIN.
    PIDFD_NONBLOCK_NOHANG_ZERO: Must, "linux/pidfd/nonblock-nohang-zero", "Linux kernel/exit.c, waitid";
    /// waitid on a nonblocking pidfd of a zombie reaps it.
    PIDFD_NONBLOCK_READY: Must, "linux/pidfd/nonblock-ready", "pidfd_open(2), PIDFD_NONBLOCK";
    /// After fcntl clears O_NONBLOCK, waitid on the pidfd blocks again.
    PIDFD_NONBLOCK_CLEARED: Must, "linux/pidfd/nonblock-cleared", "pidfd_open(2); fcntl(2), F_SETFL";
    /// poll does not report the pidfd of a live child as readable, not even after a stop or a continue.
    PIDFD_POLL_ALIVE: Must, "linux/pidfd/poll-alive", "pidfd_open(2), Use cases";
    /// poll reports the pidfd of a zombie as readable, without POLLHUP.
    PIDFD_POLL_ZOMBIE: Must, "linux/pidfd/poll-zombie", "pidfd_open(2), Use cases";
    /// After the child is reaped, its pidfd stays readable and also reports POLLHUP (since Linux 6.9).
    PIDFD_POLL_AFTER_REAP: Must, "linux/pidfd/poll-after-reap", "Linux fs/pidfs.c, pidfd_poll";
    /// The pidfd of a multithreaded child becomes readable only when all its threads have exited.
    PIDFD_POLL_WHOLE_PROCESS: Must, "linux/pidfd/poll-whole-process", "pidfd_open(2); Linux kernel/signal.c",
        bugs "DragonOS#1991";
    /// A thread blocked in poll or epoll on a pidfd is woken when the process terminates, whichever of its
    /// threads exits last.
    PIDFD_WAKES_POLLERS: Must, "linux/pidfd/wakes-pollers", "pidfd_open(2), Use cases; epoll(7)";
    /// Once poll reports the pidfd of an untraced child as readable, a WNOHANG wait reaps that child.
    PIDFD_READABLE_IS_WAITABLE: Must, "linux/pidfd/readable-is-waitable", "pidfd_open(2), Use cases";
    /// waitid on the pidfd of a reaped child fails with ECHILD, whichever call reaped it.
    PIDFD_AFTER_REAP_ECHILD: Must, "linux/pidfd/after-reap-echild", "wait(2), ERRORS", bugs "rust#150412"
        "go#67926";
    /// pidfd_send_signal to a zombie succeeds and has no effect.
    PIDFD_SIGNAL_ZOMBIE: Must, "linux/pidfd/signal-zombie", "pidfd_send_signal(2)";
    /// pidfd_send_signal to a reaped child fails with ESRCH, even if its pid has been reused.
    PIDFD_SIGNAL_AFTER_REAP_ESRCH: Must, "linux/pidfd/signal-after-reap-esrch",
        "pidfd_send_signal(2), ERRORS";
    /// pidfd_open of a zombie child succeeds, and the zombie can be reaped through the pidfd.
    PIDFD_OPEN_ZOMBIE: Must, "linux/pidfd/open-zombie", "pidfd_open(2), NOTES";
    /// pidfd_open of the pid of a reaped child fails with ESRCH unless the pid has been reused.
    PIDFD_OPEN_AFTER_REAP_ESRCH: Must, "linux/pidfd/open-after-reap-esrch", "pidfd_open(2), ERRORS";
    /// pidfd_open fails with EINVAL if pid <= 0 or flags has an unknown bit.
    PIDFD_OPEN_EINVAL: Must, "linux/pidfd/open-einval", "pidfd_open(2), ERRORS";
    /// Whether pidfd_open of a thread ID that is not a thread group leader fails with EINVAL or ENOENT is
    /// unspecified.
    PIDFD_OPEN_THREAD: Implementation, "linux/pidfd/open-thread", "Linux kernel/pid.c, pidfd_open";
    /// Two pidfds of one child, whether opened or duplicated, show the same readiness, and reaping the child
    /// through one affects both.
    PIDFD_TWO_HANDLES: Must, "linux/pidfd/two-handles", "pidfd_open(2); wait(2), P_PIDFD";
    /// With SIGCHLD ignored, the pidfd of a terminated child is readable and waitid on it fails with ECHILD.
    PIDFD_AUTO_REAPED: Must, "linux/pidfd/auto-reaped", "pidfd_open(2), NOTES; wait(2)";
    /// A failed pidfd_open (EMFILE, EPERM under seccomp) has no side effect: the child stays waitable by pid.
    PIDFD_OPEN_FAILS_SAFELY: Must, "linux/pidfd/open-fails-safely", "pidfd_open(2), ERRORS",
        bugs "bun#35924" "io-event#160";
    /// What a waitid blocked on a pidfd does if another thread closes the pidfd is unspecified.
    PIDFD_CLOSED_DURING_WAIT: Implementation, "linux/pidfd/closed-during-wait", "close(2), NOTES";
    /// PIDFD_GET_INFO with PIDFD_INFO_EXIT returns the status word of a reaped child (since Linux 6.15).
    PIDFD_INFO_EXIT: Must, "linux/pidfd/info-exit", "Linux include/uapi/linux/pidfd.h", bugs "rust#124101";
    /// CLONE_PIDFD returns a pidfd for the new child that behaves in waitid and poll like one from
    /// pidfd_open.
    PIDFD_FROM_CLONE: Must, "linux/pidfd/from-clone", "clone(2), CLONE_PIDFD";
    /// A wait through a pidfd goes by what the descriptor refers to at the time of the call, whatever its number is, 0 included,
    /// and whatever that number referred to before.
    PIDFD_ANY_NUMBER: Must, "linux/pidfd/any-number", "wait(2), P_PIDFD; Linux kernel/pid.c, pidfd_get_pid";
    /// waitid on a PIDFD_THREAD pidfd of a child's initial thread waits for the child and reaps it (since
    /// Linux 6.9).
    PIDFD_PIDFD_THREAD_WAITS: Must, "linux/pidfd/pidfd-thread-waits", "pidfd_open(2), PIDFD_THREAD";
}
