//! OpenBSD: `sysctl(KERN_PROC)`, one structure per process or thread.

use super::sysctl::{self, Plain, array, text};
use crate::sys::process_table::state::{Asleep, Process, State, StopState};
use libc::c_int;
use rustix::io::Errno;
use std::time::Duration;

/// The name of this source in reports.
pub(crate) const TABLE: &str = "sysctl";

/// System calls are not visible.
pub(crate) const WAIT_SYSCALLS: &[i64] = &[];

// sys/proc.h, which libc 0.2 leaves out: values of `p_stat`, and bits of `p_psflags`.
const SRUN: i8 = 2;
const SSLEEP: i8 = 3;
const SSTOP: i8 = 4;
const SDEAD: i8 = 6;
const SONPROC: i8 = 7;
const PS_TRACED: u32 = 0x0000_0200;
const PS_STOPPING: u32 = 0x0000_8000;
const PS_ZOMBIE: u32 = 0x0004_0000;

type Raw = libc::kinfo_proc;

// SAFETY: numbers and arrays of them.
unsafe impl Plain for Raw {}

fn state(raw: &Raw) -> State {
    // A thread is SDEAD before its process is waitable; the flag is set when the process is.
    if raw.p_psflags & PS_ZOMBIE != 0 {
        return State::Zombie;
    }
    match raw.p_stat {
        SRUN | SONPROC => State::Running,
        SSLEEP => State::Sleeping,
        SSTOP => State::Stopped,
        SDEAD => State::Dead,
        other => State::Other(char::from(b'0'.wrapping_add(other as u8))),
    }
}

fn process(raw: &Raw) -> Process {
    Process {
        pid: raw.p_pid,
        ppid: raw.p_ppid,
        pgid: raw.p__pgid,
        sid: raw.p_sid,
        state: state(raw),
        threads: None,
        tracer: None,
        traced: raw.p_psflags & PS_TRACED != 0,
        uid: raw.p_ruid,
        cpu: Duration::from_secs(u64::from(raw.p_uutime_sec) + u64::from(raw.p_ustime_sec))
            + Duration::from_micros(u64::from(raw.p_uutime_usec) + u64::from(raw.p_ustime_usec)),
        // Filled only together with the usage (`p_uvalid`), which is not done for a zombie (sys/sysctl.h, FILL_KPROC).
        start: Some(raw.p_ustart_sec.wrapping_mul(1_000_000).wrapping_add(u64::from(raw.p_ustart_usec)))
            .filter(|&start| start != 0),
    }
}

fn query(what: c_int, who: c_int) -> Result<Vec<Raw>, Errno> {
    // The last two words are the element size and the number of elements there is room for.
    let mut name = [libc::CTL_KERN, libc::KERN_PROC, what, who, size_of::<Raw>() as c_int, 0];
    array(&mut name, Some(5))
}

pub(crate) fn read(pid: i32) -> Result<Option<Process>, Errno> {
    Ok(query(libc::KERN_PROC_PID, pid)?.iter().find(|raw| raw.p_pid == pid).map(process))
}

pub(crate) fn all() -> Result<Vec<Process>, Errno> {
    Ok(query(libc::KERN_PROC_ALL, 0)?.iter().map(process).collect())
}

fn with_threads(pid: i32) -> Vec<Raw> {
    let mut items = query(libc::KERN_PROC_PID | libc::KERN_PROC_SHOW_THREADS, pid).unwrap_or_default();
    // The process itself is among them, with a thread id of -1.
    items.retain(|raw| raw.p_pid == pid && raw.p_tid != -1);
    items
}

pub(crate) fn threads(pid: i32) -> Vec<(i32, State)> {
    with_threads(pid).iter().map(|raw| (raw.p_tid, state(raw))).collect()
}

pub(crate) fn stop_of(pid: i32) -> StopState {
    let threads = with_threads(pid);
    // The threads are stopped before a wait finds the stop: a software interrupt (proc_stop_sweep) notifies the parent
    // and clears this flag, which older releases call PS_STOPPED.
    let stopped = |raw: &Raw| state(raw) == State::Stopped && raw.p_psflags & PS_STOPPING == 0;
    if threads.is_empty() || !threads.iter().all(stopped) {
        return StopState::No;
    }
    let traced = threads.iter().any(|raw| raw.p_psflags & PS_TRACED != 0);
    if traced { StopState::Traced { switches: 0 } } else { StopState::Stopped }
}

pub(crate) fn syscall_of(_: i32, _: i32) -> Option<i64> {
    None
}

fn shown(raw: &Raw) -> sysctl::Thread {
    sysctl::Thread { tid: raw.p_tid, state: state(raw), channel: text(&raw.p_wmesg) }
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
