//! Programs whose command inherits something else than they do.

use crate::mutants::mutant::{Mutant, blind};
use crate::mutants::program::shell::broken;
use crate::spec::{posix, promise};
use crate::subject::Program;
use crate::subject::init::{self, Init};
use crate::subject::shell::Shell;
use crate::subject::timing::Timing;
use crate::subject::wrapper::{Wrapper, default_pipe, shield};
use crate::sys::{makeshift, process, signal};
use rustix::fs::Mode;
use rustix::io::FdFlags;

const fn wrapper(name: &'static str, breaks: &'static str, changes: fn()) -> Mutant {
    blind(name, breaks, &promise::WRAPPER_COMMAND_INHERITS)
        .wrapper(Wrapper { shield: changes, ..Wrapper::CORRECT })
}

const fn shell(name: &'static str, breaks: &'static str, alters: fn()) -> Mutant {
    broken(name, breaks, &posix::SHELL_COMMAND_ENVIRONMENT, Shell { alters, ..Shell::CORRECT })
}

/// Opens a descriptor that an exec does not close.
fn leak() {
    if let Ok((read, _)) = makeshift::pipe() {
        let _ = rustix::io::fcntl_setfd(&read, FdFlags::empty());
        std::mem::forget(read);
    }
}

fn any_umask() {
    rustix::process::umask(Mode::empty());
}

pub(crate) const MUTANTS: &[Mutant] = &[
    wrapper("wrapper-command-descriptor", "the command inherits a descriptor of the wrapper", || {
        shield();
        leak();
    }),
    wrapper("wrapper-command-umask", "the command starts with another umask", || {
        shield();
        any_umask();
    }),
    wrapper("wrapper-command-folder", "the command starts in the root directory", || {
        shield();
        let _ = std::env::set_current_dir("/");
    }),
    wrapper("wrapper-command-output", "the output of the command goes to standard error", || {
        shield();
        let _ = rustix::stdio::dup2_stdout(rustix::stdio::stderr());
    }),
    wrapper("wrapper-command-nice", "the command starts with a higher nice value", || {
        shield();
        let _ = rustix::process::nice(1);
    }),
    wrapper("wrapper-command-group", "the command starts in a process group of its own", || {
        shield();
        let _ = rustix::process::setpgid(None, None);
    }),
    wrapper("wrapper-command-session", "the command starts in a session of its own", || {
        shield();
        let _ = process::new_session();
    }),
    wrapper("wrapper-command-blocked", "the command starts with SIGWINCH blocked", || {
        shield();
        let _ = signal::block(libc::SIGWINCH);
    }),
    blind(
        "wrapper-command-words",
        "empty words of the command are left out",
        &promise::WRAPPER_COMMAND_INHERITS,
    )
    .wrapper(Wrapper { keeps: |word| !word.is_empty(), ..Wrapper::CORRECT }),
    blind(
        "time-command-descriptor",
        "the command inherits a descriptor of time",
        &promise::WRAPPER_COMMAND_INHERITS,
    )
    .program(Program::Time(Timing {
        shield: || {
            default_pipe();
            leak();
        },
        ..Timing::CORRECT
    })),
    blind(
        "init-command-umask",
        "the main child starts with another umask",
        &promise::WRAPPER_COMMAND_INHERITS,
    )
    .program(Program::Init(Init {
        shield: || {
            (Init::CORRECT.shield)();
            any_umask();
        },
        ..Init::CORRECT
    })),
    blind(
        "supervisor-restarts-with-descriptor",
        "a child that is restarted inherits a descriptor that was opened when the first one terminated",
        &promise::INIT_RESTARTS,
    )
    .program(Program::Supervisor(Init {
        next: |main, event| {
            leak();
            init::restart(main, event)
        },
        ..Init::SUPERVISOR
    })),
    shell("shell-command-descriptor", "a command inherits a descriptor of the shell", leak),
    shell("shell-command-umask", "a command starts with another umask than that of the shell", any_umask),
    shell("shell-command-folder", "a command starts in another directory than that of the shell", || {
        let _ = std::env::set_current_dir("/tmp");
    }),
    broken(
        "shell-traps-ignored",
        "a signal that was ignored at the start can be trapped",
        &posix::SHELL_IGNORED_AT_START,
        Shell { keeps_ignored_at_start: false, ..Shell::CORRECT },
    ),
    broken(
        "shell-exit-in-trap",
        "exit in a trap exits with the status of the last command in the trap",
        &posix::SHELL_EXIT_IN_TRAP,
        Shell { exit_in_trap: |_, now| now, ..Shell::CORRECT },
    ),
    broken(
        "shell-wait-first-job",
        "wait %N waits for the first job",
        &posix::SHELL_WAIT_JOB,
        Shell { job_named: |_| 1, ..Shell::CORRECT },
    ),
];
