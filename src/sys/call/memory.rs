//! The structures a wait call fills, field by field, and the poisoned buffers that reveal what was written.

use std::mem::MaybeUninit;

use super::abi::{Info, Memory, Pointer, Usage};
use super::hostile;

/// The byte that fills a buffer before a call.
pub(crate) const POISON: u8 = 0xA5;
/// The byte that follows a buffer.
const CANARY: u8 = 0x5C;
/// The number of bytes checked after a buffer: more than any field a call of the wrong ABI would add.
const WATCHED: usize = 256;

/// The Linux kernel's `struct rusage`, all of whose members are `long`.
///
/// Identical to the C library's on 64-bit machines; on 32-bit machines a C library with a 64-bit `time_t` has another.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub(crate) type KernelRusage = libc::rusage;

/// The Linux kernel's `struct rusage`, all of whose members are `long` (64 bits in the x32 ABI).
#[cfg(all(target_os = "linux", not(target_pointer_width = "64")))]
#[repr(C)]
#[allow(missing_docs)]
pub(crate) struct KernelRusage {
    ru_utime: KernelTime,
    ru_stime: KernelTime,
    ru_maxrss: KernelLong,
    _memory: [KernelLong; 3],
    ru_minflt: KernelLong,
    ru_majflt: KernelLong,
    _nswap: KernelLong,
    ru_inblock: KernelLong,
    ru_oublock: KernelLong,
    _messages: [KernelLong; 3],
    ru_nvcsw: KernelLong,
    ru_nivcsw: KernelLong,
}

#[cfg(all(target_os = "linux", not(target_pointer_width = "64")))]
#[repr(C)]
struct KernelTime {
    tv_sec: KernelLong,
    tv_usec: KernelLong,
}

#[cfg(all(target_os = "linux", not(target_pointer_width = "64"), target_arch = "x86_64"))]
type KernelLong = i64;
#[cfg(all(target_os = "linux", not(target_pointer_width = "64"), not(target_arch = "x86_64")))]
type KernelLong = libc::c_long;

/// `struct __wrusage` (FreeBSD, DragonFly), `struct wrusage` (NetBSD): the child's usage, and that of its reaped children.
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
#[repr(C)]
pub(crate) struct WRusage {
    pub own: libc::rusage,
    pub children: libc::rusage,
}

/// The number, unless each of its bytes is still poison.
macro_rules! written {
    ($number:expr) => {{
        let number = $number;
        if number.to_ne_bytes().iter().all(|&byte| byte == POISON) { None } else { Some(number as i64) }
    }};
}

macro_rules! usage {
    ($usage:expr) => {{
        let usage = $usage;
        let microseconds = |seconds: Option<i64>, rest: Option<i64>| {
            Some(seconds?.saturating_mul(1_000_000).saturating_add(rest?))
        };
        Usage {
            utime_us: microseconds(written!(usage.ru_utime.tv_sec), written!(usage.ru_utime.tv_usec)),
            stime_us: microseconds(written!(usage.ru_stime.tv_sec), written!(usage.ru_stime.tv_usec)),
            maxrss: written!(usage.ru_maxrss),
            minflt: written!(usage.ru_minflt),
            majflt: written!(usage.ru_majflt),
            inblock: written!(usage.ru_inblock),
            oublock: written!(usage.ru_oublock),
            nvcsw: written!(usage.ru_nvcsw),
            nivcsw: written!(usage.ru_nivcsw),
            others: others_of(usage),
            irregular: [written!(usage.ru_utime.tv_usec), written!(usage.ru_stime.tv_usec)]
                .into_iter()
                .map(|rest| rest.map(|us| i64::from(!(0..1_000_000).contains(&us))))
                .sum(),
        }
    }};
}

/// The sum of the usage fields that only some systems maintain.
trait Others {
    fn others(&self) -> [Option<i64>; 7];
}

fn others_of<T: Others>(usage: &T) -> Option<i64> {
    usage.others().into_iter().try_fold(0_i64, |sum, field| Some(sum.saturating_add(field?.saturating_abs())))
}

impl Others for libc::rusage {
    #[allow(clippy::unnecessary_cast, reason = "the widths of the numbers differ between systems")]
    fn others(&self) -> [Option<i64>; 7] {
        [
            written!(self.ru_ixrss),
            written!(self.ru_idrss),
            written!(self.ru_isrss),
            written!(self.ru_nswap),
            written!(self.ru_msgsnd),
            written!(self.ru_msgrcv),
            written!(self.ru_nsignals),
        ]
    }
}

#[cfg(all(target_os = "linux", not(target_pointer_width = "64")))]
impl Others for KernelRusage {
    #[allow(clippy::unnecessary_cast, reason = "the widths of the numbers differ between systems")]
    fn others(&self) -> [Option<i64>; 7] {
        let ([a, b, c], [d, e, f]) = (self._memory, self._messages);
        [a, b, c, self._nswap, d, e, f].map(|number| written!(number))
    }
}

/// The written fields of the C library's structure.
#[allow(clippy::unnecessary_cast, reason = "the widths of the numbers differ between systems")]
pub(crate) fn usage_of(usage: &libc::rusage) -> Usage {
    usage!(usage)
}

/// The written fields of the kernel's structure.
#[cfg(target_os = "linux")]
#[allow(clippy::unnecessary_cast, reason = "the widths of the numbers differ between systems")]
pub(crate) fn kernel_usage_of(usage: &KernelRusage) -> Usage {
    usage!(usage)
}

/// The kernel's structure as the C library's.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub(crate) fn host_rusage(usage: &KernelRusage) -> libc::rusage {
    *usage
}

/// The kernel's structure as the C library's.
#[cfg(all(target_os = "linux", not(target_pointer_width = "64")))]
#[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the widths differ between machines")]
pub(crate) fn host_rusage(usage: &KernelRusage) -> libc::rusage {
    // SAFETY: the structure is all numbers; zero is a value of each.
    let mut host: libc::rusage = unsafe { std::mem::zeroed() };
    let time = |time: &KernelTime| libc::timeval { tv_sec: time.tv_sec as _, tv_usec: time.tv_usec as _ };
    (host.ru_utime, host.ru_stime) = (time(&usage.ru_utime), time(&usage.ru_stime));
    host.ru_maxrss = usage.ru_maxrss as _;
    let [ixrss, idrss, isrss] = usage._memory;
    (host.ru_ixrss, host.ru_idrss, host.ru_isrss) = (ixrss as _, idrss as _, isrss as _);
    (host.ru_minflt, host.ru_majflt) = (usage.ru_minflt as _, usage.ru_majflt as _);
    host.ru_nswap = usage._nswap as _;
    (host.ru_inblock, host.ru_oublock) = (usage.ru_inblock as _, usage.ru_oublock as _);
    let [sent, received, signals] = usage._messages;
    (host.ru_msgsnd, host.ru_msgrcv, host.ru_nsignals) = (sent as _, received as _, signals as _);
    (host.ru_nvcsw, host.ru_nivcsw) = (usage.ru_nvcsw as _, usage.ru_nivcsw as _);
    host
}

/// The three fields that are in a union on most systems: `si_pid`, `si_uid`, `si_status`.
#[cfg(not(target_os = "openbsd"))]
pub(crate) fn child_of(info: &libc::siginfo_t) -> (libc::pid_t, libc::uid_t, libc::c_int) {
    // SAFETY: the accessors read integers inside the structure, each byte of which was initialised by us.
    unsafe { (info.si_pid(), info.si_uid(), info.si_status()) }
}

/// The three fields in a union: `si_pid`, `si_uid`, `si_status`.
///
/// The accessors of `libc` 0.2 expect the union after the structure's padding, past its end.
/// <https://man.openbsd.org/sigaction.2> names the fields; their order is that of `<sys/siginfo.h>`.
#[cfg(target_os = "openbsd")]
pub(crate) fn child_of(info: &libc::siginfo_t) -> (libc::pid_t, libc::uid_t, libc::c_int) {
    #[repr(C)]
    struct Head {
        _signo_code_errno: [libc::c_int; 3],
        // The union holds pointers, and so starts at a multiple of their alignment.
        union: [*const u8; 0],
        pid: libc::pid_t,
        uid: libc::uid_t,
        _user_and_system_time: [libc::clock_t; 2],
        status: libc::c_int,
    }
    const { assert!(size_of::<Head>() <= size_of::<libc::siginfo_t>()) };
    let head = std::ptr::from_ref(info).cast::<Head>();
    // SAFETY: `Head` is a prefix of the structure, no larger and no more aligned than it, and all of it is integers.
    let head = unsafe { head.read_unaligned() };
    (head.pid, head.uid, head.status)
}

/// The written fields of the structure.
#[allow(clippy::unnecessary_cast, reason = "the widths of the numbers differ between systems")]
pub(crate) fn info_of(info: &libc::siginfo_t) -> Info {
    let (pid, uid, status) = child_of(info);
    Info {
        signo: written!(info.si_signo),
        code: written!(info.si_code),
        pid: written!(pid),
        uid: written!(uid),
        status: written!(status),
        errno: written!(info.si_errno),
        other_bytes: other_bytes(info),
    }
}

/// The number of bytes written outside the fields: known where the structure starts with three numbers followed by a
/// union of pointers.
#[cfg(all(target_os = "linux", not(target_arch = "mips"), not(target_arch = "mips64")))]
fn other_bytes(info: &libc::siginfo_t) -> Option<i64> {
    const HEAD: usize = 3 * size_of::<libc::c_int>();
    const UNION: usize = HEAD.next_multiple_of(size_of::<usize>());
    let start = std::ptr::from_ref(info).cast::<u8>();
    // SAFETY: the structure's own bytes, each of which was initialised by us or written by the system.
    let bytes = unsafe { std::slice::from_raw_parts(start, size_of::<libc::siginfo_t>()) };
    let others = bytes[HEAD..UNION].iter().chain(&bytes[UNION + HEAD..]);
    i64::try_from(others.filter(|&&byte| byte != POISON).count()).ok()
}

#[cfg(not(all(target_os = "linux", not(target_arch = "mips"), not(target_arch = "mips64"))))]
fn other_bytes(_: &libc::siginfo_t) -> Option<i64> {
    None
}

/// A poisoned buffer followed by a canary.
#[repr(C)]
pub(crate) struct Poisoned<T> {
    value: MaybeUninit<T>,
    canary: [u8; WATCHED],
}

impl<T> Poisoned<T> {
    /// Fills it with the pattern again. `T` is a C structure of numbers and raw pointers: any bytes are a value of it.
    pub(crate) fn poison(&mut self) {
        // SAFETY: `value` is `size_of::<T>()` bytes that may be written.
        unsafe { self.value.as_mut_ptr().cast::<u8>().write_bytes(POISON, size_of::<T>()) };
        self.canary = [CANARY; WATCHED];
    }

    /// The argument to pass. Writable up to the end of the canary.
    pub(crate) fn argument(&mut self, pointer: Pointer) -> *mut T {
        match pointer {
            Pointer::Buffer => std::ptr::from_mut(self).cast(),
            Pointer::Null => std::ptr::null_mut(),
            Pointer::Bad => std::ptr::without_provenance_mut(BAD_ADDRESS),
            Pointer::Kernel => std::ptr::without_provenance_mut(KERNEL_ADDRESS),
            _ => std::ptr::with_exposed_provenance_mut(hostile::address(pointer, size_of::<T>())),
        }
    }

    /// Whether a byte after the buffer changed.
    pub(crate) fn spilt(&self) -> bool {
        self.canary.iter().any(|&byte| byte != CANARY)
    }

    /// What happened to the buffer, or to the part of it that `part` selects.
    pub(crate) fn seen<P, V>(
        &self,
        pointer: Pointer,
        part: impl Fn(&T) -> &P,
        read: impl Fn(&P) -> V,
    ) -> Memory<V> {
        if pointer != Pointer::Buffer {
            return Memory::NoBuffer;
        }
        // SAFETY: `poison` initialised each byte, calls only write bytes, and any bytes are a value of `T`.
        let part = part(unsafe { self.value.assume_init_ref() });
        // SAFETY: `P` is `T` or a field of it; each of its bytes, padding included, was written by `poison` in place.
        let bytes =
            unsafe { std::slice::from_raw_parts(std::ptr::from_ref(part).cast::<u8>(), size_of::<P>()) };
        if bytes.iter().all(|&byte| byte == POISON) { Memory::Untouched } else { Memory::Wrote(read(part)) }
    }
}

/// An address no process can write to.
///
/// It lies in the first page, which no system maps. It is neither null nor misaligned for any type, so that neither a
/// null check nor an alignment trap precedes the fault.
const BAD_ADDRESS: usize = 64;

/// An address 16 pages below the top, which belongs to the kernel wherever it shares the address space.
const KERNEL_ADDRESS: usize = usize::MAX - 0xffff;
