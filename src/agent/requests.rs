//! What an agent does for each request.

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::arguments::{int, keep};
use super::{Agent, Refusal, handlers, lock, optional, spawn};
use crate::protocol::Line;
use crate::protocol::fields::{OWN, put_usage};
use crate::protocol::line::FieldError;
use crate::protocol::wait::{WaitRequest, reply_line};
use crate::subject::Decoded;
use crate::sys::process::raw;
use crate::sys::process::{self, Who};

/// Serves one request; `Err` is one that was refused.
pub(super) fn serve(agent: &Agent, id: u64, line: &Line) -> Result<Line, Refusal> {
    if let Some(request) = WaitRequest::from_line(line) {
        return call(agent, id, &request?);
    }
    let ok = Line::new("ok").with("id", id);
    match line.word() {
        "spawn" => Ok(ok.with("pid", spawn::spawn(agent, line)?)),
        "sigaction" => handlers::sigaction(agent, line).map(|()| ok),
        "signals" => Ok(handlers::seen(ok)),
        "sigprocmask" => handlers::sigprocmask(line).map(|()| ok),
        "sigpending" => Ok(handlers::sigpending(ok)),
        "getrusage" => getrusage(line, ok),
        "setpgid" => {
            raw::setpgid(int(line, "pid")?, int(line, "pgid")?)?;
            Ok(ok)
        }
        "pidfd_open" => {
            let fd = raw::pidfd_open(int(line, "pid")?, line.flag("nonblock"))?;
            Ok(ok.with("fd", keep(agent, fd)))
        }
        "open" => {
            let path = line.bytes("path").ok_or(FieldError::Missing("path"))?;
            let fd = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
            Ok(ok.with("fd", keep(agent, fd)))
        }
        "poll" => poll(agent, line, ok),
        "close" => {
            let fd = int(line, "fd")?;
            lock(&agent.descriptors).remove(&fd).map(|_| ok).ok_or(Refusal::Errno(Errno::BADF))
        }
        "subreaper" => {
            process::set_subreaper(line.flag("on"))?;
            Ok(ok)
        }
        "decode" => decode(agent, line, ok),
        other => optional::serve(agent, line, ok).unwrap_or_else(|| {
            Err(Refusal::unsupported(format_args!("'{other}' is no request that this agent knows")))
        }),
    }
}

/// A call of the family: announced, made, and told.
fn call(agent: &Agent, id: u64, request: &WaitRequest) -> Result<Line, Refusal> {
    let request = request.to_host()?;
    agent.write(&Line::new("entering").with("id", id).with("tid", process::thread_id()));
    match agent.subject.call(&request) {
        Ok(seen) => Ok(reply_line(id, &seen)),
        Err(not_offered) => Err(Refusal::unsupported(not_offered.0)),
    }
}

fn getrusage(line: &Line, mut ok: Line) -> Result<Line, Refusal> {
    let who = match line.text("who")?.as_str() {
        "self" => Who::SelfProcess,
        "children" => Who::Children,
        other => return Err(FieldError::Bad("who", other.to_owned()).into()),
    };
    put_usage(&mut ok, OWN, &process::usage(who));
    Ok(ok)
}

/// The state of one of the agent's descriptors at this moment.
fn poll(agent: &Agent, line: &Line, ok: Line) -> Result<Line, Refusal> {
    const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
    let descriptors = lock(&agent.descriptors);
    let fd = descriptors.get(&int(line, "fd")?).ok_or(Errno::BADF)?;
    let mut polled = [PollFd::new(fd, PollFlags::IN)];
    rustix::io::retry_on_intr(|| rustix::event::poll(&mut polled, Some(&NOW)))?;
    let seen = polled[0].revents();
    let names = [
        (PollFlags::IN, "POLLIN"),
        (PollFlags::HUP, "POLLHUP"),
        (PollFlags::ERR, "POLLERR"),
        (PollFlags::NVAL, "POLLNVAL"),
    ];
    Ok(ok.with_list("revents", names.iter().filter(|(flag, _)| seen.contains(*flag)).map(|(_, name)| name)))
}

fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// The subject's own view of a status word.
fn decode(agent: &Agent, line: &Line, mut ok: Line) -> Result<Line, Refusal> {
    let number = line.number("status")?;
    let status = i32::try_from(number).or_else(|_| u32::try_from(number).map(|word| word as i32));
    let status = status.map_err(|_| FieldError::Bad("status", number.to_string()))?;
    let Some(view) = agent.subject.decode(status) else {
        return Err(Refusal::unsupported("the subject has no view of a status word"));
    };
    let Decoded {
        exited,
        signaled,
        stopped,
        continued,
        exit_status,
        term_signal,
        stop_signal,
        core,
        exit_code,
    } = view;
    let flags = [
        ("exited", Some(exited)),
        ("signaled", Some(signaled)),
        ("stopped", Some(stopped)),
        ("continued", continued),
        ("coredump", core),
    ];
    for (key, value) in flags {
        if let Some(value) = value {
            ok.set(key, yes_no(value));
        }
    }
    let numbers = [
        ("wexitstatus", exit_status),
        ("wtermsig", term_signal),
        ("wstopsig", stop_signal),
        ("exitcode", exit_code),
    ];
    for (key, value) in numbers {
        if let Some(value) = value {
            ok.set(key, value);
        }
    }
    Ok(ok)
}
