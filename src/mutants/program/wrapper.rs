//! Wrappers that pass on something wrong.

use crate::mutants::mutant::{Mutant, blind, from_bug};
use crate::spec::{posix, promise};
use crate::subject::wrapper::{self, Wrapper, code, no_program, wait_with};
use crate::sys::{process, signal};
use crate::wait::{
    Errno, Event, IdOptions, WaitOptions, WaitTarget, retrying, wait4_timeout, waitid, waitpid,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(crate) const MUTANTS: &[Mutant] = &[
    blind(
        "wrapper-seven-bits",
        "a wrapper passes on only seven bits of an exit code",
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
        "a wrapper exits with 126 for a command that is not found",
        &posix::WRAPPER_NOT_FOUND,
    )
    .wrapper(Wrapper { no_program: |_| 126, ..Wrapper::CORRECT }),
    blind(
        "wrapper-not-executable-127",
        "a wrapper exits with 127 for a command that cannot be executed",
        &posix::WRAPPER_NOT_EXECUTABLE,
    )
    .wrapper(Wrapper { no_program: |_| no_program(Errno::NOENT), ..Wrapper::CORRECT }),
    blind(
        "wrapper-signal-zero",
        "a wrapper exits with 0 if a signal killed the command",
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
    blind(
        "wrapper-core-bit",
        "a wrapper adds the core flag to the code for a signal, which then wraps to below 128",
        &posix::WRAPPER_SIGNAL,
    )
    .wrapper(Wrapper {
        code: |event| match event {
            Event::Signaled { core: true, .. } => (code(event) + 128) & 0xff,
            other => code(other),
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-five-bits-of-signal",
        "a wrapper shows five bits of the number of a signal",
        &promise::WRAPPER_SIGNAL_CODE,
    )
    .wrapper(Wrapper {
        code: |event| match event {
            Event::Signaled { signal, .. } => 128 + (signal.number() & 0x1f),
            other => code(other),
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-killed-while-stopped",
        "a command that is killed while it is stopped is shown as one that has exited with 0",
        &posix::WRAPPER_SIGNAL,
    )
    .wrapper(Wrapper {
        wait: |pid| {
            let mut stopped = false;
            loop {
                match wait_with(pid, WaitOptions::UNTRACED | WaitOptions::CONTINUED)? {
                    Event::Stopped { .. } => stopped = true,
                    Event::Continued => stopped = false,
                    Event::Signaled { .. } if stopped => return Ok(Event::Exited { code: 0 }),
                    event => return Ok(event),
                }
            }
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-leaves-stopped",
        "a command that has stopped when its time is over is not continued",
        &promise::TIMEOUT_CONTINUES,
    )
    .wrapper(Wrapper {
        end: |pid, signal| {
            let _ = process::kill(pid, signal);
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-command-ignores",
        "the command of a wrapper that ignores SIGINT starts with it ignored",
        &promise::WRAPPER_COMMAND_SIGNALS,
    )
    .wrapper(Wrapper {
        shield: || {
            wrapper::shield();
            let _ = signal::set_action(libc::SIGINT, signal::Action::Ignore, signal::Flags::default());
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-command-sigchld",
        "the command of a wrapper that blocks SIGCHLD starts with it blocked",
        &promise::WRAPPER_COMMAND_SIGNALS,
    )
    .wrapper(Wrapper {
        shield: || {
            wrapper::shield();
            let _ = signal::block(libc::SIGCHLD);
        },
        ..Wrapper::CORRECT
    }),
    from_bug(
        "cpython#45993",
        "wrapper-command-pipe",
        "the command of a wrapper starts with SIGPIPE ignored",
        &promise::WRAPPER_COMMAND_SIGNALS,
    )
    .wrapper(Wrapper {
        shield: || {
            wrapper::shield();
            let _ = signal::set_action(libc::SIGPIPE, signal::Action::Ignore, signal::Flags::default());
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-other-errors-1",
        "a wrapper exits with 1 for a command that cannot be executed for a rare reason",
        &posix::WRAPPER_NOT_INVOKED,
    )
    .wrapper(Wrapper {
        no_program: |errno| match errno {
            Errno::NOENT | Errno::ACCESS => no_program(errno),
            _ => 1,
        },
        ..Wrapper::CORRECT
    }),
    blind("wrapper-forwards-twice", "a wrapper forwards each signal twice", &promise::WRAPPER_FORWARDS)
        .wrapper(Wrapper {
            pass_on: |signal| {
                wrapper::pass_on(signal);
                wrapper::pass_on(signal);
            },
            ..Wrapper::CORRECT
        }),
    blind(
        "wrapper-looks-each-second",
        "a wrapper looks once a second whether its command has exited",
        &promise::WRAPPER_IDLE,
    )
    .wrapper(Wrapper {
        wait: |pid| {
            loop {
                let second = Duration::from_secs(1);
                if let Some(waited) = wait4_timeout(WaitTarget::Pid(pid), WaitOptions::NONE, second)? {
                    return Ok(waited.status.event());
                }
            }
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-waits-for-descendants",
        "a wrapper exits only once the processes that its command has made have terminated, too",
        &promise::WRAPPER_EXITS_WITH_COMMAND,
    )
    .wrapper(Wrapper {
        prepare: || {
            wrapper::prepare();
            let _ = process::set_subreaper(true);
        },
        wait: |pid| {
            let event = wrapper::wait(pid)?;
            while retrying(|| waitpid(WaitTarget::Any, WaitOptions::NONE)).is_ok() {}
            Ok(event)
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-whole-seconds",
        "of the time that a command may run the whole seconds count",
        &promise::TIMEOUT_PASSES,
    )
    .wrapper(Wrapper {
        limit: |time| match time.as_secs() {
            0 => time,
            seconds => std::time::Duration::from_secs(seconds),
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-killed-later-124",
        "a command that survives SIGTERM and is killed is shown as one that was terminated",
        &promise::TIMEOUT_KILLS_LATER,
    )
    .wrapper(Wrapper { later: |_| 124, ..Wrapper::CORRECT }),
    blind(
        "wrapper-waits-for-any",
        "a wrapper mistakes any child that exits for its command",
        &posix::WRAPPER_EXIT_STATUS,
    )
    .wrapper(Wrapper {
        wait: |_| retrying(|| waitpid(WaitTarget::Any, WaitOptions::NONE)).map(|(_, status)| status.event()),
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-exits-with-signal",
        "a wrapper exits as soon as it has forwarded a signal",
        &posix::WRAPPER_EXIT_STATUS,
    )
    .wrapper(Wrapper {
        pass_on: |signal| {
            wrapper::pass_on(signal);
            process::exit_now(128 + signal)
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
        "a wrapper peeks at the status without reaping the command",
        &promise::WRAPPER_LEAVES_NOTHING,
    )
    .wrapper(Wrapper {
        wait: |pid| {
            let options = IdOptions::EXITED | IdOptions::NOWAIT;
            retrying(|| waitid(WaitTarget::Pid(pid), options)).map(|info| info.event)
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-not-found-status",
        "a wrapper exits with 1 for a command that is not found or cannot be executed",
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
    blind("wrapper-forwards-nothing", "a wrapper does not forward signals", &promise::WRAPPER_FORWARDS)
        .wrapper(Wrapper { pass_on: |_| {}, ..Wrapper::CORRECT }),
    blind(
        "wrapper-forwards-kill",
        "a wrapper kills the command, whatever signal it receives",
        &promise::WRAPPER_FORWARDS,
    )
    .wrapper(Wrapper {
        pass_on: |_| {
            let _ = process::kill(wrapper::child(), libc::SIGKILL);
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-forwards-once",
        "a wrapper forwards the first signal that it receives, and no other",
        &promise::WRAPPER_FORWARDS,
    )
    .wrapper(Wrapper {
        pass_on: |signal| {
            static PASSED: AtomicBool = AtomicBool::new(false);
            if !PASSED.swap(true, Ordering::Relaxed) {
                wrapper::pass_on(signal);
            }
        },
        ..Wrapper::CORRECT
    }),
    blind(
        "wrapper-resets-handler",
        "a wrapper that has forwarded a signal is killed by the next one of its kind",
        &posix::WRAPPER_EXIT_STATUS,
    )
    .wrapper(Wrapper {
        pass_on: |signal| {
            let _ = signal::set_action(signal, signal::Action::Default, signal::Flags::default());
            wrapper::pass_on(signal);
        },
        ..Wrapper::CORRECT
    }),
    blind("wrapper-hangup", "the command does not survive a hangup", &promise::WRAPPER_IGNORES_HANGUP)
        .wrapper(Wrapper { shield: || {}, ..Wrapper::CORRECT }),
    blind(
        "wrapper-expired-status",
        "a command that took too long is reported as killed by a signal",
        &promise::TIMEOUT_EXPIRED,
    )
    .wrapper(Wrapper { expired: |event, _, _| code(event), ..Wrapper::CORRECT }),
    blind(
        "wrapper-killed-124",
        "a command that had to be killed because it took too long is reported as terminated by SIGTERM",
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
