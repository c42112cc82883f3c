//! What a reaper knows about the processes below it, and signals to them: FreeBSD's `procctl`, and the subset on
//! DragonFly.

use rustix::io::Errno;

/// The result of `PROC_REAP_STATUS` for this process.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// Whether it is a reaper itself.
    pub owned: bool,
    /// Its reaper, or itself; FreeBSD.
    pub reaper: Option<i32>,
    /// The number of processes below the reaper that are its children; FreeBSD.
    pub children: Option<u32>,
    /// The number of processes below the reaper; FreeBSD.
    pub descendants: Option<u32>,
    /// A process below it; -1 if there is none.
    pub first: i32,
}

/// A process below a reaper, as `PROC_REAP_GETPIDS` reports it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Below {
    /// Its pid.
    pub pid: i32,
    /// The pid of the reaper's child from which it descends.
    pub subtree: i32,
    /// Whether it is a child of the reaper.
    pub child: bool,
    /// Whether it has terminated.
    pub zombie: bool,
}

/// Which processes `PROC_REAP_KILL` signals.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Every process below the reaper.
    All,
    /// Its children only.
    Children,
    /// The descendants of that child.
    Subtree(i32),
}

#[cfg(target_os = "freebsd")]
mod system {
    use super::{Below, Errno, Scope, Status};
    use crate::sys::process::control::check;
    use crate::sys::process::pid;

    // From sys/procctl.h; libc 0.2 has only the commands.
    const REAPER_STATUS_OWNED: u32 = 1;
    const REAPER_PIDINFO_VALID: u32 = 1;
    const REAPER_PIDINFO_CHILD: u32 = 2;
    const REAPER_PIDINFO_ZOMBIE: u32 = 8;
    const REAPER_KILL_CHILDREN: u32 = 1;
    const REAPER_KILL_SUBTREE: u32 = 2;

    #[repr(C)]
    #[derive(Default)]
    struct RawStatus {
        flags: u32,
        children: u32,
        descendants: u32,
        reaper: i32,
        pid: i32,
        pad: [u32; 15],
    }

    #[repr(C)]
    #[derive(Copy, Clone, Default)]
    struct RawBelow {
        pid: i32,
        subtree: i32,
        flags: u32,
        pad: [u32; 15],
    }

    #[repr(C)]
    struct RawPids {
        count: u32,
        pad: [u32; 15],
        pids: *mut RawBelow,
    }

    #[repr(C)]
    #[derive(Default)]
    struct RawKill {
        signal: i32,
        flags: u32,
        subtree: i32,
        killed: u32,
        first: i32,
        pad: [u32; 15],
    }

    fn procctl<T>(command: libc::c_int, data: &mut T) -> Result<(), Errno> {
        // SAFETY: the structure of that command, which lives as long as the call; the process is this one.
        check(unsafe { libc::procctl(libc::P_PID, pid() as _, command, (&raw mut *data).cast()) })
    }

    pub(crate) fn status() -> Result<Status, Errno> {
        let mut raw = RawStatus::default();
        procctl(libc::PROC_REAP_STATUS, &mut raw)?;
        Ok(Status {
            owned: raw.flags & REAPER_STATUS_OWNED != 0,
            reaper: Some(raw.reaper),
            children: Some(raw.children),
            descendants: Some(raw.descendants),
            first: raw.pid,
        })
    }

    pub(crate) fn below() -> Result<Vec<Below>, Errno> {
        let mut found = [RawBelow::default(); 64];
        let mut raw = RawPids { count: found.len() as u32, pad: [0; 15], pids: found.as_mut_ptr() };
        procctl(libc::PROC_REAP_GETPIDS, &mut raw)?;
        let valid = found.iter().take_while(|below| below.flags & REAPER_PIDINFO_VALID != 0);
        Ok(valid
            .map(|below| Below {
                pid: below.pid,
                subtree: below.subtree,
                child: below.flags & REAPER_PIDINFO_CHILD != 0,
                zombie: below.flags & REAPER_PIDINFO_ZOMBIE != 0,
            })
            .collect())
    }

    pub(crate) fn kill(signal: i32, scope: Scope) -> Result<u32, Errno> {
        let (flags, subtree) = match scope {
            Scope::All => (0, 0),
            Scope::Children => (REAPER_KILL_CHILDREN, 0),
            Scope::Subtree(pid) => (REAPER_KILL_SUBTREE, pid),
        };
        let mut raw = RawKill { signal, flags, subtree, ..RawKill::default() };
        procctl(libc::PROC_REAP_KILL, &mut raw)?;
        Ok(raw.killed)
    }
}

#[cfg(target_os = "dragonfly")]
mod system {
    use super::{Below, Errno, Scope, Status};
    use crate::sys::process::control::check;
    use crate::sys::process::pid;

    // From sys/procctl.h; libc 0.2 has only the commands.
    const REAPER_STAT_OWNED: u32 = 1;

    #[repr(C)]
    #[derive(Default)]
    struct RawStatus {
        flags: u32,
        refs: u32,
        reserved: [i64; 15],
        head: i32,
        reserved_too: [i32; 15],
    }

    pub(crate) fn status() -> Result<Status, Errno> {
        let mut raw = RawStatus::default();
        // SAFETY: the structure of that command, which lives as long as the call; the process is this one.
        check(unsafe {
            libc::procctl(libc::P_PID, pid() as _, libc::PROC_REAP_STATUS, (&raw mut raw).cast())
        })?;
        let owned = raw.flags & REAPER_STAT_OWNED != 0;
        Ok(Status { owned, reaper: None, children: None, descendants: None, first: raw.head })
    }

    pub(crate) fn below() -> Result<Vec<Below>, Errno> {
        Err(Errno::NOTSUP)
    }

    pub(crate) fn kill(_: i32, _: Scope) -> Result<u32, Errno> {
        Err(Errno::NOTSUP)
    }
}

#[cfg(not(any(target_os = "freebsd", target_os = "dragonfly")))]
mod system {
    use super::{Below, Errno, Scope, Status};

    pub(crate) fn status() -> Result<Status, Errno> {
        Err(Errno::NOTSUP)
    }

    pub(crate) fn below() -> Result<Vec<Below>, Errno> {
        Err(Errno::NOTSUP)
    }

    pub(crate) fn kill(_: i32, _: Scope) -> Result<u32, Errno> {
        Err(Errno::NOTSUP)
    }
}

/// `PROC_REAP_STATUS` of this process.
///
/// # Errors
/// Those of `procctl`; `ENOTSUP` except on FreeBSD and DragonFly.
pub fn status() -> Result<Status, Errno> {
    system::status()
}

/// `PROC_REAP_GETPIDS` of this process: up to 64 processes below the reaper.
///
/// # Errors
/// Those of `procctl`; `ENOTSUP` except on FreeBSD.
pub fn below() -> Result<Vec<Below>, Errno> {
    system::below()
}

/// `PROC_REAP_KILL`; returns how many processes were signalled.
///
/// # Errors
/// Those of `procctl` (`ESRCH` if there was none); `ENOTSUP` except on FreeBSD.
pub fn kill(signal: i32, scope: Scope) -> Result<u32, Errno> {
    system::kill(signal, scope)
}
