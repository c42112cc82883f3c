//! The suite catches what it claims to catch: runs a small cover of the committed kill matrix.
//!
//! Forks its wardens while it has one thread, so it uses no test harness. `waitspec selftest` runs the whole matrix.

use std::collections::BTreeSet;
use std::process::ExitCode;
use waitspec::catalogue;
use waitspec::mutants::mutants;
use waitspec::runner::event::{Outcome, Verdict};
use waitspec::runner::pool::Pool;
use waitspec::selftest::matrix::{Kill, LEAK, Matrix};
use waitspec::selftest::{self, Findings, Wanted, subject_of};
use waitspec::spec::{Clause, Level, Profile, deviations};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    // This program is also the child program.
    if let [_, verb, rest @ ..] = arguments.as_slice()
        && verb == "child"
    {
        let options = waitspec::scenario::ChildOptions::from_args(rest).expect("the arguments of a child");
        std::process::exit(waitspec::agent::program::run(options, waitspec::mutants::registry));
    }
    // `--list` and filters of `cargo test` do not apply.
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    if !cfg!(target_os = "linux") {
        println!("the kill matrix was made on Linux");
        return ExitCode::SUCCESS;
    }
    match Matrix::committed().and_then(|matrix| {
        is_current(&matrix)?;
        holds(&matrix)
    }) {
        Ok(trials) => {
            println!(
                "every mutant dies as the kill matrix says, and every expectation fails: {trials} trials"
            );
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}\n(`waitspec selftest --save fixtures/kill-matrix.json` makes it anew)");
            ExitCode::FAILURE
        }
    }
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
        return Err(format!("{case} does not check {clause} any more"));
    }
    let new: Vec<&str> =
        catalogue::cases().map(|case| case.id).filter(|id| !matrix.expectations.contains_key(*id)).collect();
    let never_run: Vec<&&str> = new.iter().filter(|id| runs_here(id)).collect();
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

/// Checks that every mutant of a cover of the matrix is killed by its clause, and that its expectations fail.
///
/// Whether a bug shows may depend on a race between two processes. Then other trials are tried that have shown it, or have shown
/// that the expectation can fail.
fn holds(matrix: &Matrix) -> Result<usize, String> {
    let mut left = matrix.cover();
    let mut asked = left.clone();
    let (mut by_case, mut by_mutant) = (BTreeSet::new(), BTreeSet::new());
    let mut ran = 0;
    for _ in 0..3 {
        let wanted: Vec<Wanted> = asked.iter().filter_map(wanted).collect();
        ran += wanted.len();
        let session = selftest::start(&[], &[], None).map_err(|e| e.to_string())?;
        let pool = Pool::new(session);
        selftest::run(&pool, wanted, &mut |wanted, report| {
            let mut note = |clause: &str| {
                by_case.insert((wanted.case.id, clause.to_owned()));
                by_mutant.insert((wanted.subject.clone(), clause.to_owned()));
            };
            match report.verdict {
                // A trial that this environment does not allow proves nothing.
                Verdict::Skip(_) => {
                    let of = asked.iter().filter(|k| k.case == wanted.case.id && k.variant == wanted.variant);
                    of.for_each(|kill| note(kill.clause));
                }
                Verdict::Leak => note(LEAK),
                _ if report.verdict.is_bad() => {
                    let failed = report.clauses.iter().filter(|(_, outcome)| *outcome == Outcome::Fail);
                    failed.for_each(|(clause, _)| note(clause.id));
                }
                _ => {}
            }
        });
        pool.end();
        left.retain(|kill| {
            let clause = kill.clause.to_owned();
            !by_mutant.contains(&(subject_of(kill.mutant), clause.clone()))
                || !by_case.contains(&(kill.case, clause))
        });
        if left.is_empty() {
            return Ok(ran);
        }
        let others =
            |is: &dyn Fn(&Kill<'_>) -> bool| matrix.kills().filter(is).take(OTHERS).collect::<Vec<_>>();
        asked = left
            .iter()
            .flat_map(|kill| {
                let mut of_mutant = others(&|k| k.mutant == kill.mutant && k.clause == kill.clause);
                of_mutant.extend(others(&|k| k.case == kill.case && k.clause == kill.clause));
                of_mutant
            })
            .collect();
    }
    // The clause that the mutant names must fail.
    let named = |k: &Kill<'_>| mutants().any(|m| m.name == k.mutant && m.clause.id == k.clause);
    let shown = |k: &Kill<'_>| by_mutant.contains(&(subject_of(k.mutant), k.clause.to_owned()));
    let survives = |k: &&Kill<'_>| named(k) && !shown(k);
    let told = |k: &Kill<'_>| {
        format!("{}@{} on mutant:{}: {} does not fail", k.case, k.variant.name(), k.mutant, k.clause)
    };
    let survivors: Vec<String> = left.iter().filter(survives).map(told).collect();
    if !survivors.is_empty() {
        return Err(format!("mutants that the kill matrix says are dead:\n{}", survivors.join("\n")));
    }
    // A full selftest has seen these expectations fail, with another outcome of the race.
    let list: Vec<String> = left.iter().map(told).collect();
    match left.len() * FEW > matrix.cover().len() {
        true => Err(format!("not as the kill matrix says:\n{}", list.join("\n"))),
        false => {
            println!("not seen to fail this time:\n{}", list.join("\n"));
            Ok(ran)
        }
    }
}

/// The trial of a kill.
fn wanted(kill: &Kill<'_>) -> Option<Wanted> {
    let case = catalogue::cases().find(|case| case.id == kill.case)?;
    Some(Wanted { subject: subject_of(kill.mutant), case, variant: kill.variant })
}
