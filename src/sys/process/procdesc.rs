//! Process descriptors, FreeBSD's process handles.

use std::os::fd::OwnedFd;

use rustix::io::Errno;

use super::control::Forked;

/// `pdfork`: a child with a process descriptor, which is close-on-exec. With `daemon`, the last close does not kill the
/// child. For what the child may do see [`crate::sys::process::fork`].
///
/// # Errors
/// Those of `pdfork`; `ENOTSUP` except on FreeBSD.
pub fn fork(daemon: bool) -> Result<(Forked, Option<OwnedFd>), Errno> {
    #[cfg(target_os = "freebsd")]
    {
        use std::os::fd::FromRawFd;
        let mut fd = -1;
        let flags = libc::PD_CLOEXEC | if daemon { libc::PD_DAEMON } else { 0 };
        // SAFETY: the pointer is to a live integer; the child is a copy of this process, as after a fork.
        match unsafe { libc::pdfork(&mut fd, flags) } {
            -1 => Err(super::control::last_errno()),
            0 => Ok((Forked::Child, None)),
            // SAFETY: a descriptor that the kernel just made for us.
            pid => Ok((Forked::Parent(pid), Some(unsafe { OwnedFd::from_raw_fd(fd) }))),
        }
    }
    #[cfg(not(target_os = "freebsd"))]
    {
        let _ = daemon;
        Err(Errno::NOTSUP)
    }
}
