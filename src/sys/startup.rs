//! What Rust's runtime requires of a system before `main`. If that is missing, the runtime aborts the program without a
//! message, or without saying why.

use super::process::last_errno;
use rustix::io::Errno;
use std::ptr;

/// The exit code of a program that cannot start: nothing could be judged.
const BROKEN: i32 = 3;

/// Keeps the check in the program: the linker drops anything that is not referred to.
pub fn is_checked() -> bool {
    BEFORE_MAIN as usize != 0
}

/// Called by the C library once it is ready.
#[used]
// SAFETY: the section holds pointers to functions of that type.
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = look;

extern "C" fn look() {
    let Err((what, errno)) = poll().and_then(|()| sigaction()) else { return };
    let name = match errno {
        Errno::NOSYS => "ENOSYS".to_owned(),
        Errno::PERM => "EPERM".to_owned(),
        Errno::ACCESS => "EACCES".to_owned(),
        other => other.raw_os_error().to_string(),
    };
    eprintln!("waitspec: Rust's runtime cannot start without {what}, but the C kit can: {name}");
    // SAFETY: it ends the process, and touches no memory.
    unsafe { libc::_exit(BROKEN) }
}

/// The runtime tolerates some of poll's errors.
fn poll() -> Result<(), (&'static str, Errno)> {
    // SAFETY: no structure is passed, and none is read.
    if unsafe { libc::poll(ptr::null_mut(), 0, 0) } != -1 {
        return Ok(());
    }
    match last_errno() {
        Errno::INTR | Errno::INVAL | Errno::AGAIN | Errno::NOMEM => Ok(()),
        errno => Err(("poll", errno)),
    }
}

fn sigaction() -> Result<(), (&'static str, Errno)> {
    // SAFETY: without a new action nothing is read, and without room for the old one nothing is written.
    match unsafe { libc::sigaction(libc::SIGPIPE, ptr::null(), ptr::null_mut()) } {
        -1 => Err(("rt_sigaction", last_errno())),
        _ => Ok(()),
    }
}
