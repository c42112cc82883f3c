//! pidfds: waiting through P_PIDFD, readiness, errors.

use crate::spec::clause::clauses;

clauses! {
    /// waitid(P_PIDFD, fd, WEXITED) takes the child behind the descriptor and no other, with the siginfo of
    /// P_PID.
    PIDFD_WAIT_EXIT: Must, "linux/pidfd/wait-exit", "wait(2), P_PIDFD";
    /// waitid(P_PIDFD) reports stops with WSTOPPED and continues with WCONTINUED.
    PIDFD_WAIT_STOP_CONTINUE: Must, "linux/pidfd/wait-stop-continue", "wait(2), P_PIDFD";
    /// A WNOWAIT peek through P_PIDFD keeps the child waitable and the descriptor readable.
    PIDFD_NOWAIT: Must, "linux/pidfd/nowait", "wait(2), P_PIDFD and WNOWAIT";
    /// P_PIDFD with WNOHANG and a live child returns 0.
    PIDFD_NOHANG_ZERO: Must, "linux/pidfd/nohang-zero", "wait(2), P_PIDFD and WNOHANG";
    /// P_PIDFD with a negative id fails with EINVAL.
    PIDFD_NEGATIVE_EINVAL: Must, "linux/pidfd/negative-einval", "Linux kernel/exit.c, waitid: checks";
    /// P_PIDFD with a descriptor that is not open, or that is no pidfd, fails with EBADF.
    PIDFD_OTHER_FD_EBADF: Must, "linux/pidfd/other-fd-ebadf", "Linux kernel/pid.c, pidfd_get_pid";
    /// P_PIDFD with a pidfd of a process that is not a child, the caller itself included, fails with ECHILD.
    PIDFD_NOT_A_CHILD_ECHILD: Must, "linux/pidfd/not-a-child-echild", "wait(2), ERRORS";
    /// A process that got the pidfd of another's child passed to it cannot wait through it: ECHILD.
    PIDFD_PASSED_ECHILD: Must, "linux/pidfd/passed-echild", "pidfd_open(2); wait(2), ERRORS";
    /// waitid on a nonblocking pidfd of a live child, without WNOHANG, fails at once with EAGAIN.
    PIDFD_NONBLOCK_EAGAIN: Must, "linux/pidfd/nonblock-eagain",
        "wait(2), ERRORS; pidfd_open(2), PIDFD_NONBLOCK";
    /// waitid on a nonblocking pidfd of a live child with WNOHANG returns 0, not EAGAIN.
    PIDFD_NONBLOCK_NOHANG_ZERO: Must, "linux/pidfd/nonblock-nohang-zero", "Linux kernel/exit.c, waitid";
    /// waitid on a nonblocking pidfd of a zombie takes it.
    PIDFD_NONBLOCK_READY: Must, "linux/pidfd/nonblock-ready", "pidfd_open(2), PIDFD_NONBLOCK";
    /// After O_NONBLOCK was cleared with fcntl, waitid on the pidfd blocks again.
    PIDFD_NONBLOCK_CLEARED: Must, "linux/pidfd/nonblock-cleared", "pidfd_open(2); fcntl(2), F_SETFL";
    /// The pidfd of a live child is not readable to poll; a stop or a continue does not make it so.
    PIDFD_POLL_ALIVE: Must, "linux/pidfd/poll-alive", "pidfd_open(2), Use cases";
    /// The pidfd of a zombie is readable to poll, without POLLHUP.
    PIDFD_POLL_ZOMBIE: Must, "linux/pidfd/poll-zombie", "pidfd_open(2), Use cases";
    /// Once the child was taken its pidfd stays readable, and POLLHUP is added (Linux 6.9 and later).
    PIDFD_POLL_AFTER_REAP: Must, "linux/pidfd/poll-after-reap", "Linux fs/pidfs.c, pidfd_poll";
    /// The pidfd of a child with several threads is readable only when all of them ended.
    PIDFD_POLL_WHOLE_PROCESS: Must, "linux/pidfd/poll-whole-process", "pidfd_open(2); Linux kernel/signal.c",
        bugs "DragonOS#1991";
    /// Who sleeps in poll or epoll for a pidfd is woken when the process ends, whichever of its threads ends last.
    PIDFD_WAKES_POLLERS: Must, "linux/pidfd/wakes-pollers", "pidfd_open(2), Use cases; epoll(7)";
    /// Once poll found the pidfd of an untraced child readable, a WNOHANG wait takes that child.
    PIDFD_READABLE_IS_WAITABLE: Must, "linux/pidfd/readable-is-waitable", "pidfd_open(2), Use cases";
    /// waitid through the pidfd of a child that was taken fails with ECHILD, by whatever call it was taken.
    PIDFD_AFTER_REAP_ECHILD: Must, "linux/pidfd/after-reap-echild", "wait(2), ERRORS", bugs "rust#150412"
        "go#67926";
    /// pidfd_send_signal to a zombie succeeds and changes nothing.
    PIDFD_SIGNAL_ZOMBIE: Must, "linux/pidfd/signal-zombie", "pidfd_send_signal(2)";
    /// pidfd_send_signal to a child that was taken fails with ESRCH, also when its pid is in use again.
    PIDFD_SIGNAL_AFTER_REAP_ESRCH: Must, "linux/pidfd/signal-after-reap-esrch", "pidfd_send_signal(2), ERRORS";
    /// pidfd_open of a zombie child succeeds, and the zombie can be taken through it.
    PIDFD_OPEN_ZOMBIE: Must, "linux/pidfd/open-zombie", "pidfd_open(2), NOTES";
    /// pidfd_open of a pid that was taken, and is not in use again, fails with ESRCH.
    PIDFD_OPEN_AFTER_REAP_ESRCH: Must, "linux/pidfd/open-after-reap-esrch", "pidfd_open(2), ERRORS";
    /// pidfd_open of pid 0 or below, or with unknown flags, fails with EINVAL.
    PIDFD_OPEN_EINVAL: Must, "linux/pidfd/open-einval", "pidfd_open(2), ERRORS";
    /// The error of pidfd_open for the id of a thread that leads no process (EINVAL, ENOENT) is recorded.
    PIDFD_OPEN_THREAD: Implementation, "linux/pidfd/open-thread", "Linux kernel/pid.c, pidfd_open";
    /// Two pidfds of one child, opened or duplicated, show the same readiness; one wait through one of them
    /// ends it for both.
    PIDFD_TWO_HANDLES: Must, "linux/pidfd/two-handles", "pidfd_open(2); wait(2), P_PIDFD";
    /// With SIGCHLD ignored, the pidfd of a child that ended is readable and waitid through it fails with
    /// ECHILD.
    PIDFD_AUTO_REAPED: Must, "linux/pidfd/auto-reaped", "pidfd_open(2), NOTES; wait(2)";
    /// pidfd_open that fails (EMFILE, EPERM under seccomp) does no harm: the child stays waitable by pid.
    PIDFD_OPEN_FAILS_SAFELY: Must, "linux/pidfd/open-fails-safely", "pidfd_open(2), ERRORS",
        bugs "bun#35924" "io-event#160";
    /// What a waitid that sleeps on a pidfd does when another thread closes it is recorded.
    PIDFD_CLOSED_DURING_WAIT: Implementation, "linux/pidfd/closed-during-wait", "close(2), NOTES";
    /// PIDFD_GET_INFO with PIDFD_INFO_EXIT gives the status word of a child that was taken (Linux 6.15 and
    /// later).
    PIDFD_INFO_EXIT: Must, "linux/pidfd/info-exit", "Linux include/uapi/linux/pidfd.h", bugs "rust#124101";
    /// CLONE_PIDFD gives a pidfd of the new child that waits and polls like one of pidfd_open.
    PIDFD_FROM_CLONE: Must, "linux/pidfd/from-clone", "clone(2), CLONE_PIDFD";
    /// waitid through a pidfd opened with PIDFD_THREAD of a child's initial thread waits for the child and takes it
    /// (Linux 6.9 and later).
    PIDFD_PIDFD_THREAD_WAITS: Must, "linux/pidfd/pidfd-thread-waits", "pidfd_open(2), PIDFD_THREAD";
}
