//! Process handles that create children with something changed, or leave something behind.

use crate::mutants::handle::faults::forever;
use crate::mutants::handle::promises::{CORRECT, reporting};
use crate::mutants::mutant::{Mutant, blind, from_bug};
use crate::protocol::handle::HandleReport;
use crate::spec::Clause;
use crate::spec::promise;
use crate::subject::handle::{Behavior, OwnHandle};
use crate::sys::{makeshift, process, signal};
use crate::wait::{Deadline, Errno};
use rustix::fd::BorrowedFd;
use rustix::io::FdFlags;
use std::ffi::{CStr, CString};
use std::time::Duration;

type Spawn = fn(&[CString], Option<BorrowedFd<'_>>) -> Result<i32, Errno>;

const fn spawning(name: &'static str, breaks: &'static str, clause: &'static Clause, spawn: Spawn) -> Mutant {
    blind(name, breaks, clause).handle(Behavior { spawn, ..CORRECT })
}

/// Runs a program by a shell that does this first.
fn after(first: &CStr, argv: &[CString], output: Option<BorrowedFd<'_>>) -> Result<i32, Errno> {
    // A missing program must still be an error.
    if argv.first().is_none_or(|program| program.as_bytes().starts_with(b"/nonexistent")) {
        return process::run_program(argv, output);
    }
    let script = [first.to_bytes(), b"; exec \"$@\""].concat();
    let script = CString::new(script).unwrap_or_default();
    let mut words: Vec<CString> = vec![c"/bin/sh".into(), c"-c".into(), script, c"sh".into()];
    words.extend(argv.iter().cloned());
    process::run_program(&words, output)
}

/// Opens a descriptor for good; close-on-exec or not.
fn leak(flags: FdFlags) {
    if let Ok((read, _)) = makeshift::pipe() {
        let _ = rustix::io::fcntl_setfd(&read, flags);
        std::mem::forget(read);
    }
}

/// Looks at the child at this interval.
fn looking(h: &OwnHandle, timeout: Option<Duration>, every: Duration) -> Result<HandleReport, Errno> {
    let Some(timeout) = timeout else { return h.await_result(None) };
    let deadline = Deadline::after(timeout);
    loop {
        let report = h.look()?;
        if report != HandleReport::Running || deadline.has_passed() {
            return Ok(report);
        }
        std::thread::sleep(every.min(deadline.remaining()));
    }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "handle-timeout-looks-each-second",
        "a wait with a timeout looks at the child once a second",
        &promise::HANDLE_TIMEOUT_IDLE,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| looking(h, timeout, Duration::from_secs(1)))),
    blind(
        "handle-timeout-32-bits",
        "of a timeout the lower 32 bits of the milliseconds count",
        &promise::HANDLE_WAIT_RETURNS,
    )
    .handle(reporting(OwnHandle::look, |h, timeout| {
        h.await_result(timeout.map(|time| Duration::from_millis(u64::from(time.as_millis() as u32))))
    })),
    blind("handle-leaks-thread", "a thread remains for each child", &promise::HANDLE_RELEASES).handle(
        Behavior {
            made: |_| {
                let _ = std::thread::Builder::new().spawn(|| -> () { forever() });
            },
            ..CORRECT
        },
    ),
    blind("handle-kills-twice", "each signal is sent twice", &promise::HANDLE_KILL_DELIVERS).handle(
        Behavior {
            kill: |h, signal| {
                h.send(signal)?;
                std::thread::sleep(Duration::from_millis(1));
                let _ = h.send(signal);
                Ok(())
            },
            ..CORRECT
        },
    ),
    spawning(
        "handle-child-umask",
        "a child starts with another umask",
        &promise::HANDLE_CHILD_STARTS,
        |argv, output| after(c"umask 0", argv, output),
    ),
    spawning(
        "handle-child-folder",
        "a child starts in the root directory",
        &promise::HANDLE_CHILD_STARTS,
        |argv, output| after(c"cd /", argv, output),
    ),
    spawning(
        "handle-child-environment",
        "a variable is added to the environment of a child",
        &promise::HANDLE_CHILD_STARTS,
        |argv, output| after(c"HANDLE=1; export HANDLE", argv, output),
    ),
    spawning(
        "handle-child-limit",
        "a child starts with a lower limit of files",
        &promise::HANDLE_CHILD_STARTS,
        |argv, output| after(c"ulimit -n 200", argv, output),
    ),
    spawning(
        "handle-child-blocks",
        "a child starts with SIGUSR2 blocked",
        &promise::HANDLE_CHILD_STARTS,
        |argv, output| {
            signal::block(libc::SIGUSR2)?;
            let made = process::run_program(argv, output);
            signal::unblock(libc::SIGUSR2)?;
            made
        },
    ),
    spawning(
        "handle-child-words",
        "empty words of a command are left out",
        &promise::HANDLE_CHILD_STARTS,
        |argv, output| {
            let words: Vec<CString> = argv.iter().filter(|word| !word.is_empty()).cloned().collect();
            process::run_program(&words, output)
        },
    ),
    spawning(
        "handle-child-inherits-pipe",
        "a child inherits a descriptor that was opened for an earlier one",
        &promise::HANDLE_CHILD_DESCRIPTORS,
        |argv, output| {
            let made = process::run_program(argv, output);
            leak(FdFlags::empty());
            made
        },
    ),
    spawning(
        "handle-keeps-blocking",
        "a signal that is blocked while a child is created stays blocked",
        &promise::HANDLE_KEEPS_PROCESS,
        |argv, output| {
            let made = process::run_program(argv, output);
            signal::block(libc::SIGUSR2)?;
            made
        },
    ),
    spawning(
        "handle-failure-keeps-umask",
        "the umask is not restored after a program that cannot be executed",
        &promise::HANDLE_KEEPS_PROCESS,
        |argv, output| {
            process::run_program(argv, output).inspect_err(|_| {
                rustix::process::umask(rustix::fs::Mode::empty());
            })
        },
    ),
    spawning(
        "handle-leaks-descriptor",
        "a descriptor remains open for each child",
        &promise::HANDLE_RELEASES,
        |argv, output| {
            leak(FdFlags::CLOEXEC);
            process::run_program(argv, output)
        },
    ),
    from_bug(
        "cpython#87474",
        "handle-failure-leaks-descriptor",
        "a descriptor remains open for each program that could not be executed",
        &promise::HANDLE_RELEASES,
    )
    .handle(Behavior {
        spawn: |argv, output| process::run_program(argv, output).inspect_err(|_| leak(FdFlags::CLOEXEC)),
        ..CORRECT
    }),
    spawning(
        "handle-failure-leaves-zombie",
        "a program that could not be executed leaves a zombie",
        &promise::HANDLE_RELEASES,
        |argv, output| {
            process::run_program(argv, output).inspect_err(|_| {
                let _ = process::spawn(|| 127);
            })
        },
    ),
];
