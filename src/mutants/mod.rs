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

use crate::mutants::inner::Wrapped;
use crate::protocol::Line;
use crate::spec::Clause;
use crate::subject::libc::Libc;
use crate::subject::{Decoded, NotOffered, Subject};
use crate::sys::call::abi::{Call, Observation, Request};
use std::fmt;

/// A subject that breaks one clause.
#[derive(Debug)]
pub struct Mutant {
    /// Its name behind `mutant:`.
    pub name: &'static str,
    /// What it does wrong.
    pub breaks: &'static str,
    /// The clause that has to be among those that are named as failing.
    pub clause: &'static Clause,
    /// Where the idea comes from.
    pub origin: Origin,
    /// It wraps the system calls themselves, so that bad pointers can be asked about.
    raw: bool,
    call: fn(&Wrapped, &Request) -> Answer,
    asked: fn(&Wrapped, &mut Line),
    told: fn(&Wrapped, &Line, &mut Line),
    decode: fn(i32, &mut Decoded),
}

/// Where the idea of a mutant comes from.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Written from requirements and manuals by someone who had not read the catalogue.
    Blind,
    /// A bug that this implementation had, as `nix#495`.
    Bug(&'static str),
    /// Thought of beside the catalogue, to see its expectations fail.
    Catalogue,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Blind => "blind",
            Origin::Bug(bug) => bug,
            Origin::Catalogue => "catalogue",
        })
    }
}

/// What a broken call answers.
type Answer = Result<Observation, NotOffered>;

const fn mutant(origin: Origin, name: &'static str, breaks: &'static str, clause: &'static Clause) -> Mutant {
    Mutant {
        name,
        breaks,
        clause,
        origin,
        raw: false,
        call: |w, r| w.real(r),
        asked: |_, _| {},
        told: |_, _, _| {},
        decode: |_, _| {},
    }
}

/// A mutant that was thought of without the catalogue.
const fn blind(name: &'static str, breaks: &'static str, clause: &'static Clause) -> Mutant {
    mutant(Origin::Blind, name, breaks, clause)
}

/// A mutant that does what a real implementation did.
const fn seen_in(
    bug: &'static str,
    name: &'static str,
    breaks: &'static str,
    clause: &'static Clause,
) -> Mutant {
    mutant(Origin::Bug(bug), name, breaks, clause)
}

/// A mutant that was made for an expectation that no other fails.
const fn made_for(name: &'static str, breaks: &'static str, clause: &'static Clause) -> Mutant {
    mutant(Origin::Catalogue, name, breaks, clause)
}

impl Mutant {
    /// With a broken call.
    const fn call(mut self, call: fn(&Wrapped, &Request) -> Answer) -> Mutant {
        self.call = call;
        self
    }

    /// Changes what the agent is asked beside calls, before it is done.
    const fn asked(mut self, asked: fn(&Wrapped, &mut Line)) -> Mutant {
        self.asked = asked;
        self
    }

    /// Changes what the agent answers beside calls.
    const fn told(mut self, told: fn(&Wrapped, &Line, &mut Line)) -> Mutant {
        self.told = told;
        self
    }

    /// With broken macros.
    const fn decode(mut self, decode: fn(i32, &mut Decoded)) -> Mutant {
        self.decode = decode;
        self
    }

    /// Round the system calls themselves.
    const fn raw(mut self) -> Mutant {
        self.raw = true;
        self
    }
}

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

struct Broken {
    mutant: &'static Mutant,
    wrapped: Wrapped,
}

impl Subject for Broken {
    fn name(&self) -> String {
        format!("mutant:{}", self.mutant.name)
    }

    fn version(&self) -> String {
        Libc.version()
    }

    fn calls(&self) -> Vec<Call> {
        inner::entry(self.mutant.raw).calls()
    }

    fn is_raw(&self) -> bool {
        self.mutant.raw
    }

    fn call(&self, request: &Request) -> Answer {
        (self.mutant.call)(&self.wrapped, request)
    }

    fn decode(&self, status: i32) -> Option<Decoded> {
        let mut view = Libc.decode(status)?;
        (self.mutant.decode)(status, &mut view);
        Some(view)
    }

    fn asked(&self, mut request: Line) -> Line {
        (self.mutant.asked)(&self.wrapped, &mut request);
        request
    }

    fn told(&self, request: &Line, mut reply: Line) -> Line {
        self.wrapped.note_birth(request, &reply);
        (self.mutant.told)(&self.wrapped, request, &mut reply);
        reply
    }
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
