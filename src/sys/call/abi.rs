//! A wait call as data: [`Request`] in, [`Observation`] out.
//!
//! Everything here is `Copy` and allocates nothing, so that a call can be made in a signal handler or in a forked child
//! of a multithreaded process.

use libc::c_int;

/// One function of the wait family.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub enum Call {
    /// `wait(status)`
    Wait,
    /// `waitpid(pid, status, options)`
    Waitpid,
    /// `wait3(status, options, rusage)`
    Wait3,
    /// `wait4(pid, status, options, rusage)`
    Wait4,
    /// `wait6(idtype, id, status, options, wrusage, infop)`, FreeBSD, NetBSD and DragonFly
    Wait6,
    /// `waitid(idtype, id, infop, options)`, with a fifth argument `rusage` as a raw Linux system call
    Waitid,
}

impl Call {
    /// All calls, in the order of reports.
    pub const ALL: [Call; 6] =
        [Call::Wait, Call::Waitpid, Call::Wait3, Call::Wait4, Call::Wait6, Call::Waitid];

    /// The name of the C function.
    pub const fn name(self) -> &'static str {
        match self {
            Call::Wait => "wait",
            Call::Waitpid => "waitpid",
            Call::Wait3 => "wait3",
            Call::Wait4 => "wait4",
            Call::Wait6 => "wait6",
            Call::Waitid => "waitid",
        }
    }

    /// The call of this name.
    pub fn from_name(name: &str) -> Option<Call> {
        Call::ALL.into_iter().find(|c| c.name() == name)
    }
}

/// The kind of a pointer argument.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub enum Pointer {
    /// A poisoned buffer followed by a canary.
    #[default]
    Buffer,
    /// `NULL`
    Null,
    /// An address that is not writable in any process.
    Bad,
    /// An address in the kernel's part of the address space.
    Kernel,
    /// Memory that can be read, but not written.
    ReadOnly,
    /// Memory that can be written, at an odd address.
    Misaligned,
    /// The last bytes before unmapped memory: everything that is written fits.
    PageEnd,
    /// The same, but only half of it fits.
    Across,
}

impl Pointer {
    const ALL: [Pointer; 8] = [
        Pointer::Buffer,
        Pointer::Null,
        Pointer::Bad,
        Pointer::Kernel,
        Pointer::ReadOnly,
        Pointer::Misaligned,
        Pointer::PageEnd,
        Pointer::Across,
    ];

    /// The name in requests.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Pointer::Buffer => "buffer",
            Pointer::Null => "null",
            Pointer::Bad => "bad",
            Pointer::Kernel => "kernel",
            Pointer::ReadOnly => "read-only",
            Pointer::Misaligned => "misaligned",
            Pointer::PageEnd => "page-end",
            Pointer::Across => "across",
        }
    }

    /// The pointer with this name.
    pub(crate) fn from_name(name: &str) -> Option<Pointer> {
        Pointer::ALL.into_iter().find(|pointer| pointer.name() == name)
    }
}

/// Which children a call waits for, with the host's values.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Select {
    /// The first argument of `waitpid` and `wait4`; `wait` and `wait3` ignore it.
    Pid(libc::pid_t),
    /// The first two arguments of `waitid` and `wait6`.
    Id {
        /// `P_ALL`, `P_PID`, ... with the host's values, or any other number.
        idtype: i64,
        /// A pid, a process group or a descriptor; ignored for `P_ALL`.
        id: i64,
    },
}

/// One call with all its arguments, with the host's values.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub struct Request {
    /// The function.
    pub call: Call,
    /// Which children to wait for; use [`Request::raw_pid`] and [`Request::raw_id`] outside this crate.
    #[doc(hidden)]
    pub select: Select,
    /// The option bits.
    pub options: c_int,
    /// The status argument (not for `waitid`).
    pub status: Pointer,
    /// The resource usage argument (`wait3`, `wait4`, `wait6`, and raw `waitid` on Linux). [`Pointer::Null`] for a
    /// `waitid` without it; anything else requests the fifth argument.
    pub rusage: Pointer,
    /// The siginfo argument (`waitid`, `wait6`).
    pub info: Pointer,
}

/// Why an implementation or this system cannot perform a request.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct NotOffered(pub &'static str);

impl std::fmt::Display for NotOffered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NotOffered {}

/// What happened to one buffer.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Memory<T> {
    /// The subject cannot show it (a typed binding), or the call has no such argument.
    NotObserved,
    /// The argument was not a buffer.
    NoBuffer,
    /// Every byte still held the poison.
    Untouched,
    /// Some byte was written; the decoded value.
    Wrote(T),
}

impl<T> Memory<T> {
    /// The value, if written.
    pub fn wrote(self) -> Option<T> {
        match self {
            Memory::Wrote(v) => Some(v),
            _ => None,
        }
    }
}

/// The fields of a `struct rusage`, in the units of the kernel.
///
/// A field that still holds the poison is `None`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub struct Usage {
    /// User CPU time, microseconds.
    pub utime_us: Option<i64>,
    /// System CPU time, microseconds.
    pub stime_us: Option<i64>,
    /// Peak resident set size in the kernel's unit (KiB; bytes on macOS; pages on illumos).
    pub maxrss: Option<i64>,
    /// Page faults without I/O.
    pub minflt: Option<i64>,
    /// Page faults with I/O.
    pub majflt: Option<i64>,
    /// Block input operations.
    pub inblock: Option<i64>,
    /// Block output operations.
    pub oublock: Option<i64>,
    /// Voluntary context switches.
    pub nvcsw: Option<i64>,
    /// Involuntary context switches.
    pub nivcsw: Option<i64>,
    /// The sum of the absolute values of the other fields (integral sizes, swaps, messages, signals).
    pub others: Option<i64>,
    /// The number of timevals (of two) whose microseconds are outside 0 to 999,999.
    pub irregular: Option<i64>,
}

impl Usage {
    /// User plus system time, in microseconds; `None` if either is unknown.
    pub fn cpu_us(&self) -> Option<i64> {
        Some(self.utime_us? + self.stime_us?)
    }
}

/// The fields of a `siginfo_t` filled by the wait family, with the host's values.
///
/// A field that still holds the poison, or that the subject does not offer, is `None`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Info {
    /// `si_signo`
    pub signo: Option<i64>,
    /// `si_code`, a `CLD_` number of the host.
    pub code: Option<i64>,
    /// `si_pid`
    pub pid: Option<i64>,
    /// `si_uid`
    pub uid: Option<i64>,
    /// `si_status`
    pub status: Option<i64>,
    /// `si_errno`
    pub errno: Option<i64>,
    /// The number of bytes written outside these fields, where the layout is known.
    pub other_bytes: Option<i64>,
}

/// What a call returned; for -1, the `errno`, as the host numbers it.
pub type Return = Result<i64, c_int>;

/// What a call returned and wrote.
///
/// Made by one of its functions. Anything a subject leaves out counts as not observed, never as wrong.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[cfg_attr(not(feature = "internals"), non_exhaustive)]
pub struct Observation {
    /// The return value; for -1, the `errno`, as the host numbers it.
    pub ret: Result<i64, c_int>,
    /// The status word.
    #[doc(hidden)]
    pub status: Memory<i32>,
    /// The resource usage of the child (including its own reaped children).
    #[doc(hidden)]
    pub rusage: Memory<Usage>,
    /// `wait6` only: the second half of its `struct __wrusage`.
    #[doc(hidden)]
    pub children: Memory<Usage>,
    /// The siginfo.
    #[doc(hidden)]
    pub info: Memory<Info>,
    /// Whether a byte after one of the buffers changed; `None` if the subject cannot tell.
    #[doc(hidden)]
    pub spill: Option<bool>,
}

impl Observation {
    /// The observation of a subject that shows only the return value.
    pub const fn returned(ret: Result<i64, c_int>) -> Observation {
        Observation {
            ret,
            status: Memory::NotObserved,
            rusage: Memory::NotObserved,
            children: Memory::NotObserved,
            info: Memory::NotObserved,
            spill: None,
        }
    }

    /// -1 with an `errno` of the host, from a subject that shows nothing else.
    pub const fn error(errno: c_int) -> Observation {
        Observation::returned(Err(errno))
    }
}
