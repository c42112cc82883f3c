//! What a process and a thread have beyond signals and timers: ids, limits, actions, cancelability.
//!
//! Each is a text to compare with that of another time; what it says is the system's own.

use std::fmt::Write as _;
use std::mem::MaybeUninit;

use rustix::fs::Mode;
use rustix::process::Resource;

use crate::sys::process::{group_of, session_of};
use crate::sys::signal::LAST;

#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "attributes_linux.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "attributes_unknown.rs")]
mod of_system;

/// Each by its name.
pub fn attributes() -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("ids", ids()),
        ("umask", format!("{:o}", umask().bits())),
        ("nice", nice().to_string()),
        ("directory", directory()),
        ("limits", limits().join(",")),
        ("actions", actions()),
    ];
    all.extend(cancelability().map(|text| ("cancel", text)));
    all.extend(of_system::attributes());
    all
}

/// Of its group, its session, its user and its group of users.
fn ids() -> String {
    // SAFETY: these four take nothing and cannot fail.
    let (uid, euid, gid, egid) =
        unsafe { (libc::getuid(), libc::geteuid(), libc::getgid(), libc::getegid()) };
    let (pgid, sid) = (group_of(0).unwrap_or(-1), session_of(0).unwrap_or(-1));
    format!("{pgid},{sid},{uid},{euid},{gid},{egid}")
}

/// The mask of the modes of new files.
pub fn umask() -> Mode {
    // It can only be read by being set. Nothing is created in between.
    let mask = rustix::process::umask(Mode::empty());
    rustix::process::umask(mask);
    mask
}

/// The nice value; 0 if it cannot be read.
pub fn nice() -> i32 {
    rustix::process::getpriority_process(None).unwrap_or(0)
}

fn directory() -> String {
    std::env::current_dir().map_or_else(|e| e.to_string(), |path| path.display().to_string())
}

/// The limits that every system has, each as `NAME:SOFT:HARD`.
pub fn limits() -> [String; 6] {
    let each = [
        ("core", Resource::Core),
        ("cpu", Resource::Cpu),
        ("data", Resource::Data),
        ("fsize", Resource::Fsize),
        ("nofile", Resource::Nofile),
        ("stack", Resource::Stack),
    ];
    each.map(|(name, resource)| {
        let limit = rustix::process::getrlimit(resource);
        let shown = |value: Option<u64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        format!("{name}:{}:{}", shown(limit.current), shown(limit.maximum))
    })
}

/// The actions that are not the default, with their flags.
fn actions() -> String {
    let mut text = String::new();
    for signal in 1..=LAST {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: room for the structure, for which zero is a value; no action is set.
        let action = unsafe {
            libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
            action.assume_init()
        };
        if action.sa_sigaction != libc::SIG_DFL {
            let _ = write!(text, "{signal}:{:x}:{:x} ", action.sa_sigaction, action.sa_flags);
        }
    }
    text
}

/// The calling thread's cancelability state and type, as the C library's numbers.
#[cfg(not(target_os = "android"))]
fn cancelability() -> Option<String> {
    unsafe extern "C" {
        fn pthread_setcancelstate(state: libc::c_int, old: *mut libc::c_int) -> libc::c_int;
        fn pthread_setcanceltype(kind: libc::c_int, old: *mut libc::c_int) -> libc::c_int;
    }
    let (mut state, mut kind) = (0, 0);
    // 0 is a value of both on every system. There is no other way to read them.
    // SAFETY: numbers, and pointers to ours. No cancellation is pending.
    unsafe {
        pthread_setcancelstate(0, &raw mut state);
        pthread_setcancelstate(state, std::ptr::null_mut());
        pthread_setcanceltype(0, &raw mut kind);
        pthread_setcanceltype(kind, std::ptr::null_mut());
    }
    Some(format!("{state},{kind}"))
}

/// There is none.
#[cfg(target_os = "android")]
fn cancelability() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_readings_agree() {
        let first = std::thread::spawn(|| (attributes(), attributes())).join().unwrap();
        // Other tests start threads, set actions and limits.
        let of_thread = |all: Vec<(&'static str, String)>| -> Vec<_> {
            let shared = ["actions", "threads", "limits", "ids", "umask", "directory", "attributes"];
            all.into_iter().filter(|(name, _)| !shared.contains(name)).collect()
        };
        assert_eq!(of_thread(first.0.clone()), of_thread(first.1));
        assert!(first.0.iter().all(|(_, text)| text.len() < 1000), "{:?}", first.0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_change_shows() {
        let changed = std::thread::spawn(|| {
            let before = attributes();
            // SAFETY: a short name, for this thread only.
            unsafe { libc::prctl(libc::PR_SET_NAME, c"renamed".as_ptr()) };
            before.into_iter().zip(attributes()).filter(|(a, b)| a != b).map(|(a, _)| a.0).collect::<Vec<_>>()
        });
        assert!(changed.join().unwrap().contains(&"name"));
    }
}
