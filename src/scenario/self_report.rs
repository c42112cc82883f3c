//! What a child says of itself: its ids, its signals, its usage.

use rustix::io::Errno;

use crate::protocol::Line;
use crate::protocol::fields::{CHILDREN, OWN, put_usage};
use crate::sys::process::{self, Who, workload};
use crate::sys::{caller, descriptors, signal};
use crate::wait::Signal;
use crate::wait::names::errno_name;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::OnceLock;

/// The state it was started in: SIGCHLD ignored, or blocked.
static SIGCHLD: OnceLock<Vec<&str>> = OnceLock::new();
/// Its working directory.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Notes them, before anything is changed.
pub(super) fn note_start() {
    let _ = std::env::current_dir().map(|folder| FOLDER.set(folder));
    let began = [
        (signal::is_ignored(libc::SIGCHLD) == Some(true), "ignored"),
        (signal::blocked().contains(&libc::SIGCHLD), "blocked"),
    ];
    let _ = SIGCHLD.set(began.iter().filter(|(so, _)| *so).map(|(_, how)| *how).collect());
}

/// Its ids, what is pending, and what it was started with.
pub(super) fn ids_and_signals() -> Line {
    let (uid, euid) = (rustix::process::getuid(), rustix::process::geteuid());
    let line = put_ids(Line::new("ok"));
    let pending = signal::pending().into_iter().map(|number| Signal::from_number(number).to_string());
    let line = line.with("uid", uid.as_raw()).with("euid", euid.as_raw());
    let line = line.with_list("pending", pending);
    let line = match signal::take_records().0 {
        0 => line,
        caught => line.with("caught", caught),
    };
    let line = if workload::is_jailed() { line.with("jailed", "yes") } else { line };
    match SIGCHLD.get() {
        Some(began) if !began.is_empty() => line.with_list("sigchld", began),
        _ => line,
    }
}

/// What a process inherits from the one that created it.
pub(super) fn inherited() -> Line {
    let names = |numbers: Vec<i32>| numbers.into_iter().map(|number| Signal::from_number(number).to_string());
    let ignored = (1..=signal::LAST).filter(|&number| signal::is_ignored(number) == Some(true)).collect();
    let mut environment: Vec<String> = std::env::vars_os()
        .map(|(name, value)| {
            let mut hasher = DefaultHasher::new();
            value.hash(&mut hasher);
            format!("{}:{:08x}", name.to_string_lossy(), hasher.finish() as u32)
        })
        .collect();
    environment.sort_unstable();
    let stream = |fd: std::os::fd::BorrowedFd<'_>| match rustix::fs::fstat(fd) {
        Ok(found) => format!("{}:{}", found.st_dev, found.st_ino),
        Err(error) => shown(error),
    };
    put_ids(Line::new("ok"))
        .with("cwd", FOLDER.get().cloned().unwrap_or_default().display())
        .with("umask", format_args!("{:03o}", caller::umask().bits()))
        .with("nice", caller::nice())
        .with("stdin", stream(rustix::stdio::stdin()))
        .with("stdout", stream(rustix::stdio::stdout()))
        .with("stderr", stream(rustix::stdio::stderr()))
        .with_list("descriptors", descriptors::inheritable().into_iter().map(|fd| fd.to_string()))
        .with_list("blocked", names(signal::blocked()))
        .with_list("ignored", names(ignored))
        .with_list("limits", caller::limits())
        .with_list("environment", environment)
}

/// The name of an error, or its number.
pub(super) fn shown(error: Errno) -> String {
    let number = error.raw_os_error();
    errno_name(number).map_or_else(|| number.to_string(), str::to_owned)
}

/// A line with its own resource usage and that of its reaped children.
pub(super) fn report(word: &str) -> Line {
    let mut line = Line::new(word);
    put_usage(&mut line, OWN, &process::usage(Who::SelfProcess));
    put_usage(&mut line, CHILDREN, &process::usage(Who::Children));
    line
}

/// Adds the process ids to a line.
pub(super) fn put_ids(line: Line) -> Line {
    line.with("pid", process::pid())
        .with("ppid", process::parent_pid())
        .with("pgid", process::group())
        .with("sid", process::session_of(0).unwrap_or(0))
}
