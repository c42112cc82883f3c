//! What the environment provides, probed once.

use crate::protocol::Line;
use crate::sys::process::pidfd;
use crate::sys::{process_table, signal};
use crate::wait::names;
use std::path::Path;

/// The answer to `probe`, without its `id`.
pub(super) fn probe() -> Line {
    let [system, release, machine] = crate::sys::process::system_names();
    let methods = process_table::methods::probe();
    let shown = [("processes", methods.table), ("deaths", methods.ended), ("blocked calls", methods.blocked)];
    let root = crate::sys::process::is_root();
    let core = core_files();
    // What a case can wait for: states, deaths only, or nothing.
    let observation = match (methods.table, methods.ended) {
        ("none", "none") => "none",
        ("none", _) => "deaths",
        _ => "table",
    };
    let probed = Line::new("ok")
        .with("observation", observation)
        .with("kernel", format!("{system} {release}"))
        .with("machine", machine)
        .with_list("methods", shown.map(|(what, how)| format!("{what} by {how}")))
        .with_list("notes", notes(root))
        .with("root", yes(root))
        .with("core", yes(core));
    match pidfd::waits_refused() {
        Some(errno) => probed.with("pidfd-waits", names::errno_text(errno.raw_os_error())),
        None => probed,
    }
}

fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

/// Inherited settings that would change how wait behaves, and are therefore reset in agents.
fn notes(root: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if signal::is_ignored(libc::SIGCHLD) == Some(true) {
        notes.push("SIGCHLD was ignored on entry; agents start with the default action".to_owned());
    }
    let blocked = signal::blocked();
    if !blocked.is_empty() {
        notes.push(format!("{} signals were blocked on entry; agents start with none", blocked.len()));
    }
    if !root {
        notes.push("not the superuser".to_owned());
    }
    if process_table::read(crate::sys::process::pid()).is_err() {
        notes.push("the process table cannot be read".to_owned());
    }
    notes
}

/// Whether a core dump leaves a file in the working directory, as far as this can be predicted: the hard limit must
/// allow it, and the system must not pipe cores to a program.
fn core_files() -> bool {
    let allowed = crate::sys::process::may_dump_core();
    let pattern = Path::new("/proc/sys/kernel/core_pattern");
    let piped = std::fs::read(pattern).is_ok_and(|text| text.starts_with(b"|"));
    allowed && !piped
}
