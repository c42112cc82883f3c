//! Status words of exits and deaths by signal, and the macros that decode them.

use crate::mutants::calls::edit::{ObservationExt, RequestExt, exited, killed};
use crate::mutants::calls::inner::error;
use crate::mutants::mutant::{Mutant, blind, from_bug, from_catalogue};
use crate::spec::{linux, posix};
use libc::{EINVAL, WEXITSTATUS, WIFEXITED, WIFSIGNALED, WTERMSIG};

/// The first real-time signal.
const REALTIME: i32 = 32;

/// Changes the code of an exit.
fn map_exit(word: i32, change: impl FnOnce(i32) -> i32) -> i32 {
    if WIFEXITED(word) { exited(change(WEXITSTATUS(word))) } else { word }
}

/// Changes the status word of a death by signal.
fn map_death(word: i32, change: impl FnOnce(i32) -> i32) -> i32 {
    if WIFSIGNALED(word) { change(WTERMSIG(word)) } else { word }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("raw-exit-code", "the exit code is stored unshifted", &linux::WAIT_WORD_EXIT).call(|w, r| {
        w.map(r, |seen| {
            seen.edit_status(|word| {
                if WIFEXITED(*word) {
                    *word = WEXITSTATUS(*word);
                }
            })
        })
    }),
    blind("exit-seven-bits", "exit codes are masked with 0x7f", &posix::STATUS_EXIT_EVERY_VALUE)
        .call(|w, r| w.map_word(r, |word| map_exit(word, |c| c & 0x7f))),
    blind(
        "exit-not-masked",
        "exit(-1) is not masked, and is reported as a death by signal",
        &posix::STATUS_EXIT_MASKED,
    )
    .call(|w, r| w.map_word(r, |word| if word == exited(255) { killed(63) } else { word })),
    blind("exit-negative-zero", "exit(-1) is reported as 0", &posix::STATUS_EXIT_MASKED)
        .call(|w, r| w.map_word(r, |word| map_exit(word, |c| if c == 255 { 0 } else { c }))),
    blind("nonzero-exit-is-one", "any nonzero exit code is reported as 1", &posix::STATUS_EXIT_EVERY_VALUE)
        .call(|w, r| w.map_word(r, |word| map_exit(word, |c| c.min(1)))),
    blind(
        "exit-128-is-signal",
        "exit(128 + n) is reported as a death by signal n",
        &posix::STATUS_EXIT_IS_NOT_A_SIGNAL,
    )
    .call(|w, r| {
        w.map_word(r, |word| match WEXITSTATUS(word) {
            c if WIFEXITED(word) && c > 128 => killed(c - 128),
            _ => word,
        })
    }),
    blind("signal-is-128-plus", "a death by signal n is reported as exit(128 + n)", &posix::STATUS_SIGNALED)
        .call(|w, r| w.map_word(r, |word| map_death(word, |signal| exited(128 + signal)))),
    blind(
        "signal-is-exit-zero",
        "a death by signal is reported as exit 0",
        &posix::STATUS_ZERO_IFF_EXIT_ZERO,
    )
    .call(|w, r| w.map_word(r, |word| map_death(word, |_| 0))),
    blind("signal-shifted", "the signal is stored in the high byte", &linux::WAIT_WORD_SIGNAL)
        .call(|w, r| w.map_word(r, |word| map_death(word, |signal| signal << 8))),
    blind(
        "signal-low-five-bits",
        "the signal is masked with 0x1f: real-time signals are wrong",
        &posix::STATUS_SIGNALED_REALTIME,
    )
    .call(|w, r| w.map_word(r, |word| map_death(word, |signal| killed(signal & 0x1f)))),
    blind(
        "rt-signal-einval",
        "a wait that reaps a child killed by a real-time signal fails with EINVAL",
        &posix::STATUS_SIGNALED_REALTIME,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            if seen.word().is_some_and(|word| WIFSIGNALED(word) && WTERMSIG(word) >= REALTIME) {
                *seen = error(r, EINVAL);
            }
        })
    }),
    blind(
        "quit-is-exit",
        "deaths by SIGQUIT, SIGILL, SIGTRAP and SIGABRT are reported as exits",
        &posix::STATUS_SIGNALED,
    )
    .call(|w, r| {
        const LOST: [i32; 4] = [libc::SIGQUIT, libc::SIGILL, libc::SIGTRAP, libc::SIGABRT];
        w.map_word(r, |word| {
            map_death(word, |signal| if LOST.contains(&signal) { exited(signal) } else { word })
        })
    }),
    blind("core-always", "the core flag is set for every death by signal", &posix::STATUS_CORE_NOT_FOR_TERM)
        .call(|w, r| w.map_word(r, |word| map_death(word, |signal| killed(signal) | 0x80))),
    blind(
        "core-on-exit-128",
        "an exit code of 128 or more sets the core flag",
        &posix::STATUS_EXIT_IS_NOT_A_SIGNAL,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            seen.edit_status(|word| {
                if WIFEXITED(*word) && WEXITSTATUS(*word) >= 128 {
                    *word |= 0x80;
                }
            })
        })
    }),
    blind(
        "fault-reports-exit",
        "a child that faults with SIGSEGV is reported as exit 139",
        &posix::STATUS_SIGNALED_FAULT,
    )
    .call(|w, r| {
        let segv = |signal| if signal == libc::SIGSEGV { exited(128 + signal) } else { killed(signal) };
        w.map_word(r, |word| if libc::WCOREDUMP(word) { word } else { map_death(word, segv) })
    }),
    from_bug(
        "MentOS#235",
        "core-deaths-are-exits",
        "deaths by core-dumping signals are reported as exits",
        &posix::STATUS_SIGNALED,
    )
    .call(|w, r| {
        let dumps = |signal| crate::wait::Signal::from_number(signal).dumps_core();
        w.map_word(r, |word| map_death(word, |signal| if dumps(signal) { exited(signal) } else { word }))
    }),
    from_bug(
        "openradar-mirror#1554",
        "limit-kill-is-exit-zero",
        "a child killed by a resource limit is reported as exit 0",
        &posix::STATUS_SIGNALED,
    )
    .call(|w, r| {
        let limit = |signal| signal == libc::SIGXCPU || signal == libc::SIGXFSZ;
        w.map_word(r, |word| map_death(word, |signal| if limit(signal) { 0 } else { word }))
    }),
    from_bug(
        "MentOS#234",
        "exit-zero-is-one",
        "exit 0 is reported as exit 1",
        &posix::STATUS_ZERO_IFF_EXIT_ZERO,
    )
    .call(|w, r| w.map_word(r, |word| map_exit(word, |c| c.max(1)))),
    from_bug(
        "rust-lang/libc#4213",
        "decode-code-not-masked",
        "WEXITSTATUS shifts without masking: -1 instead of 255",
        &posix::STATUS_ONE_PREDICATE,
    )
    .decode(|word, view| {
        // The byte is sign-extended.
        view.exit_status = view.exit_status.map(|_| i32::from((word >> 8) as i8));
    }),
    from_bug(
        "llvm-test-suite#144",
        "decode-exit-is-signaled",
        "WIFSIGNALED is true for a nonzero exit",
        &posix::STATUS_ONE_PREDICATE,
    )
    .decode(|_, view| view.signaled |= view.exit_status.is_some_and(|code| code != 0)),
    from_bug(
        "gem5#3343",
        "decode-core-of-exit",
        "WCOREDUMP is true for exit codes above 127",
        &posix::STATUS_CORE_NEEDS_SIGNAL,
    )
    .decode(|_, view| view.core = view.exit_status.map(|code| code >= 128).or(view.core)),
    from_catalogue("signal-off-by-one", "the signal is off by one", &posix::STATUS_SIGNALED_ANY_SENDER)
        .call(|w, r| w.map_word(r, |word| map_death(word, |signal| killed(signal + 1)))),
    from_catalogue("exit-plus-one", "waitpid and waitid report exit code 7 as 8", &posix::WAITPID_EXIT_CODE)
        .call(|w, r| {
            use crate::sys::call::abi::Call;
            let affected = matches!(r.call, Call::Waitpid | Call::Waitid);
            w.map_word(r, |word| map_exit(word, |c| if affected && c == 7 { 8 } else { c }))
        }),
    from_catalogue("core-never", "the core flag is never set", &posix::WAITID_DUMPED)
        .call(|w, r| w.map_word(r, |word| map_death(word, killed))),
    from_catalogue(
        "kill-is-term",
        "a death by SIGKILL is reported as one by SIGTERM",
        &posix::STATUS_KILL_WHILE_STOPPED,
    )
    .call(|w, r| {
        let as_term = |signal| if signal == libc::SIGKILL { libc::SIGTERM } else { signal };
        w.map_word(
            r,
            |word| if libc::WCOREDUMP(word) { word } else { map_death(word, |s| killed(as_term(s))) },
        )
    }),
    from_catalogue(
        "waitid-exit-low-seven-bits",
        "waitid masks exit codes above 127 with 0x7f",
        &posix::WAITPID_CALLS_AGREE,
    )
    .call(
        |w, r| if !r.uses_idtype() { w.real(r) } else { w.map_word(r, |word| map_exit(word, |c| c & 0x7f)) },
    ),
    from_catalogue(
        "word-high-bits",
        "bits above the low sixteen of the status word are set",
        &linux::WAIT_WORD_SIGNAL,
    )
    .call(|w, r| {
        w.map(r, |seen| {
            seen.edit_status(|word| {
                if WIFSIGNALED(*word) {
                    *word |= 1 << 20;
                }
            })
        })
    }),
    from_catalogue("exit-five-bits", "exit codes are masked with 0x1f", &posix::STATUS_EXIT_EVERY_VALUE)
        .call(|w, r| w.map_word(r, |word| map_exit(word, |c| c & 0x1f))),
    from_catalogue(
        "exit-nibble-lost",
        "exit codes from 11 to 15 lose a bit",
        &posix::STATUS_EXIT_EVERY_VALUE,
    )
    .call(|w, r| w.map_word(r, |word| map_exit(word, |c| if (11..16).contains(&c) { c & 7 } else { c }))),
    from_catalogue("decode-core-of-stop", "WCOREDUMP is true for a stop", &posix::STATUS_CORE_NEEDS_SIGNAL)
        .decode(|_, view| {
            if view.stopped {
                view.core = Some(true);
            }
        }),
    from_catalogue("exit-nine-is-one", "exit code 9 is reported as 1", &posix::EXEC_CHILD_KEEPS_IDENTITY)
        .call(|w, r| w.map_word(r, |word| map_exit(word, |c| if c == 9 { 1 } else { c }))),
];
