//! A program that reports what a program used: a small correct `time`, built on [`crate::wait::wait4`].
//!
//! It writes `real S`, `user S` and `sys S` in seconds, as POSIX requires, and peak memory, page faults, context
//! switches and exit status in the format of `time -v`. Its exit status is that of [`super::wrapper`].

use super::wrapper::{TROUBLE, code, default_pipe, no_program, prepare};
use crate::sys::process;
use crate::wait::{Event, Pid, Rusage, WaitOptions, WaitTarget, retrying, wait4};
use rustix::fd::BorrowedFd;
use std::ffi::CString;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// How it behaves; mutants replace parts of it.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Timing {
    /// Where it writes.
    pub(crate) output: fn() -> BorrowedFd<'static>,
    /// What it writes, from the correct figures and how the command terminated.
    pub(crate) figures: fn(Figures, Event) -> Figures,
    /// The real time it writes, from the elapsed time and the usage.
    pub(crate) real: fn(Duration, &Rusage) -> Duration,
    /// Its exit code.
    pub(crate) code: fn(Event) -> i32,
    /// Called before it execs the command.
    pub(crate) shield: fn(),
}

/// The figures it writes.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) peak_kib: u64,
    pub(crate) minor: u64,
    pub(crate) major: u64,
    pub(crate) voluntary: u64,
    pub(crate) involuntary: u64,
    pub(crate) status: i32,
}

impl Timing {
    /// The correct one.
    pub(crate) const CORRECT: Timing = Timing {
        output: rustix::stdio::stderr,
        figures: |right, _| right,
        real: |passed, _| passed,
        code,
        shield: default_pipe,
    };

    /// Runs a command; returns the exit code.
    pub(crate) fn run(self, command: &[CString]) -> i32 {
        prepare();
        let began = Instant::now();
        let exec = || {
            (self.shield)();
            no_program(process::exec(command))
        };
        let Ok(pid) = process::spawn(exec) else { return TROUBLE };
        let Some(pid) = Pid::from_raw(pid) else { return TROUBLE };
        let Ok(waited) = retrying(|| wait4(WaitTarget::Pid(pid), WaitOptions::NONE)) else { return TROUBLE };
        let event = waited.status.event();
        let real = (self.real)(began.elapsed(), &waited.rusage);
        let figures = (self.figures)(figures(&waited.rusage, event), event);
        let text = format!("real {:.6}\n", real.as_secs_f64()) + &figures.text();
        let _ = rustix::io::write((self.output)(), text.as_bytes());
        (self.code)(event)
    }
}

/// The correct figures.
fn figures(usage: &Rusage, event: Event) -> Figures {
    Figures {
        user: usage.user_time(),
        system: usage.system_time(),
        peak_kib: usage.max_rss_bytes() / 1024,
        minor: usage.minor_faults(),
        major: usage.major_faults(),
        voluntary: usage.voluntary_switches(),
        involuntary: usage.involuntary_switches(),
        status: code(event),
    }
}

impl Figures {
    fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "user {:.6}", self.user.as_secs_f64());
        let _ = writeln!(text, "sys {:.6}", self.system.as_secs_f64());
        let _ = writeln!(text, "Maximum resident set size (kbytes): {}", self.peak_kib);
        let _ = writeln!(text, "Major (requiring I/O) page faults: {}", self.major);
        let _ = writeln!(text, "Minor (reclaiming a frame) page faults: {}", self.minor);
        let _ = writeln!(text, "Voluntary context switches: {}", self.voluntary);
        let _ = writeln!(text, "Involuntary context switches: {}", self.involuntary);
        let _ = writeln!(text, "Exit status: {}", self.status);
        text
    }
}
