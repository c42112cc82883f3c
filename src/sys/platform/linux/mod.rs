//! Linux: `/proc`, as described in proc(5).
//!
//! Files are read into stack buffers: the warden polls thousands of times a second.

use crate::sys::process_table::state::{Asleep, Process, State, StopState};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags, RawDir, openat, readlinkat_raw};
use rustix::io::Errno;
use std::io::Write as _;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// The name of this source in reports.
pub(crate) const TABLE: &str = "proc";

/// The system calls of the wait family: only a few old ABIs have a separate `waitpid`.
#[allow(clippy::unnecessary_cast, reason = "a c_long is an i32 on some processors")]
pub(crate) const WAIT_SYSCALLS: &[i64] = &[
    libc::SYS_wait4 as i64,
    libc::SYS_waitid as i64,
    #[cfg(any(
        target_arch = "x86",
        target_arch = "m68k",
        target_arch = "powerpc",
        target_arch = "powerpc64"
    ))]
    (libc::SYS_waitpid as i64),
];

/// Enough for every field of `/proc/PID/stat` in use: the name is at most 64 bytes, numbers at most 20.
type StatBuffer = [u8; 1024];

/// A path below `/proc`, on the stack.
struct Path {
    bytes: [u8; 64],
    len: usize,
}

impl Path {
    fn new(args: std::fmt::Arguments<'_>) -> Path {
        let mut path = Path { bytes: [0; 64], len: 0 };
        let mut rest = &mut path.bytes[..63];
        // The longest, /proc/PID/task/TID/syscall, is 42 bytes: it cannot be cut.
        let _ = rest.write_fmt(args);
        path.len = 63 - rest.len();
        path
    }

    fn as_c_str(&self) -> &std::ffi::CStr {
        std::ffi::CStr::from_bytes_with_nul(&self.bytes[..=self.len]).unwrap_or(c"")
    }
}

/// Opens a file below `dir`; `None` if the process is gone.
fn open(dir: impl AsFd, path: &std::ffi::CStr, flags: OFlags) -> Result<Option<OwnedFd>, Errno> {
    match openat(dir, path, flags | OFlags::CLOEXEC, Mode::empty()) {
        Ok(fd) => Ok(Some(fd)),
        Err(Errno::NOENT | Errno::SRCH) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Reads a file below `dir` up to the size of the buffer; `None` if the process is gone.
fn slurp<'b>(dir: impl AsFd, path: &std::ffi::CStr, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>, Errno> {
    let Some(file) = open(dir, path, OFlags::RDONLY)? else { return Ok(None) };
    loop {
        // One read returns all of such a file, or as much as fits.
        match rustix::io::read(&file, &mut *buffer) {
            Ok(n) => return Ok(Some(&buffer[..n])),
            Err(Errno::INTR) => {}
            Err(Errno::SRCH) => return Ok(None),
            Err(e) => return Err(e),
        }
    }
}

/// Whether the table can be used. 0: unknown, 1: yes, 2: no. Only one answer is possible, so a race is harmless.
static TRUSTED: AtomicU8 = AtomicU8::new(0);

/// Stops using the table from now on: it does not show the processes that exist.
pub(crate) fn distrust() {
    TRUSTED.store(2, Ordering::Relaxed);
}

/// Whether `/proc` is mounted and shows the pids of our namespace.
pub(crate) fn check_table() -> Result<(), Errno> {
    match TRUSTED.load(Ordering::Relaxed) {
        1 => return Ok(()),
        2 => return Err(Errno::NOSYS),
        _ => {}
    }
    let mut buffer = [MaybeUninit::uninit(); 32];
    let us = std::process::id();
    let trusted = match readlinkat_raw(CWD, c"/proc/self", &mut buffer) {
        Ok((link, _)) => std::str::from_utf8(link).ok().and_then(|s| s.parse().ok()) == Some(us),
        Err(_) => false,
    };
    TRUSTED.store(if trusted { 1 } else { 2 }, Ordering::Relaxed);
    if trusted { Ok(()) } else { Err(Errno::NOSYS) }
}

/// The `status` file of this process; `None` if the table does not show it.
pub(crate) fn own_status(buffer: &mut [u8; 4096]) -> Option<&[u8]> {
    // Works in a PID namespace of our own, too, with the outer `/proc`.
    slurp(CWD, c"/proc/self/status", buffer).ok()?
}

/// Whether this is an emulated program: found out once, and inherited by forks.
pub(crate) fn is_emulated() -> bool {
    // 0: unknown, 1: yes, 2: no. Only one answer is possible, so a race is harmless.
    static EMULATED: AtomicU8 = AtomicU8::new(0);
    match EMULATED.load(Ordering::Relaxed) {
        0 => {
            let emulated = looks_emulated();
            EMULATED.store(if emulated { 1 } else { 2 }, Ordering::Relaxed);
            emulated
        }
        found => found == 1,
    }
}

/// An emulator intercepts `/proc/self/exe`, but not a path relative to a descriptor.
fn looks_emulated() -> bool {
    let (mut linked, mut shown) = ([MaybeUninit::uninit(); 4096], [MaybeUninit::uninit(); 4096]);
    let dir = Path::new(format_args!("/proc/{}", std::process::id()));
    let Ok(Some(dir)) = open(CWD, dir.as_c_str(), OFlags::PATH | OFlags::DIRECTORY) else { return false };
    match (readlinkat_raw(CWD, c"/proc/self/exe", &mut linked), readlinkat_raw(&dir, c"exe", &mut shown)) {
        (Ok((linked, _)), Ok((shown, _))) => linked != shown,
        _ => false,
    }
}

fn state_of(letter: u8) -> State {
    match letter {
        b'R' => State::Running,
        b'S' => State::Sleeping,
        b'D' => State::DiskSleep,
        b'T' => State::Stopped,
        b't' => State::TracingStop,
        b'Z' => State::Zombie,
        b'X' | b'x' => State::Dead,
        other => State::Other(char::from(other)),
    }
}

/// Parses `/proc/PID/stat` into a [`Process`]; owner and tracer are in another file.
fn parse_stat(text: &[u8]) -> Option<Process> {
    let text = std::str::from_utf8(text).ok().or_else(|| {
        // The name may hold any bytes. All that follows is ASCII.
        let end = text.iter().rposition(|&b| b == b')')?;
        std::str::from_utf8(&text[end..]).ok()
    });
    // A name may hold spaces and parentheses; no later field does.
    let (_, fields) = text?.rsplit_once(") ")?;
    let mut fields = fields.split_ascii_whitespace();
    let state = state_of(*fields.next()?.as_bytes().first()?);
    // proc(5) counts from 1, and the state is field 3.
    let mut numbers = [0u64; 19];
    for (number, text) in numbers.iter_mut().zip(fields) {
        // Signed fields are represented by the bits of an i64.
        *number = text.parse::<i64>().map(|n| n as u64).or_else(|_| text.parse()).ok()?;
    }
    let field = |n: usize| numbers[n - 4];
    Some(Process {
        pid: 0,
        ppid: field(4) as i32,
        pgid: field(5) as i32,
        sid: field(6) as i32,
        state,
        threads: Some(field(20) as u32),
        tracer: None,
        traced: false,
        uid: 0,
        cpu: ticks(field(14) + field(15)),
        start: Some(field(22)),
    })
}

fn ticks(n: u64) -> Duration {
    // SAFETY: no memory is involved.
    let per_second = u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(0).max(1);
    Duration::from_secs(n / per_second) + Duration::from_nanos(n % per_second * 1_000_000_000 / per_second)
}

pub(crate) fn stat_of(pid: i32) -> Result<Option<Process>, Errno> {
    let mut buffer: StatBuffer = [0; 1024];
    let path = Path::new(format_args!("/proc/{pid}/stat"));
    let Some(text) = slurp(CWD, path.as_c_str(), &mut buffer)? else { return Ok(None) };
    Ok(parse_stat(text).map(|p| Process { pid, ..p }))
}

/// The first number of the field `name` in a `status` file.
fn status_field(text: &[u8], name: &str) -> Option<u64> {
    // Names can hold any byte, and the first line is the process's name, with line feeds escaped.
    text.split(|&b| b == b'\n').find_map(|line| {
        let rest = line.strip_prefix(name.as_bytes())?.strip_prefix(b":")?;
        std::str::from_utf8(rest).ok()?.split_ascii_whitespace().next()?.parse().ok()
    })
}

pub(crate) fn read(pid: i32) -> Result<Option<Process>, Errno> {
    check_table()?;
    // Both files through one directory, so that they belong to one process whatever happens to its pid.
    let dir = Path::new(format_args!("/proc/{pid}"));
    let Some(dir) = open(CWD, dir.as_c_str(), OFlags::PATH | OFlags::DIRECTORY)? else { return Ok(None) };
    let mut buffer: StatBuffer = [0; 1024];
    let Some(text) = slurp(&dir, c"stat", &mut buffer)? else { return Ok(None) };
    let Some(process) = parse_stat(text) else { return Ok(None) };
    let mut buffer = [0; 4096];
    let Some(status) = slurp(&dir, c"status", &mut buffer)? else { return Ok(None) };
    let tracer = status_field(status, "TracerPid").filter(|&pid| pid != 0).map(|pid| pid as i32);
    let uid = status_field(status, "Uid").unwrap_or(0) as u32;
    Ok(Some(Process { pid, tracer, traced: tracer.is_some(), uid, ..process }))
}

/// [`read`] without owner and tracer, unless the process is stopped or dead, when a tracer matters.
pub(crate) fn glance(pid: i32) -> Result<Option<Process>, Errno> {
    check_table()?;
    let Some(process) = stat_of(pid)? else { return Ok(None) };
    let letter = match process.state {
        State::Zombie => b'Z',
        State::Stopped => b'T',
        State::TracingStop => b't',
        _ => return Ok(Some(process)),
    };
    let mut buffer = [0; 4096];
    let path = Path::new(format_args!("/proc/{pid}/status"));
    let Some(status) = slurp(CWD, path.as_c_str(), &mut buffer)? else { return Ok(None) };
    // Two files without a common directory: both must describe the same process in the same state.
    let field = |name| status_field(status, name).map(|n| n as i32);
    let same = field("PPid") == Some(process.ppid) && status_letter(status) == Some(letter);
    if !same {
        return read(pid);
    }
    let tracer = field("TracerPid").filter(|&pid| pid != 0);
    let uid = status_field(status, "Uid").unwrap_or(0) as u32;
    Ok(Some(Process { tracer, traced: tracer.is_some(), uid, ..process }))
}

/// The letter of the state in a `status` file.
fn status_letter(text: &[u8]) -> Option<u8> {
    let line = text.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(b"State:"))?;
    line.iter().copied().find(|b| !b.is_ascii_whitespace())
}

/// Calls `found` with the number and inode of every numeric entry of a directory.
fn for_each_number(dir: &OwnedFd, mut found: impl FnMut(i32, u64)) -> Result<(), Errno> {
    let mut buffer = [MaybeUninit::uninit(); 8192];
    let mut entries = RawDir::new(dir, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            // The process behind the directory is gone.
            Err(Errno::NOENT | Errno::SRCH) => break,
            Err(e) => return Err(e),
        };
        if let Some(n) = entry.file_name().to_str().ok().and_then(|name| name.parse().ok()) {
            found(n, entry.ino());
        }
    }
    Ok(())
}

/// All pids, each with the inode of its directory.
pub(crate) fn pids() -> Result<Vec<(i32, u64)>, Errno> {
    check_table()?;
    let Some(dir) = open(CWD, c"/proc", OFlags::RDONLY | OFlags::DIRECTORY)? else {
        return Err(Errno::NOSYS);
    };
    let mut pids = Vec::new();
    for_each_number(&dir, |pid, inode| pids.push((pid, inode)))?;
    Ok(pids)
}

pub(crate) fn all() -> Result<Vec<Process>, Errno> {
    let mut processes = Vec::new();
    for (pid, _) in pids()? {
        processes.extend(read(pid)?);
    }
    Ok(processes)
}

/// The threads of a process; none if it is gone.
fn tasks(pid: i32) -> Result<Vec<i32>, Errno> {
    check_table()?;
    let path = Path::new(format_args!("/proc/{pid}/task"));
    let mut tids = Vec::new();
    if let Some(dir) = open(CWD, path.as_c_str(), OFlags::RDONLY | OFlags::DIRECTORY)? {
        for_each_number(&dir, |tid, _| tids.push(tid))?;
    }
    Ok(tids)
}

/// The children of a process, from the kernel's own lists; `NOENT` if there are none.
///
/// `threads`: the number of its threads, if known.
pub(crate) fn children(pid: i32, threads: Option<u32>) -> Result<Vec<i32>, Errno> {
    let tasks = if threads == Some(1) { vec![pid] } else { tasks(pid)? };
    let mut children = Vec::new();
    for tid in tasks {
        let path = Path::new(format_args!("/proc/{pid}/task/{tid}/children"));
        let Some(file) = open(CWD, path.as_c_str(), OFlags::RDONLY)? else {
            // The thread is gone, or there are no such lists.
            match task_state(pid, tid) {
                Some(_) => return Err(Errno::NOENT),
                None => continue,
            }
        };
        let mut text = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match rustix::io::read(&file, &mut buffer) {
                Ok(0) | Err(Errno::SRCH) => break,
                Ok(n) => text.extend_from_slice(&buffer[..n]),
                Err(Errno::INTR) => {}
                Err(e) => return Err(e),
            }
        }
        let words = text.split(u8::is_ascii_whitespace).filter_map(|word| std::str::from_utf8(word).ok());
        children.extend(words.filter_map(|word| word.parse::<i32>().ok()));
    }
    Ok(children)
}

fn task_state(pid: i32, tid: i32) -> Option<State> {
    let mut buffer: StatBuffer = [0; 1024];
    let path = Path::new(format_args!("/proc/{pid}/task/{tid}/stat"));
    let text = slurp(CWD, path.as_c_str(), &mut buffer).ok()??;
    Some(parse_stat(text)?.state)
}

pub(crate) fn threads(pid: i32) -> Vec<(i32, State)> {
    tasks(pid).unwrap_or_default().into_iter().filter_map(|tid| Some((tid, task_state(pid, tid)?))).collect()
}

pub(crate) fn stop_of(pid: i32) -> StopState {
    if check_table().is_err() {
        return StopState::No;
    }
    // Most are queried until they stop, and have one thread.
    let threads = match stat_of(pid) {
        Ok(Some(p)) if p.state == State::Stopped && p.threads == Some(1) => return StopState::Stopped,
        Ok(Some(p))
            if matches!(p.state, State::Stopped | State::TracingStop | State::Zombie | State::Dead) =>
        {
            threads(pid)
        }
        _ => return StopState::No,
    };
    let mut traced = false;
    let mut switches = 0;
    for &(tid, state) in &threads {
        match state {
            State::Stopped => {}
            State::TracingStop => {
                let mut buffer = [0; 4096];
                let path = Path::new(format_args!("/proc/{pid}/task/{tid}/status"));
                let Ok(Some(status)) = slurp(CWD, path.as_c_str(), &mut buffer) else { return StopState::No };
                // Without a tracer, it is a thread leaving a stop that a tracer left behind.
                if status_field(status, "TracerPid").unwrap_or(0) == 0 {
                    return StopState::No;
                }
                traced = true;
                switches += status_field(status, "voluntary_ctxt_switches").unwrap_or(0)
                    + status_field(status, "nonvoluntary_ctxt_switches").unwrap_or(0);
            }
            // An exited leader stays in the list next to stopped threads.
            State::Zombie | State::Dead if threads.len() > 1 => {}
            _ => return StopState::No,
        }
    }
    match (threads.is_empty(), traced) {
        (true, _) => StopState::No,
        (false, false) => StopState::Stopped,
        (false, true) => StopState::Traced { switches },
    }
}

/// The content of `/proc/PID/task/TID/syscall`.
enum InCall {
    /// Asleep in the system call of this number, or in none (-1, a page fault).
    Number(i64),
    Running,
    Unreadable,
}

fn in_call(pid: i32, tid: i32) -> InCall {
    let mut buffer = [0; 256];
    let path = Path::new(format_args!("/proc/{pid}/task/{tid}/syscall"));
    let text = match check_table().and_then(|()| slurp(CWD, path.as_c_str(), &mut buffer)) {
        Ok(Some(text)) => std::str::from_utf8(text).unwrap_or(""),
        _ => return InCall::Unreadable,
    };
    match text.split_ascii_whitespace().next() {
        Some("running") => InCall::Running,
        Some(word) => word.parse().map_or(InCall::Unreadable, InCall::Number),
        None => InCall::Unreadable,
    }
}

/// The value of a line of `/proc/PID/status`.
fn status_line(pid: i32, key: &str) -> Option<String> {
    let path = Path::new(format_args!("/proc/{pid}/status"));
    let mut buffer = [0; 4096];
    let text = slurp(CWD, path.as_c_str(), &mut buffer).ok().flatten()?;
    let text = String::from_utf8_lossy(text).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

pub(crate) fn caught_signals(pid: i32) -> Option<Vec<i32>> {
    let set = |key| u64::from_str_radix(&status_line(pid, key)?, 16).ok();
    let set = set("SigCgt")? | set("SigBlk")?;
    Some((1..=64).filter(|signal| set >> (signal - 1) & 1 == 1).collect())
}

pub(crate) fn resident_bytes(pid: i32) -> Option<u64> {
    let size = status_line(pid, "VmRSS")?;
    size.strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

pub(crate) fn descriptors(pid: i32) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count())
}

pub(crate) fn voluntary_switches(pid: i32, tid: i32) -> Option<u64> {
    let mut buffer = [0; 4096];
    let path = Path::new(format_args!("/proc/{pid}/task/{tid}/status"));
    status_field(slurp(CWD, path.as_c_str(), &mut buffer).ok()??, "voluntary_ctxt_switches")
}

pub(crate) fn syscall_of(pid: i32, tid: i32) -> Option<i64> {
    match in_call(pid, tid) {
        InCall::Number(n) if n >= 0 => Some(n),
        _ => None,
    }
}

pub(crate) fn asleep(pid: i32, tid: i32) -> Asleep {
    let call = in_call(pid, tid);
    if matches!(call, InCall::Running) {
        return Asleep::Awake;
    }
    // The file also shows the system call of a thread stopped inside it.
    if check_table().is_err() {
        return Asleep::Unknown;
    }
    match (task_state(pid, tid), call) {
        (Some(State::Sleeping), InCall::Number(n)) if WAIT_SYSCALLS.contains(&n) => Asleep::InWait,
        // An uninterruptible sleep is waiting for a disk: a page of the program, perhaps.
        (Some(State::Sleeping), _) => Asleep::InOtherCall,
        (Some(_), _) => Asleep::Awake,
        (None, _) => Asleep::Unknown,
    }
}

/// How blocked calls are recognized, given `pid`, which is asleep.
pub(crate) fn blocked_method(pid: i32) -> &'static str {
    if syscall_of(pid, pid).is_some() { "syscall" } else { "state" }
}

#[cfg(test)]
mod tests;
