//! Makes one call with poisoned buffers, and reports what it wrote.

use libc::c_int;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::abi::{Call, NotOffered, Observation, Pointer, Request, Select};
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
use super::functions::WithIdAndUsage;
use super::functions::{Functions, WithId};
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
use super::memory::WRusage;
#[cfg(target_os = "linux")]
use super::memory::{KernelRusage, kernel_usage_of};
use super::memory::{info_of, usage_of};
use super::raw;
use super::retained::{self, Buffers};

/// The entry point of a call.
#[derive(Copy, Clone, Debug)]
pub enum Entry {
    /// The C library's function of the same name; none is emulated by another.
    Libc,
    /// The function of a shared object.
    Library(Functions),
    /// The raw system call (Linux: `wait4`, and `waitid` with its fifth argument).
    Syscall,
}

impl Entry {
    /// The calls it has on this system.
    pub fn calls(self) -> Vec<Call> {
        Call::ALL.into_iter().filter(|&call| self.has(call)).collect()
    }

    /// Whether it has a call on this system.
    pub fn has(self, call: Call) -> bool {
        match self {
            Entry::Libc => Functions::LINKED.address(call).is_some(),
            Entry::Library(functions) => functions.address(call).is_some(),
            Entry::Syscall => match call {
                Call::Wait4 => cfg!(all(target_os = "linux", not(target_arch = "riscv32"))),
                Call::Waitid => cfg!(target_os = "linux"),
                Call::Wait | Call::Waitpid | Call::Wait3 | Call::Wait6 => false,
            },
        }
    }
}

/// Makes one call and reports what it returned and wrote.
///
/// Each buffer is filled with the byte 0xA5 and followed by a canary; `errno` is set first. A field whose bytes are
/// all 0xA5 after the call counts as not written. The buffers are kept ([`retained`]). No allocation, no locks:
/// async-signal-safe.
///
/// # Errors
/// [`NotOffered`] if the entry point lacks the call on this system, or the call the argument.
pub fn perform(entry: Entry, request: &Request) -> Result<Observation, NotOffered> {
    if !entry.has(request.call) {
        return Err(NotOffered(match entry {
            Entry::Libc => "the C library has no such function",
            Entry::Library(_) => "the library has no such function",
            Entry::Syscall => "there is no such system call",
        }));
    }
    retained::with(|buffers| perform_in(entry, request, buffers))
}

fn perform_in(entry: Entry, request: &Request, buffers: &mut Buffers) -> Result<Observation, NotOffered> {
    match (entry, request.call) {
        (Entry::Libc, _) => of_functions(&Functions::LINKED, request, buffers),
        (Entry::Library(functions), _) => of_functions(&functions, request, buffers),
        #[cfg(all(target_os = "linux", not(target_arch = "riscv32")))]
        (Entry::Syscall, Call::Wait4) => raw_wait4(request, buffers),
        #[cfg(target_os = "linux")]
        (Entry::Syscall, Call::Waitid) => raw_waitid(request, buffers),
        _ => Err(NO_CALL),
    }
}

const NO_CALL: NotOffered = NotOffered("there is no such call on this system");

fn of_functions(
    functions: &Functions,
    request: &Request,
    buffers: &mut Buffers,
) -> Result<Observation, NotOffered> {
    match request.call {
        Call::Wait => {
            let wait = functions.wait.ok_or(NO_CALL)?;
            // SAFETY: the pointer is as `with_status` says.
            Ok(with_status(request, buffers, |status| unsafe { wait(status) }))
        }
        Call::Waitpid => {
            let (waitpid, pid) = (functions.waitpid.ok_or(NO_CALL)?, pid(request)?);
            // SAFETY: the pointer is as `with_status` says.
            Ok(with_status(request, buffers, |status| unsafe { waitpid(pid, status, request.options) }))
        }
        Call::Waitid => waitid(functions.waitid.ok_or(NO_CALL)?, request, buffers),
        Call::Wait3 => {
            let wait3 = functions.wait3.ok_or(NO_CALL)?;
            // SAFETY: the pointers are as `with_usage` says.
            let call = |status, usage| unsafe { wait3(status, request.options, usage) };
            Ok(with_usage(request, buffers, call))
        }
        Call::Wait4 => {
            let (wait4, pid) = (functions.wait4.ok_or(NO_CALL)?, pid(request)?);
            // SAFETY: the pointers are as `with_usage` says.
            let call = |status, usage| unsafe { wait4(pid, status, request.options, usage) };
            Ok(with_usage(request, buffers, call))
        }
        #[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
        Call::Wait6 => wait6(functions.wait6.ok_or(NO_CALL)?, request, buffers),
        #[cfg(not(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly")))]
        Call::Wait6 => Err(NO_CALL),
    }
}

fn pid(request: &Request) -> Result<libc::pid_t, NotOffered> {
    match request.select {
        Select::Pid(pid) => Ok(pid),
        Select::Id { .. } => Err(NotOffered("the call takes a pid, not an idtype and an id")),
    }
}

fn id(request: &Request) -> Result<(i64, i64), NotOffered> {
    match request.select {
        Select::Id { idtype, id } => Ok((idtype, id)),
        Select::Pid(_) => Err(NotOffered("the call takes an idtype and an id, not a pid")),
    }
}

/// The first two arguments of `waitid` in their C types; a negative number keeps its bits.
fn typed_id(request: &Request) -> Result<(libc::idtype_t, libc::id_t), NotOffered> {
    let (idtype, id) = id(request)?;
    let fits = |n: i64| i32::try_from(n).is_ok() || u32::try_from(n).is_ok();
    if !fits(idtype) || !(fits(id) || libc::id_t::try_from(id).is_ok()) {
        return Err(NotOffered("the number does not fit the argument's type"));
    }
    #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
    Ok((idtype as libc::idtype_t, id as libc::id_t))
}

/// What `errno` is before a call: an error that no call of the family has.
const BEFORE: c_int = libc::EDOM;

/// How many observed calls have succeeded, and how many of these have set `errno` to 0, which no function may.
static SUCCEEDED: AtomicUsize = AtomicUsize::new(0);
static ZEROED: AtomicUsize = AtomicUsize::new(0);

/// Whether a successful call has set `errno` to 0; `None` if none was observed.
pub fn has_zeroed_errno() -> Option<bool> {
    (SUCCEEDED.load(Ordering::Relaxed) > 0).then(|| ZEROED.load(Ordering::Relaxed) > 0)
}

/// Sets `errno`, calls, and reads it if the call returned -1: 0 if the call has left it.
fn returned(call: impl FnOnce() -> i64) -> Result<i64, c_int> {
    let errno = raw::errno();
    // SAFETY: the pointer is this thread's own and valid.
    unsafe { *errno = BEFORE };
    let value = call();
    // SAFETY: as above.
    match (value, unsafe { *errno }) {
        (-1, BEFORE) => Err(0),
        (-1, errno) => Err(errno),
        (value, errno) => {
            SUCCEEDED.fetch_add(1, Ordering::Relaxed);
            ZEROED.fetch_add(usize::from(errno == 0), Ordering::Relaxed);
            Ok(value)
        }
    }
}

/// `call` receives a pointer that is null, bad, or to an integer with room after it.
fn with_status(
    request: &Request,
    buffers: &mut Buffers,
    call: impl FnOnce(*mut c_int) -> libc::pid_t,
) -> Observation {
    let status = buffers.status.poisoned::<c_int>();
    let argument = status.argument(request.status);
    let ret = returned(|| i64::from(call(argument)));
    Observation {
        status: status.seen(request.status, |s| s, |s| *s),
        spill: Some(status.spilt()),
        ..Observation::returned(ret)
    }
}

/// `call` receives pointers that are null, bad, or to a value of their type with room after it.
fn with_usage(
    request: &Request,
    buffers: &mut Buffers,
    call: impl FnOnce(*mut c_int, *mut libc::rusage) -> libc::pid_t,
) -> Observation {
    let argument = buffers.usage.poisoned::<libc::rusage>().argument(request.rusage);
    let seen = with_status(request, buffers, |status| call(status, argument));
    let usage = buffers.usage.as_left::<libc::rusage>();
    Observation {
        rusage: usage.seen(request.rusage, |u| u, usage_of),
        spill: Some(usage.spilt() || seen.spill == Some(true)),
        ..seen
    }
}

fn waitid(waitid: WithId, request: &Request, buffers: &mut Buffers) -> Result<Observation, NotOffered> {
    if request.rusage != Pointer::Null {
        return Err(NotOffered("the C function waitid has no rusage argument"));
    }
    let (idtype, id) = typed_id(request)?;
    let info = buffers.info.poisoned::<libc::siginfo_t>();
    let argument = info.argument(request.info);
    // SAFETY: the pointer is null, bad, or to a siginfo with room behind it.
    let ret = returned(|| i64::from(unsafe { waitid(idtype, id, argument, request.options) }));
    Ok(Observation {
        info: info.seen(request.info, |i| i, info_of),
        spill: Some(info.spilt()),
        ..Observation::returned(ret)
    })
}

#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
fn wait6(wait6: WithIdAndUsage, request: &Request, buffers: &mut Buffers) -> Result<Observation, NotOffered> {
    let (idtype, id) = typed_id(request)?;
    let info_at = buffers.info.poisoned::<libc::siginfo_t>().argument(request.info);
    let usage_at = buffers.usage.poisoned::<WRusage>().argument(request.rusage);
    let seen = with_status(request, buffers, |status| {
        // SAFETY: the pointers are null, bad, or to a value of their type with room behind it.
        unsafe { wait6(idtype, id, status, request.options, usage_at, info_at) }
    });
    Ok(with_wait6_buffers(request, buffers, seen))
}

/// What such a call left in its two other buffers.
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
fn with_wait6_buffers(request: &Request, buffers: &Buffers, seen: Observation) -> Observation {
    let (info, usage) = (buffers.info.as_left::<libc::siginfo_t>(), buffers.usage.as_left::<WRusage>());
    Observation {
        rusage: usage.seen(request.rusage, |u| &u.own, usage_of),
        children: usage.seen(request.rusage, |u| &u.children, usage_of),
        info: info.seen(request.info, |i| i, info_of),
        spill: Some(usage.spilt() || info.spilt() || seen.spill == Some(true)),
        ..seen
    }
}

/// `pdwait(fd, status, options, wrusage, info)`, which takes the options and the buffers of a request.
///
/// # Errors
/// [`NotOffered`] if the C library has no such function, which is new in FreeBSD 15.1.
pub fn pdwait(fd: c_int, request: &Request) -> Result<Observation, NotOffered> {
    #[cfg(target_os = "freebsd")]
    return retained::with(|buffers| pdwait_in(fd, request, buffers));
    #[cfg(not(target_os = "freebsd"))]
    {
        let _ = (fd, request);
        Err(NotOffered("there is no pdwait on this system"))
    }
}

#[cfg(target_os = "freebsd")]
fn pdwait_in(fd: c_int, request: &Request, buffers: &mut Buffers) -> Result<Observation, NotOffered> {
    type Pdwait = unsafe extern "C" fn(c_int, *mut c_int, c_int, *mut WRusage, *mut libc::siginfo_t) -> c_int;
    // If it were linked by name, the program would not start with an older C library.
    // SAFETY: a C string; the handle stands for the objects of the program.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"pdwait".as_ptr()) };
    // SAFETY: a null pointer is the `None` of an optional function, and the function of that name has these parameters.
    let pdwait = unsafe { std::mem::transmute::<*mut std::ffi::c_void, Option<Pdwait>>(found) };
    let pdwait = pdwait.ok_or(NotOffered("the C library has no pdwait"))?;
    let info_at = buffers.info.poisoned::<libc::siginfo_t>().argument(request.info);
    let usage_at = buffers.usage.poisoned::<WRusage>().argument(request.rusage);
    let seen = with_status(request, buffers, |status| {
        // SAFETY: the pointers are null, bad, or to a value of their type with room behind it.
        unsafe { pdwait(fd, status, request.options, usage_at, info_at) }
    });
    Ok(with_wait6_buffers(request, buffers, seen))
}

#[cfg(all(target_os = "linux", not(target_arch = "riscv32")))]
fn raw_wait4(request: &Request, buffers: &mut Buffers) -> Result<Observation, NotOffered> {
    let pid = pid(request)?;
    let status = buffers.status.poisoned::<c_int>();
    let usage = buffers.usage.poisoned::<KernelRusage>();
    let (status_at, usage_at) = (status.argument(request.status), usage.argument(request.rusage));
    // SAFETY: the pointers are null, bad, or to a value of their type with room behind it.
    let call = || unsafe { raw::raw_wait4(pid, status_at, request.options, usage_at) } as i64;
    let ret = returned(call);
    Ok(Observation {
        status: status.seen(request.status, |s| s, |s| *s),
        rusage: usage.seen(request.rusage, |u| u, kernel_usage_of),
        spill: Some(status.spilt() || usage.spilt()),
        ..Observation::returned(ret)
    })
}

#[cfg(target_os = "linux")]
fn raw_waitid(request: &Request, buffers: &mut Buffers) -> Result<Observation, NotOffered> {
    let (idtype, id) = id(request)?;
    let info = buffers.info.poisoned::<libc::siginfo_t>();
    let usage = buffers.usage.poisoned::<KernelRusage>();
    let (info_at, usage_at) = (info.argument(request.info), usage.argument(request.rusage));
    // SAFETY: the pointers are null, bad, or to a value of their type with room behind it.
    let call = || unsafe { raw::raw_waitid(idtype, id, info_at, request.options, usage_at) } as i64;
    let ret = returned(call);
    Ok(Observation {
        info: info.seen(request.info, |i| i, info_of),
        rusage: usage.seen(request.rusage, |u| u, kernel_usage_of),
        spill: Some(info.spilt() || usage.spilt()),
        ..Observation::returned(ret)
    })
}

/// A C library's macros applied to a status word, as implemented by the `libc` crate.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Macros {
    /// `WIFEXITED`
    pub exited: bool,
    /// `WIFSIGNALED`
    pub signaled: bool,
    /// `WIFSTOPPED`
    pub stopped: bool,
    /// `WIFCONTINUED`
    pub continued: bool,
    /// `WEXITSTATUS`
    pub exit_status: c_int,
    /// `WTERMSIG`
    pub term_signal: c_int,
    /// `WSTOPSIG`
    pub stop_signal: c_int,
    /// `WCOREDUMP`
    pub core: bool,
}

/// Applies every macro, whether or not it is defined for this word.
pub const fn c_macros(status: c_int) -> Macros {
    Macros {
        exited: libc::WIFEXITED(status),
        signaled: libc::WIFSIGNALED(status),
        stopped: libc::WIFSTOPPED(status),
        continued: libc::WIFCONTINUED(status),
        exit_status: libc::WEXITSTATUS(status),
        term_signal: libc::WTERMSIG(status),
        stop_signal: libc::WSTOPSIG(status),
        core: libc::WCOREDUMP(status),
    }
}

/// The C library's name and version, if it reports them (glibc does) or is part of the system.
pub fn c_library() -> Option<String> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: the function takes nothing and returns a string that lives as long as the process.
        let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
        Some(format!("glibc {}", version.to_string_lossy()))
    }
    // It does not expose its version.
    #[cfg(all(target_os = "linux", target_env = "musl"))]
    return Some("musl".to_owned());
    // It is part of the system.
    #[cfg(not(target_os = "linux"))]
    return kernel_release().map(|release| format!("{} {release}", std::env::consts::OS));
    #[cfg(all(target_os = "linux", not(any(target_env = "gnu", target_env = "musl"))))]
    None
}

/// The kernel release, as printed by `uname -r`.
pub fn kernel_release() -> Option<String> {
    // SAFETY: the structure is arrays of characters; zero is a value of each.
    let mut names: libc::utsname = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live value of the type that the function fills.
    if unsafe { libc::uname(&mut names) } == -1 {
        return None;
    }
    // SAFETY: the array is zeroed, and the function ends what it writes with a zero.
    let release = unsafe { std::ffi::CStr::from_ptr(names.release.as_ptr()) };
    Some(release.to_string_lossy().into_owned())
}
