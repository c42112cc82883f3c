//! FreeBSD and DragonFly: `sysctl(KERN_PROC)`, one structure per process or thread.

use super::sysctl::{self, Plain, array, text};
use crate::sys::process_table::state::{Asleep, Process, State, StopState};
use libc::c_int;
use rustix::io::Errno;
use std::time::Duration;

/// The name of this source in reports.
pub(crate) const TABLE: &str = "sysctl";

/// System calls are not visible.
pub(crate) const WAIT_SYSCALLS: &[i64] = &[];

// SAFETY: numbers, arrays of them and pointers that are never followed.
unsafe impl Plain for Raw {}

type Raw = libc::kinfo_proc;

#[cfg(target_os = "freebsd")]
mod raw {
    use super::*;

    pub(crate) const WITH_THREADS: c_int = libc::KERN_PROC_INC_THREAD;
    pub(crate) const EVERY: c_int = libc::KERN_PROC_PROC;

    pub(crate) fn pid(raw: &Raw) -> i32 {
        raw.ki_pid
    }

    pub(crate) fn tid(raw: &Raw) -> i32 {
        raw.ki_tid
    }

    pub(crate) fn channel(raw: &Raw) -> Vec<u8> {
        text(&raw.ki_wmesg)
    }

    pub(crate) fn is_ours(raw: &Raw) -> bool {
        raw.ki_structsize as usize == size_of::<Raw>()
    }

    pub(crate) fn state(raw: &Raw) -> State {
        match raw.ki_stat {
            libc::SRUN => State::Running,
            // Threads asleep in the kernel, for a lock or as an idle interrupt thread.
            libc::SSLEEP => State::Sleeping,
            libc::SLOCK | libc::SWAIT => State::DiskSleep,
            // The flags are those of the process; those of a tracer's stop and of job control can be set together.
            libc::SSTOP if raw.ki_flag & libc::P_STOPPED_TRACE as libc::c_long != 0 => State::TracingStop,
            libc::SSTOP => State::Stopped,
            libc::SZOMB => State::Zombie,
            other => State::Other(char::from(b'0'.wrapping_add(other as u8))),
        }
    }

    pub(crate) fn process(raw: &Raw) -> Process {
        let traced = raw.ki_flag & libc::P_TRACED as libc::c_long != 0;
        Process {
            pid: raw.ki_pid,
            ppid: raw.ki_ppid,
            pgid: raw.ki_pgid,
            sid: raw.ki_sid,
            state: state(raw),
            threads: u32::try_from(raw.ki_numthreads).ok(),
            tracer: Some(raw.ki_tracer).filter(|&pid| pid != 0),
            traced,
            uid: raw.ki_ruid,
            cpu: Duration::from_micros(raw.ki_runtime),
            start: Some(
                (raw.ki_start.tv_sec as u64)
                    .wrapping_mul(1_000_000)
                    .wrapping_add(raw.ki_start.tv_usec as u64),
            ),
        }
    }
}

#[cfg(target_os = "dragonfly")]
mod raw {
    use super::*;

    pub(crate) const WITH_THREADS: c_int = libc::KERN_PROC_FLAG_LWP;
    pub(crate) const EVERY: c_int = libc::KERN_PROC_ALL;

    pub(crate) fn pid(raw: &Raw) -> i32 {
        raw.kp_pid
    }

    pub(crate) fn tid(raw: &Raw) -> i32 {
        raw.kp_lwp.kl_tid
    }

    pub(crate) fn channel(raw: &Raw) -> Vec<u8> {
        text(&raw.kp_lwp.kl_wmesg)
    }

    pub(crate) fn is_ours(_: &Raw) -> bool {
        true
    }

    pub(crate) fn state(raw: &Raw) -> State {
        match raw.kp_stat {
            libc::procstat::SZOMB => State::Zombie,
            // The process is marked first. A thread that is still running has not stopped, and the stop is reported
            // only with the last one; a thread that sleeps counts as stopped (sys/kern/kern_sig.c, proc_stop).
            libc::procstat::SSTOP => match raw.kp_lwp.kl_stat {
                libc::lwpstat::LSRUN => State::Running,
                _ => State::Stopped,
            },
            libc::procstat::SACTIVE => match raw.kp_lwp.kl_stat {
                libc::lwpstat::LSRUN => State::Running,
                libc::lwpstat::LSSTOP => State::Stopped,
                libc::lwpstat::LSSLEEP => State::Sleeping,
            },
            libc::procstat::SIDL => State::Other('i'),
            libc::procstat::SCORE => State::Other('c'),
        }
    }

    pub(crate) fn process(raw: &Raw) -> Process {
        // sys/proc_common.h: P_TRACED; libc 0.2 does not declare it.
        const P_TRACED: c_int = 0x00800;
        let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
        Process {
            pid: raw.kp_pid,
            ppid: raw.kp_ppid,
            pgid: raw.kp_pgid,
            sid: raw.kp_sid,
            state: state(raw),
            threads: u32::try_from(raw.kp_nthreads).ok(),
            tracer: None,
            traced: raw.kp_flags & P_TRACED != 0,
            uid: raw.kp_ruid,
            cpu: time(raw.kp_ru.ru_utime) + time(raw.kp_ru.ru_stime),
            start: Some(
                (raw.kp_start.tv_sec as u64)
                    .wrapping_mul(1_000_000)
                    .wrapping_add(raw.kp_start.tv_usec as u64),
            ),
        }
    }
}

fn query(what: c_int, who: c_int) -> Result<Vec<Raw>, Errno> {
    let items = array::<Raw>(&mut [libc::CTL_KERN, libc::KERN_PROC, what, who], None)?;
    if items.first().is_some_and(|raw| !raw::is_ours(raw)) {
        return Err(Errno::NOSYS);
    }
    Ok(items)
}

pub(crate) fn read(pid: i32) -> Result<Option<Process>, Errno> {
    Ok(query(libc::KERN_PROC_PID, pid)?.iter().find(|raw| raw::pid(raw) == pid).map(raw::process))
}

pub(crate) fn all() -> Result<Vec<Process>, Errno> {
    Ok(query(raw::EVERY, 0)?.iter().map(raw::process).collect())
}

fn with_threads(pid: i32) -> Vec<Raw> {
    let mut items = query(libc::KERN_PROC_PID | raw::WITH_THREADS, pid).unwrap_or_default();
    items.retain(|raw| raw::pid(raw) == pid);
    items
}

pub(crate) fn threads(pid: i32) -> Vec<(i32, State)> {
    with_threads(pid).iter().map(|raw| (raw::tid(raw), raw::state(raw))).collect()
}

pub(crate) fn stop_of(pid: i32) -> StopState {
    crate::sys::process_table::state::stop_of_threads(&threads(pid))
}

pub(crate) fn syscall_of(_: i32, _: i32) -> Option<i64> {
    None
}

fn shown(raw: &Raw) -> sysctl::Thread {
    sysctl::Thread { tid: raw::tid(raw), state: raw::state(raw), channel: raw::channel(raw) }
}

pub(crate) fn asleep(pid: i32, tid: i32) -> Asleep {
    let raw = with_threads(pid);
    let threads: Vec<_> = raw.iter().map(shown).collect();
    sysctl::asleep(&threads, tid)
}

/// How blocked calls are recognized, given `pid`, which is asleep.
pub(crate) fn blocked_method(pid: i32) -> &'static str {
    let raw = with_threads(pid);
    let threads: Vec<_> = raw.iter().map(shown).collect();
    sysctl::blocked_method(&threads)
}
