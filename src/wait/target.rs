//! Which children a call waits for.

#[cfg(target_os = "linux")]
use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::process::Pid;

/// Which children `waitpid` and `wait4` wait for.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum WaitTarget {
    /// Any child, including those that other parts of the program started.
    Any,
    /// The child with this pid.
    Pid(Pid),
    /// Any child in the caller's process group.
    OwnGroup,
    /// Any child in this process group.
    Group(Pid),
}

impl WaitTarget {
    /// The first argument of `waitpid`: -1, a pid, 0, or minus a group.
    pub const fn as_raw(self) -> libc::pid_t {
        match self {
            WaitTarget::Any => -1,
            WaitTarget::Pid(pid) => pid.as_raw_nonzero().get(),
            WaitTarget::OwnGroup => 0,
            WaitTarget::Group(group) => group.as_raw_nonzero().get().wrapping_neg(),
        }
    }

    /// The target for a first argument of `waitpid`; `None` for `INT_MIN`, which cannot be negated.
    pub fn from_raw(pid: libc::pid_t) -> Option<WaitTarget> {
        match pid {
            -1 => Some(WaitTarget::Any),
            0 => Some(WaitTarget::OwnGroup),
            1.. => Pid::from_raw(pid).map(WaitTarget::Pid),
            ..-1 => pid.checked_neg().and_then(Pid::from_raw).map(WaitTarget::Group),
        }
    }
}

impl From<Pid> for WaitTarget {
    fn from(pid: Pid) -> WaitTarget {
        WaitTarget::Pid(pid)
    }
}

/// Which children `waitid` and `wait6` wait for.
#[derive(Copy, Clone, Debug)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub enum IdTarget<'fd> {
    /// `P_ALL`, `P_PID` or `P_PGID`. The caller's own group is passed by its id: not every system accepts 0.
    Child(WaitTarget),
    /// `P_PIDFD`: the child that a pidfd refers to (Linux 5.4).
    #[cfg(target_os = "linux")]
    PidFd(BorrowedFd<'fd>),
    /// Uses the lifetime on systems without pidfds; cannot be constructed.
    #[cfg(not(target_os = "linux"))]
    #[doc(hidden)]
    Never(std::convert::Infallible, std::marker::PhantomData<&'fd ()>),
}

impl IdTarget<'_> {
    /// The first two arguments of `waitid`, with the host's values.
    pub fn as_raw(self) -> (libc::idtype_t, libc::id_t) {
        let id = |pid: Pid| pid.as_raw_nonzero().get() as libc::id_t;
        match self {
            IdTarget::Child(WaitTarget::Any) => (libc::P_ALL, 0),
            IdTarget::Child(WaitTarget::Pid(pid)) => (libc::P_PID, id(pid)),
            IdTarget::Child(WaitTarget::OwnGroup) => {
                (libc::P_PGID, crate::sys::process::group() as libc::id_t)
            }
            IdTarget::Child(WaitTarget::Group(group)) => (libc::P_PGID, id(group)),
            #[cfg(target_os = "linux")]
            IdTarget::PidFd(fd) => (libc::P_PIDFD, fd.as_raw_fd() as libc::id_t),
            #[cfg(not(target_os = "linux"))]
            IdTarget::Never(never, _) => match never {},
        }
    }
}

impl From<WaitTarget> for IdTarget<'_> {
    fn from(target: WaitTarget) -> Self {
        IdTarget::Child(target)
    }
}

impl From<Pid> for IdTarget<'_> {
    fn from(pid: Pid) -> Self {
        IdTarget::Child(WaitTarget::Pid(pid))
    }
}

#[cfg(target_os = "linux")]
impl<'fd> From<BorrowedFd<'fd>> for IdTarget<'fd> {
    fn from(fd: BorrowedFd<'fd>) -> Self {
        IdTarget::PidFd(fd)
    }
}
