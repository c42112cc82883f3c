//! The agent of a process handle ([`crate::protocol::handle`]).
//!
//! Its first thread creates the children, because their parent-death signal is tied to it; each wait has its own
//! thread.

use super::{PROTOCOL, Refusal, input, libc_name, lock, spawn};
use crate::protocol::Line;
use crate::protocol::agent::{Disposition, MaskChange};
use crate::protocol::fields::{OWN, put_usage};
use crate::protocol::handle::{ABILITIES, HandleReport, Request};
use crate::protocol::line::FieldError;
use crate::protocol::warden::Begin;
use crate::sorted::Map;
use crate::subject::{Handle, Handles};
use crate::sys::process;
use crate::sys::signal::{self, Action, Flags};
use crate::wait::{Pid, WaitOptions, WaitTarget, retrying, waitpid};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A child with its handle, if it has one, and our end of its pipe.
#[derive(Clone)]
struct Held {
    pid: Pid,
    handle: Option<Arc<dyn Handle>>,
    _pipe: Option<Arc<OwnedFd>>,
}

/// What the agent's threads share.
struct Agent {
    subject: &'static dyn Handles,
    output: Mutex<OwnedFd>,
    /// Keyed by the id of the request that created the child.
    children: Mutex<Map<u64, Held>>,
}

/// Sets up the signal state that a case asked for, once everything has been reset.
pub(crate) fn begin_with(begin: Option<Begin>) {
    match begin {
        Some(Begin::SigchldIgnored) => {
            let _ = signal::set_action(libc::SIGCHLD, Action::Ignore, Flags::default());
        }
        Some(Begin::SigchldBlocked) => {
            let _ = signal::block(libc::SIGCHLD);
        }
        Some(Begin::OwnPids) | None => {}
    }
}

/// Serves the requests that arrive on `input`, writes the replies to `output`, and exits at the end of `input`.
/// Otherwise as [`super::serve`].
pub fn serve_handles(
    subject: &'static dyn Handles,
    input: OwnedFd,
    output: OwnedFd,
    begin: Option<Begin>,
) -> ! {
    signal::reset_all();
    begin_with(begin);
    // By the subject.
    signal::others_may_change();
    process::die_with_parent(Some(libc::SIGKILL));
    let agent = Agent { subject, output: Mutex::new(output), children: Mutex::default() };
    // Shared with the threads. It lives as long as the process.
    let agent: &'static Agent = Box::leak(Box::new(agent));
    agent.write(&agent.hello());
    input::serve(&input, |line| agent.dispatch(line))
}

impl Agent {
    fn hello(&self) -> Line {
        let promises = self.subject.promises();
        Line::new("hello")
            .with("protocol", PROTOCOL)
            .with("interface", "handle")
            .with("name", self.subject.name())
            .with("version", self.subject.version())
            .with("issues", env!("CARGO_PKG_REPOSITORY"))
            .with("os", std::env::consts::OS)
            .with("libc", libc_name())
            .with("arch", std::env::consts::ARCH)
            .with("pid", std::process::id())
            .with("form", self.subject.form().name())
            .with_list("can", ABILITIES)
            .with("reaps", "lazy")
            .with("poll", "direct")
            .with_list("promises", promises.iter().map(|(name, source)| format!("{name}:{source}")))
    }

    /// Serves a request; a wait is served in its own thread.
    fn dispatch(&'static self, line: Line) {
        let Some(id) = line.id() else {
            return self.write(&Line::new("malformed").with("why", "the request has no id"));
        };
        if line.word() == "bye" {
            self.write(&Line::new("ok").with("id", id));
            process::exit_now(0);
        }
        if line.word() != "wait" {
            return self.answer(id, &line);
        }
        let served = std::thread::Builder::new().spawn(move || {
            // The first thread leaves signals that are counted to the waiting threads.
            let _ = signal::unblock(libc::SIGUSR1);
            self.answer(id, &line);
        });
        if let Err(error) = served {
            self.write(&Refusal::no_thread(&error).line(id));
        }
    }

    fn answer(&self, id: u64, line: &Line) {
        let reply = self.serve(id, line).unwrap_or_else(|refusal| refusal.line(id));
        self.write(&reply);
    }

    fn serve(&self, id: u64, line: &Line) -> Result<Line, Refusal> {
        let ok = Line::new("ok").with("id", id);
        let request = Request::from_line(line).ok_or_else(|| {
            Refusal::unsupported(format_args!("this agent does not know the request '{}'", line.word()))
        })??;
        match request {
            Request::Spawn { argv, pipes } => {
                let (read, write) = if pipes {
                    crate::sys::makeshift::pipe().map(|(r, w)| (Some(r), Some(w)))?
                } else {
                    (None, None)
                };
                let pid = self.subject.spawn(&spawn::command(&argv), write.as_ref().map(AsFd::as_fd))?;
                let named = Pid::from_raw(pid).ok_or(Errno::INVAL)?;
                let handle = Some(self.subject.handle(named).into());
                lock(&self.children).insert(id, Held { pid: named, handle, _pipe: read.map(Arc::new) });
                Ok(ok.with("pid", pid))
            }
            Request::Fork { argv } => {
                let pid = process::run_program(&spawn::command(&argv), None)?;
                let named = Pid::from_raw(pid).ok_or(Errno::INVAL)?;
                lock(&self.children).insert(id, Held { pid: named, handle: None, _pipe: None });
                Ok(ok.with("pid", pid))
            }
            Request::Poll { handle } => {
                let handle = self.handle(handle)?;
                let report = handle.poll()?;
                Ok(with_usage(ok, &*handle, report))
            }
            Request::Wait { handle, timeout } => {
                let handle = self.handle(handle)?;
                let report = handle.wait(timeout.map(Duration::from_millis))?;
                Ok(with_usage(ok, &*handle, report))
            }
            Request::Kill { handle, sig } => {
                self.handle(handle)?.kill(sig).map(|()| ok).map_err(Refusal::from)
            }
            Request::Steal { handle } => {
                let target = WaitTarget::Pid(self.get(handle)?.pid);
                let (_, status) = retrying(|| waitpid(target, WaitOptions::NONE))?;
                Ok(HandleReport::Word(status.as_raw().into()).add_to(ok))
            }
            Request::Drop { handle } => {
                lock(&self.children).remove(&handle);
                Ok(ok)
            }
            Request::Sigaction { sig, action, nocldwait } => {
                let action = match action {
                    Disposition::Default => Action::Default,
                    Disposition::Ignore => Action::Ignore,
                    Disposition::Count => Action::Count,
                    _ => return Err(Refusal::unsupported("a handler that records or waits")),
                };
                let flags = Flags { nocldwait, ..Flags::default() };
                signal::set_action(super::handlers::number(sig)?, action, flags)?;
                if sig.number() == libc::SIGUSR1 {
                    signal::block(libc::SIGUSR1)?;
                }
                Ok(ok)
            }
            Request::Sigprocmask { how, sig } => {
                let number = super::handlers::number(sig)?;
                match how {
                    MaskChange::Block => signal::block(number)?,
                    MaskChange::Unblock => signal::unblock(number)?,
                }
                Ok(ok)
            }
            Request::Bye {} => Err(Refusal::unsupported("it is served elsewhere")),
        }
    }

    fn get(&self, id: u64) -> Result<Held, Refusal> {
        let known = lock(&self.children).get(&id).cloned();
        known.ok_or_else(|| FieldError::Bad("handle", id.to_string()).into())
    }

    fn handle(&self, id: u64) -> Result<Arc<dyn Handle>, Refusal> {
        self.get(id)?.handle.ok_or_else(|| FieldError::Bad("handle", id.to_string()).into())
    }

    /// Writes one line in a single write.
    fn write(&self, line: &Line) {
        let mut text = line.to_string();
        text.push('\n');
        let output = lock(&self.output);
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(output.as_fd(), rest) {
                Ok(n) => rest = &rest[n..],
                Err(Errno::INTR) => {}
                // The reader is gone.
                Err(_) => process::exit_now(1),
            }
        }
    }
}

/// A report, with the usage of the child once it has terminated.
fn with_usage(ok: Line, handle: &dyn Handle, report: HandleReport) -> Line {
    let mut reply = report.add_to(ok);
    if let Some(usage) = handle.usage() {
        put_usage(&mut reply, OWN, &usage);
    }
    reply
}
