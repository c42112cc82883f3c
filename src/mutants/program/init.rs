//! Inits and supervisors that are wrong.

use crate::mutants::mutant::{Mutant, blind, from_bug};
use crate::mutants::program::reaping::{
    reap_and_keep, reap_and_open, reap_batch, reap_busily, reap_by_siginfo, reap_each_second,
    reap_now_and_then, reap_one_each, reap_or_stop, reap_ten, reap_the_exited, reap_unless_main_is_stopped,
};
use crate::spec::clause::Clause;
use crate::spec::{posix, promise};
use crate::subject::Program;
use crate::subject::init::{self, Init, Next, next, reap_main, reap_of};
use crate::subject::wrapper::{child, code, pass_on};
use crate::sys::{process, signal};
use crate::wait::{Event, Signal, WaitOptions, WaitTarget};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const fn unlike(name: &'static str, breaks: &'static str, clause: &'static Clause, init: Init) -> Mutant {
    blind(name, breaks, clause).program(Program::Supervisor(init))
}

const fn broken(name: &'static str, breaks: &'static str, clause: &'static Clause, init: Init) -> Mutant {
    blind(name, breaks, clause).program(Program::Init(init))
}

pub(crate) const MUTANTS: &[Mutant] = &[
    blind("init-main-only", "an init waits only for its main child", &promise::INIT_REAPS)
        .program(Program::Init(Init { reap: reap_main, ..Init::CORRECT })),
    broken(
        "init-one-each",
        "an init reaps one child for each SIGCHLD",
        &promise::INIT_REAPS,
        Init { reap: reap_one_each, ..Init::CORRECT },
    ),
    broken(
        "init-own-group",
        "an init reaps only the orphans of its own process group",
        &promise::INIT_REAPS,
        Init { reap: || reap_of(WaitTarget::OwnGroup, WaitOptions::NONE), ..Init::CORRECT },
    ),
    broken(
        "init-ten",
        "an init reaps ten children and no more",
        &promise::INIT_REAPS,
        Init { reap: reap_ten, ..Init::CORRECT },
    ),
    broken(
        "init-after-kill",
        "an init stops reaping once an orphan has been killed by a signal",
        &promise::INIT_REAPS,
        Init { reap: reap_the_exited, ..Init::CORRECT },
    ),
    broken(
        "init-exits-with-orphan",
        "an init exits with whatever child terminates first",
        &promise::INIT_OUTLIVES_ORPHANS,
        Init { next: |_, event| Next::Exit(code(event)), ..Init::CORRECT },
    ),
    broken(
        "init-exits-with-failed-orphan",
        "an init exits when an orphan exits with failure",
        &promise::INIT_OUTLIVES_ORPHANS,
        Init {
            next: |main, event| {
                if event == (Event::Exited { code: 0 }) && !main {
                    Next::Wait
                } else {
                    Next::Exit(code(event))
                }
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-exits-with-stopped-orphan",
        "an init mistakes an orphan that stops for its main child",
        &promise::INIT_OUTLIVES_ORPHANS,
        Init {
            reap: reap_or_stop,
            next: |main, event| match event {
                Event::Stopped { .. } => Next::Exit(0),
                event => next(main, event),
            },
            ..Init::CORRECT
        },
    ),
    from_bug(
        "catatonit#5",
        "init-127",
        "an init does not see that its main child has exited with 127",
        &promise::INIT_EXITS_WITH_MAIN,
    )
    .program(Program::Init(Init {
        next: |main, event| {
            if event == (Event::Exited { code: 127 }) { Next::Wait } else { next(main, event) }
        },
        ..Init::CORRECT
    })),
    from_bug(
        "catatonit#4",
        "init-coalesced",
        "an init notices the exit of its main child only by that child's own SIGCHLD",
        &promise::INIT_EXITS_WITH_MAIN,
    )
    .program(Program::Init(Init { reap: reap_by_siginfo, ..Init::CORRECT })),
    blind(
        "init-lingers",
        "an init also waits for the orphans before it exits",
        &promise::INIT_EXITS_WITH_MAIN,
    )
    .program(Program::Init(Init {
        next: |main, event| if main { Next::Linger(code(event)) } else { Next::Wait },
        ..Init::CORRECT
    })),
    broken(
        "init-zero",
        "an init exits with 0 whatever its main child does",
        &posix::WRAPPER_EXIT_STATUS,
        Init { next: |main, _| if main { Next::Exit(0) } else { Next::Wait }, ..Init::CORRECT },
    ),
    broken(
        "init-signal-off",
        "an init exits with 129 + n for signal n",
        &promise::WRAPPER_SIGNAL_CODE,
        Init {
            next: |main, event| match (main, event) {
                (true, Event::Signaled { .. }) => Next::Exit(code(event) + 1),
                (true, _) => Next::Exit(code(event)),
                (false, _) => Next::Wait,
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-forwards-nothing",
        "an init does not forward signals",
        &promise::INIT_FORWARDS,
        Init { pass_on: |_| {}, ..Init::CORRECT },
    ),
    broken(
        "init-exits-with-signal",
        "an init exits as soon as it has forwarded a signal",
        &posix::WRAPPER_EXIT_STATUS,
        Init {
            pass_on: |signal| {
                pass_on(signal);
                process::exit_now(128 + signal)
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-forwards-twice",
        "an init forwards each signal twice",
        &promise::INIT_FORWARDS,
        Init {
            pass_on: |signal| {
                pass_on(signal);
                pass_on(signal);
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-last-counts",
        "an init exits with the status of the child that it has reaped last, if that is another",
        &promise::INIT_EXITS_WITH_MAIN,
        Init { reap: reap_batch, ..Init::CORRECT },
    ),
    broken(
        "init-not-found-zero",
        "an init exits with 0 if its command is not found",
        &promise::WRAPPER_CODE_NOT_FOUND,
        Init {
            next: |main, event| match event {
                Event::Exited { code: 127 } if main => Next::Exit(0),
                event => next(main, event),
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-term-is-success",
        "an init exits with 0 if SIGTERM killed its main child",
        &posix::WRAPPER_SIGNAL,
        Init {
            next: |main, event| match (main, event) {
                (true, Event::Signaled { signal: Signal::TERM, .. }) => Next::Exit(0),
                (main, event) => next(main, event),
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-command-pipe",
        "the command of an init starts with SIGPIPE ignored",
        &promise::WRAPPER_COMMAND_SIGNALS,
        Init {
            shield: || {
                let _ = signal::set_action(libc::SIGPIPE, signal::Action::Ignore, signal::Flags::default());
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-looks-each-second",
        "an init looks for terminated children once a second",
        &promise::INIT_IDLE,
        Init { reap: reap_each_second, ..Init::CORRECT },
    ),
    broken(
        "init-forwards-wrongly",
        "an init forwards signals to the wrong process",
        &promise::INIT_FORWARDS,
        Init {
            pass_on: |signal| {
                // The next one created, if there is one.
                let _ = process::kill(child() + 1, signal);
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-forwards-term",
        "an init forwards every signal as SIGTERM",
        &promise::INIT_FORWARDS,
        Init {
            pass_on: |_| {
                let _ = process::kill(child(), libc::SIGTERM);
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-forwards-one",
        "an init passes on the first signal that it gets, and no other",
        &promise::INIT_FORWARDS,
        Init {
            pass_on: |signal| {
                static PASSED: AtomicBool = AtomicBool::new(false);
                if !PASSED.swap(true, Ordering::Relaxed) {
                    pass_on(signal);
                }
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-forwards-four",
        "an init passes on four signals, and does nothing on any other",
        &promise::INIT_FORWARDS,
        Init {
            pass_on: |signal| {
                if [libc::SIGHUP, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2].contains(&signal) {
                    pass_on(signal);
                }
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-forwards-usual",
        "an init passes on the signals that are usually sent to one, and no other",
        &promise::INIT_FORWARDS,
        Init {
            pass_on: |signal| {
                const USUAL: [i32; 8] = [
                    libc::SIGHUP,
                    libc::SIGINT,
                    libc::SIGQUIT,
                    libc::SIGUSR1,
                    libc::SIGUSR2,
                    libc::SIGALRM,
                    libc::SIGTERM,
                    libc::SIGWINCH,
                ];
                if USUAL.contains(&signal) {
                    pass_on(signal);
                }
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-main-stopped",
        "an init reaps nothing while its main child is stopped",
        &promise::INIT_REAPS,
        Init { reap: reap_unless_main_is_stopped, ..Init::CORRECT },
    ),
    broken(
        "init-opens",
        "an init keeps a descriptor of every child",
        &promise::INIT_SIZE,
        Init { reap: reap_and_open, ..Init::CORRECT },
    ),
    broken(
        "init-command-blocked",
        "the command of an init starts with the signals blocked that the init accepts",
        &promise::WRAPPER_COMMAND_SIGNALS,
        Init {
            shield: || {
                let _ = signal::block(libc::SIGTERM);
            },
            ..Init::CORRECT
        },
    ),
    broken(
        "init-busy",
        "an init busy-waits for children",
        &promise::INIT_IDLE,
        Init { reap: reap_busily, ..Init::CORRECT },
    ),
    broken(
        "init-polls",
        "an init looks for terminated children a hundred times per second",
        &promise::INIT_IDLE,
        Init { reap: reap_now_and_then, ..Init::CORRECT },
    ),
    broken(
        "init-grows",
        "an init keeps a record of every child",
        &promise::INIT_SIZE,
        Init { reap: reap_and_keep, ..Init::CORRECT },
    ),
    broken(
        "init-ignored-sigchld",
        "an init that starts with SIGCHLD ignored loses all statuses",
        &promise::INIT_INHERITED_SIGNALS,
        Init { prepare: || {}, ..Init::CORRECT },
    ),
    unlike(
        "supervisor-exits",
        "a supervisor exits with its child",
        &promise::INIT_RESTARTS,
        Init { next, ..Init::SUPERVISOR },
    ),
    unlike(
        "supervisor-restarts-stopped",
        "a supervisor runs its child again when that has stopped",
        &promise::INIT_RESTARTS,
        Init { reap: reap_or_stop, ..Init::SUPERVISOR },
    ),
    unlike(
        "supervisor-restarts-for-orphan",
        "a supervisor runs its child again when an orphan has exited",
        &promise::INIT_RESTARTS,
        Init { next: |_, _| Next::Restart, ..Init::SUPERVISOR },
    ),
    unlike(
        "supervisor-restarts-twice",
        "a supervisor runs its child twice at once after the first exit",
        &promise::INIT_RESTARTS,
        Init { again: 2, ..Init::SUPERVISOR },
    ),
    unlike(
        "supervisor-failures-only",
        "a supervisor does not restart a child that exited with 0",
        &promise::INIT_RESTARTS,
        Init {
            next: |main, event| match event {
                Event::Exited { code: 0 } => Next::Wait,
                event => init::restart(main, event),
            },
            ..Init::SUPERVISOR
        },
    ),
    unlike(
        "supervisor-gives-up",
        "a supervisor does not restart a child for the fourth time",
        &promise::INIT_RESTARTS,
        Init {
            next: |main, event| {
                static RESTARTED: AtomicUsize = AtomicUsize::new(0);
                if main && RESTARTED.fetch_add(1, Ordering::Relaxed) > 2 {
                    return Next::Wait;
                }
                init::restart(main, event)
            },
            ..Init::SUPERVISOR
        },
    ),
    unlike(
        "supervisor-exits-only",
        "a supervisor does not restart a child killed by a signal",
        &promise::INIT_RESTARTS,
        Init {
            next: |main, event| match event {
                Event::Signaled { .. } => Next::Wait,
                event => init::restart(main, event),
            },
            ..Init::SUPERVISOR
        },
    ),
];
