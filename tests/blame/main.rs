//! The subject is blamed for its own faults only, and these are attributed to the clause that they violate.
//!
//! Forks its wardens from its one thread, so it has no harness of its own.

#[path = "../common/skip.rs"]
mod skip;
mod subjects;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../environments/tools.rs"]
mod tools;

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::{Arc, OnceLock};
use waitspec::catalogue;
use waitspec::runner::event::{TrialReport, Verdict};
use waitspec::runner::pool::Pool;
use waitspec::runner::run::Session;
use waitspec::runner::settings::Settings;
use waitspec::sys::call::abi::Call;

/// A subject, a trial, and its expected outcome.
struct Row {
    subject: &'static str,
    case: &'static str,
    call: Call,
    /// The verdict, and part of its reason or the clause that fails.
    verdict: &'static str,
    about: &'static str,
}

const fn row(
    subject: &'static str,
    case: &'static str,
    call: Call,
    verdict: &'static str,
    about: &'static str,
) -> Row {
    Row { subject, case, call, verdict, about }
}

const ROWS: &[Row] = &[
    // A failed step is the child's own failure, reported with its errno.
    row(
        "forbidden-step",
        "exit-code.one-child",
        Call::Wait4,
        "skip",
        "a child cannot perform setpgid here: EPERM",
    ),
    row(
        "forbidden-step",
        "exit-code.one-child",
        Call::Waitid,
        "skip",
        "a child cannot perform setpgid here: EPERM",
    ),
    row(
        "wrong-step",
        "exit-code.one-child",
        Call::Wait4,
        "broken",
        "a child cannot perform setpgid here: EINVAL",
    ),
    row("forbidden-step", "signal-death.real-time", Call::Wait4, "skip", "no clause of this profile"),
    // Failures of two children among many, noticed before their messages.
    row("two-wrong-steps", "signal-death.real-time", Call::Wait4, "pass", ""),
    // So is a program that cannot be executed, or runs as something else.
    row("no-program", "exit-code.one-child", Call::Wait4, "broken", "A exited with 127"),
    row("foreign-program", "exit-code.one-child", Call::Waitpid, "broken", "A exited with 2"),
    row("unknown-step", "exit-code.one-child", Call::Wait4, "broken", "unknown step or scenario 'leap'"),
    row("lost-connection", "exit-code.one-child", Call::Wait4, "broken", "A exited with 71"),
    // The subject's word alone does not count.
    row("says-64", "exit-code.one-child", Call::Wait4, "fail", "posix/waitpid/exit-code"),
    row("says-70", "exit-code.one-child", Call::Waitpid, "fail", "posix/waitpid/exit-code"),
    row("says-71", "exit-code.one-child", Call::Waitid, "fail", "posix/waitid/exited"),
    row("says-127", "exit-code.one-child", Call::Wait4, "fail", "posix/waitpid/exit-code"),
    row("says-1", "exit-code.one-child", Call::Waitpid, "fail", "posix/waitpid/exit-code"),
    // A call that keeps sleeping violates the clause about when it returns, not the one about the value.
    row("sleeps", "exit-code.one-child", Call::Wait4, "hang", "posix/waitpid/blocks-until-change"),
    row("sleeps", "exit-code.one-child", Call::Waitid, "hang", "posix/waitid/blocks-until-event"),
    row("sleeps", "errors.no-children", Call::Wait4, "hang", "posix/waitpid/echild"),
    // Something that a subject lacks altogether is a single failure.
    row("no-waitid", "errors.provided", Call::Waitid, "fail", "posix/waitpid/provided"),
    row("no-waitid", "exit-code.one-child", Call::Waitid, "skip", "errors.provided@waitid"),
    row("no-waitid", "nohang.running-child", Call::Waitid, "skip", "there is no waitid: ENOSYS"),
    row("no-continued", "errors.provided", Call::Waitpid, "fail", "posix/waitpid/provided"),
    row(
        "no-continued",
        "stop-continue.continue-once",
        Call::Waitpid,
        "skip",
        "waitpid has no WCONTINUED: EINVAL",
    ),
    row("no-continued", "stop-continue.stop-once", Call::Waitid, "skip", "waitid has no WCONTINUED: EINVAL"),
    // An error that only some of its calls return does not mean a missing option.
    row("einval-once", "nohang.running-child", Call::Waitpid, "fail", "posix/waitpid/nohang-zero"),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let [_, verb, rest @ ..] = words.as_slice()
        && verb == "child"
    {
        waitspec::scenario::child::main_from_args(rest);
    }
    let arguments = Arguments::from_args();
    let mut registry = waitspec::mutants::registry();
    for subject in subjects::all() {
        registry.add(subject);
    }
    let stage: Arc<OnceLock<Pool>> = Arc::default();
    let mut tests: Vec<Trial> = ROWS
        .iter()
        .map(|row| {
            let stage = stage.clone();
            let name = format!("{}: {}@{}", row.subject, row.case, row.call.name());
            Trial::test(name, move || judged(&stage, row))
        })
        .collect();
    let runs = |tests: &[Trial]| tests.iter().any(|test| !arguments.is_filtered_out(test));
    if !arguments.list && runs(&tests) {
        let names = subjects::all().iter().map(|subject| subject.name()).collect();
        let settings = Settings { subjects: names, jobs: Some(2), timeout_scale: 0.5, ..Settings::default() };
        match Session::start(&settings, &registry) {
            Ok(session) => drop(stage.set(Pool::new(session))),
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    tests.push(Trial::test("a stop that does not come is a failure", a_lost_stop));
    tests.push(Trial::test("a waiter that does not stop is a failure", a_lost_stop_of_a_waiter));
    tests.push(Trial::test("a stop that cannot be proved to be lost is broken", an_unproved_stop));
    tests.push(Trial::test("a death that does not come is a failure", a_lost_kill));
    tests.push(Trial::test("last words that are late are heard", last_words_that_are_late));
    tests.push(Trial::test("a stop of the agent's group that does not come is a failure", a_lost_suspension));
    tests.push(Trial::test(
        "a program that executes another one cannot be traced",
        a_program_is_executed_before_the_child,
    ));
    tests.push(Trial::test("a stop that must not come is a failure", a_stop_too_many));
    tests.push(Trial::test("a process that is shown as a zombie and lives is a skip", a_living_zombie));
    tests
        .push(Trial::test("an explored history fails by a lost stop", a_stop_that_is_lost_fails_the_history));
    tests.push(Trial::test("a status of eight bytes is a failure", a_wide_status));
    tests.push(Trial::test("a traced stranger that takes long to exit makes no hang", a_slow_stranger));
    let conclusion = libtest_mimic::run(&arguments, tests);
    if let Some(pool) = Arc::into_inner(stage).and_then(OnceLock::into_inner) {
        pool.end();
    }
    conclusion.exit_code()
}

fn judged(stage: &OnceLock<Pool>, row: &Row) -> Result<(), Failed> {
    let pool = stage.get().ok_or("the wardens were not started")?;
    let case = catalogue::cases().find(|known| known.id == row.case).ok_or("no such case")?;
    let report = pool.run(row.subject, case, row.call);
    let about = match (&report.verdict, &report.failure) {
        (Verdict::Skip(reason) | Verdict::Broken(reason), _) => reason.clone(),
        (_, Some(failure)) => failure.clause.id.to_owned(),
        _ => String::new(),
    };
    if report.verdict.name() == row.verdict && about.contains(row.about) {
        return Ok(());
    }
    Err(told(&report))
}

fn told(report: &TrialReport) -> Failed {
    let failure = report.failure.as_ref().map(|f| (f.clause.id, &f.expected, &f.got));
    format!("{}: {}, {failure:?}\n{}", report.id, report.verdict, report.trace.join("\n")).into()
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_waitspec");

/// The exit code of the program with these arguments, and what it printed.
fn waitspec(arguments: &[&str], preload: Option<&std::path::Path>) -> (Option<i32>, String) {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    if let Some(library) = preload {
        command.env("LD_PRELOAD", library);
    }
    let output = command.output().expect("it starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

fn with_lost_signals(lost: &str, arguments: &[&str], code: i32, says: &[&str]) -> Result<(), Failed> {
    if !tools::works(&["python3", "-c", ""]) {
        skip::skip("no python3");
        return Ok(());
    }
    let relay = tools::file("tests/blame/relay.py");
    let warden = format!("--warden=python3 {} '{PROGRAM} warden' {lost}", relay.display());
    let (ended, said) = waitspec(&[arguments, &["--timeout-scale=0.3", "--jobs=1", &warden]].concat(), None);
    match says.iter().find(|text| !said.contains(**text)) {
        None if ended == Some(code) => Ok(()),
        missing => {
            Err(format!("expected exit code {code}; missing {missing:?}; exit code {ended:?}\n{said}").into())
        }
    }
}

fn a_lost_stop() -> Result<(), Failed> {
    let run = |case| ["run", case, "--subject=libc"];
    let says = ["posix/process/stops", "no signal is pending, and it has done another step"];
    with_lost_signals("SIGSTOP", &run("stop-continue.stop-once@waitpid"), 1, &says)
}

/// The group of the agent is not orphaned: the warden, its parent, leads the session.
fn a_lost_suspension() -> Result<(), Failed> {
    let run = ["run", "stop-continue.stop-replaces-continue@wait4", "--subject=libc"];
    with_lost_signals("SIGTSTP", &run, 1, &["posix/process/stops", "it has done another step"])
}

/// As an emulator's first program does: the child is trapped at each exec, and the case continues it once.
fn a_program_is_executed_before_the_child() -> Result<(), Failed> {
    let child = format!("--child=env {PROGRAM} child");
    let run = ["run", "ptrace-parent.exec-trap@wait4", "--subject=libc", "--timeout-scale=0.3", "-v", &child];
    let (ended, said) = waitspec(&run, None);
    let says = "executes another one, at which it is trapped again";
    if ended == Some(0) && said.contains("1 skip") && said.replace("\n            ", " ").contains(says) {
        return Ok(());
    }
    Err(format!("exit code {ended:?}\n{said}").into())
}

fn an_unproved_stop() -> Result<(), Failed> {
    let run = ["run", "stop-continue.stop-once@waitpid", "--subject=libc"];
    with_lost_signals("SIGSTOP mute", &run, 3, &["A did not become stopped: it is"])
}

/// The child no longer answers, and is not waited for.
fn a_stop_too_many() -> Result<(), Failed> {
    let run = ["run", "stop-continue.orphaned-group@wait4", "--subject=libc"];
    let says = ["posix/status/orphaned-group-no-stop", "expected  A to go on", "got       A is stopped"];
    with_lost_signals("SIGTSTP stop", &run, 1, &says)
}

/// The agent, asleep in the call, cannot say that it still runs; but the call returns.
fn a_lost_stop_of_a_waiter() -> Result<(), Failed> {
    let run = ["run", "interrupted.stopped-waiter@wait4", "--subject=libc"];
    let says = ["posix/process/stops", "agent is asleep, and the call that it was in has returned since"];
    with_lost_signals("SIGSTOP", &run, 1, &says)
}

/// As gVisor's process table shows a process whose initial thread has exited. Once is enough, whatever the subject.
fn a_living_zombie() -> Result<(), Failed> {
    let run = ["run", "threads.stopped-once@waitid", "--subject=libc", "--subject=rustix", "-v"];
    let says = [
        "shows A as a zombie, and it does another step",
        "same missing event as threads.stopped-once@waitid of libc",
    ];
    with_lost_signals("none zombie", &run, 0, &says)
}

/// A plain wait keeps sleeping, and rightly so: the child is alive.
fn a_lost_kill() -> Result<(), Failed> {
    let run = ["run", "signal-death.any-sender@waitpid", "--subject=libc"];
    with_lost_signals("SIGKILL", &run, 1, &["posix/process/terminates"])
}

fn last_words_that_are_late() -> Result<(), Failed> {
    let run = ["run", "examples.basic-wait@wait4", "--subject=libc"];
    with_lost_signals("none late", &run, 0, &["1 pass"])
}

/// The child is told to exit later, so that it has a connection and can answer.
fn a_stop_that_is_lost_fails_the_history() -> Result<(), Failed> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let trace = folder.path().join("lost.trace");
    std::fs::write(&trace, "spawn A\nstop A\nwaitpid(A, WNOHANG|WUNTRACED)\nexit A 7\n")
        .map_err(|error| error.to_string())?;
    let replay = ["replay", &trace.display().to_string(), "--subject=libc"];
    with_lost_signals("SIGSTOP", &replay, 1, &["FAIL", "posix/process/stops"])
}

/// A C library whose waits write eight bytes of status.
const WIDE: &str = "\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/types.h>
#include <sys/resource.h>
static void spill(int *status) { long long wide = *status; if (status) memcpy(status, &wide, sizeof wide); }
pid_t waitpid(pid_t pid, int *status, int options)
{
    pid_t (*real)(pid_t, int *, int) = (pid_t (*)(pid_t, int *, int))dlsym(RTLD_NEXT, \"waitpid\");
    pid_t ret = real(pid, status, options);
    if (ret > 0 && status)
        spill(status);
    return ret;
}
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    pid_t (*real)(pid_t, int *, int, struct rusage *) =
        (pid_t (*)(pid_t, int *, int, struct rusage *))dlsym(RTLD_NEXT, \"wait4\");
    pid_t ret = real(pid, status, options, usage);
    if (ret > 0 && status)
        spill(status);
    return ret;
}
";

/// Compiles a shared library in that directory; `None` if there is no C compiler for one.
fn library(folder: &tempfile::TempDir, text: &str) -> Result<Option<PathBuf>, Failed> {
    let (source, library) = (folder.path().join("library.c"), folder.path().join("library.so"));
    std::fs::write(&source, text)?;
    let [source, built] = [&source, &library].map(|path| path.display().to_string());
    if tools::works(&["cc", "-shared", "-fPIC", "-w", "-o", &built, &source, "-ldl"]) {
        return Ok(Some(library));
    }
    skip::skip("no C compiler for a shared library");
    Ok(None)
}

/// A process that is about to exit and runs for two seconds, as if it had to wait for a CPU.
const SLOW: &str = "\
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
void _exit(int code)
{
    struct timespec began, now;
    clock_gettime(CLOCK_MONOTONIC, &began);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (now.tv_sec - began.tv_sec < 3);
    syscall(SYS_exit_group, code);
    for (;;)
        ;
}
";

/// It is no child of the agent, but the agent's wait is for it.
fn a_slow_stranger() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let Some(library) = library(&folder, SLOW)? else { return Ok(()) };
    let child = format!("--child=env LD_PRELOAD={} {PROGRAM} child", library.display());
    let run = ["run", "ptrace-stranger.stops-and-death@waitid", "--subject=libc", &child];
    let (code, said) = waitspec(&run, None);
    if code == Some(0) { Ok(()) } else { Err(format!("{code:?}\n{said}").into()) }
}

fn a_wide_status() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let Some(library) = library(&folder, WIDE)? else { return Ok(()) };
    let run = ["run", "exit-code", "nohang", "pointers", "--subject=libc", "--subject=waitspec"];
    let (code, said) = waitspec(&run, Some(&library));
    let sound = !said.contains("BROKEN") && said.contains("/no-overrun") && said.contains("FAIL");
    if code == Some(1) && sound { Ok(()) } else { Err(format!("{code:?}\n{said}").into()) }
}
