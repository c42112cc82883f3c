//! Handle agents: Python's conform and get the known verdicts; `agent check` detects each faulty one, and a run with it ends soon,
//! with a clear verdict, and leaves nothing behind.

use libtest_mimic::{Failed, Trial};

/// A module of Python that starts processes.
#[cfg_attr(not(feature = "cli"), allow(dead_code))]
struct Module {
    name: &'static str,
    /// The cases that show the promises it breaks (`docs/findings`), each with its verdict and its clause.
    fails: &'static str,
    /// Cases that fail if the scheduler has it so.
    may_fail: &'static [&'static str],
}

/// If other code reaps the child during a wait, either may be first.
const EITHER_REAPS: &[&str] = &["handle-invented.stolen-during-wait"];

const PYTHON: [Module; 3] = [
    Module {
        name: "subprocess",
        fails: include_str!("../../peers/handles/expected/python-subprocess/3.11.7.txt"),
        may_fail: EITHER_REAPS,
    },
    Module {
        name: "multiprocessing",
        fails: include_str!("../../peers/handles/expected/python-multiprocessing/3.11.7.txt"),
        may_fail: EITHER_REAPS,
    },
    Module {
        name: "asyncio",
        fails: include_str!("../../peers/handles/expected/python-asyncio/3.11.7.txt"),
        // Its thread and the poll before a signal race to reap.
        may_fail: &["handle-kill.before-wait"],
    },
];

fn python(library: &str) -> String {
    format!("{}/peers/handles/python/{library}_agent.py", env!("CARGO_MANIFEST_DIR"))
}

/// A fault of `fixtures/agents/faulty/handle.py`: the rule that `agent check` names and part of its message, if it detects the
/// fault; the verdicts of [`CASES`], or part of the reason why there is no run; the exit code of a run.
struct Fault(&'static str, Option<(&'static str, &'static str)>, &'static str, i32);

/// The cases that each is run with.
#[cfg(feature = "cli")]
const CASES: [&str; 3] =
    ["handle-wait.until-exit@negative", "handle-wait.after-exit@negative", "handle-kill.delivers@negative"];

#[rustfmt::skip]
const FAULTS: &[Fault] = &[
    Fault("always-zero", Some(("result", "got `ok id=4 code=0`: expected `ok code=7`")), "fail fail fail", 1),
    Fault("shell-codes", Some(("result", "code=143`: expected `ok code=-15`, the result in form=negative")), "pass pass fail", 1),
    Fault("exited-at-once", Some(("result", "expected `ok running=yes`")), "pass pass pass", 0),
    Fault("unknown-form", Some(("hello", "expected form= to be one of code, code-or-signal")), "has 'minus' in 'form='", 5),
    Fault("unknown-ability", Some(("hello", "expected can= to be one of poll, timeout")), "has 'fly' in 'can='", 5),
    Fault("unknown-promise", Some(("hello", "there is no promise 'happiness'")), "in 'promises='", 5),
    Fault("promise-without-source", Some(("hello", "where a source has an address and a version")), "in 'promises='", 5),
    Fault("promise-without-version", Some(("hello", "where a source has an address and a version")), "in 'promises='", 5),
    Fault("no-running", Some(("result", "got `ok id=7`: expected `ok running=yes`")), "pass pass pass", 0),
    Fault("stray-id", Some(("id", "a reply carries the id of its request, 1")), "nothing was asked with that id", 5),
    Fault("answers-twice", Some(("id", "a reply carries the id of its request, 2")), "nothing was asked with that id", 5),
    Fault("answers-after-bye", Some(("bye", "after the answer to `bye`, got `ok id=4711")), "pass pass pass", 0),
    Fault("half-a-line", Some(("line", "the output ended in the middle of a line: `ok id=2`")), "broken broken broken", 5),
    Fault("gigabyte", Some(("line", "a line of more than 65536 bytes")), "broken broken broken", 5),
    Fault("nul", Some(("line", "got `ok id=\\x00`")), "is not percent-encoded", 5),
    Fault("exits-after-hello", Some(("end", "the agent exited 3 instead of answering")), "the agent died between two calls", 3),
    Fault("killed-after-hello", Some(("end", "the agent was killed by SIGKILL instead of answering")), "the agent died between two calls", 3),
    Fault("forks-before-hello", Some(("bye", "its output stayed open")), "pass pass pass", 0),
    Fault("ignores-sigterm", None, "pass pass pass", 0),
    Fault("stops-in-a-wait", Some(("answer", "nothing came within")), "broken hang hang", 1),
    Fault("announced", Some(("entering", "expected one before a call, and none elsewhere")), "broken broken broken", 5),
    Fault("kill-refused", Some(("can", "the hello says can=kill")), "pass pass skip", 0),
    Fault("pid-of-itself", Some(("spawn", "N the pid of a child")), "it says pid", 5),
    Fault("never-waits", Some(("answer", "nothing came within")), "hang hang hang", 1),
    Fault("one-at-a-time", Some(("answer", "nothing came within")), "broken pass pass", 3),
    Fault("never-spawns", Some(("answer", "nothing came within")), "reply to spawn did not come in time", 3),
    Fault("refuses-to-spawn", Some(("spawn", "got `err id=3 errno=EPERM`")), "cannot spawn a child: EPERM", 3),
    Fault("floods", Some(("handle", "no spawn had that id")), "broken broken broken", 5),
    Fault("closes-output", Some(("end", "the agent closed its standard output")), "broken broken broken", 5),
    Fault("shares-its-streams", Some(("line", "got `this is not for the driver`")), "pass pass pass", 0),
    Fault("no-environment", None, "pass pass pass", 0),
    Fault("exits-in-a-wait", Some(("end", "the agent exited 3")), "crash crash crash", 1),
    Fault("killed-in-a-wait", Some(("end", "the agent was killed by SIGKILL")), "crash crash crash", 1),
    Fault("always-zero promises-nothing", Some(("result", "got `ok id=4 code=0`: expected `ok code=7`")), "recorded recorded recorded", 0),
    Fault("never-waits promises-nothing", Some(("answer", "nothing came within")), "recorded recorded recorded", 0),
    // Whether it would have answered cannot be known.
    Fault("exits-in-a-wait promises-nothing", Some(("end", "the agent exited 3")), "broken broken broken", 3),
    Fault("killed-in-a-wait promises-nothing", Some(("end", "the agent was killed by SIGKILL")), "broken broken broken", 3),
    Fault("kills-children", Some(("result", "code=-9`: expected `ok running=yes`")), "pass pass pass", 0),
];

fn is_told(fault: &Fault) -> Result<(), Failed> {
    let argv = ["python3".to_owned(), super::fixture("faulty/handle.py"), fault.0.to_owned()];
    let scale = match fault.1 {
        Some(("answer", _)) => super::SHORT,
        // Whether it survives is seen only at the deadline.
        _ if fault.0 == "closes-output" => 1.0,
        _ => super::SCALE,
    };
    let report = super::checked(&argv, scale);
    let right = match fault.1 {
        None => report.passed(),
        Some((rule, message)) => {
            report.findings.first().is_some_and(|f| f.rule == rule && f.message.contains(message))
        }
    };
    if right { Ok(()) } else { Err(format!("expected {:?}\n{report:#?}", fault.1).into()) }
}

#[cfg(feature = "cli")]
mod runs {
    use super::super::faulty::run;
    use super::{CASES, Failed, Fault, Module};

    /// Runs the cases with a faulty agent; `finish` checks what is left.
    pub fn faulty(fault: &Fault) -> Result<(), Failed> {
        let subject = format!("--subject=agent:python3 {} {}", crate::fixture("faulty/handle.py"), fault.0);
        let late = fault.1.is_some_and(|(rule, _)| rule == "answer");
        let scale = format!("--timeout-scale={}", if late { "0.6" } else { "1" });
        let options = ["--jobs=1", "--format=json", &scale, &subject];
        let ended = run::run(&[&CASES[..], &options].concat()).finish();
        let trials = ended.trials();
        let of = |case: &&str| trials.iter().find(|t| t.id == **case).map_or("none", |t| &t.verdict);
        let got = CASES.iter().map(of).collect::<Vec<_>>().join(" ");
        let told = got == fault.2 || (trials.is_empty() && ended.err.contains(fault.2));
        // Every failure names the text that promised otherwise.
        let with_source = |record: &&serde_json::Value| {
            let notes = record["notes"].as_array().into_iter().flatten().filter_map(|note| note.as_str());
            notes.into_iter().any(|note| note.contains(" is promised by https://docs.python.org/3/library/"))
        };
        let bad = |record: &&serde_json::Value| record["failed_clause"].is_string();
        let told = told && ended.report().iter().filter(bad).all(|record| with_source(&record));
        if told && ended.code == Some(fault.3) && ended.files.is_empty() {
            return Ok(());
        }
        Err(format!("expected {} and exit code {}; got {got}\n{ended:#?}", fault.2, fault.3).into())
    }

    /// Runs every case with an agent for Python: all failures are known.
    pub fn python(module: &Module) -> Result<(), Failed> {
        let subject = format!("--subject=agent:python3 {}", super::python(module.name));
        let ended = run::run(&["--format=json", &subject]).finish();
        let bad: Vec<String> = ended
            .trials()
            .iter()
            .filter(|t| !["pass", "recorded", "skip"].contains(&t.verdict.as_str()))
            .map(|t| t.id.replace("@negative", ""))
            .filter(|id| !module.may_fail.contains(&id.as_str()))
            .collect();
        let judged = ended.trials().iter().filter(|t| t.verdict == "pass").count();
        let mut sorted = bad.clone();
        sorted.sort_unstable();
        let mut known: Vec<&str> = module.fails.lines().filter_map(|line| line.split(' ').next()).collect();
        known.sort_unstable();
        if sorted == known && judged >= 12 { Ok(()) } else { Err(format!("{bad:?}\n{ended:#?}").into()) }
    }
}

/// The tests, ignored by name if there is no Python.
pub fn trials(ignored: bool) -> Vec<Trial> {
    let mut trials = Vec::new();
    let own = [super::own_program(), "agent".to_owned(), "handle:waitspec".to_owned()];
    trials.push(Trial::test("the built-in agent of handle:waitspec", move || conforms(&own)));
    for module in &PYTHON {
        let argv = ["python3".to_owned(), python(module.name)];
        let name = format!("the handle agent of Python's {}", module.name);
        trials.push(Trial::test(name, move || conforms(&argv)).with_ignored_flag(ignored));
        #[cfg(feature = "cli")]
        {
            let name = format!("a run: Python's {}", module.name);
            trials.push(Trial::test(name, || runs::python(module)).with_ignored_flag(ignored));
        }
    }
    for fault in FAULTS {
        let name = format!("faulty handles: {}", fault.0);
        trials.push(Trial::test(name, move || is_told(fault)).with_ignored_flag(ignored));
        #[cfg(feature = "cli")]
        {
            let name = format!("a run: handles: {}", fault.0);
            trials.push(Trial::test(name, move || runs::faulty(fault)).with_ignored_flag(ignored));
        }
    }
    trials
}

fn conforms(argv: &[String]) -> Result<(), Failed> {
    let report = super::checked(argv, super::SCALE);
    if report.passed() && report.handles.is_some() { Ok(()) } else { Err(format!("{report:#?}").into()) }
}
