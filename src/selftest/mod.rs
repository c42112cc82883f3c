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
use crate::mutants;
use crate::runner::event::TrialReport;
use crate::runner::pool::Pool;
use crate::runner::run::Session;
use crate::runner::settings::{RunError, Settings};
use crate::subject::{self, OWN_HANDLE, OWN_PROGRAMS};
use crate::trial::Abort;
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
    // A trial that hangs sleeps through its grace period; other trials can use the CPU.
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = Some(jobs.unwrap_or((4 * cpus).min(32)));
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

/// Runs these trials in parallel, one per warden of the pool, and passes each to `sink` as it finishes.
pub fn run(pool: &Pool, wanted: Vec<Wanted>, sink: &mut dyn FnMut(&Wanted, &TrialReport)) {
    let jobs = pool.width();
    let (burning, others): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|w| w.case.needs.burns);
    // CPU-burning trials never run in parallel, so one thread is enough for them.
    let (burning, others) = (Mutex::new(burning.into_iter()), Mutex::new(others.into_iter()));
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for worker in 0..jobs {
            let (sender, burning, others) = (sender.clone(), &burning, &others);
            scope.spawn(move || {
                let next = |queue: &Mutex<std::vec::IntoIter<Wanted>>| {
                    queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next()
                };
                let own = if worker == 0 { burning } else { others };
                while let Some(wanted) = next(own).or_else(|| next(others)) {
                    let report = pool.run(&wanted.subject, wanted.case, wanted.variant);
                    if sender.send((wanted, report)).is_err() {
                        break;
                    }
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
