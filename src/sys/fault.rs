//! Real causes of fatal signals: faults that make the system raise a signal, as opposed to `kill`.

use std::fs::File;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, setrlimit};

use super::process::workload::{Mapping, page_size};
use super::process::{Who, check, usage};
use super::sandbox::{Denied, deny, limit};

/// Provokes the fault that raises this signal: `abort` for `SIGABRT`, a bad access for `SIGSEGV` and `SIGBUS`, a
/// division by zero for `SIGFPE`, an invalid instruction for `SIGILL`, a breakpoint for `SIGTRAP`, a write to a pipe
/// without a reader for `SIGPIPE` and to a file at the size limit for `SIGXFSZ`, a timer for `SIGALRM`, `SIGVTALRM` and
/// `SIGPROF`, a system call denied by seccomp for `SIGSYS`, a second of CPU time for `SIGXCPU`, its hard limit for
/// `SIGKILL`. `file` creates an empty file if one is needed.
///
/// Returns only if the process survives, because it ignores or catches the signal.
///
/// # Errors
/// `ENOTSUP` if the signal has no such cause here; `ETIMEDOUT` if a CPU timer did not expire; those of the
/// preparations.
pub fn of(signal: i32, file: impl FnOnce() -> Result<File, Errno>) -> Result<(), Errno> {
    match signal {
        libc::SIGABRT => {
            // SAFETY: ends the process; no memory is involved.
            unsafe { libc::abort() }
        }
        libc::SIGSEGV => {
            let page = Mapping::forbidden(page_size())?;
            page.read_pages();
            Ok(())
        }
        libc::SIGBUS => {
            let file = file()?;
            Mapping::of_file(file.as_fd(), page_size())?.read_pages();
            Ok(())
        }
        libc::SIGFPE | libc::SIGILL | libc::SIGTRAP => instruction(signal),
        libc::SIGPIPE => {
            let (read, write) = rustix::pipe::pipe()?;
            drop(read);
            rustix::io::write(&write, b"x").map(drop)
        }
        libc::SIGXFSZ => {
            let file = file()?;
            limit(Resource::Fsize, 0)?;
            rustix::io::write(&file, b"x").map(drop)
        }
        libc::SIGALRM => {
            timer(libc::ITIMER_REAL as _)?;
            busy(Duration::from_secs(10));
            Ok(())
        }
        libc::SIGVTALRM | libc::SIGPROF => {
            let of_user_time = signal == libc::SIGVTALRM;
            timer(if of_user_time { libc::ITIMER_VIRTUAL as _ } else { libc::ITIMER_PROF as _ })?;
            burn(TIMER * 100)
        }
        libc::SIGSYS => {
            deny("getppid", Denied::Death)?;
            std::hint::black_box(rustix::process::getppid());
            Ok(())
        }
        libc::SIGXCPU => {
            // A limit of 0 expires at the next tick on some systems, after a second on others.
            limit(Resource::Cpu, 0)?;
            busy(Duration::from_secs(60));
            Ok(())
        }
        libc::SIGKILL => {
            // The soft limit is reached as well, and may be ignored.
            let both = Rlimit { current: Some(0), maximum: Some(0) };
            setrlimit(Resource::Cpu, both)?;
            busy(Duration::from_secs(60));
            Ok(())
        }
        _ => Err(Errno::NOTSUP),
    }
}

/// Keeps the CPU busy for this long.
fn busy(time: Duration) {
    let start = Instant::now();
    let mut x = 1_u64;
    while start.elapsed() < time {
        for _ in 0..10_000 {
            x = std::hint::black_box(x.wrapping_mul(6_364_136_223_846_793_005).rotate_left(17));
        }
    }
}

/// Uses this much CPU time, unless it is not accounted at all: the system then had its chance.
fn burn(time: Duration) -> Result<(), Errno> {
    let used = || Duration::from_micros(usage(Who::SelfProcess).cpu_us().unwrap_or(0).unsigned_abs());
    let (before, start) = (used(), Instant::now());
    while used().saturating_sub(before) < time && start.elapsed() < Duration::from_secs(10) {
        busy(TIMER);
    }
    Err(Errno::TIMEDOUT)
}

/// The interval of a timer.
const TIMER: Duration = Duration::from_millis(1);

/// Arms a timer.
fn timer(which: i32) -> Result<(), Errno> {
    let once = libc::itimerval {
        it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 },
        it_value: libc::timeval { tv_sec: 0, tv_usec: TIMER.as_micros() as _ },
    };
    // SAFETY: a filled structure; the old value is not requested.
    check(unsafe { libc::setitimer(which as _, &raw const once, std::ptr::null_mut()) })
}

#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
fn instruction(signal: i32) -> Result<(), Errno> {
    use std::arch::asm;
    match signal {
        // SAFETY: a division by zero, which traps; the registers that it would write are declared.
        libc::SIGFPE => unsafe {
            asm!("xor edx, edx", "mov eax, 1", "xor ecx, ecx", "div ecx", out("eax") _, out("ecx") _, out("edx") _);
        },
        // SAFETY: it traps, and does nothing else.
        libc::SIGILL => unsafe { asm!("ud2") },
        // SAFETY: it traps, and does nothing else.
        _ => unsafe { asm!("int3") },
    }
    Ok(())
}

#[cfg(target_arch = "aarch64")]
fn instruction(signal: i32) -> Result<(), Errno> {
    use std::arch::asm;
    match signal {
        // A division by zero yields 0 on this machine.
        libc::SIGFPE => return Err(Errno::NOTSUP),
        // SAFETY: it traps, and does nothing else.
        libc::SIGILL => unsafe { asm!("udf #0") },
        // SAFETY: it traps, and does nothing else.
        _ => unsafe { asm!("brk #0") },
    }
    Ok(())
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64")))]
fn instruction(_: i32) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}
