//! Sleeping until one process exits, or a timeout.

use std::time::Duration;

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::Pid;

/// A watch for the exit of one process: a pidfd on Linux, a kqueue on the BSDs and macOS.
///
/// A wake-up is a hint: NOTE_EXIT precedes waitability, and the child may have been reaped by someone else.
#[derive(Debug)]
pub struct ExitWatch(OwnedFd);

impl ExitWatch {
    /// Starts watching.
    ///
    /// # Errors
    /// Linux: those of [`pidfd_open`](https://man7.org/linux/man-pages/man2/pidfd_open.2.html), `ENOSYS` before 5.3,
    /// `EPERM` in many sandboxes, `EMFILE`, and `ESRCH` for a process that is gone.
    #[cfg(target_os = "linux")]
    pub fn open(pid: Pid) -> Result<ExitWatch, Errno> {
        rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).map(ExitWatch)
    }

    /// Starts watching.
    ///
    /// # Errors
    /// Those of `kqueue` and `kevent`: `EMFILE`, `ENOMEM`, and `ESRCH` for a process that has ended.
    #[cfg(any(
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly",
        target_vendor = "apple"
    ))]
    pub fn open(pid: Pid) -> Result<ExitWatch, Errno> {
        use rustix::event::kqueue::{Event, EventFilter, EventFlags, ProcessEvents, kevent, kqueue};
        let queue = kqueue()?;
        let filter = EventFilter::Proc { pid, flags: ProcessEvents::EXIT };
        let watch = [Event::new(filter, EventFlags::ADD | EventFlags::ONESHOT, std::ptr::null_mut())];
        let mut none: [std::mem::MaybeUninit<Event>; 0] = [];
        // SAFETY: the event is for a process, not a descriptor that would have to stay open.
        unsafe { kevent(&queue, &watch, &mut none[..], Some(Duration::ZERO)) }?;
        Ok(ExitWatch(queue))
    }

    /// Starts watching.
    ///
    /// # Errors
    /// `ENOSYS`: this system has neither pidfds nor kqueues.
    #[cfg(not(any(
        target_os = "linux",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly",
        target_vendor = "apple"
    )))]
    pub fn open(_: Pid) -> Result<ExitWatch, Errno> {
        Err(Errno::NOSYS)
    }

    /// The kqueue of a watch: a descriptor whose next event is the `NOTE_EXIT`.
    ///
    /// # Errors
    /// As [`ExitWatch::open`]; `ENOTSUP` if watches are not kqueues.
    pub fn queue(pid: Pid) -> Result<OwnedFd, Errno> {
        if cfg!(any(
            target_os = "freebsd",
            target_os = "netbsd",
            target_os = "openbsd",
            target_os = "dragonfly",
            target_vendor = "apple"
        )) {
            ExitWatch::open(pid).map(|watch| watch.0)
        } else {
            Err(Errno::NOTSUP)
        }
    }

    /// Sleeps until the process has exited (true), or until a timeout or a signal (false).
    ///
    /// # Errors
    /// Those of `poll` or `kevent`; `EINTR` is not one of them.
    pub fn sleep(&self, limit: Duration) -> Result<bool, Errno> {
        match self.ended(limit) {
            Err(Errno::INTR) => Ok(false),
            ended => ended,
        }
    }

    #[cfg(any(
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly",
        target_vendor = "apple"
    ))]
    fn ended(&self, limit: Duration) -> Result<bool, Errno> {
        next_event(std::os::fd::AsFd::as_fd(&self.0), limit).map(|event| event.is_some())
    }

    #[cfg(not(any(
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly",
        target_vendor = "apple"
    )))]
    fn ended(&self, limit: Duration) -> Result<bool, Errno> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        // A timeout out of range means no timeout.
        let limit = Timespec::try_from(limit).ok();
        Ok(poll(&mut [PollFd::new(&self.0, PollFlags::IN)], limit.as_ref())? > 0)
    }
}

/// Sleeps until the next event of a kqueue, and returns its data; `None` if none came in time.
///
/// # Errors
/// Those of `kevent`; `ENOTSUP` if there are no kqueues.
pub fn next_event(queue: BorrowedFd<'_>, limit: Duration) -> Result<Option<i64>, Errno> {
    #[cfg(any(
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly",
        target_vendor = "apple"
    ))]
    {
        let mut events = [std::mem::MaybeUninit::uninit()];
        // SAFETY: no event on this queue is for a descriptor.
        let (events, _) = unsafe { rustix::event::kqueue::kevent(queue, &[], &mut events[..], Some(limit)) }?;
        Ok(events.first().map(rustix::event::kqueue::Event::data))
    }
    #[cfg(not(any(
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly",
        target_vendor = "apple"
    )))]
    {
        let _ = (queue, limit);
        Err(Errno::NOTSUP)
    }
}
