//! macOS: `proc_pidinfo` (libproc).

use crate::sys::process::{last_errno, session_of};
use crate::sys::process_table::state::{Asleep, Process, State, StopState, stop_of_process};
use libc::{c_int, c_void};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::time::Duration;

/// The name of this source in reports.
pub(crate) const TABLE: &str = "proc_pidinfo";

/// System calls are not visible.
pub(crate) const WAIT_SYSCALLS: &[i64] = &[];

// sys/proc_info.h, which libc 0.2 leaves out: a bit of `pbi_flags`.
const PROC_FLAG_TRACED: u32 = 2;

/// Queries a structure of numbers; `None` if there is no such process.
///
/// # Safety
/// `T` must be the structure of this flavor, made of numbers and arrays of them.
unsafe fn info<T>(pid: i32, flavor: c_int, argument: u64) -> Result<Option<T>, Errno> {
    let mut raw = MaybeUninit::<T>::zeroed();
    let size = size_of::<T>() as c_int;
    // SAFETY: a buffer of that size.
    let got = unsafe { libc::proc_pidinfo(pid, flavor, argument, raw.as_mut_ptr().cast::<c_void>(), size) };
    if got == size {
        // SAFETY: written as far as it goes; the rest is zero.
        return Ok(Some(unsafe { raw.assume_init() }));
    }
    match last_errno() {
        Errno::SRCH => Ok(None),
        e => Err(e),
    }
}

fn time(mach_units: u64) -> Duration {
    // mach/mach_time.h; libc 0.2 declares it, but refers to another crate for it.
    #[repr(C)]
    #[derive(Copy, Clone)]
    struct Timebase {
        numerator: u32,
        denominator: u32,
    }
    unsafe extern "C" {
        fn mach_timebase_info(info: *mut Timebase) -> c_int;
    }
    let mut scale = Timebase { numerator: 1, denominator: 1 };
    // SAFETY: the structure that the call fills; on failure it stays as it is.
    unsafe { mach_timebase_info(&mut scale) };
    let nanoseconds =
        u128::from(mach_units) * u128::from(scale.numerator) / u128::from(scale.denominator.max(1));
    Duration::from_nanos(nanoseconds as u64)
}

fn tasks(pid: i32) -> Option<libc::proc_taskinfo> {
    // SAFETY: the structure of that flavor.
    unsafe { info(pid, libc::PROC_PIDTASKINFO, 0) }.ok().flatten()
}

pub(crate) fn read(pid: i32) -> Result<Option<Process>, Errno> {
    // An argument of 1 asks for zombies, too.
    // SAFETY: the structure of that flavor.
    let basic: Option<libc::proc_bsdinfo> = unsafe { info(pid, libc::PROC_PIDTBSDINFO, 1) }?;
    let Some(basic) = basic else { return Ok(None) };
    let tasks = tasks(pid);
    let state = match basic.pbi_status {
        // The kernel reports every process that is neither stopped nor dead as running.
        libc::SRUN | libc::SSLEEP => match tasks {
            Some(t) if t.pti_numrunning == 0 => State::Sleeping,
            _ => State::Running,
        },
        libc::SSTOP => State::Stopped,
        libc::SZOMB => State::Zombie,
        other => State::Other(char::from(b'0'.wrapping_add(other as u8))),
    };
    let sid = session_of(pid).unwrap_or(0);
    Ok(Some(Process {
        pid,
        ppid: basic.pbi_ppid as i32,
        pgid: basic.pbi_pgid as i32,
        sid,
        state,
        threads: tasks.map(|t| t.pti_threadnum as u32),
        tracer: None,
        traced: basic.pbi_flags & PROC_FLAG_TRACED != 0,
        uid: basic.pbi_ruid,
        cpu: tasks.map_or(Duration::ZERO, |t| time(t.pti_total_user + t.pti_total_system)),
        start: Some(basic.pbi_start_tvsec.wrapping_mul(1_000_000).wrapping_add(basic.pbi_start_tvusec)),
    }))
}

pub(crate) fn all() -> Result<Vec<Process>, Errno> {
    let mut pids: Vec<i32> = vec![0; 1024];
    loop {
        let bytes = (pids.len() * size_of::<i32>()) as c_int;
        // SAFETY: a buffer of that size.
        let count = unsafe { libc::proc_listallpids(pids.as_mut_ptr().cast(), bytes) };
        if count < 0 {
            return Err(last_errno());
        }
        if (count as usize) < pids.len() {
            pids.truncate(count as usize);
            break;
        }
        pids = vec![0; pids.len() * 2];
    }
    let mut processes = Vec::new();
    for pid in pids {
        // Another user's process may be inaccessible.
        if let Ok(Some(process)) = read(pid) {
            processes.push(process);
        }
    }
    Ok(processes)
}

/// Threads have no id that is meaningful to another process.
pub(crate) fn threads(pid: i32) -> Vec<(i32, State)> {
    match read(pid) {
        Ok(Some(process)) => vec![(pid, process.state)],
        _ => Vec::new(),
    }
}

pub(crate) fn stop_of(pid: i32) -> StopState {
    stop_of_process(read(pid).ok().flatten().as_ref())
}

pub(crate) fn syscall_of(_: i32, _: i32) -> Option<i64> {
    None
}

pub(crate) fn asleep(pid: i32, _: i32) -> Asleep {
    match read(pid) {
        Ok(Some(p)) if p.state.is_asleep() => Asleep::InOtherCall,
        Ok(Some(_)) => Asleep::Awake,
        _ => Asleep::Unknown,
    }
}

/// How blocked calls are recognized.
pub(crate) fn blocked_method(_: i32) -> &'static str {
    "state"
}
