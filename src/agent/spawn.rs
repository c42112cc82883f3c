//! The children of an agent.

use std::ffi::{CStr, CString};
use std::io::IoSlice;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};

use super::{Agent, Refusal};
use crate::protocol::Line;
use crate::protocol::line::{FieldError, parse_number};
use crate::scenario::{ChildOptions, child};
use crate::sys::descriptors;
use crate::sys::process::clone;
use crate::sys::process::{self, Forked};
use crate::wait::{Signal, names};

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

/// What a copy of this process is to be: the child program with these options.
fn image(line: &Line) -> Result<ChildOptions, Refusal> {
    let mut program = line.list("argv");
    let words = usize::try_from(line.number("words")?).unwrap_or(usize::MAX).min(program.len());
    let args = program.split_off(words);
    let mut options = ChildOptions::from_args(&args).map_err(Refusal::unsupported)?;
    if options.program.is_empty() {
        options.program = program;
    }
    Ok(options)
}

/// Becomes a child, in a copy of this process.
fn become_child(options: ChildOptions) -> ! {
    // No descriptor of the agent is left, as after an exec.
    null_streams();
    descriptors::close_from(3);
    child::run(options)
}

/// A child that runs the child program in a copy of this process.
fn fork_image(line: &Line) -> Result<i32, Refusal> {
    let options = image(line)?;
    Ok(process::spawn(|| become_child(options))?)
}

/// A child made by `clone` or `clone3`, in a copy of this process: an exec would make it an ordinary one. Its pid, and a pidfd if
/// that was asked for.
pub(super) fn clone(agent: &Agent, line: &Line) -> Result<(i32, Option<OwnedFd>), Refusal> {
    if agent.is_threaded() {
        return Err(Refusal::unsupported("a copy of a process with several threads"));
    }
    let options = image(line)?;
    let exit_signal = match line.text("exit-signal")?.as_str() {
        "0" => 0,
        name => match (Signal::from_name(name), parse_number(name)) {
            (Some(signal), _) => signal.number(),
            (None, Some(number)) => number as i32,
            (None, None) => return Err(FieldError::Bad("exit-signal", name.to_owned()).into()),
        },
    };
    let how = clone::Clone {
        exit_signal,
        sibling: false,
        pidfd: line.flag("pidfd"),
        new_pids: line.flag("newpid"),
        new_users: line.flag("newuser"),
        clone3: line.flag("clone3"),
    };
    match clone::clone(how)? {
        (Forked::Parent(pid), pidfd) => Ok((pid, pidfd)),
        (Forked::Child, _) => become_child(options),
    }
}

/// A child made by `posix_spawn`.
pub(super) fn posix_spawn(line: &Line) -> Result<i32, Refusal> {
    Ok(clone::posix_spawn(&command(line)?)?)
}

/// The words of a command.
pub(super) fn command(line: &Line) -> Result<Vec<CString>, Refusal> {
    let argv: Result<Vec<CString>, _> = line.byte_list("argv").into_iter().map(CString::new).collect();
    let argv = argv.map_err(|_| FieldError::Bad("argv", "a zero byte".to_owned()))?;
    if argv.is_empty() { Err(FieldError::Missing("argv").into()) } else { Ok(argv) }
}

/// A child that runs another program.
fn exec(line: &Line) -> Result<i32, Refusal> {
    let argv = command(line)?;
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
