//! Wrappers that pass something else on.

use super::mutant::{Mutant, blind, from_bug};
use crate::spec::{posix, promise};
use crate::subject::wrapper::{self, Wrapper, code, no_program, wait_with};
use crate::sys::{process, signal};
use crate::wait::{Errno, Event, IdOptions, Target, WaitOptions, retrying, waitid};

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "wrapper-seven-bits",
        "a wrapper passes on seven bits of an exit code",
        &posix::WRAPPER_EXIT_STATUS,
    )
    .wrapper(Wrapper {
        code: |event| match event {
            Event::Exited { code } => code & 0x7f,
            other => code(other),
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-not-found-126",
        "a wrapper exits with 126 for what is not there",
        &posix::WRAPPER_NOT_FOUND,
    )
    .wrapper(Wrapper { no_program: |_| 126, ..Wrapper::CORRECT }),
    blind(
        "wrapper-not-executable-127",
        "a wrapper exits with 127 for what cannot be run",
        &posix::WRAPPER_NOT_EXECUTABLE,
    )
    .wrapper(Wrapper { no_program: |_| no_program(Errno::NOENT), ..Wrapper::CORRECT }),
    blind(
        "wrapper-signal-zero",
        "a wrapper exits with 0 where a signal killed the command",
        &posix::WRAPPER_SIGNAL,
    )
    .wrapper(Wrapper {
        code: |event| match event {
            Event::Signaled { .. } => 0,
            other => code(other),
        },
        ..Wrapper::CORRECT
    }),
    blind("wrapper-signal-off", "a wrapper exits with 129 + n for signal n", &promise::WRAPPER_SIGNAL_CODE)
        .wrapper(Wrapper {
            code: |event| match event {
                Event::Signaled { .. } => code(event) + 1,
                other => code(other),
            },
            ..Wrapper::CORRECT
        }),
    from_bug(
        "swift-subprocess#371",
        "wrapper-stop-is-exit",
        "a wrapper exits when the command stops",
        &posix::WRAPPER_STOP_IS_NO_EXIT,
    )
    .wrapper(Wrapper { wait: |pid| wait_with(pid, WaitOptions::UNTRACED), ..Wrapper::CORRECT }),
    blind(
        "wrapper-leaves-zombie",
        "a wrapper looks at the status and does not reap the command",
        &promise::WRAPPER_LEAVES_NOTHING,
    )
    .wrapper(Wrapper {
        wait: |pid| {
            let options = IdOptions::EXITED | IdOptions::NOWAIT;
            retrying(|| waitid(Target::Pid(pid), options)).map(|info| info.event)
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-not-found-status",
        "a wrapper exits with 1 for what is not there and what cannot be run",
        &posix::WRAPPER_NOT_FOUND,
    )
    .wrapper(Wrapper { no_program: |_| 1, ..Wrapper::CORRECT }),
    blind(
        "wrapper-all-125",
        "a wrapper exits with 125 whenever the command fails",
        &posix::WRAPPER_EXIT_STATUS,
    )
    .wrapper(Wrapper {
        code: |event| match event {
            Event::Exited { code: 0 } => 0,
            Event::Exited { .. } => 125,
            other => code(other),
        },
        ..Wrapper::CORRECT
    }),
    blind("wrapper-signal-number", "a wrapper exits with n for signal n", &posix::WRAPPER_SIGNAL).wrapper(
        Wrapper {
            code: |event| match event {
                Event::Signaled { signal, .. } => signal.number(),
                other => code(other),
            },
            ..Wrapper::CORRECT
        },
    ),
    blind(
        "wrapper-waits-for-sigchld",
        "a wrapper waits for a SIGCHLD that it has not unblocked",
        &posix::WRAPPER_SIGCHLD_BLOCKED,
    )
    .wrapper(Wrapper {
        prepare: || {},
        wait: |pid| {
            let blocked = signal::blocked().contains(&libc::SIGCHLD);
            if blocked {
                // Its handler never runs.
                process::pause();
            }
            wrapper::wait(pid)
        },
        ..Wrapper::CORRECT
    }),
    blind("wrapper-forwards-nothing", "a wrapper keeps the signals that it gets", &promise::WRAPPER_FORWARDS)
        .wrapper(Wrapper { pass_on: |_| {}, ..Wrapper::CORRECT }),
    blind(
        "wrapper-forwards-kill",
        "a wrapper kills the command whatever signal it gets",
        &promise::WRAPPER_FORWARDS,
    )
    .wrapper(Wrapper {
        pass_on: |_| {
            let _ = process::kill(wrapper::child(), libc::SIGKILL);
        },
        ..Wrapper::CORRECT
    }),
    blind("wrapper-hangup", "the command does not survive a hangup", &promise::WRAPPER_IGNORES_HANGUP)
        .wrapper(Wrapper { shield: || {}, ..Wrapper::CORRECT }),
    blind(
        "wrapper-expired-status",
        "a command that took too long is shown as one that a signal killed",
        &promise::TIMEOUT_EXPIRED,
    )
    .wrapper(Wrapper { expired: |event, _, _| code(event), ..Wrapper::CORRECT }),
    blind(
        "wrapper-killed-124",
        "a command that was killed because it took too long is shown as one that was terminated",
        &promise::TIMEOUT_KILLED,
    )
    .wrapper(Wrapper {
        expired: |event, _, preserves| wrapper::expired(event, false, preserves),
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-never-preserves",
        "the status of a command that took too long is not passed on",
        &promise::TIMEOUT_PRESERVES,
    )
    .wrapper(Wrapper {
        expired: |event, killed, _| wrapper::expired(event, killed, false),
        ..Wrapper::CORRECT
    }),
];
