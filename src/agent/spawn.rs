//! The children of an agent.

use std::ffi::{CStr, CString, OsString};
use std::io::IoSlice;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::sync::OnceLock;

use rustix::fs::{Mode, OFlags};

use super::{Agent, Refusal};
use crate::protocol::codec::Words;
use crate::protocol::line::{FieldError, parse_number};
use crate::scenario::{ChildOptions, child};
use crate::sys::descriptors;
use crate::sys::makeshift;
use crate::sys::process::clone;
use crate::sys::process::{self, Forked, procdesc};
use crate::wait::{Signal, names};

/// The exit code of a child whose program could not be run, as in shells.
const NO_PROGRAM: i32 = 127;

/// Creates a child and returns its pid.
pub(super) fn spawn(agent: &Agent, argv: &Words, words: Option<usize>) -> Result<i32, Refusal> {
    let command: Vec<OsString> = argv.0.iter().cloned().map(OsString::from_vec).collect();
    if let Some(child) = agent.subject.spawn(&command) {
        return Ok(child?.as_raw_pid());
    }
    match words {
        Some(_) if !agent.is_threaded() && !agent.subject.has_own_image() => fork_image(argv, words),
        _ => exec(argv),
    }
}

/// The options of the child program that a copy of this process becomes; `words` is how many words name the program
/// itself.
fn image(argv: &Words, words: Option<usize>) -> Result<ChildOptions, Refusal> {
    let words = words.ok_or(FieldError::Missing("words"))?;
    let mut program: Vec<String> =
        argv.0.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let args = program.split_off(words.min(program.len()));
    let mut options =
        ChildOptions::from_args(&args).map_err(|error| FieldError::Bad("argv", error.to_string()))?;
    if options.program.is_empty() {
        options.program = program;
    }
    Ok(options)
}

/// Becomes a child, in a copy of this process.
fn become_child(options: ChildOptions) -> ! {
    // As after an exec, no descriptor of the agent stays open.
    null_streams();
    descriptors::close_from(3);
    child::run(options)
}

/// A child that runs the child program in a copy of this process.
fn fork_image(argv: &Words, words: Option<usize>) -> Result<i32, Refusal> {
    let options = image(argv, words)?;
    null();
    Ok(process::spawn(|| become_child(options))?)
}

/// A child created by `clone` or `clone3`, in a copy of this process: an exec would reset its exit signal. Returns its
/// pid, and a pidfd if requested.
pub(super) fn clone(
    agent: &Agent,
    argv: &Words,
    words: Option<usize>,
    how: clone::Clone,
) -> Result<(i32, Option<OwnedFd>), Refusal> {
    if agent.is_threaded() {
        return Err(Refusal::unsupported("a copy of a process with several threads"));
    }
    let options = image(argv, words)?;
    Ok(clone::start(how, || become_child(options))?)
}

/// The same by `pdfork`, with its process descriptor.
pub(super) fn pdfork(
    agent: &Agent,
    argv: &Words,
    words: Option<usize>,
    daemon: bool,
) -> Result<(i32, Option<OwnedFd>), Refusal> {
    if agent.is_threaded() {
        return Err(Refusal::unsupported("a copy of a process with several threads"));
    }
    let options = image(argv, words)?;
    match procdesc::fork(daemon)? {
        (Forked::Parent(pid), fd) => Ok((pid, fd)),
        (Forked::Child, _) => become_child(options),
    }
}

/// The number of an exit signal: a name, 0 for none, or any other number unchanged.
pub(super) fn exit_signal(text: &str) -> Result<i32, FieldError> {
    match (Signal::from_name(text), parse_number(text)) {
        (_, Some(0)) => Ok(0),
        (Some(signal), _) => Ok(signal.number()),
        (None, Some(number)) => Ok(number as i32),
        (None, None) => Err(FieldError::Bad("exit-signal", text.to_owned())),
    }
}

/// A child created by `posix_spawn`.
pub(super) fn posix_spawn(argv: &Words) -> Result<i32, Refusal> {
    Ok(clone::posix_spawn(&command(argv))?)
}

/// The words of a command, which contain no null byte.
pub(super) fn command(argv: &Words) -> Vec<CString> {
    argv.0.iter().filter_map(|word| CString::new(word.as_slice()).ok()).collect()
}

/// A child that runs another program.
pub(super) fn exec(argv: &Words) -> Result<i32, Refusal> {
    let argv = command(argv);
    null();
    Ok(process::spawn(|| {
        null_streams();
        exec_or_report(&argv)
    })?)
}

/// The null device, opened once and kept open: before a fork, so that children need not open it.
fn null() -> Option<&'static OwnedFd> {
    static NULL: OnceLock<Option<OwnedFd>> = OnceLock::new();
    let open = || rustix::fs::open(c"/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).ok();
    NULL.get_or_init(open).as_ref()
}

/// Keeps children away from the agent's standard input and output.
fn null_streams() {
    if let Some(null) = null() {
        let _ = makeshift::as_standard(null, 0);
        let _ = makeshift::as_standard(null, 1);
    }
}

/// Execs another program; if that fails, prints the reason to standard error and returns the exit code.
pub(super) fn exec_or_report(argv: &[CString]) -> i32 {
    let error = process::exec(argv);
    if let Some(program) = argv.first() {
        tell(program, error);
    }
    NO_PROGRAM
}

/// Prints to standard error why the exec failed. Nothing here allocates: another thread may have held the allocator's
/// lock when this process was forked.
fn tell(program: &CStr, error: rustix::io::Errno) {
    let name = names::errno_name(error.raw_os_error()).unwrap_or("unknown error");
    let parts =
        [b"cannot run ".as_slice(), program.to_bytes(), b": ", name.as_bytes(), b"\n"].map(IoSlice::new);
    let _ = rustix::io::writev(rustix::stdio::stderr(), &parts);
}
