//! Starting a subject's agent for a trial.

use crate::protocol::Line;
use crate::protocol::codec::Words;
use crate::protocol::warden::{Begin, Request};
use crate::spec::contracts::Contract;
use crate::trial::link::{Link, LinkError};
use crate::trial::program::Kind;
use crate::trial::{AGENT_START, Abort, Opened, PROMPT};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Part of every child's token, so that a child of an earlier trial is not mistaken for one of this trial.
static NONCE: AtomicU64 = AtomicU64::new(0);

/// A placeholder in a program's command for the path of this crate's own program.
pub(crate) const OWN_PROGRAM: &str = "{waitspec}";

/// How to start a subject: hosted by the warden, or as a command.
#[derive(Debug, Clone)]
pub(crate) enum Start {
    Hosted(String),
    Command(Vec<String>),
    /// A shared object in an agent of this program, with the agent's arguments.
    Library(Vec<String>),
    /// A program that runs a program: its own command line, which precedes the command that it is to run.
    Program(Vec<String>, Kind, &'static Contract),
}

impl Start {
    /// Whether the agent is a separate program, which takes time to start. A hosted one is forked.
    pub(crate) fn is_executed(&self) -> bool {
        matches!(self, Start::Command(_) | Start::Library(_))
    }
}

/// An agent that was started but has not been heard from yet.
pub(crate) struct Started {
    reply: Line,
    nonce: String,
    /// When a hosted agent was asked for; its answer is timed from then.
    asked: Option<Instant>,
}

/// Starts an agent and waits for its hello.
pub(crate) fn open(
    link: &mut Link,
    start: &Start,
    child: Option<&[String]>,
    begin: Option<Begin>,
) -> Result<(Opened, Line), Abort> {
    if let Start::Program(words, ..) = start {
        let place = place(link)?;
        let own = place.get("exe").unwrap_or_default();
        let program = words.iter().map(|w| if w == OWN_PROGRAM { own.clone() } else { w.clone() }).collect();
        let folder = place.get("folder").unwrap_or_default();
        let opened = Opened { folder, ..opened(&place, nonce(), 0, child, program) };
        return Ok((opened, Line::new("hello")));
    }
    let started = start_agent(link, start, begin)?;
    greet(link, started, child)
}

/// Has the warden fork an agent, without waiting for its hello.
pub(crate) fn start_agent(link: &mut Link, start: &Start, begin: Option<Begin>) -> Result<Started, Abort> {
    let nonce = nonce();
    let (subject, argv) = match start {
        Start::Hosted(name) => (Some(name.clone()), None),
        Start::Command(argv) | Start::Program(argv, ..) => (None, Some(Words::of(argv))),
        Start::Library(words) => {
            let own = place(link)?.get("exe").unwrap_or_default();
            (None, Some(Words::of([&[own][..], words].concat())))
        }
    };
    let request = Request::Open { nonce: nonce.clone(), subject, argv, begin };
    let asked = Instant::now();
    let reply = link.ask_warden(&request, PROMPT)?;
    link.forked_in(asked.elapsed());
    if reply.flag("lacking") {
        return Err(Abort::Skip(reply.get("why").unwrap_or_default()));
    }
    if reply.word() != "ok" {
        return Err(Abort::Broken(reply.get("why").unwrap_or_default()));
    }
    Ok(Started { reply, nonce, asked: (!start.is_executed()).then_some(asked) })
}

/// Waits for the hello of an agent that has been started.
pub(crate) fn greet(
    link: &mut Link,
    started: Started,
    child: Option<&[String]>,
) -> Result<(Opened, Line), Abort> {
    let Started { reply, nonce, asked } = started;
    let hello = match link.agent_hello(AGENT_START) {
        Ok(hello) => hello,
        Err(LinkError::AgentGone) => return Err(Abort::Broken("it exited before its hello".into())),
        Err(other) => return Err(other.into()),
    };
    if let Some(asked) = asked {
        // A built-in agent says hello as soon as it runs; others may be slow to start.
        link.forked_in(asked.elapsed());
    }
    let pid = reply.number("pid").map_err(|e| Abort::Broken(e.to_string()))?;
    Ok((opened(&reply, nonce, pid, child, Vec::new()), hello))
}

fn nonce() -> String {
    format!("{:x}", NONCE.fetch_add(1, Ordering::Relaxed))
}

/// Where the warden's program is and where children connect.
fn place(link: &mut Link) -> Result<Line, Abort> {
    let place = link.ask_warden(&Request::Place {}, PROMPT)?;
    match place.word() {
        "ok" => Ok(place),
        _ => Err(Abort::Broken(place.get("why").unwrap_or_default())),
    }
}

/// Where the children of a trial connect, and what program they run.
fn opened(place: &Line, nonce: String, pid: i64, child: Option<&[String]>, program: Vec<String>) -> Opened {
    let child = match child {
        Some(given) => given.to_vec(),
        None => vec![place.get("exe").unwrap_or_default(), "child".to_owned()],
    };
    Opened {
        pid,
        nonce,
        socket: place.get("socket").unwrap_or_default(),
        child,
        program,
        folder: String::new(),
    }
}
