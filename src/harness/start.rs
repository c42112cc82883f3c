//! Starting the agent of a subject, and who it says it is.

use super::event::SubjectInfo;
use super::link::{Link, LinkError};
use super::plan;
use super::settings::{RunError, Settings};
use super::trial::{Calls, Case, Common, Needs, Opened, PROMPT, Stop, Trial, here};
use crate::protocol::Line;
use crate::scenario::Scenario;
use crate::subject::Registry;
use crate::sys::family::Call;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Tokens of children hold it, so that one of an earlier trial is never taken for one of this.
static NONCE: AtomicU64 = AtomicU64::new(0);

/// How long wardens may take to clean up when the run is over.
pub(super) const CLEAN_UP: Duration = Duration::from_secs(30);

/// How long wardens may take to start: how slow the machine is shows only after it.
const START: Duration = Duration::from_secs(60);

/// How a subject is started: hosted by the warden, or a command.
#[derive(Debug, Clone)]
pub(super) enum Start {
    Hosted(String),
    Command(Vec<String>),
}

/// How a subject is started, from how `--subject` names it.
pub(super) fn of(spec: &str, registry: &Registry) -> Result<Start, RunError> {
    if let Some(command) = spec.strip_prefix("agent:") {
        let words = crate::subject::external::words(command)
            .ok_or_else(|| RunError::Usage(format!("the command of '{spec}' has an unfinished quotation")))?;
        if words.is_empty() {
            return Err(RunError::Usage("'agent:' needs a command, as agent:./mywait".into()));
        }
        return Ok(Start::Command(words));
    }
    if registry.get(spec).is_some() {
        return Ok(Start::Hosted(spec.to_owned()));
    }
    let known: Vec<&str> = registry.names().chain(["agent:COMMAND"]).collect();
    let hint = match crate::protocol::nearest(spec, known.iter().copied()) {
        Some(name) => format!("did you mean '{name}'?"),
        None => format!("there are {}", known.join(", ")),
    };
    Err(RunError::Usage(format!("there is no subject '{spec}'; {hint}")))
}

/// What the surroundings of a warden have.
pub(super) fn ask_probe(link: &mut Link) -> Result<Line, RunError> {
    link.ask_warden(Line::new("probe"), START).map_err(|e| RunError::Broken(describe(&e)))
}

fn describe(error: &LinkError) -> String {
    match error {
        LinkError::WardenGone => "the warden died at its start".into(),
        LinkError::Late(what) => format!("no answer in time: {what}"),
        LinkError::AgentGone => "the agent died at its start".into(),
        LinkError::Protocol(what) | LinkError::Unfit(what) => what.clone(),
        LinkError::Interrupted => "interrupted".into(),
    }
}

/// Starts a subject's agent once, to learn who it is.
pub(super) fn introduce(
    link: &mut Link,
    spec: &str,
    start: &Start,
    settings: &Settings,
) -> Result<SubjectInfo, RunError> {
    link.reset();
    let opened = open(link, start, settings.child.as_deref());
    let (opened, hello) = match opened {
        Ok(both) => both,
        Err(stop) => {
            let _ = link.close(CLEAN_UP);
            let text = format!("the agent of {spec} would not start: {}", why(stop, link));
            return Err(match start {
                // Our own agents only fail with the machine.
                Start::Hosted(_) => RunError::Broken(text),
                Start::Command(_) => RunError::Adapter(text),
            });
        }
    };
    let info = identity(spec, &hello).map(|mut info| {
        info.profile = plan::profile_of(&info, settings.profile).to_string();
        info
    });
    let spawned = match &info {
        // Children will be exec'ed: a program that cannot be run would break every trial alike.
        Ok(info) if settings.child.is_some() || matches!(start, Start::Command(_)) => {
            let common =
                Common { profile: None, child: settings.child.clone(), strict: false, release: None };
            let call = info.calls.iter().find_map(|name| Call::from_name(name)).unwrap_or(Call::Waitpid);
            (INTRODUCTION.run)(&mut Trial::new(link, &INTRODUCTION, call, &common, info, opened))
        }
        _ => Ok(()),
    };
    let closed = link.close(CLEAN_UP);
    // What nobody had to look at in so short a trial.
    let spawned = match (spawned, closed) {
        (Ok(()), Ok((_, Some(what)))) => Err(Stop::Protocol(what)),
        (spawned, _) => spawned,
    };
    spawned.map_err(|stop| {
        let broke = matches!(stop, Stop::Protocol(_));
        let text = why(stop, link);
        match broke {
            true => RunError::Adapter(format!("the agent broke the protocol: {spec}: {text}")),
            false => RunError::Broken(format!("{spec}: {text}")),
        }
    })?;
    info
}

/// Not of the catalogue: whether the agent can make a child at all.
static INTRODUCTION: Case = Case {
    id: "harness.introduction",
    title: "the agent can make a child that connects",
    clauses: &[],
    calls: Calls::ALL,
    needs: Needs::NOTHING,
    at: here(),
    run: |t| t.spawn(Scenario::held()).map(drop),
};

/// Why a trial or an introduction ended, with the last line that the agent wrote on standard error.
fn why(stop: Stop, link: &Link) -> String {
    let why = match stop {
        Stop::Protocol(what) | Stop::Broken(what) | Stop::Skip(what) => what,
        Stop::Fail(failure) | Stop::Hang(failure) | Stop::Crash(failure) => failure.got,
        Stop::Interrupted => "interrupted".to_owned(),
    };
    match link.stderr.trim().lines().last() {
        Some(said) => format!("{why}; it said: {said}"),
        None => why,
    }
}

/// Who an agent says it is; its profile is not its own to say.
fn identity(spec: &str, hello: &Line) -> Result<SubjectInfo, RunError> {
    let field = |key: &str| hello.get(key).unwrap_or_default();
    let protocol = field("protocol");
    if protocol != "1" {
        return Err(RunError::Adapter(format!(
            "the agent of {spec} speaks protocol '{protocol}', this is 1"
        )));
    }
    if let Some(key) = hello.key_of_control() {
        return Err(RunError::Adapter(format!(
            "the agent of {spec} says hello with control characters in '{key}='"
        )));
    }
    Ok(SubjectInfo {
        spec: spec.to_owned(),
        name: field("name"),
        version: field("version"),
        issues: field("issues"),
        os: field("os"),
        libc: field("libc"),
        arch: field("arch"),
        profile: String::new(),
        calls: hello.list("calls"),
        threads: hello.flag("threads"),
        raw: hello.flag("raw"),
        retries_eintr: hello.list("retries").iter().any(|r| r == "eintr"),
        selects_any: hello.get("selectors").is_none() || hello.list("selectors").iter().any(|s| s == "any"),
    })
}

/// Whether it is that subject who says hello, as at the start of the run.
pub(super) fn is_of(hello: &Line, info: &SubjectInfo) -> bool {
    let said = identity(&info.spec, hello);
    said.is_ok_and(|said| SubjectInfo { profile: info.profile.clone(), ..said } == *info)
}

/// Starts an agent and awaits its hello.
pub(super) fn open(link: &mut Link, start: &Start, child: Option<&[String]>) -> Result<(Opened, Line), Stop> {
    let nonce = format!("{:x}", NONCE.fetch_add(1, Ordering::Relaxed));
    let request = Line::new("open").with("nonce", &nonce);
    let request = match start {
        Start::Hosted(name) => request.with("subject", name),
        Start::Command(argv) => request.with_list("argv", argv),
    };
    let asked = Instant::now();
    let reply = link.ask_warden(request, PROMPT)?;
    link.forked_in(asked.elapsed());
    if reply.word() != "ok" {
        return Err(Stop::Broken(reply.get("why").unwrap_or_default()));
    }
    let hello = match link.agent_hello(PROMPT) {
        Ok(hello) => hello,
        Err(LinkError::AgentGone) => return Err(Stop::Broken("it ended before its hello".into())),
        Err(other) => return Err(other.into()),
    };
    if matches!(start, Start::Hosted(_)) {
        // Ours says it as soon as it runs; how long others take to start is their affair.
        link.forked_in(asked.elapsed());
    }
    let child = match child {
        Some(given) => given.to_vec(),
        None => vec![reply.get("exe").unwrap_or_default(), "child".to_owned()],
    };
    let pid = reply.number("pid").map_err(|e| Stop::Broken(e.to_string()))?;
    Ok((Opened { pid, nonce, socket: reply.get("socket").unwrap_or_default(), child }, hello))
}
