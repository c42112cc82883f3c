//! The calls. Each makes one system call (two for `waitid` on the caller's own group) and returns the system's result.

use rustix::io::Errno;
use rustix::process::Pid;

use super::options::{IdOptions, WaitOptions};
use super::rusage::Rusage;
use super::siginfo::ChildInfo;
use super::status::WaitStatus;
use super::target::{IdTarget, WaitTarget};
use crate::sys::call::raw::{self, UsageBuffer};

/// A report of [`wait3()`] or [`wait4()`].
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub struct Waited {
    /// The child. If it terminated, its pid is now free and may soon be reused.
    pub pid: Pid,
    /// What happened to it.
    pub status: WaitStatus,
    /// The usage of the child and its own reaped children.
    pub rusage: Rusage,
}

/// `wait(&status)`: blocks until any child has terminated. Returns its pid, which is now free, and its status.
///
/// The same as `waitpid(WaitTarget::Any, WaitOptions::NONE)`. One `wait4` system call on Linux and the BSDs.
/// [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/wait.html),
/// [Linux](https://man7.org/linux/man-pages/man2/wait.2.html)
///
/// # Errors
/// `ECHILD`: no child to wait for. `EINTR`: interrupted by a signal; see [`retrying`](super::retrying()).
#[inline]
pub fn wait() -> Result<(Pid, WaitStatus), Errno> {
    let (pid, status) = raw::wait()?;
    // No system returns 0 here: there was no WNOHANG.
    let pid = Pid::from_raw(pid).ok_or(Errno::PROTO)?;
    Ok((pid, WaitStatus::from_raw(status)))
}

/// `WNOHANG`, which is not part of any set of options.
const NOHANG: i32 = libc::WNOHANG;

/// The result of a blocking call, which always has one: a 0 from a faulty system becomes `EPROTO`.
#[inline]
fn found<T>(report: Option<T>) -> Result<T, Errno> {
    report.ok_or(Errno::PROTO)
}

/// The report of a blocking call. A single comparison finds it; errors take the slow path.
#[inline]
fn report<T>(ret: i32, of: impl FnOnce(Pid) -> T) -> Result<T, Errno> {
    // rustix's debug builds panic on a negative pid.
    match if ret > 0 { Pid::from_raw(ret) } else { None } {
        Some(pid) => Ok(of(pid)),
        None => Err(failure(ret)),
    }
}

/// The report of a call with `WNOHANG`; `None` if there was none.
#[inline]
fn report_if_any<T>(ret: i32, of: impl FnOnce(Pid) -> T) -> Result<Option<T>, Errno> {
    match ret {
        0 => Ok(None),
        _ => report(ret, of).map(Some),
    }
}

/// Why a call reported no child. A blocking call always has a report: a 0 from a faulty system becomes `EPROTO`.
#[cold]
fn failure(ret: i32) -> Errno {
    raw::checked(ret).err().unwrap_or(Errno::PROTO)
}

/// `waitpid(target, &status, options)`: blocks until there is something to report. Returns the child and its status.
///
/// One `wait4` system call on Linux and the BSDs.
/// [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/wait.html),
/// [Linux](https://man7.org/linux/man-pages/man2/waitpid.2.html),
/// [FreeBSD](https://man.freebsd.org/cgi/man.cgi?waitpid(2)), [macOS, OpenBSD](https://man.openbsd.org/waitpid.2)
///
/// # Errors
/// `ECHILD`: no child matches. `EINTR`: interrupted by a signal. `EINVAL`: an option the system does not support.
#[inline]
pub fn waitpid(target: impl Into<WaitTarget>, options: WaitOptions) -> Result<(Pid, WaitStatus), Errno> {
    let (ret, status) = raw::waitpid(target.into().as_raw(), options.bits());
    report(ret, |pid| (pid, WaitStatus::from_raw(status)))
}

/// [`waitpid()`] with `WNOHANG`: returns at once; `None` means that there is nothing to report.
///
/// ```
/// use waitspec::wait::{Errno, Pid, WaitOptions, try_waitpid};
/// let stranger = Pid::INIT;
/// assert_eq!(try_waitpid(stranger, WaitOptions::NONE), Err(Errno::CHILD));
/// ```
///
/// # Errors
/// As [`waitpid()`].
#[inline]
pub fn try_waitpid(
    target: impl Into<WaitTarget>,
    options: WaitOptions,
) -> Result<Option<(Pid, WaitStatus)>, Errno> {
    let (ret, status) = raw::waitpid(target.into().as_raw(), options.bits() | NOHANG);
    report_if_any(ret, |pid| (pid, WaitStatus::from_raw(status)))
}

impl Waited {
    #[inline]
    fn of(pid: Pid, status: i32, usage: UsageBuffer) -> Waited {
        Waited { pid, status: WaitStatus::from_raw(status), rusage: Rusage::of_host(usage) }
    }
}

/// `wait3(&status, options, &rusage)`: blocks until any child has something to report, and returns its usage too.
///
/// The same as `wait4(WaitTarget::Any, options)`.
/// [Linux](https://man7.org/linux/man-pages/man2/wait3.2.html), [FreeBSD](https://man.freebsd.org/cgi/man.cgi?wait3(2))
///
/// # Errors
/// `ECHILD`, `EINTR`, `EINVAL` as [`waitpid()`]. `ENOSYS`: 32-bit Linux with a 64-bit `time_t`.
#[inline]
pub fn wait3(options: WaitOptions) -> Result<Waited, Errno> {
    let ((ret, status), usage) = raw::wait3(options.bits());
    report(ret, |pid| Waited::of(pid, status, usage))
}

/// [`wait3()`] with `WNOHANG`: returns at once; `None` means that there is nothing to report.
///
/// # Errors
/// As [`wait3()`].
#[inline]
pub fn try_wait3(options: WaitOptions) -> Result<Option<Waited>, Errno> {
    let ((ret, status), usage) = raw::wait3(options.bits() | NOHANG);
    report_if_any(ret, |pid| Waited::of(pid, status, usage))
}

/// `wait4(target, &status, options, &rusage)`: as [`waitpid()`], with the child's usage.
///
/// One `wait4` system call; on macOS, the library function of that name. No heap, no lock.
/// [Linux](https://man7.org/linux/man-pages/man2/wait4.2.html),
/// [FreeBSD](https://man.freebsd.org/cgi/man.cgi?wait4(2)), [NetBSD](https://man.netbsd.org/wait4.2),
/// [OpenBSD](https://man.openbsd.org/wait4.2)
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use waitspec::wait::{Pid, WaitOptions, WaitStatus, wait4};
/// let child = Pid::from_child(&std::process::Command::new("sh").args(["-c", "exit 7"]).spawn()?);
/// let done = wait4(child, WaitOptions::NONE)?;
/// assert_eq!((done.pid, done.status), (child, WaitStatus::exited(7)));
/// println!("{} s in user mode, {} bytes", done.rusage.user_time().as_secs_f64(), done.rusage.max_rss_bytes());
/// # Ok(()) }
/// ```
///
/// # Errors
/// `ECHILD`, `EINTR`, `EINVAL` as [`waitpid()`].
#[inline]
pub fn wait4(target: impl Into<WaitTarget>, options: WaitOptions) -> Result<Waited, Errno> {
    let ((ret, status), usage) = raw::wait4(target.into().as_raw(), options.bits());
    report(ret, |pid| Waited::of(pid, status, usage))
}

/// [`wait4()`] with `WNOHANG`: returns at once; `None` means that there is nothing to report.
///
/// # Errors
/// As [`wait4()`].
#[inline]
pub fn try_wait4(target: impl Into<WaitTarget>, options: WaitOptions) -> Result<Option<Waited>, Errno> {
    let ((ret, status), usage) = raw::wait4(target.into().as_raw(), options.bits() | NOHANG);
    report_if_any(ret, |pid| Waited::of(pid, status, usage))
}

#[inline]
fn raw_waitid(target: IdTarget<'_>, options: i32) -> Result<Option<ChildInfo>, Errno> {
    let (idtype, id) = target.as_raw();
    raw::waitid(idtype, id, options).map(|report| ChildInfo::of(&report))
}

/// `waitid(idtype, id, &info, options)`: blocks until one of the chosen events can be reported.
///
/// One system call on Linux, OpenBSD and macOS; FreeBSD and NetBSD implement it with `wait6`.
/// [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/waitid.html),
/// [Linux](https://man7.org/linux/man-pages/man2/waitid.2.html), [OpenBSD](https://man.openbsd.org/waitid.2)
///
/// # Errors
/// `ECHILD`, `EINTR` as [`waitpid()`]. `EINVAL`: none of EXITED, STOPPED and CONTINUED. For a pidfd `EBADF`, and
/// `EAGAIN` if it is non-blocking and there is nothing to report.
#[inline]
pub fn waitid<'fd>(target: impl Into<IdTarget<'fd>>, options: IdOptions) -> Result<ChildInfo, Errno> {
    raw_waitid(target.into(), options.bits()).and_then(found)
}

/// [`waitid()`] with `WNOHANG`: returns at once; `None` means that there is nothing to report.
///
/// # Errors
/// As [`waitid()`].
#[inline]
pub fn try_waitid<'fd>(
    target: impl Into<IdTarget<'fd>>,
    options: IdOptions,
) -> Result<Option<ChildInfo>, Errno> {
    raw_waitid(target.into(), options.bits() | NOHANG)
}

#[cfg(target_os = "linux")]
fn raw_waitid_usage(target: IdTarget<'_>, options: i32) -> Result<Option<(ChildInfo, Rusage)>, Errno> {
    let (idtype, id) = target.as_raw();
    let (report, usage) = raw::waitid_usage(idtype, id, options)?;
    Ok(ChildInfo::of(&report).map(|info| (info, Rusage::of_host(UsageBuffer::filled(usage)))))
}

/// [`waitid()`] with the fifth argument of the Linux system call: the child's usage.
///
/// The raw system call: no C library offers it. [Linux](https://man7.org/linux/man-pages/man2/waitid.2.html)
///
/// # Errors
/// As [`waitid()`].
#[cfg(target_os = "linux")]
pub fn waitid_usage<'fd>(
    target: impl Into<IdTarget<'fd>>,
    options: IdOptions,
) -> Result<(ChildInfo, Rusage), Errno> {
    raw_waitid_usage(target.into(), options.bits()).and_then(found)
}

/// [`waitid_usage()`] with `WNOHANG`: returns at once; `None` means that there is nothing to report.
///
/// # Errors
/// As [`waitid()`].
#[cfg(target_os = "linux")]
pub fn try_waitid_usage<'fd>(
    target: impl Into<IdTarget<'fd>>,
    options: IdOptions,
) -> Result<Option<(ChildInfo, Rusage)>, Errno> {
    raw_waitid_usage(target.into(), options.bits() | NOHANG)
}

/// A report of [`wait6()`].
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub struct Waited6 {
    /// The child. If it terminated, its pid is now free and may soon be reused.
    pub pid: Pid,
    /// What happened to it.
    pub status: WaitStatus,
    /// The child's own usage.
    pub own: Rusage,
    /// The usage of its own reaped children.
    pub children: Rusage,
    /// What `waitid` would have reported.
    pub info: Option<ChildInfo>,
}

#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
fn raw_wait6(target: WaitTarget, options: i32) -> Result<Option<Waited6>, Errno> {
    let (idtype, id) = IdTarget::Child(target).as_raw();
    let report = raw::wait6(idtype, id, options)?;
    Ok(Pid::from_raw(report.pid).map(|pid| Waited6 {
        pid,
        status: WaitStatus::from_raw(report.status),
        own: Rusage::of_host(UsageBuffer::filled(report.own)),
        children: Rusage::of_host(UsageBuffer::filled(report.children)),
        info: ChildInfo::of(&report.info),
    }))
}

/// `wait6(idtype, id, &status, options, &wrusage, &info)`: everything at once; blocks until there is something to
/// report. [FreeBSD](https://man.freebsd.org/cgi/man.cgi?wait6(2)), [NetBSD](https://man.netbsd.org/wait6.2),
/// [DragonFly](https://man.dragonflybsd.org/?command=wait6&section=2)
///
/// # Errors
/// As [`waitid()`].
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
pub fn wait6(target: impl Into<WaitTarget>, options: IdOptions) -> Result<Waited6, Errno> {
    raw_wait6(target.into(), options.bits()).and_then(found)
}

/// [`wait6()`] with `WNOHANG`: returns at once; `None` means that there is nothing to report.
///
/// # Errors
/// As [`waitid()`].
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
pub fn try_wait6(target: impl Into<WaitTarget>, options: IdOptions) -> Result<Option<Waited6>, Errno> {
    raw_wait6(target.into(), options.bits() | NOHANG)
}

/// Retries a call while it fails with `EINTR`.
///
/// The calls of this module do not retry: a program may want a signal to end the wait. An interrupted wait has consumed
/// nothing.
///
/// ```
/// use waitspec::wait::{Errno, Pid, WaitOptions, retrying, waitpid};
/// let outcome = retrying(|| waitpid(Pid::INIT, WaitOptions::NONE));
/// assert_eq!(outcome, Err(Errno::CHILD));
/// ```
///
/// # Errors
/// Those of the call, except `EINTR`.
pub fn retrying<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            outcome => return outcome,
        }
    }
}

/// Reaps every terminated child that matches, without blocking: one item per child, until none is left.
///
/// One SIGCHLD may stand for many children, so each signal calls for a full loop. `ECHILD` ends the loop just as
/// *nothing ready* does.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::os::unix::process::CommandExt;
/// use waitspec::wait::{IdOptions, Pid, WaitTarget, reap, waitid};
/// let child = Pid::from_child(&std::process::Command::new("true").process_group(0).spawn()?);
/// waitid(child, IdOptions::EXITED | IdOptions::NOWAIT)?; // it has terminated, and is not reaped
/// let done = reap(WaitTarget::Group(child)).collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(done.iter().map(|done| done.pid).collect::<Vec<_>>(), [child]);
/// # Ok(()) }
/// ```
pub fn reap(target: impl Into<WaitTarget>) -> impl Iterator<Item = Result<Waited, Errno>> {
    let target = target.into();
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed {
            return None;
        }
        match retrying(|| try_wait4(target, WaitOptions::NONE)) {
            Ok(None) | Err(Errno::CHILD) => None,
            Ok(Some(done)) => Some(Ok(done)),
            Err(errno) => {
                failed = true;
                Some(Err(errno))
            }
        }
    })
}
