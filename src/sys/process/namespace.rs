//! Processes in a new PID namespace, and processes with a chosen pid.

use super::clone::{Clone, clone};
use super::control::{Forked, fork, kill_and_reap, pid as own_pid};
use rustix::io::Errno;

/// Forks process 1 of a new PID namespace; when it dies, the kernel kills everything in the namespace.
///
/// An unprivileged caller also gets a user namespace, in which the user stays the same. `/proc` remains the outer one.
///
/// # Errors
/// Those of `clone` (`EPERM`, `ENOSPC`, `EINVAL` if namespaces are not available), or of writing the maps; `ENOTSUP`
/// except on Linux.
pub fn fork_as_init() -> Result<Forked, Errno> {
    let how = Clone { exit_signal: libc::SIGCHLD, new_pids: true, ..Clone::default() };
    match clone(how) {
        Err(Errno::PERM) => {}
        other => return other.map(|(forked, _)| forked),
    }
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let (reader, writer) = rustix::pipe::pipe()?;
    let (forked, _) = clone(Clone { new_users: true, ..how })?;
    match forked {
        Forked::Child => {
            let write = |file: &str, text: String| std::fs::write(format!("/proc/self/{file}"), text).is_ok();
            // Without this, an unprivileged user may not write the group map.
            let _ = write("setgroups", "deny".to_owned());
            let mapped = write("uid_map", format!("{user} {user} 1"))
                && write("gid_map", format!("{group} {group} 1"));
            if !mapped {
                super::exit_now(1);
            }
            let _ = rustix::io::write(&writer, b"m");
            Ok(Forked::Child)
        }
        Forked::Parent(pid) => {
            drop(writer);
            match rustix::io::retry_on_intr(|| rustix::io::read(&reader, &mut [0_u8])) {
                Ok(1) => Ok(forked),
                _ => {
                    kill_and_reap(pid);
                    Err(Errno::PERM)
                }
            }
        }
    }
}

/// How many times to try for a pid that cannot be requested directly.
const TRIES: u32 = 100;

/// Forks a process with that pid in this PID namespace, which must be the caller's own: by `clone3` with `set_tid`
/// (Linux 5.5), or by setting the last pid.
///
/// # Errors
/// `EEXIST` if the pid is in use; `EAGAIN` if it was not hit in 100 tries; `EPERM`, `EROFS` and others if neither way
/// is permitted; `ENOTSUP` except on Linux.
pub fn fork_with_pid(pid: i32) -> Result<Forked, Errno> {
    let how = Clone { exit_signal: libc::SIGCHLD, clone3: true, pid, ..Clone::default() };
    match clone(how) {
        // Unknown here, or blocked by a filter; an old kernel gives the same error for `set_tid`.
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
    use crate::sys::process::tests::TestChild;
    use crate::sys::process::{Reaped, exit_now, reap};

    /// Namespaces may be forbidden here; then there is nothing to test.
    #[test]
    fn a_pid_is_used_again_in_a_namespace() {
        // From a fork of one thread: after a bare `clone` of several, `fork` may wait for ever for a lock of the heap that
        // another thread held.
        let child = TestChild::running(|| match fork_as_init() {
            Err(Errno::BADF | Errno::FAULT) => 5,
            Err(_) => 9,
            Ok(Forked::Parent(pid)) => loop {
                match reap(pid) {
                    Reaped::Gone(status) if libc::WIFEXITED(status) => break libc::WEXITSTATUS(status),
                    Reaped::NotYet => std::thread::yield_now(),
                    _ => break 6,
                }
            },
            Ok(Forked::Child) => exit_now(in_namespace()),
        });
        let code = child.end();
        assert!(matches!(code, 0 | 9), "{code}");
    }

    /// 0, or what went wrong; 9 if pids cannot be chosen.
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
        while matches!(reap(first), Reaped::NotYet) {
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
