//! Calls that take a pid and fail with `ESRCH` if there is no such process.
//!
//! None of them affects an existing process: signal 0, the process group that it is already in, and queries.

#[cfg(any(target_os = "linux", target_os = "android"))]
use super::control::last_errno;
use super::control::{check, group_of};
use libc::c_int;
use rustix::io::Errno;

/// A call that takes a pid.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Witness {
    /// `kill(pid, 0)`
    Kill,
    /// `kill(-pid, 0)`, for a process that leads a process group
    KillGroup,
    /// `getpgid(pid)`
    Getpgid,
    /// `getsid(pid)`
    Getsid,
    /// `setpgid(pid, getpgid(pid))`
    Setpgid,
    /// `getpriority(PRIO_PROCESS, pid)`
    Getpriority,
    /// `sched_getscheduler(pid)`; Linux
    Scheduler,
    /// `sched_getaffinity(pid)`; Linux
    Affinity,
    /// `prlimit(pid)`; Linux
    Prlimit,
    /// `tgkill(pid, pid, 0)`; Linux
    Tgkill,
    /// `clock_getcpuclockid(pid)`; Linux
    CpuClock,
    /// `pidfd_open(pid)`; Linux
    Pidfd,
}

impl Witness {
    /// Each of them, with its name.
    pub const ALL: [(&'static str, Witness); 12] = [
        ("kill", Witness::Kill),
        ("killpg", Witness::KillGroup),
        ("getpgid", Witness::Getpgid),
        ("getsid", Witness::Getsid),
        ("setpgid", Witness::Setpgid),
        ("getpriority", Witness::Getpriority),
        ("sched_getscheduler", Witness::Scheduler),
        ("sched_getaffinity", Witness::Affinity),
        ("prlimit", Witness::Prlimit),
        ("tgkill", Witness::Tgkill),
        ("clock_getcpuclockid", Witness::CpuClock),
        ("pidfd_open", Witness::Pidfd),
    ];

    /// The call with this name.
    pub fn from_name(name: &str) -> Option<Witness> {
        Witness::ALL.iter().find(|(known, _)| *known == name).map(|(_, witness)| *witness)
    }

    /// Queries a pid, which must be positive.
    ///
    /// # Errors
    /// Those of the system; `ENOSYS` for a call that it does not have.
    pub fn ask(self, pid: c_int) -> Result<(), Errno> {
        if pid <= 1 {
            return Err(Errno::INVAL);
        }
        match self {
            // SAFETY: numbers only; signal 0 has no effect.
            Witness::Kill => check(unsafe { libc::kill(pid, 0) }),
            // SAFETY: as above.
            Witness::KillGroup => check(unsafe { libc::kill(-pid, 0) }),
            Witness::Getpgid => group_of(pid).map(drop),
            // SAFETY: numbers only.
            Witness::Getsid => check(unsafe { libc::getsid(pid) }),
            Witness::Setpgid => super::raw::setpgid(pid, group_of(pid)?),
            Witness::Getpriority => getpriority(pid),
            Witness::Pidfd => super::raw::pidfd_open(pid, false).map(drop),
            _ => self.ask_linux(pid),
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn ask_linux(self, pid: c_int) -> Result<(), Errno> {
        match self {
            // SAFETY: numbers only.
            Witness::Scheduler => check(unsafe { libc::sched_getscheduler(pid) }),
            Witness::Affinity => {
                let pid = rustix::process::Pid::from_raw(pid).ok_or(Errno::INVAL)?;
                match rustix::thread::sched_getaffinity(Some(pid)) {
                    // More processors than fit in the set.
                    Ok(_) | Err(Errno::INVAL) => Ok(()),
                    Err(errno) => Err(errno),
                }
            }
            Witness::Prlimit => {
                // SAFETY: with neither a new limit nor a place for the old one, only the pid is checked.
                let asked =
                    unsafe { libc::syscall(libc::SYS_prlimit64, pid, libc::RLIMIT_CORE, 0_usize, 0_usize) };
                if asked < 0 { Err(last_errno()) } else { Ok(()) }
            }
            Witness::Tgkill => {
                // SAFETY: numbers only; signal 0 has no effect.
                let asked = unsafe { libc::syscall(libc::SYS_tgkill, pid, pid, 0) };
                if asked < 0 { Err(last_errno()) } else { Ok(()) }
            }
            Witness::CpuClock => {
                let mut clock = 0;
                // SAFETY: the pointer is to a live clock id.
                match unsafe { libc::clock_getcpuclockid(pid, &mut clock) } {
                    0 => Ok(()),
                    errno => Err(Errno::from_raw_os_error(errno)),
                }
            }
            _ => Err(Errno::NOSYS),
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn ask_linux(self, _: c_int) -> Result<(), Errno> {
        Err(Errno::NOSYS)
    }
}

/// -1 is a valid priority, too.
fn getpriority(pid: c_int) -> Result<(), Errno> {
    let errno = crate::sys::call::raw::errno();
    // SAFETY: the pointer is this thread's own and valid.
    unsafe { *errno = 0 };
    // SAFETY: numbers only. The type of the id differs between systems.
    let priority = unsafe { libc::getpriority(libc::PRIO_PROCESS, pid as _) };
    // SAFETY: as above.
    match (priority, unsafe { *errno }) {
        (-1, errno) if errno != 0 => Err(Errno::from_raw_os_error(errno)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_exists_and_an_impossible_one_does_not() {
        let own = super::super::pid();
        for (name, witness) in Witness::ALL {
            assert_eq!(Witness::from_name(name), Some(witness));
            // Larger than any pid.
            let none = witness.ask(5_000_000);
            assert!(matches!(none, Err(Errno::SRCH | Errno::NOSYS | Errno::INVAL)), "{name}: {none:?}");
            if witness != Witness::KillGroup && none != Err(Errno::NOSYS) {
                assert_eq!(witness.ask(own), Ok(()), "{name}");
            }
        }
    }
}
