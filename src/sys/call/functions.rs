//! The functions of the family as a table: the C library's, or those of a shared object.

use std::ffi::{CStr, c_void};

use libc::{c_int, pid_t};

use super::abi::Call;
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
use super::memory::WRusage;
use super::raw;

type WithStatus = unsafe extern "C" fn(*mut c_int) -> pid_t;
type WithPid = unsafe extern "C" fn(pid_t, *mut c_int, c_int) -> pid_t;
type WithUsage = unsafe extern "C" fn(*mut c_int, c_int, *mut libc::rusage) -> pid_t;
type WithPidAndUsage = unsafe extern "C" fn(pid_t, *mut c_int, c_int, *mut libc::rusage) -> pid_t;
pub(super) type WithId =
    unsafe extern "C" fn(libc::idtype_t, libc::id_t, *mut libc::siginfo_t, c_int) -> c_int;
#[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
pub(super) type WithIdAndUsage = unsafe extern "C" fn(
    libc::idtype_t,
    libc::id_t,
    *mut c_int,
    c_int,
    *mut WRusage,
    *mut libc::siginfo_t,
) -> pid_t;

/// One function for each call; `None` where there is none.
#[derive(Copy, Clone, Debug, Default)]
pub struct Functions {
    pub(super) wait: Option<WithStatus>,
    pub(super) waitpid: Option<WithPid>,
    pub(super) wait3: Option<WithUsage>,
    pub(super) wait4: Option<WithPidAndUsage>,
    pub(super) waitid: Option<WithId>,
    #[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
    pub(super) wait6: Option<WithIdAndUsage>,
}

impl Functions {
    /// The functions that this program is linked with: the C library's, unless another object precedes it.
    pub(super) const LINKED: Functions = Functions {
        wait: Some(libc::wait),
        waitpid: Some(libc::waitpid),
        wait3: if raw::WAIT3_FITS { Some(raw::missing::wait3) } else { None },
        wait4: Some(raw::missing::wait4),
        waitid: Some(libc::waitid),
        #[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
        wait6: Some(raw::missing::wait6),
    };

    /// The calls for which there is a function.
    pub fn calls(&self) -> Vec<Call> {
        Call::ALL.into_iter().filter(|&call| self.address(call).is_some()).collect()
    }

    /// The address of the function for a call.
    pub(super) fn address(&self, call: Call) -> Option<*const c_void> {
        match call {
            Call::Wait => self.wait.map(|f| f as *const c_void),
            Call::Waitpid => self.waitpid.map(|f| f as *const c_void),
            Call::Wait3 => self.wait3.map(|f| f as *const c_void),
            Call::Wait4 => self.wait4.map(|f| f as *const c_void),
            Call::Waitid => self.waitid.map(|f| f as *const c_void),
            #[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
            Call::Wait6 => self.wait6.map(|f| f as *const c_void),
            #[cfg(not(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly")))]
            Call::Wait6 => None,
        }
    }

    /// The functions whose addresses `keep` accepts.
    pub(super) fn only(self, keep: impl Fn(*const c_void) -> bool) -> Functions {
        let kept = |call| self.address(call).is_some_and(&keep);
        Functions {
            wait: self.wait.filter(|_| kept(Call::Wait)),
            waitpid: self.waitpid.filter(|_| kept(Call::Waitpid)),
            wait3: self.wait3.filter(|_| kept(Call::Wait3)),
            wait4: self.wait4.filter(|_| kept(Call::Wait4)),
            waitid: self.waitid.filter(|_| kept(Call::Waitid)),
            #[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
            wait6: self.wait6.filter(|_| kept(Call::Wait6)),
        }
    }

    /// The functions for which `find` has an address, by the name of the symbol.
    ///
    /// # Safety
    /// Each address is null or that of a C function with the call's parameters, and stays valid.
    pub(super) unsafe fn found(find: impl Fn(&CStr) -> *mut c_void) -> Functions {
        // A program compiled with NetBSD's headers uses and defines the names that go with the newest structures.
        let netbsd = |newest: &'static CStr, plain: &'static CStr| {
            find(if cfg!(target_os = "netbsd") { newest } else { plain })
        };
        let wait3 = if raw::WAIT3_FITS { netbsd(c"__wait350", c"wait3") } else { std::ptr::null_mut() };
        let wait4 = netbsd(c"__wait450", c"wait4");
        // SAFETY: the caller's promise; a null pointer is the `None` of an optional function.
        unsafe {
            use std::mem::transmute;
            Functions {
                wait: transmute::<*mut c_void, Option<WithStatus>>(find(c"wait")),
                waitpid: transmute::<*mut c_void, Option<WithPid>>(find(c"waitpid")),
                wait3: transmute::<*mut c_void, Option<WithUsage>>(wait3),
                wait4: transmute::<*mut c_void, Option<WithPidAndUsage>>(wait4),
                waitid: transmute::<*mut c_void, Option<WithId>>(find(c"waitid")),
                #[cfg(any(target_os = "freebsd", target_os = "netbsd", target_os = "dragonfly"))]
                wait6: transmute::<*mut c_void, Option<WithIdAndUsage>>(find(c"wait6")),
            }
        }
    }
}
