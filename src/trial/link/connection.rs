//! The driver's end of the stream to one warden.

use crate::protocol::Line;
use crate::protocol::warden::Request;
use crate::sys::cpu;
use crate::trial::deadline::PROMPT;
use crate::trial::link::outstanding::Outstanding;
use crate::trial::link::stream::{Closed, Stream};
use crate::trial::missing::{Missing, Of, Serving};
use crate::wait::System;
use crate::wait::errno::Errno;
use rustix::fd::OwnedFd;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// One line that came from a warden, by its address.
#[derive(Debug, Clone)]
pub enum Message {
    /// The agent said it.
    Agent(Line),
    /// The child of that name said it.
    Child(String, Line),
    /// The warden said it.
    Warden(Line),
}

/// Why a warden did not deliver something, ever or in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkError {
    /// The stream ended.
    WardenGone,
    /// The warden lacks something that it needs; which.
    Unfit(String),
    /// Nothing came before the deadline; what was awaited.
    Late(String),
    /// Nothing came in a time that was shortened because earlier trials missed the same event; which event, and which
    /// trial.
    Missing(String),
    /// The agent died.
    AgentGone,
    /// The agent broke the protocol; what it did.
    Protocol(String),
    /// A child is not below the warden; which.
    Elsewhere(String),
    /// A child knows its pid only in its own namespace, and the system shows no other; which child.
    NoPid(String),
    /// The line to the warden lost or changed something; what.
    Damaged(String),
    /// The run is being interrupted.
    Interrupted,
}

impl From<Closed> for LinkError {
    fn from(Closed(errno): Closed) -> LinkError {
        match errno {
            Some(errno) => LinkError::Unfit(format!(
                "cannot hear or reach the warden: {}",
                Errno::from_number_on(errno.raw_os_error(), System::HOST)
            )),
            None => LinkError::WardenGone,
        }
    }
}

/// The interval at which a wait checks whether the run was interrupted.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// A stream to a warden.
pub struct Link {
    pub(crate) stream: Stream,
    /// What a framed stream lost or changed in this trial: nothing observed in the trial counts.
    pub(crate) damage: Option<String>,
    pub(crate) inbox: VecDeque<Message>,
    /// When something last came, or the warden was last asked for a sign of life.
    pub(crate) heard: Instant,
    /// Requests whose answers serve only as a sign of life.
    pub(crate) pings: Vec<u64>,
    /// The bytes sent on a framed stream since the warden was last known to have read everything.
    pub(crate) unread: usize,
    next_id: u64,
    pub(crate) received: usize,
    pub(crate) received_bytes: usize,
    pub(crate) outstanding: Outstanding,
    pub(crate) agent_gone: bool,
    /// A request to the warden was not answered in this trial.
    deaf: bool,
    /// The warden's end of the stream is closed.
    pub(crate) ended: bool,
    /// The agent reported that the buffers of a call changed after the call had returned.
    pub(crate) late_write: bool,
    /// The trial is over: nothing more is awaited from the agent and the children, but breaking the protocol still
    /// counts.
    pub(crate) closing: bool,
    /// Every line of the trial, sent (`>`) and received (`<`).
    pub trace: Vec<String>,
    /// What the agent wrote on its standard error.
    pub stderr: String,
    pub(crate) interrupted: &'static AtomicBool,
    pub(crate) scale: f64,
    /// How many times slower than a busy machine this one currently is.
    pub(crate) slowness: f64,
    /// Events that did not come in the trials of this run.
    pub(crate) missing: Missing,
    pub(crate) serving: Option<Serving>,
    /// A recent round-trip time to the warden.
    pub(crate) round_trip: Duration,
}

/// A line with its address.
pub(crate) enum To {
    Warden(Line),
    Agent(Line),
    Child(String, Line),
}

impl fmt::Display for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            To::Warden(line) => write!(f, "warden {line}"),
            To::Agent(line) => write!(f, "agent {line}"),
            To::Child(name, line) => write!(f, "child {name} {line}"),
        }
    }
}

impl Link {
    /// A link over two blocking descriptors. Deadlines are multiplied by `scale`.
    pub fn new(input: OwnedFd, output: OwnedFd, scale: f64, interrupted: &'static AtomicBool) -> Link {
        Link {
            stream: Stream::new(input, output),
            damage: None,
            inbox: VecDeque::new(),
            heard: Instant::now(),
            pings: Vec::new(),
            unread: 0,
            next_id: 1,
            received: 0,
            received_bytes: 0,
            outstanding: Outstanding::at_start(),
            agent_gone: false,
            deaf: false,
            ended: false,
            late_write: false,
            closing: false,
            trace: Vec::new(),
            stderr: String::new(),
            interrupted,
            scale,
            slowness: 1.0,
            missing: Missing::default(),
            serving: None,
            round_trip: Duration::ZERO,
        }
    }

    /// The same over a stream that may drop, garble or echo bytes.
    pub(crate) fn framed(self) -> Link {
        Link { stream: self.stream.framed(), ..self }
    }

    /// What the line to the warden lost or changed in this trial, if anything.
    pub(crate) fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// Prepares for a new trial: nothing of the last one is kept.
    pub fn reset(&mut self) {
        self.inbox.clear();
        self.pings.clear();
        self.serving = None;
        self.damage = None;
        self.trace.clear();
        self.stderr.clear();
        self.received = 0;
        self.received_bytes = 0;
        self.outstanding = Outstanding::at_start();
        self.agent_gone = false;
        self.deaf = false;
        self.late_write = false;
        self.closing = false;
    }

    /// A link to the warden that replaces this one's.
    pub(crate) fn again(&self, input: OwnedFd, output: OwnedFd) -> Link {
        let link = Link::new(input, output, self.scale, self.interrupted).sharing(&self.missing);
        let link = Link { slowness: self.slowness, round_trip: self.round_trip, ..link };
        if self.stream.frames().is_some() { link.framed() } else { link }
    }

    pub(crate) fn deadline(&self, within: Duration) -> Instant {
        Instant::now() + self.scaled(within)
    }

    /// An id that no request on this link has used.
    pub fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Sends messages in one write, or on a framed stream as fast as they are read.
    pub(crate) fn send(&mut self, messages: &[To]) -> Result<(), LinkError> {
        let mut lines = Vec::with_capacity(messages.len());
        for message in messages {
            if let To::Agent(request) = message {
                self.outstanding.sent(request);
            }
            let text = message.to_string();
            self.trace.push(format!("> {text}"));
            lines.push(text);
        }
        if self.stream.frames().is_some() {
            self.send_in_step(&lines)
        } else {
            Ok(self.stream.send(&lines)?)
        }
    }

    /// Asks the warden and waits for its answer.
    pub(crate) fn ask_warden(&mut self, request: &Request, within: Duration) -> Result<Line, LinkError> {
        let id = self.id();
        self.send(&[To::Warden(request.to_line().with("id", id))])?;
        self.warden_answer(id, within, request.word())
    }

    /// Asks the warden to wait for something, for at most that long before scaling, and waits for its answer.
    pub(crate) fn ask_warden_to_wait(
        &mut self,
        request: &Request,
        at_most: Duration,
    ) -> Result<Line, LinkError> {
        let id = self.id();
        self.send(&[To::Warden(request.to_line().with("id", id))])?;
        self.warden_answer_after(id, at_most, request.word())
    }

    /// Waits for the warden's answer to a request to wait that was already sent.
    pub(crate) fn warden_answer_after(
        &mut self,
        id: u64,
        at_most: Duration,
        what: &str,
    ) -> Result<Line, LinkError> {
        self.warden_answer_until(Instant::now() + self.answer_time(at_most), id, what)
    }

    /// Waits for the warden's answer to a request that was already sent.
    fn warden_answer(&mut self, id: u64, within: Duration, what: &str) -> Result<Line, LinkError> {
        self.warden_answer_until(self.deadline(within), id, what)
    }

    fn warden_answer_until(&mut self, deadline: Instant, id: u64, what: &str) -> Result<Line, LinkError> {
        let answer = self.await_message(deadline, what, false, answer_of(id));
        self.deaf |= matches!(answer, Err(LinkError::Late(_)));
        let answer = answer?;
        match answer.word() {
            "malformed" => {
                let why = answer.get("why").unwrap_or_default();
                Err(LinkError::Unfit(format!("the warden calls the request {what} malformed: {why}")))
            }
            echo if echo == what => Err(LinkError::Unfit(format!(
                "the request {what} came back: the command echoes what it is sent"
            ))),
            _ => Ok(answer),
        }
    }

    /// Asks the agent and waits for its reply.
    pub fn ask_agent(&mut self, request: Line, within: Duration) -> Result<Line, LinkError> {
        let id = self.id();
        let word = request.word().to_owned();
        self.send(&[To::Agent(request.with("id", id))])?;
        self.agent_reply(id, within, &word)
    }

    /// Waits for the agent's reply to a request that was already sent.
    pub fn agent_reply(&mut self, id: u64, within: Duration, what: &str) -> Result<Line, LinkError> {
        let late = format!("the agent's reply to {what}");
        self.await_event(&late, late.clone(), within, reply_of(id))
    }

    /// The same, where a missing reply is judged, to a request that itself takes that long, whatever the machine.
    pub(crate) fn judged_reply(
        &mut self,
        itself: Duration,
        id: u64,
        within: Duration,
    ) -> Result<Line, LinkError> {
        self.await_message(self.deadline(within) + itself, "the agent's reply", true, reply_of(id))
    }

    /// Waits until the agent's reply to a request has arrived, and leaves it in the inbox.
    pub(crate) fn await_reply(&mut self, id: u64, within: Duration) -> Result<(), LinkError> {
        self.await_reply_after(Duration::ZERO, id, within)
    }

    /// The same for a request that itself takes that long, whatever the machine.
    pub(crate) fn await_reply_after(
        &mut self,
        itself: Duration,
        id: u64,
        within: Duration,
    ) -> Result<(), LinkError> {
        let reply = self.judged_reply(itself, id, within)?;
        self.inbox.push_back(Message::Agent(reply));
        Ok(())
    }

    /// Has the warden end the trial, and waits for its answer. Also returns the agent's first violation of the protocol
    /// that happened before that and had gone unnoticed.
    pub fn close(&mut self, within: Duration) -> Result<(Line, Option<String>), LinkError> {
        self.closing = true;
        let within = if self.deaf { within.min(PROMPT) } else { within };
        let mut broke = None;
        let mut id = self.id();
        let request = |id| To::Warden(Request::Close {}.to_line().with("id", id));
        self.send(&[request(id)])?;
        let patience = self.patience(Of::Subject, "the end of a trial".to_owned(), within);
        // A warden that did not answer before is not just slow.
        let time = if self.deaf { patience.time.min(within.mul_f64(self.scale)) } else { patience.time };
        let deadline = Instant::now() + time;
        // A framed line may lose the request: ask again.
        let turn = if self.stream.frames().is_some() { within / 10 } else { within };
        loop {
            let until = self.deadline(turn).min(deadline);
            match self.await_message(until, "the end of the trial", false, answer_of(id)) {
                Ok(closed) => return Ok((closed, broke)),
                Err(LinkError::Protocol(what)) => {
                    broke.get_or_insert(what);
                }
                // The request or its answer may be lost: a trial that is already closed is closed again at once.
                Err(LinkError::Damaged(_) | LinkError::Late(_))
                    if !self.ended && Instant::now() < deadline =>
                {
                    id = self.id();
                    self.send(&[request(id)])?;
                }
                Err(late @ LinkError::Late(_)) => return self.did_not_come(patience).and(Err(late)),
                Err(other) => return Err(other),
            }
        }
    }

    /// Whether the agent is in a call that it has announced.
    pub(crate) fn is_in_a_call(&self) -> bool {
        self.outstanding.is_in_a_call()
    }

    /// The request of the call that the agent has announced and not returned from.
    pub(crate) fn call_in_progress(&self) -> Option<u64> {
        self.outstanding.call_in_progress()
    }

    /// Whether the agent's reply to a request has arrived.
    pub fn has_reply(&self, id: u64) -> bool {
        self.inbox.iter().any(|m| matches!(m, Message::Agent(line) if line.id() == Some(id)))
    }

    /// The agent's hello.
    pub fn agent_hello(&mut self, within: Duration) -> Result<Line, LinkError> {
        self.await_event("the agent's hello", "the agent's hello".to_owned(), within, |m| match m {
            Message::Agent(line) if line.word() == "hello" => Some(line.clone()),
            _ => None,
        })
    }

    /// The agent's hello after a request that it answers only if it cannot get that far.
    pub fn agent_hello_or(&mut self, id: u64, within: Duration) -> Result<Line, LinkError> {
        self.await_event("the agent's hello", "the agent's hello".to_owned(), within, |m| match m {
            Message::Agent(line) if line.word() == "hello" || line.id() == Some(id) => Some(line.clone()),
            _ => None,
        })
    }

    /// Whether the agent can no longer be asked anything.
    pub(crate) fn is_closed_to_questions(&self) -> bool {
        self.agent_gone || self.damage.is_some()
    }

    /// Waits for an event that earlier trials may have missed.
    fn await_event(
        &mut self,
        what: &str,
        event: String,
        within: Duration,
        wanted: impl FnMut(&Message) -> Option<Line>,
    ) -> Result<Line, LinkError> {
        let patience = self.patience(Of::Subject, event, within);
        match self.await_message(Instant::now() + patience.time, what, true, wanted) {
            Err(late @ LinkError::Late(_)) => self.did_not_come(patience).and(Err(late)),
            other => other,
        }
    }

    /// Waits for a message that `wanted` accepts; other messages stay in the inbox.
    pub(crate) fn await_message(
        &mut self,
        deadline: Instant,
        what: &str,
        of_agent: bool,
        mut wanted: impl FnMut(&Message) -> Option<Line>,
    ) -> Result<Line, LinkError> {
        let (mut looked_at, mut last) = (0, false);
        let mut deadline = deadline;
        self.heard = Instant::now();
        loop {
            while looked_at < self.inbox.len() {
                if let Some(line) = wanted(&self.inbox[looked_at]) {
                    self.inbox.remove(looked_at);
                    return Ok(line);
                }
                looked_at += 1;
            }
            // Everything it said before it died has been looked at.
            if of_agent && self.agent_gone {
                return Err(LinkError::AgentGone);
            }
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(LinkError::Interrupted);
            }
            if last {
                return Err(LinkError::Late(what.to_owned()));
            }
            // What has arrived by now is in time, however late this thread gets to read it.
            let began = Instant::now();
            let turn = deadline.saturating_duration_since(began).min(SLICE);
            last = turn.is_zero();
            self.receive(turn)?;
            let lost = cpu::not_run(began.elapsed(), turn);
            deadline += lost;
            last &= lost.is_zero();
            self.ask_after_silence()?;
        }
    }

    /// Dismisses the warden, and waits until it has cleaned up: until its end of the stream is closed.
    pub fn hang_up(mut self, within: Duration) {
        if self.stream.frames().is_some() {
            // A serial line has no end to close.
            let _ = self.send(&[To::Warden(Line::new("bye"))]);
        }
        self.stream.close(within);
    }
}

/// Picks out the warden's answer to that request.
fn answer_of(id: u64) -> impl FnMut(&Message) -> Option<Line> {
    move |message| match message {
        Message::Warden(line) if line.id() == Some(id) => Some(line.clone()),
        _ => None,
    }
}

/// Picks out the agent's reply to that request.
fn reply_of(id: u64) -> impl FnMut(&Message) -> Option<Line> {
    move |message| match message {
        Message::Agent(line) if line.id() == Some(id) => Some(line.clone()),
        _ => None,
    }
}
