//! Requests of a case to the agent other than calls of the family.

use super::family::Trial;
use crate::protocol::Line;
use crate::protocol::agent::{Disposition, MaskChange, Request, SigactionFlags, UsageOf};
use crate::protocol::codec::{Bytes, Switch};
use crate::protocol::fields::{OWN, bounded, get_usage};
use crate::protocol::wait::{code_of, signal_of};
use crate::sys::call::abi::Usage;
use crate::trial::abort::{Abort, Outcome};
use crate::trial::children::not_offered;
use crate::trial::core::Child;
use crate::trial::deadline::{AT_ONCE, LOOP, PROMPT};
use crate::trial::link::connection::To;
use crate::trial::verdict::Failure;
use crate::wait::errno::Errno;
use crate::wait::{SiCode, Signal, System};
use std::time::Duration;

/// What a handler in the agent saw of one signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caught {
    /// `si_signo`
    pub signal: Signal,
    /// `si_code`
    pub code: SiCode,
    /// `si_pid`
    pub pid: i64,
    /// `si_uid`
    pub uid: i64,
    /// `si_status`
    pub status: i64,
    /// `si_status` as a signal.
    pub by: Signal,
}

/// What the handlers in the agent saw.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    /// How many signals were caught.
    pub count: i64,
    /// Those that were recorded.
    pub seen: Vec<Caught>,
    /// What waits made inside the handler returned: value (or `-1`) and status word.
    pub waited: Vec<(i64, i64)>,
}

impl Trial<'_> {
    /// One request to the agent, and its reply.
    pub fn agent(&mut self, request: &Request) -> Result<Line, Abort> {
        let within = if matches!(request, Request::Measure { .. }) { LOOP } else { PROMPT };
        self.ask_within(request.to_line(), within)
    }

    /// The same, for a request that contains a call.
    pub(crate) fn ask_line(&mut self, request: Line) -> Result<Line, Abort> {
        self.ask_within(request, PROMPT)
    }

    fn ask_within(&mut self, request: Line, within: Duration) -> Result<Line, Abort> {
        self.leave_order(&request)?;
        self.steps.push(request.to_string().replacen(' ', "(", 1) + ")");
        let word = request.word().to_owned();
        let reply = self.link.ask_agent(request, within)?;
        match reply.word() {
            "malformed" => {
                let why = reply.get("why").unwrap_or_default();
                Err(Abort::Broken(format!("the agent calls the request {word} malformed: {why}")))
            }
            "unsupported" => {
                let why = reply.get("why").unwrap_or_default();
                Err(Abort::Skip(format!("not offered: {word}: {why}")))
            }
            _ => Ok(reply),
        }
    }

    /// The same, for a request that must succeed.
    pub(crate) fn agent_ok(&mut self, request: &Request) -> Result<Line, Abort> {
        let reply = self.agent(request)?;
        self.must_be_ok(request.word(), reply)
    }

    fn must_be_ok(&self, word: &str, reply: Line) -> Result<Line, Abort> {
        if reply.word() == "ok" {
            return Ok(reply);
        }
        let errno = self.errno(&reply)?;
        match errno {
            Errno::NOSYS | Errno::NOTSUP | Errno::OPNOTSUPP | Errno::PERM => {
                Err(Abort::Skip(format!("{word} is not available here: {errno}")))
            }
            _ => Err(Abort::Broken(format!("the agent cannot {word}: {errno}"))),
        }
    }

    /// Sets the agent's action on a signal.
    pub fn sigaction(&mut self, sig: Signal, action: Disposition, flags: SigactionFlags) -> Outcome {
        let SigactionFlags { restart, nocldstop, nocldwait } = flags;
        self.agent_ok(&Request::Sigaction { sig, action, restart, nocldstop, nocldwait }).map(drop)
    }

    /// What the agent's handlers have seen since the last time.
    pub fn signals(&mut self) -> Result<Signals, Abort> {
        let reply = self.agent_ok(&Request::Signals {})?;
        let bad = |what: &str| Abort::Protocol(format!("reply to signals: {what}"));
        let count = bounded(reply.number("count").map_err(|e| bad(&e.to_string()))?);
        let mut signals = Signals { count, ..Signals::default() };
        for entry in reply.list("seen") {
            signals.seen.push(caught(&entry, self.system).ok_or_else(|| bad(&entry))?);
        }
        for entry in reply.list("waited") {
            let (ret, status) = entry.split_once(':').ok_or_else(|| bad(&entry))?;
            let number = |text: &str| crate::protocol::line::parse_number(text).unwrap_or(-1);
            signals.waited.push((number(ret), number(status)));
        }
        Ok(signals)
    }

    /// Waits until the agent's handlers have caught `count` signals, which may arrive before or after a wait reports.
    pub fn await_signals(&mut self, count: i64) -> Result<Signals, Abort> {
        let mut all = Signals::default();
        // Each iteration is a round trip; a pending signal is delivered when the agent next returns from the kernel.
        for _ in 0..10_000 {
            let mut more = self.signals()?;
            all.count += more.count;
            all.seen.append(&mut more.seen);
            all.waited.append(&mut more.waited);
            if all.count >= count {
                return Ok(all);
            }
            self.steps.pop();
        }
        Ok(all)
    }

    /// Blocks or unblocks a signal in the agent.
    pub fn sigprocmask(&mut self, how: MaskChange, sig: Signal) -> Outcome {
        self.agent_ok(&Request::Sigprocmask { how, sig, thread: None }).map(drop)
    }

    /// The same, in one thread of the agent.
    pub fn sigprocmask_on(&mut self, thread: u32, how: MaskChange, sig: Signal) -> Outcome {
        self.agent_ok(&Request::Sigprocmask { how, sig, thread: Some(thread) }).map(drop)
    }

    /// The signals that are pending in the agent.
    pub fn sigpending(&mut self) -> Result<Vec<Signal>, Abort> {
        let sigs = self.agent_ok(&Request::Sigpending {})?.list("sigs");
        let signal = |text: &String| {
            signal_of(text, self.system)
                .ok_or_else(|| Abort::Protocol(format!("reply to sigpending: no signal is {text}")))
        };
        sigs.iter().map(signal).collect()
    }

    /// The usage of the agent's reaped children.
    pub fn usage_of_children(&mut self) -> Result<Usage, Abort> {
        let reply = self.agent_ok(&Request::Getrusage { who: UsageOf::Children })?;
        get_usage(&reply, OWN).ok_or_else(|| Abort::Protocol("reply to getrusage: no usage".into()))
    }

    /// Moves a child, or the agent (`None`), into a process group; 0 makes it the leader of a new one.
    pub fn setpgid(&mut self, child: Option<&Child>, pgid: i64) -> Outcome {
        let pid = child.map_or(0, |c| c.pid) as i32;
        self.agent_ok(&Request::Setpgid { pid, pgid: pgid as i32 }).map(drop)
    }

    /// A pidfd of the agent for a child that has not been reaped: if the system does not find the child, the case
    /// fails.
    pub fn pidfd_open(&mut self, child: &Child, nonblock: bool) -> Result<i64, Abort> {
        let reply = self.agent(&Request::PidfdOpen { pid: child.pid as i32, nonblock })?;
        if reply.word() != "ok" && self.errno(&reply)? == Errno::SRCH {
            return Err(Abort::Fail(Box::new(Failure {
                clause: self.cited[0],
                expected: format!("a pidfd of {}, which has not been reaped", child.name),
                got: Errno::SRCH.to_string(),
            })));
        }
        let reply = self.must_be_ok("pidfd_open", reply)?;
        reply.number("fd").map_err(|e| Abort::Protocol(e.to_string()))
    }

    /// The same for any number, where the error is what is judged.
    pub fn try_pidfd_open(&mut self, pid: i64) -> Result<Result<i64, Errno>, Abort> {
        let reply = self.agent(&Request::PidfdOpen { pid: pid as i32, nonblock: false })?;
        match reply.word() {
            "ok" => reply.number("fd").map(Ok).map_err(|e| Abort::Protocol(e.to_string())),
            _ => self.errno(&reply).map(Err),
        }
    }

    /// Opens a file in the agent; returns the descriptor.
    pub fn open_file(&mut self, path: &str) -> Result<i64, Abort> {
        self.fd_of(&Request::Open { path: Bytes(path.as_bytes().to_vec()) })
    }

    pub(crate) fn fd_of(&mut self, request: &Request) -> Result<i64, Abort> {
        self.agent_ok(request)?.number("fd").map_err(|e| Abort::Protocol(e.to_string()))
    }

    /// What poll reports for a descriptor of the agent, without waiting: `POLLIN`, `POLLHUP`, ...
    pub fn poll(&mut self, fd: i64) -> Result<Vec<String>, Abort> {
        Ok(self.agent_ok(&Request::Poll { fd: fd as i32 })?.list("revents"))
    }

    /// An epoll instance in the agent that watches a descriptor for input from now on.
    pub fn epoll(&mut self, fd: i64) -> Result<i64, Abort> {
        self.fd_of(&Request::Epoll { fd: fd as i32 })
    }

    /// Closes a descriptor of the agent.
    pub fn close_fd(&mut self, fd: i64) -> Outcome {
        self.agent_ok(&Request::Close { fd: fd as i32 }).map(drop)
    }

    /// Makes the agent adopt orphans among its descendants, or stop doing so.
    pub fn subreaper(&mut self, on: bool) -> Outcome {
        // prctl returns EINVAL for an operation it does not know.
        self.take_away(&Request::Subreaper { on: Switch(on) })
    }

    /// Makes a thread of the agent exit.
    pub fn exit_thread(&mut self, thread: u32) -> Outcome {
        self.agent_ok(&Request::ExitThread { thread }).map(drop)
    }

    /// How the subject decodes each of these status words, all requested at once.
    pub fn decode_all(&mut self, words: &[i32]) -> Result<Vec<Line>, Abort> {
        self.steps.push(format!("decode of {} words", words.len()));
        let mut views = Vec::new();
        for words in words.chunks(AT_ONCE) {
            let ids: Vec<u64> = words.iter().map(|_| self.link.id()).collect();
            let request = |(word, id): (&i32, &u64)| {
                To::Agent(Request::Decode { status: (*word).into() }.to_line().with("id", *id))
            };
            let requests: Vec<To> = words.iter().zip(&ids).map(request).collect();
            self.link.send(&requests)?;
            for id in ids {
                let reply = self.link.agent_reply(id, PROMPT, "decode")?;
                if reply.word() == "unsupported" {
                    return Err(not_offered(&reply));
                }
                views.push(self.must_be_ok("decode", reply)?);
            }
        }
        Ok(views)
    }

    /// How the subject decodes a status word.
    pub fn decode(&mut self, status: i32) -> Result<Line, Abort> {
        self.agent_ok(&Request::Decode { status: status.into() })
    }
}

/// Parses an entry of `seen`, as the protocol defines it, from an agent on the given system.
pub(crate) fn caught(entry: &str, system: System) -> Option<Caught> {
    let parts: Vec<&str> = entry.split(':').collect();
    let [signal, code, pid, uid, status] = parts.as_slice() else { return None };
    let status: i64 = status.parse().ok()?;
    Some(Caught {
        signal: signal_of(signal, system)?,
        code: code_of(code)?,
        pid: pid.parse().ok()?,
        uid: uid.parse().ok()?,
        status,
        by: i32::try_from(status).map_or(Signal::NONE, |n| Signal::from_number_on(n, system)),
    })
}
