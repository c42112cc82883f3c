//! Process handles that survive pid reuse.

use super::control::{kill, pidfd_open, signal_pidfd};
use crate::sys::makeshift;
use crate::sys::process_table;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A pinned process: a signal cannot hit a later process with the same pid.
#[derive(Debug)]
pub struct Handle {
    pid: i32,
    pin: Pin,
}

#[derive(Debug)]
enum Pin {
    /// `pidfd_open(2)`, Linux 5.3.
    Pidfd(OwnedFd),
    /// The start time of the process: compared with the table right before each signal.
    Start(Option<u64>),
    /// Only the pid, which is safe as long as it is a child that nothing waits for.
    Bare,
}

/// Whether pidfds were found not to report exits correctly.
static DEFECTIVE: AtomicBool = AtomicBool::new(false);

/// Probes pidfds of this process and of a zombie: if they do not differ, pidfds are not used from then on.
pub fn prove_descriptors(zombie: i32) {
    let ended = |pid| Handle::open(pid).ok().and_then(|handle| handle.has_ended());
    let defective = ended(super::control::pid()) == Some(true) || ended(zombie) == Some(false);
    DEFECTIVE.fetch_or(defective, Ordering::Relaxed);
}

impl Handle {
    /// Pins a process in the best way the system supports and permits.
    ///
    /// # Errors
    /// `ESRCH` if there is no such process, `EINVAL` for a pid below 1.
    pub fn open(pid: i32) -> Result<Handle, Errno> {
        if pid < 1 {
            return Err(Errno::INVAL);
        }
        if DEFECTIVE.load(Ordering::Relaxed) {
            return Handle::open_without_descriptor(pid);
        }
        match pidfd_open(pid, 0) {
            Ok(fd) => Ok(Handle { pid, pin: Pin::Pidfd(fd) }),
            Err(Errno::SRCH) => Err(Errno::SRCH),
            // ENOSYS on an old kernel, EPERM or ENOSYS from a seccomp filter, EMFILE, ENFILE, ENOMEM, ENODEV.
            Err(_) => Handle::open_without_descriptor(pid),
        }
    }

    /// Pins a process without using a descriptor, for callers that pin many.
    ///
    /// # Errors
    /// As [`Handle::open`].
    pub fn open_without_descriptor(pid: i32) -> Result<Handle, Errno> {
        if pid < 1 {
            return Err(Errno::INVAL);
        }
        let pin = match process_table::read(pid) {
            Ok(Some(process)) => Pin::Start(process.start),
            Ok(None) => return Err(Errno::SRCH),
            // `kill` would not do: some kernels report that a zombie does not exist.
            Err(_) => Pin::Bare,
        };
        Ok(Handle { pid, pin })
    }

    /// The process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Sends a signal; on a zombie it has no effect, 0 only probes.
    ///
    /// # Errors
    /// `ESRCH` once the process was reaped, `EPERM`, `EINVAL` for an unknown signal.
    pub fn signal(&self, signal: i32) -> Result<(), Errno> {
        match &self.pin {
            Pin::Pidfd(fd) => match signal_pidfd(fd.as_fd(), signal) {
                // It is pinned anyway: until it terminates, it keeps its pid.
                Err(Errno::NOSYS | Errno::PERM) if self.has_ended() == Some(false) => kill(self.pid, signal),
                sent => sent,
            },
            Pin::Start(start) => match process_table::read(self.pid)? {
                Some(process) if process.is_still(*start) => kill(self.pid, signal),
                _ => Err(Errno::SRCH),
            },
            Pin::Bare => kill(self.pid, signal),
        }
    }

    /// A descriptor that is readable once the process has exited with all its threads; `None` without pidfds.
    pub fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.pin {
            Pin::Pidfd(fd) => Some(fd.as_fd()),
            _ => None,
        }
    }

    /// Whether the process has exited, if a descriptor can tell.
    pub fn has_ended(&self) -> Option<bool> {
        self.await_end(Duration::ZERO)
    }

    /// Waits for the process to exit, for a limited time, if a descriptor can tell; returns whether it has exited.
    pub fn await_end(&self, within: Duration) -> Option<bool> {
        /// A system that fails to wake pollers may still answer a new poll.
        const TURN: Duration = Duration::from_millis(20);
        let fd = self.poll_fd()?;
        let began = Instant::now();
        loop {
            let left = within.saturating_sub(began.elapsed());
            match makeshift::readable(&[fd], Some(left.min(TURN))) {
                Ok(ready) if ready[0] => return Some(true),
                Ok(_) if left.is_zero() => return Some(false),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// How it is pinned: `pidfd`, `start-time` or `pid`.
    pub fn method(&self) -> &'static str {
        match self.pin {
            Pin::Pidfd(_) => "pidfd",
            Pin::Start(_) => "start-time",
            Pin::Bare => "pid",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::tests::{TestChild, until};

    #[test]
    fn a_handle_signals_its_process_and_no_later_one() {
        let child = TestChild::held();
        let handle = Handle::open(child.0).unwrap();
        assert_eq!(handle.pid(), child.0);
        assert_eq!(handle.poll_fd().is_some(), handle.method() == "pidfd");
        handle.signal(0).unwrap();
        handle.signal(libc::SIGKILL).unwrap();
        until(|| process_table::is_zombie(child.0));
        handle.signal(libc::SIGTERM).unwrap();
        child.end();
        assert_eq!(handle.signal(0), Err(Errno::SRCH));
        assert_eq!(Handle::open(handle.pid()).unwrap_err(), Errno::SRCH);
        assert_eq!(Handle::open(0).unwrap_err(), Errno::INVAL);
    }

    #[test]
    fn what_tells_the_living_from_the_dead_is_used() {
        let zombie = TestChild::running(|| 0);
        until(|| process_table::is_zombie(zombie.0));
        prove_descriptors(zombie.0);
        assert!(!DEFECTIVE.load(Ordering::Relaxed));
        zombie.end();
    }

    #[test]
    fn a_handle_without_pidfds_compares_start_times() {
        let child = TestChild::held();
        let start = process_table::read(child.0).unwrap().unwrap().start;
        let other = Handle { pid: child.0, pin: Pin::Start(start.map(|start| start + 1)) };
        assert_eq!(other.signal(libc::SIGKILL), Err(Errno::SRCH));
        let handle = Handle { pid: child.0, pin: Pin::Start(start) };
        assert!(handle.poll_fd().is_none());
        handle.signal(libc::SIGKILL).unwrap();
        assert_eq!(child.end(), -libc::SIGKILL);
        assert_eq!(handle.signal(0), Err(Errno::SRCH));
    }
}
