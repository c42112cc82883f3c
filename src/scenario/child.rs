//! The child program: connects, performs steps, answers.
//!
//! # What it writes
//!
//! A connected child begins with `hello token=T pid=N ppid=N pgid=N sid=N`. It performs its initial steps, silent
//! unless a step has something to report: `ok step=WORD key=value ...` if the answer holds more than `ok`, and `err
//! step=WORD errno=NAME` if a step failed, after which it exits with [`STEP_FAILED`]. A child that does not understand
//! its arguments says hello and `unsupported why=...`, and exits with [`USAGE`]: an exit code alone does not show whose
//! failure it is. Then it reads one step per line, and answers each with the request's `id`:
//!
//! ```text
//! burn-user id=3 us=2000      ok id=3
//! fork id=4 token=B           ok id=4 pid=4712
//! setpgid id=5 pgid=1         err id=5 errno=EPERM
//! exti id=6 code=7            unsupported id=6 why=there%20is%20no%20step%20...
//! exit id=7 code=7 report=yes last ru_utime_us=2311 ... rc_nivcsw=0     (then it is gone)
//! ```
//!
//! The failure of a *requested* step is not fatal: the child reads the next one. When the connection closes, the child
//! exits with [`CONNECTION_LOST`].
//!
//! With `--if-failed` it connects only to say hello and that an initial step failed.
//!
//! A child without a connection writes the same `ok`, `err` and `last` lines to standard output and exits with 0 after
//! its last step; without any step it sleeps until a signal kills it.

use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::process::{Pid, Resource};

pub use super::connection::CONNECTION_LOST;
use super::connection::Connection;
use super::self_report::{ids_and_signals, inherited, note_start, put_ids, report, shown};
use super::step::{Death, Offspring, Step, TerminalUse};
use super::{ChildOptions, StepError, handlers, threads, work};
use crate::protocol::Line;
use crate::protocol::line::FieldError;
use crate::sys::call::raw as call;
use crate::sys::process::{self, Forked, exit_now};
use crate::sys::process::{clone, namespace, ptrace, raw, workload};
use crate::sys::{fault, makeshift, sandbox, signal, terminal};
use crate::wait::Signal;

/// The exit code of a child after a failed initial step (`EX_SOFTWARE` of `sysexits.h`).
pub const STEP_FAILED: i32 = 70;

/// The exit code for invalid arguments (`EX_USAGE`).
pub const USAGE: i32 = 64;

/// The child program behind `waitspec child`.
pub fn main_from_args<S: AsRef<str>>(args: &[S]) -> ! {
    match ChildOptions::from_args(args) {
        Ok(options) => run(options),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "waitspec child: {error}");
            refuse_if_connected(args, &error);
            exit_now(USAGE)
        }
    }
}

/// If invalid arguments ask for a connection, uses it to report that they are invalid, and exits; otherwise returns.
pub fn refuse_if_connected<S: AsRef<str>>(args: &[S], error: &dyn std::fmt::Display) {
    if let connect @ Some(_) = ChildOptions::connection_in(args) {
        refuse(connect, &Line::new("unsupported").with("why", error));
        exit_now(USAGE)
    }
}

/// Reports, over a connection of its own, why this child does nothing more.
fn refuse(connect: Option<(PathBuf, String)>, why: &Line) {
    if connect.is_some() {
        let mut child = Performer::new(ChildOptions { connect, ..ChildOptions::default() });
        child.greet();
        child.write(why);
    }
}

/// Turns this process into a child: from here on it does what the steps say, and exits with them.
///
/// For a single-threaded process that was forked or exec'ed for this. Resets every signal to its default action and
/// unblocks it; closing inherited descriptors is up to the caller.
pub fn run(options: ChildOptions) -> ! {
    // As C does with main's return value.
    std::process::exit(run_to_return(options))
}

/// [`run`] for the `main` of a child: returns the value of [`Step::Return`], for `main` to return in turn.
pub fn run_to_return(options: ChildOptions) -> i32 {
    note_start();
    if !options.keep_signals {
        signal::reset_all();
    }
    if !options.orphan {
        process::die_with_parent(Some(libc::SIGKILL));
    }
    let connect = options.connect.clone();
    // The caller's code must not go on in a forked process, whatever happens.
    let lived = std::panic::catch_unwind(move || {
        let mut child = Performer::new(options);
        child.greet();
        child.go_on()
    });
    lived.unwrap_or_else(|_| {
        refuse(connect, &Line::new("err").with("step", "go on without a panic").with("errno", "ECANCELED"));
        exit_now(STEP_FAILED)
    })
}

/// A running child.
pub(super) struct Performer {
    options: ChildOptions,
    connection: Option<Connection>,
    /// The initial steps that remain.
    pending: std::vec::IntoIter<Step>,
    /// The memory [`Step::Allocate`] keeps.
    kept: Vec<workload::Mapping>,
    /// The descriptors [`Step::PidfdOpen`] opened.
    descriptors: Vec<OwnedFd>,
    /// The threads [`Step::StartThread`] started.
    sleepers: Vec<threads::Sleeper>,
    /// The pid of the child forked last, or 0.
    youngest: i32,
}

impl Performer {
    fn new(mut options: ChildOptions) -> Performer {
        let mut steps = std::mem::take(&mut options.steps);
        let connection = if options.if_failed { None } else { Connection::of(&options) };
        if let (Some(_), Some((path, _))) = (&connection, &options.connect) {
            // The socket's directory also takes what a child leaves behind, e.g. a core, and is removed. A program
            // with a relative path must still be found.
            if !options.program.iter().any(|word| word.contains('/') && !word.starts_with('/')) {
                let _ = path.parent().map(rustix::process::chdir);
            }
        }
        if connection.is_none() && steps.is_empty() {
            steps.push(Step::Pause);
        }
        Performer {
            options,
            connection,
            pending: steps.into_iter(),
            kept: Vec::new(),
            descriptors: Vec::new(),
            sleepers: Vec::new(),
            youngest: 0,
        }
    }

    fn greet(&mut self) {
        if let (Some(_), Some((_, token))) = (&self.connection, &self.options.connect) {
            let hello = put_ids(Line::new("hello").with("token", token));
            self.write(&hello);
        }
    }

    /// Writes a line to the connection, or to standard output.
    fn write(&mut self, line: &Line) {
        let text = format!("{line}\n");
        let written = match &mut self.connection {
            Some(connection) => connection.write(text.as_bytes()),
            // That no one is reading is no reason to fail.
            None => {
                let _ = rustix::io::write(rustix::stdio::stdout(), text.as_bytes());
                Ok(())
            }
        };
        if written.is_err() {
            exit_now(CONNECTION_LOST);
        }
    }

    /// Performs step after step, until one returns from `main`: returns its value.
    pub(super) fn go_on(mut self) -> i32 {
        loop {
            let Some((step, id)) = self.next() else { continue };
            if let Step::Return { code } = step {
                return code;
            }
            self = self.take(step, id);
        }
    }

    /// The next step, with the request's id; `None` after a line that is not a step (already answered).
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

    /// Performs a step and answers it.
    fn take(mut self, step: Step, id: Option<u64>) -> Performer {
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

    /// After a change of uid, which clears the parent-death signal.
    fn as_user(&self, changed: Result<(), Errno>) -> Result<(), Errno> {
        changed?;
        if !self.options.orphan {
            process::die_with_parent(Some(libc::SIGKILL));
        }
        Ok(())
    }

    /// Answers a step, whether requested or initial.
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
        if failed && self.options.if_failed && self.connection.is_none() {
            self.connection = Connection::of(&self.options);
            self.greet();
        }
        self.write(&line);
        if failed && id.is_none() {
            exit_now(STEP_FAILED);
        }
    }

    /// Performs a step; returns the answer without its id.
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
            Step::Setsid => process::new_session()?,
            Step::Setuid { uid } => self.as_user(workload::setuid(uid))?,
            Step::Seteuid { uid } => self.as_user(workload::seteuid(uid))?,
            Step::Setegid { gid } => self.as_user(workload::setegid(gid))?,
            Step::Fork(ref offspring) => {
                let options = self.offspring(offspring)?;
                match process::fork()? {
                    Forked::Parent(pid) => return Ok(self.forked(pid)),
                    Forked::Child => self.be(options),
                }
            }
            Step::VforkExec(ref offspring) => {
                let argv = self.offspring(offspring)?.to_argv()?;
                let pid = workload::vfork(workload::Vforked::Exec(&argv))?;
                return Ok(self.forked(pid));
            }
            Step::Vfork { code } => {
                let pid = workload::vfork(workload::Vforked::Exit(code))?;
                return Ok(self.forked(pid));
            }
            Step::Wait { pid } => return self.reap(if pid == 0 { self.youngest } else { pid }),
            // These need the child by value: see `take` and `go_on`.
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
                    Forked::Parent(pid) => return Ok(self.forked(pid)),
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
            Step::LastPid { pid } => namespace::set_last_pid(pid)?,
            Step::Subreaper { on } => process::set_subreaper(on)?,
            Step::Threads { count } => threads::start_sleeping(count)?,
            Step::StartThread => {
                let sleeper = threads::Sleeper::start()?;
                let line = Line::new("ok").with("tid", sleeper.id());
                self.sleepers.push(sleeper);
                return Ok(line);
            }
            Step::EndThreads => self.sleepers.drain(..).for_each(threads::Sleeper::end),
            Step::Report => return Ok(report("ok")),
            Step::Getids => return Ok(ids_and_signals()),
            Step::Inherited => return Ok(inherited()),
        }
        Ok(Line::new("ok"))
    }

    /// Becomes another child, in a copy of this process.
    fn be(&mut self, options: ChildOptions) -> ! {
        // These belong to the parent.
        self.connection = None;
        self.kept.clear();
        self.descriptors.clear();
        // The threads do not exist here: there is nothing to detach from.
        std::mem::forget(std::mem::take(&mut self.sleepers));
        run(options)
    }

    /// Writes `last`, if requested.
    fn last(&mut self, wanted: bool) {
        if wanted {
            self.write(&report("last"));
        }
    }

    /// Everything that precedes a fatal signal.
    fn prepare(&mut self, death: &Death) -> Result<(), Errno> {
        if let Some(on) = death.core {
            let mut limit = rustix::process::getrlimit(Resource::Core);
            limit.current = if on { limit.maximum } else { Some(0) };
            rustix::process::setrlimit(Resource::Core, limit)?;
        }
        self.last(death.report);
        Ok(())
    }

    /// Sleeps until a signal kills the process or the connection closes.
    fn pause(&self) -> ! {
        loop {
            match &self.connection {
                Some(connection) => connection.sleep_until_closed(),
                None => {
                    let _ = makeshift::sleep_until_closed(&[]);
                }
            }
        }
    }

    /// The options of a child to fork.
    fn offspring(&self, offspring: &Offspring) -> Result<ChildOptions, Errno> {
        let connect = match (&offspring.token, &self.options.connect) {
            (Some(token), Some((path, _))) => Some((path.clone(), token.clone())),
            (Some(_), None) => return Err(Errno::NOTCONN),
            (None, _) => None,
        };
        let Offspring { orphan, steps, .. } = offspring.clone();
        Ok(ChildOptions {
            connect,
            if_failed: false,
            steps,
            orphan,
            keep_signals: false,
            program: self.options.program.clone(),
            agent: None,
            wrapper: None,
            warden: None,
        })
    }

    /// The options after an exec.
    fn again(&self, steps: &[Step]) -> ChildOptions {
        ChildOptions { steps: steps.to_vec(), ..self.options.clone() }
    }

    fn forked(&mut self, pid: i32) -> Line {
        self.youngest = pid;
        Line::new("ok").with("pid", pid)
    }

    /// Reaps one of its own children. Positive pids only: a child makes no other wait call.
    fn reap(&self, pid: i32) -> Result<Line, Errno> {
        if pid < 1 {
            return Err(Errno::CHILD);
        }
        loop {
            let (ret, status) = call::waitpid(pid, 0);
            match call::checked(ret) {
                Err(error) if error.raw_os_error() == libc::EINTR => {}
                Err(error) => return Err(Errno::from_raw_os_error(error.raw_os_error())),
                Ok(0) => return Err(Errno::IO),
                Ok(pid) => {
                    return Ok(Line::new("ok")
                        .with("pid", pid)
                        .with("status", format_args!("{status:#06x}")));
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
            // A job continued in the foreground restarts the read; one that caught the signal gets EINTR.
            return Ok(ok.with("bytes", rustix::io::read(&terminal, &mut line)?));
        }
        TerminalUse::Write => drop(rustix::io::write(&terminal, b"x")?),
        TerminalUse::Foreground => {
            terminal::set_foreground(terminal.as_fd(), process::group())?;
        }
    }
    Ok(ok)
}

/// `setpgid(0, pgid)`; `EINVAL` for a negative one, as POSIX requires.
fn setpgid(pgid: i32) -> Result<(), Errno> {
    if pgid < 0 { Err(Errno::INVAL) } else { rustix::process::setpgid(None, Pid::from_raw(pgid)) }
}
