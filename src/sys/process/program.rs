//! Running a program, with a report of whether the exec succeeded.

use super::control::{Forked, Reaped, exec, exit_now, fork, reap};
use crate::sys::signal::{self, Action, Flags};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CString;

/// Forks and execs a program, with the null device as its standard input and, without `output`, also as its standard
/// output, and the default action of `SIGPIPE`. Returns its pid once the program runs.
///
/// # Errors
/// Those of `fork`, `pipe` and `execvp` (`ENOENT`, `EACCES`); no child exists then.
pub fn run_program(argv: &[CString], output: Option<BorrowedFd<'_>>) -> Result<i32, Errno> {
    // The exec closes the write end; before that, only an error is written to it.
    let (read, write) = crate::sys::makeshift::pipe()?;
    match fork()? {
        Forked::Child => {
            let wired = rustix::fs::open(c"/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
                .and_then(|null| {
                    rustix::stdio::dup2_stdin(&null)?;
                    rustix::stdio::dup2_stdout(output.unwrap_or_else(|| null.as_fd()))
                });
            // A Rust program ignores it, and so would whatever it executes.
            let _ = signal::set_action(libc::SIGPIPE, Action::Default, Flags::default());
            let error = wired.err().unwrap_or_else(|| exec(argv));
            let _ = rustix::io::write(&write, &error.raw_os_error().to_ne_bytes());
            exit_now(127)
        }
        Forked::Parent(pid) => {
            drop(write);
            let mut error = [0; 4];
            let read = rustix::io::retry_on_intr(|| rustix::io::read(&read, &mut error));
            if !matches!(read, Ok(4)) {
                return Ok(pid);
            }
            // The child is exiting, and no one else knows its pid.
            while matches!(reap(pid), Reaped::NotYet) {
                std::thread::yield_now();
            }
            Err(Errno::from_raw_os_error(i32::from_ne_bytes(error)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::tests::TestChild;

    #[test]
    fn a_failed_exec_is_an_error_and_leaves_no_child() {
        let run = |words: &[&str]| {
            let argv: Vec<CString> = words.iter().map(|word| CString::new(*word).expect("no zero")).collect();
            run_program(&argv, None)
        };
        assert_eq!(run(&["/nonexistent/program"]), Err(Errno::NOENT));
        assert_eq!(run(&["/dev/null"]), Err(Errno::ACCESS));
        assert_eq!(TestChild(run(&["sh", "-c", "echo unseen; exit 7"]).expect("a shell")).end(), 7);
    }
}
