//! Every trial as a test under `cargo test` and nextest, for this crate and for any other (feature `testing`).
//!
//! A crate with its own wait functions implements [`Subject`] and calls [`main`] in a test with `harness = false`:
//!
//! ```toml
//! [dev-dependencies]
//! waitspec = { version = "0.1", default-features = false, features = ["testing"] }
//!
//! [[test]]
//! name = "conformance"
//! harness = false
//! ```
//!
//! ```no_run
//! // tests/conformance.rs
//! use waitspec::subject::{Call, NotOffered, Observation, Request, Subject};
//!
//! struct Mine;
//!
//! impl Subject for Mine {
//!     fn name(&self) -> String {
//!         "mine".to_owned()
//!     }
//!
//!     fn calls(&self) -> Vec<Call> {
//!         vec![Call::Waitpid, Call::Wait4]
//!     }
//!
//!     fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
//!         // Call the crate's function here, and return what it returned.
//!         # let _ = request;
//!         Err(NotOffered("no name for one of the options"))
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     waitspec::testing::main([Box::new(Mine) as Box<dyn Subject>])
//! }
//! ```
//!
//! Each test is named `subject::case@call`, e.g. `mine::nohang.running-child@wait4`. A trial that passes, deviates in a
//! known way, or only records something is a passing test; a skipped one is *ignored*, with the reason; fail, hang,
//! crash, leak and broken are failures, with the report that `waitspec run` would print.
//!
//! Listing starts no processes. A run has one warden per test thread, but no more than it has tests.

use crate::catalogue;
use crate::report::human::{failure, lines::WIDTH};
use crate::runner::event::{SubjectInfo, TrialReport, Verdict};
use crate::runner::plan::{self, Planned};
use crate::runner::pool::Pool;
use crate::runner::run::Session;
use crate::runner::settings::RunError;
use crate::scenario::ChildOptions;
use crate::sorted::sort;
use crate::subject::{Registry, Subject};
use crate::warden::program;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

pub use crate::runner::settings::Settings;
pub use crate::spec::Profile;

/// The `main` function of a test that judges the given subjects.
///
/// Must be called while the process is single-threaded. Returns the exit code of a test program or, if no trial could
/// run, that of `waitspec run`.
pub fn main(subjects: impl IntoIterator<Item = Box<dyn Subject>>) -> ExitCode {
    main_with(&Settings::default(), subjects)
}

/// [`main`] with settings: a profile, deadlines, a selection, subjects by name (none: all of those passed).
///
/// The command line of the test program selects the trials, threads and repetitions: `jobs` and `repeat` are ignored.
/// `Settings::subjects` may also name built-in subjects (`libc`) and mutants (`mutant:NAME`). Subjects that are commands
/// (`agent:CMD`) are not supported, since their calls are unknown before they run.
///
/// ```no_run
/// # use waitspec::subject::Subject;
/// # fn subjects() -> Vec<Box<dyn Subject>> { Vec::new() }
/// fn main() -> std::process::ExitCode {
///     let mut settings = waitspec::testing::Settings::default();
///     settings.timeout_scale = 4.0;
///     waitspec::testing::main_with(&settings, subjects())
/// }
/// ```
pub fn main_with(settings: &Settings, subjects: impl IntoIterator<Item = Box<dyn Subject>>) -> ExitCode {
    let mut registry = crate::mutants::registry();
    let mut settings = settings.clone();
    let named = !settings.subjects.is_empty();
    for subject in subjects {
        if !named {
            settings.subjects.push(subject.name());
        }
        registry.add(subject);
    }
    judge(&settings, &registry)
}

/// [`main`] for the subjects of a registry.
#[cfg(feature = "internals")]
#[doc(hidden)]
pub fn main_of(settings: &Settings, registry: &Registry) -> ExitCode {
    judge(settings, registry)
}

fn judge(settings: &Settings, registry: &Registry) -> ExitCode {
    become_child();
    let arguments = Arguments::from_args();
    match run(&arguments, settings, registry) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// Children are exec'ed as `PROGRAM child ...`, where PROGRAM is this test program.
///
/// A test filter `child` looks similar; the words after it tell them apart.
fn become_child() {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    if let [_, verb, rest @ ..] = words.as_slice()
        && verb == "child"
        && !rest.is_empty()
        && let Ok(options) = ChildOptions::from_args(rest)
    {
        std::process::exit(program::run(options, crate::mutants::registry));
    }
}

fn run(arguments: &Arguments, settings: &Settings, registry: &Registry) -> Result<ExitCode, RunError> {
    let names: Vec<String> = match settings.subjects.as_slice() {
        [] => registry.names().map(str::to_owned).collect(),
        given => given.to_vec(),
    };
    let subjects = names.iter().map(|name| described(name, registry)).collect::<Result<Vec<_>, _>>()?;
    let cases: Vec<_> = catalogue::cases().collect();
    let planned = plan::plan(&cases, &subjects, &[], settings)?;

    let stage: Arc<OnceLock<Pool>> = Arc::default();
    let trace = settings.trace;
    let tests: Vec<Trial> = planned
        .iter()
        .map(|&trial| {
            let (stage, subject) = (stage.clone(), names[trial.subject].clone());
            let name = name_of(&subject, &trial);
            Trial::ignorable_test(name.clone(), move || {
                let pool = stage.get().ok_or("the wardens were not started")?;
                judged(&pool.run(&subject, trial.case, trial.variant), &name, trace)
            })
        })
        .collect();

    let runs = |test: &Trial| !arguments.is_filtered_out(test) && !arguments.is_ignored(test);
    let mut wanted: Vec<usize> =
        tests.iter().zip(&planned).filter(|(test, _)| runs(test)).map(|(_, trial)| trial.subject).collect();
    if !arguments.list && !wanted.is_empty() {
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = arguments.test_threads.unwrap_or_else(processors);
        let jobs = Some(threads.min(wanted.len()));
        sort(&mut wanted);
        wanted.dedup();
        // Only these subjects are started, to identify them.
        let subjects = wanted.into_iter().map(|index| names[index].clone()).collect();
        let settings = Settings { subjects, jobs, ..settings.of_every_trial() };
        let _ = stage.set(Pool::new(Session::start(&settings, registry)?));
    }
    let conclusion = libtest_mimic::run(arguments, tests);
    if let Some(pool) = Arc::into_inner(stage).and_then(OnceLock::into_inner) {
        pool.end();
    }
    Ok(conclusion.exit_code())
}

/// What planning needs to know about a subject, without starting its agent.
fn described(name: &str, registry: &Registry) -> Result<SubjectInfo, RunError> {
    let subject = registry.get(name).ok_or_else(|| {
        let known: Vec<&str> = registry.names().collect();
        RunError::Usage(format!("unknown subject '{name}'; a test can host {}", known.join(", ")))
    })?;
    Ok(SubjectInfo {
        spec: name.to_owned(),
        os: std::env::consts::OS.to_owned(),
        calls: subject.calls().into_iter().map(|call| call.name().to_owned()).collect(),
        ..SubjectInfo::default()
    })
}

/// `subject::case@call`.
fn name_of(subject: &str, trial: &Planned) -> String {
    format!("{subject}::{}", trial.id())
}

/// ` --test NAME`: the test target of this program, from its file name `NAME-HASH`.
fn target() -> String {
    let program = std::env::args_os().next().map(std::path::PathBuf::from);
    let name =
        program.as_deref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
    target_of(&name.unwrap_or_default())
}

fn target_of(file: &str) -> String {
    let is_hash = |hash: &str| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    match file.rsplit_once('-') {
        Some((name, hash)) if is_hash(hash) => format!(" --test {name}"),
        _ => String::new(),
    }
}

fn judged(report: &TrialReport, name: &str, trace: bool) -> Result<Completion, Failed> {
    match &report.verdict {
        Verdict::Skip(reason) => Ok(Completion::ignored_with(reason)),
        verdict if verdict.is_bad() || matches!(verdict, Verdict::Broken(_)) => {
            let again = format!("cargo test{} -- --exact '{name}'", target());
            let text = failure::text_with(report, &again, trace, WIDTH);
            Err(anstream::adapter::strip_str(&text).to_string().into())
        }
        _ => Ok(Completion::Completed),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_test_target_is_derived_from_its_file_name() {
        assert_eq!(super::target_of("conformance-0123456789abcdef"), " --test conformance");
        assert_eq!(super::target_of("my-tests-0123456789abcdef"), " --test my-tests");
        assert_eq!(super::target_of("conformance"), "");
    }
}
