//! The suite catches what it claims to catch: runs a small cover of the committed kill matrix.
//!
//! Forks its wardens while it has one thread, so it uses no test harness. `waitspec selftest` runs the whole matrix.

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::collections::BTreeSet;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use waitspec::catalogue;
use waitspec::mutants::mutants;
use waitspec::runner::event::{ClauseOutcome, RunEvent, TrialReport, Verdict};
use waitspec::runner::pool::Pool;
use waitspec::runner::run::run_with;
use waitspec::runner::settings::Settings;
use waitspec::selftest::matrix::{Kill, LEAK, Matrix};
use waitspec::selftest::{self, Findings, subject_of};
use waitspec::spec::{Clause, Level, Profile, deviations};
use waitspec::subject::{Call, NotOffered, Observation, Registry, Request, Subject, libc::Libc};

/// How to regenerate the matrix.
const ANEW: &str = "(`waitspec selftest --save fixtures/kill-matrix.json` generates it)";

/// The kill matrix is for Linux: elsewhere other clauses apply.
const HERE: bool = cfg!(target_os = "linux");

/// The number of tests that are not of a mutant.
const OTHER_TESTS: usize = 2;

/// Set for the instance that runs mutants one of which is another subject.
const IMPOSTOR: &str = "WAITSPEC_TESTS_OF_AN_IMPOSTOR";

/// A mutant, and another of the same kind.
const ALIKE: [&str; 2] = ["mutant:returns-one", "mutant:returns-zero"];

/// Shared by the trials: the pool, started before any thread if a trial runs at all, and their results.
struct Shared {
    matrix: &'static Matrix,
    /// The selected kills, out of those of all mutants.
    cover: Vec<Kill<'static>>,
    pool: OnceLock<Pool>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The expectations that trials have been run for, and those that did not fail in any.
    asked: usize,
    unseen: Vec<String>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    // This program is also the child program.
    if let [_, verb, rest @ ..] = words.as_slice()
        && verb == "child"
        && !rest.is_empty()
        && let Ok(options) = waitspec::scenario::ChildOptions::from_args(rest)
    {
        std::process::exit(waitspec::warden::program::run(options, waitspec::mutants::registry));
    }
    if std::env::var_os(IMPOSTOR).is_some() {
        return with_an_impostor();
    }
    let mut arguments = Arguments::from_args();
    let matrix = match Matrix::committed() {
        Ok(matrix) => &*Box::leak(Box::new(matrix)),
        Err(why) => {
            eprintln!("{why}\n{ANEW}");
            return ExitCode::FAILURE;
        }
    };
    let shared =
        Arc::new(Shared { matrix, cover: matrix.cover(), pool: OnceLock::new(), seen: Mutex::default() });
    let names: BTreeSet<String> = shared.cover.iter().map(|kill| kill.mutant.to_owned()).collect();
    let mut tests = vec![Trial::test("the_matrix_is_current", {
        let shared = shared.clone();
        move || is_current(shared.matrix).map_err(|why| Failed::from(format!("{why}\n{ANEW}")))
    })];
    tests.push(Trial::test("mutants_of_one_kind_are_started_once", started_once));
    for name in &names {
        let (shared, name) = (shared.clone(), name.clone());
        tests.push(Trial::ignorable_test(format!("mutant::{name}"), move || match HERE {
            true => dies(&shared, &name),
            false => Ok(Completion::ignored_with("the kill matrix is one of Linux")),
        }));
    }

    let runs = |test: &Trial| !arguments.is_filtered_out(test) && !arguments.is_ignored(test);
    let wanted: Vec<&String> = tests[OTHER_TESTS..]
        .iter()
        .zip(&names)
        .filter(|(test, _)| runs(test))
        .map(|(_, name)| name)
        .collect();
    if HERE && !arguments.list && !wanted.is_empty() {
        // A trial that hangs sleeps through its grace period; other trials use the CPU.
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let jobs = *arguments.test_threads.get_or_insert((4 * cpus).min(32).min(wanted.len()));
        match selftest::start(&hosts(&shared, &wanted), &[], Some(jobs)) {
            Ok(session) => drop(shared.pool.set(Pool::new(session))),
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    let conclusion = libtest_mimic::run(&arguments, tests);
    let Some(shared) = Arc::into_inner(shared) else { return conclusion.exit_code() };
    if let Some(pool) = shared.pool.into_inner() {
        pool.end();
    }
    let seen = shared.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !seen.unseen.is_empty() {
        println!("expectations that no trial failed this time:\n{}", seen.unseen.join("\n"));
    }
    // One alone may depend on a race that only a long run is sure to hit.
    if seen.unseen.len() > 1 + seen.asked / FEW {
        eprintln!("more than {} of {} expectations\n{ANEW}", 1 + seen.asked / FEW, seen.asked);
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

/// Checks that the matrix has the mutants, cases and clauses of this version, and no problems.
fn is_current(matrix: &Matrix) -> Result<(), String> {
    let names: BTreeSet<&str> = mutants().map(|m| m.name).collect();
    let rows: BTreeSet<&str> = matrix.rows.keys().map(String::as_str).collect();
    if names != rows {
        let differ: Vec<_> = names.symmetric_difference(&rows).collect();
        return Err(format!("the kill matrix is of other mutants: {differ:?}"));
    }
    let cites = |id: &str, clause: &str| {
        let case = catalogue::cases().find(|case| case.id == id);
        case.is_some_and(|case| case.clauses.iter().any(|c| c.id == clause))
    };
    let unknown =
        matrix.expectations.iter().flat_map(|(case, clauses)| clauses.iter().map(move |c| (case, c)));
    if let Some((case, clause)) = unknown.into_iter().find(|(case, clause)| !cites(case, clause)) {
        return Err(format!("{case} no longer checks {clause}"));
    }
    let new: Vec<&str> =
        catalogue::cases().map(|case| case.id).filter(|id| !matrix.expectations.contains_key(*id)).collect();
    // Linux 7.1, which is later than the kernel of the matrix.
    let later = |id: &str| id.starts_with("autoreap.");
    let never_run: Vec<&&str> = new.iter().filter(|id| runs_here(id) && !later(id)).collect();
    if !never_run.is_empty() {
        return Err(format!("cases that the kill matrix does not know: {never_run:?}"));
    }
    let faults = Findings::of(matrix, true).faults();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Whether a case passes on the machine where the matrix is generated: the system conforms, and the case needs nothing special.
fn runs_here(id: &str) -> bool {
    let departs = |c: &Clause| {
        deviations::ALL.iter().any(|known| known.profile == Profile::Linux && known.clause.id == c.id)
    };
    let judged = |c: &Clause| c.applies_to(Profile::Linux) && c.level != Level::Implementation && !departs(c);
    let case = catalogue::cases().find(|case| case.id == id);
    case.is_some_and(|case| case.needs.each.is_empty() && case.clauses.iter().any(|c| judged(c)))
}

/// The number of other trials to try if the bug does not show in one.
const OTHERS: usize = 8;

/// One in this many expectations may pass, because its failure depends on a race that only a long run is sure to hit.
const FEW: usize = 50;

/// How often the trials for one kill are tried.
const ROUNDS: usize = 3;

/// The kills that are tried for one of the cover, itself first.
///
/// Whether a bug shows may depend on a race between two processes. In that case, other trials are run that have shown it, or
/// have shown that the expectation can fail.
fn stand_ins<'m>(matrix: &'m Matrix, kill: &Kill<'m>) -> Vec<Kill<'m>> {
    let others = |is: &dyn Fn(&Kill<'_>) -> bool| matrix.kills().filter(is).take(OTHERS).collect::<Vec<_>>();
    let mut all = vec![*kill];
    all.extend(others(&|k| k.mutant == kill.mutant && k.clause == kill.clause));
    all.extend(others(&|k| k.case == kill.case && k.clause == kill.clause));
    all
}

/// The mutants that the trials of these need.
fn hosts(shared: &Shared, wanted: &[&String]) -> Vec<String> {
    let own = shared.cover.iter().filter(|kill| wanted.iter().any(|name| *name == kill.mutant));
    let needed: BTreeSet<&str> =
        own.flat_map(|kill| stand_ins(shared.matrix, kill)).map(|kill| kill.mutant).collect();
    needed.into_iter().map(str::to_owned).collect()
}

/// Whether a trial failed the clause; `None` where this environment does not allow it, which proves nothing.
fn fails(report: &TrialReport, clause: &str) -> Option<bool> {
    match report.verdict {
        Verdict::Skip(_) => None,
        Verdict::Leak => Some(clause == LEAK),
        _ => {
            let failed =
                |(c, outcome): &(&Clause, ClauseOutcome)| *outcome == ClauseOutcome::Fail && c.id == clause;
            Some(report.verdict.is_bad() && report.clauses.iter().any(failed))
        }
    }
}

/// Checks that the mutant is killed by its clause, and that the expectations it covers fail.
fn dies(shared: &Shared, mutant: &str) -> Result<Completion, Failed> {
    let pool = shared.pool.get().ok_or("the wardens were not started")?;
    let (mut ran, mut skipped, mut survivors) = (0, String::new(), Vec::new());
    for kill in shared.cover.iter().filter(|kill| kill.mutant == mutant) {
        let (mut by_mutant, mut by_case, mut tried) = (false, false, Vec::new());
        for k in stand_ins(shared.matrix, kill).iter().cycle().take(ROUNDS * (1 + 2 * OTHERS)) {
            if (by_mutant || k.mutant != kill.mutant) && (by_case || k.case != kill.case) {
                if by_mutant && by_case {
                    break;
                }
                continue;
            }
            let Some(case) = catalogue::cases().find(|case| case.id == k.case) else {
                return Err(format!("no case {}", k.case).into());
            };
            let report = pool.run(&subject_of(k.mutant), case, k.variant);
            tried.push(format!("{} of {}: {}", report.id, report.subject, report.verdict));
            match fails(&report, k.clause) {
                None => {
                    skipped = report.verdict.reason().unwrap_or_default().to_owned();
                    (by_mutant, by_case) = (true, true);
                }
                Some(shown) => {
                    ran += 1;
                    by_mutant |= shown && k.mutant == kill.mutant;
                    by_case |= shown && k.case == kill.case;
                }
            }
        }
        let told = format!("{}@{} on mutant:{mutant}: {}", kill.case, kill.variant.name(), kill.clause);
        // The clause that the mutant names must fail.
        let named = mutants().any(|m| m.name == mutant && m.clause.id == kill.clause);
        if named && !by_mutant {
            survivors.push(format!("{told}\n  {}", tried.join("\n  ")));
        }
        let mut seen = shared.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.asked += 1;
        if !by_case {
            seen.unseen.push(told);
        }
    }
    match (survivors.is_empty(), ran) {
        (false, _) => {
            Err(format!("survives, against the kill matrix:\n{}\n{ANEW}", survivors.join("\n")).into())
        }
        (true, 0) => Ok(Completion::ignored_with(skipped)),
        (true, _) => Ok(Completion::Completed),
    }
}

/// Stands in for a mutant, with a hello that no mutant has.
struct Impostor;

impl Subject for Impostor {
    fn name(&self) -> String {
        ALIKE[1].to_owned()
    }

    fn version(&self) -> String {
        "of an impostor".to_owned()
    }

    fn calls(&self) -> Vec<Call> {
        Libc.calls()
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        Libc.call(request)
    }
}

/// Runs two mutants of one kind, the second of which is an impostor: prints the subject and the verdict of each trial.
fn with_an_impostor() -> ExitCode {
    let find: fn(&str) -> Option<Box<dyn Subject>> = |name| match name == ALIKE[1] {
        true => Some(Box::new(Impostor)),
        false => waitspec::mutants::find(name.strip_prefix("mutant:")?),
    };
    let settings = Settings {
        subjects: ALIKE.map(str::to_owned).to_vec(),
        patterns: vec!["nohang.running-child@waitpid".to_owned()],
        jobs: Some(1),
        ..Settings::default()
    };
    let ran = run_with(&settings, &Registry::new([], find), &mut |event| {
        if let RunEvent::Trial(trial) = event {
            println!("{} {}", trial.subject, trial.verdict);
        }
    });
    // Of an agent that breaks the protocol.
    println!("{ran:?}");
    ExitCode::SUCCESS
}

/// A run that starts one mutant of a kind takes the others to be like it, and notices in the first trial of one that is not.
fn started_once() -> Result<(), Failed> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let ran = Command::new(program).env(IMPOSTOR, "1").output().map_err(|e| e.to_string())?;
    let said = String::from_utf8_lossy(&ran.stdout);
    let verdict = |subject: &str| said.lines().find_map(|line| line.strip_prefix(subject));
    let of_first = verdict(ALIKE[0]).is_some_and(|verdict| !verdict.contains("broken"));
    let of_impostor = verdict(ALIKE[1]).is_some_and(|verdict| verdict.contains("its hello differs"));
    if of_first && of_impostor { Ok(()) } else { Err(format!("{said}{ran:?}").into()) }
}
