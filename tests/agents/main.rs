//! Agents: the replies of the built-in one; `agent check` passes correct agents and finds the fault of each faulty one; and the
//! result of a run with each of these.
//!
//! This program is its own child program (`agents child ...`) and its own built-in agent (`agents agent SUBJECT`).

mod built_in;
mod faults;
#[cfg(feature = "cli")]
mod faulty;
#[cfg(feature = "cli")]
mod forwarded;
mod handles;
mod languages;
#[path = "../common/poll.rs"]
mod poll;
mod python;
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "what may be missing is asked for on Linux alone")
)]
#[path = "../common/skip.rs"]
mod skip;
mod talk;
mod unpromised;

use std::os::fd::AsFd;
use std::process::ExitCode;

use faults::{FAULTS, Fault};
use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{Resource, Rlimit};
use waitspec::agent::check::{CheckReport, check};
use waitspec::agent::serve;
use waitspec::scenario::{ChildOptions, child};
use waitspec::subject::{self, NotOffered, Subject};
use waitspec::sys::call::abi::{Call, Observation, Request};

/// Longer deadlines for busy machines; no test uses them up.
const SCALE: f64 = 12.0;
/// For agents that never reply or never exit.
const SHORT: f64 = 0.2;

fn own_program() -> String {
    std::env::current_exe().expect("the running program").to_string_lossy().into_owned()
}

fn fixture(path: &str) -> String {
    format!("{}/fixtures/agents/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn checked(argv: &[String], scale: f64) -> CheckReport {
    check(argv, &[own_program(), "child".to_owned()], scale)
}

fn passes(argv: &[String]) -> Result<(), Failed> {
    let report = checked(argv, SCALE);
    if report.passed() && !report.calls.is_empty() { Ok(()) } else { Err(format!("{report:#?}").into()) }
}

/// The first finding is the fault; all others follow from it.
fn is_told(fault: &Fault) -> Result<(), Failed> {
    let argv =
        ["python3".to_owned(), fixture("faulty/agent.py"), fault.name.to_owned(), "no-warden".to_owned()];
    let Some((rule, message)) = fault.check else { return passes(&argv) };
    let scale = match rule {
        "answer" => SHORT,
        // What never comes is waited for; an agent that gets no CPU time has longer anyway.
        "signals" | "pidfd" => 1.0,
        // It must answer in time before it stays open for that time.
        _ if message.contains("stayed open") => 1.0,
        _ => SCALE,
    };
    let report = checked(&argv, scale);
    let named = report.findings.first().is_some_and(|f| f.rule == rule && f.message.contains(message));
    let one_rule = report.findings.iter().all(|f| f.rule == rule && !f.message.contains('\n'));
    if named && one_rule { Ok(()) } else { Err(format!("expected {rule}: {message}\n{report:#?}").into()) }
}

fn subjects() -> Vec<Box<dyn Subject>> {
    vec![
        Box::new(subject::libc::Libc),
        Box::new(subject::rustix::Rustix),
        Box::new(subject::waitspec::Waitspec),
        #[cfg(target_os = "linux")]
        Box::new(subject::syscall::Syscall),
    ]
}

/// A subject whose calls panic.
struct Panics;

impl Subject for Panics {
    fn name(&self) -> String {
        "panics".to_owned()
    }

    fn calls(&self) -> Vec<Call> {
        Call::ALL.to_vec()
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        // Prevent a core file of this process.
        rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
            .expect("lower");
        panic!("asked for {request:?}")
    }
}

/// Runs a command as the first process of a PID namespace.
#[cfg(feature = "cli")]
const NAMESPACE: [&str; 4] = ["unshare", "--pid", "--fork", "--mount-proc"];

/// Whether a program is in `PATH`.
fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|p| p.join(program).exists()))
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("child") => child::main_from_args(&args[1..]),
        Some("agent") => {
            if args.get(1).is_some_and(|name| name == "handle:waitspec") {
                let options = ChildOptions { agent: args.get(1).cloned(), ..ChildOptions::default() };
                std::process::exit(waitspec::agent::program::run(options, waitspec::mutants::registry));
            }
            if let Some(name) = args.get(1).and_then(|name| name.strip_prefix(unpromised::PREFIX)) {
                unpromised::serve(name);
            }
            let mut known = subjects().into_iter().chain([Box::new(Panics) as Box<dyn Subject>]);
            let subject = known.find(|s| Some(&s.name()) == args.get(1)).expect("a subject");
            let [input, output] = [rustix::stdio::stdin().as_fd(), rustix::stdio::stdout().as_fd()]
                .map(|fd| fd.try_clone_to_owned());
            serve(Box::leak(subject), input.expect("standard input"), output.expect("standard output"))
        }
        _ => {}
    }
    let mut trials = Vec::new();
    for subject in subjects() {
        let argv = [own_program(), "agent".to_owned(), subject.name()];
        trials.push(Trial::test(format!("the built-in agent of {}", subject.name()), move || passes(&argv)));
    }
    for &(name, test) in built_in::TESTS {
        trials.push(Trial::test(format!("built-in: {name}"), move || {
            test();
            Ok(())
        }));
    }
    // CI sets this where everything is installed: a missing program then fails the test.
    let no_skips = skip::are_failures();
    let has = |tool| no_skips || has(tool);
    let perl = ["perl".to_owned(), fixture("perl/agent.pl")];
    trials.push(Trial::test("the agent in Perl", move || passes(&perl)).with_ignored_flag(!has("perl")));
    let python = ["python3".to_owned(), fixture("python/agent.py")];
    let ignored = !has("python3");
    trials.push(Trial::test("the agent in Python", move || passes(&python)).with_ignored_flag(ignored));
    let requests = || {
        python::requests();
        Ok(())
    };
    trials.push(Trial::test("the agent in Python, request by request", requests).with_ignored_flag(ignored));
    #[cfg(target_os = "linux")]
    {
        let disk = || {
            python::uninterruptible_sleep();
            Ok(())
        };
        trials.push(
            Trial::test("waiting for a disk is not sleeping in a call", disk).with_ignored_flag(ignored),
        );
    }
    trials.extend(languages::trials());
    trials.extend(handles::trials(ignored));
    #[cfg(feature = "cli")]
    {
        trials.extend(unpromised::trials());
        trials.push(Trial::test("what an agent says is forwarded as it came", forwarded::as_it_came));
    }
    for fault in FAULTS {
        let name = format!("faulty: {}", fault.name);
        trials.push(Trial::test(name, move || is_told(fault)).with_ignored_flag(ignored));
        #[cfg(feature = "cli")]
        {
            let name = format!("a run: {}", fault.name);
            trials.push(Trial::test(name, move || faulty::runs(fault)).with_ignored_flag(ignored));
        }
    }
    trials.push(Trial::test("a command that does not exist", || {
        let report = checked(&["/nonexistent/agent".to_owned()], SCALE);
        let messages: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        let expected = "end: after startup, the agent exited 127 instead of answering";
        if messages == [expected] { Ok(()) } else { Err(format!("{messages:#?}").into()) }
    }));
    #[cfg(feature = "cli")]
    trials.push(
        Trial::test("a process group outside the PID namespace is nobody's", || {
            let agent = format!("python3 {} pid-of-another no-warden", fixture("faulty/agent.py"));
            let mut check = std::process::Command::new(NAMESPACE[0]);
            check.args(&NAMESPACE[1..]).args([env!("CARGO_BIN_EXE_waitspec"), "agent", "check"]);
            let output = check.arg(agent).output()?;
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            if said.contains("expected ret=") && !said.contains("panicked") {
                Ok(())
            } else {
                Err(said.into())
            }
        })
        .with_ignored_flag(
            ignored || !(no_skips || faulty::tools::works(&[&NAMESPACE[..], &["true"]].concat())),
        ),
    );
    let mut arguments = Arguments::from_args();
    // Most of their time, tests of faulty agents wait for a deadline.
    arguments.test_threads.get_or_insert(4);
    libtest_mimic::run(&arguments, trials).exit_code()
}
