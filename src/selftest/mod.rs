//! Whether the suite catches what it claims to catch: every mutant through the catalogue.
//!
//! `waitspec selftest` and the test `kill_matrix` are two callers of [`run`]: the first has every trial run on every
//! mutant and saves the [`Matrix`], the second only a small [`cover`](Matrix::cover) of the one that was saved.
//!
//! | file | what it holds |
//! |---|---|
//! | `mod` | running chosen trials on chosen mutants |
//! | [`matrix`] | which trials kill which mutant, as a file |
//! | [`findings`] | what that says of mutants, expectations and cases |
//! | [`justified`] | what is not as it should be, and why that is right |

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
use crate::runner::settings::{RunError, Selection, Settings};
use crate::subject::{self};
use crate::trial::Abort;
use std::sync::Mutex;
use std::sync::mpsc;

/// How a subject that is a mutant is named.
pub fn subject_of(mutant: &str) -> String {
    format!("mutant:{mutant}")
}

/// The mutants and the unbroken subjects, ready for trials.
///
/// Must be called before the process has any thread, as it forks the wardens. `mutants` empty means all of them, and
/// `patterns` every case.
///
/// # Errors
/// Those of [`Session::start`].
pub fn start(mutants: &[String], patterns: &[String], jobs: Option<usize>) -> Result<Session, RunError> {
    let named: Vec<String> = match mutants {
        [] => mutants::mutants().map(|m| m.name.to_owned()).collect(),
        named => named.to_vec(),
    };
    let subjects = subject::default_names().into_iter().chain(named.iter().map(|m| subject_of(m))).collect();
    // Trials that hang sleep through their grace: others use the time.
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = Some(jobs.unwrap_or((4 * processors).min(32)));
    let selection = Selection { patterns: patterns.to_vec(), ..Selection::default() };
    let settings = Settings { subjects, selection, jobs, strict: true, ..Settings::default() };
    Session::start(&settings, &crate::mutants::registry())
}

/// Every trial of a session.
pub fn all(session: &Session) -> Vec<Wanted> {
    let subjects = &session.header().subjects;
    let wanted = session.planned().iter().map(|planned| Wanted {
        subject: subjects[planned.subject].spec.clone(),
        case: planned.case,
        call: planned.call,
    });
    wanted.collect()
}

/// Runs these trials, as many at once as the pool has wardens, and tells `sink` of each as it ends.
pub fn run(pool: &Pool, wanted: Vec<Wanted>, sink: &mut dyn FnMut(&Wanted, &TrialReport)) {
    let jobs = pool.width();
    let (burning, others): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|w| w.case.needs.burns);
    // One thread for those that are never beside each other: they would only wait for one another.
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
                    let report = pool.run(&wanted.subject, wanted.case, wanted.call);
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

/// After how many operations of random histories, of `budget` histories at most, the model catches a mutant.
///
/// # Errors
/// What could not be judged.
pub fn ask_model(pool: &Pool, mutant: &str, budget: u64) -> Result<Option<u64>, Abort> {
    let caught = explore::catches(pool, &subject_of(mutant), budget, SEED)?;
    Ok(caught.map(|caught| caught.operations))
}

/// The histories are the same each time.
const SEED: u64 = 1;
