//! This crate's own programs, by kind.

use super::init::Init;
use super::shell::Shell;
use super::timing::Timing;
use super::wrapper::Wrapper;
use std::ffi::CString;

/// Their names as subjects.
pub const OWN_PROGRAMS: &[&str] = &[
    Own::Wrapper.subject(),
    Own::Time.subject(),
    Own::Init.subject(),
    Own::Supervisor.subject(),
    Own::Shell.subject(),
];

/// Which kind of program it is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Own {
    Wrapper,
    Time,
    Init,
    Supervisor,
    Shell,
}

impl Own {
    /// The correct one as a subject.
    pub(crate) const fn subject(self) -> &'static str {
        match self {
            Own::Wrapper => "program:waitspec",
            Own::Time => "program:waitspec-time",
            Own::Init => "program:waitspec-init",
            Own::Supervisor => "program:waitspec-supervisor",
            Own::Shell => "program:waitspec-shell",
        }
    }
}

/// One of them, or a mutant of it.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Program {
    Wrapper(Wrapper),
    Time(Timing),
    Init(Init),
    Supervisor(Init),
    Shell(Shell),
}

impl Program {
    /// The correct program of this name.
    pub(crate) fn correct(name: &str) -> Option<Program> {
        match name {
            "waitspec" => Some(Program::Wrapper(Wrapper::CORRECT)),
            "waitspec-init" => Some(Program::Init(Init::CORRECT)),
            "waitspec-supervisor" => Some(Program::Supervisor(Init::SUPERVISOR)),
            "waitspec-shell" => Some(Program::Shell(Shell::CORRECT)),
            "waitspec-time" => Some(Program::Time(Timing::CORRECT)),
            _ => None,
        }
    }

    /// Its kind.
    pub(crate) fn own(&self) -> Own {
        match self {
            Program::Wrapper(_) => Own::Wrapper,
            Program::Time(_) => Own::Time,
            Program::Init(_) => Own::Init,
            Program::Supervisor(_) => Own::Supervisor,
            Program::Shell(_) => Own::Shell,
        }
    }

    /// Runs it; returns the exit code.
    pub(crate) fn run(self, command: &[CString]) -> i32 {
        match self {
            Program::Wrapper(wrapper) => wrapper.run(command),
            Program::Time(timing) => timing.run(command),
            Program::Init(init) | Program::Supervisor(init) => init.run(command),
            Program::Shell(shell) => shell.run(command),
        }
    }
}
