//! Wrappers that pass something else on.

use super::mutant::{Mutant, blind, from_bug};
use crate::spec::{posix, promise};
use crate::subject::wrapper::{Wrapper, code, no_program, wait_with};
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
];
