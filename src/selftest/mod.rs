//! Mutation testing: runs the catalogue on every mutant to see whether the suite catches what it claims to catch.
//!
//! [`run`] has two callers: `waitspec selftest` runs every trial on every mutant and saves the [`Matrix`]; the test
//! `kill_matrix` runs only a small [`cover`](Matrix::cover) of the saved matrix.
//!
//! | file | what it holds |
//! |---|---|
//! | `mod` | running selected trials on selected mutants |
//! | [`matrix`] | which trials kill which mutant, as a file |
//! | [`findings`] | conclusions about mutants, expectations and cases |
//! | [`justified`] | accepted exceptions, with reasons |

pub mod findings;
pub mod justified;
pub mod matrix;
mod wanted;

pub use findings::Findings;
pub use matrix::Matrix;
pub use wanted::Wanted;

use crate::model::run::explore;
use crate::mutants::{self, Mutant, mutant_of};
use crate::runner::event::TrialReport;
use crate::runner::pool::Pool;
use crate::runner::run::Session;
use crate::runner::settings::{RunError, Settings};
use crate::sorted::{Map, Set};
use crate::subject::{self, OWN_HANDLE, OWN_PROGRAMS};
use crate::trial::Abort;
use matrix::LEAK;
use std::sync::Mutex;
use std::sync::mpsc;

/// The subject name of a mutant.
pub fn subject_of(mutant: &str) -> String {
    format!("mutant:{mutant}")
}

/// Prepares trials on the mutants and on the unbroken subjects.
///
/// Forks the wardens, so it must be called while the process is single-threaded. Empty `mutants` means all mutants;
/// empty `patterns` means all cases.
///
/// # Errors
/// Those of [`Session::start`].
pub fn start(mutants: &[String], patterns: &[String], jobs: Option<usize>) -> Result<Session, RunError> {
    let named: Vec<String> = match mutants {
        [] => mutants::mutants().map(|m| m.name.to_owned()).collect(),
        named => named.to_vec(),
    };
    let own = [OWN_HANDLE].into_iter().chain(OWN_PROGRAMS.iter().copied()).map(str::to_owned);
    let unbroken = subject::default_names().into_iter().chain(own);
    let subjects = unbroken.chain(named.iter().map(|m| subject_of(m))).collect();
    let patterns = patterns.to_vec();
    let settings = Settings { subjects, patterns, jobs, strict: true, ..Settings::default() };
    Session::start(&settings, &crate::mutants::registry())
}

/// All trials of a session.
pub fn all(session: &Session) -> Vec<Wanted> {
    let subjects = &session.header().subjects;
    let wanted = session.planned().iter().map(|planned| Wanted {
        subject: subjects[planned.subject].spec.clone(),
        case: planned.case,
        variant: planned.variant,
    });
    wanted.collect()
}

/// For each mutant of a session, its trials that the saved matrix knows to kill it by the clause that it violates: the
/// fast ones first. Each that comes first is also to be run once on what the mutant is made of.
pub fn in_turn(session: &Session, saved: &Matrix) -> Vec<Vec<Wanted>> {
    let subjects = &session.header().subjects;
    let of_subject = session.planned().chunk_by(|a, b| a.subject == b.subject);
    let of_subject = of_subject.map(|trials| (subjects[trials[0].subject].spec.as_str(), trials));
    let (mut firsts, mut series, mut unbroken) = (Set::new(), Vec::new(), Vec::new());
    for (subject, trials) in of_subject {
        let Some(mutant) = mutant_of(subject) else {
            unbroken.push((subject, trials));
            continue;
        };
        let planned: Map<_, _> = trials.iter().map(|p| ((p.case.id, p.variant), p.case)).collect();
        let kills = saved.quickest_kills(mutant.name).into_iter().filter(|kill| is_by(mutant, kill.clause));
        let turns: Vec<Wanted> = kills
            .filter_map(|kill| {
                let case = planned.get(&(kill.case, kill.variant))?;
                Some(Wanted { subject: subject.to_owned(), case, variant: kill.variant })
            })
            .collect();
        firsts.extend(turns.first().map(|first| (mutant.unbroken(), first.case.id, first.variant)));
        series.push(turns);
    }
    for (subject, trials) in unbroken {
        let wanted = trials.iter().filter(|p| firsts.contains(&(subject, p.case.id, p.variant)));
        series.extend(
            wanted.map(|p| vec![Wanted { subject: subject.to_owned(), case: p.case, variant: p.variant }]),
        );
    }
    series
}

/// Whether a failure of that clause is one that the mutant is meant to cause.
fn is_by(mutant: &Mutant, clause: &str) -> bool {
    clause == mutant.clause.id || clause == LEAK
}

/// Runs these trials in parallel, one per warden of the pool, and passes each to `sink` as it finishes.
pub fn run(pool: &Pool, wanted: Vec<Wanted>, sink: &mut dyn FnMut(&Wanted, &TrialReport)) {
    let (burning, others): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|w| w.case.needs.burns);
    let one = |wanted: Wanted, finished: &mpsc::Sender<Ran>| {
        let report = pool.run(&wanted.subject, wanted.case, wanted.variant);
        drop(finished.send((wanted, report)));
    };
    // CPU-burning trials never run in parallel, so one thread is enough for them.
    in_parallel(pool.width(), burning, others, one, sink);
}

/// The same for series of trials, each of which ends with the first trial that kills its mutant.
pub fn run_in_turn(pool: &Pool, series: Vec<Vec<Wanted>>, sink: &mut dyn FnMut(&Wanted, &TrialReport)) {
    let each = |series: Vec<Wanted>, finished: &mpsc::Sender<Ran>| {
        for wanted in series {
            let report = pool.run(&wanted.subject, wanted.case, wanted.variant);
            let mutant = mutant_of(&wanted.subject);
            let failed = matrix::failed_clauses(&report);
            let killed = failed.iter().any(|clause| mutant.is_some_and(|mutant| is_by(mutant, clause)));
            if finished.send((wanted, report)).is_err() || killed {
                break;
            }
        }
    };
    in_parallel(pool.width(), Vec::new(), series, each, sink);
}

/// A trial that has finished.
type Ran = (Wanted, TrialReport);

/// Performs the work on this many threads, the first of which begins with what is only for it.
fn in_parallel<T: Send>(
    threads: usize,
    for_first: Vec<T>,
    others: Vec<T>,
    perform: impl Fn(T, &mpsc::Sender<Ran>) + Sync,
    sink: &mut dyn FnMut(&Wanted, &TrialReport),
) {
    let (for_first, others) = (Mutex::new(for_first.into_iter()), Mutex::new(others.into_iter()));
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for worker in 0..threads {
            let (sender, for_first, others, perform) = (sender.clone(), &for_first, &others, &perform);
            scope.spawn(move || {
                let next = |queue: &Mutex<std::vec::IntoIter<T>>| {
                    queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next()
                };
                let first = if worker == 0 { for_first } else { others };
                while let Some(work) = next(first).or_else(|| next(others)) {
                    perform(work, &sender);
                }
            });
        }
        drop(sender);
        for (wanted, report) in receiver {
            sink(&wanted, &report);
        }
    });
}

/// The number of operations after which the model catches a mutant in randomized histories, of which it runs at
/// most `budget`.
///
/// # Errors
/// If a history could not be judged.
pub fn ask_model(pool: &Pool, mutant: &str, budget: u64) -> Result<Option<u64>, Abort> {
    let caught = explore::catches(pool, &subject_of(mutant), budget, SEED)?;
    Ok(caught.map(|caught| caught.operations))
}

/// Fixed, so that every run generates the same histories.
const SEED: u64 = 1;
