//! The options of each call, as sets that hold only valid ones.
//!
//! `WNOHANG` is not among them: whether a call blocks decides what it returns, so each call has a nonblocking form
//! ([`try_wait4`](super::try_wait4())).

use bitflags::bitflags;
use libc::c_int;

bitflags! {
    /// Options of [`waitpid`](super::waitpid()), [`wait3`](super::wait3()) and [`wait4`](super::wait4()); terminated
    /// children are always reported.
    #[derive(Copy, Clone, PartialEq, Eq, Hash, Default, Debug)]
    pub struct WaitOptions: c_int {
        /// `WUNTRACED`: also report children that have stopped.
        const UNTRACED = libc::WUNTRACED;
        /// `WCONTINUED`: also report children that were continued from a job-control stop.
        const CONTINUED = libc::WCONTINUED;
        /// `__WALL`: children of any kind, whatever their exit signal.
        #[cfg(target_os = "linux")]
        const ALL = libc::__WALL;
        /// `WALLSIG`: children of any kind, whatever their exit signal.
        #[cfg(target_os = "netbsd")]
        const ALL = libc::WALLSIG;
        /// `__WCLONE`: only children whose exit signal is not SIGCHLD.
        #[cfg(target_os = "linux")]
        const CLONE = libc::__WCLONE;
        /// `WALTSIG`: only children whose exit signal is not SIGCHLD.
        #[cfg(target_os = "netbsd")]
        const CLONE = libc::WALTSIG;
        /// `__WNOTHREAD`: only children of the calling thread.
        #[cfg(target_os = "linux")]
        const NOTHREAD = libc::__WNOTHREAD;
    }
}

bitflags! {
    /// Options of [`waitid`](super::waitid()) and `wait6`: at least one of EXITED, STOPPED and CONTINUED is required,
    /// or the call fails with `EINVAL`.
    #[derive(Copy, Clone, PartialEq, Eq, Hash, Default, Debug)]
    pub struct IdOptions: c_int {
        /// `WEXITED`: children that have terminated.
        const EXITED = libc::WEXITED;
        /// `WSTOPPED`: children that were stopped by a signal.
        const STOPPED = libc::WSTOPPED;
        /// `WCONTINUED`: children that were continued from a job-control stop.
        const CONTINUED = libc::WCONTINUED;
        /// `WNOWAIT`: peek; the report can be waited for again.
        const NOWAIT = libc::WNOWAIT;
        /// `WTRAPPED`: traced children that have stopped.
        #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
        const TRAPPED = libc::WTRAPPED;
        /// `__WALL`: children of any kind, whatever their exit signal (Linux 4.7).
        #[cfg(target_os = "linux")]
        const ALL = libc::__WALL;
        /// `WALLSIG`: children of any kind, whatever their exit signal.
        #[cfg(target_os = "netbsd")]
        const ALL = libc::WALLSIG;
        /// `__WCLONE`: only children whose exit signal is not SIGCHLD (Linux 4.7).
        #[cfg(target_os = "linux")]
        const CLONE = libc::__WCLONE;
        /// `WALTSIG`: only children whose exit signal is not SIGCHLD.
        #[cfg(target_os = "netbsd")]
        const CLONE = libc::WALTSIG;
        /// `__WNOTHREAD`: only children of the calling thread (Linux 4.7).
        #[cfg(target_os = "linux")]
        const NOTHREAD = libc::__WNOTHREAD;
    }
}

impl WaitOptions {
    /// No option: only termination is reported.
    pub const NONE: WaitOptions = WaitOptions::empty();
}
