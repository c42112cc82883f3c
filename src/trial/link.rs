//! The driver's end of the stream to one warden.

use super::deadline::PROMPT;
use super::frames::is_greeting;
use super::missing::{Missing, Serving};
use super::outstanding::Outstanding;
use super::stream::{Arrived, Closed, Stream};
use crate::protocol::Line;
use crate::protocol::warden::Request;
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

/// Why nothing more can be had from a warden, or not in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkError {
    /// The stream ended.
    WardenGone,
    /// The warden lacks something that it needs; what.
    Unfit(String),
    /// Nothing came until the deadline; what was awaited.
    Late(String),
    /// Nothing came in a time that was shortened, because the same was missing in earlier trials; what, and where.
    Missing(String),
    /// The agent died.
    AgentGone,
    /// The agent broke the protocol; what it did.
    Protocol(String),
    /// A child is not below the warden; which.
    Elsewhere(String),
    /// The line to the warden lost or changed something; what.
    Damaged(String),
    /// The run is being interrupted.
    Interrupted,
}

impl From<Closed> for LinkError {
    fn from(Closed: Closed) -> LinkError {
        LinkError::WardenGone
    }
}

/// How often a wait looks whether the run was interrupted.
pub(super) const SLICE: Duration = Duration::from_millis(50);

/// More lines and bytes than any trial has: an agent or a child that floods is cut off, and is not kept in memory.
const FLOOD: usize = 20_000;
const FLOOD_BYTES: usize = 16 << 20;

/// How much of a line an error shows, in characters.
const SHOWN: usize = 200;

/// A stream to a warden.
pub struct Link {
    pub(super) stream: Stream,
    /// What a framed stream lost or changed in this trial: nothing that was seen in it counts.
    damage: Option<String>,
    pub(super) inbox: VecDeque<Message>,
    /// When something came last, or the warden was asked for something to come.
    pub(super) heard: Instant,
    /// Requests whose answers are of no other use than to come.
    pub(super) pings: Vec<u64>,
    next_id: u64,
    received: usize,
    received_bytes: usize,
    outstanding: Outstanding,
    agent_gone: bool,
    /// A request to the warden was not answered in this trial.
    deaf: bool,
    /// The warden's end of the stream is closed.
    ended: bool,
    /// The agent said that the buffers of a call changed after it had returned.
    pub(crate) late_write: bool,
    /// The trial is over: of the agent and the children nothing is awaited, only whether they kept to the protocol.
    closing: bool,
    /// Every line of the trial, sent (`>`) and received (`<`).
    pub trace: Vec<String>,
    /// What the agent wrote on its standard error.
    pub stderr: String,
    pub(super) interrupted: &'static AtomicBool,
    pub(super) scale: f64,
    /// How many times slower than a busy machine this one is at the moment.
    pub(super) slowness: f64,
    /// What did not come in the trials of this run.
    pub(super) missing: Missing,
    pub(super) serving: Option<Serving>,
    /// A round trip to the warden and back, lately.
    pub(super) round_trip: Duration,
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
    /// A link over two descriptors that block. Deadlines are multiplied by `scale`.
    pub fn new(input: OwnedFd, output: OwnedFd, scale: f64, interrupted: &'static AtomicBool) -> Link {
        Link {
            stream: Stream::new(input, output),
            damage: None,
            inbox: VecDeque::new(),
            heard: Instant::now(),
            pings: Vec::new(),
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

    /// A new trial begins: nothing of the last one is left.
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

    /// A link to the warden that takes the place of this one's.
    pub(crate) fn again(&self, input: OwnedFd, output: OwnedFd) -> Link {
        let link = Link::new(input, output, self.scale, self.interrupted).sharing(&self.missing);
        let link = Link { slowness: self.slowness, round_trip: self.round_trip, ..link };
        if self.stream.frames().is_some() { link.framed() } else { link }
    }

    pub(super) fn deadline(&self, within: Duration) -> Instant {
        Instant::now() + self.scaled(within)
    }

    /// An id that no request of this link had.
    pub fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Sends messages in one piece.
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
        Ok(self.stream.send(&lines)?)
    }

    /// Asks the warden and waits for its answer.
    pub(crate) fn ask_warden(&mut self, request: &Request, within: Duration) -> Result<Line, LinkError> {
        let id = self.id();
        self.send(&[To::Warden(request.to_line().with("id", id))])?;
        self.warden_answer(id, within, request.word())
    }

    /// Asks the warden to wait for something, at most that long before it is scaled, and waits for its answer.
    pub(crate) fn ask_warden_to_wait(
        &mut self,
        request: &Request,
        at_most: Duration,
    ) -> Result<Line, LinkError> {
        let id = self.id();
        self.send(&[To::Warden(request.to_line().with("id", id))])?;
        self.warden_answer_after(id, at_most, request.word())
    }

    /// Waits for the warden's answer to a request to wait that was sent.
    pub(crate) fn warden_answer_after(
        &mut self,
        id: u64,
        at_most: Duration,
        what: &str,
    ) -> Result<Line, LinkError> {
        self.warden_answer_until(Instant::now() + self.answer_time(at_most), id, what)
    }

    /// Waits for the warden's answer to a request that was sent.
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

    /// Waits for the agent's reply to a request that was sent.
    pub fn agent_reply(&mut self, id: u64, within: Duration, what: &str) -> Result<Line, LinkError> {
        let late = format!("the agent's reply to {what}");
        self.await_event(&late, late.clone(), within, reply_of(id))
    }

    /// The same where a reply that does not come is what is judged.
    pub(crate) fn judged_reply(&mut self, id: u64, within: Duration) -> Result<Line, LinkError> {
        self.await_message(self.deadline(within), "the agent's reply", true, reply_of(id))
    }

    /// Waits until the agent's reply to a request has come, and leaves it for who asks for it.
    pub(crate) fn await_reply(&mut self, id: u64, within: Duration) -> Result<(), LinkError> {
        let reply = self.judged_reply(id, within)?;
        self.inbox.push_back(Message::Agent(reply));
        Ok(())
    }

    /// Has the warden end the trial, and waits for its answer; with it the first thing by which the agent broke the protocol
    /// before it was ended, and that nobody had seen.
    pub fn close(&mut self, within: Duration) -> Result<(Line, Option<String>), LinkError> {
        self.closing = true;
        let within = if self.deaf { within.min(PROMPT) } else { within };
        let mut broke = None;
        let mut id = self.id();
        let request = |id| To::Warden(Request::Close {}.to_line().with("id", id));
        self.send(&[request(id)])?;
        let patience = self.patience("the end of a trial".to_owned(), within);
        // One that did not answer before is no slow one.
        let time = if self.deaf { patience.time.min(within.mul_f64(self.scale)) } else { patience.time };
        let deadline = Instant::now() + time;
        // What a line may lose is asked for again.
        let turn = if self.stream.frames().is_some() { within / 10 } else { within };
        loop {
            let until = self.deadline(turn).min(deadline);
            match self.await_message(until, "the end of the trial", false, answer_of(id)) {
                Ok(closed) => return Ok((closed, broke)),
                Err(LinkError::Protocol(what)) => {
                    broke.get_or_insert(what);
                }
                // It may be that the request was lost, or its answer: a trial that is closed already is closed at once.
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

    /// Whether the agent's reply to a request has come.
    pub fn has_reply(&self, id: u64) -> bool {
        self.inbox.iter().any(|m| matches!(m, Message::Agent(line) if line.id() == Some(id)))
    }

    /// The agent's greeting.
    pub fn agent_hello(&mut self, within: Duration) -> Result<Line, LinkError> {
        self.await_event("the agent's hello", "the agent's hello".to_owned(), within, |m| match m {
            Message::Agent(line) if line.word() == "hello" => Some(line.clone()),
            _ => None,
        })
    }

    /// The agent's greeting after a request that it only answers if it does not come to that.
    pub fn agent_hello_or(&mut self, id: u64, within: Duration) -> Result<Line, LinkError> {
        self.await_event("the agent's hello", "the agent's hello".to_owned(), within, |m| match m {
            Message::Agent(line) if line.word() == "hello" || line.id() == Some(id) => Some(line.clone()),
            _ => None,
        })
    }

    /// Whether the agent cannot be asked any more.
    pub(crate) fn is_closed_to_questions(&self) -> bool {
        self.agent_gone || self.damage.is_some()
    }

    /// Waits for an event that may have been missing before.
    fn await_event(
        &mut self,
        what: &str,
        event: String,
        within: Duration,
        wanted: impl FnMut(&Message) -> Option<Line>,
    ) -> Result<Line, LinkError> {
        let patience = self.patience(event, within);
        match self.await_message(Instant::now() + patience.time, what, true, wanted) {
            Err(late @ LinkError::Late(_)) => self.did_not_come(patience).and(Err(late)),
            other => other,
        }
    }

    /// Waits for a message that `wanted` takes; the others stay for those who ask for them.
    pub(super) fn await_message(
        &mut self,
        deadline: Instant,
        what: &str,
        of_agent: bool,
        mut wanted: impl FnMut(&Message) -> Option<Line>,
    ) -> Result<Line, LinkError> {
        let mut looked_at = 0;
        self.heard = Instant::now();
        loop {
            while looked_at < self.inbox.len() {
                if let Some(line) = wanted(&self.inbox[looked_at]) {
                    self.inbox.remove(looked_at);
                    return Ok(line);
                }
                looked_at += 1;
            }
            // What it said before it died has been looked at.
            if of_agent && self.agent_gone {
                return Err(LinkError::AgentGone);
            }
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(LinkError::Interrupted);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(LinkError::Late(what.to_owned()));
            }
            self.receive(left.min(SLICE))?;
            self.ask_after_silence()?;
        }
    }

    /// Reads what comes within that time into the inbox.
    pub(super) fn receive(&mut self, within: Duration) -> Result<(), LinkError> {
        let mut broken = None;
        let arrived = self.stream.receive(within).map_err(|closed| self.end_of_stream(closed))?;
        for arrived in arrived {
            let came = match arrived {
                // What is said until somebody answers comes even if everything that was sent is lost.
                Arrived::Line(bytes) if is_greeting(&bytes) => Ok(()),
                Arrived::Line(bytes) => {
                    self.heard = Instant::now();
                    self.take(&bytes)
                }
                Arrived::Damaged(what) => Err(LinkError::Damaged(what)),
                Arrived::Endless => Err(LinkError::Protocol("the warden sent a line without end".into())),
            };
            if let Err(error) = came {
                broken.get_or_insert(error);
            }
        }
        if let Some(LinkError::Damaged(what)) = &broken {
            self.damage.get_or_insert_with(|| what.clone());
        }
        broken.map_or(Ok(()), Err)
    }

    /// What the end of the stream is: of a machine behind a framed one the last words, as those of a kernel that panics.
    fn end_of_stream(&mut self, closed: Closed) -> LinkError {
        self.ended = true;
        match self.stream.frames() {
            Some(frames) if frames.is_greeted() => {
                LinkError::Damaged(format!("the line to the warden ended; {}", frames.last_words()))
            }
            _ => closed.into(),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let text = String::from_utf8_lossy(bytes);
        let (address, rest) = text.split_once(' ').unwrap_or((&text, ""));
        if !self.closing {
            self.received += 1;
            self.received_bytes += bytes.len();
            if self.received > FLOOD || self.received_bytes > FLOOD_BYTES {
                let what = format!("more than {FLOOD} lines or {FLOOD_BYTES} bytes in one trial");
                return Err(LinkError::Protocol(what));
            }
            self.trace.push(format!("< {text}"));
        }
        let parse = |s: &str| s.parse::<Line>().map_err(|e| broken(e, s));
        let message = match address {
            "agent" => {
                let line = parse(rest)?;
                self.outstanding.came(&line).map_err(|why| broken(why, rest))?;
                if line.word() == "entering" {
                    // For the warden, who watches the caller.
                    return Ok(());
                }
                self.late_write |= line.flag("late-write");
                Message::Agent(line)
            }
            "child" => {
                let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                Message::Child(name.to_owned(), parse(rest)?)
            }
            "warden" => {
                let line = parse(rest)?;
                match (line.word(), line.get("of").as_deref()) {
                    ("gone", Some("agent")) => {
                        self.agent_gone = true;
                        return Ok(());
                    }
                    ("eof", Some("agent")) => {
                        return Err(LinkError::Protocol("it closed its standard output and lives on".into()));
                    }
                    ("stderr", _) => {
                        self.stderr = line.get("text").unwrap_or_default();
                        return Ok(());
                    }
                    ("garbage", _) => {
                        let field = |key| line.get(key).unwrap_or_default();
                        let mut what =
                            format!("{} from the {}: {:?}", field("why"), field("from"), field("what"));
                        if field("from") == "agent" {
                            what +=
                                "; standard output is for the protocol alone, all else is for standard error";
                        }
                        return Err(LinkError::Protocol(what));
                    }
                    ("elsewhere", Some(name)) => {
                        let pid = line.get("pid").unwrap_or_default();
                        return Err(LinkError::Elsewhere(format!("child {name} (pid {pid})")));
                    }
                    ("line-error", _) => {
                        let field = |key| line.get(key).unwrap_or_default();
                        let what = format!(
                            "the line to the warden is not clean: at its end {} (at frame {})",
                            field("why"),
                            field("frame")
                        );
                        return Err(LinkError::Damaged(what));
                    }
                    ("unfit", _) => {
                        let why = line.get("why").unwrap_or_default();
                        return Err(LinkError::Unfit(format!("the warden could not start: {why}")));
                    }
                    _ if line.id().is_some_and(|id| self.pings.contains(&id)) => return Ok(()),
                    _ => Message::Warden(line),
                }
            }
            _ => return Err(LinkError::Protocol(format!("a line without address: {}", shown(&text)))),
        };
        if !self.closing || matches!(message, Message::Warden(_)) {
            self.inbox.push_back(message);
        }
        Ok(())
    }

    /// Lets the warden go, and waits until it has cleaned up: until its end of the stream is closed.
    pub fn hang_up(mut self, within: Duration) {
        if self.stream.frames().is_some() {
            // A serial line has no end that could be closed.
            let _ = self.send(&[To::Warden(Line::new("bye"))]);
        }
        self.stream.close(within);
    }
}

/// Takes the warden's answer to that request.
fn answer_of(id: u64) -> impl FnMut(&Message) -> Option<Line> {
    move |message| match message {
        Message::Warden(line) if line.id() == Some(id) => Some(line.clone()),
        _ => None,
    }
}

/// Takes the agent's reply to that request.
fn reply_of(id: u64) -> impl FnMut(&Message) -> Option<Line> {
    move |message| match message {
        Message::Agent(line) if line.id() == Some(id) => Some(line.clone()),
        _ => None,
    }
}

/// What is wrong with a line, and its beginning.
fn broken(why: impl std::fmt::Display, line: &str) -> LinkError {
    LinkError::Protocol(format!("{why}: {}", shown(line)))
}

fn shown(line: &str) -> String {
    line.chars().take(SHOWN).collect()
}
