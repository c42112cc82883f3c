//! `sysctl(3)` on the BSDs: arrays of structures.

use crate::sys::process::last_errno;
use crate::sys::process_table::state::{Asleep, State};
use libc::{c_int, c_void};
use rustix::io::Errno;
use std::mem::MaybeUninit;

/// A structure of numbers, arrays of numbers and pointers, valid for every bit pattern.
///
/// # Safety
/// Implementors guarantee just that.
pub(crate) unsafe trait Plain: Copy {}

/// Queries an array of `T`; empty if there is nothing (or no process) of this name.
///
/// # Errors
/// Those of the system; `ENOSYS` if its structure differs in size from ours, so that it would be misread.
pub(crate) fn array<T: Plain>(name: &mut [c_int], count_at: Option<usize>) -> Result<Vec<T>, Errno> {
    let size = size_of::<T>();
    loop {
        let mut bytes = 0;
        if let Some(at) = count_at {
            name[at] = 0;
        }
        match ask(name, std::ptr::null_mut(), &mut bytes) {
            Ok(()) => {}
            Err(Errno::SRCH) => return Ok(Vec::new()),
            Err(e) => return Err(e),
        }
        // The answer may have grown by the time of the second query.
        let room = bytes / size + 16;
        let mut items: Vec<MaybeUninit<T>> = Vec::with_capacity(room);
        if let Some(at) = count_at {
            name[at] = room as c_int;
        }
        let mut bytes = room * size;
        match ask(name, items.as_mut_ptr().cast(), &mut bytes) {
            Ok(()) => {}
            Err(Errno::NOMEM) => continue,
            Err(Errno::SRCH) => return Ok(Vec::new()),
            Err(e) => return Err(e),
        }
        if bytes % size != 0 {
            return Err(Errno::NOSYS);
        }
        // SAFETY: the system wrote that many bytes, at most as many as there is room for.
        unsafe { items.set_len(bytes / size) };
        // SAFETY: each is written, and any bytes are a value of a Plain type.
        return Ok(items.into_iter().map(|item| unsafe { item.assume_init() }).collect());
    }
}

fn ask(name: &[c_int], buffer: *mut c_void, bytes: &mut usize) -> Result<(), Errno> {
    // SAFETY: a name of that length, and a buffer of `bytes` bytes, or null to ask how many there would be.
    let returned =
        unsafe { libc::sysctl(name.as_ptr(), name.len() as _, buffer, bytes, std::ptr::null_mut(), 0) };
    if returned == 0 { Ok(()) } else { Err(last_errno()) }
}

/// The C string in an array.
pub(crate) fn text(chars: &[libc::c_char]) -> Vec<u8> {
    chars.iter().take_while(|&&c| c != 0).map(|&c| c as u8).collect()
}

/// A thread, and the wait channel that it sleeps on; empty if it is awake or the system does not show it.
pub(crate) struct Thread {
    /// Its id.
    pub(crate) tid: i32,
    /// Its state.
    pub(crate) state: State,
    /// The name of its wait channel.
    pub(crate) channel: Vec<u8>,
}

/// The wait channels of wait calls: `kern_wait6` and `kern_pdwait` of FreeBSD, `kern_wait` of DragonFly, `do_sys_waitid`
/// (`p_waitcv`) of NetBSD, `dowait6` of OpenBSD.
const WAIT_CHANNELS: [&[u8]; 2] = [b"wait", b"pdwait"];

/// Whether thread `tid` of a process with these threads sleeps in a wait call.
pub(crate) fn asleep(threads: &[Thread], tid: i32) -> Asleep {
    // In a single-threaded process the thread may identify itself by the pid.
    let thread = threads.iter().find(|thread| thread.tid == tid).or(match threads {
        [only] => Some(only),
        _ => None,
    });
    match thread {
        None => Asleep::Unknown,
        Some(thread) if !thread.state.is_asleep() => Asleep::Awake,
        Some(thread) if WAIT_CHANNELS.contains(&thread.channel.as_slice()) => Asleep::InWait,
        Some(_) => Asleep::InOtherCall,
    }
}

/// How blocked calls are recognized in a process with these threads, which is asleep.
pub(crate) fn blocked_method(threads: &[Thread]) -> &'static str {
    if threads.iter().any(|thread| !thread.channel.is_empty()) { "wmesg" } else { "state" }
}
