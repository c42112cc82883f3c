//! Dispositions, masks and the record of deliveries.
//!
//! One handler serves all signals. It is async-signal-safe and lock-free: it increments counters and writes to a
//! fixed-size ring, so it may interrupt any code, including itself on another thread.

use super::process::{check, last_errno};
use libc::c_int;
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

mod reset;

pub use reset::{know_dispositions, others_may_change, reset_all};

/// The highest signal number of this system.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub const LAST: i32 = if cfg!(any(target_arch = "mips", target_arch = "mips64")) { 127 } else { 64 };
/// The highest signal number of this system.
#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
pub const LAST: i32 = 126;
/// The highest signal number of this system.
#[cfg(target_os = "netbsd")]
pub const LAST: i32 = 63;
/// The highest signal number of this system.
#[cfg(target_os = "openbsd")]
pub const LAST: i32 = 32;
/// The highest signal number of this system.
#[cfg(target_os = "macos")]
pub const LAST: i32 = 31;
/// The highest signal number of this system, or one above it.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "macos"
)))]
pub const LAST: i32 = 64;

/// The action of a signal.
#[derive(Copy, Clone, Debug)]
pub enum Action {
    /// `SIG_DFL`
    Default,
    /// `SIG_IGN`
    Ignore,
    /// Counts deliveries.
    Count,
    /// Counts deliveries and records their siginfo.
    Record,
    /// Counts, records, and then runs the function inside the handler: it must be async-signal-safe.
    Hook(fn(i32)),
}

/// The flags of `sigaction`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    /// `SA_RESTART`
    pub restart: bool,
    /// `SA_NOCLDSTOP`
    pub nocldstop: bool,
    /// `SA_NOCLDWAIT`
    pub nocldwait: bool,
    /// Other flags.
    pub other: i32,
}

/// One delivered signal, with the host's values.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// `si_signo`
    pub signo: i32,
    /// `si_code`
    pub code: i32,
    /// `si_pid`
    pub pid: i32,
    /// `si_uid`
    pub uid: u32,
    /// `si_status`; meaningful for `SIGCHLD` only.
    pub status: i32,
}

/// The capacity of the ring; older records are overwritten, but still counted.
pub const RING: usize = 1024;

/// A slot of the ring.
struct Slot {
    /// The number of its record, from 1; 0 while it is being written.
    serial: AtomicUsize,
    signo: AtomicI32,
    code: AtomicI32,
    pid: AtomicI32,
    uid: AtomicU32,
    status: AtomicI32,
}

static SLOTS: [Slot; RING] = [const {
    Slot {
        serial: AtomicUsize::new(0),
        signo: AtomicI32::new(0),
        code: AtomicI32::new(0),
        pid: AtomicI32::new(0),
        uid: AtomicU32::new(0),
        status: AtomicI32::new(0),
    }
}; RING];
/// The number of records begun so far.
static WRITTEN: AtomicUsize = AtomicUsize::new(0);
/// The number of records taken or dropped.
static TAKEN: AtomicUsize = AtomicUsize::new(0);
/// Deliveries of each signal since the process started.
static COUNTS: [AtomicUsize; LAST as usize + 1] = [const { AtomicUsize::new(0) }; LAST as usize + 1];
/// Deliveries of all signals, and how many of them [`take_records`] has reported.
static DELIVERED: AtomicUsize = AtomicUsize::new(0);
static TOLD: AtomicUsize = AtomicUsize::new(0);
/// The hook of each signal; null for none, [`COUNT_ONLY`] for not even a record.
static HOOKS: [AtomicPtr<()>; LAST as usize + 1] =
    [const { AtomicPtr::new(std::ptr::null_mut()) }; LAST as usize + 1];

/// Stands for [`Action::Count`] in [`HOOKS`]; never called.
fn count_only(_: i32) {}

/// `errno` of this thread.
fn errno() -> *mut c_int {
    #[cfg(any(target_os = "linux", target_os = "dragonfly"))]
    // SAFETY: no arguments; valid as long as the thread.
    return unsafe { libc::__errno_location() };
    #[cfg(any(target_os = "netbsd", target_os = "openbsd", target_os = "android"))]
    // SAFETY: as above.
    return unsafe { libc::__errno() };
    #[cfg(any(target_os = "illumos", target_os = "solaris"))]
    // SAFETY: as above.
    return unsafe { libc::___errno() };
    #[cfg(any(target_os = "freebsd", target_vendor = "apple"))]
    // SAFETY: as above.
    return unsafe { libc::__error() };
    #[cfg(target_os = "haiku")]
    // SAFETY: as above.
    return unsafe { libc::_errnop() };
}

extern "C" fn handler(signo: c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    // SAFETY: the thread's own errno, which the interrupted code may be about to read.
    let saved = unsafe { *errno() };
    DELIVERED.fetch_add(1, Ordering::Relaxed);
    let index = signo as usize;
    if let (Some(count), Some(hook)) = (COUNTS.get(index), HOOKS.get(index)) {
        count.fetch_add(1, Ordering::Release);
        let hook = hook.load(Ordering::Acquire);
        if hook != count_only as fn(i32) as *mut () {
            // SAFETY: SA_SIGINFO: the system passes a siginfo_t. The accessors read its words whatever they mean.
            let record = unsafe {
                Record {
                    signo: (*info).si_signo,
                    code: (*info).si_code,
                    pid: (*info).si_pid(),
                    uid: (*info).si_uid(),
                    status: (*info).si_status(),
                }
            };
            write(record);
            if !hook.is_null() {
                // SAFETY: only set_action writes here, and only null or a `fn(i32)`.
                let hook: fn(i32) = unsafe { std::mem::transmute::<*mut (), fn(i32)>(hook) };
                hook(signo);
            }
        }
    }
    // SAFETY: as above.
    unsafe { *errno() = saved };
}

fn write(record: Record) {
    let serial = WRITTEN.fetch_add(1, Ordering::AcqRel);
    let slot = &SLOTS[serial % RING];
    slot.serial.store(0, Ordering::Release);
    slot.signo.store(record.signo, Ordering::Relaxed);
    slot.code.store(record.code, Ordering::Relaxed);
    slot.pid.store(record.pid, Ordering::Relaxed);
    slot.uid.store(record.uid, Ordering::Relaxed);
    slot.status.store(record.status, Ordering::Relaxed);
    slot.serial.store(serial + 1, Ordering::Release);
}

/// How many times the handler ran for a signal since the process started.
pub fn count(signal: i32) -> usize {
    usize::try_from(signal).ok().and_then(|i| COUNTS.get(i)).map_or(0, |c| c.load(Ordering::Acquire))
}

/// How many times the handler ran since the last call, for all signals, and the records since then, oldest first.
///
/// For one thread at a time, outside handlers. There may be fewer records than deliveries: counted signals have none,
/// and the ring keeps only the last [`RING`].
pub fn take_records() -> (usize, Vec<Record>) {
    let delivered = DELIVERED.load(Ordering::Acquire);
    let count = delivered.wrapping_sub(TOLD.swap(delivered, Ordering::AcqRel));
    let end = WRITTEN.load(Ordering::Acquire);
    let mut next = TAKEN.load(Ordering::Acquire).max(end.saturating_sub(RING));
    let mut records = Vec::new();
    while next < end {
        let slot = &SLOTS[next % RING];
        let serial = slot.serial.load(Ordering::Acquire);
        if serial <= next {
            // A handler on another thread is about to finish it: it is returned by the next call.
            break;
        }
        let record = Record {
            signo: slot.signo.load(Ordering::Relaxed),
            code: slot.code.load(Ordering::Relaxed),
            pid: slot.pid.load(Ordering::Relaxed),
            uid: slot.uid.load(Ordering::Relaxed),
            status: slot.status.load(Ordering::Relaxed),
        };
        std::sync::atomic::fence(Ordering::Acquire);
        // A record that was overwritten in the meantime is lost.
        if serial == next + 1 && slot.serial.load(Ordering::Relaxed) == serial {
            records.push(record);
        }
        next += 1;
    }
    TAKEN.store(next, Ordering::Release);
    (count, records)
}

/// `sigaction`.
///
/// # Errors
/// `EINVAL` for an invalid number, `SIGKILL`, `SIGSTOP`, or one the C library reserves.
pub fn set_action(signal: i32, action: Action, flags: Flags) -> Result<(), Errno> {
    let hook = usize::try_from(signal).ok().and_then(|i| HOOKS.get(i)).ok_or(Errno::INVAL)?;
    // SAFETY: a struct sigaction is numbers and pointers, for all of which zero is a value.
    let mut raw: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    raw.sa_sigaction = match action {
        Action::Default => libc::SIG_DFL,
        Action::Ignore => libc::SIG_IGN,
        Action::Count | Action::Record | Action::Hook(_) => handler as *const () as usize,
    };
    for (on, flag) in [
        (!matches!(action, Action::Default | Action::Ignore), libc::SA_SIGINFO),
        (flags.restart, libc::SA_RESTART),
        (flags.nocldstop, libc::SA_NOCLDSTOP),
        (flags.nocldwait, libc::SA_NOCLDWAIT),
    ] {
        if on {
            raw.sa_flags |= flag;
        }
    }
    raw.sa_flags |= flags.other;
    raw.sa_mask = empty();
    let run = match action {
        Action::Default | Action::Ignore | Action::Record => std::ptr::null_mut(),
        Action::Count => count_only as fn(i32) as *mut (),
        Action::Hook(hook) => hook as *mut (),
    };
    reset::note(signal, !matches!(action, Action::Default) || flags != Flags::default());
    // Set first: a signal may arrive before the call returns.
    let before = hook.swap(run, Ordering::AcqRel);
    // SAFETY: a filled struct; the handler is async-signal-safe and lives as long as the program.
    check(unsafe { libc::sigaction(signal, &raw, std::ptr::null_mut()) }).inspect_err(|_| {
        hook.store(before, Ordering::Release);
    })
}

/// Whether a signal is ignored; `None` if its disposition cannot be read.
pub fn is_ignored(signal: i32) -> Option<bool> {
    let mut raw = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the buffer is a struct sigaction, and zero is a value of each of its fields.
    let raw = unsafe {
        if libc::sigaction(signal, std::ptr::null(), raw.as_mut_ptr()) != 0 {
            return None;
        }
        raw.assume_init()
    };
    Some(raw.sa_sigaction == libc::SIG_IGN)
}

/// The empty set.
fn empty() -> libc::sigset_t {
    let mut set = MaybeUninit::zeroed();
    // SAFETY: sigemptyset initializes it; and a sigset_t is numbers, for which zero is a value.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    }
}

/// The members of a set.
fn members(set: &libc::sigset_t) -> Vec<i32> {
    // SAFETY: a set; a number that is not a signal gives -1.
    (1..=LAST).filter(|&signal| unsafe { libc::sigismember(set, signal) } == 1).collect()
}

fn change_mask(how: c_int, signal: i32) -> Result<(), Errno> {
    let mut set = empty();
    // SAFETY: a set of ours.
    check(unsafe { libc::sigaddset(&mut set, signal) })?;
    set_mask(how, &set).map(drop)
}

/// Changes the calling thread's mask; returns the old one.
fn set_mask(how: c_int, set: &libc::sigset_t) -> Result<libc::sigset_t, Errno> {
    let mut old = empty();
    // SAFETY: two sets.
    match unsafe { libc::pthread_sigmask(how, set, &mut old) } {
        0 => Ok(old),
        error => Err(Errno::from_raw_os_error(error)),
    }
}

/// Blocks a signal in the calling thread.
///
/// # Errors
/// `EINVAL` for an invalid signal number.
pub fn block(signal: i32) -> Result<(), Errno> {
    change_mask(libc::SIG_BLOCK, signal)
}

/// Unblocks a signal in the calling thread.
///
/// # Errors
/// `EINVAL` for an invalid signal number.
pub fn unblock(signal: i32) -> Result<(), Errno> {
    change_mask(libc::SIG_UNBLOCK, signal)
}

/// Blocks every signal that can be blocked in the calling thread.
pub fn block_all() {
    let mut set = empty();
    // SAFETY: a set of ours.
    unsafe { libc::sigfillset(&mut set) };
    // Cannot fail for a valid `how`.
    let _ = set_mask(libc::SIG_SETMASK, &set);
}

/// The signals blocked by the calling thread.
pub fn blocked() -> Vec<i32> {
    set_mask(libc::SIG_BLOCK, &empty()).map_or(Vec::new(), |set| members(&set))
}

/// The signals pending for the calling thread or the process.
pub fn pending() -> Vec<i32> {
    let mut set = empty();
    // SAFETY: a set of ours.
    unsafe { libc::sigpending(&mut set) };
    members(&set)
}

/// Accepts a signal the calling thread blocks, with a timeout: `sigtimedwait`.
///
/// # Errors
/// `EAGAIN` on timeout; `ENOSYS` if the system has no such call (macOS, OpenBSD).
pub fn wait_for(signal: i32, within: std::time::Duration) -> Result<Record, Errno> {
    #[cfg(not(any(target_vendor = "apple", target_os = "openbsd")))]
    {
        let mut set = empty();
        // SAFETY: a set of ours.
        check(unsafe { libc::sigaddset(&mut set, signal) })?;
        let mut raw = MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: a structure of numbers, for all of which zero is a value.
        let mut time: libc::timespec = unsafe { MaybeUninit::zeroed().assume_init() };
        time.tv_sec = within.as_secs() as _;
        // SAFETY: a set, a structure to be filled and a time, all of ours.
        check(unsafe { libc::sigtimedwait(&set, raw.as_mut_ptr(), &time) })?;
        // SAFETY: zero is a value of each field, and the call filled it.
        let raw = unsafe { raw.assume_init() };
        let (pid, uid, status) = super::call::memory::child_of(&raw);
        Ok(Record { signo: raw.si_signo, code: raw.si_code, pid, uid, status })
    }
    #[cfg(any(target_vendor = "apple", target_os = "openbsd"))]
    {
        let _ = (signal, within);
        Err(Errno::NOSYS)
    }
}

/// [`wait_for`] through a `signalfd`.
///
/// # Errors
/// `EAGAIN` on timeout; `ENOSYS` except on Linux.
pub fn read_from_fd(signal: i32, within: std::time::Duration) -> Result<Record, Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        use rustix::fd::{FromRawFd, OwnedFd};
        let mut set = empty();
        // SAFETY: a set of ours.
        check(unsafe { libc::sigaddset(&mut set, signal) })?;
        // SAFETY: a set of ours.
        let fd = unsafe { libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        check(fd)?;
        // SAFETY: a descriptor that was just opened, and is ours alone.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let time = Timespec { tv_sec: within.as_secs() as _, tv_nsec: 0 };
        poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&time))?;
        let mut raw = [0; size_of::<libc::signalfd_siginfo>()];
        rustix::io::read(&fd, &mut raw)?;
        // SAFETY: the structure is numbers only and may be read from any bytes of its size.
        let raw: libc::signalfd_siginfo =
            unsafe { raw.as_ptr().cast::<libc::signalfd_siginfo>().read_unaligned() };
        Ok(Record {
            signo: raw.ssi_signo.cast_signed(),
            code: raw.ssi_code,
            pid: raw.ssi_pid.cast_signed(),
            uid: raw.ssi_uid,
            status: raw.ssi_status,
        })
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (signal, within);
        Err(Errno::NOSYS)
    }
}

/// Sends a signal to the calling thread; if unblocked, it is delivered before this returns.
///
/// # Errors
/// `EINVAL` for an invalid signal number.
pub fn raise(signal: i32) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // The system call also accepts the numbers the C library reserves (32 and 33).
    // SAFETY: numbers only.
    return match unsafe {
        libc::syscall(libc::SYS_tgkill, super::process::pid(), super::process::thread_id(), signal)
    } {
        // If no more signals can be queued, kill still sends a real-time signal, without its sender.
        -1 if last_errno() == Errno::AGAIN => super::process::kill(super::process::pid(), signal),
        -1 => Err(last_errno()),
        _ => Ok(()),
    };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    // SAFETY: a number only.
    return if unsafe { libc::raise(signal) } == 0 { Ok(()) } else { Err(last_errno()) };
}

/// `kill(getpid(), signal)`: sends a signal to this process.
///
/// # Errors
/// `EINVAL` for an invalid signal number.
pub fn kill_self(signal: i32) -> Result<(), Errno> {
    super::process::kill(super::process::pid(), signal)
}

#[cfg(test)]
mod tests;
