//! Deliberately broken subjects: `mutant:NAME`.
//!
//! A mutant is a thin wrapper around correct calls. Each has a bug that a real implementation had or could plausibly
//! have. It runs only in the agent's process, at the boundary of the calls: driver, warden and children are unaffected.
//!
//! | file | what is broken |
//! |---|---|
//! | `returns` | return values and errors |
//! | `nohang`, `blocking` | calls that block when they must not, and the reverse |
//! | `by_target` | waits by group, pid or pidfd only |
//! | `targets`, `options` | which children and which events match |
//! | `status`, `info`, `memory` | what is written |
//! | `decode` | how the macros decode a status word |
//! | `events` | stops and continues |
//! | `peeks`, `pointers` | WNOWAIT; null and invalid pointers |
//! | `interrupted`, `threads` | signals and threads during a call |
//! | `rusage`, `reports`, `accounts`, `sigchld`, `pidfd` | what the system provides besides the calls |
//! | `existence` | existing processes that other calls do not find |
//! | `sleep` | waits that poll |
//! | `tracees` | children that another process traces |
//! | `adopted` | children that another process created |
//! | `once_traced` | children that were traced, or are init of a PID namespace |
//! | `kinds` | clone children, children of other threads, threads of a child |
//! | `asleep` | what happens while a call sleeps |
//! | `waiters` | which waiter a change wakes, which one a signal interrupts |
//! | `bystanders` | some kinds of children, children other than the awaited one, some ways to reap |
//! | `crowd` | children beyond the first 64 |
//! | `meanwhile` | what a sleeping thread holds up or hides |
//! | `actions`, `regardless` | SIGCHLD's action in corners; waits that are built on SIGCHLD |
//! | `some_ways` | values and events that only some ways to find a child get wrong |
//! | `effects` | what a call does beside: to signals, descriptors, children and other threads |
//! | `caller` | the caller's timers, modes, errno and handlers |
//! | `combined` | what is wrong only where two conditions meet |
//! | `users` | which uid a siginfo carries |
//! | `aftermath` | state that a call leaves behind, and by which a later one is misled |
//! | `buffers` | buffers that only some results, and only some ways to find a child, get wrong |
//! | `arguments` | null pointers, descriptors, single events that only some other arguments get wrong |
//! | `every_kind` | kinds of children, numbers and options that only some calls get wrong |
//! | `sigchld_kinds` | SIGCHLD for some kinds of children, after the first time, and its values |
//! | `corner_cases` | single values, calls and combinations of options |
//! | `wrong_fields` | single fields of siginfo, usage and SIGCHLD |
//! | `intermittent` | bugs that show only occasionally |
//! | `handle`, `handle_others`, `handle_waits`, `handle_ways` | process handles |
//! | `wrapper`, `timing`, `init`, `shell` | programs that run other programs |
//! | `inner`, `edit`, `mutant` | the correct calls, and what the tables use |

mod accounts;
mod actions;
mod adopted;
mod aftermath;
mod arguments;
mod asleep;
mod blocking;
mod buffers;
mod by_target;
mod bystanders;
mod caller;
mod combined;
mod corner_cases;
mod crowd;
mod decode;
mod edit;
mod effects;
mod events;
mod every_kind;
mod existence;
mod handle;
mod handle_faults;
mod handle_others;
mod handle_waits;
mod handle_ways;
mod info;
mod init;
mod inner;
mod intermittent;
mod interrupted;
mod kinds;
mod meanwhile;
mod memory;
mod mutant;
mod nohang;
mod once_traced;
mod options;
mod peeks;
mod pidfd;
mod pointers;
mod regardless;
mod reports;
mod returns;
mod rusage;
mod shell;
mod sigchld;
mod sigchld_kinds;
mod signal_lines;
mod sleep;
mod some_ways;
mod status;
mod targets;
mod threads;
mod timing;
mod tracees;
mod users;
mod waiters;
mod wrapper;
mod wrong_fields;

pub use self::mutant::{Mutant, Origin};

use self::inner::Inner;
use self::mutant::{MutantSubject, Of};
use crate::subject::handle::{Behavior, Own};
use crate::subject::{Handles, OWN_HANDLE, Program, Registry, Subject, built_in};

/// The tables. A build without the feature `full` has none, and the linker drops their code.
const ALL: &[&[Mutant]] = if cfg!(feature = "full") {
    &[
        returns::MUTANTS,
        by_target::MUTANTS,
        nohang::MUTANTS,
        blocking::MUTANTS,
        targets::MUTANTS,
        options::MUTANTS,
        status::MUTANTS,
        decode::MUTANTS,
        existence::MUTANTS,
        tracees::MUTANTS,
        sleep::MUTANTS,
        accounts::MUTANTS,
        reports::MUTANTS,
        info::MUTANTS,
        memory::MUTANTS,
        pointers::MUTANTS,
        events::MUTANTS,
        peeks::MUTANTS,
        interrupted::MUTANTS,
        threads::MUTANTS,
        kinds::MUTANTS,
        adopted::MUTANTS,
        asleep::MUTANTS,
        users::MUTANTS,
        waiters::MUTANTS,
        once_traced::MUTANTS,
        crowd::MUTANTS,
        caller::MUTANTS,
        combined::MUTANTS,
        meanwhile::MUTANTS,
        bystanders::MUTANTS,
        rusage::MUTANTS,
        sigchld::MUTANTS,
        actions::MUTANTS,
        regardless::MUTANTS,
        some_ways::MUTANTS,
        effects::MUTANTS,
        pidfd::MUTANTS,
        corner_cases::MUTANTS,
        wrong_fields::MUTANTS,
        aftermath::MUTANTS,
        buffers::MUTANTS,
        arguments::MUTANTS,
        every_kind::MUTANTS,
        sigchld_kinds::MUTANTS,
        intermittent::MUTANTS,
        handle::MUTANTS,
        handle_others::MUTANTS,
        handle_waits::MUTANTS,
        handle_ways::MUTANTS,
        wrapper::MUTANTS,
        timing::MUTANTS,
        init::MUTANTS,
        shell::MUTANTS,
    ]
} else {
    &[]
};

/// All mutants.
pub fn mutants() -> impl Iterator<Item = &'static Mutant> {
    ALL.iter()
        .copied()
        .flatten()
        // Some wrapped calls do not exist on every system.
        .filter(|mutant| !matches!(mutant.of, Of::Calls) || !inner::entry(mutant.raw).calls().is_empty())
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
    let name = name.strip_prefix("mutant:")?;
    let mutant = mutants().find(|mutant| mutant.name == name)?;
    match mutant.of {
        Of::Handle(behavior) => Some(Box::new(Own { name: format!("mutant:{name}"), behavior })),
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
