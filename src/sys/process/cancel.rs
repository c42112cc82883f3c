//! A wait call of the C library, made on a thread that can be cancelled in it.

use super::control::{last_errno, thread_id};
use crate::sys::call::abi::{Call, Request, Select};
use libc::{c_int, c_void, pid_t};
use rustix::io::Errno;
use std::hint::black_box;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The same functions as those of `libc`, for callers that may be unwound: some C libraries cancel a thread by
/// unwinding.
///
/// They are called through their addresses, which must be hidden from the compiler: if it sees both declarations of a
/// function, it uses the one that does not unwind, and the caller then has no unwind table.
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

/// The result of the call.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// The thread was cancelled.
    Cancelled,
    /// The call returned this.
    Returned(Result<i32, Errno>),
}

/// What the thread is passed, and what it returns.
struct Task {
    request: Request,
    key: libc::pthread_key_t,
    tid: AtomicI32,
    returned: AtomicI32,
    errno: AtomicI32,
}

/// The thread that is in a call, if there is one. (Its type is a number on some systems and a pointer on others.)
struct Caller(libc::pthread_t);

/// The key whose destructor runs when that thread exits, cancelled or not: it forgets the thread before it can be
/// joined, so that no thread is cancelled that no longer exists.
static KEY: OnceLock<Result<libc::pthread_key_t, i32>> = OnceLock::new();

// SAFETY: a thread may be identified by any other thread.
unsafe impl Send for Caller {}

static CALLER: Mutex<Option<Caller>> = Mutex::new(None);

fn caller() -> MutexGuard<'static, Option<Caller>> {
    CALLER.lock().unwrap_or_else(PoisonError::into_inner)
}

extern "C" fn forget_caller(_: *mut c_void) {
    *caller() = None;
}

/// The key, made by the first call.
fn key() -> Result<libc::pthread_key_t, Errno> {
    let make = || {
        let mut key = 0;
        // SAFETY: the destructor takes any value, and is never unloaded.
        match unsafe { libc::pthread_key_create(&mut key, Some(forget_caller)) } {
            0 => Ok(key),
            errno => Err(errno),
        }
    };
    (*KEY.get_or_init(make)).map_err(Errno::from_raw_os_error)
}

/// Nothing in this frame may need dropping: it may be unwound, or never return.
extern "C-unwind" fn start(task: *mut c_void) -> *mut c_void {
    // SAFETY: the task lives until this thread has been joined.
    let task = unsafe { &*task.cast::<Task>() };
    // SAFETY: the key exists, and any value but null has the destructor run.
    let set = unsafe { libc::pthread_setspecific(task.key, std::ptr::from_ref(task).cast()) };
    if set != 0 {
        forget_caller(std::ptr::null_mut());
    }
    task.tid.store(thread_id(), Ordering::SeqCst);
    let options = task.request.options;
    // SAFETY: null is allowed for a status, and the siginfo lives as long as the call.
    let returned = unsafe {
        match (task.request.call, task.request.select) {
            (Call::Waitpid, Select::Pid(pid)) => {
                let waitpid: unsafe extern "C-unwind" fn(_, _, _) -> _ = unwinding::waitpid;
                black_box(waitpid)(pid, std::ptr::null_mut(), options)
            }
            (Call::Waitid, Select::Id { idtype, id }) => {
                let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
                let waitid: unsafe extern "C-unwind" fn(_, _, _, _) -> _ = unwinding::waitid;
                black_box(waitid)(idtype as libc::idtype_t, id as libc::id_t, info.as_mut_ptr(), options)
            }
            _ => {
                let wait: unsafe extern "C-unwind" fn(_) -> _ = unwinding::wait;
                black_box(wait)(std::ptr::null_mut())
            }
        }
    };
    if returned == -1 {
        task.errno.store(last_errno().raw_os_error(), Ordering::SeqCst);
    }
    task.returned.store(returned, Ordering::SeqCst);
    std::ptr::null_mut()
}

/// Makes `wait`, `waitpid` or `waitid` of the C library on a thread of its own, and waits until the thread has ended.
/// `entering` is first called with the thread's id.
///
/// # Errors
/// Those of creating the thread; `ENOSYS` for any other call.
pub fn call(request: &Request, entering: impl FnOnce(i32)) -> Result<Ended, Errno> {
    if !matches!(request.call, Call::Wait | Call::Waitpid | Call::Waitid) {
        return Err(Errno::NOSYS);
    }
    let task = Task {
        request: *request,
        key: key()?,
        tid: AtomicI32::new(0),
        returned: AtomicI32::new(-1),
        errno: AtomicI32::new(0),
    };
    let mut thread = std::mem::MaybeUninit::uninit();
    let argument = std::ptr::from_ref(&task).cast_mut().cast();
    let thread = {
        // The thread cannot be forgotten before it is known.
        let mut caller = caller();
        // SAFETY: the task lives until the thread has been joined, below.
        let made =
            unsafe { unwinding::pthread_create(thread.as_mut_ptr(), std::ptr::null(), start, argument) };
        if made != 0 {
            return Err(Errno::from_raw_os_error(made));
        }
        // SAFETY: it was initialized.
        let thread = unsafe { thread.assume_init() };
        *caller = Some(Caller(thread));
        thread
    };
    while task.tid.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    entering(task.tid.load(Ordering::SeqCst));
    let mut result = std::ptr::null_mut();
    // SAFETY: the thread was created here, and is joined once.
    unsafe { libc::pthread_join(thread, &mut result) };
    // PTHREAD_CANCELED is not a valid address; the thread itself returns null.
    if !result.is_null() {
        return Ok(Ended::Cancelled);
    }
    Ok(Ended::Returned(match task.returned.load(Ordering::SeqCst) {
        -1 => Err(Errno::from_raw_os_error(task.errno.load(Ordering::SeqCst))),
        returned => Ok(returned),
    }))
}

/// Cancels the thread that is in a call.
///
/// # Errors
/// `ESRCH` if there is none; `ENOSYS` if the C library does not support cancellation.
pub fn cancel() -> Result<(), Errno> {
    let caller = caller();
    let Some(Caller(thread)) = *caller else { return Err(Errno::SRCH) };
    #[cfg(not(target_os = "android"))]
    {
        // SAFETY: a thread removes itself from `CALLER` before it exits, and is joined afterwards.
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

#[cfg(all(test, not(target_os = "android")))]
mod tests {
    use super::*;
    use crate::sys::call::abi::Pointer;
    use std::time::{Duration, Instant};

    #[test]
    fn a_thread_that_has_returned_cannot_be_cancelled() {
        // Nobody is a child of itself: the call fails at once.
        let own = rustix::process::getpid().as_raw_nonzero().get();
        let request = Request {
            call: Call::Waitpid,
            select: Select::Pid(own),
            options: 0,
            status: Pointer::Null,
            rusage: Pointer::Null,
            info: Pointer::Null,
        };
        let mut gone = false;
        let ended = call(&request, |_| {
            let deadline = Instant::now() + Duration::from_secs(20);
            while !gone && Instant::now() < deadline {
                std::thread::yield_now();
                // Not `cancel` itself, which might reach the thread before the call.
                gone = caller().is_none();
            }
            // It has not been joined yet.
            assert_eq!(cancel(), Err(Errno::SRCH));
        });
        assert_eq!(ended, Ok(Ended::Returned(Err(Errno::CHILD))));
    }
}
