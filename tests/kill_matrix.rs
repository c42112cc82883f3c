//! The suite catches what it claims to catch: a small cover of the saved kill matrix is run again.
//!
//! Forks its wardens from its one thread, so it has no harness of its own. `waitspec selftest` runs all of it.

use std::collections::BTreeSet;
use std::process::ExitCode;
use waitspec::catalogue;
use waitspec::harness::event::{Outcome, Verdict};
use waitspec::harness::pool::Pool;
use waitspec::selftest::matrix::{LEAK, Matrix};
use waitspec::selftest::{self, Findings, Wanted, subject_of};
use waitspec::spec::{Clause, Level, Profile, deviations};
use waitspec::subject::mutant::mutants;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    // Children that are exec'ed are this program.
    if let [_, verb, rest @ ..] = arguments.as_slice()
        && verb == "child"
    {
        waitspec::scenario::child::main_from_args(rest);
    }
    // `cargo test -- --list` and filters are not for it.
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

/// The matrix is of these mutants, these cases and these clauses, and says what it should.
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

/// Whether a case is seen to hold where the matrix is made: it judges something that this system does as it should, and needs
/// nothing special.
fn runs_here(id: &str) -> bool {
    let departs = |c: &Clause| {
        deviations::ALL.iter().any(|known| known.profile == Profile::Linux && known.clause.id == c.id)
    };
    let judged = |c: &Clause| c.applies_to(Profile::Linux) && c.level != Level::Implementation && !departs(c);
    let case = catalogue::cases().find(|case| case.id == id);
    case.is_some_and(|case| case.needs.each.is_empty() && case.clauses.iter().any(|c| judged(c)))
}

/// A cover of the matrix comes out as it says.
fn holds(matrix: &Matrix) -> Result<usize, String> {
    let cover = matrix.cover();
    let mut wanted: Vec<Wanted> = cover
        .iter()
        .filter_map(|kill| {
            let case = catalogue::cases().find(|case| case.id == kill.case)?;
            Some(Wanted { subject: subject_of(kill.mutant), case, call: kill.call })
        })
        .collect();
    let (mut wrong, ran) = (Vec::new(), wanted.len());
    // Who is quicker may hide a bug of two threads once; not three times.
    for _ in 0..3 {
        wrong.clear();
        let session = selftest::start(&[], &[], None).map_err(|e| e.to_string())?;
        let pool = Pool::new(session);
        let mut again = Vec::new();
        selftest::run(&pool, wanted, &mut |wanted, report| {
            let as_said = cover.iter().any(|kill| {
                let same = subject_of(kill.mutant) == wanted.subject
                    && kill.case == wanted.case.id
                    && kill.call == wanted.call;
                let fails = report.clauses.iter().any(|(c, o)| c.id == kill.clause && *o == Outcome::Fail);
                same && report.verdict.is_bad() && (fails || kill.clause == LEAK)
            });
            // What these surroundings do not have cannot be asked.
            if !as_said && !matches!(report.verdict, Verdict::Skip(_)) {
                wrong.push(format!("{} on {}: {}", report.id, report.subject, report.verdict));
                again.push(wanted.clone());
            }
        });
        pool.end();
        if wrong.is_empty() {
            break;
        }
        wanted = again;
    }
    if wrong.is_empty() {
        Ok(ran)
    } else {
        Err(format!("not as the kill matrix says:\n{}", wrong.join("\n")))
    }
}
