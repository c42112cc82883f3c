//! Shared objects: their functions, and the proof that a call reaches them.

use std::ffi::{CStr, CString, OsStr, c_void};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::abi::{Call, Pointer, Request, Select};
use super::functions::Functions;
use super::observe::{Entry, perform};
use crate::sys::process::{self, Forked, check};

/// The variable that preloads a library.
const PRELOAD: &str = "LD_PRELOAD";

/// The time limit for a process that proves a call.
const PROOF: Duration = Duration::from_secs(10);

/// Loads a shared object and finds its functions.
///
/// A symbol counts only if its address is in that file: a lookup also searches the object's dependencies, and so finds
/// the C library's function if the object has none.
///
/// # Errors
/// The loader's message. A constructor that crashes or never returns does so in this process.
pub fn open(path: &Path) -> Result<Functions, String> {
    let name = CString::new(path.as_os_str().as_bytes()).map_err(|e| e.to_string())?;
    // SAFETY: a C string. The constructors of the object run, which is what the caller asks for.
    let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if handle.is_null() {
        return Err(loader_error());
    }
    // SAFETY: a handle that is never closed, and a C string.
    let find = |name: &CStr| unsafe { libc::dlsym(handle, name.as_ptr()) };
    let find = |name: &CStr| Some(find(name)).filter(|at| is_in(*at, path)).unwrap_or(std::ptr::null_mut());
    // SAFETY: by its names, the object implements these functions; it is the user's claim that it does.
    Ok(unsafe { Functions::found(find) })
}

/// The functions that this program is linked with, restricted to those in that file.
pub fn linked_from(path: &Path) -> Functions {
    Functions::LINKED.only(|at| is_in(at, path))
}

/// The loader's last error.
fn loader_error() -> String {
    // SAFETY: the function takes nothing; its result is null, or a string that lives until the next call of the loader.
    let text = unsafe {
        let text = libc::dlerror();
        if text.is_null() { c"unknown error" } else { CStr::from_ptr(text) }
    };
    text.to_string_lossy().into_owned()
}

/// Whether an address is in that file, according to the loader.
fn is_in(address: *const c_void, path: &Path) -> bool {
    let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: any address may be asked for; the structure is pointers, for which zero is a value.
    let info = unsafe {
        if libc::dladdr(address, info.as_mut_ptr()) == 0 {
            return false;
        }
        info.assume_init()
    };
    if address.is_null() || info.dli_fname.is_null() {
        return false;
    }
    // SAFETY: the loader's own copy of the file's name.
    let file = unsafe { CStr::from_ptr(info.dli_fname) };
    let file = Path::new(OsStr::from_bytes(file.to_bytes()));
    file == path || file.canonicalize().is_ok_and(|file| file == path)
}

/// Re-executes the program with a library preloaded. Returns only on failure.
pub fn exec_preloaded(argv: &[CString], path: &Path) -> Errno {
    let mut setting = format!("{PRELOAD}=").into_bytes();
    setting.extend(path.as_os_str().as_bytes());
    if let Some(others) = std::env::var_os(PRELOAD).filter(|others| !others.is_empty()) {
        setting.push(b':');
        setting.extend(others.into_vec());
    }
    match CString::new(setting) {
        Ok(setting) => process::exec_with(argv, &[setting]),
        Err(_) => Errno::INVAL,
    }
}

/// Restores the environment that [`exec_preloaded`] changed, so that no program that is executed later loads the
/// library. For a single-threaded process.
pub fn forget_preloaded(path: &Path) {
    let set = std::env::var_os(PRELOAD).unwrap_or_default();
    let Some(others) = set.as_bytes().strip_prefix(path.as_os_str().as_bytes()) else { return };
    // SAFETY: the caller's promise: no other thread reads the environment.
    unsafe {
        match others.strip_prefix(b":") {
            Some(others) => std::env::set_var(PRELOAD, OsStr::from_bytes(others)),
            None => std::env::remove_var(PRELOAD),
        }
    }
}

/// Proves that a call reaches the function of that name in the table.
///
/// A child process makes the page with the function's first instruction non-executable, and makes the call as a trial
/// does. If the call reaches the function, it faults there; nothing of the function runs.
///
/// # Errors
/// Why there is no proof, in a few words.
pub fn prove(functions: Functions, call: Call) -> Result<(), String> {
    let address = functions.address(call).ok_or("there is no such function")? as usize;
    let (read, write) = crate::sys::makeshift::pipe().map_err(|e| e.to_string())?;
    let pid = match process::fork().map_err(|e| e.to_string())? {
        Forked::Child => process::exit_now(reach(functions, call, address, write.as_raw_fd())),
        Forked::Parent(pid) => pid,
    };
    drop(write);
    let time = Timespec { tv_sec: PROOF.as_secs() as _, tv_nsec: 0 };
    let mut said = [0];
    let proved = match poll(&mut [PollFd::new(&read, PollFlags::IN)], Some(&time)) {
        Ok(0) => Err("the call did not return in time".to_owned()),
        Ok(_) => match rustix::io::read(&read, &mut said) {
            Ok(1) if said == [REACHED] => Ok(()),
            Ok(1) => Err("the call went elsewhere".to_owned()),
            _ => Err("the process that made the call died".to_owned()),
        },
        Err(error) => Err(error.to_string()),
    };
    // Kill it, whatever it was doing. Where rustix makes its own system calls (Linux), the library plays no part in
    // this wait.
    let _ = process::kill(pid, libc::SIGKILL);
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        let wait = || rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
        while matches!(wait(), Err(Errno::INTR)) {}
    }
    proved
}

/// What the child of [`prove`] writes if its call reached the function.
const REACHED: u8 = b'y';
const MISSED: u8 = b'n';

/// For the fault handler.
static ENTRY: AtomicUsize = AtomicUsize::new(0);
static PAGE: AtomicUsize = AtomicUsize::new(0);
static TELL: AtomicI32 = AtomicI32::new(-1);

/// The child of [`prove`]; returns if the call did not reach the function.
fn reach(functions: Functions, call: Call, address: usize, tell: i32) -> i32 {
    // The lowest bit of an address may name an instruction set (Thumb).
    let entry = if cfg!(target_arch = "arm") { address & !1 } else { address };
    ENTRY.store(entry, Ordering::Relaxed);
    PAGE.store(entry & !(page() - 1), Ordering::Relaxed);
    TELL.store(tell, Ordering::Relaxed);
    process::die_with_parent(Some(libc::SIGKILL));
    // SAFETY: a struct sigaction is numbers and pointers, for all of which zero is a value.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = on_fault as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO;
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: a filled structure; the handler makes system calls only, and lives as long as the process.
        if check(unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) }).is_err() {
            return 1;
        }
    }
    let id = if call == Call::Waitid || call == Call::Wait6 { Some(i64::from(libc::P_ALL)) } else { None };
    let select = id.map_or(Select::Pid(-1), |idtype| Select::Id { idtype, id: 0 });
    let rusage = if call == Call::Waitid { Pointer::Null } else { Pointer::Buffer };
    let (status, info) = (Pointer::Buffer, Pointer::Buffer);
    let options = libc::WNOHANG | if id.is_some() { libc::WEXITED } else { 0 };
    let request = Request { call, select, options, status, rusage, info };
    if protect(libc::PROT_READ) {
        let _ = perform(Entry::Library(functions), &request);
        protect(libc::PROT_READ | libc::PROT_EXEC);
    }
    tell_parent(MISSED);
    1
}

/// Called when the function's first instruction, or something else on its page, was about to be executed.
extern "C" fn on_fault(signal: i32, info: *mut libc::siginfo_t, _context: *mut c_void) {
    // Make the page executable first: code that is used here may be on it.
    if !protect(libc::PROT_READ | libc::PROT_EXEC) {
        process::exit_now(1);
    }
    // SAFETY: SA_SIGINFO: the system passes a siginfo_t, with the address of a fault for these signals.
    let at = unsafe { (*info).si_addr() } as usize;
    let page = PAGE.load(Ordering::Relaxed);
    if at == ENTRY.load(Ordering::Relaxed) {
        tell_parent(REACHED);
        process::exit_now(0);
    }
    if !(page..page + self::page()).contains(&at) {
        // A fault of the program's own.
        tell_parent(MISSED);
        process::exit_now(signal);
    }
}

fn page() -> usize {
    super::raw::page_size() as usize
}

/// Sets the protection of the function's page.
fn protect(rights: i32) -> bool {
    let at = PAGE.load(Ordering::Relaxed) as *mut c_void;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the page is mapped and holds a function; it stays readable, and the handler makes it executable again. The
    // library under test may be the C library itself, so its `mprotect` may be on that page.
    let done = unsafe {
        use rustix::mm::{MprotectFlags, mprotect};
        mprotect(at, page(), MprotectFlags::from_bits_retain(rights.cast_unsigned())).is_ok()
    };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    // SAFETY: as above.
    let done = unsafe { libc::mprotect(at, page(), rights) } == 0;
    done
}

fn tell_parent(what: u8) {
    // SAFETY: the descriptor of the pipe, which stays open as long as this process.
    let fd = unsafe { rustix::fd::BorrowedFd::borrow_raw(TELL.load(Ordering::Relaxed)) };
    let _ = rustix::io::write(fd, &[what]);
}
