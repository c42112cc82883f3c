//! Requests that only some cases need, and that not every agent has: other ways to make a child, `ptrace`, a terminal, what
//! takes things away from the agent, `exec`.

use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::process::Resource;

use super::arguments::{int, keep};
use super::{Agent, Refusal, handlers, lock, spawn};
use crate::protocol::Line;
use crate::protocol::line::FieldError;
use crate::protocol::wait::{WaitRequest, code_text, reply_line, signal_text};
use crate::sys::process::{self, Forked};
use crate::sys::process::{pidfd, ptrace};
use crate::sys::{sandbox, signal, terminal};
use crate::wait::names;

/// Serves one of these requests; `None` if it is none of them.
pub(crate) fn serve(agent: &Agent, line: &Line, ok: Line) -> Option<Result<Line, Refusal>> {
    Some(match line.word() {
        "clone" => clone(agent, line, ok),
        "posix_spawn" => spawn::posix_spawn(line).map(|pid| ok.with("pid", pid)),
        "in-fork" => in_fork(agent, line),
        "exec" => exec(agent, line),
        "getids" => Ok(ok.with("pid", process::pid()).with("tid", process::thread_id())),
        "ptrace" => ptrace(line, ok),
        "terminal" => terminal_session(agent, ok),
        "type" => type_in(agent, line, ok),
        "foreground" => foreground(agent, line, ok),
        "pidfd_signal" => pidfd_signal(agent, line, ok),
        "pidfd_info" => pidfd_info(agent, line, ok),
        "epoll" => epoll(agent, line, ok),
        "pidfd_getfd" => pidfd_getfd(agent, line, ok),
        "pidfd_thread" => pidfd_thread(agent, line, ok),
        "blocking" => blocking(agent, line, ok),
        "sigwait" => sigwait(line, ok),
        "signalfd" => signalfd(agent, line, ok),
        "times" => Ok(times(ok)),
        "limit" => limit(line, ok),
        "deny" => deny(line, ok),
        "unshare-users" => sandbox::unshare_users().map(|()| ok).map_err(Refusal::from),
        _ => return None,
    })
}

fn clone(agent: &Agent, line: &Line, ok: Line) -> Result<Line, Refusal> {
    let (pid, pidfd) = spawn::clone(agent, line)?;
    let ok = ok.with("pid", pid);
    Ok(match pidfd {
        Some(pidfd) => ok.with("fd", keep(agent, pidfd)),
        None => ok,
    })
}

/// Makes a call of the family in a fork of the agent, which has no children of its own, and tells what came of it there.
fn in_fork(agent: &Agent, line: &Line) -> Result<Line, Refusal> {
    if agent.is_threaded() {
        return Err(Refusal::unsupported("a copy of a process with several threads"));
    }
    let mut inner = Line::new(&line.text("call")?);
    for key in line.keys().filter(|key| !["call", "options"].contains(key)) {
        inner.set(key, line.get(key).unwrap_or_default());
    }
    let inner = inner.with_list("options", line.list("options"));
    let request = WaitRequest::from_line(&inner);
    let request = request.ok_or_else(|| FieldError::Bad("call", inner.word().to_owned()))??.to_host()?;
    let id = line.id().unwrap_or_default();
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
    // One line, written in one piece.
    let mut buffer = [0; 4096];
    let read = rustix::io::retry_on_intr(|| rustix::io::read(&read, &mut buffer));
    process::kill_and_reap(pid);
    Line::parse(&buffer[..read?]).map_err(Refusal::unsupported)
}

/// Becomes another image of this agent, with the same streams. It says hello again.
fn exec(agent: &Agent, line: &Line) -> Result<Line, Refusal> {
    let mut argv = spawn::command(line)?;
    let name = agent.subject.name();
    if crate::mutants::registry().get(&name).is_none() {
        return Err(Refusal::unsupported(format_args!("{name} is not built in")));
    }
    argv.push(c"--agent".to_owned());
    argv.push(std::ffi::CString::new(name).map_err(|_| Errno::INVAL)?);
    Err(process::exec(&argv).into())
}

fn ptrace(line: &Line, ok: Line) -> Result<Line, Refusal> {
    let what = line.text("do")?;
    let request = ptrace::Request::from_name(&what).ok_or(FieldError::Bad("do", what))?;
    let options = line.list("options");
    let data = match line.get("sig").is_some() {
        true => handlers::signal(line)?.into(),
        false => ptrace::options(options.iter().map(String::as_str))?,
    };
    Ok(ok.with("value", ptrace::request(request, int(line, "pid")?, data)?))
}

/// Leaves the process group, and makes a session with a terminal. No other process may be in the agent's group.
fn terminal_session(agent: &Agent, ok: Line) -> Result<Line, Refusal> {
    // Who leads a process group can make no session: it joins that of somebody else first.
    let other = process::spawn(|| {
        loop {
            process::pause();
        }
    })?;
    let made = crate::sys::process::raw::setpgid(other, other)
        .and_then(|()| crate::sys::process::raw::setpgid(0, other))
        .and_then(|()| terminal::new_session());
    process::kill_and_reap(other);
    // Later it makes other groups the foreground one, and is then itself in the background.
    signal::block(libc::SIGTTOU)?;
    Ok(ok.with("fd", keep(agent, made?)))
}

/// Writes to a descriptor of the agent: what is typed at a terminal.
fn type_in(agent: &Agent, line: &Line, ok: Line) -> Result<Line, Refusal> {
    let descriptors = lock(&agent.descriptors);
    let fd = descriptors.get(&int(line, "fd")?).ok_or(Errno::BADF)?;
    let bytes = line.bytes("bytes").ok_or(FieldError::Missing("bytes"))?;
    rustix::io::write(fd, &bytes)?;
    Ok(ok)
}

/// Makes a process group the foreground one of the controlling terminal.
fn foreground(_: &Agent, line: &Line, ok: Line) -> Result<Line, Refusal> {
    let terminal = terminal::controlling()?;
    terminal::set_foreground(terminal.as_fd(), int(line, "pgid")?)?;
    Ok(ok)
}

fn pidfd_signal(agent: &Agent, line: &Line, ok: Line) -> Result<Line, Refusal> {
    let signal = match line.text("sig")?.as_str() {
        "0" => 0,
        _ => handlers::signal(line)?,
    };
    let descriptors = lock(&agent.descriptors);
    let fd = descriptors.get(&int(line, "fd")?).ok_or(Errno::BADF)?;
    pidfd::signal(fd.as_fd(), signal)?;
    Ok(ok)
}

fn epoll(agent: &Agent, line: &Line, ok: Line) -> Result<Line, Refusal> {
    let watcher = {
        let descriptors = lock(&agent.descriptors);
        pidfd::watched(descriptors.get(&int(line, "fd")?).ok_or(Errno::BADF)?.as_fd())?
    };
    Ok(ok.with("fd", keep(agent, watcher)))
}

fn pidfd_info(agent: &Agent, line: &Line, ok: Line) -> Result<Line, Refusal> {
    let descriptors = lock(&agent.descriptors);
    let fd = descriptors.get(&int(line, "fd")?).ok_or(Errno::BADF)?;
    let info = pidfd::info(fd.as_fd())?;
    let ok = info.pid.map_or(ok.clone(), |pid| ok.with("of", pid));
    Ok(match info.status {
        Some(status) => ok.with("status", format_args!("{status:#06x}")),
        None => ok,
    })
}

/// Takes a descriptor out of another process.
fn pidfd_getfd(agent: &Agent, line: &Line, ok: Line) -> Result<Line, Refusal> {
    let from = crate::sys::process::raw::pidfd_open(int(line, "pid")?, false)?;
    let fd = pidfd::steal(from.as_fd(), int(line, "fd")?)?;
    Ok(ok.with("fd", keep(agent, fd)))
}

fn pidfd_thread(agent: &Agent, line: &Line, ok: Line) -> Result<Line, Refusal> {
    let fd = pidfd::open_thread(int(line, "tid")?)?;
    Ok(ok.with("fd", keep(agent, fd)))
}

/// Sets or clears `O_NONBLOCK`.
fn blocking(agent: &Agent, line: &Line, ok: Line) -> Result<Line, Refusal> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let descriptors = lock(&agent.descriptors);
    let fd = descriptors.get(&int(line, "fd")?).ok_or(Errno::BADF)?;
    let mut flags = fcntl_getfl(fd)?;
    flags.set(OFlags::NONBLOCK, !line.flag("on"));
    fcntl_setfl(fd, flags)?;
    Ok(ok)
}

/// `SIG:CODE:PID:UID:STATUS` of a siginfo.
fn seen(record: signal::Record) -> String {
    let (sig, code) = (signal_text(record.signo.into()), code_text(record.code.into()));
    format!("{sig}:{code}:{}:{}:{}", record.pid, record.uid, record.status)
}

/// Takes a blocked signal, waiting for it.
fn sigwait(line: &Line, ok: Line) -> Result<Line, Refusal> {
    let record = signal::wait_for(handlers::signal(line)?, std::time::Duration::from_secs(5))?;
    Ok(ok.with_list("seen", [seen(record)]))
}

/// Takes a blocked signal through a signalfd, waiting for it.
fn signalfd(_: &Agent, line: &Line, ok: Line) -> Result<Line, Refusal> {
    let record = signal::read_from_fd(handlers::signal(line)?, std::time::Duration::from_secs(5))?;
    Ok(ok.with_list("seen", [seen(record)]))
}

/// `times`, in microseconds.
fn times(ok: Line) -> Line {
    let (tick, times) = process::times();
    let names = ["utime_us", "stime_us", "cutime_us", "cstime_us"];
    names.iter().zip(times).fold(ok.with("tick_us", tick), |line, (name, value)| line.with(name, value))
}

/// Lowers a limit of the agent.
fn limit(line: &Line, ok: Line) -> Result<Line, Refusal> {
    let resource = match line.text("resource")?.as_str() {
        "nofile" => Resource::Nofile,
        "core" => Resource::Core,
        other => return Err(FieldError::Bad("resource", other.to_owned()).into()),
    };
    sandbox::limit(resource, line.number("soft")?.cast_unsigned())?;
    Ok(ok)
}

/// From here on a system call of the agent fails with that error.
fn deny(line: &Line, ok: Line) -> Result<Line, Refusal> {
    let name = line.text("errno")?;
    let errno = names::errno(&name).ok_or(FieldError::Bad("errno", name))?;
    sandbox::deny(&line.text("call")?, sandbox::Denied::Errno(errno))?;
    Ok(ok)
}
