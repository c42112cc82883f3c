//! Calls without observation, for measurements: no poison, no canaries, and nothing that was written is examined.

use std::mem::MaybeUninit;

use libc::c_int;

use super::abi::{Call, NotOffered, Request, Return, Select};
use super::functions::Functions;
use super::raw::errno;
use super::room::Roomy;

/// `wait4`, `waitpid` or `waitid` as a C program calls it: the C library's function, with uninitialized buffers.
///
/// # Errors
/// [`NotOffered`] for any other call, and for arguments that such a program would not pass.
#[inline]
pub fn of_c_library(request: &Request) -> Result<Return, NotOffered> {
    of_functions(&Functions::LINKED, request)
}

/// The same with the functions of a shared object.
///
/// # Errors
/// As [`of_c_library`]; also if the object has no such function.
#[inline]
pub fn of_functions(functions: &Functions, request: &Request) -> Result<Return, NotOffered> {
    let options = request.options;
    match (request.call, request.select) {
        (Call::Wait4, Select::Pid(pid)) => {
            let wait4 = functions.wait4.ok_or(NO_CALL)?;
            let (mut status, mut usage) = (buffer::<c_int>(), buffer::<libc::rusage>());
            // SAFETY: both pointers are to live buffers of the types that the function fills.
            Ok(returned(unsafe { wait4(pid, at(&mut status), options, at(&mut usage)) }))
        }
        (Call::Waitpid, Select::Pid(pid)) => {
            let waitpid = functions.waitpid.ok_or(NO_CALL)?;
            let mut status = buffer::<c_int>();
            // SAFETY: the pointer is to a live buffer of the type that the function fills.
            Ok(returned(unsafe { waitpid(pid, at(&mut status), options) }))
        }
        (Call::Waitid, Select::Id { idtype, id }) => {
            let waitid = functions.waitid.ok_or(NO_CALL)?;
            let mut info = buffer::<libc::siginfo_t>();
            #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
            let (idtype, id) = (idtype as libc::idtype_t, id as libc::id_t);
            // SAFETY: as above.
            Ok(returned(unsafe { waitid(idtype, id, at(&mut info), options) }))
        }
        _ => Err(NO_CALL),
    }
}

/// The same with the system calls of Linux: `wait4`, and `waitid` without a usage.
///
/// # Errors
/// As [`of_c_library`].
#[cfg(target_os = "linux")]
pub fn of_kernel(request: &Request) -> Result<Return, NotOffered> {
    use super::memory::KernelRusage;
    use super::raw;
    let options = request.options;
    let ret = match (request.call, request.select) {
        #[cfg(not(target_arch = "riscv32"))]
        (Call::Wait4, Select::Pid(pid)) => {
            let (mut status, mut usage) = (buffer::<c_int>(), buffer::<KernelRusage>());
            // SAFETY: both pointers are to live buffers of the types that the system call fills.
            unsafe { raw::raw_wait4(pid, at(&mut status), options, at(&mut usage)) }
        }
        (Call::Waitid, Select::Id { idtype, id }) => {
            let mut info = buffer::<libc::siginfo_t>();
            // SAFETY: the first pointer is to a live buffer of the type that the system call fills, the other null.
            unsafe { raw::raw_waitid(idtype, id, at(&mut info), options, std::ptr::null_mut()) }
        }
        _ => return Err(NO_CALL),
    };
    Ok(returned(ret as c_int))
}

const NO_CALL: NotOffered = NotOffered("there is no such call to measure");

#[inline]
fn buffer<T>() -> Roomy<MaybeUninit<T>> {
    Roomy::new(MaybeUninit::uninit())
}

#[inline]
fn at<T>(buffer: &mut Roomy<MaybeUninit<T>>) -> *mut T {
    buffer.pointer().cast()
}

#[inline]
fn returned(ret: c_int) -> Return {
    match ret {
        // SAFETY: the pointer is this thread's own and valid.
        -1 => Err(unsafe { *errno() }),
        value => Ok(value.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::call::abi::Pointer;

    #[test]
    fn what_is_not_measured_is_refused() {
        let request = Request {
            call: Call::Wait3,
            select: Select::Pid(-1),
            options: libc::WNOHANG,
            status: Pointer::Buffer,
            rusage: Pointer::Buffer,
            info: Pointer::Buffer,
        };
        assert_eq!(of_c_library(&request), Err(NO_CALL));
        // Process 1 is no one's child.
        let init = Request { select: Select::Pid(1), call: Call::Wait4, ..request };
        assert_eq!(of_c_library(&init), Ok(Err(libc::ECHILD)));
        assert_eq!(of_functions(&Functions::default(), &init), Err(NO_CALL));
        #[cfg(target_os = "linux")]
        assert_eq!(of_kernel(&init), Ok(Err(libc::ECHILD)));
    }
}
