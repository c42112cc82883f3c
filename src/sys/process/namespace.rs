//! Processes of a PID namespace of their own, and processes with a chosen pid.

use super::clone::{Clone, clone};
use super::control::{Forked, fork, kill_and_reap, pid as own_pid};
use rustix::io::Errno;

/// Forks process 1 of a new PID namespace; when it dies, the kernel kills everything in there.
///
/// Who may not create one gets a user namespace with it, in which the user is who it was. `/proc` stays the outer one.
///
/// # Errors
/// Those of `clone` (`EPERM`, `ENOSPC`, `EINVAL` where namespaces are not to be had), or of writing the maps; `ENOTSUP`
/// except on Linux.
pub fn fork_as_init() -> Result<Forked, Errno> {
    let how = Clone { exit_signal: libc::SIGCHLD, new_pids: true, ..Clone::default() };
    match clone(how) {
        Err(Errno::PERM) => {}
        other => return other.map(|(forked, _)| forked),
    }
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let (ready, told) = rustix::pipe::pipe()?;
    let (forked, _) = clone(Clone { new_users: true, ..how })?;
    match forked {
        Forked::Child => {
            let write = |file: &str, text: String| std::fs::write(format!("/proc/self/{file}"), text).is_ok();
            // Without it an ordinary user may not write the map of groups.
            let _ = write("setgroups", "deny".to_owned());
            let mapped = write("uid_map", format!("{user} {user} 1"))
                && write("gid_map", format!("{group} {group} 1"));
            if !mapped {
                super::exit_now(1);
            }
            let _ = rustix::io::write(&told, b"m");
            Ok(Forked::Child)
        }
        Forked::Parent(pid) => {
            drop(told);
            match rustix::io::retry_on_intr(|| rustix::io::read(&ready, &mut [0_u8])) {
                Ok(1) => Ok(forked),
                _ => {
                    kill_and_reap(pid);
                    Err(Errno::PERM)
                }
            }
        }
    }
}

/// How often a pid is tried for where it cannot be asked for.
const TRIES: u32 = 100;

/// Forks a process with that pid in this PID namespace, which must be one's own: by `clone3` with `set_tid` (Linux 5.5), or
/// by setting the last pid.
///
/// # Errors
/// `EEXIST` if the pid is in use; `EAGAIN` if it was not hit in 100 tries; `EPERM`, `EROFS` and others where neither way is
/// allowed; `ENOTSUP` except on Linux.
pub fn fork_with_pid(pid: i32) -> Result<Forked, Errno> {
    let how = Clone { exit_signal: libc::SIGCHLD, clone3: true, pid, ..Clone::default() };
    match clone(how) {
        // Not known here, or forbidden by a filter: what an old kernel says of it, too.
        Err(Errno::NOSYS | Errno::INVAL | Errno::PERM | Errno::TOOBIG) => {}
        other => return other.map(|(forked, _)| forked),
    }
    for _ in 0..TRIES {
        set_last_pid(pid - 1)?;
        match fork()? {
            Forked::Child if own_pid() == pid => return Ok(Forked::Child),
            Forked::Child => super::exit_now(0),
            Forked::Parent(made) if made == pid => return Ok(Forked::Parent(made)),
            Forked::Parent(made) => drop(kill_and_reap(made)),
        }
    }
    Err(Errno::AGAIN)
}

/// Makes the next process of this PID namespace use the following pid, if free: writes `ns_last_pid`.
///
/// # Errors
/// `EACCES`, `EPERM` or `EROFS` without the privilege; `ENOENT` except on Linux.
pub fn set_last_pid(pid: i32) -> Result<(), Errno> {
    std::fs::write("/proc/sys/kernel/ns_last_pid", pid.to_string())
        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::sys::process::tests::Child;
    use crate::sys::process::{exit_now, reap};

    /// Namespaces may be forbidden here; then there is nothing to see.
    #[test]
    fn a_pid_is_used_again_in_a_namespace() {
        let code = match fork_as_init() {
            Err(errno) => {
                assert!(!matches!(errno, Errno::BADF | Errno::FAULT), "{errno}");
                return;
            }
            Ok(Forked::Parent(pid)) => Child(pid).end(),
            Ok(Forked::Child) => exit_now(in_namespace()),
        };
        assert!(matches!(code, 0 | 9), "{code}");
    }

    /// 0, or what went wrong; 9 where pids cannot be chosen.
    fn in_namespace() -> i32 {
        if own_pid() != 1 {
            return 1;
        }
        let Ok(Forked::Parent(first)) = fork().inspect(|forked| {
            if *forked == Forked::Child {
                exit_now(0)
            }
        }) else {
            return 2;
        };
        while matches!(reap(first), crate::sys::process::Reaped::NotYet) {
            std::thread::yield_now();
        }
        match fork_with_pid(first) {
            Ok(Forked::Child) => exit_now(i32::from(own_pid() != first)),
            Ok(Forked::Parent(again)) if again == first => 0,
            Ok(Forked::Parent(_)) => 3,
            Err(Errno::PERM | Errno::ACCESS | Errno::ROFS) => 9,
            Err(_) => 4,
        }
    }
}
