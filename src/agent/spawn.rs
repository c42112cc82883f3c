//! The children of an agent.

use std::ffi::{CStr, CString};
use std::io::IoSlice;

use rustix::fs::{Mode, OFlags};

use super::{Agent, Refusal};
use crate::protocol::Line;
use crate::protocol::line::FieldError;
use crate::scenario::{ChildOptions, child};
use crate::sys::process;
use crate::wait::names;

/// The exit code of a child whose program could not be run, as in shells.
const NO_PROGRAM: i32 = 127;

/// Makes a child and gives its pid.
pub(super) fn spawn(agent: &Agent, line: &Line) -> Result<i32, Refusal> {
    if line.get("image").as_deref() == Some("any") && !agent.is_threaded() {
        fork_image(line)
    } else {
        exec(line)
    }
}

/// A child that runs the child program in a copy of this process.
fn fork_image(line: &Line) -> Result<i32, Refusal> {
    let mut program = line.list("argv");
    let words = usize::try_from(line.number("words")?).unwrap_or(usize::MAX).min(program.len());
    let args = program.split_off(words);
    let mut options = ChildOptions::from_args(&args).map_err(Refusal::unsupported)?;
    if options.program.is_empty() {
        options.program = program;
    }
    Ok(process::spawn(|| {
        // No descriptor of the agent is left, as after an exec.
        null_streams();
        process::close_from(3);
        child::run(options)
    })?)
}

/// A child that runs another program.
fn exec(line: &Line) -> Result<i32, Refusal> {
    let argv: Result<Vec<CString>, _> = line.byte_list("argv").into_iter().map(CString::new).collect();
    let argv = argv.map_err(|_| FieldError::Bad("argv", "a zero byte".to_owned()))?;
    if argv.is_empty() {
        return Err(FieldError::Missing("argv").into());
    }
    Ok(process::spawn(|| {
        null_streams();
        exec_or_tell(&argv)
    })?)
}

/// The agent's standard input and output are not for its children.
fn null_streams() {
    if let Ok(null) = rustix::fs::open(c"/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
    }
}

/// Runs another program; if that cannot be, says so on standard error and gives the exit code.
pub(super) fn exec_or_tell(argv: &[CString]) -> i32 {
    let error = process::exec(argv);
    if let Some(program) = argv.first() {
        tell(program, error);
    }
    NO_PROGRAM
}

/// Says on standard error why the program was not run. Nothing here allocates: another thread may have held that lock
/// when this process was forked.
fn tell(program: &CStr, error: rustix::io::Errno) {
    let name = names::errno_name(error.raw_os_error()).unwrap_or("unknown error");
    let parts =
        [b"cannot run ".as_slice(), program.to_bytes(), b": ", name.as_bytes(), b"\n"].map(IoSlice::new);
    let _ = rustix::io::writev(rustix::stdio::stderr(), &parts);
}
