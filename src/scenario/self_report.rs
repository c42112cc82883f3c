//! What a child says of itself: its ids, its signals, its usage.

use rustix::io::Errno;

use crate::protocol::Line;
use crate::protocol::fields::{CHILDREN, OWN, put_usage};
use crate::sys::process::{self, Who, workload};
use crate::sys::signal;
use crate::wait::Signal;
use crate::wait::names::errno_name;

/// The state it was started in: SIGCHLD ignored, or blocked.
static SIGCHLD: std::sync::OnceLock<Vec<&str>> = std::sync::OnceLock::new();

/// Notes it, before anything is changed.
pub(super) fn note_sigchld() {
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
