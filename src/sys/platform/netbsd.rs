//! NetBSD: `sysctl(KERN_PROC2)` for processes, `sysctl(KERN_LWP)` for threads.

use super::sysctl::{self, Plain, array, text};
use crate::sys::process_table::state::{Asleep, Process, State, StopState, stop_of_process};
use libc::c_int;
use rustix::io::Errno;
use std::time::{Duration, Instant};

/// The name of this source in reports.
pub(crate) const TABLE: &str = "sysctl";

/// System calls are not visible.
pub(crate) const WAIT_SYSCALLS: &[i64] = &[];

// sys/proc.h: the values of a process's `p_stat`, as shown in `p_realstat`; libc 0.2 has only those of threads.
const SACTIVE: u64 = 2;
const SDYING: u64 = 3;
const SSTOP: u64 = 4;
const SZOMB: u64 = 5;
const SDEAD: u64 = 6;
// sys/sysctl.h: a bit of `p_flag`.
const P_TRACED: i32 = 0x0000_0800;

type Raw = libc::kinfo_proc2;
type Thread = libc::kinfo_lwp;

// SAFETY: numbers and arrays of them.
unsafe impl Plain for Raw {}
// SAFETY: numbers and arrays of them.
unsafe impl Plain for Thread {}

fn lwp_state(stat: i8) -> State {
    match c_int::from(stat) {
        libc::LSRUN => State::Running,
        libc::LSSLEEP => State::Sleeping,
        libc::LSSTOP => State::Stopped,
        libc::LSZOMB => State::Zombie,
        libc::LSONPROC => State::Running,
        other => State::Other(char::from(b'0'.wrapping_add(other as u8))),
    }
}

fn state(raw: &Raw) -> State {
    match raw.p_realstat {
        SZOMB => State::Zombie,
        SDEAD => State::Dead,
        SSTOP => State::Stopped,
        // One thread has stopped; the process is SSTOP, and its parent notified, when the last one has.
        SACTIVE if c_int::from(raw.p_stat) == libc::LSSTOP => State::Running,
        SACTIVE => lwp_state(raw.p_stat),
        // Exiting, but not a zombie yet.
        SDYING => State::Running,
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
        threads: u32::try_from(raw.p_nlwps).ok(),
        tracer: None,
        traced: raw.p_flag & P_TRACED != 0,
        uid: raw.p_ruid,
        cpu: Duration::from_secs(u64::from(raw.p_uutime_sec) + u64::from(raw.p_ustime_sec))
            + Duration::from_micros(u64::from(raw.p_uutime_usec) + u64::from(raw.p_ustime_usec)),
        // A zombie shows 0.
        start: Some(start(raw)).filter(|&start| start != 0),
    }
}

fn start(raw: &Raw) -> u64 {
    u64::from(raw.p_ustart_sec) * 1_000_000 + u64::from(raw.p_ustart_usec)
}

fn query(what: c_int, who: c_int) -> Result<Vec<Raw>, Errno> {
    // The last two words are the element size and the number of elements there is room for.
    let mut name = [libc::CTL_KERN, libc::KERN_PROC2, what, who, size_of::<Raw>() as c_int, 0];
    array(&mut name, Some(5))
}

/// How long a process may be in the middle of an `exec` or its exit: a busy machine needs a while to load a program.
const BUSY: Duration = Duration::from_secs(1);

/// While a process is in an `exec` or exits (`p_reflock` is held), the kernel does not fill in its start time
/// (`fill_kproc2`). That is over as soon as it has had the processor, so this sleeps: one that runs at a lower priority would get
/// none beside a process that only yields.
pub(crate) fn read(pid: i32) -> Result<Option<Process>, Errno> {
    let began = Instant::now();
    loop {
        let found = query(libc::KERN_PROC_PID, pid)?.iter().find(|raw| raw.p_pid == pid).map(process);
        match &found {
            Some(p) if p.start.is_none() && !matches!(p.state, State::Zombie | State::Dead) => {}
            _ => return Ok(found),
        }
        if began.elapsed() > BUSY {
            return Ok(found);
        }
        std::thread::sleep(Duration::from_micros(50));
    }
}

/// In the table, such a process shows the start time of the one before it, since the kernel uses one buffer for all
/// (`sysctl_doeproc`): where they are equal, it is read again.
pub(crate) fn all() -> Result<Vec<Process>, Errno> {
    let (mut found, mut before) = (Vec::new(), 0);
    for raw in query(libc::KERN_PROC_ALL, 0)? {
        let doubtful = start(&raw) == before && !matches!(state(&raw), State::Zombie | State::Dead);
        before = start(&raw);
        found.extend(if doubtful { read(raw.p_pid)? } else { Some(process(&raw)) });
    }
    Ok(found)
}

fn lwps(pid: i32) -> Vec<Thread> {
    let mut name = [libc::CTL_KERN, libc::KERN_LWP, pid, size_of::<Thread>() as c_int, 0];
    array(&mut name, Some(4)).unwrap_or_default()
}

pub(crate) fn threads(pid: i32) -> Vec<(i32, State)> {
    lwps(pid).iter().map(|lwp| (lwp.l_lid, lwp_state(lwp.l_stat))).collect()
}

pub(crate) fn stop_of(pid: i32) -> StopState {
    stop_of_process(read(pid).ok().flatten().as_ref())
}

pub(crate) fn syscall_of(_: i32, _: i32) -> Option<i64> {
    None
}

fn shown(raw: &Thread) -> sysctl::Thread {
    sysctl::Thread { tid: raw.l_lid, state: lwp_state(raw.l_stat), channel: text(&raw.l_wmesg) }
}

pub(crate) fn asleep(pid: i32, tid: i32) -> Asleep {
    let raw = lwps(pid);
    let threads: Vec<_> = raw.iter().map(shown).collect();
    sysctl::asleep(&threads, tid)
}

/// How blocked calls are recognized, given `pid`, which is asleep.
pub(crate) fn blocked_method(pid: i32) -> &'static str {
    let raw = lwps(pid);
    let threads: Vec<_> = raw.iter().map(shown).collect();
    sysctl::blocked_method(&threads)
}
