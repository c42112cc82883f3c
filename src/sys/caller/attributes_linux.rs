//! What Linux adds.

use std::mem::MaybeUninit;

use crate::sys::process;

/// What `prctl` says in its value.
const VALUES: [libc::c_int; 4] =
    [libc::PR_GET_DUMPABLE, libc::PR_GET_KEEPCAPS, libc::PR_GET_TIMERSLACK, libc::PR_GET_NO_NEW_PRIVS];

/// What `prctl` writes to an `int`.
const WRITTEN: [libc::c_int; 2] = [libc::PR_GET_PDEATHSIG, libc::PR_GET_CHILD_SUBREAPER];

pub(super) fn attributes() -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("name", name()),
        ("attributes", values()),
        ("processors", processors()),
        ("robust", robust_list()),
    ];
    all.extend(process::thread_count().map(|count| ("threads", count.to_string())));
    all
}

fn name() -> String {
    let mut name = [0_u8; 16];
    // SAFETY: room for a name.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned()
}

fn values() -> String {
    let value = |what| {
        // SAFETY: numbers only; those that are not used must be 0.
        unsafe {
            libc::prctl(what, 0 as libc::c_ulong, 0 as libc::c_ulong, 0 as libc::c_ulong, 0 as libc::c_ulong)
        }
    };
    let written = |what| {
        let mut value: libc::c_int = -1;
        // SAFETY: an int of ours is written.
        unsafe { libc::prctl(what, &raw mut value) };
        value
    };
    let all = VALUES.into_iter().map(value).chain(WRITTEN.into_iter().map(written));
    all.map(|value| value.to_string()).collect::<Vec<_>>().join(",")
}

/// The processors that the calling thread may run on.
fn processors() -> String {
    let mut set = [0_u64; 16];
    // SAFETY: as many bytes as are announced are written at most.
    unsafe { libc::syscall(libc::SYS_sched_getaffinity, 0, size_of_val(&set), set.as_mut_ptr()) };
    let used = set.iter().rposition(|&word| word != 0).map_or(0, |last| last + 1);
    set[..used].iter().map(|word| format!("{word:x}")).collect::<Vec<_>>().join(",")
}

/// The calling thread's list of robust futexes.
fn robust_list() -> String {
    let (mut head, mut len) = (MaybeUninit::<usize>::zeroed(), MaybeUninit::<usize>::zeroed());
    // SAFETY: a pointer and a size are written; zero is a value of both.
    let (head, len) = unsafe {
        libc::syscall(libc::SYS_get_robust_list, 0, head.as_mut_ptr(), len.as_mut_ptr());
        (head.assume_init(), len.assume_init())
    };
    format!("{head:x},{len}")
}
