//! Programs that report wrong resource usage.

use crate::mutants::mutant::{Mutant, blind, from_bug};
use crate::spec::clause::Clause;
use crate::spec::{posix, promise};
use crate::subject::Program;
use crate::subject::timing::{Figures, Timing};
use crate::subject::wrapper::code;
use crate::sys::process;
use crate::wait::{Event, MaxRssUnit};
use std::time::Duration;

/// A mutant that prints these figures.
const fn writes(
    name: &'static str,
    breaks: &'static str,
    clause: &'static Clause,
    figures: fn(Figures, Event) -> Figures,
) -> Mutant {
    blind(name, breaks, clause).program(Program::Time(Timing { figures, ..Timing::CORRECT }))
}

/// The figures of other processes than the command alone.
fn of_process(who: process::Who, event: Event) -> Figures {
    let usage = process::usage(who);
    let number = |field: Option<i64>| field.map_or(0, i64::unsigned_abs);
    Figures {
        user: Duration::from_micros(number(usage.utime_us)),
        system: Duration::from_micros(number(usage.stime_us)),
        peak_kib: MaxRssUnit::host().bytes(usage.maxrss.unwrap_or(0)) / 1024,
        minor: number(usage.minflt),
        major: number(usage.majflt),
        voluntary: number(usage.nvcsw),
        involuntary: number(usage.nivcsw),
        status: code(event),
    }
}

fn fraction(time: Duration) -> Duration {
    Duration::from_nanos(time.subsec_nanos().into())
}

pub(crate) const MUTANTS: &[Mutant] = &[
    writes("time-swapped", "user and system time are swapped", &posix::TIME_USER, |right, _| Figures {
        user: right.system,
        system: right.user,
        ..right
    }),
    blind("time-real-is-cpu", "the real time is the CPU time", &posix::TIME_REAL).program(Program::Time(
        Timing { real: |_, usage| usage.user_time() + usage.system_time(), ..Timing::CORRECT },
    )),
    writes("time-no-system", "the printed system time is always zero", &posix::TIME_SYSTEM, |right, _| {
        Figures { system: Duration::ZERO, ..right }
    }),
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
            status: code(event),
        },
        ..Timing::CORRECT
    })),
    writes("time-pages", "the peak is printed in pages", &promise::TIME_PEAK, |right, _| Figures {
        peak_kib: right.peak_kib / 4,
        ..right
    }),
    writes("time-quadrupled", "the peak is printed four times too high", &promise::TIME_PEAK, |right, _| {
        Figures { peak_kib: right.peak_kib * 4, ..right }
    }),
    writes("time-faults-swapped", "minor and major faults are swapped", &promise::TIME_FAULTS, |right, _| {
        Figures { minor: right.major, major: right.minor, ..right }
    }),
    writes(
        "time-switches-swapped",
        "voluntary and involuntary switches are swapped",
        &promise::TIME_SWITCHES,
        |right, _| Figures { voluntary: right.involuntary, involuntary: right.voluntary, ..right },
    ),
    writes(
        "time-signal-zero",
        "after a death by a signal the printed exit status is 0",
        &promise::TIME_PRINTS_STATUS,
        |right, event| Figures {
            status: if matches!(event, Event::Signaled { .. }) { 0 } else { right.status },
            ..right
        },
    ),
    writes("time-status-word", "the raw status is printed", &promise::TIME_PRINTS_STATUS, |right, _| {
        Figures { status: right.status << 8, ..right }
    }),
    writes(
        "time-half",
        "the times of descendants are omitted: only half of the total is printed",
        &promise::TIME_COUNTS_DESCENDANTS,
        |right, _| Figures { user: right.user / 2, ..right },
    ),
    writes(
        "time-all-children",
        "the usage is that of all children of the process",
        &posix::TIME_USER,
        |_, event| of_process(process::Who::Children, event),
    ),
    writes("time-own", "the usage is that of the program itself", &posix::TIME_USER, |_, event| {
        of_process(process::Who::SelfProcess, event)
    }),
    writes(
        "time-peak-of-all",
        "the peak is the largest of all children",
        &promise::TIME_PEAK,
        |right, event| {
            let all = of_process(process::Who::Children, event);
            Figures { peak_kib: all.peak_kib, ..right }
        },
    ),
    writes(
        "time-faults-of-all",
        "the page faults are those of all children of the process",
        &promise::TIME_FAULTS,
        |right, event| {
            let all = of_process(process::Who::Children, event);
            Figures { minor: all.minor, ..right }
        },
    ),
    writes(
        "time-system-of-all",
        "the system time is that of all children of the process",
        &posix::TIME_SYSTEM,
        |right, event| {
            let all = of_process(process::Who::Children, event);
            Figures { system: all.system, ..right }
        },
    ),
    writes(
        "time-user-fraction",
        "of the user time the whole seconds are lost",
        &posix::TIME_USER,
        |right, _| Figures { user: fraction(right.user), ..right },
    ),
    blind("time-real-fraction", "of the real time the whole seconds are lost", &posix::TIME_REAL)
        .program(Program::Time(Timing { real: |passed, _| fraction(passed), ..Timing::CORRECT })),
    blind("time-stdout", "the times are printed to standard output", &posix::TIME_STDERR)
        .program(Program::Time(Timing { output: rustix::stdio::stdout, ..Timing::CORRECT })),
    blind(
        "time-command-pipe",
        "the command of time starts with SIGPIPE ignored",
        &promise::WRAPPER_COMMAND_SIGNALS,
    )
    .program(Program::Time(Timing { shield: || {}, ..Timing::CORRECT })),
    blind("time-code-zero", "time exits with 0 whatever the command does", &posix::WRAPPER_EXIT_STATUS)
        .program(Program::Time(Timing { code: |_| 0, ..Timing::CORRECT })),
];
