//! Programs that report wrong resource usage.

use super::mutant::{Mutant, blind, from_bug};
use crate::spec::clause::Clause;
use crate::spec::{posix, promise};
use crate::subject::Program;
use crate::subject::timing::{Figures, Timing, figures};
use crate::wait::{Event, Rusage};
use std::time::Duration;

/// A mutant that prints these figures.
const fn writes(
    name: &'static str,
    breaks: &'static str,
    clause: &'static Clause,
    figures: fn(&Rusage, Event) -> Figures,
) -> Mutant {
    blind(name, breaks, clause).program(Program::Time(Timing { figures, ..Timing::CORRECT }))
}

pub(crate) const MUTANTS: &[Mutant] = &[
    writes("time-swapped", "user and system time are swapped", &posix::TIME_USER, |usage, event| {
        let right = figures(usage, event);
        Figures { user: right.system, system: right.user, ..right }
    }),
    blind("time-real-is-cpu", "the real time is the CPU time", &posix::TIME_REAL).program(Program::Time(
        Timing { real: |_, usage| usage.user_time() + usage.system_time(), ..Timing::CORRECT },
    )),
    writes(
        "time-no-system",
        "the printed system time is always zero",
        &posix::TIME_SYSTEM,
        |usage, event| Figures { system: Duration::ZERO, ..figures(usage, event) },
    ),
    from_bug(
        "void-packages#59368",
        "time-zeros",
        "the usage is never read: everything is zero",
        &promise::TIME_PEAK,
    )
    .program(Program::Time(Timing {
        figures: |_, event| Figures {
            user: Duration::ZERO,
            system: Duration::ZERO,
            peak_kib: 0,
            minor: 0,
            major: 0,
            voluntary: 0,
            involuntary: 0,
            status: crate::subject::wrapper::code(event),
        },
        ..Timing::CORRECT
    })),
    writes("time-pages", "the peak is printed in pages", &promise::TIME_PEAK, |usage, event| {
        let right = figures(usage, event);
        Figures { peak_kib: right.peak_kib / 4, ..right }
    }),
    writes(
        "time-quadrupled",
        "the peak is printed four times too high",
        &promise::TIME_PEAK,
        |usage, event| {
            let right = figures(usage, event);
            Figures { peak_kib: right.peak_kib * 4, ..right }
        },
    ),
    writes(
        "time-faults-swapped",
        "minor and major faults are swapped",
        &promise::TIME_FAULTS,
        |usage, event| {
            let right = figures(usage, event);
            Figures { minor: right.major, major: right.minor, ..right }
        },
    ),
    writes(
        "time-switches-swapped",
        "voluntary and involuntary switches are swapped",
        &promise::TIME_SWITCHES,
        |usage, event| {
            let right = figures(usage, event);
            Figures { voluntary: right.involuntary, involuntary: right.voluntary, ..right }
        },
    ),
    writes(
        "time-signal-zero",
        "after a death by a signal the printed exit status is 0",
        &promise::TIME_PRINTS_STATUS,
        |usage, event| {
            let right = figures(usage, event);
            Figures {
                status: if matches!(event, Event::Signaled { .. }) { 0 } else { right.status },
                ..right
            }
        },
    ),
    writes("time-status-word", "the raw status is printed", &promise::TIME_PRINTS_STATUS, |usage, event| {
        let right = figures(usage, event);
        Figures { status: right.status << 8, ..right }
    }),
    writes(
        "time-half",
        "the times of descendants are omitted: only half of the total is printed",
        &promise::TIME_COUNTS_DESCENDANTS,
        |usage, event| {
            let right = figures(usage, event);
            Figures { user: right.user / 2, ..right }
        },
    ),
    blind("time-code-zero", "time exits with 0 whatever the command does", &posix::WRAPPER_EXIT_STATUS)
        .program(Program::Time(Timing { code: |_| 0, ..Timing::CORRECT })),
];
