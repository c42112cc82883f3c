//! Starting a subject's agent and identifying it.

use super::event::SubjectInfo;
use super::plan;
use super::settings::{RunError, Settings};
use crate::protocol::Line;
use crate::protocol::codec::Words;
use crate::protocol::warden::Request;
use crate::scenario::Scenario;
use crate::subject::Registry;
use crate::sys::call::abi::Call;
use crate::trial::link::{Link, LinkError};
use crate::trial::{Abort, Calls, Case, Common, Needs, Opened, PROMPT, Trial, Uses, here};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Part of every child's token, so that no child of an earlier trial passes for one of this trial.
static NONCE: AtomicU64 = AtomicU64::new(0);

/// The time limit for wardens to clean up after a run.
pub(crate) const CLEAN_UP: Duration = Duration::from_secs(30);

/// The time limit for wardens to start: the machine's slowness is known only afterwards.
const START: Duration = Duration::from_secs(60);

/// How to start a subject: hosted by the warden, or as a command.
#[derive(Debug, Clone)]
pub(crate) enum Start {
    Hosted(String),
    Command(Vec<String>),
}

/// Parses an argument of `--subject`.
pub(crate) fn of(spec: &str, registry: &Registry) -> Result<Start, RunError> {
    if let Some(command) = spec.strip_prefix("agent:") {
        let words = crate::subject::external::words(command)
            .ok_or_else(|| RunError::Usage(format!("unterminated quote in the command of '{spec}'")))?;
        if words.is_empty() {
            return Err(RunError::Usage("'agent:' needs a command, e.g. agent:./mywait".into()));
        }
        return Ok(Start::Command(words));
    }
    if registry.get(spec).is_some() {
        return Ok(Start::Hosted(spec.to_owned()));
    }
    let known: Vec<&str> = registry.names().chain(["agent:COMMAND"]).collect();
    let hint = match crate::protocol::nearest(spec, known.iter().copied()) {
        Some(name) => format!("did you mean '{name}'?"),
        None => format!("the subjects are {}", known.join(", ")),
    };
    Err(RunError::Usage(format!("unknown subject '{spec}'; {hint}")))
}

/// Asks a warden what its environment provides.
pub(crate) fn ask_probe(link: &mut Link) -> Result<Line, RunError> {
    link.ask_warden(&Request::Probe {}, START).map_err(|e| RunError::Broken(describe(&e)))
}

fn describe(error: &LinkError) -> String {
    match error {
        LinkError::WardenGone => "the warden died during startup".into(),
        LinkError::Late(what) => format!("no answer in time: {what}"),
        LinkError::AgentGone => "the agent died during startup".into(),
        LinkError::Protocol(what) | LinkError::Unfit(what) => what.clone(),
        LinkError::Interrupted => "interrupted".into(),
    }
}

/// Starts a subject's agent once to identify it.
pub(crate) fn identify(
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
            let text = format!("the agent of {spec} did not start: {}", why(stop, link));
            return Err(match start {
                // Built-in agents fail only if the machine does.
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
        // Children will be exec'ed: a program that cannot run would break every trial the same way.
        Ok(info) if settings.child.is_some() || matches!(start, Start::Command(_)) => {
            let common =
                Common { profile: None, child: settings.child.clone(), strict: false, release: None };
            let call = info.calls.iter().find_map(|name| Call::from_name(name)).unwrap_or(Call::Waitpid);
            (INTRODUCTION.run)(&mut Trial::new(
                link,
                (INTRODUCTION.clauses, None),
                call,
                &common,
                info,
                opened,
            ))
        }
        _ => Ok(()),
    };
    let closed = link.close(CLEAN_UP);
    // What so short a trial had no occasion to notice.
    let spawned = match (spawned, closed) {
        (Ok(()), Ok((_, Some(what)))) => Err(Abort::Protocol(what)),
        (spawned, _) => spawned,
    };
    spawned.map_err(|stop| {
        let broke = matches!(stop, Abort::Protocol(_));
        let text = why(stop, link);
        match broke {
            true => RunError::Adapter(format!("the agent broke the protocol: {spec}: {text}")),
            false => RunError::Broken(format!("{spec}: {text}")),
        }
    })?;
    info
}

/// Not in the catalogue: whether the agent can create a child at all.
static INTRODUCTION: Case = Case {
    id: "harness.introduction",
    title: "the agent can create a child that connects",
    clauses: &[],
    calls: Calls::ALL,
    uses: Uses::PLAIN,
    needs: Needs::NOTHING,
    at: here(),
    run: |t| t.spawn(Scenario::held()).map(drop),
};

/// Why a trial or the introduction failed, with the last line the agent wrote to standard error.
fn why(stop: Abort, link: &Link) -> String {
    let why = match stop {
        Abort::Protocol(what) | Abort::Broken(what) | Abort::Skip(what) => what,
        Abort::Fail(failure) | Abort::Hang(failure) | Abort::Crash(failure) => failure.got,
        Abort::Interrupted => "interrupted".to_owned(),
    };
    match link.stderr.trim().lines().last() {
        Some(said) => format!("{why}; its last line on stderr: {said}"),
        None => why,
    }
}

/// Who an agent says it is; the profile is not its to choose.
fn identity(spec: &str, hello: &Line) -> Result<SubjectInfo, RunError> {
    let field = |key: &str| hello.get(key).unwrap_or_default();
    let protocol = field("protocol");
    if protocol != "1" {
        return Err(RunError::Adapter(format!(
            "the agent of {spec} speaks protocol '{protocol}', expected 1"
        )));
    }
    if let Some(key) = hello.key_of_control() {
        return Err(RunError::Adapter(format!(
            "the hello of the agent of {spec} has control characters in '{key}='"
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
        release: field("release"),
        profile: String::new(),
        calls: hello.list("calls"),
        threads: hello.flag("threads"),
        raw: hello.flag("raw"),
        retries_eintr: hello.list("retries").iter().any(|r| r == "eintr"),
        selects_any: hello.get("selectors").is_none() || hello.list("selectors").iter().any(|s| s == "any"),
    })
}

/// Whether a hello matches the one at the start of the run.
pub(crate) fn is_of(hello: &Line, info: &SubjectInfo) -> bool {
    let said = identity(&info.spec, hello);
    said.is_ok_and(|said| SubjectInfo { profile: info.profile.clone(), ..said } == *info)
}

/// Starts an agent and waits for its hello.
pub(crate) fn open(
    link: &mut Link,
    start: &Start,
    child: Option<&[String]>,
) -> Result<(Opened, Line), Abort> {
    let nonce = format!("{:x}", NONCE.fetch_add(1, Ordering::Relaxed));
    let (subject, argv) = match start {
        Start::Hosted(name) => (Some(name.clone()), None),
        Start::Command(argv) => (None, Some(Words::of(argv))),
    };
    let request = Request::Open { nonce: nonce.clone(), subject, argv };
    let asked = Instant::now();
    let reply = link.ask_warden(&request, PROMPT)?;
    link.forked_in(asked.elapsed());
    if reply.word() != "ok" {
        return Err(Abort::Broken(reply.get("why").unwrap_or_default()));
    }
    let hello = match link.agent_hello(PROMPT) {
        Ok(hello) => hello,
        Err(LinkError::AgentGone) => return Err(Abort::Broken("it exited before its hello".into())),
        Err(other) => return Err(other.into()),
    };
    if matches!(start, Start::Hosted(_)) {
        // A built-in agent says hello as soon as it runs; others may take their time to start.
        link.forked_in(asked.elapsed());
    }
    let child = match child {
        Some(given) => given.to_vec(),
        None => vec![reply.get("exe").unwrap_or_default(), "child".to_owned()],
    };
    let pid = reply.number("pid").map_err(|e| Abort::Broken(e.to_string()))?;
    Ok((Opened { pid, nonce, socket: reply.get("socket").unwrap_or_default(), child }, hello))
}
