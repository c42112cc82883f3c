//! Handle agents: those of Python conform and are judged as is known of them; each faulty one is found out by `agent check`, and a
//! run with it ends soon, with a clear verdict, and leaves nothing behind.

use libtest_mimic::{Failed, Trial};

/// The agents of Python, and what its documentation promises and it does not keep (`docs/findings`).
const PYTHON: [(&str, &[&str]); 3] = [
    (
        "subprocess",
        &[
            "handle-invented.ignored-at-start",
            "handle-invented.sigchld-ignored",
            "handle-invented.stolen",
            "handle-invented.stolen-signal",
        ],
    ),
    (
        "multiprocessing",
        &[
            "handle-invented.ignored-at-start",
            "handle-invented.sigchld-ignored",
            "handle-invented.stolen",
            "handle-invented.stolen-signal",
        ],
    ),
    ("asyncio", &["handle-invented.ignored-at-start", "handle-invented.sigchld-ignored"]),
];

fn python(library: &str) -> String {
    format!("{}/peers/handles/python/{library}_agent.py", env!("CARGO_MANIFEST_DIR"))
}

/// A fault of `fixtures/agents/faulty/handle.py`: the rule that `agent check` names and part of its message, if it is to be
/// found; the verdicts of [`CASES`], or part of why there is no run; the exit code of a run.
struct Fault(&'static str, Option<(&'static str, &'static str)>, &'static str, i32);

/// The cases that each is run with.
#[cfg(feature = "cli")]
const CASES: [&str; 3] =
    ["handle-wait.until-exit@negative", "handle-wait.after-exit@negative", "handle-kill.delivers@negative"];

#[rustfmt::skip]
const FAULTS: &[Fault] = &[
    Fault("always-zero", Some(("result", "came `ok id=4 code=0`: expected `ok code=7`")), "fail fail fail", 1),
    Fault("shell-codes", Some(("result", "code=143`: expected `ok code=-15`, as form=negative has it")), "pass pass fail", 1),
    Fault("exited-at-once", Some(("result", "expected `ok running=yes`")), "pass pass pass", 0),
    Fault("unknown-form", Some(("hello", "expected form= to be one of code, code-or-signal")), "has 'minus' in 'form='", 5),
    Fault("unknown-ability", Some(("hello", "expected can= to be one of poll, timeout")), "has 'fly' in 'can='", 5),
    Fault("unknown-promise", Some(("hello", "there is no promise 'happiness'")), "in 'promises='", 5),
    Fault("promise-without-source", Some(("hello", "where a source has an address and a version")), "in 'promises='", 5),
    Fault("promise-without-version", Some(("hello", "where a source has an address and a version")), "in 'promises='", 5),
    Fault("no-running", Some(("result", "came `ok id=7`: expected `ok running=yes`")), "pass pass pass", 0),
    Fault("stray-id", Some(("id", "a reply carries the id of its request, 1")), "nothing was asked with that id", 5),
    Fault("announced", Some(("entering", "expected one before a call, and none elsewhere")), "broken broken broken", 5),
    Fault("kill-refused", Some(("can", "the hello says can=kill")), "pass pass skip", 0),
    Fault("pid-of-itself", Some(("spawn", "N the pid of a child")), "it says pid", 5),
    Fault("never-waits", Some(("answer", "nothing came within")), "hang hang hang", 1),
    Fault("one-at-a-time", Some(("answer", "nothing came within")), "broken pass pass", 3),
    Fault("never-spawns", Some(("answer", "nothing came within")), "reply to spawn did not come in time", 3),
    Fault("refuses-to-spawn", Some(("spawn", "came `err id=3 errno=EPERM`")), "cannot spawn a child: EPERM", 3),
    Fault("floods", Some(("handle", "no spawn had that id")), "broken broken broken", 5),
    Fault("closes-output", Some(("end", "the agent closed its standard output")), "broken broken broken", 5),
    Fault("shares-its-streams", Some(("line", "came `this is not for the driver`")), "pass pass pass", 0),
    Fault("no-environment", None, "pass pass pass", 0),
    Fault("exits-in-a-wait", Some(("end", "the agent exited 3")), "crash crash crash", 1),
    Fault("killed-in-a-wait", Some(("end", "the agent was killed by SIGKILL")), "crash crash crash", 1),
    Fault("always-zero promises-nothing", Some(("result", "came `ok id=4 code=0`: expected `ok code=7`")), "recorded recorded recorded", 0),
    Fault("never-waits promises-nothing", Some(("answer", "nothing came within")), "recorded recorded recorded", 0),
    // Whether it would have answered nobody can say.
    Fault("exits-in-a-wait promises-nothing", Some(("end", "the agent exited 3")), "broken broken broken", 3),
    Fault("killed-in-a-wait promises-nothing", Some(("end", "the agent was killed by SIGKILL")), "broken broken broken", 3),
    Fault("kills-children", Some(("result", "code=-9`: expected `ok running=yes`")), "pass pass pass", 0),
];

fn is_told(fault: &Fault) -> Result<(), Failed> {
    let argv = ["python3".to_owned(), super::fixture("faulty/handle.py"), fault.0.to_owned()];
    let scale = match fault.1 {
        Some(("answer", _)) => super::SHORT,
        // Whether it lives on is seen only at the deadline.
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
    use super::{CASES, Failed, Fault};

    /// Runs the cases with a faulty agent; `finish` checks what is left.
    pub fn faulty(fault: &Fault) -> Result<(), Failed> {
        let subject = format!("--subject=agent:python3 {} {}", crate::fixture("faulty/handle.py"), fault.0);
        let late = fault.1.is_some_and(|(rule, _)| rule == "answer");
        let scale = format!("--timeout-scale={}", if late { "0.3" } else { "1" });
        let options = ["--jobs=1", "--format=json", &scale, &subject];
        let ended = run::run(&[&CASES[..], &options].concat()).finish();
        let trials = ended.trials();
        let of = |case: &&str| trials.iter().find(|t| t.id == **case).map_or("none", |t| &t.verdict);
        let got = CASES.iter().map(of).collect::<Vec<_>>().join(" ");
        let told = got == fault.2 || (trials.is_empty() && ended.err.contains(fault.2));
        // Whatever fails names the text that promised otherwise.
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

    /// Runs every case with an agent of Python: all that fails is known.
    pub fn python(library: &str, known: &[&str]) -> Result<(), Failed> {
        let subject = format!("--subject=agent:python3 {}", super::python(library));
        let ended = run::run(&["--format=json", &subject]).finish();
        let bad: Vec<String> = ended
            .trials()
            .iter()
            .filter(|t| !["pass", "recorded", "skip"].contains(&t.verdict.as_str()))
            .map(|t| t.id.replace("@negative", ""))
            .collect();
        let judged = ended.trials().iter().filter(|t| t.verdict == "pass").count();
        let mut known: Vec<&str> = known.to_vec();
        known.sort_unstable();
        let mut sorted = bad.clone();
        sorted.sort_unstable();
        if sorted == known && judged >= 12 { Ok(()) } else { Err(format!("{bad:?}\n{ended:#?}").into()) }
    }
}

/// The tests, ignored by name where there is no Python.
pub fn trials(ignored: bool) -> Vec<Trial> {
    let mut trials = Vec::new();
    let own = [super::own_program(), "agent".to_owned(), "handle:waitspec".to_owned()];
    trials.push(Trial::test("the built-in agent of handle:waitspec", move || conforms(&own)));
    for (library, known) in PYTHON {
        let argv = ["python3".to_owned(), python(library)];
        let name = format!("the handle agent of Python's {library}");
        trials.push(Trial::test(name, move || conforms(&argv)).with_ignored_flag(ignored));
        #[cfg(feature = "cli")]
        {
            let name = format!("a run: Python's {library}");
            trials.push(Trial::test(name, move || runs::python(library, known)).with_ignored_flag(ignored));
        }
        let _ = known;
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
