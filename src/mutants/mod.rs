//! Subjects that are broken on purpose: `mutant:NAME`.
//!
//! A mutant is a thin wrapper round correct calls, each the kind of bug that a real implementation had or plausibly has.
//! It stands in the agent's process alone, at the boundary of its calls: driver, warden and children are whole.
//!
//! | file | what is broken |
//! |---|---|
//! | `returns` | return values and errors |
//! | `nohang`, `blocking` | calls that sleep and must not, or do not and must |
//! | `targets`, `options` | whom and what is waited for |
//! | `status`, `info`, `memory` | what is written |
//! | `events` | stops and continues |
//! | `peeks`, `pointers` | WNOWAIT; null pointers, bad ones |
//! | `interrupted`, `threads` | signals and threads round a call |
//! | `rusage`, `sigchld`, `handles` | what the system does beside the calls |
//! | `further_calls`, `further_reports` | more of all of these |
//! | `seldom` | bugs that show now and then |
//! | `wrapped`, `asked` | the correct calls, and what the tables use |

mod blocking;
mod edit;
mod events;
mod handles;
mod info;
mod inner;
mod intermittent;
mod interrupted;
mod memory;
mod more_calls;
mod more_reports;
mod mutant;
mod nohang;
mod options;
mod peeks;
mod pointers;
mod returns;
mod rusage;
mod sigchld;
mod status;
mod targets;
mod threads;

pub use self::mutant::{Mutant, Origin};

use self::inner::Wrapped;
use self::mutant::Broken;
use crate::subject::{Registry, Subject, built_in};

/// Every mutant.
pub fn mutants() -> impl Iterator<Item = &'static Mutant> {
    [
        returns::MUTANTS,
        nohang::MUTANTS,
        blocking::MUTANTS,
        targets::MUTANTS,
        options::MUTANTS,
        status::MUTANTS,
        info::MUTANTS,
        memory::MUTANTS,
        pointers::MUTANTS,
        events::MUTANTS,
        peeks::MUTANTS,
        interrupted::MUTANTS,
        threads::MUTANTS,
        rusage::MUTANTS,
        sigchld::MUTANTS,
        handles::MUTANTS,
        more_calls::MUTANTS,
        more_reports::MUTANTS,
        intermittent::MUTANTS,
    ]
    .into_iter()
    .flatten()
    // What it wraps is not on every system.
    .filter(|mutant| !inner::entry(mutant.raw).calls().is_empty())
}

/// The mutant of that name, as a subject.
pub fn find(name: &str) -> Option<Box<dyn Subject>> {
    let mutant = mutants().find(|m| m.name == name)?;
    Some(Box::new(Broken { mutant, wrapped: Wrapped::new(mutant.raw) }))
}

/// The subjects that a warden can host: the built-in ones, and each mutant under `mutant:NAME`.
pub fn registry() -> Registry {
    Registry::new(built_in(), |name| find(name.strip_prefix("mutant:")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_plain() {
        let mut names = HashSet::new();
        for m in mutants() {
            assert!(names.insert(m.name), "{} is there twice", m.name);
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            assert!(m.name.bytes().all(plain) && !m.breaks.is_empty(), "{}", m.name);
        }
    }

    #[test]
    fn half_of_them_were_written_without_the_catalogue() {
        let all = mutants().count();
        let blind = mutants().filter(|m| m.origin == Origin::Blind).count();
        assert!(all >= 125 && blind * 2 >= all, "{blind} of {all}");
    }

    #[test]
    fn a_bug_names_a_project_and_a_number() {
        for m in mutants() {
            if let Origin::Bug(bug) = m.origin {
                let whole = bug.split_once('#').is_some_and(|(_, n)| n.parse::<u32>().is_ok());
                assert!(whole, "{}: {bug}", m.name);
            }
        }
    }
}
