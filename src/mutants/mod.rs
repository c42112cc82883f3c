//! Deliberately broken subjects: `mutant:NAME`.
//!
//! A mutant is a thin wrapper around correct calls. Each has a bug that a real implementation had or could plausibly
//! have. It runs only in the agent's process, at the boundary of the calls: driver, warden and children are unaffected.
//!
//! | folder | what is broken |
//! |---|---|
//! | `calls` | the wait family, and what belongs to it: SIGCHLD, usage, pidfds |
//! | `handle` | process handles |
//! | `program` | programs that run other programs |

mod calls;
mod handle;
mod mutant;
mod program;

pub use self::mutant::{Mutant, Origin};

use self::calls::inner::Inner;
use self::mutant::{MutantSubject, Of};
use crate::subject::handle::{Behavior, Own};
use crate::subject::{Handles, OWN_HANDLE, Program, Registry, Subject, built_in};
use std::sync::LazyLock;

/// The tables. A build without the feature `full` has none, and the linker drops their code.
const ALL: &[&[Mutant]] = if cfg!(feature = "full") {
    &[
        calls::results::returns::MUTANTS,
        calls::arguments::by_target::MUTANTS,
        calls::sleeping::nohang::MUTANTS,
        calls::sleeping::blocking::MUTANTS,
        calls::arguments::targets::MUTANTS,
        calls::arguments::options::MUTANTS,
        calls::results::status::MUTANTS,
        calls::results::decode::MUTANTS,
        calls::children::existence::MUTANTS,
        calls::children::tracees::MUTANTS,
        calls::sleeping::polling::MUTANTS,
        calls::usage::accounts::MUTANTS,
        calls::changes::reports::MUTANTS,
        calls::results::info::MUTANTS,
        calls::results::memory::MUTANTS,
        calls::arguments::pointers::MUTANTS,
        calls::changes::events::MUTANTS,
        calls::changes::peeks::MUTANTS,
        calls::sleeping::interrupted::MUTANTS,
        calls::sleeping::threads::MUTANTS,
        calls::children::kinds::MUTANTS,
        calls::children::adopted::MUTANTS,
        calls::sleeping::asleep::MUTANTS,
        calls::results::users::MUTANTS,
        calls::sleeping::waiters::MUTANTS,
        calls::children::once_traced::MUTANTS,
        calls::children::crowd::MUTANTS,
        calls::caller::MUTANTS,
        calls::combined::MUTANTS,
        calls::sleeping::meanwhile::MUTANTS,
        calls::children::bystanders::MUTANTS,
        calls::usage::rusage::MUTANTS,
        calls::sigchld::generation::MUTANTS,
        calls::sigchld::actions::MUTANTS,
        calls::sigchld::regardless::MUTANTS,
        calls::arguments::some_ways::MUTANTS,
        calls::effects::MUTANTS,
        calls::pidfd::MUTANTS,
        calls::corner_cases::MUTANTS,
        calls::results::wrong_fields::MUTANTS,
        calls::aftermath::MUTANTS,
        calls::results::buffers::MUTANTS,
        calls::arguments::in_combination::MUTANTS,
        calls::children::every_kind::MUTANTS,
        calls::sigchld::kinds::MUTANTS,
        calls::intermittent::MUTANTS,
        handle::promises::MUTANTS,
        handle::others::MUTANTS,
        handle::spawning::MUTANTS,
        handle::waits::MUTANTS,
        handle::ways::MUTANTS,
        program::wrapper::MUTANTS,
        program::timing::MUTANTS,
        program::init::MUTANTS,
        program::inheriting::MUTANTS,
        program::shell::MUTANTS,
    ]
} else {
    &[]
};

/// All mutants.
pub fn mutants() -> impl Iterator<Item = &'static Mutant> {
    static ALL_HERE: LazyLock<Vec<&Mutant>> = LazyLock::new(|| {
        // Some wrapped calls do not exist on every system.
        let exists = |mutant: &&Mutant| {
            !matches!(mutant.of, Of::Calls) || !calls::inner::entry(mutant.raw).calls().is_empty()
        };
        ALL.iter().copied().flatten().filter(exists).collect()
    });
    ALL_HERE.iter().copied()
}

/// The mutant that a subject name denotes, if any.
pub fn mutant_of(subject: &str) -> Option<&'static Mutant> {
    let name = subject.strip_prefix("mutant:")?;
    mutants().find(|m| m.name == name)
}

/// The mutant of calls with this name, as a subject.
pub fn find(name: &str) -> Option<Box<dyn Subject>> {
    let mutant = mutants().find(|m| m.name == name && matches!(m.of, Of::Calls))?;
    Some(Box::new(MutantSubject { mutant, inner: Inner::new(mutant.raw) }))
}

/// The handles of this name: this crate's own, or a mutant of them.
fn handles(name: &str) -> Option<Box<dyn Handles>> {
    if name == OWN_HANDLE {
        return Some(Box::new(Own { name: OWN_HANDLE.to_owned(), behavior: Behavior::CORRECT }));
    }
    match mutant_of(name)?.of {
        Of::Handle(behavior) => Some(Box::new(Own { name: name.to_owned(), behavior })),
        _ => None,
    }
}

/// The program of this name: this crate's own, or a mutant of it.
pub(crate) fn program(name: &str) -> Option<Program> {
    let mutant = || mutants().find(|mutant| mutant.name == name);
    Program::correct(name).or_else(|| match mutant()?.of {
        Of::Program(program) => Some(program),
        _ => None,
    })
}

/// The subjects that a warden can host: the built-in ones, and each mutant under `mutant:NAME`.
pub fn registry() -> Registry {
    Registry::new(built_in(), |name| find(name.strip_prefix("mutant:")?)).with_handles(handles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_plain() {
        let mut names = HashSet::new();
        for m in mutants() {
            assert!(names.insert(m.name), "{} is listed twice", m.name);
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            assert!(m.name.bytes().all(plain) && !m.breaks.is_empty(), "{}", m.name);
        }
    }

    #[test]
    fn half_of_the_mutants_are_blind() {
        let all = mutants().count();
        let blind = mutants().filter(|m| m.origin == Origin::Blind).count();
        assert!(all >= 125 && blind * 2 >= all, "{blind} of {all}");
    }

    #[test]
    fn a_bug_names_a_project_and_a_number() {
        for m in mutants() {
            if let Origin::Bug(bug) = m.origin {
                let well_formed = bug.split_once('#').is_some_and(|(_, n)| n.parse::<u32>().is_ok());
                assert!(well_formed, "{}: {bug}", m.name);
            }
        }
    }
}
