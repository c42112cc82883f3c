//! What an agent does for each request.

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::{Agent, Parsed, Refusal, handlers, lock, optional, spawn, staged};
use crate::protocol::Line;
use crate::protocol::agent::{Image, MaskChange, Request, UsageOf};
use crate::protocol::codec::{Bytes, Switch};
use crate::protocol::fields::{OWN, put_usage};
use crate::protocol::line::FieldError;
use crate::protocol::wait::{WaitRequest, reply_line};
use crate::subject::Decoded;
use crate::sys::process::raw;
use crate::sys::process::{self, Who};
use crate::sys::signal::{self, Flags};

/// Parses a request; an error means that it is malformed or unknown to this agent.
pub(super) fn parse(line: &Line) -> Result<Parsed, Refusal> {
    if let Some(request) = WaitRequest::from_line(line) {
        return Ok(Parsed::Call(request?));
    }
    match Request::from_line(line) {
        Some(request) => match request? {
            Request::InFork { call } => optional::forked_call(line, &call).map(Parsed::InFork),
            Request::Pdwait { fd } => {
                optional::forked_call(line, "wait6").map(|request| Parsed::Pdwait(fd, request))
            }
            request => Ok(Parsed::Request(request)),
        },
        None => {
            Err(Refusal::unsupported(format_args!("the agent does not know the request {}", line.word())))
        }
    }
}

/// Serves a request; an error means that it was refused.
pub(super) fn serve(agent: &Agent, id: u64, request: Parsed) -> Result<Line, Refusal> {
    let request = match request {
        Parsed::Call(request) => return call(agent, id, &request),
        Parsed::InFork(request) => return optional::in_fork(agent, id, &request),
        Parsed::Pdwait(fd, request) => return optional::pdwait(agent, id, fd, &request),
        Parsed::Request(request) => request,
    };
    let ok = Line::new("ok").with("id", id);
    match request {
        Request::Spawn { argv, image, words, thread: _ } => {
            let words = match image {
                Some(Image::Any) => Some(words.ok_or(FieldError::Missing("words"))?),
                None => None,
            };
            Ok(ok.with("pid", spawn::spawn(agent, &argv, words)?))
        }
        Request::Sigaction { sig, action, restart, nocldstop, nocldwait } => {
            handlers::sigaction(agent, sig, action, Flags { restart, nocldstop, nocldwait, other: 0 })?;
            Ok(ok)
        }
        Request::Signals {} => handlers::seen(ok),
        Request::Sigprocmask { how, sig, .. } => {
            match how {
                MaskChange::Block => signal::block(handlers::number(sig)?)?,
                MaskChange::Unblock => signal::unblock(handlers::number(sig)?)?,
            }
            Ok(ok)
        }
        Request::Sigpending {} => Ok(handlers::sigpending(ok)),
        Request::Getrusage { who } => Ok(getrusage(who, ok)),
        Request::Setpgid { pid, pgid } => {
            raw::setpgid(pid, pgid)?;
            Ok(ok)
        }
        Request::PidfdOpen { pid, nonblock } => {
            let fd = raw::pidfd_open(pid, nonblock)?;
            Ok(ok.with("fd", agent.keep(fd)))
        }
        Request::Open { path: Bytes(path) } => {
            let fd = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
            Ok(ok.with("fd", agent.keep(fd)))
        }
        Request::Poll { fd } => poll(agent, fd, ok),
        Request::Close { fd } => {
            lock(&agent.descriptors).remove(&fd).map(|_| ok).ok_or(Refusal::Errno(Errno::BADF))
        }
        Request::Subreaper { on: Switch(on) } => {
            process::set_subreaper(on)?;
            Ok(ok)
        }
        Request::Decode { status } => decode(agent, status, ok),
        other => optional::serve(agent, other, ok),
    }
}

/// A call of the family: announced, made and reported.
fn call(agent: &Agent, id: u64, request: &WaitRequest) -> Result<Line, Refusal> {
    let request = request.to_host()?;
    if let Some(reply) = staged::where_cancelled(agent, id, &request) {
        return reply;
    }
    agent.write(&Line::new("entering").with("id", id).with("tid", process::thread_id()));
    match staged::after_gate(|| agent.subject.call(&request))? {
        Ok(seen) => Ok(reply_line(id, &seen)),
        Err(not_offered) => Err(Refusal::unsupported(not_offered.0)),
    }
}

fn getrusage(who: UsageOf, mut ok: Line) -> Line {
    let who = match who {
        UsageOf::Process => Who::SelfProcess,
        UsageOf::Children => Who::Children,
    };
    put_usage(&mut ok, OWN, &process::usage(who));
    ok
}

/// The current state of one of the agent's descriptors.
fn poll(agent: &Agent, fd: i32, ok: Line) -> Result<Line, Refusal> {
    const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
    let descriptors = lock(&agent.descriptors);
    let fd = descriptors.get(&fd).ok_or(Errno::BADF)?;
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

/// How the subject decodes a status word.
fn decode(agent: &Agent, number: i64, mut ok: Line) -> Result<Line, Refusal> {
    let status = i32::try_from(number).or_else(|_| u32::try_from(number).map(|word| word as i32));
    let status = status.map_err(|_| FieldError::Bad("status", number.to_string()))?;
    let Some(view) = agent.subject.macros(status) else {
        return Err(Refusal::unsupported("the subject does not decode status words"));
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
