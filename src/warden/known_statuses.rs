//! Known statuses, reaped by this system's wait: judging handles and programs relies on it.

use crate::sys::process::{self, Reaped};
use crate::sys::process_table;
use crate::sys::signal;
use std::time::{Duration, Instant};

/// The exit codes that are tried.
const CODES: [i32; 6] = [0, 1, 7, 127, 128, 255];
/// The signals that are tried, none of which dumps core.
const SIGNALS: [i32; 6] =
    [libc::SIGHUP, libc::SIGINT, libc::SIGKILL, libc::SIGUSR1, libc::SIGALRM, libc::SIGTERM];
/// How long a child may take to terminate.
const DYING: Duration = Duration::from_secs(10);

/// Creates a child for each, and reaps it: the expected and the actual status word, such as `0x700:0x700`. The first that
/// differ are the last.
pub(super) fn reaped() -> Vec<String> {
    let exits = CODES.iter().map(|&code| (code << 8, reap_child(move || code)));
    let deaths = SIGNALS.iter().map(|&number| {
        let dies = move || {
            signal::reset_all();
            let _ = signal::raise(number);
            0
        };
        (number, reap_child(dies))
    });
    let mut pairs = Vec::new();
    for (made, reported) in exits.chain(deaths) {
        let made = format!("{made:#x}");
        pairs.push(format!("{made}:{reported}"));
        if made != reported {
            break;
        }
    }
    pairs
}

/// Creates a child, waits until the process table shows it dead, and reaps it: its status, or what went wrong.
fn reap_child(body: impl FnOnce() -> i32) -> String {
    let pid = match process::spawn(body) {
        Ok(pid) => pid,
        Err(error) => return error.to_string(),
    };
    let began = Instant::now();
    // Without a process table, only the wait itself can tell.
    while matches!(process_table::read(pid), Ok(Some(p)) if !p.is_waitable_zombie())
        && began.elapsed() < DYING
    {
        std::thread::yield_now();
    }
    loop {
        match process::reap(pid) {
            Reaped::Gone(status) => return format!("{status:#x}"),
            Reaped::Failed(error) => return error.to_string(),
            Reaped::NotYet if began.elapsed() >= DYING => return "none".to_owned(),
            Reaped::NotYet => std::thread::yield_now(),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_system_reports_what_was_made() {
        let pairs = super::reaped();
        assert_eq!(pairs.len(), 12);
        for pair in pairs {
            let (made, reported) = pair.split_once(':').expect("a pair");
            assert_eq!(made, reported);
        }
    }
}
