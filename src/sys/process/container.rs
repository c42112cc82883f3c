//! A separate PID namespace, in which everything dies with its first process.

use super::clone::{Clone, clone};
use super::control::Forked;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;

/// How this process can create a PID namespace.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Privilege {
    /// As the superuser.
    Root,
    /// In a user namespace.
    Users,
}

impl Privilege {
    /// What this process needs.
    pub fn of_us() -> Privilege {
        if rustix::process::geteuid().is_root() { Privilege::Root } else { Privilege::Users }
    }
}

/// Forks process 1 of a new PID namespace, with mounts of its own. It must wait until its parent has called [`map_users`]
/// before it calls [`own_proc`].
///
/// # Errors
/// Those of `clone`; `ENOTSUP` except on Linux.
pub fn fork_first(privilege: Privilege) -> Result<Forked, Errno> {
    let how = Clone {
        exit_signal: libc::SIGCHLD,
        new_pids: true,
        new_mounts: true,
        new_users: privilege == Privilege::Users,
        ..Clone::default()
    };
    clone(how).map(|(forked, _)| forked)
}

/// Maps the user and group of this process to themselves in the user namespace of a child.
///
/// # Errors
/// Those of writing the maps.
pub fn map_users(pid: i32, privilege: Privilege) -> Result<(), Errno> {
    if privilege == Privilege::Root {
        return Ok(());
    }
    let write = |name: &str, text: String| {
        std::fs::write(format!("/proc/{pid}/{name}"), text)
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
    };
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    write("uid_map", format!("{uid} {uid} 1"))?;
    write("setgroups", "deny".to_owned())?;
    write("gid_map", format!("{gid} {gid} 1"))
}

/// In process 1 of a PID namespace: mounts a `/proc` for it, which is visible nowhere else.
///
/// # Errors
/// Those of `mount` (`EPERM` if the outer `/proc` is partly covered); `ENOTSUP` except on Linux.
pub fn own_proc() -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use super::control::check;
        let none = std::ptr::null();
        let private = libc::MS_REC | libc::MS_PRIVATE;
        // SAFETY: C strings and null pointers, as mount(2) takes them.
        check(unsafe { libc::mount(none, c"/".as_ptr(), none, private, none.cast()) })?;
        let (proc, path) = (c"proc".as_ptr(), c"/proc".as_ptr());
        let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
        // SAFETY: as above.
        check(unsafe { libc::mount(proc, path, proc, flags, none.cast()) })
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    Err(Errno::NOTSUP)
}

/// Both ends of a socket for short messages. On the first one, [`receive`] learns who sent a message.
///
/// # Errors
/// Those of `socketpair` and `setsockopt`; `ENOTSUP` except on Linux.
pub fn messages() -> Result<(OwnedFd, OwnedFd), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
        let (ours, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        sockopt::set_socket_passcred(&ours, true)?;
        Ok((ours, theirs))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    Err(Errno::NOTSUP)
}

/// Receives one message: its bytes, and the pid of its sender in this namespace. An empty message is the end of file.
///
/// # Errors
/// Those of `recvmsg`: `EAGAIN` if there is none and `now` is set.
pub fn receive(socket: impl AsFd, buffer: &mut [u8], now: bool) -> Result<(usize, i32), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = if now { RecvFlags::DONTWAIT } else { RecvFlags::empty() };
        let mut parts = [std::io::IoSliceMut::new(buffer)];
        let received = rustix::net::recvmsg(socket, &mut parts, &mut control, flags)?;
        let sender = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmCredentials(who) => Some(who.pid.as_raw_pid()),
            _ => None,
        });
        Ok((received.bytes, sender.unwrap_or(0)))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (socket, buffer, now);
        Err(Errno::NOTSUP)
    }
}
