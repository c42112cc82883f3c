//! Requests that only some cases need, and that not every agent supports: other ways to create a child, `ptrace`, a
//! terminal, restrictions of the agent, `exec`.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::Resource;

use super::{Agent, Refusal, handlers, measure, spawn, staged};
use crate::protocol::Line;
use crate::protocol::agent::{Limit, Request};
use crate::protocol::codec::{Bytes, Switch, Words};
use crate::protocol::line::FieldError;
use crate::protocol::wait::{WaitRequest, reply_line, signal_text};
use crate::sys::call::abi::{Call, Pointer, Request as CallRequest, Select};
use crate::sys::call::observe;
use crate::sys::process::clone::Clone;
use crate::sys::process::existence::Witness;
use crate::sys::process::exit_watch::{ExitWatch, next_event};
use crate::sys::process::{self, Forked, cancel, gate, pidfd, ptrace, raw, reaper};
use crate::sys::process_table;
use crate::sys::{caller, makeshift, sandbox, signal, terminal};
use crate::wait::{Pid, Signal, names};

/// Serves one of these requests.
pub(super) fn serve(agent: &Agent, request: Request, ok: Line) -> Result<Line, Refusal> {
    match request {
        Request::Clone { argv, words, exit_signal, clone3, pidfd, newpid, newuser, image: _, thread: _ } => {
            let exit_signal = spawn::exit_signal(&exit_signal)?;
            let how = Clone {
                exit_signal,
                pidfd,
                new_pids: newpid,
                new_users: newuser,
                clone3,
                ..Clone::default()
            };
            Ok(cloned(agent, spawn::clone(agent, &argv, words, how)?, ok))
        }
        Request::Autoreap { argv, words, exit_signal, pidfd, autokill, image: _ } => {
            let exit_signal = spawn::exit_signal(&exit_signal)?;
            let how =
                Clone { exit_signal, pidfd, clone3: true, autoreap: true, autokill, ..Clone::default() };
            Ok(cloned(agent, spawn::clone(agent, &argv, words, how)?, ok))
        }
        Request::Pdfork { argv, words, daemon, image: _ } => {
            Ok(cloned(agent, spawn::pdfork(agent, &argv, words, daemon)?, ok))
        }
        Request::PosixSpawn { argv, thread: _ } => Ok(ok.with("pid", spawn::posix_spawn(&argv)?)),
        Request::Exec { argv } => exec(agent, &argv),
        Request::Getids { thread: _ } => Ok(ok.with("pid", process::pid()).with("tid", process::thread_id())),
        Request::Exists { pid, by } => {
            let witness = Witness::from_name(&by).ok_or(FieldError::Bad("by", by))?;
            witness.ask(pid)?;
            Ok(ok)
        }
        Request::Gated { code } => {
            let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            Ok(ok.with("pid", gate::child(code)?).with("processors", processors))
        }
        Request::ThroughGate { ns } => {
            staged::through_gate(ns);
            Ok(ok)
        }
        Request::Slept {} => Ok(ok.with("slept", if staged::slept() { "yes" } else { "no" })),
        Request::Cancellable {} => staged::cancellable(agent).map(|()| ok),
        Request::Cancel {} => {
            cancel::cancel()?;
            Ok(ok)
        }
        Request::ExitNote { pid } => {
            let pid = Pid::from_raw(pid).ok_or(Errno::SRCH)?;
            Ok(ok.with("fd", agent.keep(ExitWatch::queue(pid)?)))
        }
        Request::AwaitExitNote { fd, pid } => await_exit_note(agent, fd, pid, ok),
        Request::ReaperStatus {} => reaper_status(ok),
        Request::ReaperPids {} => Ok(ok.with_list("below", reaper::below()?.iter().map(below_text))),
        Request::ReaperKill { sig, to, pid } => {
            let scope = match (to.as_str(), pid) {
                ("all", None) => reaper::Scope::All,
                ("children", None) => reaper::Scope::Children,
                ("subtree", Some(pid)) => reaper::Scope::Subtree(pid),
                _ => return Err(FieldError::Bad("to", to).into()),
            };
            Ok(ok.with("killed", reaper::kill(sig.number(), scope)?))
        }
        Request::AwaitReadable { fd } => await_readable(agent, fd, ok),
        Request::Switches { tid } => {
            let count = process_table::voluntary_switches(process::pid(), tid);
            Ok(ok.with("count", count.ok_or(Errno::NOSYS)?))
        }
        Request::LateWrites {} => Ok(ok),
        Request::CallerState { arm, thread: _ } => caller_state(arm, ok),
        Request::Handler { sig, restart, flag } => {
            handlers::flagged(sig, restart, flag)?;
            Ok(ok)
        }
        Request::Ptrace { request, pid, sig, options } => ptrace(&request, pid, sig, &options, ok),
        Request::Terminal {} => terminal_session(agent, ok),
        Request::Type { fd, bytes: Bytes(bytes) } => {
            agent.with_descriptor(fd, |fd| Ok(rustix::io::write(fd, &bytes)?))?;
            Ok(ok)
        }
        Request::Foreground { pgid } => {
            let terminal = terminal::controlling()?;
            terminal::set_foreground(terminal.as_fd(), pgid)?;
            Ok(ok)
        }
        Request::PidfdSignal { fd, sig } => {
            let signal = match sig.as_str() {
                "0" => 0,
                name => {
                    let signal = Signal::from_name(name);
                    signal.ok_or_else(|| FieldError::Bad("sig", name.to_owned()))?.number()
                }
            };
            agent.with_descriptor(fd, |fd| Ok(pidfd::signal(fd, signal)?))?;
            Ok(ok)
        }
        Request::PidfdInfo { fd } => pidfd_info(agent, fd, ok),
        Request::Epoll { fd } => {
            let watcher = agent.with_descriptor(fd, |fd| Ok(pidfd::watched(fd)?))?;
            Ok(ok.with("fd", agent.keep(watcher)))
        }
        Request::PidfdGetfd { pid, fd } => {
            let from = raw::pidfd_open(pid, false)?;
            let fd = pidfd::steal(from.as_fd(), fd)?;
            Ok(ok.with("fd", agent.keep(fd)))
        }
        Request::PidfdThread { tid } => {
            let fd = pidfd::open_thread(tid)?;
            Ok(ok.with("fd", agent.keep(fd)))
        }
        Request::Blocking { fd, on: Switch(on) } => {
            agent.with_descriptor(fd, |fd| Ok(set_blocking(fd, on)?))?;
            Ok(ok)
        }
        Request::Duplicate { fd, from: 0 } => {
            // Requests are read from a duplicate of standard input.
            agent.with_descriptor(fd, |fd| Ok(makeshift::as_standard(fd, 0)?))?;
            Ok(ok.with("fd", 0))
        }
        Request::Duplicate { fd, from } => {
            let fd = agent.with_descriptor(fd, |fd| Ok(makeshift::duplicate_from(fd, from)?))?;
            Ok(ok.with("fd", agent.keep(fd)))
        }
        Request::Sigwait { sig } => {
            let record = signal::wait_for(handlers::number(sig)?, SIGNAL_WAIT)?;
            Ok(ok.with_list("seen", [handlers::record_text(&record)]))
        }
        Request::Signalfd { sig } => {
            let record = signal::read_from_fd(handlers::number(sig)?, SIGNAL_WAIT)?;
            Ok(ok.with_list("seen", [handlers::record_text(&record)]))
        }
        Request::Times {} => Ok(times(ok)),
        Request::Limit { resource, soft } => {
            let resource = match resource {
                Limit::Descriptors => Resource::Nofile,
                Limit::Core => Resource::Core,
            };
            sandbox::limit(resource, soft)?;
            Ok(ok)
        }
        Request::Deny { call, errno } => {
            let number = names::errno(&errno).ok_or(FieldError::Bad("errno", errno))?;
            sandbox::deny(&call, sandbox::Denied::Errno(number))?;
            Ok(ok)
        }
        Request::UnshareUsers {} => {
            sandbox::unshare_users()?;
            Ok(ok)
        }
        Request::Measure { what, n, call, argv, bare } => {
            measure::serve(agent, &measure::Order { what, n, call, argv, bare }, ok)
        }
        other => Err(Refusal::unsupported(format_args!("{} is served elsewhere", other.word()))),
    }
}

/// How long to wait for a signal.
const SIGNAL_WAIT: Duration = Duration::from_secs(5);

/// The call contained in a request for a call in a fork.
pub(super) fn forked_call(line: &Line, call: &str) -> Result<WaitRequest, Refusal> {
    let mut inner = Line::new(call);
    for key in line.keys().filter(|key| !["call", "options"].contains(key)) {
        inner.set(key, line.get(key).unwrap_or_default());
    }
    inner.set_list("options", line.list("options"));
    let request = WaitRequest::from_line(&inner);
    Ok(request.ok_or_else(|| FieldError::Bad("call", call.to_owned()))??)
}

/// `pdwait`: announced, made and reported like a call of the family.
pub(super) fn pdwait(agent: &Agent, id: u64, fd: i32, request: &WaitRequest) -> Result<Line, Refusal> {
    let request = request.to_host()?;
    agent.write(&Line::new("entering").with("id", id).with("tid", process::thread_id()));
    let seen = observe::pdwait(fd, &request).map_err(|not_offered| Refusal::unsupported(not_offered.0))?;
    Ok(reply_line(id, &seen))
}

/// Makes a call of the family in a fork of the agent, which has no children of its own, and reports the result.
pub(super) fn in_fork(agent: &Agent, id: u64, request: &WaitRequest) -> Result<Line, Refusal> {
    if agent.is_threaded() {
        return Err(Refusal::unsupported("a copy of a process with several threads"));
    }
    let request = request.to_host()?;
    let (read, write) = rustix::pipe::pipe()?;
    let pid = match process::fork()? {
        Forked::Parent(pid) => pid,
        Forked::Child => {
            drop(read);
            let reply = match agent.subject.call(&request) {
                Ok(seen) => reply_line(id, &seen),
                Err(not_offered) => Refusal::unsupported(not_offered.0).line(id),
            };
            let _ = rustix::io::write(&write, reply.to_string().as_bytes());
            process::exit_now(0)
        }
    };
    drop(write);
    // One line, written in a single write.
    let mut buffer = [0; 4096];
    let read = rustix::io::retry_on_intr(|| rustix::io::read(&read, &mut buffer));
    process::kill_and_reap(pid);
    Line::parse(&buffer[..read?]).map_err(Refusal::unsupported)
}

/// Polls a descriptor for input until there is some. The poll is announced, so that the thread can be seen to sleep.
/// State of the process and of the calling thread.
fn caller_state(arm: bool, ok: Line) -> Result<Line, Refusal> {
    if arm {
        caller::arm_timers()?;
        // A system without these has fewer timers to stop.
        let _ = caller::arm_posix_timers();
    }
    let state = ok
        .with_list("timers", caller::running_timers())
        .with_list("blocked", signal::blocked().iter().map(|&signal| signal_text(signal.into())))
        .with("rounding", caller::rounding())
        .with("subnormals", caller::subnormals())
        .with("stack", if caller::has_alternate_stack() { "yes" } else { "no" });
    let state = match caller::running_posix_timers() {
        Some(timers) => state.with_list("posix_timers", timers),
        None => state,
    };
    let state = match caller::x87_control() {
        Some(word) => state.with("x87", format_args!("{word:#x}")),
        None => state,
    };
    let state = caller::attributes().into_iter().fold(state, |state, (key, text)| state.with(key, text));
    Ok(match observe::has_zeroed_errno() {
        Some(zeroed) => state.with("zeroed_errno", if zeroed { "yes" } else { "no" }),
        None => state,
    })
}

fn await_readable(agent: &Agent, fd: i32, ok: Line) -> Result<Line, Refusal> {
    use rustix::event::{PollFd, PollFlags, poll};
    // A duplicate, so that others can use theirs.
    let fd = agent.with_descriptor(fd, |fd| Ok(rustix::io::fcntl_dupfd_cloexec(fd, 3)?))?;
    let id = ok.id().unwrap_or_default();
    agent.write(&Line::new("entering").with("id", id).with("tid", process::thread_id()));
    rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(&fd, PollFlags::IN)], None))?;
    Ok(ok)
}

/// What the system reports about this process as a reaper.
fn reaper_status(ok: Line) -> Result<Line, Refusal> {
    let status = reaper::status()?;
    let ok = ok.with("owned", if status.owned { "yes" } else { "no" }).with("first", status.first);
    Ok(match (status.reaper, status.children, status.descendants) {
        (Some(reaper), Some(children), Some(descendants)) => {
            ok.with("reaper", reaper).with("children", children).with("descendants", descendants)
        }
        _ => ok,
    })
}

fn below_text(below: &reaper::Below) -> String {
    let words = match (below.child, below.zombie) {
        (true, true) => "child+zombie",
        (true, false) => "child",
        (false, true) => "zombie",
        (false, false) => "-",
    };
    format!("{}:{}:{words}", below.pid, below.subtree)
}

/// Sleeps until a process's `NOTE_EXIT` event, then waits for the process at once.
fn await_exit_note(agent: &Agent, fd: i32, pid: i32, ok: Line) -> Result<Line, Refusal> {
    let id = ok.id().unwrap_or_default();
    let request = CallRequest {
        call: Call::Waitpid,
        select: Select::Pid(pid),
        options: libc::WNOHANG,
        status: Pointer::Buffer,
        rusage: Pointer::Null,
        info: Pointer::Null,
    };
    agent.write(&Line::new("entering").with("id", id).with("tid", process::thread_id()));
    let data = agent.with_descriptor(fd, |fd| Ok(next_event(fd, SIGNAL_WAIT)?))?;
    let data = data.ok_or(Errno::TIMEDOUT)?;
    let seen = agent.subject.call(&request).map_err(|not_offered| Refusal::unsupported(not_offered.0))?;
    Ok(reply_line(id, &seen).with("data", data))
}

/// Execs a new image of this agent, with the same streams. It says hello again.
fn exec(agent: &Agent, argv: &Words) -> Result<Line, Refusal> {
    let mut argv = spawn::command(argv);
    let name = agent.subject.name();
    if crate::mutants::registry().get(&name).is_none() {
        return Err(Refusal::unsupported(format_args!("{name} is not built in")));
    }
    argv.push(c"--agent".to_owned());
    argv.push(std::ffi::CString::new(name).map_err(|_| Errno::INVAL)?);
    Err(process::exec(&argv).into())
}

fn ptrace(what: &str, pid: i32, sig: Option<Signal>, options: &[String], ok: Line) -> Result<Line, Refusal> {
    let request = ptrace::Request::from_name(what).ok_or_else(|| FieldError::Bad("do", what.to_owned()))?;
    let data = match sig {
        Some(signal) => signal.number().into(),
        None => ptrace::options(options.iter().map(String::as_str))?,
    };
    Ok(ok.with("value", ptrace::request(request, pid, data)?))
}

/// Leaves the process group and creates a session with a terminal. No other process may be in the agent's group.
fn terminal_session(agent: &Agent, ok: Line) -> Result<Line, Refusal> {
    // A process group leader cannot create a session, so it first joins another group.
    let other = process::spawn(|| {
        loop {
            process::pause();
        }
    })?;
    let made = crate::sys::process::raw::setpgid(other, other)
        .and_then(|()| crate::sys::process::raw::setpgid(0, other))
        .and_then(|()| terminal::new_session());
    process::kill_and_reap(other);
    // Both are kept open in any case: closing the slave end loses the terminal, and closing the master kills the agent.
    let made = made?;
    agent.keep(made.terminal);
    let fd = agent.keep(made.master);
    // Later it puts other groups in the foreground, and is then itself in the background.
    signal::block(libc::SIGTTOU)?;
    Ok(ok.with("fd", fd))
}

/// The reply for a child of `clone`.
fn cloned(agent: &Agent, (pid, pidfd): (i32, Option<std::os::fd::OwnedFd>), ok: Line) -> Line {
    let ok = ok.with("pid", pid);
    match pidfd {
        Some(pidfd) => ok.with("fd", agent.keep(pidfd)),
        None => ok,
    }
}

fn pidfd_info(agent: &Agent, fd: i32, ok: Line) -> Result<Line, Refusal> {
    let info = agent.with_descriptor(fd, |fd| Ok(pidfd::info(fd)?))?;
    let ok = info.pid.map_or(ok.clone(), |pid| ok.with("of", pid));
    Ok(match info.status {
        Some(status) => ok.with("status", format_args!("{status:#06x}")),
        None => ok,
    })
}

/// Clears or sets `O_NONBLOCK`.
fn set_blocking(fd: BorrowedFd<'_>, on: bool) -> Result<(), Errno> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let mut flags = fcntl_getfl(fd)?;
    flags.set(OFlags::NONBLOCK, !on);
    fcntl_setfl(fd, flags)
}

/// `times`, in microseconds.
fn times(ok: Line) -> Line {
    let (tick, times) = process::times();
    let names = ["utime_us", "stime_us", "cutime_us", "cstime_us"];
    names.iter().zip(times).fold(ok.with("tick_us", tick), |line, (name, value)| line.with(name, value))
}
