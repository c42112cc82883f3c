//! The child program: connects, does steps, answers.
//!
//! # What is written when
//!
//! A child with a connection begins with `hello token=T pid=N ppid=N pgid=N sid=N`. It does the steps that it was started
//! with, in silence but for what a step has to tell: `ok step=WORD key=value ...` where the answer holds more than `ok`, and
//! `err step=WORD errno=NAME` for a step that could not be done, after which it exits with [`STEP_FAILED`]. Then it takes
//! one step a line, and answers each with the request's `id`:
//!
//! ```text
//! burn-user id=3 us=2000      ok id=3
//! fork id=4 token=B           ok id=4 pid=4712
//! setpgid id=5 pgid=1         err id=5 errno=EPERM
//! exti id=6 code=7            unsupported id=6 why=there%20is%20no%20step%20...
//! exit id=7 code=7 report=yes last ru_utime_us=2311 ... rc_nivcsw=0     (then it is gone)
//! ```
//!
//! An error of a step that was *told* is not the end: the child waits for the next one. When the connection ends the child exits
//! with [`CONNECTION_LOST`].
//!
//! A child without a connection writes the same `ok`, `err` and `last` to standard output and exits with 0 behind its last step; without
//! any step it sleeps until a signal ends it.

use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, WaitOptions};

use super::step::{Death, Offspring, Step, TerminalUse};
use super::{ChildOptions, StepError, handlers, threads, work};
use crate::protocol::fields::{CHILDREN, OWN, put_usage};
use crate::protocol::line::{FieldError, LineError};
use crate::protocol::{Line, LineReader};
use crate::sys::process::{self, Forked, Who, exit_now};
use crate::sys::process::{clone, ptrace, raw, workload};
use crate::sys::{fault, sandbox, signal, terminal};
use crate::wait::Signal;
use crate::wait::names::errno_name;

/// The exit code of a child of which a step failed that it was started with (`EX_SOFTWARE` of `sysexits.h`).
pub const STEP_FAILED: i32 = 70;

/// The exit code of a child whose connection could not be made, or ended before a step ended the child (`EX_OSERR`).
pub const CONNECTION_LOST: i32 = 71;

/// The exit code of the child program for arguments that it does not understand (`EX_USAGE`).
pub const USAGE: i32 = 64;

/// The child program: what stands behind `waitspec child`.
pub fn main_from_args<S: AsRef<str>>(args: &[S]) -> ! {
    match ChildOptions::from_args(args) {
        Ok(options) => run(options),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "waitspec child: {error}");
            exit_now(USAGE)
        }
    }
}

/// Becomes a child: from here on the process does what steps say, and ends with them.
///
/// For a process with one thread that was forked for this, or exec'ed. It puts every signal back to its default action and
/// unblocks it; descriptors that the parent had are for the caller to close.
pub fn run(options: ChildOptions) -> ! {
    // What C does with the value that main returns.
    std::process::exit(run_to_return(options))
}

/// The same for `main` of a program that is a child: returns, for `main` to return it too, the value of [`Step::Return`].
pub fn run_to_return(options: ChildOptions) -> i32 {
    signal::reset_all();
    if !options.orphan {
        process::die_with_parent(Some(libc::SIGKILL));
    }
    // What called this in a forked process must not go on there, come what may.
    let lived = std::panic::catch_unwind(move || {
        let mut child = Child::new(options);
        child.greet();
        child.go_on()
    });
    lived.unwrap_or_else(|_| exit_now(STEP_FAILED))
}

/// A connection to the warden.
struct Connection {
    stream: UnixStream,
    reader: LineReader,
}

impl Connection {
    /// The next line; the child ends with the connection.
    fn read(&mut self) -> Result<Line, LineError> {
        let mut buffer = [0; 1024];
        loop {
            if let Some(line) = self.reader.next_line() {
                return line.and_then(|bytes| Line::parse(&bytes));
            }
            match self.stream.read(&mut buffer) {
                Ok(n) if n > 0 => self.reader.push(&buffer[..n]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                _ => exit_now(CONNECTION_LOST),
            }
        }
    }
}

/// A running child.
pub(super) struct Child {
    options: ChildOptions,
    connection: Option<Connection>,
    /// The steps that it was started with and has not done yet.
    pending: std::vec::IntoIter<Step>,
    /// What [`Step::Allocate`] keeps.
    kept: Vec<workload::Mapping>,
    /// What [`Step::PidfdOpen`] opened.
    descriptors: Vec<OwnedFd>,
    /// The child that it forked last, or 0.
    youngest: i32,
}

impl Child {
    fn new(mut options: ChildOptions) -> Child {
        let mut steps = std::mem::take(&mut options.steps);
        let connection = options.connect.as_ref().map(|(path, _)| match UnixStream::connect(path) {
            Ok(stream) => {
                // Beside the socket there is room for what a child leaves behind, as a core, and it is removed. A program that
                // is named from here must be found again.
                if !options.program.iter().any(|word| word.contains('/') && !word.starts_with('/')) {
                    let _ = path.parent().map(rustix::process::chdir);
                }
                Connection { stream, reader: LineReader::default() }
            }
            Err(_) => exit_now(CONNECTION_LOST),
        });
        if connection.is_none() && steps.is_empty() {
            steps.push(Step::Pause);
        }
        Child {
            options,
            connection,
            pending: steps.into_iter(),
            kept: Vec::new(),
            descriptors: Vec::new(),
            youngest: 0,
        }
    }

    fn greet(&mut self) {
        if let Some((_, token)) = &self.options.connect {
            let hello = put_ids(Line::new("hello").with("token", token));
            self.write(&hello);
        }
    }

    /// Writes a line to the connection, or to standard output.
    fn write(&mut self, line: &Line) {
        let text = format!("{line}\n");
        let written = match &mut self.connection {
            Some(connection) => connection.stream.write_all(text.as_bytes()),
            // What nobody reads is no reason to fail.
            None => rustix::io::write(rustix::stdio::stdout(), text.as_bytes()).map(drop).or(Ok(())),
        };
        if written.is_err() {
            exit_now(CONNECTION_LOST);
        }
    }

    /// Does one step after the other, until one is to return from `main`: with that value.
    pub(super) fn go_on(mut self) -> i32 {
        loop {
            let Some((step, id)) = self.next() else { continue };
            if let Step::Return { code } = step {
                return code;
            }
            self = self.take(step, id);
        }
    }

    /// The next step, with the request's id; `None` when there was a line that is no step (which was answered).
    fn next(&mut self) -> Option<(Step, Option<u64>)> {
        if let Some(step) = self.pending.next() {
            return Some((step, None));
        }
        let Some(connection) = &mut self.connection else { exit_now(0) };
        let refused = |why: &dyn std::fmt::Display| Line::new("err").with("errno", "EINVAL").with("why", why);
        let refusal = match connection.read() {
            Err(error) => refused(&error),
            Ok(line) => match (line.id(), Step::from_line(&line)) {
                (None, _) => refused(&FieldError::Missing("id")),
                (Some(id), Ok(step)) => return Some((step, Some(id))),
                (Some(id), Err(error @ StepError::Word { .. })) => {
                    Line::new("unsupported").with("id", id).with("why", error)
                }
                (Some(id), Err(error)) => refused(&error).with("id", id),
            },
        };
        self.write(&refusal);
        None
    }

    /// Does a step and answers it.
    fn take(mut self, step: Step, id: Option<u64>) -> Child {
        let outcome = match step {
            Step::LeaderExit { code } => {
                let ((child, _, _), error) =
                    threads::leader_exit((self, code, id), code, |(mut child, code, id)| {
                        child.answer(&Step::LeaderExit { code }, id, Ok(Line::new("ok")));
                        std::process::exit(child.go_on())
                    });
                self = child;
                Err(error)
            }
            _ => self.act(&step),
        };
        self.answer(&step, id, outcome);
        self
    }

    /// Answers a step: told by the connection, or one that the child was started with.
    pub(super) fn answer(&mut self, step: &Step, id: Option<u64>, outcome: Result<Line, Errno>) {
        let failed = outcome.is_err();
        let mut line = match outcome {
            Ok(line) if id.is_none() && line.keys().next().is_none() => return,
            Ok(line) => line,
            Err(error) => Line::new("err").with("errno", shown(error)),
        };
        match id {
            Some(id) => line.set("id", id),
            None => line.set("step", step.word()),
        }
        self.write(&line);
        if failed && id.is_none() {
            exit_now(STEP_FAILED);
        }
    }

    /// Does a step; the answer without its id.
    fn act(&mut self, step: &Step) -> Result<Line, Errno> {
        match *step {
            Step::Exit { code, report } => {
                self.last(report);
                exit_now(code)
            }
            Step::ThreadExit { code, report } => {
                self.last(report);
                return Err(process::exit_thread(code));
            }
            Step::GroupExit { code, report } => {
                self.last(report);
                return Err(threads::group_exit(code));
            }
            Step::Raise(ref death) => {
                self.prepare(death)?;
                signal::raise(death.signal.number())?;
            }
            Step::KillSelf(ref death) => {
                self.prepare(death)?;
                signal::kill_self(death.signal.number())?;
            }
            Step::Pause => self.pause(),
            Step::Stop(signal) => signal::kill_self(signal.number())?,
            Step::Ignore(signal) => {
                signal::set_action(signal.number(), signal::Action::Ignore, signal::Flags::default())?
            }
            Step::Default(signal) => {
                signal::set_action(signal.number(), signal::Action::Default, signal::Flags::default())?;
            }
            Step::Block(signal) => signal::block(signal.number())?,
            Step::Unblock(signal) => signal::unblock(signal.number())?,
            Step::BurnUser { us } => work::burn_user(us)?,
            Step::BurnSystem { us } => work::burn_system(us)?,
            Step::Allocate { bytes } => self.kept.push(work::allocate(bytes)?),
            Step::Release => self.kept.clear(),
            Step::MinorFaults { count } => work::minor_faults(count)?,
            Step::MajorFaults { count } => work::major_faults(count)?,
            Step::BlockOutput { count } => work::block_output(count)?,
            Step::VoluntarySwitches { count } => work::voluntary_switches(count)?,
            Step::InvoluntarySwitches { count } => work::involuntary_switches(count)?,
            Step::Sleep { ms } => std::thread::sleep(std::time::Duration::from_millis(ms)),
            Step::Setpgid { pgid } => setpgid(pgid)?,
            Step::Setsid => drop(rustix::process::setsid()?),
            Step::Setuid { uid } => {
                workload::setuid(uid)?;
                // A change of user takes the parent-death signal away.
                if !self.options.orphan {
                    process::die_with_parent(Some(libc::SIGKILL));
                }
            }
            Step::Fork(ref offspring) => {
                let options = self.offspring(offspring)?;
                match process::fork()? {
                    Forked::Parent(pid) => return Ok(self.bore(pid)),
                    Forked::Child => self.be(options),
                }
            }
            Step::VforkExec(ref offspring) => {
                let argv = self.offspring(offspring)?.to_argv()?;
                let pid = workload::vfork(workload::Vforked::Exec(&argv))?;
                return Ok(self.bore(pid));
            }
            Step::Vfork { code } => {
                let pid = workload::vfork(workload::Vforked::Exit(code))?;
                return Ok(self.bore(pid));
            }
            Step::Wait { pid } => return self.reap(if pid == 0 { self.youngest } else { pid }),
            // They need the child itself: see `take` and `go_on`.
            Step::LeaderExit { .. } | Step::Return { .. } => return Err(Errno::INVAL),
            Step::Exec { ref steps } => return Err(process::exec(&self.again(steps).to_argv()?)),
            Step::ExecFromThread { ref steps } => {
                return Err(threads::exec_from_thread(self.again(steps).to_argv()?));
            }
            Step::Traceme => workload::trace_me()?,
            Step::Trace { request, pid, ref signal, ref options } => {
                let data = match signal {
                    Some(signal) => signal.number().into(),
                    None => ptrace::options(options.iter().map(String::as_str))?,
                };
                return Ok(Line::new("ok").with("value", ptrace::request(request, pid, data)?));
            }
            Step::Incur(ref death) => {
                self.prepare(death)?;
                fault::of(death.signal.number(), work::a_file)?;
            }
            Step::Catch { signal, then } => {
                signal::set_action(signal.number(), handlers::of(then), signal::Flags::default())?;
            }
            Step::Dumpable { on } => sandbox::set_dumpable(on)?,
            Step::Clone { ref offspring, sibling, exit_signal } => {
                let options = self.offspring(offspring)?;
                let exit_signal = exit_signal.map_or(0, Signal::number);
                match clone::clone(clone::Clone { exit_signal, sibling, ..Default::default() })?.0 {
                    Forked::Parent(pid) => return Ok(self.bore(pid)),
                    Forked::Child => self.be(options),
                }
            }
            Step::Terminal { how } => return use_terminal(how),
            Step::PidfdOpen { pid } => {
                let fd = raw::pidfd_open(pid, false)?;
                let line = Line::new("ok").with("fd", fd.as_raw_fd());
                self.descriptors.push(fd);
                return Ok(line);
            }
            Step::LastPid { pid } => sandbox::set_last_pid(pid)?,
            Step::Subreaper { on } => process::set_subreaper(on)?,
            Step::Threads { count } => threads::start_sleeping(count)?,
            Step::Report => return Ok(report("ok")),
            Step::Getids => {
                let (uid, euid) = (rustix::process::getuid(), rustix::process::geteuid());
                let line = put_ids(Line::new("ok"));
                return Ok(line.with("uid", uid.as_raw()).with("euid", euid.as_raw()));
            }
        }
        Ok(Line::new("ok"))
    }

    /// Goes on as another child, in a copy of this process.
    fn be(&mut self, options: ChildOptions) -> ! {
        // What its parent keeps is not its own.
        self.connection = None;
        self.kept.clear();
        self.descriptors.clear();
        run(options)
    }

    /// Writes `last`, if asked to.
    fn last(&mut self, wanted: bool) {
        if wanted {
            self.write(&report("last"));
        }
    }

    /// Everything before a deadly signal.
    fn prepare(&mut self, death: &Death) -> Result<(), Errno> {
        if let Some(on) = death.core {
            let mut limit = rustix::process::getrlimit(Resource::Core);
            limit.current = if on { limit.maximum } else { Some(0) };
            rustix::process::setrlimit(Resource::Core, limit)?;
        }
        self.last(death.report);
        Ok(())
    }

    /// Sleeps until a signal ends the process or the connection is closed.
    fn pause(&self) -> ! {
        loop {
            // An interrupted sleep goes on.
            let _ = match &self.connection {
                // Without events asked for, only the end of the connection ends the poll.
                Some(connection) => poll(&mut [PollFd::new(&connection.stream, PollFlags::empty())], None)
                    .map(|_| exit_now(CONNECTION_LOST)),
                None => poll(&mut [], None).map(drop),
            };
        }
    }

    /// The options of a child of its own.
    fn offspring(&self, offspring: &Offspring) -> Result<ChildOptions, Errno> {
        let connect = match (&offspring.token, &self.options.connect) {
            (Some(token), Some((path, _))) => Some((path.clone(), token.clone())),
            (Some(_), None) => return Err(Errno::NOTCONN),
            (None, _) => None,
        };
        let Offspring { orphan, steps, .. } = offspring.clone();
        Ok(ChildOptions { connect, steps, orphan, program: self.options.program.clone(), agent: None })
    }

    /// The options of its next image.
    fn again(&self, steps: &[Step]) -> ChildOptions {
        ChildOptions { steps: steps.to_vec(), ..self.options.clone() }
    }

    fn bore(&mut self, pid: i32) -> Line {
        self.youngest = pid;
        Line::new("ok").with("pid", pid)
    }

    /// Waits for a child of its own. Only a positive pid: no other call of the family is made in a child.
    fn reap(&self, pid: i32) -> Result<Line, Errno> {
        let pid = (pid > 0).then(|| Pid::from_raw(pid)).flatten().ok_or(Errno::CHILD)?;
        loop {
            match rustix::process::waitpid(Some(pid), WaitOptions::empty()) {
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
                Ok(None) => return Err(Errno::IO),
                Ok(Some((pid, status))) => {
                    let line = Line::new("ok").with("pid", pid.as_raw_pid());
                    return Ok(line.with("status", format_args!("{:#06x}", status.as_raw())));
                }
            }
        }
    }
}

/// Uses the controlling terminal.
fn use_terminal(how: TerminalUse) -> Result<Line, Errno> {
    let terminal = terminal::controlling()?;
    let ok = Line::new("ok");
    match how {
        TerminalUse::Read => {
            let mut line = [0; 64];
            // A job that is continued in the foreground reads on by itself; one that caught the signal is told.
            return Ok(ok.with("bytes", rustix::io::read(&terminal, &mut line)?));
        }
        TerminalUse::Write => drop(rustix::io::write(&terminal, b"x")?),
        TerminalUse::Foreground => {
            terminal::set_foreground(terminal.as_fd(), process::group())?;
        }
    }
    Ok(ok)
}

/// The name of an error, or its number.
fn shown(error: Errno) -> String {
    let number = error.raw_os_error();
    errno_name(number).map_or_else(|| number.to_string(), str::to_owned)
}

/// `setpgid(0, pgid)`; `EINVAL` for a negative one, as POSIX has it.
fn setpgid(pgid: i32) -> Result<(), Errno> {
    if pgid < 0 { Err(Errno::INVAL) } else { rustix::process::setpgid(None, Pid::from_raw(pgid)) }
}

/// A line with its own usage and that of its reaped children.
fn report(word: &str) -> Line {
    let mut line = Line::new(word);
    put_usage(&mut line, OWN, &process::usage(Who::SelfProcess));
    put_usage(&mut line, CHILDREN, &process::usage(Who::Children));
    line
}

/// The line with its ids.
fn put_ids(line: Line) -> Line {
    line.with("pid", process::pid())
        .with("ppid", process::parent_pid())
        .with("pgid", process::group())
        .with("sid", process::session_of(0).unwrap_or(0))
}
