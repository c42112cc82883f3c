//! The agent of a handle ([`crate::protocol::handle`]).
//!
//! Children are made by its first thread, to which their parent-death signal is tied; each wait has a thread of its own.

use super::{PROTOCOL, Refusal, input, libc_name, lock, spawn};
use crate::protocol::Line;
use crate::protocol::agent::Request as AgentRequest;
use crate::protocol::handle::Request;
use crate::protocol::line::FieldError;
use crate::subject::{Handle, Handles};
use crate::sys::{process, signal};
use crate::wait::{Pid, Target, WaitOptions, retrying, waitpid};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A child and its handle.
type Held = (Pid, Arc<dyn Handle>);

/// What the threads of the agent share.
struct Agent {
    subject: &'static dyn Handles,
    output: Mutex<OwnedFd>,
    /// By the id of the `spawn` that made it.
    handles: Mutex<BTreeMap<u64, Held>>,
}

/// Serves the requests that come on `input`, writes the replies to `output`, and exits at the end of `input`. As
/// [`super::serve`] otherwise.
pub(crate) fn serve(subject: &'static dyn Handles, input: OwnedFd, output: OwnedFd) -> ! {
    signal::reset_all();
    // By the subject.
    signal::others_may_change();
    process::die_with_parent(Some(libc::SIGKILL));
    let agent = Agent { subject, output: Mutex::new(output), handles: Mutex::default() };
    // For the threads. It lives as long as the process.
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
            .with("os", std::env::consts::OS)
            .with("libc", libc_name())
            .with("arch", std::env::consts::ARCH)
            .with("pid", std::process::id())
            .with("form", self.subject.form().name())
            .with_list("can", ["timeout", "kill", "steal"])
            .with_list("promises", promises.iter().map(|(name, source)| format!("{name}:{source}")))
    }

    /// Serves a request; a wait in a thread of its own.
    fn dispatch(&'static self, line: Line) {
        let Some(id) = line.id() else {
            return self.write(&Line::new("unsupported").with("why", "the request has no id"));
        };
        if line.word() != "wait" {
            return self.answer(id, &line);
        }
        let served = std::thread::Builder::new().spawn(move || self.answer(id, &line));
        if let Err(error) = served {
            self.write(&Refusal::from(error).line(id));
        }
    }

    fn answer(&self, id: u64, line: &Line) {
        let reply = self.serve(id, line).unwrap_or_else(|refusal| refusal.line(id));
        self.write(&reply);
    }

    fn serve(&self, id: u64, line: &Line) -> Result<Line, Refusal> {
        let ok = Line::new("ok").with("id", id);
        if line.word() == "spawn" {
            let Some(Ok(AgentRequest::Spawn { argv, .. })) = AgentRequest::from_line(line) else {
                return Err(FieldError::Missing("argv").into());
            };
            let pid = spawn::exec(&argv)?;
            let named = Pid::from_raw(pid).ok_or(Errno::INVAL)?;
            lock(&self.handles).insert(id, (named, self.subject.handle(named).into()));
            return Ok(ok.with("pid", pid));
        }
        let request = Request::from_line(line).ok_or_else(|| {
            Refusal::unsupported(format_args!("'{}' is no request that this agent knows", line.word()))
        })??;
        match request {
            Request::Poll { handle } => Ok(self.get(handle)?.1.poll()?.add_to(ok)),
            Request::Wait { handle, timeout } => {
                Ok(self.get(handle)?.1.wait(timeout.map(Duration::from_millis))?.add_to(ok))
            }
            Request::Kill { handle, sig } => {
                self.get(handle)?.1.kill(sig).map(|()| ok).map_err(Refusal::from)
            }
            Request::Steal { handle } => {
                let target = Target::Pid(self.get(handle)?.0);
                retrying(|| waitpid(target, WaitOptions::NONE))?;
                Ok(ok)
            }
            Request::Drop { handle } => {
                lock(&self.handles).remove(&handle);
                Ok(ok)
            }
        }
    }

    fn get(&self, handle: u64) -> Result<Held, Refusal> {
        let known = lock(&self.handles).get(&handle).cloned();
        known.ok_or_else(|| FieldError::Bad("handle", handle.to_string()).into())
    }

    /// Writes one line in one piece.
    fn write(&self, line: &Line) {
        let mut text = line.to_string();
        text.push('\n');
        let output = lock(&self.output);
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(output.as_fd(), rest) {
                Ok(n) => rest = &rest[n..],
                Err(Errno::INTR) => {}
                // Nobody listens.
                Err(_) => process::exit_now(1),
            }
        }
    }
}
