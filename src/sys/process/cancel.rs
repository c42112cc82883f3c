//! A wait call of the C library on a thread that can be cancelled in it.

use super::control::thread_id;
use crate::sys::call::abi::{Call, Request, Select};
use libc::{c_int, c_void, pid_t};
use rustix::io::Errno;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};

/// The same functions as those of `libc`, for callers that may be unwound: that is how some C libraries cancel a thread.
mod unwinding {
    use super::{c_int, c_void, pid_t};

    unsafe extern "C-unwind" {
        pub fn wait(status: *mut c_int) -> pid_t;
        pub fn waitpid(pid: pid_t, status: *mut c_int, options: c_int) -> pid_t;
        pub fn waitid(
            idtype: libc::idtype_t,
            id: libc::id_t,
            info: *mut libc::siginfo_t,
            options: c_int,
        ) -> c_int;
        pub fn pthread_create(
            thread: *mut libc::pthread_t,
            attributes: *const libc::pthread_attr_t,
            start: extern "C-unwind" fn(*mut c_void) -> *mut c_void,
            argument: *mut c_void,
        ) -> c_int;
    }

    #[cfg(not(target_os = "android"))]
    unsafe extern "C" {
        pub fn pthread_cancel(thread: libc::pthread_t) -> c_int;
    }
}

/// What became of the call.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// The thread was cancelled.
    Cancelled,
    /// The call returned this.
    Returned(i32),
}

/// What the thread is given, and what it gives back.
struct Task {
    request: Request,
    tid: AtomicI32,
    returned: AtomicI32,
}

/// The thread in a call, if there is one. (Its type is a number on some systems and a pointer on others.)
struct Caller(libc::pthread_t);

// SAFETY: a thread may be named by any other.
unsafe impl Send for Caller {}

static CALLER: Mutex<Option<Caller>> = Mutex::new(None);

/// Nothing in this frame has to be dropped: it may be unwound, or never come back.
extern "C-unwind" fn start(task: *mut c_void) -> *mut c_void {
    // SAFETY: the task lives until this thread has been joined.
    let task = unsafe { &*task.cast::<Task>() };
    task.tid.store(thread_id(), Ordering::SeqCst);
    let options = task.request.options;
    // SAFETY: null is allowed for a status, and the siginfo lives as long as the call.
    let returned = unsafe {
        match (task.request.call, task.request.select) {
            (Call::Waitpid, Select::Pid(pid)) => unwinding::waitpid(pid, std::ptr::null_mut(), options),
            (Call::Waitid, Select::Id { idtype, id }) => {
                let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
                unwinding::waitid(idtype as libc::idtype_t, id as libc::id_t, info.as_mut_ptr(), options)
            }
            _ => unwinding::wait(std::ptr::null_mut()),
        }
    };
    task.returned.store(returned, Ordering::SeqCst);
    std::ptr::null_mut()
}

/// Makes `wait`, `waitpid` or `waitid` of the C library on a thread of its own, and waits until it has ended. `entering` is told
/// the thread's id before.
///
/// # Errors
/// Those of making the thread; `ENOSYS` for any other call.
pub fn call(request: &Request, entering: impl FnOnce(i32)) -> Result<Ended, Errno> {
    if !matches!(request.call, Call::Wait | Call::Waitpid | Call::Waitid) {
        return Err(Errno::NOSYS);
    }
    let task = Task { request: *request, tid: AtomicI32::new(0), returned: AtomicI32::new(-1) };
    let mut thread = std::mem::MaybeUninit::uninit();
    let argument = std::ptr::from_ref(&task).cast_mut().cast();
    // SAFETY: the task lives until the thread has been joined, below.
    let made = unsafe { unwinding::pthread_create(thread.as_mut_ptr(), std::ptr::null(), start, argument) };
    if made != 0 {
        return Err(Errno::from_raw_os_error(made));
    }
    // SAFETY: it was made.
    let thread = unsafe { thread.assume_init() };
    while task.tid.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    let caller = || CALLER.lock().unwrap_or_else(PoisonError::into_inner);
    *caller() = Some(Caller(thread));
    entering(task.tid.load(Ordering::SeqCst));
    let mut result = std::ptr::null_mut();
    // SAFETY: the thread was made here, and is joined once.
    unsafe { libc::pthread_join(thread, &mut result) };
    *caller() = None;
    // PTHREAD_CANCELED is no address; what the thread returns is null.
    Ok(if result.is_null() {
        Ended::Returned(task.returned.load(Ordering::SeqCst))
    } else {
        Ended::Cancelled
    })
}

/// Cancels the thread that is in a call.
///
/// # Errors
/// `ESRCH` if there is none; `ENOSYS` if the C library cancels no threads.
pub fn cancel() -> Result<(), Errno> {
    let caller = CALLER.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(Caller(thread)) = *caller else { return Err(Errno::SRCH) };
    #[cfg(not(target_os = "android"))]
    {
        // SAFETY: the thread has not been joined: that takes it from where it was found.
        match unsafe { unwinding::pthread_cancel(thread) } {
            0 => Ok(()),
            errno => Err(Errno::from_raw_os_error(errno)),
        }
    }
    #[cfg(target_os = "android")]
    {
        let _ = thread;
        Err(Errno::NOSYS)
    }
}
