//! Requests that not every agent supports: other ways to create children, `ptrace`, a terminal, `exec`, dropping
//! privileges and resources. An agent without one answers `unsupported`, and the trial is skipped.

use super::agent::{Caught, caught};
use super::family::{Pending, Trial};
use super::observed::{End, Seen};
use super::perform::{Instead, no_answer};
use super::uses::Options;
use crate::protocol::Line;
use crate::protocol::agent::{HandlerFlag, Request};
use crate::protocol::codec::{Bytes, Words};
use crate::protocol::fields::bounded;
use crate::protocol::wait::{Flag, IdType, OptionSet, RawTarget, Reply, WaitRequest};
use crate::protocol::warden::ProcessState;
use crate::sys::call::abi::{Call, Pointer};
use crate::sys::process::ptrace;
use crate::trial::abort::{Abort, Outcome};
use crate::trial::children::not_offered;
use crate::trial::core::Child;
use crate::trial::deadline::PROMPT;
use crate::trial::link::connection::To;
use crate::wait::Signal;
use crate::wait::errno::Errno;
use std::time::Instant;

impl Trial<'_> {
    /// One `ptrace` request of the agent about a child, with a signal or with options ([`ptrace::options`]).
    pub fn ptrace(
        &mut self,
        request: ptrace::Request,
        child: &Child,
        with: Traced<'_>,
    ) -> Result<i64, Abort> {
        let (sig, options) = match with {
            Traced::Nothing => (None, &[][..]),
            Traced::Signal(signal) => (Some(signal), &[][..]),
            Traced::Options(options) => (None, options),
        };
        let reply = self.agent_ok(&Request::Ptrace {
            request: request.name().to_owned(),
            pid: child.pid as i32,
            sig,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
        })?;
        reply.number("value").map_err(|e| Abort::Protocol(format!("reply to ptrace: {e}")))
    }

    /// Waits until the process table shows a child as a zombie, waitable or not: one that its tracer has not reaped yet
    /// is not, and its pidfd need not be readable.
    pub fn await_dead(&mut self, child: &Child) -> Outcome {
        let began = Instant::now();
        // Each iteration is a round trip.
        while began.elapsed() < self.link.scaled(PROMPT) {
            match self.state(child)? {
                ProcessState::Zombie => return Ok(()),
                ProcessState::Unknown => {
                    return Err(Abort::Skip("no process table here to see that a process is dead".into()));
                }
                _ => {}
            }
        }
        Err(Abort::Broken(format!("{} did not terminate", child.name)))
    }

    /// Waits until a call that was begun sleeps, where no verdict depends on it.
    pub fn await_sleeper(&mut self, pending: &Pending) -> Outcome {
        match self.blocked(pending)? {
            // It was acknowledged and has had enough time: no verdict depends on it.
            None | Some(Instead::Unseen) => Ok(()),
            Some(instead) => Err(Abort::Skip(format!("the call does not sleep: {instead}"))),
        }
    }

    /// Makes the agent a session leader with a controlling terminal; returns the descriptor that types into it. Must be
    /// called before there is any child.
    pub fn terminal(&mut self) -> Result<i64, Abort> {
        match self.attempt(&Request::Terminal {})? {
            Ok(reply) => reply.number("fd").map_err(|e| Abort::Protocol(format!("reply to terminal: {e}"))),
            Err(errno) => Err(Abort::Skip(format!("no terminal is available here: {errno}"))),
        }
    }

    /// Types into the terminal.
    pub fn type_in(&mut self, terminal: i64, text: &str) -> Outcome {
        self.agent_ok(&Request::Type { fd: terminal as i32, bytes: Bytes(text.as_bytes().to_vec()) })
            .map(drop)
    }

    /// Makes that process group the foreground one of the terminal.
    pub fn foreground(&mut self, pgid: i64) -> Outcome {
        self.agent_ok(&Request::Foreground { pgid: pgid as i32 }).map(drop)
    }

    /// The agent execs another image of itself. Returns what that says in its hello.
    pub fn exec_agent(&mut self) -> Result<Line, Abort> {
        let id = self.link.id();
        self.steps.push("exec(agent)".to_owned());
        let request = Request::Exec { argv: Words::of(&self.agent.child) };
        self.link.send(&[To::Agent(request.to_line().with("id", id))])?;
        // It says hello, or why it could not.
        let reply = self.link.agent_hello_or(id, PROMPT)?;
        match reply.word() {
            "hello" => Ok(reply),
            "unsupported" => Err(not_offered(&reply)),
            _ => Err(Abort::Broken(format!("the agent cannot exec: {reply}"))),
        }
    }

    /// The ids of a thread of the agent: its process ID and its thread ID.
    pub fn agent_ids(&mut self, thread: u32) -> Result<(i64, i64), Abort> {
        let thread = Some(thread).filter(|thread| *thread != 0);
        let reply = self.agent_ok(&Request::Getids { thread })?;
        let number = |key| reply.number(key).map_err(|e| Abort::Protocol(format!("reply to getids: {e}")));
        Ok((number("pid")?, number("tid")?))
    }

    /// State of the agent, and of one of its threads, that a wait has no business with; first its timers are started, if
    /// wanted.
    pub fn caller_state(&mut self, thread: u32, arm: bool) -> Result<Vec<(String, String)>, Abort> {
        let thread = Some(thread).filter(|thread| *thread != 0);
        let reply = self.agent_ok(&Request::CallerState { arm, thread })?;
        let keys = reply.keys().filter(|key| *key != "id");
        Ok(keys.map(|key| (key.to_owned(), reply.get(key).unwrap_or_default())).collect())
    }

    /// Installs a handler that counts, with a flag that no call of the family depends on.
    pub fn handle_with(&mut self, sig: Signal, restart: bool, flag: HandlerFlag) -> Outcome {
        self.agent_ok(&Request::Handler { sig, restart, flag }).map(drop)
    }

    /// Makes a call in a fork of the agent, which has no children. The call must not sleep.
    pub fn call_in_fork(&mut self, request: WaitRequest) -> Result<Seen, Abort> {
        let line = request.to_line(0);
        let mut forked = Request::InFork { call: request.call.name().to_owned() }.to_line();
        for key in line.keys().filter(|key| !["id", "options"].contains(key)) {
            forked.set(key, line.get(key).unwrap_or_default());
        }
        let shown = format!("{} in a fork", request.call.name());
        let reply = match self.ask_line(forked.with_list("options", line.list("options"))) {
            // The agent itself only waits for the fork to write its result.
            Err(Abort::Broken(_)) => {
                let end = End::Hung("its fork did not answer in time");
                return Ok(Seen::new(request, shown, end));
            }
            reply => reply?,
        };
        match Reply::from_line(&reply, &request, self.system) {
            Ok(reply) => Ok(Seen::returned(request, shown, reply)),
            Err(e) => Err(no_answer("in-fork", &e)),
        }
    }

    /// `pdwait` on a process descriptor of the agent: reports as `waitid` does, plus a status word and usage.
    pub fn pdwait(&mut self, fd: i64, options: Options) -> Result<Seen, Abort> {
        let (pending, line) = self.prepare_pdwait(fd, options);
        self.settle(pending, Some(To::Agent(line)))
    }

    /// The same, begun but not finished.
    pub fn begin_pdwait(&mut self, fd: i64, options: Options) -> Result<Pending, Abort> {
        let (pending, line) = self.prepare_pdwait(fd, options);
        self.link.send(&[To::Agent(line)])?;
        Ok(pending)
    }

    fn prepare_pdwait(&mut self, fd: i64, options: Options) -> (Pending, Line) {
        let mut request = WaitRequest::new(Call::Waitid, RawTarget::Id { idtype: IdType::All, who: fd });
        request.options = OptionSet::of(options.flags(Call::Waitid));
        request.rusage = Pointer::Buffer;
        let options = request.options.items();
        let shown =
            format!("pdwait({fd}, {})", if options.is_empty() { "0".into() } else { options.join("|") });
        self.steps.push(shown.clone());
        let id = self.link.id();
        let line = Request::Pdwait { fd: fd as i32 }.to_line().with("id", id).with_list("options", options);
        (Pending { id, request, shown }, line)
    }

    /// Has a kqueue in the agent watch a child for `NOTE_EXIT`; returns its descriptor.
    pub fn exit_note(&mut self, child: &Child) -> Result<i64, Abort> {
        self.fd_of(&Request::ExitNote { pid: child.pid as i32 })
    }

    /// Begins to wait for that event, followed immediately by a `waitpid` with `WNOHANG`.
    pub fn begin_exit_note(&mut self, fd: i64, child: &Child) -> Result<Pending, Abort> {
        let mut request = WaitRequest::new(Call::Waitpid, RawTarget::Pid(child.pid));
        request.options = OptionSet::of([Flag::NoHang]);
        let shown = format!("waitpid({}, WNOHANG) after NOTE_EXIT", child.name);
        self.steps.push(shown.clone());
        let id = self.link.id();
        let line = Request::AwaitExitNote { fd: fd as i32, pid: child.pid as i32 }.to_line().with("id", id);
        self.link.send(&[To::Agent(line)])?;
        Ok(Pending { id, request, shown })
    }

    /// What the wait found, and the data of the event; an error means that the event did not come.
    pub fn finish_exit_note(&mut self, pending: Pending) -> Result<Result<(Seen, i64), Errno>, Abort> {
        let reply = self.link.agent_reply(pending.id, PROMPT, "await-exit-note")?;
        let data = match (reply.word(), reply.number("data")) {
            ("unsupported", _) => return Err(not_offered(&reply)),
            ("err", Err(_)) => return self.errno(&reply).map(Err),
            (_, data) => data.map_err(|e| Abort::Protocol(format!("reply to await-exit-note: {e}")))?,
        };
        let Pending { request, shown, .. } = pending;
        match Reply::from_line(&reply, &request, self.system) {
            Ok(reply) => Ok(Ok((Seen::returned(request, shown, reply), data))),
            Err(e) => Err(no_answer("await-exit-note", &e)),
        }
    }

    /// Accepts a blocked signal by `sigtimedwait` or through a `signalfd`: its siginfo, or `None` if it did not come.
    pub fn take_signal(&mut self, by: Accept, sig: Signal) -> Result<Option<Caught>, Abort> {
        let (by, request) = match by {
            Accept::Sigtimedwait => ("sigtimedwait", Request::Sigwait { sig }),
            Accept::Signalfd => ("signalfd", Request::Signalfd { sig }),
        };
        let reply = self.agent(&request)?;
        if reply.word() == "ok" {
            let entry = reply.list("seen").pop().unwrap_or_default();
            let caught = caught(&entry, self.system);
            return caught.map(Some).ok_or_else(|| Abort::Protocol(format!("reply to {by}: {entry}")));
        }
        match self.errno(&reply)? {
            Errno::AGAIN => Ok(None),
            Errno::NOSYS | Errno::NOTSUP => Err(Abort::Skip(format!("no {by} here"))),
            errno => Err(Abort::Broken(format!("the agent cannot {by}: {errno}"))),
        }
    }

    /// `times` in the agent: the clock tick, and the user and system time of its reaped children, in microseconds.
    pub fn times_of_children(&mut self) -> Result<(i64, i64, i64), Abort> {
        let reply = self.agent_ok(&Request::Times {})?;
        let bad = |e| Abort::Protocol(format!("reply to times: {e}"));
        let number = |key| reply.number(key).map(bounded).map_err(bad);
        Ok((number("tick_us")?, number("cutime_us")?, number("cstime_us")?))
    }

    /// Any request whose success or failure is judged: the reply, or the error.
    pub fn attempt(&mut self, request: &Request) -> Result<Result<Line, Errno>, Abort> {
        let reply = self.agent(request)?;
        Ok(if reply.word() == "ok" { Ok(reply) } else { Err(self.errno(&reply)?) })
    }

    /// Any request that restricts or changes the agent; if it cannot be done, the trial is skipped.
    pub fn take_away(&mut self, request: &Request) -> Outcome {
        let shown = request.word();
        match self.attempt(request)? {
            Ok(_) => Ok(()),
            Err(errno) => Err(Abort::Skip(format!("{shown} is not available here: {errno}"))),
        }
    }

    /// Any request that must succeed; the trial is skipped if it is not available here.
    pub fn request(&mut self, request: &Request) -> Result<Line, Abort> {
        self.agent_ok(request)
    }
}

/// The extra argument of a `ptrace` request.
#[derive(Copy, Clone, Debug)]
pub enum Traced<'a> {
    /// Nothing.
    Nothing,
    /// The signal to deliver to the child as it resumes.
    Signal(Signal),
    /// Options.
    Options(&'a [&'a str]),
}

/// How a blocked signal is accepted.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Accept {
    /// By `sigtimedwait`.
    Sigtimedwait,
    /// By a read of a `signalfd`.
    Signalfd,
}
