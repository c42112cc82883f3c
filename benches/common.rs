//! What both benchmarks need: children, and the calls as a C program has them.

use std::hint::black_box;
use std::mem::MaybeUninit;
use waitspec::wait::Pid;

/// Forks a child that runs `body` and exits with 7. `None`: the system has no room for it.
pub fn child(body: impl FnOnce()) -> Option<Pid> {
    // SAFETY: this process has one thread, and the child exits at once.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        body();
        // SAFETY: it does not return.
        unsafe { libc::_exit(7) };
    }
    Pid::from_raw(pid).filter(|_| pid > 0)
}

/// `wait4` with a status and a usage.
pub fn libc_wait4(pid: i32, options: i32) -> i32 {
    let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::uninit());
    // SAFETY: both pointers are to live buffers.
    let done = unsafe { libc::wait4(pid, &mut status, options, usage.as_mut_ptr()) };
    black_box((status, usage));
    done
}
