//! Identifying the subjects of a run, and probing what its wardens provide.

use super::command;
use super::event::SubjectInfo;
use super::opening::{OWN_PROGRAM, Start, open};
use super::plan;
use super::settings::{RunError, Settings};
use crate::mutants::{Mutant, mutant_of};
use crate::protocol::Line;
use crate::protocol::handle::{Form, Introduction};
use crate::protocol::warden::Request;
use crate::scenario::Scenario;
use crate::spec::contracts::{self, Contract};
use crate::subject::{OWN_PROGRAMS, Own, Registry};
use crate::sys::call::abi::Call;
use crate::trial::handle::Abilities;
use crate::trial::link::{Link, LinkError};
use crate::trial::program::{How, Kind, Kinds, Trial};
use crate::trial::{
    Abort, Body, Calls, Case, Common, Core, InterfaceName, Needs, Outcome, Uses, Variant, here,
};
use std::time::Duration;

/// The time limit for wardens to clean up after a run.
pub(crate) const CLEAN_UP: Duration = Duration::from_secs(30);

/// The time limit for wardens to start: how slow the machine is gets measured only afterwards.
const START: Duration = Duration::from_secs(60);

/// The time limit for a machine at the far end of a serial line to boot in an emulator.
const BOOT: Duration = Duration::from_secs(180);

/// The contract for an argument of `--contract`.
pub(crate) fn contract_of(given: &str) -> Result<&'static Contract, RunError> {
    if let Some(known) = contracts::contract(given) {
        return Ok(known);
    }
    let wrong = |why: String| RunError::Usage(format!("--contract {given}: {why}"));
    match std::fs::read_to_string(given) {
        Ok(text) => contracts::parse(&text).map_err(wrong),
        Err(_) if !given.contains(['/', '.']) => {
            let names: Vec<&str> = contracts::CONTRACTS.iter().map(|contract| contract.name).collect();
            Err(wrong(format!("neither a file nor a known contract: {}", names.join(", "))))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Parses an argument of `--subject`.
pub(crate) fn of(
    spec: &str,
    registry: &Registry,
    contract: Option<&'static Contract>,
) -> Result<Start, RunError> {
    let words = |command| {
        let words = crate::subject::external::words(command)
            .ok_or_else(|| RunError::Usage(format!("unterminated quote in the command of '{spec}'")))?;
        if words.is_empty() {
            return Err(RunError::Usage(format!("'{spec}' needs a command, e.g. {spec}./mywait")));
        }
        Ok(words)
    };
    if let Some(command) = spec.strip_prefix("agent:") {
        return Ok(Start::Command(words(command)?));
    }
    for (prefix, option) in [("so:", "--so"), ("preload:", "--preload")] {
        match spec.strip_prefix(prefix) {
            Some("") => {
                return Err(RunError::Usage(format!("'{spec}' needs a path, e.g. {spec}./libmine.so")));
            }
            Some(path) => return Ok(Start::Library(["agent", option, path].map(str::to_owned).to_vec())),
            None => {}
        }
    }
    if let Some((word, command)) = spec.split_once(':')
        && let Some((_, kind)) = Kind::ALL.iter().find(|(known, _)| *known == word)
    {
        let words = words(command)?;
        let contract = contract.unwrap_or_else(|| contracts::of_program(&words));
        return Ok(Start::Program(words.into_iter().map(absolute).collect(), *kind, contract));
    }
    if let Some((own, name)) = own_program(spec) {
        let (kind, contract) = match own {
            Own::Wrapper => (Kind::Wrapper, &contracts::OWN),
            Own::Time => (Kind::Time, &contracts::OWN_TIME),
            Own::Init => (Kind::ContainerInit, &contracts::OWN_INIT),
            Own::Supervisor => (Kind::Supervisor, &contracts::OWN_SUPERVISOR),
            Own::Shell => (Kind::Shell, &contracts::OWN_SHELL),
        };
        let own = [OWN_PROGRAM, "child", "--wrapper", name].map(str::to_owned);
        return Ok(Start::Program(own.to_vec(), kind, contract));
    }
    if registry.hosts(spec) {
        return Ok(Start::Hosted(spec.to_owned()));
    }
    let known: Vec<&str> = registry
        .names()
        .chain(["agent:COMMAND", "so:PATH", "preload:PATH", "wrapper:COMMAND", "shell:COMMAND"])
        .collect();
    let hint = match crate::protocol::nearest(spec, known.iter().copied()) {
        Some(name) => format!("did you mean '{name}'?"),
        None => format!("the subjects are {}", known.join(", ")),
    };
    Err(RunError::Usage(format!("unknown subject '{spec}'; {hint}")))
}

/// One of this crate's own programs, or a mutant of one, whose name follows `--wrapper` and the like.
fn own_program(spec: &str) -> Option<(Own, &str)> {
    if let Some(name) = spec.strip_prefix("mutant:") {
        return crate::mutants::program(name).map(|program| (program.own(), name));
    }
    let name = spec.strip_prefix("program:")?;
    OWN_PROGRAMS
        .contains(&spec)
        .then(|| crate::mutants::program(name).map(|program| (program.own(), name)))?
}

/// Makes a relative path of a word that names a file absolute: each program is started in its own directory.
fn absolute(word: String) -> String {
    if word.contains('/') && !word.starts_with('/') && std::path::Path::new(&word).exists() {
        return std::path::absolute(&word).map_or(word, |path| path.to_string_lossy().into_owned());
    }
    word
}

/// Asks a warden what its environment provides.
pub(crate) fn ask_probe(link: &mut Link) -> Result<Line, RunError> {
    let probed = link.await_greeting(BOOT).and_then(|()| link.ask_warden(&Request::Probe {}, START));
    probed.map_err(|e| RunError::Broken(describe(&e)))
}

/// Waits until a warden behind a framed stream has been heard from.
pub(crate) fn await_greeting(link: &mut Link) -> Result<(), RunError> {
    link.await_greeting(BOOT).map_err(|e| RunError::Broken(describe(&e)))
}

fn describe(error: &LinkError) -> String {
    match error {
        LinkError::WardenGone => "the warden exited before it answered".into(),
        LinkError::Late(what) => format!("no answer in time: {what}"),
        LinkError::AgentGone => "the agent died during startup".into(),
        LinkError::Protocol(what)
        | LinkError::Unfit(what)
        | LinkError::Damaged(what)
        | LinkError::Missing(what) => what.clone(),
        LinkError::NoPid(child) => format!("no pid of child {child}"),
        LinkError::Elsewhere(child) => format!("supervised elsewhere: {child}"),
        LinkError::Interrupted => "interrupted".into(),
    }
}

/// Identifies all subjects. Of mutants that introduce themselves alike, only one is started: each of the others does so at the
/// start of its first trial, where it is compared.
pub(crate) fn identify_all(
    link: &mut Link,
    names: &[String],
    starts: &[Start],
    settings: &Settings,
    kernel: &str,
) -> Result<Vec<SubjectInfo>, RunError> {
    let mut subjects = Vec::new();
    let mut started: Vec<((&str, Option<Form>), SubjectInfo)> = Vec::new();
    for (spec, start) in names.iter().zip(starts) {
        let alike = mutant_of(spec).map(Mutant::introduction);
        let known = started.iter().find(|(of, _)| Some(*of) == alike).map(|(_, info)| info.clone());
        let info = match known {
            Some(info) if info.name == info.spec => {
                SubjectInfo { name: spec.clone(), spec: spec.clone(), ..info }
            }
            Some(info) => SubjectInfo { spec: spec.clone(), ..info },
            None => {
                let info = identify(link, spec, start, settings, kernel)?;
                started.extend(alike.map(|alike| (alike, info.clone())));
                info
            }
        };
        subjects.push(info);
    }
    Ok(subjects)
}

/// Starts a subject's agent once to identify it.
fn identify(
    link: &mut Link,
    spec: &str,
    start: &Start,
    settings: &Settings,
    kernel: &str,
) -> Result<SubjectInfo, RunError> {
    link.reset();
    if let Start::Program(_, kind, contract) = start {
        return identify_program(link, spec, start, (*kind, contract), settings, kernel);
    }
    // Whether its calls reach the library needs proof only once.
    let proving = match start {
        Start::Library(words) => Start::Library([&words[..], &["--prove".to_owned()]].concat()),
        other => other.clone(),
    };
    let opened = open(link, &proving, settings.child.as_deref(), None);
    let (opened, hello) = match opened {
        Ok(both) => both,
        Err(stop) => {
            let _ = link.close(CLEAN_UP);
            let hint = match start {
                Start::Command(words) => hint(words, settings),
                _ => String::new(),
            };
            let text = format!("the agent of {spec} did not start: {}{hint}", why(stop, link));
            return Err(match start {
                // A built-in agent fails only if the machine does.
                Start::Hosted(_) => RunError::Broken(text),
                Start::Command(_) | Start::Library(_) | Start::Program(..) => RunError::Adapter(text),
            });
        }
    };
    let info = identity(spec, &hello).map(|mut info| {
        info.profile = plan::profile_of(&info, settings.profile).to_string();
        info
    });
    let spawned = match &info {
        // Children will be exec'ed: a program that cannot run would break every trial in the same way.
        Ok(info) if settings.child.is_some() || matches!(start, Start::Command(_) | Start::Library(_)) => {
            let common = Common { child: settings.child.clone(), ..Common::default() };
            let introduction = match info.interface {
                InterfaceName::Handle => &HANDLE_INTRODUCTION,
                _ => &INTRODUCTION,
            };
            let variant = info.variants().first().copied().unwrap_or(Variant::Call(Call::Waitpid));
            introduction.run_on(Core::new(link, introduction.clauses, &common, info, opened), variant).1
        }
        _ => Ok(()),
    };
    let closed = link.close(CLEAN_UP);
    // Problems that so short a trial had no occasion to show.
    let spawned = match (spawned, closed) {
        (Ok(()), Ok((_, Some(what)))) => Err(Abort::Protocol(what)),
        (spawned, _) => spawned,
    };
    spawned.map_err(|stop| {
        let broke = matches!(stop, Abort::Protocol(_));
        let text = why(stop, link);
        match broke {
            true => RunError::Adapter(format!("the agent broke the protocol: {spec}: {text}")),
            false => {
                let hint = settings.child.as_ref().map(|words| hint(words, settings)).unwrap_or_default();
                RunError::Broken(format!("subject {spec}: {text}{hint}"))
            }
        }
    })?;
    info
}

/// What is wrong with a command that did not start, if it runs on this machine.
fn hint(command: &[String], settings: &Settings) -> String {
    let hint = if settings.warden.is_none() { command::hint(command) } else { None };
    hint.map(|hint| format!("; {hint}")).unwrap_or_default()
}

/// Runs a program once, to see whether it runs its child at all.
fn identify_program(
    link: &mut Link,
    spec: &str,
    start: &Start,
    (kind, contract): (Kind, &'static Contract),
    settings: &Settings,
    kernel: &str,
) -> Result<SubjectInfo, RunError> {
    let system = kernel.split(' ').next().unwrap_or_default().to_lowercase();
    let os = match system.as_str() {
        "darwin" => "macos",
        "sunos" => "illumos",
        other => other,
    };
    let own = |(promise, source): (&str, &str)| (promise.to_owned(), source.to_owned());
    let mut info = SubjectInfo {
        spec: spec.to_owned(),
        name: contract.name.to_owned(),
        os: os.to_owned(),
        interface: InterfaceName::Program,
        promises: contract.promises().map(own).collect(),
        kind,
        contract: Some(contract),
        ..SubjectInfo::default()
    };
    info.profile = plan::profile_of(&info, settings.profile).to_string();
    let common = Common { child: settings.child.clone(), ..Common::default() };
    let ran = open(link, start, settings.child.as_deref(), None).and_then(|(opened, _)| {
        let core = Core::new(link, PROGRAM_INTRODUCTION.clauses, &common, &info, opened);
        PROGRAM_INTRODUCTION.run_on(core, Variant::Contract(contract.name)).1
    });
    let closed = link.close(CLEAN_UP);
    ran.and(closed.map(drop).map_err(Abort::from)).map_err(|stop| {
        let hint = match start {
            Start::Program(words, ..) if words.first().is_some_and(|word| word != OWN_PROGRAM) => {
                hint(words, settings)
            }
            _ => String::new(),
        };
        RunError::Adapter(format!("{spec} does not run a program: {}{hint}", why(stop, link)))
    })?;
    Ok(info)
}

/// Not in the catalogue: checks whether the agent can create a child at all.
static INTRODUCTION: Case = Case {
    id: "harness.introduction",
    title: "the agent can create a child that connects",
    clauses: &[],
    needs: Needs::NOTHING,
    at: here(),
    body: Body::Calls { calls: Calls::ALL, uses: Uses::PLAIN, run: |t| t.spawn(Scenario::held()).map(drop) },
};

/// The same for a handle.
static HANDLE_INTRODUCTION: Case = Case {
    id: "harness.handle-introduction",
    title: "the agent can create a child that connects",
    clauses: &[],
    needs: Needs::NOTHING,
    at: here(),
    body: Body::Handle {
        abilities: Abilities::NONE,
        begin: None,
        run: |t| t.spawn(Scenario::held()).map(drop),
    },
};

/// The same for a program.
static PROGRAM_INTRODUCTION: Case = Case {
    id: "harness.program-introduction",
    title: "the program runs its argument",
    clauses: &[],
    needs: Needs::NOTHING,
    at: here(),
    body: Body::Program { kinds: Kinds::ANY, run: introduce },
};

/// A child for the program to run.
fn introduce(t: &mut Trial<'_>) -> Outcome {
    if t.kind() == Kind::Supervisor {
        // Some programs run only as process 1.
        match t.spawn_how(How { first: true, ..How::default() }, Scenario::held()) {
            Err(Abort::Skip(_)) => {}
            spawned => return spawned.map(drop),
        }
    }
    if t.kind() != Kind::Shell {
        return t.spawn(Scenario::held()).map(drop);
    }
    let child = t.offer(Scenario::held());
    t.script(&child.command)?;
    t.meet(&child).map(drop)
}

/// Why a trial or the introduction failed, with the last line the agent wrote to standard error.
fn why(stop: Abort, link: &Link) -> String {
    let why = match stop {
        Abort::Protocol(what) | Abort::Broken(what) | Abort::Skip(what) => what,
        Abort::Fail(failure) | Abort::Hang(failure) | Abort::Crash(failure) => failure.got,
        Abort::Recorded => "it did not answer".to_owned(),
        Abort::Interrupted => "interrupted".to_owned(),
    };
    match link.stderr.trim().lines().last() {
        Some(said) if !why.ends_with(said) => format!("{why}; its last line on stderr: {said}"),
        _ => why,
    }
}

/// How an agent identifies itself; it does not get to choose the profile.
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
    let wrong = |key: &str| {
        RunError::Adapter(format!("the hello of the agent of {spec} has '{}' in '{key}='", field(key)))
    };
    let interface = match field("interface").as_str() {
        "" => InterfaceName::Calls,
        name => InterfaceName::from_name(name)
            .filter(|interface| *interface != InterfaceName::Program)
            .ok_or_else(|| wrong("interface"))?,
    };
    let handle = match interface {
        InterfaceName::Handle => Some(Introduction::from_line(hello).map_err(|(key, _)| wrong(key))?),
        _ => None,
    };
    let mut promises = Vec::new();
    for (name, source) in handle.iter().flat_map(|handle| &handle.promises) {
        let promise = format!("{}/{name}", interface.name());
        if !crate::spec::clauses().any(|c| c.promise() == Some(&promise)) {
            return Err(wrong("promises"));
        }
        promises.push((promise, source.clone()));
    }
    Ok(SubjectInfo {
        interface,
        form: handle.as_ref().map(|handle| handle.form),
        reaps: handle.as_ref().map(|handle| handle.reaps),
        polling: handle.as_ref().map(|handle| handle.polling),
        abilities: handle.map(|handle| handle.abilities).unwrap_or_default(),
        promises,
        kind: Kind::default(),
        contract: None,
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
        hostile_pointers: hello.get("pointers").as_deref() == Some("all"),
        retries_eintr: hello.list("retries").iter().any(|r| r == "eintr"),
        selects_any: hello.get("selectors").is_none() || hello.list("selectors").iter().any(|s| s == "any"),
    })
}

/// Whether a hello matches the one at the start of the run.
pub(crate) fn is_of(hello: &Line, info: &SubjectInfo) -> bool {
    let said = identity(&info.spec, hello);
    said.is_ok_and(|said| SubjectInfo { profile: info.profile.clone(), ..said } == *info)
}

/// Why programs cannot be run in a PID namespace, if they cannot.
pub(crate) fn ask_containment(link: &mut Link) -> Result<Option<String>, RunError> {
    let reply = link.ask_warden(&Request::Contain {}, START).map_err(|e| RunError::Broken(describe(&e)))?;
    Ok((reply.word() != "ok").then(|| reply.get("why").unwrap_or_default()))
}

/// The number of statuses that are reaped before handles and programs are judged.
const KNOWN: usize = 12;

/// Checks that the wait calls of the wardens' system report known statuses correctly: judging handles and programs
/// relies on it.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_wait(link: &mut Link) -> Result<(), RunError> {
    let reply = link.ask_warden(&Request::Statuses {}, START).map_err(|e| RunError::Broken(describe(&e)))?;
    compare_statuses(&reply).map_err(|why| {
        RunError::Broken(format!(
            "handles and programs can be judged only where the wait calls are right, and here they are not: {why}; run the calls first"
        ))
    })
}

/// Compares the statuses that the warden's children produced, as `DONE:REPORTED`.
fn compare_statuses(reply: &Line) -> Result<(), String> {
    let pairs = reply.list("statuses");
    match pairs.iter().find(|pair| pair.split_once(':').is_none_or(|(made, reported)| made != reported)) {
        Some(pair) => Err(format!("a status is reported as a different one ({pair})")),
        None if pairs.len() != KNOWN => Err(format!("{} of {KNOWN} statuses were reaped", pairs.len())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_is_wrong_is_found() {
        let reply = |pairs: Vec<String>| Line::new("ok").with_list("statuses", pairs);
        let right: Vec<String> = (0..12).map(|n| format!("{:#x}:{:#x}", n << 8, n << 8)).collect();
        assert_eq!(compare_statuses(&reply(right.clone())), Ok(()));
        assert!(compare_statuses(&reply(right[..11].to_vec())).is_err());
        for wrong in ["0x700:0x7", "0x9:", "0x9:ECHILD", "0x9"] {
            let mut pairs = right.clone();
            pairs[3] = wrong.to_owned();
            assert!(compare_statuses(&reply(pairs)).unwrap_err().contains(wrong));
        }
    }
}
